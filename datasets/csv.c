// The CSV loader: rows of text become typed columns. A probe of the first rows guesses each type, one
// pass over the file fills the columns and learns whether the guess holds, and a second pass reads
// again only the columns for which it did not.
#include "datasets/csv.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/csv_growing.h"
#include "datasets/csv_load.h"
#include "datasets/csv_names.h"
#include "datasets/csv_reader.h"
#include "datasets/csv_sample.h"
#include "datasets/csv_seen.h"
#include "datasets/kept.h"

enum { PROBE_ROWS = 500 };

// ---- width and names ------------------------------------------------------------------------------

enum status csv_load_width(struct loading *loading, struct csv_names *names, struct error *error) {
    struct csv_reader reader;
    enum status status = csv_reader_open(&reader, loading->path, &loading->dataset->dialect, NULL, NULL, error);
    if (status != STATUS_OK)
        return status;
    status = csv_names_read(names, &reader, PROBE_ROWS, error);
    csv_reader_close(&reader);
    if (status != STATUS_OK)
        return status;
    if (names->rows == 0)
        return error_set(error, STATUS_INVALID, "%s: has a header but no rows under it; there is nothing to show",
                         loading->path);
    loading->width = names->width;
    loading->columns = mem_alloc(loading->width, sizeof *loading->columns);
    if (loading->columns == NULL)
        return error_memory(error, loading->path, loading->width * sizeof *loading->columns);
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++) {
        cell_evidence_begin(&loading->columns[i].evidence);
        status = csv_names_make(names, i, &loading->columns[i].name, &loading->dataset->notes, error);
    }
    return status;
}

static enum status no_column(const struct loading *loading, const char *name, struct error *error) {
    char hint[TEXT_HINT_SIZE];
    struct text_nearest nearest = text_nearest_of(name);
    for (size_t i = 0; i < loading->width; i++)
        text_nearest_try(&nearest, loading->columns[i].name);
    return error_set(error, STATUS_MISSING, "%s: there is no column \"%.80s\"; %s", loading->path, name,
                     text_nearest_hint(&nearest, hint));
}

static int find_column(const struct loading *loading, const char *name) {
    for (size_t i = 0; i < loading->width; i++)
        if (strcmp(loading->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

enum status csv_load_tokens(struct loading *loading, struct error *error) {
    const struct load_options *options = loading->options;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++) {
        struct csv_column *column = &loading->columns[i];
        if (missing_tokens_name(options->missing_tokens, options->missing_token_count, column->name))
            status = missing_tokens_column(&column->own, !options->only_tokens, options->missing_tokens,
                                           options->missing_token_count, column->name, error);
    }
    return status;
}

static enum status force_types(struct loading *loading, struct error *error) {
    for (size_t i = 0; i < loading->options->override_count; i++) {
        int index = find_column(loading, loading->options->overrides[i].column);
        if (index < 0 && loading->options->seen != NULL && loading->options->seen->count > 0)
            continue; // a further file may lack it
        if (index < 0)
            return no_column(loading, loading->options->overrides[i].column, error);
        loading->columns[index].forced = true;
        loading->columns[index].forced_type = loading->options->overrides[i].type;
        loading->columns[index].amount = loading->options->overrides[i].amount;
    }
    return STATUS_OK;
}

// ---- columns --------------------------------------------------------------------------------------

enum status csv_load_decide(struct loading *loading, struct cell_format **formats, struct error *error) {
    const struct dialect *dialect = &loading->dataset->dialect;
    struct cell_hints hints = {.delimiter = dialect->delimiter[0],
                               .decimal = dialect->decimal,
                               .thousands = dialect->thousands,
                               .order = dialect->date_order};
    *formats = mem_alloc(loading->width, sizeof **formats);
    if (*formats == NULL)
        return error_memory(error, loading->path, loading->width * sizeof **formats);
    return csv_columns_decide(loading->columns, loading->width, &hints, *formats, error);
}

static enum status begin_columns(struct loading *loading, struct error *error) {
    struct cell_format *formats;
    enum status status = csv_load_decide(loading, &formats, error);
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++)
        status = csv_column_begin(&loading->columns[i], &formats[i], error);
    mem_free(formats);
    return status;
}

// A column that turned out to be something else begins again; one that did not keeps the cells it has.
static enum status mend_column(struct csv_column *column, const struct cell_format *format, bool *again,
                               struct error *error) {
    column->settled = true;
    if (cell_format_same(format, &column->format)) {
        column->format = *format;
        column->stored = false;
        return STATUS_OK;
    }
    *again = true;
    return csv_column_begin(column, format, error);
}

// Columns that turned out to be something else are read again as that.
static enum status mend_columns(struct loading *loading, struct error *error) {
    struct cell_format *formats;
    enum status status = csv_load_decide(loading, &formats, error);
    bool again = false;
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++)
        status = mend_column(&loading->columns[i], &formats[i], &again, error);
    mem_free(formats);
    return status == STATUS_OK && again ? csv_rows_read(loading, true, error) : status;
}

static enum status note_trailing(struct loading *loading, struct error *error) {
    if (loading->trailing == 0)
        return STATUS_OK;
    return notes_add(&loading->dataset->notes, loading->first_trailing, NULL, error,
                     "%llu rows end in delimiters with nothing behind them; the first is this one",
                     (unsigned long long)loading->trailing);
}

// A delimiter at the end of every line makes a last column without name and cells.
static bool is_trailing_column(const struct loading *loading, const struct csv_names *names, size_t index) {
    return names != NULL && index + 1 == loading->width && index > 0 && !loading->columns[index].not_empty &&
           csv_names_is_empty(names, index);
}

static enum status make_table(struct loading *loading, const struct csv_names *names, struct error *error) {
    struct table *table = loading->table;
    struct notes *notes = &loading->dataset->notes;
    enum status status = STATUS_OK;
    table->rows = loading->rows;
    loading->dataset->table = table;
    loading->table = NULL;
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++) {
        struct column *column = NULL;
        if (is_trailing_column(loading, names, i)) {
            status =
                notes_add(notes, 0, NULL, error, "every row ends in a delimiter; the empty last column was left out");
            continue;
        }
        status = csv_column_finish(&loading->columns[i], &column, notes, error);
        if (status == STATUS_OK)
            status = table_add(table, column, error);
    }
    return status;
}

static enum status choose_target(struct loading *loading, struct error *error) {
    static const char *const usual[] = {"target", "class", "label", "y"};
    struct table *table = loading->dataset->table;
    if (loading->options->target != NULL && loading->options->target[0] != '\0') {
        table->target = table_find(table, loading->options->target);
        return table->target < 0 ? no_column(loading, loading->options->target, error) : STATUS_OK;
    }
    table->target = (int)table->column_count - 1;
    for (size_t i = sizeof usual / sizeof *usual; i-- > 0;)
        if (table_find(table, usual[i]) >= 0)
            table->target = table_find(table, usual[i]);
    return STATUS_OK;
}

// Not all rows: guesses from their bytes how many the file has.
static void mark_partial(struct loading *loading) {
    struct dataset *dataset = loading->dataset;
    uint64_t rows = dataset->table->rows, most = loading->options->rows_most;
    dataset->partial = loading->stopped || (most > 0 && rows == most);
    if (dataset->partial && loading->bytes_read > 0)
        dataset->rows_guess = (uint64_t)((double)rows * (double)dataset->file_bytes / (double)loading->bytes_read);
}

// The first rows of a large file for those who wait for them; what goes wrong here is told by the reading proper.
static void give_preview(const char *path, const struct load_options *options, uint64_t bytes) {
    if (options->preview == NULL || bytes < DATASET_PREVIEW_BYTES)
        return;
    struct load_options *first = mem_copy(options, sizeof *options);
    struct dataset *dataset = NULL;
    struct error error;
    if (first == NULL)
        return;
    first->preview = NULL;
    first->growing = NULL;
    first->rows_most = DATASET_PREVIEW_ROWS;
    if (dataset_open(path, first, &dataset, NULL, &error) == STATUS_OK)
        options->preview(options->preview_context, dataset);
    mem_free(first);
}

// Once the columns have all rows.
static enum status end_rows(struct loading *loading, const struct csv_names *names, struct error *error) {
    enum status status = note_trailing(loading, error);
    if (status == STATUS_OK)
        status = make_table(loading, names, error);
    if (status == STATUS_OK && loading->options->seen != NULL)
        status = csv_seen_end(loading->options->seen, loading->columns, loading->width, error);
    if (status == STATUS_OK)
        status = choose_target(loading, error);
    if (status == STATUS_OK)
        mark_partial(loading);
    if (status == STATUS_OK && loading->options->growing != NULL)
        csv_growing_fill(loading->options->growing, loading);
    return status;
}

static enum status load_rows(struct loading *loading, struct csv_names *names, struct error *error) {
    struct csv_seen *seen = loading->options->seen;
    enum status status = csv_load_width(loading, names, error);
    if (status == STATUS_OK && seen != NULL)
        status = csv_seen_begin(seen, loading->columns, loading->width, error);
    if (status == STATUS_OK)
        status = csv_load_tokens(loading, error);
    if (status == STATUS_OK)
        status = force_types(loading, error);
    if (status == STATUS_OK)
        status = csv_rows_probe(loading, PROBE_ROWS, error);
    if (status == STATUS_OK)
        status = begin_columns(loading, error);
    if (status == STATUS_OK)
        status = table_make(0, loading->path, &loading->table, error);
    if (status == STATUS_OK)
        status = csv_rows_read(loading, false, error);
    if (status == STATUS_OK)
        status = mend_columns(loading, error);
    return status == STATUS_OK ? end_rows(loading, names, error) : status;
}

// ---- a file that has grown -------------------------------------------------------------------------

static enum status name_columns(struct loading *loading, const struct table *table, struct error *error) {
    loading->width = table->column_count;
    loading->columns = mem_alloc(loading->width, sizeof *loading->columns);
    for (size_t i = 0; loading->columns != NULL && i < loading->width; i++) {
        loading->columns[i].name = mem_string(table->columns[i]->name);
        if (loading->columns[i].name == NULL)
            return error_memory(error, loading->path, loading->width);
    }
    return loading->columns == NULL ? error_memory(error, loading->path, loading->width * sizeof *loading->columns)
                                    : STATUS_OK;
}

// Whether all cells, the new ones too, make every column what it is.
static enum status check_formats(struct loading *loading, struct error *error) {
    struct cell_format *formats;
    enum status status = csv_load_decide(loading, &formats, error);
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++) {
        if (!cell_format_same(&formats[i], &loading->columns[i].format))
            status = STATUS_UNSUPPORTED;
        else
            loading->columns[i].format = formats[i];
    }
    mem_free(formats);
    return status;
}

static void clear_columns(struct loading *loading) {
    for (size_t i = 0; loading->columns != NULL && i < loading->width; i++)
        csv_column_clear(&loading->columns[i]);
    mem_free(loading->columns);
    loading->columns = NULL;
    table_free(loading->table);
    loading->table = NULL;
}

// Only what was added. STATUS_UNSUPPORTED or STATUS_MEMORY, and nothing is left of it: all has to be read.
static enum status load_growth(struct loading *loading, struct error *error) {
    const struct csv_growing *growing = loading->options->growing;
    task_begin(loading->task, "Reading", "bytes", 0);
    enum status status = name_columns(loading, growing->table, error);
    if (status == STATUS_OK)
        status = csv_load_tokens(loading, error);
    if (status == STATUS_OK)
        status = force_types(loading, error);
    if (status == STATUS_OK)
        status = csv_growing_read(growing, loading, error);
    if (status == STATUS_OK)
        status = check_formats(loading, error);
    if (status == STATUS_OK)
        status = csv_growing_join(growing, loading, error);
    if (status == STATUS_OK)
        status = end_rows(loading, NULL, error);
    if (status == STATUS_UNSUPPORTED || status == STATUS_MEMORY) {
        clear_columns(loading);
        table_free(loading->dataset->table);
        loading->dataset->table = NULL;
        notes_free(&loading->dataset->notes);
        loading->dataset->notes = (struct notes){0};
        loading->rows = 0;
        loading->trailing = loading->first_trailing = 0;
    }
    return status;
}

static enum status note_skipped(struct dataset *dataset, struct error *error) {
    size_t skip = dataset->dialect.skip;
    if (skip == 0)
        return STATUS_OK;
    return notes_add(&dataset->notes, 1, NULL, error, "%zu %s before the table %s left out", skip,
                     skip == 1 ? "line" : "lines", skip == 1 ? "was" : "were");
}

static enum status load(const char *path, const struct load_options *options, struct dataset *dataset,
                        struct task *task, struct error *error) {
    struct loading loading = {.path = path, .options = options, .dataset = dataset, .task = task};
    struct csv_names names = {0};
    struct str key = {0};
    bool kept = false;
    enum status status = kept_read(path, options, &key, dataset, &kept, task, error);
    if (status != STATUS_OK || kept)
        goto out;
    dataset->kind = DATASET_TABLE;
    if (status == STATUS_OK)
        status = (options->only_tokens ? missing_tokens_own : missing_tokens_make)(
            &loading.tokens, options->missing_tokens, options->missing_token_count, error);
    if (options->growing != NULL)
        options->growing->used = options->growing->filled && options->rows_most == 0;
    if (status == STATUS_OK && options->growing != NULL && options->growing->used) {
        status = load_growth(&loading, error);
        if (status != STATUS_UNSUPPORTED && status != STATUS_MEMORY)
            goto out;
        options->growing->used = false;
        status = STATUS_OK;
    }
    give_preview(path, options, dataset->file_bytes);
    dataset->dialect = options->dialect;
    if (status == STATUS_OK)
        status = csv_sniff_noted(path, &dataset->dialect, &dataset->notes, error);
    if (status == STATUS_OK)
        status = note_skipped(dataset, error);
    if (status == STATUS_OK)
        status = load_rows(&loading, &names, error);
    if (status == STATUS_OK)
        kept_write(path, options, &key, dataset);
out:
    clear_columns(&loading);
    missing_tokens_free(&loading.tokens);
    csv_names_free(&names);
    str_free(&key);
    return status;
}

// Any text may be a CSV file; its name, and delimiters in its first lines, make it likely.
static int score(const char *path, const unsigned char *head, size_t size) {
    bool bom;
    if (head == NULL || csv_is_binary(head, size, csv_encoding_guess(head, size, &bom)))
        return 0;
    static const char *const endings[] = {".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".data", ".dat", ".txt"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (text_ends(path, endings[i]))
            return 80;
    return 30;
}

const struct loader loader_csv = {
    .name = "csv",
    .help = "rows of cells: comma, semicolon, tab, pipe, colon or blank between them, plain or .gz",
    .score = score,
    .load = load,
};
