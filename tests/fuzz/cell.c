// Any text is a cell: the ways that are said to read it do, the fast ways agree with the careful ones, numbers with
// the C library, and nothing is read beyond the text.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right) {
    if (!right)
        abort();
}

static void check_number(const char *text, const char *padded, size_t size) {
    struct number_cell fast, careful;
    bool read = number_cell_read(text, size, &careful);
    if (size > 0 && number_cell_fast(padded, size, &fast))
        check(read && memcmp(&fast.value, &careful.value, sizeof fast.value) == 0 && fast.ways == careful.ways &&
              fast.seen == careful.seen);
    if (read && strspn(padded, "0123456789.eE+-") == size) {
        double library = strtod(padded, NULL);
        check(memcmp(&library, &careful.value, sizeof library) == 0);
    }
}

static void check_column(const char *text, size_t size) {
    struct cell_evidence evidence;
    struct cell_hints hints = {0};
    double value;
    cell_evidence_begin(&evidence);
    cell_evidence_add(&evidence, text, size, 1);
    struct cell_format format = cell_format_decide(&evidence, &hints);
    if (size > 0)
        check(cell_read(&format, text, size, &value) == (format.type != COLUMN_TEXT));
    format = cell_format_force(&evidence, &hints, COLUMN_NUMERIC, true);
    if ((evidence.can & CELL_SET_AMOUNTS) != 0)
        check(cell_read(&format, text, size, &value));
}

static void check_dates(const char *text, size_t size) {
    unsigned seen = 0, ways = cell_date_ways(text, size, &seen);
    double fast, careful;
    for (int way = 0; way < DATE_WAYS && size <= 64; way++)
        check(cell_date_as(text, size, (enum date_way)way, &careful) == (ways >> way & 1));
    if (cell_date_fast(text, size, &fast))
        check(cell_date(text, size, &careful) && fast == careful);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_alloc(size + (size == 0), 1), *padded = mem_alloc(size + NUMBER_PADDING, 1);
    if (text != NULL && padded != NULL) {
        memcpy(text, data, size); // alone, so that a sanitizer sees a read beyond it
        memcpy(padded, data, size);
        check_number(text, padded, size);
        check_column(text, size);
        check_dates(text, size);
    }
    mem_free(text);
    mem_free(padded);
    return 0;
}
