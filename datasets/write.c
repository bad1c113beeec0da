// A table as a CSV file: what needs quotes gets them, and a text cell that a spreadsheet would run as a
// formula gets an apostrophe in front (OWASP, "CSV injection"); numbers are left alone.
#include <string.h>

#include "core/base/file.h"
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

static void write_cell(FILE *out, const char *text, bool words, bool alone) {
    bool defuse = words && runs_in_a_spreadsheet(text);
    if (!needs_quotes(text, alone)) {
        if (defuse)
            putc('\'', out);
        fputs(text, out);
        return;
    }
    putc('"', out);
    if (defuse)
        putc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

enum status table_write_csv(const struct table *table, const char *path, struct error *error) {
    struct file_writer writer = {0};
    enum status status = file_create(&writer, path, error);
    if (status)
        return status;
    bool alone = table->column_count == 1;
    for (size_t i = 0; i < table->column_count; i++) {
        if (i)
            putc(',', writer.stream);
        write_cell(writer.stream, table->columns[i]->name, true, alone);
    }
    putc('\n', writer.stream);
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t i = 0; i < table->column_count; i++) {
            char number[64];
            if (i)
                putc(',', writer.stream);
            write_cell(writer.stream, column_text(table->columns[i], row, number), table->columns[i]->codes != NULL,
                       alone);
        }
        putc('\n', writer.stream);
    }
    return file_commit(&writer, error);
}
