#include "core/lab/reach.h"

#include <math.h>

#include "core/base/mem.h"

static const double apart = 0.002; // of the loss, between points that are kept

struct window { // sums over the newest steps that hold at least so many samples
    double rows, loss, steps, samples, seconds;
};

static void window_add(struct window *window, const struct reach_step *step, double sign) {
    double rows = sign * step->batch;
    window->rows += rows;
    window->loss += rows * (double)step->loss;
    window->steps += rows * (double)(step->step - 1);
    window->samples += rows * (double)(step->samples - step->batch);
    window->seconds += rows * step->seconds;
}

static struct reach_point mean_of(const struct window *window) {
    return (struct reach_point){.loss = window->loss / window->rows,
                                .steps = window->steps / window->rows,
                                .samples = window->samples / window->rows,
                                .seconds = window->seconds / window->rows};
}

// The next step comes in, and those go that `rows` samples do not need.
static bool window_next(struct window *window, const struct reach_step *steps, size_t i, size_t *first, double rows) {
    window_add(window, &steps[i], 1);
    while (window->rows - steps[*first].batch >= rows)
        window_add(window, &steps[(*first)++], -1);
    return window->rows >= rows;
}

static bool keep(struct reach *reach, const struct window *window, bool *failed) {
    double loss = window->loss / window->rows;
    if (reach->count > 0 && !(loss < reach->points[reach->count - 1].loss - apart * fabs(loss)))
        return false;
    *failed = !vec_reserve(&reach->points, &reach->capacity, reach->count + 1, sizeof *reach->points);
    if (*failed)
        return false;
    reach->points[reach->count++] = mean_of(window);
    return true;
}

enum status reach_make(const struct reach_step *steps, size_t count, uint64_t window_rows, struct reach *reach,
                       struct error *error) {
    struct window window = {0};
    size_t first = 0;
    bool failed = false;
    *reach = (struct reach){0};
    for (size_t i = 0; i < count && isfinite(steps[i].loss) && !failed; i++) {
        if (window_next(&window, steps, i, &first, (double)window_rows))
            keep(reach, &window, &failed);
    }
    if (!failed)
        return STATUS_OK;
    reach_free(reach);
    return error_memory(error, "the losses of a run", (reach->count + 1) * sizeof *reach->points);
}

size_t reach_curve(const struct reach_step *steps, size_t count, uint64_t window_rows, struct reach_point *out,
                   size_t most) {
    struct window window = {0};
    size_t first = 0, filled = 0;
    for (size_t i = 0; i < count && isfinite(steps[i].loss); i++) {
        bool full = window_next(&window, steps, i, &first, (double)window_rows);
        bool due = i + 1 == count || (filled < most && i * most >= filled * count);
        if (full && due && filled < most)
            out[filled++] = mean_of(&window);
    }
    return filled;
}

void reach_free(struct reach *reach) {
    mem_free(reach->points);
    *reach = (struct reach){0};
}

static struct reach_at between(const struct reach_at *a, const struct reach_at *b, double share) {
    return (struct reach_at){.steps = a->steps + share * (b->steps - a->steps),
                             .samples = a->samples + share * (b->samples - a->samples),
                             .seconds = a->seconds + share * (b->seconds - a->seconds)};
}

bool reach_find(const struct reach *reach, double loss, struct reach_at *at) {
    size_t low = 0, high = reach->count; // the first point at or below it
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (reach->points[middle].loss <= loss)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == reach->count)
        return false;
    const struct reach_point *after = &reach->points[low], *before = low > 0 ? after - 1 : after;
    struct reach_at a = {before->steps, before->samples, before->seconds};
    struct reach_at b = {after->steps, after->samples, after->seconds};
    *at = between(&a, &b, low > 0 ? (before->loss - loss) / (before->loss - after->loss) : 1);
    return true;
}

bool reach_figure(const double *figure, const struct reach_at *where, size_t count, double target, bool rises,
                  struct reach_at *at) {
    size_t i = 0;
    while (i < count && !(rises ? figure[i] >= target : figure[i] <= target))
        i++;
    if (i == count)
        return false;
    bool first = i == 0 || !isfinite(figure[i - 1]);
    *at = first ? where[i] : between(&where[i - 1], &where[i], (target - figure[i - 1]) / (figure[i] - figure[i - 1]));
    return true;
}
