// quantile: every number becomes its rank among the training rows, between 0 and 1 (uniform) or as the value of a
// normal distribution with that rank. Ranks are interpolated between quantiles, from both sides where values repeat,
// exactly as scikit-learn's QuantileTransformer does (without its subsampling).
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

struct settings {
    char distribution[PARAM_TEXT_SIZE];
    int64_t quantiles;
    char columns[PARAM_TEXT_SIZE];
};
#define QUANTILES_MOST 100000
#define EDGE 1e-7 // how near to the first or last quantile counts as it (normal), as in scikit-learn

static const struct param rows[] = {
    {.name = "distribution",
     .label = "distribution",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, distribution),
     .fallback = "uniform",
     .choices = "uniform|normal",
     .help = "what the training rows become: evenly spread between 0 and 1, or normal with mean 0 and sd 1"},
    {.name = "quantiles",
     .label = "quantiles",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, quantiles),
     .fallback = "1000",
     .low = 2,
     .high = QUANTILES_MOST,
     .step = 100,
     .help = "how many points the ranks are interpolated between; at most as many as there are training rows"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// ---- the normal distribution -------------------------------------------------------------------------

static double polynomial(const double *coefficients, size_t count, double x) {
    double sum = 0;
    for (size_t i = count; i-- > 0;)
        sum = sum * x + coefficients[i];
    return sum;
}

// The value below which a normal distribution has the share p (Wichura 1988, algorithm AS 241, PPND16: 16 digits).
static double normal_quantile(double p) {
    static const double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                               1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[] = {1.0,
                               4.2313330701600911252e+1,
                               6.8718700749205790830e+2,
                               5.3941960214247511077e+3,
                               2.1213794301586595867e+4,
                               3.9307895800092710610e+4,
                               2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                               3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, 8, r) / polynomial(b, 8, r);
    }
    double r = sqrt(-log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? polynomial(c, 8, r - 1.6) / polynomial(d, 8, r - 1.6)
                      : polynomial(e, 8, r - 5) / polynomial(f, 8, r - 5);
    return q < 0 ? -x : x;
}

static double normal_share(double x) {
    return 0.5 * erfc(-x / sqrt(2));
}

// ---- fitting -----------------------------------------------------------------------------------------

// Reference i of n evenly spaced ones from 0 to 1.
static double reference(size_t i, size_t n) {
    return n == 1 ? 0 : i == n - 1 ? 1 : (double)i * (1 / (double)(n - 1));
}

// As numpy interpolates percentiles, to the last bit: which side of a value a quantile lies on decides ranks.
static double percentile(const double *sorted, size_t count, double share) {
    double at = (double)(count - 1) * (share * 100 / 100);
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return sorted[count - 1];
    double part = at - (double)below, width = sorted[below + 1] - sorted[below];
    return part >= 0.5 ? sorted[below + 1] - width * (1 - part) : sorted[below] + width * part;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    const struct settings *settings = step->settings;
    double *values;
    size_t found, wanted = (size_t)settings->quantiles < count ? (size_t)settings->quantiles : count;
    enum status status = column_numbers(table, column, training, count, false, &values, &found, error);
    if (status != STATUS_OK)
        return status;
    numbers_sort(values, found);
    if (found > 0 && !isfinite(values[found - 1] - values[0]))
        status = error_set(error, STATUS_NUMERIC, "column \"%s\": its values lie too far apart for ranks", state->name);
    for (size_t i = 0; i < wanted && found > 0 && status == STATUS_OK; i++)
        status = state_add_number(state, percentile(values, found, reference(i, wanted)) + 0.0, error);
    if (found == 0 && status == STATUS_OK) // no training row has a number: all become 0
        status = state_add_number(state, 0, error);
    mem_free(values);
    return status;
}

// ---- applying ------------------------------------------------------------------------------------------

// The first of ascending quantiles that is greater than x, or, with `equal`, not less.
static size_t first_above(const double *quantiles, size_t count, double x, bool equal) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (equal ? quantiles[middle] < x : quantiles[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The mean of the ranks interpolated from below and from above, which differ where quantiles repeat.
static double rank_of(const double *quantiles, size_t n, double x) {
    size_t above = first_above(quantiles, n, x, false), least = first_above(quantiles, n, x, true);
    double from_below, from_above;
    if (above == 0)
        from_below = reference(0, n);
    else if (above == n || quantiles[above - 1] == x)
        from_below = reference(above - 1, n);
    else
        from_below = (reference(above, n) - reference(above - 1, n)) / (quantiles[above] - quantiles[above - 1]) *
                         (x - quantiles[above - 1]) +
                     reference(above - 1, n);
    if (least == n)
        from_above = reference(n - 1, n);
    else if (least == 0 || quantiles[least] == x)
        from_above = reference(least, n);
    else
        from_above = reference(least, n) - (reference(least, n) - reference(least - 1, n)) /
                                               (quantiles[least] - quantiles[least - 1]) * (quantiles[least] - x);
    return 0.5 * (from_below + from_above);
}

static void to_uniform(const struct column_formula *formula, const struct column_cells *from, double *values,
                       uint64_t *missing) {
    const double *quantiles = formula->lookup;
    size_t n = formula->lookup_count;
    for (size_t i = 0; i < from->count; i++) {
        double x = from->values[i];
        if (x == quantiles[0] || x == quantiles[n - 1])
            values[i] = x == quantiles[0] ? 0 : 1;
        else
            values[i] = isnan(x) ? x : rank_of(quantiles, n, x);
    }
    cells_keep_missing(from, values, missing);
}

// figures: the least and the greatest value made.
static void to_normal(const struct column_formula *formula, const struct column_cells *from, double *values,
                      uint64_t *missing) {
    const double *quantiles = formula->lookup;
    size_t n = formula->lookup_count;
    for (size_t i = 0; i < from->count; i++) {
        double x = from->values[i];
        if (x - EDGE < quantiles[0]) {
            values[i] = formula->figures[0];
        } else if (x + EDGE > quantiles[n - 1]) {
            values[i] = formula->figures[1];
        } else {
            double rank = isnan(x) ? x : rank_of(quantiles, n, x);
            values[i] = rank <= 0   ? formula->figures[0]
                        : rank >= 1 ? formula->figures[1]
                                    : fmin(fmax(normal_quantile(rank), formula->figures[0]), formula->figures[1]);
            values[i] = isnan(x) ? x : values[i];
        }
    }
    cells_keep_missing(from, values, missing);
}

// The value at a rank, between quantiles.
static double value_at(const double *quantiles, size_t n, double rank) {
    if (!(rank > 0) || n == 1)
        return isnan(rank) ? rank : quantiles[0];
    if (rank >= 1)
        return quantiles[n - 1];
    size_t below = (size_t)(rank * (double)(n - 1));
    while (below + 1 < n && reference(below + 1, n) <= rank)
        below++;
    while (below > 0 && reference(below, n) > rank)
        below--;
    if (below + 1 >= n)
        return quantiles[n - 1];
    return (quantiles[below + 1] - quantiles[below]) / (reference(below + 1, n) - reference(below, n)) *
               (rank - reference(below, n)) +
           quantiles[below];
}

static void from_uniform(const struct column_formula *formula, const struct column_cells *from, double *values,
                         uint64_t *missing) {
    for (size_t i = 0; i < from->count; i++)
        values[i] = value_at(formula->lookup, formula->lookup_count, from->values[i]);
    cells_keep_missing(from, values, missing);
}

static void from_normal(const struct column_formula *formula, const struct column_cells *from, double *values,
                        uint64_t *missing) {
    for (size_t i = 0; i < from->count; i++) {
        double rank = normal_share(from->values[i]);
        rank = rank - EDGE < 0 ? 0 : rank + EDGE > 1 ? 1 : rank;
        values[i] = value_at(formula->lookup, formula->lookup_count, rank);
    }
    cells_keep_missing(from, values, missing);
}

static bool is_normal(const struct step *step) {
    return text_equal(((const struct settings *)step->settings)->distribution, "normal");
}

static enum status formula_of(const struct step *step, const struct column_state *state, bool back,
                              struct column_formula *formula, struct error *error) {
    double edge = EDGE - DBL_EPSILON;
    *formula = (struct column_formula){.figures = {normal_quantile(edge), normal_quantile(1 - edge)},
                                       .lookup_count = state->number_count};
    if (is_normal(step))
        formula->compute = back ? from_normal : to_normal;
    else
        formula->compute = back ? from_uniform : to_uniform;
    formula->lookup = mem_copy(state->numbers, state->number_count * sizeof *state->numbers);
    return formula->lookup != NULL ? STATUS_OK
                                   : error_memory(error, "quantiles", state->number_count * sizeof *state->numbers);
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    struct column_formula formula;
    char text[96];
    enum status status = column_refuse_infinite(table, index, error);
    if (status == STATUS_OK)
        status = formula_of(step, state, false, &formula, error);
    if (status == STATUS_OK)
        status = step_compute(table, index, false, formula, error);
    if (status != STATUS_OK)
        return status;
    snprintf(text, sizeof text, "ranks between %zu quantiles, %s", state->number_count,
             is_normal(step) ? "as normal values" : "0 to 1");
    return ledger_column(context, state->name, text, "quantiles of training rows", error);
}

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        struct column_formula formula;
        int index = table_find(table, state->columns[i].name);
        if (index < 0 || !column_has_values(table->columns[index]))
            continue;
        status = formula_of(step, &state->columns[i], true, &formula, error);
        if (status == STATUS_OK)
            status = step_compute(table, (size_t)index, false, formula, error);
    }
    return status;
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        const struct column_state *column = &state->columns[i];
        bool good = column->number_count > 0 && column->number_count <= QUANTILES_MOST;
        for (size_t j = 1; j < column->number_count && good; j++)
            good = column->numbers[j - 1] <= column->numbers[j];
        if (!good)
            status = error_set(error, STATUS_INVALID, "the \"numbers\" of column \"%.80s\" must be quantiles in order",
                               column->name);
    }
    return status;
}

const struct step_kind step_quantile = {
    .name = "quantile",
    .label = "quantile",
    .help = "turn numbers into their rank among the training rows: evenly spread, or normal",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .fits = step_fits_numbers,
    .fit = step_fit_each,
    .fit_one = fit_one,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = invert,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
