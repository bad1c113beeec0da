// The plain dialogue: what is open.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/plain_parts.h"
#include "core/base/str.h"

enum { ROWS_USUAL = 10, CLASSES_SHOWN = 20 };

static const struct snapshot *snapshot_of(const struct plain *plain) {
    return session_snapshot(plain->session);
}

static const char *about(bool is) {
    return is ? "about " : "";
}

enum status plain_open(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct dataset *before = snapshot_of(plain)->dataset;
    enum status status = session_load(plain->session, line->words[0], NULL, error);
    if (!status)
        status = plain_settle(plain, error);
    bool opened = snapshot_of(plain)->dataset != before; // else the session has said why not
    return !status && opened ? plain_data(plain, line, error) : status;
}

static enum status profile_of(struct plain *plain, const struct profile **profile, struct error *error) {
    if (!snapshot_of(plain)->dataset)
        return error_set(error, STATUS_STATE, "nothing is open; open FILE opens a table or an image set");
    enum status status = plain_settle(plain, error);
    *profile = snapshot_of(plain)->profile;
    if (!status && !*profile)
        return error_set(error, STATUS_STATE, "the figures of %s were not made; open it again",
                         snapshot_of(plain)->dataset->name);
    return status;
}

static void tell_table(const struct snapshot *snapshot) {
    const struct table *table = snapshot->dataset->table;
    printf("%s: %zu %s, %zu %s\n", snapshot->dataset->name, table->rows, table->rows == 1 ? "row" : "rows",
           table->column_count, table->column_count == 1 ? "column" : "columns");
    if (table->target >= 0)
        printf("target: %s\n", table->columns[table->target]->name);
    if (snapshot->rows.order->rows)
        printf("shown: %zu rows%s%s\n", row_order_count(snapshot->rows.order, table),
               snapshot->rows.order->filter[0] ? " where " : "", snapshot->rows.order->filter);
}

static void tell_images(const struct snapshot *snapshot) {
    const struct image_set *images = snapshot->dataset->images;
    printf("%s: %zu pictures of %zu by %zu pixels, %zu channels, %zu classes\n", snapshot->dataset->name, images->count,
           images->width, images->height, images->channels, images->classes);
    for (size_t i = 0; i < images->classes && i < CLASSES_SHOWN && snapshot->profile; i++)
        printf("class %s: %" PRIu64 " pictures\n", images->class_names[i], snapshot->profile->images->class_counts[i]);
}

enum status plain_data(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    const struct profile *profile;
    enum status status = profile_of(plain, &profile, error);
    if (status)
        return status;
    if (snapshot_of(plain)->dataset->table)
        tell_table(snapshot_of(plain));
    else
        tell_images(snapshot_of(plain));
    printf("missing cells: %zu\nrows equal to an earlier one: %s%zu\nwarnings: %zu\n", profile->missing_cells,
           about(profile->duplicates_about), profile->duplicates, profile->warning_count);
    return STATUS_OK;
}

// ---- columns ----------------------------------------------------------------------------------------------------

static void tell_column(const struct column_profile *column, size_t number) {
    printf("column %zu, %s: %s, %zu missing, %s%zu distinct", number, column->column->name,
           column_type_name(column->column->type), column->missing, about(column->distinct_about), column->distinct);
    if (column->column->type == COLUMN_NUMERIC)
        printf(", mean %.6g, from %.6g to %.6g", column->mean, column->min, column->max);
    else if (column->top_count > 0)
        printf(", most often %s", column->top[0].word);
    putchar('\n');
}

enum status plain_columns(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    const struct profile *profile;
    const struct table *table;
    enum status status = profile_of(plain, &profile, error);
    if (!status)
        status = plain_table_now(plain, &table, error);
    for (size_t i = 0; !status && i < profile->column_count; i++)
        tell_column(&profile->columns[i], i + 1);
    return status;
}

static void tell_figure(const char *name, double value) {
    if (!isnan(value))
        printf("%s: %.6g\n", name, value);
}

// Eight ranges are enough to hear the shape of a distribution.
static void tell_histogram(const struct histogram *histogram) {
    enum { RANGES = 8, EACH = HISTOGRAM_BINS / RANGES };
    double width = (histogram->high - histogram->low) / RANGES;
    for (int i = 0; i < RANGES; i++) {
        uint64_t count = 0;
        for (int k = 0; k < EACH; k++)
            count += histogram->bins[i * EACH + k];
        printf("from %.6g to %.6g: %" PRIu64 " row%s\n", histogram->low + i * width, histogram->low + (i + 1) * width,
               count, count == 1 ? "" : "s");
    }
}

static void tell_figures(const struct column_profile *column) {
    const struct {
        const char *name;
        double value;
    } figures[] = {{"mean", column->mean}, {"standard deviation", column->sd}, {"least", column->min},
                   {"lower quartile", column->q25}, {"median", column->median}, {"upper quartile", column->q75},
                   {"most", column->max}, {"median absolute deviation", column->mad}, {"skewness", column->skew},
                   {"kurtosis", column->kurtosis}, {"zeros", (double)column->zeros},
                   {"negative", (double)column->negatives}, {"infinite", (double)column->infinite},
                   {"outliers", (double)column->outliers}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        tell_figure(figures[i].name, figures[i].value);
    if (column->max > column->min && isfinite(column->histogram.low) && isfinite(column->histogram.high))
        tell_histogram(&column->histogram);
}

enum status plain_column(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct profile *profile;
    const struct table *table;
    size_t index;
    enum status status = profile_of(plain, &profile, error);
    if (!status)
        status = plain_table_now(plain, &table, error);
    if (!status)
        status = plain_find_column(table, line->words[0], &index, error);
    if (status)
        return status;
    const struct column_profile *column = &profile->columns[index];
    printf("%s: %s\nmissing: %zu\ndistinct: %s%zu\n", column->column->name, column_type_name(column->column->type),
           column->missing, about(column->distinct_about), column->distinct);
    if (column->column->type == COLUMN_NUMERIC)
        tell_figures(column);
    else
        for (size_t i = 0; i < column->top_count; i++)
            printf("%s: %s%" PRIu64 " row%s\n", column->top[i].word, about(column->top_about), column->top[i].count,
                   column->top[i].count == 1 ? "" : "s");
    return STATUS_OK;
}

enum status plain_warnings(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    const struct profile *profile;
    enum status status = profile_of(plain, &profile, error);
    for (size_t i = 0; !status && i < profile->warning_count; i++)
        puts(profile->warnings[i].message);
    if (!status && profile->warning_count == 0)
        puts("nothing looks wrong");
    return status;
}

// ---- rows ------------------------------------------------------------------------------------------------------

static const char *cell_text(const struct table *table, size_t column, size_t row, char out[64]) {
    const char *text = column_text(table->columns[column], row, out);
    return text[0] ? text : "missing";
}

static void tell_row(const struct table *table, size_t row) {
    char text[64];
    printf("row %zu", row + 1);
    for (size_t i = 0; i < table->column_count; i++)
        printf("%s %s %s", i > 0 ? "," : ":", table->columns[i]->name, cell_text(table, i, row, text));
    putchar('\n');
}

enum status plain_rows(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct table *table;
    size_t from, count;
    enum status status = plain_table(plain, &table, error);
    if (status)
        return status;
    const struct row_order *order = snapshot_of(plain)->rows.order;
    size_t shown = row_order_count(order, table);
    status = plain_number(line, 0, "row", 1, shown, 1, &from, error);
    if (!status)
        status = plain_number(line, 1, "count", 1, SIZE_MAX, ROWS_USUAL, &count, error);
    for (size_t i = from - 1; !status && i < shown && i - (from - 1) < count; i++)
        tell_row(table, row_order_at(order, i));
    if (!status && shown == 0)
        puts("no row is shown");
    return status;
}

enum status plain_row(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct table *table;
    size_t number;
    char text[64];
    enum status status = plain_table(plain, &table, error);
    if (!status)
        status = plain_number(line, 0, "row", 1, table->rows, 1, &number, error);
    for (size_t i = 0; !status && i < table->column_count; i++)
        printf("%s: %s\n", table->columns[i]->name, cell_text(table, i, number - 1, text));
    return status;
}

static void tell_shown(struct plain *plain, const struct table *table) {
    size_t shown = row_order_count(snapshot_of(plain)->rows.order, table);
    printf("%zu of %zu row%s %s shown\n", shown, table->rows, table->rows == 1 ? "" : "s", shown == 1 ? "is" : "are");
}

enum status plain_filter(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct table *table;
    enum status status = plain_table(plain, &table, error);
    if (!status && line->count == 0)
        session_all_rows(plain->session);
    else if (!status)
        status = session_filter_rows(plain->session, line->words[0], NULL, error);
    if (!status)
        status = plain_table(plain, &table, error);
    if (!status)
        tell_shown(plain, table);
    return status;
}

enum status plain_sort(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct table *table;
    size_t index;
    enum status status = plain_table(plain, &table, error);
    if (!status)
        status = plain_find_column(table, line->words[0], &index, error);
    if (!status)
        status = session_sort_rows(plain->session, index, error);
    if (!status)
        status = plain_table(plain, &table, error);
    if (status)
        return status;
    int sorted = snapshot_of(plain)->rows.order->sorted;
    if (sorted != 0)
        printf("sorted by %s, %s first\n", line->words[0], sorted > 0 ? "the least" : "the most");
    return STATUS_OK;
}

// From the row found last on, round the table.
enum status plain_find(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct table *table;
    enum status status = plain_table(plain, &table, error);
    if (status)
        return status;
    uint64_t finds = snapshot_of(plain)->rows.finds;
    size_t shown = row_order_count(snapshot_of(plain)->rows.order, table);
    size_t from = finds > 0 ? snapshot_of(plain)->rows.found_row : shown > 0 ? shown - 1 : 0;
    status = session_find_row(plain->session, line->words[0], from, 1, error);
    if (!status)
        status = plain_table(plain, &table, error);
    const struct rows_view *rows = &snapshot_of(plain)->rows;
    if (!status && rows->finds > finds && rows->found_row < row_order_count(rows->order, table))
        tell_row(table, row_order_at(rows->order, rows->found_row));
    return status;
}

// ---- how it is read ----------------------------------------------------------------------------------------------

enum status plain_target(struct plain *plain, const struct plain_line *line, struct error *error) {
    enum status status = session_set_target(plain->session, line->words[0], error);
    if (!status)
        printf("target: %s\n", line->words[0]);
    return status;
}

enum status plain_type(struct plain *plain, const struct plain_line *line, struct error *error) {
    return session_set_type(plain->session, line->words[0], line->words[1], error);
}

enum status plain_missing(struct plain *plain, const struct plain_line *line, struct error *error) {
    return session_add_missing_token(plain->session, line->words[0], error);
}
