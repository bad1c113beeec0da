#include "datasets/csv_part.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

// A thread's words are forgotten when there are more: they would be kept twice.
enum { WORDS_MOST = 1 << 16, FIRST_ROWS = 1024 };

enum status csv_part_open(struct csv_part *part, struct csv_column *columns, size_t width,
                          const struct missing_tokens *tokens, bool again, struct error *error) {
    *part = (struct csv_part){
        .columns = columns, .width = width, .tokens = tokens, .again = again, .read_numbers = numbers_reader()};
    part->cells = mem_alloc(width, sizeof *part->cells);
    part->plain = mem_alloc(width, CSV_PLAIN_ROWS * sizeof *part->plain);
    return part->cells == NULL || part->plain == NULL
               ? error_memory(error, "a part of a table", width * CSV_PLAIN_ROWS * sizeof *part->plain)
               : STATUS_OK;
}

void csv_part_close(struct csv_part *part) {
    for (size_t i = 0; part->cells != NULL && i < part->width; i++) {
        struct csv_part_column *cells = &part->cells[i];
        mem_free(cells->values);
        mem_free(cells->codes);
        mem_free(cells->missing);
        mem_free(cells->map);
        mem_free(cells->cache);
        column_release(cells->words);
    }
    notes_free(&part->notes);
    mem_free(part->cells);
    mem_free(part->plain);
    mem_free(part->lines);
    *part = (struct csv_part){0};
}

// ---- room -----------------------------------------------------------------------------------------

static bool is_words(const struct csv_column *column) {
    return column->format.type == COLUMN_TEXT;
}

static enum status begin_words(struct csv_part_column *cells, struct error *error) {
    if (cells->words != NULL && cells->words->word_count <= WORDS_MOST)
        return STATUS_OK;
    column_release(cells->words);
    mem_free(cells->cache);
    cells->mapped = 0;
    cells->words = column_make("", COLUMN_TEXT, 0, error);
    cells->cache = mem_alloc(CSV_WORD_CACHE, sizeof *cells->cache); // works without
    return cells->words == NULL ? STATUS_MEMORY : STATUS_OK;
}

static bool resize(void *array_pointer, size_t count, size_t size) {
    void *array;
    memcpy(&array, array_pointer, sizeof array);
    array = mem_resize(array, count, size);
    if (array != NULL)
        memcpy(array_pointer, &array, sizeof array);
    return array != NULL;
}

static bool resize_column(struct csv_part_column *cells, const struct csv_column *column, size_t rows, size_t before) {
    if (!column->stored)
        return true;
    bool fits = is_words(column) ? resize(&cells->codes, rows, sizeof *cells->codes)
                                 : resize(&cells->values, rows, sizeof *cells->values);
    size_t words = rows / 64 + 1, had = cells->missing == NULL ? 0 : before / 64 + 1;
    fits = fits && resize(&cells->missing, words, sizeof *cells->missing);
    if (fits && words > had)
        memset(cells->missing + had, 0, (words - had) * sizeof *cells->missing);
    return fits;
}

static enum status set_capacity(struct csv_part *part, size_t rows, struct error *error) {
    bool fits = resize(&part->lines, rows, sizeof *part->lines);
    for (size_t i = 0; i < part->width && fits; i++)
        fits = resize_column(&part->cells[i], &part->columns[i], rows, part->capacity);
    if (!fits)
        return error_memory(error, "a part of a table", rows * part->width * sizeof(double));
    part->capacity = rows;
    return STATUS_OK;
}

enum status csv_part_begin(struct csv_part *part, struct error *error) {
    enum status status = set_capacity(part, part->capacity > 0 ? part->capacity : FIRST_ROWS, error);
    for (size_t i = 0; i < part->width && status == STATUS_OK; i++) {
        struct csv_part_column *cells = &part->cells[i];
        if (cells->any_missing)
            memset(cells->missing, 0, (part->capacity / 64 + 1) * sizeof *cells->missing);
        cells->any_missing = cells->not_empty = false;
        cells->misfits = cells->misfit_line = 0;
        cell_evidence_begin(&cells->evidence);
        if (part->columns[i].stored && is_words(&part->columns[i]))
            status = begin_words(cells, error);
    }
    notes_free(&part->notes);
    part->trailing = part->first_trailing = part->rows = 0;
    return status;
}

// ---- rows -----------------------------------------------------------------------------------------

static void set_missing(struct csv_part_column *cells, size_t row) {
    cells->missing[row / 64] |= (uint64_t)1 << (row % 64);
    cells->any_missing = true;
    if (cells->values != NULL)
        cells->values[row] = 0;
    else
        cells->codes[row] = 0;
}

static void miss(struct csv_part_column *cells, size_t row, uint64_t line) { // the format cannot read it
    if (cells->misfits++ == 0)
        cells->misfit_line = line;
    set_missing(cells, row);
}

static bool take_value(const struct csv_column *column, struct csv_part_column *cells, const struct csv_cell *cell,
                       uint64_t line, double *value) {
    return column->settled ? cell_read(&column->format, cell->text, cell->length, value)
                           : cell_take(&column->format, &cells->evidence, cell->text, cell->length, line, value);
}

// Cells of one column, which are the rows from `row` on.
struct run {
    const struct csv_column *column;
    struct csv_part_column *cells;
    const struct missing_tokens *tokens;
    numbers_read *read_numbers;
    const struct csv_cell *cell; // [count]
    const uint64_t *lines;       // [count]
    size_t row, count;
};

static void take_value_at(const struct run *run, size_t i) {
    struct csv_part_column *cells = run->cells;
    const struct csv_cell *cell = &run->cell[i];
    if (cell_missing_fast(run->tokens, cell->text, cell->length)) {
        cells->not_empty = cells->not_empty || cell->length > 0;
        set_missing(cells, run->row + i);
        return;
    }
    cells->not_empty = true;
    if (!take_value(run->column, cells, cell, run->lines[i], &cells->values[run->row + i]))
        miss(cells, run->row + i, run->lines[i]);
}

static void take_number_at(const struct run *run, size_t i, struct numbers_seen *seen) {
    const struct csv_cell *cell = &run->cell[i];
    struct number_cell number;
    bool plain = !cell_missing_fast(run->tokens, cell->text, cell->length) &&
                 number_cell_fast(cell->text, cell->length, &number) &&
                 (number.seen & (NUMBER_SEEN_CODE | NUMBER_SEEN_BEYOND | NUMBER_SEEN_EITHER)) == 0;
    if (!plain) {
        take_value_at(run, i);
        return;
    }
    run->cells->values[run->row + i] = number.value;
    seen->ways &= number.ways;
    seen->seen |= number.seen;
    seen->count++;
}

// Plain numbers as cell_take reads them, what they show gathered for the whole run.
static void take_numbers(const struct run *run) {
    struct csv_part_column *cells = run->cells;
    struct numbers_seen seen = {.ways = NUMBER_WAYS_ALL};
    numbers_read *read = run->tokens->numbers ? NULL : run->read_numbers;
    size_t i = 0;
    for (; read != NULL && i + NUMBERS_AT_ONCE <= run->count; i += NUMBERS_AT_ONCE) {
        unsigned left = ~read(run->cell + i, cells->values + run->row + i, &seen) & ((1u << NUMBERS_AT_ONCE) - 1);
        for (; left != 0; left &= left - 1)
            take_number_at(run, i + (size_t)__builtin_ctz(left), &seen);
    }
    for (; i < run->count; i++)
        take_number_at(run, i, &seen);
    if (seen.count == 0)
        return;
    cells->not_empty = true;
    cells->evidence.can &= (cell_set)seen.ways << CELL_NUMBERS | (cell_set)seen.ways << CELL_AMOUNTS;
    cells->evidence.seen |= seen.seen | CELL_SEEN_BARE;
    cells->evidence.cells += seen.count;
}

// The same of days and times as ISO 8601 writes them.
static void take_dates(const struct run *run) {
    struct csv_part_column *cells = run->cells;
    bool times = false;
    uint64_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct csv_cell *cell = &run->cell[i];
        if (cell_missing_fast(run->tokens, cell->text, cell->length) ||
            !cell_date_fast(cell->text, cell->length, &cells->values[run->row + i])) {
            take_value_at(run, i);
            continue;
        }
        times = times || cell->length > 10;
        count++;
    }
    if (count == 0)
        return;
    cells->not_empty = true;
    cells->evidence.can &= (cell_set)1 << (CELL_DATES + DATE_YMD_DASH);
    cells->evidence.seen |= (times ? (unsigned)DATE_SEEN_TIME : 0u) << CELL_SEEN_DATE;
    cells->evidence.cells += count;
}

static void take_values(const struct run *run) {
    const struct csv_column *column = run->column;
    if (column->format.type == COLUMN_DATE && column->format.date == DATE_YMD_DASH && !column->settled) {
        take_dates(run);
        return;
    }
    bool plain = column->format.type == COLUMN_NUMERIC && column->format.number == NUMBER_POINT && !column->settled;
    if (plain && !cell_may_be_digits(&run->cells->evidence)) {
        take_numbers(run);
        return;
    }
    for (size_t i = 0; i < run->count; i++)
        take_value_at(run, i);
}

// The code of a word, from the cache where it is short. NUMBER_PADDING bytes behind the text may be read.
static enum status find_word(struct csv_part_column *cells, const struct csv_cell *cell, uint32_t *code,
                             struct error *error) {
    size_t length = cell->length;
    if (length > 16 || cells->cache == NULL)
        return column_word(cells->words, cell->text, length, code, error);
    uint64_t low = number_load8(cell->text), high = length > 8 ? number_load8(cell->text + length - 8) : 0;
    if (length < 8)
        low &= ((uint64_t)1 << (8 * length)) - 1;
    uint64_t hash = (low ^ high * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    struct csv_word *word = &cells->cache[(hash >> 40) % CSV_WORD_CACHE];
    if (word->length == length && word->low == low && word->high == high) {
        *code = word->code;
        return STATUS_OK;
    }
    enum status status = column_word(cells->words, cell->text, length, code, error);
    *word = (struct csv_word){low, high, *code, (uint32_t)length};
    return status;
}

// Words, and cells that are only looked at.
static enum status take_words(const struct run *run, struct error *error) {
    const struct csv_column *column = run->column;
    struct csv_part_column *cells = run->cells;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < run->count && status == STATUS_OK; i++) {
        const struct csv_cell *cell = &run->cell[i];
        cells->not_empty = cells->not_empty || cell->length > 0;
        if (cell_missing_fast(run->tokens, cell->text, cell->length)) {
            if (column->stored)
                set_missing(cells, run->row + i);
            continue;
        }
        if (!column->settled && cells->evidence.can != 0)
            cell_evidence_add(&cells->evidence, cell->text, cell->length, run->lines[i]);
        if (column->stored)
            status = find_word(cells, cell, &cells->codes[run->row + i], error);
    }
    return status;
}

// `cell` holds a column's `count` cells after each other, columns `stride` apart; they are the rows from `row` on.
static enum status take_cells(struct csv_part *part, const struct csv_cell *cell, size_t stride, size_t row,
                              size_t count, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < part->width && status == STATUS_OK; i++) {
        const struct csv_column *column = &part->columns[i];
        struct run run = {.column = column,
                          .cells = &part->cells[i],
                          .tokens = column->own.items != NULL ? &column->own : part->tokens,
                          .read_numbers = part->read_numbers,
                          .cell = cell + i * stride,
                          .lines = part->lines + row,
                          .row = row,
                          .count = count};
        if (column->stored && !is_words(column))
            take_values(&run);
        else if (column->stored || !column->settled)
            status = take_words(&run, error);
    }
    return status;
}

static enum status note_long(struct csv_part *part, const struct csv_row *row, struct error *error) {
    struct str cells = {0};
    size_t extra = row->count - part->width;
    for (size_t i = part->width; i < row->count && i < part->width + 5; i++)
        str_format(&cells, "%s'%.40s'", i == part->width ? "" : ", ", row->cells[i].text);
    enum status status = notes_add(&part->notes, row->line, NULL, error, "%zu cells where %zu belong; left out: %s%s",
                                   row->count, part->width, str_text(&cells), extra > 5 ? " and more" : "");
    str_free(&cells);
    return status;
}

static enum status note_ragged(struct csv_part *part, const struct csv_row *row, struct error *error) {
    if (row->count < part->width)
        return notes_add(&part->notes, row->line, NULL, error, "%zu %s where %zu belong; the rest was read as missing",
                         row->count, row->count == 1 ? "cell" : "cells", part->width);
    for (size_t i = part->width; i < row->count; i++)
        if (row->cells[i].length > 0)
            return note_long(part, row, error);
    if (part->trailing++ == 0)
        part->first_trailing = row->line;
    return STATUS_OK;
}

enum status csv_part_add(struct csv_part *part, const struct csv_row *row, struct error *error) {
    static const char empty[NUMBER_PADDING + 1];
    enum status status = part->rows == part->capacity ? set_capacity(part, 2 * part->capacity, error) : STATUS_OK;
    if (status == STATUS_OK && !part->again && row->count != part->width)
        status = note_ragged(part, row, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < part->width; i++)
        part->plain[i] = i < row->count ? row->cells[i] : (struct csv_cell){empty, 0};
    part->lines[part->rows++] = row->line;
    return take_cells(part, part->plain, 1, part->rows - 1, 1, error);
}

enum status csv_part_add_plain(struct csv_part *part, struct csv_reader *reader, size_t *rows, struct error *error) {
    enum status status = STATUS_OK;
    *rows = 0;
    if (part->capacity - part->rows < CSV_PLAIN_ROWS)
        status = set_capacity(part, 2 * part->capacity, error);
    if (status != STATUS_OK)
        return status;
    *rows = csv_reader_plain_rows(reader, part->width, CSV_PLAIN_ROWS, part->plain, part->lines + part->rows);
    part->rows += *rows;
    return take_cells(part, part->plain, CSV_PLAIN_ROWS, part->rows - *rows, *rows, error);
}

// ---- to the columns -------------------------------------------------------------------------------

static enum status map_words(struct csv_part_column *cells, struct column *column, struct error *error) {
    const struct column *words = cells->words;
    enum status status = STATUS_OK;
    if (!vec_reserve(&cells->map, &cells->map_capacity, words->word_count, sizeof *cells->map))
        return error_memory(error, "the words of a column", words->word_count * sizeof *cells->map);
    for (; cells->mapped < words->word_count && status == STATUS_OK; cells->mapped++) {
        const char *word = words->words[cells->mapped];
        status = column_word(column, word, strlen(word), &cells->map[cells->mapped], error);
    }
    return status;
}

static enum status append_column(struct csv_part *part, size_t index, struct error *error) {
    struct csv_part_column *cells = &part->cells[index];
    struct csv_column *column = &part->columns[index];
    enum status status = STATUS_OK;
    if (!column->stored)
        return status;
    if (is_words(column)) {
        status = map_words(cells, column->maker.column, error);
        for (size_t row = 0; row < part->rows && status == STATUS_OK; row++)
            cells->codes[row] = cells->words->word_count == 0 ? 0 : cells->map[cells->codes[row]];
        for (size_t word = 0; cells->any_missing && word <= part->rows / 64; word++)
            for (uint64_t bits = cells->missing[word]; bits != 0; bits &= bits - 1)
                cells->codes[64 * word + (size_t)__builtin_ctzll(bits)] = 0;
    }
    if (status != STATUS_OK)
        return status;
    return column_maker_add(&column->maker, cells->values, cells->codes, cells->any_missing ? cells->missing : NULL,
                            part->rows, error);
}

static void move_line(uint64_t *line, uint64_t before) {
    if (*line != 0)
        *line += before;
}

static void append_evidence(struct csv_part *part, size_t index, uint64_t before) {
    struct csv_part_column *cells = &part->cells[index];
    struct csv_column *column = &part->columns[index];
    column->not_empty = column->not_empty || cells->not_empty;
    move_line(&cells->misfit_line, before);
    if (column->misfits == 0)
        column->misfit_line = cells->misfit_line;
    column->misfits += cells->misfits;
    if (column->settled)
        return;
    move_line(&cells->evidence.code_line, before);
    move_line(&cells->evidence.beyond_line, before);
    move_line(&cells->evidence.either_line, before);
    cell_evidence_merge(&column->evidence, &cells->evidence);
}

enum status csv_part_append(struct csv_part *part, uint64_t before, struct notes *notes, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < part->width && status == STATUS_OK; i++) {
        status = append_column(part, i, error);
        append_evidence(part, i, before);
    }
    for (size_t i = 0; i < part->notes.count && status == STATUS_OK; i++) {
        const struct note *note = &part->notes.items[i];
        status = notes_add(notes, note->line == 0 ? 0 : note->line + before, note->column, error, "%s", note->text);
    }
    if (notes != NULL)
        notes->dropped += part->notes.dropped;
    return status;
}
