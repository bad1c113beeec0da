#include "datasets/csv_files.h"

#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/csv_match.h"
#include "datasets/csv_seen.h"

struct joined { // a column of the whole
    char *name;
    enum column_type type; // of the first file's column
    struct column_maker maker;
    bool open, fraction; // fraction: some file has a number that is not whole
    size_t waiting;      // missing cells before the maker is open: no file had a cell yet
};

struct joining {
    char *const *paths;
    size_t count;
    const struct load_options *options;
    struct load_options *own; // as one file is loaded
    struct dataset *dataset;
    struct task *task;
    struct csv_match first;
    struct csv_seen seen;
    struct joined *columns;
    size_t width;
    struct table *table;
    size_t rows;
    struct notes different; // types that differ between files
};

// ---- cells --------------------------------------------------------------------------------------------------

static enum status add_missing(struct column_maker *maker, size_t count, struct error *error) {
    static const double values[COLUMN_BLOCK];
    static const uint32_t codes[COLUMN_BLOCK];
    uint64_t missing[COLUMN_BLOCK / 64];
    enum status status = STATUS_OK;
    memset(missing, 0xff, sizeof missing);
    while (count > 0 && status == STATUS_OK) {
        size_t now = count < COLUMN_BLOCK ? count : COLUMN_BLOCK;
        status = column_maker_add(maker, values, codes, missing, now, error);
        count -= now;
    }
    return status;
}

static enum status open_maker(struct joined *joined, enum column_type type, struct error *error) {
    enum status status = column_maker_open(&joined->maker, joined->name, type, error);
    joined->open = status == STATUS_OK;
    if (status == STATUS_OK)
        status = add_missing(&joined->maker, joined->waiting, error);
    joined->waiting = 0;
    return status;
}

static enum status add_values(void *context, const struct column_cells *cells, struct error *error) {
    return column_maker_add(context, cells->values, NULL, cells->missing, cells->count, error);
}

struct words { // of one file
    struct column_maker *maker;
    uint32_t *map, *codes; // their codes in the whole; one block of those
};

static enum status add_codes(void *context, const struct column_cells *cells, struct error *error) {
    struct words *words = context;
    for (size_t i = 0; i < cells->count; i++)
        words->codes[i] = cells_missing(cells, i) ? 0 : words->map[cells->codes[i]];
    return column_maker_add(words->maker, NULL, words->codes, cells->missing, cells->count, error);
}

static enum status add_words(struct column_maker *maker, const struct column *column, struct error *error) {
    struct words words = {.maker = maker,
                          .map = mem_alloc(column->word_count + 1, sizeof *words.map),
                          .codes = mem_alloc(COLUMN_BLOCK, sizeof *words.codes)};
    enum status status =
        words.map != NULL && words.codes != NULL
            ? STATUS_OK
            : error_memory(error, column->name, (column->word_count + COLUMN_BLOCK) * sizeof *words.map);
    for (size_t i = 0; i < column->word_count && status == STATUS_OK; i++)
        status = column_word(maker->column, column->words[i], strlen(column->words[i]), &words.map[i], error);
    if (status == STATUS_OK)
        status = column_each(column, add_codes, &words, error);
    mem_free(words.map);
    mem_free(words.codes);
    return status;
}

// `column` NULL: the file has none.
static enum status add_cells(struct joined *joined, const struct column *column, size_t rows, struct error *error) {
    bool any = column != NULL && column->missing_count < column->rows;
    if (!any && !joined->open) {
        joined->waiting += rows;
        return STATUS_OK;
    }
    if (!any)
        return add_missing(&joined->maker, rows, error);
    bool values = column_has_values(column);
    enum status status = joined->open ? STATUS_OK : open_maker(joined, values ? column->type : COLUMN_TEXT, error);
    joined->fraction = joined->fraction || !column->integer;
    if (status == STATUS_OK)
        status =
            values ? column_each(column, add_values, &joined->maker, error) : add_words(&joined->maker, column, error);
    return status;
}

// ---- tables -------------------------------------------------------------------------------------------------

static enum status begin_columns(struct joining *joining, const struct table *first, struct error *error) {
    joining->columns = mem_alloc(first->column_count + 1, sizeof *joining->columns);
    if (joining->columns == NULL)
        return error_memory(error, first->name, first->column_count * sizeof *joining->columns);
    for (size_t i = 0; i < first->column_count; i++) {
        joining->columns[i].name = mem_string(first->columns[i]->name);
        if (joining->columns[i].name == NULL)
            return error_memory(error, first->name, strlen(first->columns[i]->name));
        joining->columns[i].type = first->columns[i]->type;
        joining->width++;
    }
    joining->table->target = first->target;
    return STATUS_OK;
}

static enum status add_lines(struct joining *joining, const struct table *table, const char *path,
                             struct error *error) {
    enum status status = table_add_file(joining->table, joining->rows, path, error);
    if (status == STATUS_OK)
        status = table_set_line(joining->table, joining->rows, table_line(table, 0), error);
    for (size_t i = 0; i < table->line_count && status == STATUS_OK; i++)
        status = table_set_line(joining->table, joining->rows + table->lines[i].row, table->lines[i].line, error);
    return status;
}

static enum status add_table(struct joining *joining, const struct table *table, const char *path,
                             struct error *error) {
    enum status status = joining->columns == NULL ? begin_columns(joining, table, error) : STATUS_OK;
    if (status == STATUS_OK && table->rows > UINT32_MAX - 1 - joining->rows)
        return error_set(error, STATUS_UNSUPPORTED, "%s: the files up to this one have more than 4 billion rows", path);
    if (status == STATUS_OK)
        status = add_lines(joining, table, path, error);
    for (size_t i = 0; i < joining->width && status == STATUS_OK; i++) {
        int found = table_find(table, joining->columns[i].name);
        status = add_cells(&joining->columns[i], found < 0 ? NULL : table->columns[found], table->rows, error);
    }
    joining->rows += table->rows;
    return status;
}

// ---- files --------------------------------------------------------------------------------------------------

// How a file is to be read. *empty: it has no rows.
static enum status match_file(struct joining *joining, size_t index, struct notes *notes, bool *empty,
                              struct error *error) {
    struct load_options *own = joining->own;
    struct csv_match match = {0};
    own->dialect = joining->options->dialect;
    own->target = joining->options->target;
    joining->seen.by_position = false;
    if (index == 0)
        return joining->first.names != NULL ? STATUS_OK
                                            : csv_match_first(joining->paths[0], &own->dialect, &joining->first, error);
    own->target = NULL; // the first file has it
    enum status status = csv_match_next(joining->paths[index], &joining->options->dialect, joining->paths[0],
                                        &joining->first, &match, notes, error);
    own->dialect = match.dialect;
    joining->seen.by_position = match.by_position;
    *empty = status == STATUS_OK && match.rows == 0;
    csv_match_free(&match);
    return status;
}

static enum status note_twice(const struct joining *joining, size_t index, struct notes *notes, struct error *error) {
    for (size_t i = 0; i < index; i++)
        if (strcmp(joining->paths[i], joining->paths[index]) == 0)
            return notes_add(notes, 0, NULL, error, "is named twice; its rows are in the table twice");
    return STATUS_OK;
}

static enum status add_file(struct joining *joining, size_t index, struct error *error) {
    const char *path = joining->paths[index];
    struct dataset *part = mem_alloc(1, sizeof *part);
    bool empty = false;
    if (part == NULL)
        return error_memory(error, path, sizeof *part);
    enum status status = match_file(joining, index, &part->notes, &empty, error);
    if (status == STATUS_OK)
        status = note_twice(joining, index, &part->notes, error);
    if (status == STATUS_OK && empty)
        status = notes_add(&part->notes, 0, NULL, error, "has a header but no rows");
    if (status == STATUS_OK && !empty)
        status = loader_csv.load(path, joining->own, part, joining->task, error);
    if (status == STATUS_OK && !empty && index == 0)
        joining->dataset->dialect = part->dialect;
    if (status == STATUS_OK && !empty && !joining->seen.changed)
        status = add_table(joining, part->table, path, error);
    if (status == STATUS_OK)
        status = notes_move(&joining->dataset->notes, &part->notes, path, error);
    if (status == STATUS_OK)
        status = notes_move(&joining->different, &joining->seen.different, path, error);
    dataset_free(part);
    return status;
}

static void forget(struct joining *joining) {
    for (size_t i = 0; i < joining->width; i++) {
        column_maker_close(&joining->columns[i].maker);
        mem_free(joining->columns[i].name);
    }
    mem_free(joining->columns);
    table_free(joining->table);
    joining->columns = NULL;
    joining->table = NULL;
    joining->width = joining->rows = 0;
}

static enum status add_all(struct joining *joining, struct error *error) {
    enum status status = table_make(0, joining->dataset->path, &joining->table, error);
    for (size_t i = 0; i < joining->count && status == STATUS_OK; i++)
        status = add_file(joining, i, error);
    return status;
}

// ---- the whole ----------------------------------------------------------------------------------------------

static enum column_type words_type(const struct joining *joining, const struct joined *joined) {
    const struct column *column = joined->maker.column;
    for (size_t i = 0; i < joining->options->override_count; i++)
        if (strcmp(joining->options->overrides[i].column, joined->name) == 0)
            return joining->options->overrides[i].type;
    return csv_word_type(column->word_count, column->rows - column->missing_count);
}

static enum status finish_column(struct joining *joining, struct joined *joined, struct error *error) {
    struct column *column = NULL;
    bool any = joined->open;
    enum status status = any ? STATUS_OK : open_maker(joined, joined->type, error);
    if (status != STATUS_OK)
        return status;
    if (any && joined->maker.column->type == COLUMN_TEXT)
        joined->maker.column->type = words_type(joining, joined);
    joined->maker.column->integer = joined->maker.column->type == COLUMN_NUMERIC && any && !joined->fraction;
    status = column_maker_finish(&joined->maker, &column, error);
    return status == STATUS_OK ? table_add(joining->table, column, error) : status;
}

static enum status finish(struct joining *joining, struct error *error) {
    struct table *table = joining->table;
    int target = table->target;
    enum status status = STATUS_OK;
    char *name = mem_string(joining->dataset->name);
    if (name == NULL)
        return error_memory(error, joining->dataset->name, strlen(joining->dataset->name));
    mem_free(table->name);
    table->name = name;
    table->rows = joining->rows;
    table->target = -1;
    for (size_t i = 0; i < joining->width && status == STATUS_OK; i++)
        status = finish_column(joining, &joining->columns[i], error);
    table->target = target;
    if (status != STATUS_OK)
        return status;
    joining->dataset->table = table;
    joining->table = NULL;
    return STATUS_OK;
}

enum status csv_load_files(char *const *paths, size_t count, const struct load_options *options,
                           struct dataset *dataset, struct task *task, struct error *error) {
    struct joining joining = {.paths = paths, .count = count, .options = options, .dataset = dataset, .task = task};
    joining.own = mem_copy(options, sizeof *options);
    if (joining.own == NULL)
        return error_memory(error, dataset->name, sizeof *options);
    joining.own->more_count = 0;
    joining.own->seen = &joining.seen;
    dataset->kind = DATASET_TABLE;
    enum status status = add_all(&joining, error);
    if (status == STATUS_OK && joining.seen.changed) { // what later files show changes how earlier ones are read
        forget(&joining);
        notes_free(&dataset->notes);
        joining.seen.changed = false;
        joining.seen.settled = true;
        status = add_all(&joining, error);
    }
    if (status == STATUS_OK)
        status = notes_move(&dataset->notes, &joining.different, paths[0], error);
    if (status == STATUS_OK)
        status = finish(&joining, error);
    forget(&joining);
    csv_seen_free(&joining.seen);
    csv_match_free(&joining.first);
    notes_free(&joining.different);
    mem_free(joining.own);
    return status;
}
