// smooth: noise taken off ordered numeric columns, row after row in the order of the file.
//   hampel          a value farther than limit · 1.4826 · MAD from the median of its window becomes that median
//                   (Hampel 1974; Davies and Gather 1993); the others stay as they are
//   rolling-median  every value becomes the median of its window
//   exponential     s = alpha · x + (1 − alpha) · s of the row before; begins with the first value
// A window is a row and `reach` rows before and behind it, fewer at the ends. Smoothing mixes neighboring rows, so only
// rows of one part see each other: windows of training rows hold training rows alone, and those of validation and test
// rows never reach into training. Rows in between that belong to another part are passed over. Missing cells stay
// missing and are left out of windows.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/series.h"
#include "datasets/steps/state.h"

struct settings {
    char method[PARAM_TEXT_SIZE];
    int64_t reach;
    double limit, alpha;
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {
    {.name = "method",
     .label = "method",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, method),
     .fallback = "hampel",
     .choices = "hampel|rolling-median|exponential",
     .help = "mend single outliers by the rows around them, take the median of every window, or follow with a delay; "
             "only rows of the same part see each other"},
    {.name = "reach",
     .label = "reach",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, reach),
     .fallback = "3",
     .low = 1,
     .high = 5000,
     .unit = "rows",
     .help = "hampel and rolling-median: the window is a row, so many before it and so many behind it"},
    {.name = "limit",
     .label = "limit",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, limit),
     .fallback = "3",
     .low = 0,
     .high = 1000,
     .step = 0.5,
     .help = "hampel: how many deviations (1.4826 · MAD of the window) from its median a value may lie"},
    {.name = "alpha",
     .label = "alpha",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, alpha),
     .fallback = "0.3",
     .low = 0,
     .high = 1,
     .low_open = true,
     .step = 0.05,
     .help = "exponential: the share of the new value; 1 leaves it as it is"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static const struct settings *settings_of(const struct step *step) {
    return step->settings;
}

// ---- windows ----

struct window { // the known values of a window, sorted
    double *sorted;
    size_t count;
};

static size_t place(const struct window *window, double value) { // of the first that is not less
    size_t low = 0, high = window->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (window->sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void enter(struct window *window, double value) {
    if (isnan(value))
        return;
    size_t at = place(window, value);
    memmove(window->sorted + at + 1, window->sorted + at, (window->count - at) * sizeof value);
    window->sorted[at] = value;
    window->count++;
}

static void leave(struct window *window, double value) {
    if (isnan(value))
        return;
    size_t at = place(window, value);
    window->count--;
    memmove(window->sorted + at, window->sorted + at + 1, (window->count - at) * sizeof value);
}

// Median of |x − center|: differences grow outwards from the middle of the window, so they are merged from both sides.
static double deviation(const struct window *window, double center) {
    size_t right = place(window, center), left = right, half = window->count / 2;
    double last = 0, before = 0;
    for (size_t i = 0; i <= half; i++) {
        bool take_left =
            left > 0 && (right == window->count || center - window->sorted[left - 1] <= window->sorted[right] - center);
        before = last;
        last = take_left ? center - window->sorted[left - 1] : window->sorted[right] - center;
        left -= take_left;
        right += !take_left;
    }
    return window->count % 2 == 1 ? last : before + (last - before) / 2;
}

struct smoothing {
    const struct settings *settings;
    struct window window;
    double *before; // room for the values of a part
};

static double smoothed(const struct smoothing *smoothing, double value) {
    double median = numbers_quantile(smoothing->window.sorted, smoothing->window.count, 0.5);
    if (text_equal(smoothing->settings->method, "rolling-median"))
        return median;
    double reach = smoothing->settings->limit * 1.4826 * deviation(&smoothing->window, median);
    return fabs(value - median) > reach ? median : value;
}

static void by_windows(void *context, double *values, const uint32_t *position, size_t count) {
    struct smoothing *smoothing = context;
    size_t reach = (size_t)smoothing->settings->reach;
    const double *before = memcpy(smoothing->before, values, count * sizeof *values);
    (void)position;
    smoothing->window.count = 0;
    for (size_t i = 0; i < count && i < reach; i++)
        enter(&smoothing->window, before[i]);
    for (size_t i = 0; i < count; i++) {
        if (i + reach < count)
            enter(&smoothing->window, before[i + reach]);
        if (i > reach)
            leave(&smoothing->window, before[i - reach - 1]);
        if (!isnan(before[i]))
            values[i] = smoothed(smoothing, before[i]);
    }
}

static void exponentially(void *context, double *values, const uint32_t *position, size_t count) {
    const struct smoothing *smoothing = context;
    double level = NAN, alpha = smoothing->settings->alpha;
    (void)position;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        level = isnan(level) ? values[i] : alpha * values[i] + (1 - alpha) * level;
        values[i] = level;
    }
}

// ---- applying ----

struct listing {
    const struct table *table;
    const struct apply_context *context;
    const char *column;
    const double *after;
};

static enum status list_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct listing *listing = context;
    enum status status = STATUS_OK;
    char old[64], new[64];
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        double after = listing->after[cells->first + i];
        if (cells_hole(cells, i) || cells->values[i] == after)
            continue;
        status = ledger_cell(listing->context, listing->table, cells->first + i, listing->column,
                             number_cell_text(COLUMN_NUMERIC, cells->values[i], old),
                             number_cell_text(COLUMN_NUMERIC, after, new), "median of the rows around it", error);
    }
    return status;
}

static enum status list(const struct settings *settings, const struct column *before, const double *after,
                        const struct table *table, const struct apply_context *context, struct error *error) {
    struct listing listing = {table, context, before->name, after};
    char text[96];
    if (text_equal(settings->method, "hampel"))
        return column_each(before, list_block, &listing, error);
    if (text_equal(settings->method, "exponential"))
        snprintf(text, sizeof text, "%.6g of each value, the rest from before", settings->alpha);
    else
        snprintf(text, sizeof text, "medians of %lld rows", (long long)(2 * settings->reach + 1));
    return ledger_column(context, before->name, text, "rows of one part in the order of the file", error);
}

static enum status smooth(const struct settings *settings, struct smoothing *smoothing, struct table *table,
                          size_t index, double *values, const struct apply_context *context, struct error *error) {
    struct column *before = table->columns[index];
    bool exponential = text_equal(settings->method, "exponential");
    enum status status = exponential ? series_refuse_infinite(table, index, values, error) : STATUS_OK;
    if (status == STATUS_OK)
        status = series_each_part(table, context, values, exponential ? exponentially : by_windows, smoothing, error);
    if (status == STATUS_OK)
        status = list(settings, before, values, table, context, error);
    return status == STATUS_OK ? series_replace(table, index, series_column(before, values, error)) : status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = settings_of(step);
    struct smoothing smoothing = {.settings = settings};
    double *values = NULL;
    (void)state;
    smoothing.window.sorted = mem_alloc(2 * (size_t)settings->reach + 2, sizeof *values);
    smoothing.before = mem_alloc(table->rows + 1, sizeof *values);
    enum status status = smoothing.window.sorted == NULL || smoothing.before == NULL
                             ? error_memory(error, "the numbers of a column", table->rows * sizeof *values)
                             : series_read(table->columns[index], &values, error);
    if (status == STATUS_OK)
        status = smooth(settings, &smoothing, table, index, values, context, error);
    mem_free(values);
    mem_free(smoothing.before);
    mem_free(smoothing.window.sorted);
    return status;
}

static bool looks_around(const struct step *step) {
    (void)step;
    return true;
}

const struct step_kind step_smooth = {
    .name = "smooth",
    .label = "smooth",
    .help = "take noise off columns whose rows are in order; only rows of the same part see each other",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .looks_around = looks_around,
    .fits = step_fits_numbers,
    .fit = step_fit_names,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
