// outliers: values far from the others, told by the training rows alone.
//   iqr         below q25 − factor·IQR or above q75 + factor·IQR (Tukey 1977)
//   z           |x − mean| > z·sd, sd with ddof 0
//   modified-z  0.6745·|x − median|/MAD > limit (Iglewicz and Hoaglin 1993); where more than half the values are
//               equal (MAD 0), |x − median|/(1.253314·mean absolute deviation)
//   forest      rows that an isolation forest (forest.h) cuts off early
// A column without spread has nothing to judge by and is left alone. Values are moved, made missing or flagged in all
// rows; only training rows are ever dropped.
#include "datasets/steps/outliers_parts.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

static const struct param rows[] = {
    {.name = "action",
     .label = "action",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct outlier_settings, action),
     .fallback = "clip",
     .choices = "clip|winsorize|missing|flag|drop",
     .help = "move values to the fence, or to the outermost training value within it; make them missing; add a column "
             "of 0 and 1; or drop the training rows that hold them"},
    {.name = "factor",
     .label = "factor",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct outlier_settings, factor),
     .fallback = "1.5",
     .low = 0,
     .high = 1000,
     .step = 0.5,
     .help =
         "method iqr: how many interquartile ranges the fences lie outside the quartiles; 3 is the usual far fence"},
    {.name = "method",
     .label = "method",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct outlier_settings, method),
     .fallback = "iqr",
     .choices = "iqr|z|modified-z|forest",
     .help = "how outliers are found: by quartiles, by mean and sd, by median and its deviation, or whole rows by an "
             "isolation forest"},
    {.name = "z",
     .label = "z",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct outlier_settings, z),
     .fallback = "3",
     .low = 0,
     .high = 1000,
     .step = 0.5,
     .help = "method z: how many standard deviations from the mean"},
    {.name = "modified_z",
     .label = "modified z",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct outlier_settings, modified_z),
     .fallback = "3.5",
     .low = 0,
     .high = 1000,
     .step = 0.5,
     .help = "method modified-z: how far from the median, in median absolute deviations over 0.6745"},
    {.name = "flag",
     .label = "flag",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct outlier_settings, flag),
     .fallback = "outlier",
     .help = "action flag: the name of the new column"},
    {.name = "share",
     .label = "share",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct outlier_settings, share),
     .fallback = "0",
     .low = 0,
     .high = 0.5,
     .step = 0.01,
     .help = "method forest: the share of training rows that count as outliers; 0 = those above the score"},
    {.name = "score",
     .label = "score",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct outlier_settings, score),
     .fallback = "0.6",
     .low = 0,
     .high = 1,
     .step = 0.05,
     .help = "method forest: rows above this score are outliers; around 0.5 are most rows, near 1 those far off"},
    {.name = "trees",
     .label = "trees",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct outlier_settings, trees),
     .fallback = "100",
     .low = 1,
     .high = 10000,
     .step = 50,
     .help = "method forest: how many trees"},
    {.name = "sample",
     .label = "sample",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct outlier_settings, sample),
     .fallback = "256",
     .low = 2,
     .high = 65536,
     .step = 64,
     .unit = "rows",
     .help = "method forest: training rows that each tree is grown from"},
    {.name = "seed",
     .label = "seed",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct outlier_settings, seed),
     .fallback = "1",
     .low = 0,
     .high = 9007199254740992,
     .help = "method forest: the same seed gives the same forest"},
    STEP_COLUMNS_PARAM(struct outlier_settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct outlier_settings)};

bool outliers_act(const struct step *step, const char *action) {
    return text_equal(outlier_settings(step)->action, action);
}

bool outliers_found_by(const struct step *step, const char *method) {
    return text_equal(outlier_settings(step)->method, method);
}

// ---- fences ----

struct fences {
    double low, high;
};

// All three may reorder `values`.
static struct fences fences_by_quartiles(double *values, size_t count, double factor) {
    double q25 = numbers_select_quantile(values, count, 0.25), q75 = numbers_select_quantile(values, count, 0.75);
    double reach = factor * (q75 - q25);
    return q75 > q25 ? (struct fences){q25 - reach, q75 + reach} : (struct fences){1, 0};
}

static struct fences fences_by_mean(const double *values, size_t count, double limit) {
    double mean, variance;
    numbers_moments(values, count, &mean, &variance);
    double reach = limit * sqrt(variance);
    return variance == 0 ? (struct fences){1, 0} : (struct fences){mean - reach, mean + reach}; // NaN is refused
}

// `values` are used up.
static struct fences fences_by_median(double *values, size_t count, double limit) {
    double median = numbers_select_quantile(values, count, 0.5), sum = 0;
    for (size_t i = 0; i < count; i++) {
        values[i] = fabs(values[i] - median);
        sum += values[i];
    }
    double mad = numbers_select_quantile(values, count, 0.5);
    double unit = mad > 0 ? mad / 0.6745 : 1.253314 * sum / (double)count;
    return unit == 0 ? (struct fences){1, 0} : (struct fences){median - limit * unit, median + limit * unit};
}

// Where values beyond the fences go: `inner` are the outermost values within, if there are any.
static void set_figures(const struct step *step, struct fences fences, struct fences inner,
                        struct column_state *state) {
    bool inward = outliers_act(step, "winsorize") && inner.low <= inner.high;
    state->figures[OUTLIER_SPREAD] = fences.low <= fences.high;
    state->figures[OUTLIER_LOW] = fmin(fences.low, fences.high);
    state->figures[OUTLIER_HIGH] = fmax(fences.low, fences.high);
    state->figures[OUTLIER_TO_LOW] = inward ? inner.low : state->figures[OUTLIER_LOW];
    state->figures[OUTLIER_TO_HIGH] = inward ? inner.high : state->figures[OUTLIER_HIGH];
}

static struct fences outermost_within(const double *values, size_t count, struct fences fences) {
    struct fences inner = {INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++) {
        if (values[i] < fences.low || values[i] > fences.high)
            continue;
        inner.low = fmin(inner.low, values[i]);
        inner.high = fmax(inner.high, values[i]);
    }
    return inner;
}

static enum status refuse_fences(const struct step *step, const struct column_state *state, struct error *error) {
    if (outliers_found_by(step, "iqr"))
        return error_set(error, STATUS_NUMERIC,
                         "column \"%s\" has no finite quartiles: too many of its cells are infinite or huge; correct "
                         "them or leave the column out",
                         state->name);
    return error_set(error, STATUS_NUMERIC,
                     "column \"%s\" has cells that are infinite or huge, which leave method %s without a measure; use "
                     "method iqr, or put a step \"infinities\" before this one",
                     state->name, outlier_settings(step)->method);
}

static enum status set_fences(const struct step *step, double *values, size_t count, struct column_state *state,
                              struct error *error) {
    const struct outlier_settings *settings = outlier_settings(step);
    double *copy = mem_copy(values, count * sizeof *values);
    struct fences fences, inner;
    if (copy == NULL)
        return error_memory(error, "the numbers of a column", count * sizeof *values);
    if (outliers_found_by(step, "iqr"))
        fences = fences_by_quartiles(copy, count, settings->factor);
    else if (outliers_found_by(step, "z"))
        fences = fences_by_mean(copy, count, settings->z);
    else
        fences = fences_by_median(copy, count, settings->modified_z);
    mem_free(copy);
    inner = outermost_within(values, count, fences);
    set_figures(step, fences, inner, state);
    return isfinite(fences.low) && isfinite(fences.high) ? STATUS_OK : refuse_fences(step, state, error);
}

// Forest: what a cell without a finite value is taken for.
static void set_range(double *values, size_t count, struct column_state *state) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = isinf(values[i]) ? low : fmin(low, values[i]);
        high = isinf(values[i]) ? high : fmax(high, values[i]);
    }
    if (low > high)
        low = high = 0;
    double median = numbers_select_quantile(values, count, 0.5);
    state->figures[OUTLIER_LOW] = low;
    state->figures[OUTLIER_HIGH] = high;
    state->figures[OUTLIER_TO_LOW] = state->figures[OUTLIER_TO_HIGH] = fmin(fmax(median, low), high);
    state->figures[OUTLIER_SPREAD] = high > low;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t column, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    double *values;
    size_t found;
    enum status status = column_numbers(table, column, training, count, true, &values, &found, error);
    if (status != STATUS_OK)
        return status;
    if (found > 0 && outliers_found_by(step, "forest"))
        set_range(values, found, state);
    else if (found > 0)
        status = set_fences(step, values, found, state, error);
    mem_free(values);
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    const struct outlier_settings *settings = outlier_settings(step);
    bool forest = outliers_found_by(step, "forest");
    if (forest && (outliers_act(step, "clip") || outliers_act(step, "winsorize")))
        return error_set(error, STATUS_INVALID,
                         "an isolation forest finds whole rows, which cannot be moved to a fence: choose action flag, "
                         "drop or missing");
    if (outliers_act(step, "flag") && settings->flag[0] == '\0')
        return error_set(error, STATUS_INVALID, "action flag needs a name for its column: set \"flag\"");
    enum status status = step_fit(step, table, training, count, fit_one, error);
    if (status == STATUS_OK && forest)
        status = outliers_fit_forest(step, table, training, count, error);
    if (status != STATUS_OK)
        step->kind->clear(step);
    return status;
}

// ---- applying fences ----

static const char *reason(bool below) {
    return below ? "below the lower fence of training rows" : "above the upper fence of training rows";
}

static bool is_outside(const struct column_state *state, const struct column_cells *cells, size_t i) {
    return state->figures[OUTLIER_SPREAD] != 0 && !cells_missing(cells, i) &&
           (cells->values[i] < state->figures[OUTLIER_LOW] || cells->values[i] > state->figures[OUTLIER_HIGH]);
}

struct changing { // one column
    const struct step *step;
    const struct column_state *state;
    const struct table *table;
    const struct apply_context *context;
    bool whole;     // what values were moved to is
    uint8_t *flags; // [rows], or NULL
};

static enum status change_block(void *context, size_t first, size_t count, double *values, uint32_t *codes,
                                uint64_t *missing, struct error *error) {
    struct changing *changing = context;
    const struct column_state *state = changing->state;
    struct column_cells cells = {.values = values, .missing = missing};
    bool remove = outliers_act(changing->step, "missing");
    enum status status = STATUS_OK;
    (void)codes;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char before[64], after[64] = "";
        if (!is_outside(state, &cells, i))
            continue;
        bool below = values[i] < state->figures[OUTLIER_LOW];
        number_cell_text(COLUMN_NUMERIC, values[i], before);
        values[i] = remove ? 0 : state->figures[below ? OUTLIER_TO_LOW : OUTLIER_TO_HIGH];
        changing->whole = changing->whole && trunc(values[i]) == values[i];
        if (remove)
            missing[i / 64] |= (uint64_t)1 << (i % 64);
        else
            number_cell_text(COLUMN_NUMERIC, values[i], after);
        status = ledger_cell(changing->context, changing->table, first + i, state->name, before, after, reason(below),
                             error);
    }
    return status;
}

static enum status flag_block(void *context, const struct column_cells *cells, struct error *error) {
    struct changing *changing = context;
    enum status status = STATUS_OK;
    char before[64];
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        if (!is_outside(changing->state, cells, i))
            continue;
        changing->flags[cells->first + i] = 1;
        number_cell_text(COLUMN_NUMERIC, cells->values[i], before);
        status = ledger_cell(changing->context, changing->table, cells->first + i, changing->state->name, before,
                             "flagged", reason(cells->values[i] < changing->state->figures[OUTLIER_LOW]), error);
    }
    return status;
}

static enum status find_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct changing *changing = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (is_outside(changing->state, cells, i))
            *changing->flags = 1;
    }
    return STATUS_OK;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    struct column *column = table->columns[index];
    uint8_t any = 0;
    struct changing changing = {step, state, table, context, true, &any};
    if (outliers_found_by(step, "forest"))
        return STATUS_OK; // all columns together, later
    if (state->figures[OUTLIER_SPREAD] == 0)
        return ledger_column(context, state->name, "left alone",
                             outliers_found_by(step, "iqr") ? "its quartiles are equal" : "its values do not vary",
                             error);
    if (outliers_act(step, "flag") || outliers_act(step, "drop"))
        return STATUS_OK;
    enum status status = column_each(column, find_block, &changing, error);
    if (status != STATUS_OK || !any)
        return status;
    struct column *changed = column_changed(column, change_block, &changing, error);
    if (changed != NULL)
        changed->integer = changed->integer && changing.whole;
    return series_replace(table, index, changed);
}

enum status outliers_add_flag(const struct step *step, struct table *table, const uint8_t *flags,
                              const struct apply_context *context, struct error *error) {
    const char *name = outlier_settings(step)->flag;
    if (table_find(table, name) >= 0)
        return error_set(error, STATUS_INVALID,
                         "there is a column \"%s\" already; give the flags of outliers another name with \"flag\"",
                         name);
    double *values = mem_alloc(table->rows + 1, sizeof *values);
    if (values == NULL)
        return error_memory(error, "the flags", table->rows * sizeof *values);
    for (size_t row = 0; row < table->rows; row++)
        values[row] = flags[row];
    struct column *column = series_new(name, values, table->rows, error);
    mem_free(values);
    if (column == NULL)
        return STATUS_MEMORY;
    enum status status = table_add(table, column, error);
    return status == STATUS_OK ? ledger_column(context, name, "added", "1 where a row holds an outlier", error)
                               : status;
}

static enum status flag_rows(const struct step *step, struct table *table, const struct apply_context *context,
                             struct error *error) {
    const struct step_state *state = step->state;
    uint8_t *flags = mem_alloc(table->rows + 1, 1);
    enum status status = flags == NULL ? error_memory(error, "the flags", table->rows) : STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        struct changing changing = {step, &state->columns[i], table, context, true, flags};
        int index = table_find(table, state->columns[i].name);
        if (index >= 0)
            status = column_each(table->columns[index], flag_block, &changing, error);
    }
    if (status == STATUS_OK)
        status = outliers_add_flag(step, table, flags, context, error);
    mem_free(flags);
    return status;
}

static enum status apply(const struct step *step, struct table *table, const struct apply_context *context,
                         struct error *error) {
    enum status status = step_apply(step, table, context, apply_one, error);
    if (status != STATUS_OK)
        return status;
    if (outliers_found_by(step, "forest"))
        return outliers_apply_forest(step, table, context, error);
    if (outliers_act(step, "flag"))
        return flag_rows(step, table, context, error);
    if (!outliers_act(step, "drop") || context->predicting)
        return STATUS_OK;
    return step_drop_rows(step, table, context, is_outside, true, "outlier", error);
}

// ---- storing ----

static void clear(struct step *step) {
    forest_free(&((struct outlier_state *)step->state)->forest);
    state_clear(step);
}

static enum status save(const struct step *step, cJSON *object, struct error *error) {
    const struct outlier_state *state = step->state;
    enum status status = state_save(step, object, error);
    if (status != STATUS_OK || !outliers_found_by(step, "forest"))
        return status;
    if (!json_add_number(object, "threshold", state->threshold))
        return error_memory(error, "a saved pipeline", sizeof *state);
    return forest_save(&state->forest, object, error);
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    struct outlier_state *state = step->state;
    enum status status = state_load(step, object, error);
    for (size_t i = 0; i < state->columns.count && status == STATUS_OK; i++) {
        const struct column_state *column = &state->columns.columns[i];
        if (column->figures[OUTLIER_LOW] > column->figures[OUTLIER_HIGH])
            status = error_set(error, STATUS_INVALID, "\"low\" of column \"%.80s\" is greater than its \"high\"",
                               column->name);
    }
    if (status != STATUS_OK || !outliers_found_by(step, "forest"))
        return status;
    const cJSON *threshold = cJSON_GetObjectItemCaseSensitive(object, "threshold");
    if (!cJSON_IsNumber(threshold))
        return error_set(error, STATUS_INVALID, "\"threshold\" must be a number");
    state->threshold = threshold->valuedouble;
    return forest_load(&state->forest, object, state->columns.count, error);
}

const struct step_kind step_outliers = {
    .name = "outliers",
    .label = "outliers",
    .help = "values or rows far from the others: clip, make missing, flag, or drop training rows that have them",
    .params = &params,
    .state_size = sizeof(struct outlier_state),
    .reports = LEDGER_CELL,
    .figures = {[OUTLIER_LOW] = "low",
                [OUTLIER_HIGH] = "high",
                [OUTLIER_TO_LOW] = "to_low",
                [OUTLIER_TO_HIGH] = "to_high",
                [OUTLIER_SPREAD] = "spread"},
    .fits = step_fits_numbers,
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .clear = clear,
};
