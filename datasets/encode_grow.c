// The source of a table that has grown: the encoding of its first rows, kept for all of them.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/encode.h"
#include "datasets/steps/state.h"

struct growing { // scratch; growing_clear
    const struct table *table;
    const struct encoding *encoding;
    int *picked;    // [features]
    uint32_t *kept; // [rows of the table]
    uint8_t *part;
    int32_t *labels; // of all rows of the table; classify
    float *targets;  // regress
};

static enum status growing_make(struct growing *growing, struct error *error) {
    size_t rows = growing->table->rows + 1;
    bool classify = growing->encoding->task == SOURCE_CLASSIFY;
    growing->picked = mem_alloc(growing->encoding->features + 1, sizeof *growing->picked);
    growing->kept = mem_alloc(rows, sizeof *growing->kept);
    growing->part = mem_alloc(rows, 1);
    growing->labels = classify ? mem_alloc(rows, sizeof *growing->labels) : NULL;
    growing->targets = classify ? NULL : mem_alloc(rows, sizeof *growing->targets);
    if (growing->picked && growing->kept && growing->part && (growing->labels || growing->targets))
        return STATUS_OK;
    return error_memory(error, "the rows of a source", (unsigned long long)rows * sizeof *growing->kept);
}

static void growing_clear(struct growing *growing) {
    mem_free(growing->picked);
    mem_free(growing->kept);
    mem_free(growing->part);
    mem_free(growing->labels);
    mem_free(growing->targets);
}

static enum status note_left_out(const struct growing *growing, const struct column *target, size_t kept,
                                 struct notes *notes, struct error *error) {
    size_t left_out = growing->table->rows - kept, missing = target->missing_count;
    enum status status = STATUS_OK;
    if (missing > left_out)
        missing = left_out;
    if (missing > 0)
        status = notes_add(notes, 0, target->name, error, "%zu row%s left out: the target \"%s\" is missing there",
                           missing, missing == 1 ? " is" : "s are", target->name);
    if (left_out > missing && !status)
        status = notes_add(notes, 0, target->name, error,
                           "%zu row%s left out: \"%s\" has a class there that the model does not know",
                           left_out - missing, left_out - missing == 1 ? " is" : "s are", target->name);
    return status;
}

// Rows with a known target; infinite ones are refused as they are when a run begins.
static enum status keep_rows(struct growing *growing, size_t *count, struct notes *notes, struct error *error) {
    const struct table *table = growing->table;
    int target = table_find(table, growing->encoding->target_name);
    if (target < 0)
        return error_set(error, STATUS_MISSING, "%s has no column \"%s\", which the run predicts", table->name,
                         growing->encoding->target_name);
    enum status status = encoding_target(growing->encoding, table, growing->labels, growing->targets, error);
    for (size_t row = 0; row < table->rows && !status; row++) {
        growing->kept[*count] = (uint32_t)row;
        *count += growing->labels ? growing->labels[row] >= 0 : !isnan(growing->targets[row]);
        if (growing->targets && isinf(growing->targets[row]))
            status = cell_refuse_infinite(table, (size_t)target, row, error);
    }
    return status ? status : note_left_out(growing, table->columns[target], *count, notes, error);
}

static enum status fill(struct growing *growing, const struct split *split, struct notes *notes, struct source *source,
                        struct error *error) {
    const struct encoding *encoding = growing->encoding;
    size_t rows = 0;
    enum status status = encoding_pick(encoding, growing->table, growing->picked, error);
    if (!status)
        status = keep_rows(growing, &rows, notes, error);
    if (!status)
        status = source_fill(source, growing->table, growing->kept, rows, growing->picked, encoding->features, error);
    if (status)
        return status;
    for (size_t i = 0; i < rows; i++) {
        growing->part[i] = split->part[source->origin[i]];
        if (growing->labels)
            growing->labels[i] = growing->labels[growing->kept[i]]; // kept[i] ≥ i
        else
            growing->targets[i] = growing->targets[growing->kept[i]];
    }
    source->labels = growing->labels;
    source->targets = growing->targets;
    growing->labels = NULL;
    growing->targets = NULL;
    status = encoding_give(encoding, source, error);
    return status ? status : source_parts(source, growing->part, error);
}

enum status source_grow(const struct dataset *dataset, const struct prepared *prepared, const struct split *split,
                        const struct encoding *encoding, struct notes *notes, struct source **out,
                        struct error *error) {
    if (dataset->table == NULL || encoding->features == 0)
        return error_set(error, STATUS_UNSUPPORTED, "%s holds images; only tables can grow", dataset->name);
    struct growing growing = {.table = prepared->stages[prepared->stage_count - 1], .encoding = encoding};
    struct source *source = source_begin(error);
    enum status status = source ? growing_make(&growing, error) : STATUS_MEMORY;
    if (!status)
        status = fill(&growing, split, notes, source, error);
    growing_clear(&growing);
    if (!status)
        status = source_seal(source, error);
    if (status) {
        source_release(source);
        return status;
    }
    *out = source;
    return STATUS_OK;
}
