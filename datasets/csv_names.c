#include "datasets/csv_names.h"

#include <string.h>

#include "core/base/mem.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum status keep_header(struct csv_names *names, const struct csv_row *row, const char *path,
                               struct error *error) {
    names->header = mem_alloc(row->count, sizeof *names->header);
    bool fits = names->header != NULL;
    for (size_t i = 0; i < row->count && fits; i++) {
        const char *text = row->cells[i].text;
        size_t length = row->cells[i].length;
        for (; length > 0 && is_blank(text[0]); text++)
            length--;
        while (length > 0 && is_blank(text[length - 1]))
            length--;
        names->header[i] = arena_text(&names->texts, text, length);
        fits = names->header[i] != NULL;
    }
    names->header_count = row->count;
    return fits ? STATUS_OK : error_memory(error, path, row->count * sizeof *names->header);
}

struct tally { // rows by their number of cells
    size_t *cells, *rows, count, cells_capacity, rows_capacity;
    bool filled; // some row longer than the header has something in its last cell
};

static bool tally_add(struct tally *tally, size_t cells) {
    size_t i = 0;
    while (i < tally->count && tally->cells[i] != cells)
        i++;
    if (i == tally->count) {
        if (!vec_reserve(&tally->cells, &tally->cells_capacity, i + 1, sizeof *tally->cells) ||
            !vec_reserve(&tally->rows, &tally->rows_capacity, i + 1, sizeof *tally->rows))
            return false;
        tally->cells[i] = cells;
        tally->rows[i] = 0;
        tally->count++;
    }
    tally->rows[i]++;
    return true;
}

static size_t tally_mode(const struct tally *tally, size_t *rows) {
    size_t mode = 0;
    *rows = 0;
    for (size_t i = 0; i < tally->count; i++)
        if (tally->rows[i] > *rows) { // of equals the one that came first
            mode = tally->cells[i];
            *rows = tally->rows[i];
        }
    return mode;
}

static enum status read_rows(struct csv_names *names, struct csv_reader *reader, size_t most, struct tally *tally,
                             struct error *error) {
    while (names->rows < most) {
        struct csv_row row;
        enum status status = csv_reader_next(reader, &row, error);
        if (status != STATUS_OK || row.count == 0)
            return status;
        names->rows++;
        if (names->header_count == 0 && reader->width == 0)
            reader->width = row.count;
        tally->filled = tally->filled || (row.count == names->header_count + 1 && row.cells[row.count - 1].length > 0);
        if (!tally_add(tally, row.count))
            return error_memory(error, reader->path, tally->count);
    }
    return STATUS_OK;
}

enum status csv_names_read(struct csv_names *names, struct csv_reader *reader, size_t most, struct error *error) {
    struct tally tally = {0};
    struct csv_row row = {0};
    enum status status = STATUS_OK;
    if (reader->dialect.header == 1)
        status = csv_reader_next(reader, &row, error);
    if (status == STATUS_OK && row.count > 0)
        status = keep_header(names, &row, reader->path, error);
    if (status == STATUS_OK) {
        reader->width = names->header_count;
        status = read_rows(names, reader, most, &tally, error);
    }
    size_t mode_rows, mode = tally_mode(&tally, &mode_rows);
    names->shifted =
        names->header_count > 0 && mode == names->header_count + 1 && mode_rows == names->rows && tally.filled;
    // A few long rows do not make columns that the header does not know.
    bool majority = names->header_count == 0 || 2 * mode_rows > names->rows;
    names->width = majority && mode > names->header_count ? mode : names->header_count;
    mem_free(tally.cells);
    mem_free(tally.rows);
    return status;
}

static const char *given_name(const struct csv_names *names, size_t index) {
    size_t shift = names->shifted ? 1 : 0;
    if (index < shift || index - shift >= names->header_count)
        return "";
    return names->header[index - shift];
}

bool csv_names_is_empty(const struct csv_names *names, size_t index) {
    return given_name(names, index)[0] == '\0';
}

static bool is_taken(const struct csv_names *names, size_t index, const char *name) {
    for (size_t i = 0; i < names->made_count; i++)
        if (strcmp(names->made[i], name) == 0)
            return true;
    // "a", "a", "a_2": the made-up name must not take the third one's.
    for (size_t i = index + 1; i < names->width; i++)
        if (strcmp(given_name(names, i), name) == 0 && strcmp(given_name(names, index), name) != 0)
            return true;
    return false;
}

static enum status note_name(const struct csv_names *names, size_t index, const char *name, struct notes *notes,
                             struct error *error) {
    const char *given = given_name(names, index);
    if (names->header_count == 0 || strcmp(given, name) == 0)
        return STATUS_OK;
    if (given[0] == '\0')
        return notes_add(notes, 0, name, error, "the header gives column %zu no name; it is called '%s'", index + 1,
                         name);
    return notes_add(notes, 0, name, error, "the header names '%s' more than once; column %zu is called '%s'", given,
                     index + 1, name);
}

enum status csv_names_make(struct csv_names *names, size_t index, char **name, struct notes *notes,
                           struct error *error) {
    struct str made = {0};
    enum status status = STATUS_OK;
    const char *given = given_name(names, index);
    if (given[0] != '\0')
        str_add(&made, given);
    else
        str_format(&made, "column_%zu", index + 1);
    for (size_t number = 2; !made.failed && is_taken(names, index, made.text); number++) {
        str_clear(&made);
        str_format(&made, "%s_%zu", given[0] != '\0' ? given : "column", given[0] != '\0' ? number : index + number);
    }
    char *copy = made.failed ? NULL : arena_text(&names->texts, made.text, made.length);
    char *own = copy == NULL ? NULL : mem_string(copy);
    if (own == NULL || !vec_reserve(&names->made, &names->made_capacity, names->made_count + 1, sizeof *names->made)) {
        mem_free(own);
        status = error_memory(error, "column names", made.length);
    } else {
        names->made[names->made_count++] = copy;
        *name = own;
        status = note_name(names, index, copy, notes, error);
    }
    str_free(&made);
    return status;
}

void csv_names_free(struct csv_names *names) {
    arena_free(&names->texts);
    mem_free(names->header);
    mem_free(names->made);
}
