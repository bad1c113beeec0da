// The suggested pipeline: what this data needs before a neural net can learn from it, and why.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/duplicates.h"
#include "datasets/pipeline.h"
#include "datasets/steps/state.h"

// Of a few exact duplicates each is more likely a mistake than data; where many rows are equal they are
// counts of the same case, and dropping them would change what is learned.
#define DUPLICATES_MOST 0.01

// A category column with more words than this gets one column for the rarest of them together.
#define CATEGORIES_MANY 100

struct needs {
    size_t index_from; // categories of at least so many words become indices; 0: none do
    size_t indices;
    size_t numbers, categories, dates, texts; // columns besides the target
    size_t many;                              // categories of more than CATEGORIES_MANY words
    size_t holes;                      // missing cells, but for text
    size_t infinite;                   // cells
    struct str infinite_columns;       // a list of names
    size_t duplicates;
};

static enum status count_duplicates(const struct table *table, size_t *count, struct error *error) {
    uint64_t *hashes = mem_alloc(table->rows + 1, sizeof *hashes);
    uint32_t *first = mem_alloc(table->rows + 1, sizeof *first);
    enum status status = !hashes || !first ? error_memory(error, "the rows' hashes", table->rows * sizeof *hashes)
                                           : table_row_hashes(table, hashes, error);
    *count = 0;
    if (!status) // for a suggestion the hash has to do
        status = duplicates_of_items(hashes, table->rows, NULL, NULL, NULL, first, NULL, error);
    for (size_t row = 0; row < table->rows && !status; row++)
        *count += first[row] != 0;
    mem_free(first);
    mem_free(hashes);
    return status;
}

static enum status add_infinite(void *count, const struct column_cells *cells, struct error *error) {
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        *(size_t *)count += isinf(cells->values[i]) ? 1 : 0;
    return STATUS_OK;
}

static enum status count_infinite(const struct column *column, struct needs *needs, struct error *error) {
    size_t row, count = 0;
    enum status status = column_infinite(column, &row, error);
    if (!status && row != SIZE_MAX)
        status = column_each(column, add_infinite, &count, error);
    needs->infinite += count;
    if (count > 0)
        column_list_add(&needs->infinite_columns, column->name);
    return status;
}

static enum status look(const struct table *table, struct needs *needs, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < table->column_count && !status; i++) {
        const struct column *column = table->columns[i];
        bool number = column->type == COLUMN_NUMERIC, category = column->type == COLUMN_CATEGORY;
        if ((int)i == table->target)
            continue;
        needs->numbers += number;
        needs->categories += category;
        bool index = category && needs->index_from > 0 && column->word_count >= needs->index_from;
        needs->indices += index;
        needs->many += category && !index && column->word_count > CATEGORIES_MANY;
        needs->dates += column->type == COLUMN_DATE;
        needs->texts += column->type == COLUMN_TEXT;
        if (column->type != COLUMN_TEXT) // what the step fills by itself
            needs->holes += column->missing_count;
        if (number)
            status = count_infinite(column, needs, error);
    }
    if (!status && needs->infinite_columns.failed)
        return error_memory(error, "column names", needs->infinite_columns.length);
    return status ? status : count_duplicates(table, &needs->duplicates, error);
}

// Appends a step and its reason.
static enum status add(struct pipeline *pipeline, const struct step_kind *kind, struct str *reasons,
                       struct error *error) {
    enum status status = pipeline_insert(pipeline, pipeline->count, kind, error);
    if (!status && reasons)
        str_format(reasons, "%s: ", kind->label);
    return status;
}

static void because(struct str *reasons, enum status status, size_t count, const char *what, const char *why) {
    if (!status && reasons)
        str_format(reasons, "%zu %s%s; %s\n", count, what, count == 1 ? "" : "s", why);
}

// Infinities are moved to the far fences, and only in the columns that have them.
static enum status suggest_fences(const struct needs *needs, struct pipeline *pipeline, struct str *reasons,
                                  struct error *error) {
    if (needs->infinite == 0 || needs->infinite_columns.length >= PARAM_TEXT_SIZE)
        return STATUS_OK;
    enum status status = add(pipeline, &step_outliers, reasons, error);
    because(reasons, status, needs->infinite, "cell", "infinite ones cannot be scaled and move to the far fence");
    struct step *step = pipeline->steps[pipeline->count - 1];
    if (!status)
        status = step_set(step, "factor", "3", error);
    return status ? status : step_set(step, "columns", str_text(&needs->infinite_columns), error);
}

// In front of what fills holes: a missing category has an index of its own.
static enum status suggest_index(const struct needs *needs, struct pipeline *pipeline, struct str *reasons,
                                 struct error *error) {
    char from[24];
    if (needs->indices == 0)
        return STATUS_OK;
    enum status status = add(pipeline, &step_index, reasons, error);
    because(reasons, status, needs->indices, "column",
            "categories of many values become rows of a table that is trained");
    snprintf(from, sizeof from, "%zu", needs->index_from);
    return status ? status : step_set(pipeline->steps[pipeline->count - 1], "from", from, error);
}

// A category that only other rows have is no reason to stop. The step is there too where every column looks like one of
// indices: training rows alone decide that, and may have fewer categories.
static enum status suggest_one_hot(const struct needs *needs, struct pipeline *pipeline, struct str *reasons,
                                   struct error *error) {
    enum status status = add(pipeline, &step_one_hot, reasons, error);
    size_t left = needs->categories - needs->indices;
    if (!status && left == 0 && reasons)
        str_format(reasons, "for columns with fewer than %zu categories in the training rows\n", needs->index_from);
    else
        because(reasons, status, left, "column",
                needs->many == 0 ? "a model reads numbers, so each category becomes a column"
                                 : "a model reads numbers, so each category becomes a column; of very many the rarest share one");
    if (status)
        return status;
    struct step *step = pipeline->steps[pipeline->count - 1];
    char most[16];
    snprintf(most, sizeof most, "%d", CATEGORIES_MANY);
    status = step_set(step, "unknown", needs->many == 0 ? "ignore" : "infrequent", error);
    return status || needs->many == 0 ? status : step_set(step, "max_categories", most, error);
}

static enum status suggest_steps(const struct table *table, bool necessary_only, const struct needs *needs,
                                 struct pipeline *pipeline, struct str *reasons, struct error *error) {
    enum status status = STATUS_OK;
    bool few = needs->duplicates > 0 && (double)needs->duplicates <= DUPLICATES_MOST * (double)table->rows;
    if (!status && few && !necessary_only) {
        status = add(pipeline, &step_drop_duplicates, reasons, error);
        because(reasons, status, needs->duplicates, "row", "the same row twice counts twice");
    }
    if (!status)
        status = suggest_fences(needs, pipeline, reasons, error);
    if (!status && needs->dates && !necessary_only) {
        status = add(pipeline, &step_date_parts, reasons, error);
        because(reasons, status, needs->dates, "column", "a model reads numbers, so dates become year, month, day, weekday");
    }
    if (!status)
        status = suggest_index(needs, pipeline, reasons, error);
    if (!status && needs->holes) {
        status = add(pipeline, &step_missing, reasons, error);
        because(reasons, status, needs->holes, "cell", "a model needs a value in every cell");
    }
    size_t numbers = needs->numbers + (necessary_only ? 0 : needs->dates);
    if (!status && numbers && !necessary_only) {
        status = add(pipeline, &step_standardize, reasons, error);
        because(reasons, status, numbers, "column", "nets learn faster when numbers have mean 0 and sd 1");
    }
    if (!status && needs->categories)
        status = suggest_one_hot(needs, pipeline, reasons, error);
    size_t other = needs->texts + (necessary_only ? needs->dates : 0);
    if (!status && other && reasons)
        str_format(reasons, "%zu column%s of %s %s left out\n", other, other == 1 ? "" : "s",
                   necessary_only ? "text or dates" : "text", other == 1 ? "is" : "are");
    return status;
}

static enum status suggest_table(const struct table *table, bool necessary_only, size_t index_from,
                                 struct pipeline *pipeline, struct str *reasons, struct error *error) {
    struct needs needs = {.index_from = index_from};
    enum status status = look(table, &needs, error);
    if (!status)
        status = suggest_steps(table, necessary_only, &needs, pipeline, reasons, error);
    str_free(&needs.infinite_columns);
    return status;
}

enum status pipeline_suggest(const struct dataset *dataset, bool necessary_only, size_t index_from,
                             struct pipeline **out, struct str *reasons, struct error *error) {
    struct pipeline *pipeline = NULL;
    enum status status = pipeline_make(&pipeline, error);
    if (!status && dataset->kind == DATASET_TABLE)
        status = suggest_table(dataset->table, necessary_only, index_from, pipeline, reasons, error);
    else if (!status && !necessary_only) {
        status = add(pipeline, &step_normalize_images, reasons, error);
        because(reasons, status, dataset->images->channels, "channel", "pixels get mean 0 and sd 1, measured on training images");
    }
    if (!status && reasons && reasons->failed)
        status = error_memory(error, "the reasons", reasons->length);
    if (status) {
        pipeline_free(pipeline);
        return status;
    }
    *out = pipeline;
    return STATUS_OK;
}
