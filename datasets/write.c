// A table as a CSV file: what needs quotes gets them, and a text cell that a spreadsheet would run as a
// formula gets an apostrophe in front (OWASP, "CSV injection"); numbers are left alone.
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"

static bool runs_in_a_spreadsheet(const char *text) {
    double number;
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL && !number_parse(text, &number);
}

static bool needs_quotes(const char *text, bool alone) {
    size_t length = strlen(text);
    if (length == 0)
        return alone; // an empty line would be no row
    return strpbrk(text, "\",\r\n") != NULL || text[0] == ' ' || text[length - 1] == ' ';
}

void csv_add_cell(struct str *out, const char *text, bool words, bool alone) {
    bool defuse = words && runs_in_a_spreadsheet(text);
    if (!needs_quotes(text, alone)) {
        if (defuse)
            str_add_char(out, '\'');
        str_add(out, text);
        return;
    }
    str_add_char(out, '"');
    if (defuse)
        str_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '"')
            str_add_char(out, '"');
        str_add_char(out, *text);
    }
    str_add_char(out, '"');
}

static void add_row(struct str *out, const struct table *table, const struct column_cells *cells, size_t i) {
    char number[64];
    for (size_t c = 0; c < table->column_count; c++) {
        const struct column *column = table->columns[c];
        const char *text = "";
        if (!cells_missing(&cells[c], i))
            text = cells[c].values != NULL ? number_cell_text(column->type, cells[c].values[i], number)
                                           : column->words[cells[c].codes[i]];
        if (c > 0)
            str_add_char(out, ',');
        csv_add_cell(out, text, cells[c].codes != NULL, table->column_count == 1);
    }
    str_add_char(out, '\n');
}

// To the stream, and empty again. Errors are told at the end; a large piece leaves nothing behind that would fail again.
static enum status hand_over(struct str *text, struct file_writer *writer, struct error *error) {
    if (text->failed)
        return error_memory(error, "rows to write", text->length);
    file_write(writer, str_text(text), text->length);
    str_clear(text);
    return STATUS_OK;
}

static enum status write_rows(struct file_writer *writer, const struct table *table, struct column_scan *scans,
                              struct column_cells *cells, struct error *error) {
    struct str text = {0};
    enum status status = STATUS_OK;
    for (size_t c = 0; c < table->column_count && !status; c++)
        status = column_scan_open(&scans[c], table->columns[c], error);
    for (size_t first = 0; first < table->rows && !status; first += COLUMN_BLOCK) {
        for (size_t c = 0; c < table->column_count && !status; c++)
            status = column_scan_read(&scans[c], first / COLUMN_BLOCK, &cells[c], error);
        for (size_t i = 0; !status && i < COLUMN_BLOCK && first + i < table->rows; i++)
            add_row(&text, table, cells, i);
        if (!status)
            status = hand_over(&text, writer, error);
    }
    str_free(&text);
    for (size_t c = 0; c < table->column_count; c++)
        column_scan_close(&scans[c]);
    return status;
}

enum status table_write_csv(const struct table *table, const char *path, struct error *error) {
    struct file_writer writer = {0};
    struct str header = {0};
    struct column_scan *scans = mem_alloc(table->column_count + 1, sizeof *scans);
    struct column_cells *cells = mem_alloc(table->column_count + 1, sizeof *cells);
    enum status status = scans == NULL || cells == NULL
                             ? error_memory(error, "the columns of a table", table->column_count * sizeof *scans)
                             : file_create(&writer, path, error);
    for (size_t c = 0; c < table->column_count && !status; c++) {
        if (c > 0)
            str_add_char(&header, ',');
        csv_add_cell(&header, table->columns[c]->name, true, table->column_count == 1);
    }
    str_add_char(&header, '\n');
    if (!status)
        status = hand_over(&header, &writer, error);
    if (!status) {
        status = write_rows(&writer, table, scans, cells, error);
        if (!status)
            status = file_commit(&writer, error);
    }
    file_abort(&writer);
    str_free(&header);
    mem_free(cells);
    mem_free(scans);
    return status;
}
