// Optimizers and what belongs to them.
#include "core/backend/cpu/plan.h"

#include "core/backend/cpu/threads.h"

#include <math.h>
#include <string.h>

enum { WEIGHT, WEIGHT_GRADIENT, FIRST, SECOND }; // places, in the order of the operands
enum { AVERAGE = 1 };                            // of the average
enum { COUNT };                                  // sizes

static struct update update_of(const struct step *step, const struct run_state *state) {
    const struct step_args *args = state->args;
    enum op_kind rule = step->u.own.op.kind;
    double t = (double)args->step + 1, keep2 = rule == OP_RMSPROP ? args->rms_decay : args->beta2;
    double lr = rule == OP_ADAM ? args->lr / (1 - pow(args->beta1, t)) : args->lr;
    return (struct update){
        .rule = rule,
        .count = (size_t)step->size[COUNT],
        .w = step->at[WEIGHT],
        .g = step->at[WEIGHT_GRADIENT],
        .first = step->at[FIRST],
        .second = step->at[SECOND],
        .clip = step->u.own.op.attr.optimizer.clips ? (float)state->metrics[METRIC_CLIP] : 1,
        .lr = (float)lr,
        .pull = (float)(args->decoupled ? 0 : args->weight_decay),
        .loss = (float)(args->decoupled ? args->lr * args->weight_decay : 0),
        .momentum = (float)args->momentum,
        .nesterov = args->nesterov,
        .keep1 = (float)args->beta1,
        .keep2 = (float)keep2,
        .take1 = (float)(1 - args->beta1),
        .take2 = (float)(1 - keep2),
        .correct2 = (float)(1 / sqrt(1 - pow(args->beta2, t))),
        .epsilon = (float)args->epsilon,
    };
}

static void write_norms(const struct step *step, const struct run_state *state, const double norms[NORM_COUNT]) {
    static const enum metric names[NORM_COUNT] = {
        [NORM_GRADIENT] = METRIC_GRADIENT_SQ, [NORM_UPDATE] = METRIC_UPDATE_SQ, [NORM_WEIGHT] = METRIC_WEIGHT_SQ};
    for (int k = 0; step->u.own.op.attr.optimizer.norms && k < NORM_COUNT; k++) {
        double before = step->u.own.op.attr.optimizer.adds ? state->metrics[names[k]] : 0;
        state->metrics[names[k]] = before + norms[k];
    }
}

#define UPDATE_PARTS_MOST 64
#define UPDATE_PART_LEAST 4096 // weights

struct shared_update {
    const struct update *whole;
    const struct kernels *kernels;
    double norms[UPDATE_PARTS_MOST][NORM_COUNT];
};

static void update_part(void *context, int part, int parts) {
    struct shared_update *shared = context;
    struct update some = *shared->whole;
    size_t each = (some.count / (size_t)parts + 63) / 64 * 64, first = each * (size_t)part;
    size_t left = some.count > first ? some.count - first : 0;
    some.count = left < each || part == parts - 1 ? left : each;
    some.w += first;
    some.g += first;
    some.first += some.first != NULL ? first : 0;
    some.second += some.second != NULL ? first : 0;
    shared->kernels->update(&some, shared->norms[part]);
}

// Weights are shared between threads; their sums are added in the order of the parts.
static void update_shared(const struct update *update, const struct run_state *state, double norms[NORM_COUNT]) {
    struct shared_update shared = {.whole = update, .kernels = state->kernels};
    int most = state->threads < UPDATE_PARTS_MOST ? state->threads : UPDATE_PARTS_MOST;
    size_t worth = update->count / UPDATE_PART_LEAST;
    int parts = update->count < SHARED_ELEMENTS ? 1 : worth < (size_t)most ? (int)worth : most;
    threads_share(parts, update_part, &shared);
    for (int k = 0; k < NORM_COUNT; k++) {
        norms[k] = 0;
        for (int part = 0; part < parts; part++) {
            norms[k] += shared.norms[part][k];
        }
    }
}

static dnnl_status_t run_optimizer(const struct step *step, const struct run_state *state) {
    double norms[NORM_COUNT] = {NAN, NAN, NAN};
    if (!step->u.own.op.attr.optimizer.guards || isfinite(state->metrics[METRIC_LOSS])) {
        struct update update = update_of(step, state);
        update_shared(&update, state, norms);
    }
    write_norms(step, state, norms);
    return dnnl_success;
}

size_t lower_optimizer(struct builder *b, const struct op *op) {
    int places[] = {NO_PLACE, NO_PLACE, NO_PLACE, NO_PLACE};
    for (int k = 0; k < 4; k++) {
        places[k] = value_read(b, op->in[k]);
    }
    for (int k = 0; k < 4; k++) {
        places[k] = k == WEIGHT_GRADIENT ? places[k] : value_write(b, op->in[k]);
    }
    struct step *step = step_add(b, run_optimizer);
    step->u.own.op = *op;
    for (int k = 0; k < 4; k++) {
        step->place[k] = places[k];
    }
    step->size[COUNT] = shape_count(builder_value(b, op->in[0])->shape);
    return 1;
}

// ---- clipping ---------------------------------------------------------------------------------

static dnnl_status_t run_clip(const struct step *step, const struct run_state *state) {
    double longest = state->args->clip, factor = 1;
    if (longest > 0) {
        double length = sqrt(state->kernels->square_sum((size_t)step->size[COUNT], step->at[WEIGHT]));
        factor = longest / (length + 1e-6);
    }
    state->metrics[METRIC_CLIP] = factor > 1 ? 1 : factor;
    return dnnl_success;
}

size_t lower_clip(struct builder *b, const struct op *op) {
    int g = value_read(b, op->in[0]);
    struct step *step = step_add(b, run_clip);
    step->place[WEIGHT] = g;
    step->size[COUNT] = shape_count(builder_value(b, op->in[0])->shape);
    return 1;
}

// ---- averaged weights -------------------------------------------------------------------------

static dnnl_status_t run_average(const struct step *step, const struct run_state *state) {
    double keep = state->args->step == 0 ? 0 : state->args->average;
    state->kernels->average((size_t)step->size[COUNT], (float)keep, (float)(1 - keep), step->at[WEIGHT],
                            step->at[AVERAGE]);
    return dnnl_success;
}

size_t lower_average(struct builder *b, const struct op *op) {
    int w = value_read(b, op->in[0]);
    value_read(b, op->in[1]);
    int a = value_write(b, op->in[1]);
    struct step *step = step_add(b, run_average);
    step->place[WEIGHT] = w;
    step->place[AVERAGE] = a;
    step->size[COUNT] = shape_count(builder_value(b, op->in[0])->shape);
    return 1;
}

// ---- Muon -------------------------------------------------------------------------------------

enum { WORK = 3 };                // place
enum { MUON_ROWS, MUON_COLUMNS }; // sizes

// One step of Newton and Schulz on x [rows, columns], rows ≤ columns, into y; a and b are [rows, rows].
static dnnl_status_t orthogonalize_step(int64_t rows, int64_t columns, const float *x, float *y, float *a, float *b) {
    dnnl_status_t status = dnnl_sgemm('N', 'T', rows, rows, columns, 1, x, columns, x, columns, 0, a, rows);
    memcpy(b, a, (size_t)(rows * rows) * sizeof *b);
    if (status == dnnl_success) {
        status = dnnl_sgemm('N', 'N', rows, rows, rows, 2.0315f, a, rows, a, rows, -4.7750f, b, rows);
    }
    memcpy(y, x, (size_t)(rows * columns) * sizeof *y);
    if (status == dnnl_success) {
        status = dnnl_sgemm('N', 'N', rows, columns, rows, 1, b, rows, x, columns, 3.4445f, y, columns);
    }
    return status;
}

// The direction before it is made orthogonal, of length 1, into x; the velocity moves along.
static void muon_direction(const struct step *step, const struct run_state *state, float *x, double *gradient_sq) {
    const struct step_args *args = state->args;
    int64_t count = step->size[MUON_ROWS] * step->size[MUON_COLUMNS];
    float clip = step->u.own.op.attr.optimizer.clips ? (float)state->metrics[METRIC_CLIP] : 1;
    float pull = (float)(args->decoupled ? 0 : args->weight_decay), momentum = (float)args->momentum;
    const float *w = step->at[WEIGHT], *g = step->at[WEIGHT_GRADIENT];
    float *v = step->at[FIRST];
    for (int64_t i = 0; i < count; i++) {
        float own = clip * g[i] + pull * w[i];
        v[i] = momentum * v[i] + own;
        x[i] = args->nesterov ? own + momentum * v[i] : v[i];
    }
    *gradient_sq = state->kernels->square_sum((size_t)count, g);
    float share = (float)(1 / (sqrt(state->kernels->square_sum((size_t)count, x)) + 1e-7));
    for (int64_t i = 0; i < count; i++) {
        x[i] *= share;
    }
}

static void muon_move(const struct step *step, const struct run_state *state, const float *x,
                      double norms[NORM_COUNT]) {
    const struct step_args *args = state->args;
    int64_t rows = step->size[MUON_ROWS], columns = step->size[MUON_COLUMNS];
    float scale = (float)(args->muon_lr * sqrt(rows > columns ? (double)rows / (double)columns : 1));
    float loss = (float)(args->decoupled ? args->muon_lr * args->weight_decay : 0), *w = step->at[WEIGHT];
    double update_sq = 0;
    for (int64_t i = 0; i < rows * columns; i++) {
        float change = scale * x[i] + loss * w[i];
        w[i] -= change;
        update_sq += (double)change * (double)change;
    }
    norms[NORM_UPDATE] = update_sq;
    norms[NORM_WEIGHT] = state->kernels->square_sum((size_t)(rows * columns), w);
}

static dnnl_status_t run_muon(const struct step *step, const struct run_state *state) {
    int64_t rows = step->size[MUON_ROWS], columns = step->size[MUON_COLUMNS], count = rows * columns;
    int64_t less = rows < columns ? rows : columns;
    float *x = step->at[WORK], *y = x + count, *a = y + count, *b = a + less * less;
    double norms[NORM_COUNT] = {NAN, NAN, NAN};
    dnnl_status_t status = dnnl_success;
    bool tall = rows > columns;
    if (step->u.own.op.attr.optimizer.guards && !isfinite(state->metrics[METRIC_LOSS])) {
        write_norms(step, state, norms);
        return dnnl_success;
    }
    muon_direction(step, state, tall ? y : x, &norms[NORM_GRADIENT]);
    if (tall) {
        state->kernels->transpose(rows, columns, y, x);
    }
    for (int i = 0; status == dnnl_success && i < 5; i++) {
        status = orthogonalize_step(less, count / less, x, y, a, b);
        float *next = y;
        y = x;
        x = next;
    }
    if (tall) {
        state->kernels->transpose(columns, rows, x, y);
        x = y;
    }
    muon_move(step, state, x, norms);
    write_norms(step, state, norms);
    return status;
}

size_t lower_muon(struct builder *b, const struct op *op) {
    struct shape shape = builder_value(b, op->in[0])->shape;
    int g = value_read(b, op->in[1]);
    value_read(b, op->in[0]);
    value_read(b, op->in[2]);
    int w = value_write(b, op->in[0]), v = value_write(b, op->in[2]), work = value_write(b, op->out[0]);
    builder_products(b);
    struct step *step = step_add(b, run_muon);
    step->u.own.op = *op;
    step->place[WEIGHT] = w;
    step->place[WEIGHT_GRADIENT] = g;
    step->place[FIRST] = v;
    step->place[WORK] = work;
    step->size[MUON_ROWS] = shape.size[0];
    step->size[MUON_COLUMNS] = shape.size[1];
    return 1;
}
