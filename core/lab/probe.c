#include "core/lab/probe.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/train/gradient.h"

// ---- sharpness --------------------------------------------------------------------------------------

struct climb {
    struct trainer *trainer;
    const uint32_t *rows;
    size_t count, at_once, weights;
    double *gradient;                   // [weights]
    float *start, *reach, *now, *trial; // [weights] where it begins, how far the box goes, the best so far, one more
};

static enum status open_climb(struct climb *climb, double epsilon, struct error *error) {
    size_t weights = climb->weights;
    climb->gradient = mem_alloc(weights, sizeof *climb->gradient);
    climb->start = mem_alloc(weights, sizeof *climb->start);
    climb->reach = mem_alloc(weights, sizeof *climb->reach);
    climb->now = mem_alloc(weights, sizeof *climb->now);
    climb->trial = mem_alloc(weights, sizeof *climb->trial);
    if (climb->gradient == NULL || climb->start == NULL || climb->reach == NULL || climb->now == NULL ||
        climb->trial == NULL) {
        return error_memory(error, "copies of the weights", weights * sizeof(float));
    }
    enum status status = trainer_weights(climb->trainer, climb->start, error);
    for (size_t i = 0; !status && i < weights; i++) {
        climb->now[i] = climb->start[i];
        climb->reach[i] = (float)(epsilon * (fabs((double)climb->start[i]) + 1));
    }
    return status;
}

static void close_climb(struct climb *climb) {
    mem_free(climb->gradient);
    mem_free(climb->start);
    mem_free(climb->reach);
    mem_free(climb->now);
    mem_free(climb->trial);
}

// f at these weights, and its gradient (up to a factor).
static enum status loss_at(struct climb *climb, const float *weights, double *loss, struct error *error) {
    enum status status = trainer_set_weights(climb->trainer, weights, error);
    memset(climb->gradient, 0, climb->weights * sizeof *climb->gradient);
    *loss = 0;
    for (size_t done = 0; !status && done < climb->count;) {
        size_t left = climb->count - done, now = left < 2 * climb->at_once ? left : climb->at_once;
        struct gradient_figures figures;
        status = trainer_gradient(climb->trainer, climb->rows + done, now, climb->gradient, &figures, error);
        *loss += status ? 0 : figures.loss * (double)now / (double)climb->count;
        done += now;
    }
    return status;
}

// Towards the corner of the box where the gradient points, a share of the way.
static void step_to(struct climb *climb, const double *gradient, float share) {
    for (size_t i = 0; i < climb->weights; i++) {
        float corner = climb->start[i] + (gradient[i] > 0 ? climb->reach[i] : gradient[i] < 0 ? -climb->reach[i] : 0);
        climb->trial[i] = climb->now[i] + share * (corner - climb->now[i]);
    }
}

// From where climb->now is, to where f grows no more.
static enum status climb_on(struct climb *climb, double *direction, struct sharpness *found, struct error *error) {
    double best;
    enum status status = loss_at(climb, climb->now, &best, error);
    bool grown = true;
    for (int step = 0; !status && grown && step < SHARPNESS_STEPS; step++) {
        memcpy(direction, climb->gradient, climb->weights * sizeof *direction);
        grown = false;
        for (float share = 1; !status && !grown && share > 0.05f; share /= 2) {
            double loss;
            step_to(climb, direction, share);
            status = loss_at(climb, climb->trial, &loss, error);
            grown = !status && loss > best * (1 + 1e-9);
            if (grown) {
                best = loss;
                memcpy(climb->now, climb->trial, climb->weights * sizeof *climb->now);
            }
        }
        found->steps += grown;
    }
    found->largest = !status && best > found->largest ? best : found->largest;
    return status;
}

// A corner of the box by chance.
static void go_to_corner(struct climb *climb, int number) {
    struct rng rng =
        rng_make((uint64_t)trainer_params(climb->trainer)->seed, RNG_NOISE, UINT64_MAX - 1 - (uint64_t)number);
    for (size_t i = 0; i < climb->weights; i++) {
        climb->now[i] = climb->start[i] + (rng_below(&rng, 2) ? climb->reach[i] : -climb->reach[i]);
    }
}

static enum status climb_all(struct climb *climb, struct sharpness *found, struct task *task, struct error *error) {
    double *direction = mem_alloc(climb->weights, sizeof *direction);
    if (direction == NULL) {
        return error_memory(error, "a gradient", climb->weights * sizeof *direction);
    }
    enum status status = loss_at(climb, climb->start, &found->loss, error);
    found->largest = found->loss;
    task_begin(task, "Climbing", "climbs", SHARPNESS_CLIMBS);
    for (int i = 0; !status && i < SHARPNESS_CLIMBS; i++) {
        if (i > 0) {
            go_to_corner(climb, i);
        }
        status = climb_on(climb, direction, found, error);
        status = status ? status : task_step(task, 1, error);
    }
    mem_free(direction);
    return status;
}

enum status probe_sharpness(struct trainer *trainer, const uint32_t *rows, size_t count, double epsilon,
                            struct sharpness *found, struct task *task, struct error *error) {
    bool batches = trainer_gradient_least(trainer) > 1;
    size_t batch = (size_t)trainer_params(trainer)->batch;
    struct climb climb = {.trainer = trainer,
                          .rows = rows,
                          .count = count,
                          .at_once = batches ? (batch < 2 ? 2 : batch) : count,
                          .weights = trainer_model(trainer)->weight_count};
    struct trainer_kept *kept = NULL;
    struct error second;
    *found = (struct sharpness){0};
    enum status status = trainer_keep(trainer, &kept, error);
    if (status) {
        return status;
    }
    status = open_climb(&climb, epsilon, error);
    if (!status) {
        status = climb_all(&climb, found, task, error);
    }
    close_climb(&climb);
    enum status back = trainer_return(trainer, kept, &second);
    trainer_kept_free(kept);
    if (back) {
        *error = second;
    }
    found->sharpness = 100 * (found->largest - found->loss) / (1 + found->loss);
    return back ? back : status;
}

enum status probe_sharpness_of_rows(struct trainer *trainer, size_t most, struct sharpness *found, size_t *count,
                                    struct task *task, struct error *error) {
    const uint32_t *all = trainer_rows(trainer, count);
    uint32_t *rows = mem_copy(all, *count * sizeof *rows);
    if (rows == NULL) {
        return error_memory(error, "row numbers", *count * sizeof *rows);
    }
    struct rng rng = rng_make((uint64_t)trainer_params(trainer)->seed, RNG_NOISE, UINT64_MAX);
    rng_shuffle(&rng, rows, *count);
    *count = most < *count ? most : *count;
    enum status status = probe_sharpness(trainer, rows, *count, SHARPNESS_EPSILON, found, task, error);
    mem_free(rows);
    return status;
}

// ---- distance ---------------------------------------------------------------------------------------

enum status probe_distance(struct trainer *trainer, struct distance *found, struct error *error) {
    const struct model *model = trainer_model(trainer);
    size_t weights = model->weight_count;
    float *now = mem_alloc(weights, sizeof *now), *start = mem_alloc(weights + model->state_count, sizeof *start);
    double moved = 0, norm = 0, first = 0;
    enum status status = now == NULL || start == NULL
                             ? error_memory(error, "copies of the weights", 2 * weights * sizeof *now)
                             : trainer_weights(trainer, now, error);
    if (!status) {
        model_initialize(model, (uint64_t)trainer_params(trainer)->seed, start, start + weights);
    }
    for (size_t i = 0; !status && i < weights; i++) {
        double a = (double)now[i], b = (double)start[i];
        moved += (a - b) * (a - b);
        norm += a * a;
        first += b * b;
    }
    *found = (struct distance){sqrt(moved), sqrt(norm), sqrt(first)};
    mem_free(now);
    mem_free(start);
    return status;
}

// ---- the line between two -----------------------------------------------------------------------------

static enum status check_layers(const struct model *a, const struct model *b, struct error *error) {
    bool same = a->count == b->count && a->weight_count == b->weight_count && a->state_count == b->state_count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = a->layers[i].kind == b->layers[i].kind && a->layers[i].weight_count == b->layers[i].weight_count &&
               shape_equal(a->layers[i].out, b->layers[i].out);
    }
    return same ? STATUS_OK
                : error_set(error, STATUS_INVALID,
                            "the two runs have models with other layers (%s, %s); there is no line between them",
                            a->name, b->name);
}

static enum status walk(struct trainer *trainer, float *const ends[2], float *mixed, size_t points,
                        struct evaluation *train, struct evaluation *validation, struct task *task,
                        struct error *error) {
    const struct model *model = trainer_model(trainer);
    enum status status = STATUS_OK;
    for (size_t p = 0; !status && p < points; p++) {
        double share = (double)p / (double)(points - 1);
        for (size_t i = 0; i < model->weight_count + model->state_count; i++) {
            mixed[i] = (float)((1 - share) * (double)ends[0][i] + share * (double)ends[1][i]);
        }
        status = trainer_write_model(trainer, mixed, mixed + model->weight_count, error);
        if (!status) {
            status = trainer_evaluate(trainer, PART_TRAIN, &train[p], task, error);
        }
        if (!status) {
            status = trainer_evaluate(trainer, PART_VALIDATION, &validation[p], task, error);
        }
    }
    return status;
}

enum status probe_line(struct trainer *trainer, struct trainer *other, size_t points, struct evaluation *train,
                       struct evaluation *validation, struct task *task, struct error *error) {
    const struct model *model = trainer_model(trainer);
    size_t weights = model->weight_count, all = weights + model->state_count;
    float *ends[2] = {mem_alloc(all, sizeof(float)), mem_alloc(all, sizeof(float))};
    float *mixed = mem_alloc(all, sizeof *mixed);
    struct trainer_kept *kept = NULL;
    struct error second;
    enum status status = check_layers(model, trainer_model(other), error);
    if (!status && (ends[0] == NULL || ends[1] == NULL || mixed == NULL)) {
        status = error_memory(error, "copies of the weights", 3 * all * sizeof(float));
    }
    if (!status) {
        status = trainer_read_model(trainer, ends[0], ends[0] + weights, error);
    }
    if (!status) {
        status = trainer_read_model(other, ends[1], ends[1] + weights, error);
    }
    if (!status) {
        status = trainer_keep(trainer, &kept, error);
    }
    if (!status) {
        status = walk(trainer, ends, mixed, points, train, validation, task, error);
        enum status back = trainer_return(trainer, kept, &second);
        *error = back ? second : *error;
        status = back ? back : status;
    }
    trainer_kept_free(kept);
    mem_free(ends[0]);
    mem_free(ends[1]);
    mem_free(mixed);
    return status;
}
