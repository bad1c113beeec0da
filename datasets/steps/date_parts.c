// date-parts: a column of dates becomes columns of numbers: year, month, day, weekday (Monday 0), hour, day of the
// year. Parts that come round again can be sine and cosine instead, so that December lies beside January. The hour is
// left out where no training row has a time of day.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/cell_date.h"
#include "datasets/steps/state.h"

enum date_part { YEAR, MONTH, DAY, WEEKDAY, HOUR, DAY_OF_YEAR, PARTS };
struct settings {
    bool parts[PARTS], cyclic;
    char columns[PARAM_TEXT_SIZE];
};
enum { TIMES }; // figure: some training row has a time of day

// `first` is what the part begins with, `period` after how much it comes round again (0: never).
static const struct {
    const char *name;
    double first, period;
} parts[PARTS] = {
    [YEAR] = {"year", 0, 0},       [MONTH] = {"month", 1, 12}, [DAY] = {"day", 1, 31},
    [WEEKDAY] = {"weekday", 0, 7}, [HOUR] = {"hour", 0, 24},   [DAY_OF_YEAR] = {"day_of_year", 1, 365.25},
};

#define PART(part, text, shown, usual, what)                                                                           \
    {                                                                                                                  \
        .name = text, .label = shown, .group = "step", .type = PARAM_SWITCH,                                           \
        .offset = offsetof(struct settings, parts) + (part) * sizeof(bool), .fallback = usual, .help = what            \
    }
static const struct param rows[] = {
    PART(YEAR, "year", "year", "yes", "a column of the year"),
    PART(MONTH, "month", "month", "yes", "a column of the month, 1 to 12"),
    PART(DAY, "day", "day", "yes", "a column of the day of the month, 1 to 31"),
    PART(WEEKDAY, "weekday", "weekday", "yes", "a column of the day of the week, Monday 0 to Sunday 6"),
    PART(HOUR, "hour", "hour", "yes", "a column of the hour, 0 to 23, where training rows have times of day"),
    PART(DAY_OF_YEAR, "day_of_year", "day of year", "no", "a column of the day of the year, 1 to 366"),
    {.name = "cyclic",
     .label = "cyclic",
     .group = "step",
     .type = PARAM_SWITCH,
     .offset = offsetof(struct settings, cyclic),
     .fallback = "no",
     .help = "sine and cosine in place of month, day, weekday, hour and day of the year"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static bool fits(const struct column *column, const void *settings) {
    (void)settings;
    return column->type == COLUMN_DATE;
}

static enum status find_times(void *context, const double *values, size_t count, struct error *error) {
    bool *found = context;
    (void)error;
    for (size_t i = 0; i < count && !*found; i++)
        *found = fmod(values[i], 86400) != 0;
    return STATUS_OK;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    bool times = false;
    const struct column *column = table->columns[index];
    if (column->type != COLUMN_DATE)
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s; this step needs dates", column->name,
                         column_type_name(column->type));
    enum status status = values_each(step->task, table, index, training, count, true, find_times, &times, NULL, error);
    state->figures[TIMES] = times;
    return status;
}

// ---- parts of a date ----

static double part_of(double seconds, enum date_part part) {
    int64_t year;
    int month, day;
    if (!(fabs(seconds) < 1e14)) // beyond any calendar
        return 0;
    int64_t days = (int64_t)floor(seconds / 86400);
    if (part == HOUR)
        return floor((seconds - (double)days * 86400) / 3600);
    if (part == WEEKDAY)
        return (double)(((days + 3) % 7 + 7) % 7); // 1970-01-01 was a Thursday
    date_civil(days, &year, &month, &day);
    if (part == DAY_OF_YEAR)
        return (double)(days - date_days(year, 1, 1) + 1);
    return part == YEAR ? (double)year : part == MONTH ? month : day;
}

enum part_shape { PLAIN, SINE, COSINE };

// figures: part, shape.
static void take_part(const struct column_formula *formula, const struct column_cells *from, double *values,
                      uint64_t *missing) {
    enum date_part part = (enum date_part)formula->figures[0];
    enum part_shape shape = (enum part_shape)formula->figures[1];
    for (size_t i = 0; i < from->count; i++) {
        double value = part_of(from->values[i], part);
        double angle = shape == PLAIN ? 0 : 2 * acos(-1) * (value - parts[part].first) / parts[part].period;
        values[i] = shape == PLAIN ? value : shape == SINE ? sin(angle) : cos(angle);
    }
    cells_keep_missing(from, values, missing);
}

// ---- applying ----

struct making {
    struct table *table;
    struct column *column; // a reference is held
    size_t at;             // where the next one goes
    size_t made;
};

static enum status add_part(struct making *making, enum date_part part, enum part_shape shape, struct error *error) {
    static const char *const endings[] = {[PLAIN] = "", [SINE] = "_sin", [COSINE] = "_cos"};
    struct column_formula formula = {.compute = take_part, .figures = {part, shape}};
    struct str name = {0};
    enum status status = STATUS_OK;
    str_format(&name, "%s_%s%s", making->column->name, parts[part].name, endings[shape]);
    if (name.failed)
        status = error_memory(error, "a column's name", name.length);
    else if (table_find(making->table, str_text(&name)) >= 0)
        status = error_set(error, STATUS_INVALID, "there is a column \"%s\" already; rename it or leave this part out",
                           str_text(&name));
    if (status == STATUS_OK) {
        formula.from = column_share(making->column);
        struct column *made = column_computed(str_text(&name), COLUMN_NUMERIC, shape == PLAIN, formula,
                                              making->column->missing_count, error);
        status = made == NULL ? STATUS_MEMORY : table_insert(making->table, making->at, made, error);
    }
    making->at++;
    making->made++;
    str_free(&name);
    return status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    struct making making = {.table = table, .column = column_share(table->columns[index]), .at = index};
    char text[64];
    enum status status = STATUS_OK;
    table_remove(table, index);
    for (enum date_part part = 0; part < PARTS && status == STATUS_OK; part++) {
        if (!settings->parts[part] || (part == HOUR && state->figures[TIMES] == 0))
            continue;
        bool round = settings->cyclic && parts[part].period > 0;
        status = add_part(&making, part, round ? SINE : PLAIN, error);
        if (status == STATUS_OK && round)
            status = add_part(&making, part, COSINE, error);
    }
    column_release(making.column);
    snprintf(text, sizeof text, "%zu columns", making.made);
    return status == STATUS_OK ? ledger_column(context, state->name, text, "parts of its dates", error) : status;
}

const struct step_kind step_date_parts = {
    .name = "date-parts",
    .label = "date parts",
    .help = "turn dates into numbers: year, month, day, weekday, hour",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .figures = {[TIMES] = "times"},
    .fits = fits,
    .fit = step_fit_each,
    .fit_one = fit_one,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
