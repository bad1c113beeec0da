// Any bytes are a table or a sentence; a table is whole: every column has every row, every code a word,
// and lines ascend.
#include <stdint.h>
#include <stdlib.h>

#include "tests/datasets/table_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_column(const struct column *column) {
    size_t missing = 0;
    for (size_t row = 0; row < column->rows; row++) {
        missing += column_is_missing(column, row);
        if (column->codes != NULL && !column_is_missing(column, row) && column->codes[row] >= column->word_count)
            abort();
    }
    if (missing != column->missing_count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct load_options options = load_options_default();
    struct dataset dataset = {0};
    struct error error = {.text = ""};
    enum status status = loader_csv.load(write_bytes(data, size), &options, &dataset, NULL, &error);
    if (status != STATUS_OK && error.text[0] == '\0')
        abort();
    const struct table *table = dataset.table;
    for (size_t i = 0; status == STATUS_OK && i < table->column_count; i++) {
        if (table->columns[i]->rows != table->rows)
            abort();
        check_column(table->columns[i]);
    }
    for (size_t row = 1; status == STATUS_OK && row < table->rows; row++)
        if (table_line(table, row) <= table_line(table, row - 1))
            abort();
    table_free(dataset.table);
    notes_free(&dataset.notes);
    return 0;
}
