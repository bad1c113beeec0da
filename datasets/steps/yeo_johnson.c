// yeo-johnson: the power transform of Yeo and Johnson (2000), which takes every number: for x ≥ 0 ((1 + x)^λ − 1)/λ,
// for x < 0 −((1 − x)^(2−λ) − 1)/(2 − λ); λ makes the training rows most like a normal distribution (maximum
// likelihood, as in scipy: bounded Brent minimization within the λ that no value overflows with). Afterwards mean 0 and
// sd 1 if wanted.
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

struct settings {
    bool standardize;
    char columns[PARAM_TEXT_SIZE];
};
enum { LAMBDA, MEAN, SD };

static const struct param rows[] = {
    {.name = "standardize",
     .label = "standardize",
     .group = "step",
     .type = PARAM_SWITCH,
     .offset = offsetof(struct settings, standardize),
     .fallback = "yes",
     .help = "shift and scale the result to mean 0 and standard deviation 1 on the training rows"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// ---- the transform -----------------------------------------------------------------------------------

// ±ln(1 + |x|), which is all of x that the transform needs.
static double signed_log(double x) {
    return x >= 0 ? log1p(x) : -log1p(-x);
}

static double transform(double log, double lambda) {
    if (log >= 0)
        return fabs(lambda) < DBL_EPSILON ? log : expm1(lambda * log) / lambda;
    return fabs(lambda - 2) <= DBL_EPSILON ? log : -expm1((2 - lambda) * -log) / (2 - lambda);
}

static double transform_back(double y, double lambda) {
    if (y >= 0)
        return fabs(lambda) < DBL_EPSILON ? expm1(y) : expm1(log1p(y * lambda) / lambda);
    return fabs(lambda - 2) <= DBL_EPSILON ? -expm1(-y) : -expm1(log1p(-(2 - lambda) * y) / (2 - lambda));
}

// ---- finding λ -----------------------------------------------------------------------------------------

struct likelihood {
    const double *logs; // signed, of the training rows
    size_t count;
    double sum;   // of them
    double *room; // [COLUMN_BLOCK]
};

static struct moments moments_at(const struct likelihood *likelihood, double lambda) {
    struct moments moments = {0};
    for (size_t done = 0; done < likelihood->count; done += COLUMN_BLOCK) {
        size_t here = likelihood->count - done < COLUMN_BLOCK ? likelihood->count - done : COLUMN_BLOCK;
        for (size_t i = 0; i < here; i++)
            likelihood->room[i] = transform(likelihood->logs[done + i], lambda);
        moments_add(&moments, likelihood->room, here);
    }
    return moments;
}

// The negative logarithm of the likelihood, but for constants.
static double cost(const struct likelihood *likelihood, double lambda) {
    struct moments moments = moments_at(likelihood, lambda);
    double variance = moments_variance(&moments);
    if (!(variance > 0) || !isfinite(variance))
        return INFINITY;
    return (double)likelihood->count / 2 * log(variance) - (lambda - 1) * likelihood->sum;
}

// Where the search stands: the best points so far, best first, and their costs.
struct search {
    double low, high;
    double x[3], f[3];
    double step, before; // the last step, and the one before it
};

// A parabola through the three best points, where its minimum lies within and the steps get smaller; else false.
static bool parabola(struct search *s, double least) {
    double r = (s->x[0] - s->x[1]) * (s->f[0] - s->f[2]), q = (s->x[0] - s->x[2]) * (s->f[0] - s->f[1]);
    double p = (s->x[0] - s->x[2]) * q - (s->x[0] - s->x[1]) * r, limit = s->before;
    q = 2 * (q - r);
    p = q > 0 ? -p : p;
    q = fabs(q);
    s->before = s->step;
    if (!(fabs(p) < fabs(0.5 * q * limit) && p > q * (s->low - s->x[0]) && p < q * (s->high - s->x[0])))
        return false;
    s->step = p / q;
    double x = s->x[0] + s->step;
    if (x - s->low < 2 * least || s->high - x < 2 * least)
        s->step = (s->low + s->high) / 2 >= s->x[0] ? least : -least;
    return true;
}

static void place(struct search *s, double x, double f) {
    if (f <= s->f[0]) {
        *(x >= s->x[0] ? &s->low : &s->high) = s->x[0];
        s->x[2] = s->x[1], s->f[2] = s->f[1];
        s->x[1] = s->x[0], s->f[1] = s->f[0];
        s->x[0] = x, s->f[0] = f;
        return;
    }
    *(x < s->x[0] ? &s->low : &s->high) = x;
    if (f <= s->f[1] || s->x[1] == s->x[0]) {
        s->x[2] = s->x[1], s->f[2] = s->f[1];
        s->x[1] = x, s->f[1] = f;
    } else if (f <= s->f[2] || s->x[2] == s->x[0] || s->x[2] == s->x[1]) {
        s->x[2] = x, s->f[2] = f;
    }
}

// The minimum between two bounds (Brent 1973, chapter 5; Forsythe, Malcolm and Moler's fmin).
static enum status minimize(struct task *task, const struct likelihood *likelihood, double low, double high,
                            double *best, struct error *error) {
    const double golden = 0.5 * (3 - sqrt(5)), tolerance = 1.48e-8;
    double x = low + golden * (high - low), f = cost(likelihood, x);
    struct search s = {.low = low, .high = high, .x = {x, x, x}, .f = {f, f, f}};
    enum status status = STATUS_OK;
    for (int round = 0; round < 500 && status == STATUS_OK; round++) {
        double middle = (s.low + s.high) / 2, least = sqrt(DBL_EPSILON) * fabs(s.x[0]) + tolerance / 3;
        if (fabs(s.x[0] - middle) <= 2 * least - (s.high - s.low) / 2)
            break;
        if (fabs(s.before) <= least || !parabola(&s, least)) {
            s.before = s.x[0] >= middle ? s.low - s.x[0] : s.high - s.x[0];
            s.step = golden * s.before;
        }
        x = s.x[0] + copysign(fmax(fabs(s.step), least), s.step);
        place(&s, x, cost(likelihood, x));
        status = task_step(task, 0, error);
    }
    *best = s.x[0];
    return status;
}

// λ from which on, and up to which, 20 times the largest value can be transformed and squared (scipy's bounds).
static void bounds_of(const double *values, size_t count, double *low, double *high) {
    double most = 0;
    size_t negative = 0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs(values[i]));
        negative += values[i] < 0;
    }
    double span = log1p(20 * most);
    double least = (log(DBL_MIN) - log(DBL_EPSILON)) / 2 / span,
           greatest = (log(DBL_MAX) + log(DBL_EPSILON)) / 2 / span;
    *low = least, *high = greatest;
    if (negative == count) {
        *low = 2 - greatest, *high = 2 - least;
    } else if (negative > 0) {
        *low = fmax(2 - greatest, least), *high = fmin(2 - least, greatest);
    }
}

// scikit-learn's rule for a column whose differences are only rounding.
static bool is_constant(double n, double mean, double variance) {
    double slack = n * mean * DBL_EPSILON;
    return variance <= n * DBL_EPSILON * variance + slack * slack;
}

// `values` become their signed logarithms.
static enum status fit_values(const struct step *step, double *values, size_t count, double *room,
                              struct column_state *state, struct error *error) {
    const struct settings *settings = step->settings;
    struct likelihood likelihood = {.logs = values, .count = count, .room = room};
    double mean, variance, low, high;
    enum status status = STATUS_OK;
    numbers_moments(values, count, &mean, &variance);
    bounds_of(values, count, &low, &high);
    for (size_t i = 0; i < count; i++) {
        values[i] = signed_log(values[i]);
        likelihood.sum += values[i];
    }
    state->figures[LAMBDA] = 1; // the numbers as they are
    if (count > 0 && isfinite(variance) && !is_constant((double)count, mean, variance))
        status = minimize(step->task, &likelihood, low, high, &state->figures[LAMBDA], error);
    struct moments moments = moments_at(&likelihood, state->figures[LAMBDA]);
    variance = moments_variance(&moments);
    state->figures[SD] = 1;
    if (!isfinite(moments.mean) || !isfinite(variance))
        return error_set(error, STATUS_NUMERIC, "column \"%s\": its values are too large for this step", state->name);
    if (!settings->standardize)
        return status;
    state->figures[MEAN] = moments.mean;
    if (!is_constant(moments.count, moments.mean, variance))
        state->figures[SD] = sqrt(variance);
    return status;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    double *values, *room = mem_alloc(COLUMN_BLOCK, sizeof *room);
    size_t found;
    if (room == NULL)
        return error_memory(error, "a block of cells", COLUMN_BLOCK * sizeof *room);
    enum status status = column_numbers(table, column, training, count, false, &values, &found, error);
    if (status == STATUS_OK) {
        status = fit_values(step, values, found, room, state, error);
        mem_free(values);
    }
    mem_free(room);
    return status;
}

// ---- applying ------------------------------------------------------------------------------------------

static void forward(const struct column_formula *formula, const struct column_cells *from, double *values,
                    uint64_t *missing) {
    const double *figures = formula->figures;
    for (size_t i = 0; i < from->count; i++)
        values[i] = (transform(signed_log(from->values[i]), figures[LAMBDA]) - figures[MEAN]) / figures[SD];
    cells_keep_missing(from, values, missing);
}

static void backward(const struct column_formula *formula, const struct column_cells *from, double *values,
                     uint64_t *missing) {
    const double *figures = formula->figures;
    for (size_t i = 0; i < from->count; i++)
        values[i] = transform_back(from->values[i] * figures[SD] + figures[MEAN], figures[LAMBDA]);
    cells_keep_missing(from, values, missing);
}

static struct column_formula formula_of(const struct column_state *state) {
    return (struct column_formula){.compute = forward,
                                   .figures = {state->figures[LAMBDA], state->figures[MEAN], state->figures[SD]}};
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    (void)step;
    char text[96];
    enum status status = column_refuse_infinite(table, index, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, false, formula_of(state), error);
    if (status != STATUS_OK)
        return status;
    snprintf(text, sizeof text, "lambda %.6g, minus %.6g, divided by %.6g", state->figures[LAMBDA],
             state->figures[MEAN], state->figures[SD]);
    return ledger_column(context, state->name, text, "maximum likelihood on training rows", error);
}

static void invert_one(const struct step *step, const struct column_state *state, struct column_formula *formula) {
    (void)step;
    *formula = formula_of(state);
    formula->compute = backward;
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    return status == STATUS_OK ? state_check_positive(step, SD, error) : status;
}

const struct step_kind step_yeo_johnson = {
    .name = "yeo-johnson",
    .label = "Yeo-Johnson",
    .help = "raise numbers to the power that makes the training rows most like a normal distribution",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[LAMBDA] = "lambda", [MEAN] = "mean", [SD] = "sd"},
    .fits = step_fits_numbers,
    .fit = step_fit_each,
    .fit_one = fit_one,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = step_invert_each,
    .invert_one = invert_one,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
