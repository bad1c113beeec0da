// Reading cells, wherever they lie: in memory, in a file, or computed from another column.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/cells_file.h"

bool column_has_values(const struct column *column) {
    return column->type == COLUMN_NUMERIC || column->type == COLUMN_DATE;
}

static bool in_memory(const struct column *column) {
    return column->values != NULL || column->codes != NULL;
}

static void cells_of_memory(const struct column *column, size_t first, size_t count, struct column_cells *cells) {
    *cells = (struct column_cells){.first = first,
                                   .count = count,
                                   .values = column->values == NULL ? NULL : column->values + first,
                                   .codes = column->codes == NULL ? NULL : column->codes + first,
                                   .missing = column->missing == NULL ? NULL : column->missing + first / 64};
}

static void cells_of_room(const struct column *column, size_t first, size_t count, const void *cells_room,
                          const uint64_t *missing, struct column_cells *cells) {
    bool values = column_has_values(column);
    *cells = (struct column_cells){.first = first,
                                   .count = count,
                                   .values = values ? cells_room : NULL,
                                   .codes = values ? NULL : cells_room,
                                   .missing = column->missing_count > 0 ? missing : NULL};
}

static void compute(const struct column *column, const struct column_cells *from, double *values, uint64_t *missing) {
    memset(missing, 0, (from->count + 63) / 64 * sizeof *missing);
    column->formula->compute(column->formula, from, values, missing);
}

// ---- blocks -------------------------------------------------------------------------------------------

enum status column_scan_open(struct column_scan *scan, const struct column *column, struct error *error) {
    *scan = (struct column_scan){.column = column};
    if (in_memory(column))
        return STATUS_OK;
    scan->room = mem_alloc(COLUMN_BLOCK * sizeof(double) + CELLS_MISSING_BYTES, 1);
    if (scan->room == NULL)
        return error_memory(error, "a block of cells", COLUMN_BLOCK * sizeof(double));
    if (column->formula == NULL)
        return STATUS_OK;
    scan->from = mem_alloc(1, sizeof *scan->from);
    if (scan->from == NULL) {
        column_scan_close(scan);
        return error_memory(error, "a block of cells", sizeof *scan->from);
    }
    enum status status = column_scan_open(scan->from, column->formula->from, error);
    if (status != STATUS_OK)
        column_scan_close(scan);
    return status;
}

void column_scan_close(struct column_scan *scan) {
    if (scan->from != NULL)
        column_scan_close(scan->from);
    mem_free(scan->from);
    mem_free(scan->room);
    *scan = (struct column_scan){0};
}

enum status column_scan_read(struct column_scan *scan, size_t block, struct column_cells *cells, struct error *error) {
    const struct column *column = scan->column;
    size_t first = block * COLUMN_BLOCK, count = column->rows - first;
    assert(first < column->rows);
    if (count > COLUMN_BLOCK)
        count = COLUMN_BLOCK;
    if (in_memory(column)) {
        cells_of_memory(column, first, count, cells);
        return STATUS_OK;
    }
    uint64_t *missing = (uint64_t *)scan->room + COLUMN_BLOCK; // behind the values
    enum status status;
    if (column->formula == NULL) {
        status = cell_file_read(column->file, block, 0, count, scan->room, missing, error);
    } else {
        struct column_cells from;
        status = column_scan_read(scan->from, block, &from, error);
        if (status == STATUS_OK)
            compute(column, &from, scan->room, missing);
    }
    cells_of_room(column, first, count, scan->room, missing, cells);
    return status;
}

enum status column_each(const struct column *column, column_visit *visit, void *context, struct error *error) {
    struct column_scan scan;
    enum status status = column_scan_open(&scan, column, error);
    for (size_t block = 0; status == STATUS_OK && block < column_blocks(column); block++) {
        struct column_cells cells;
        status = column_scan_read(&scan, block, &cells, error);
        if (status == STATUS_OK)
            status = visit(context, &cells, error);
    }
    column_scan_close(&scan);
    return status;
}

static enum status find_infinite(void *context, const struct column_cells *cells, struct error *error) {
    size_t *row = context;
    (void)error;
    for (size_t i = 0; i < cells->count && *row == SIZE_MAX; i++)
        if (isinf(cells->values[i]))
            *row = cells->first + i;
    return STATUS_OK;
}

enum status column_infinite(const struct column *column, size_t *row, struct error *error) {
    *row = SIZE_MAX;
    if (!column_has_values(column) || atomic_load(&column->finite))
        return STATUS_OK;
    enum status status = column_each(column, find_infinite, row, error);
    if (status == STATUS_OK && *row == SIZE_MAX)
        atomic_store(&((struct column *)(uintptr_t)column)->finite,
                     true); // what is known of it changes, not what it is
    return status;
}

// ---- single cells: 64 at a time, because missing bits come in words -------------------------------------

struct few { // room for 64 cells
    double cells[64];
    uint64_t missing[1];
};

static bool read_few(const struct column *column, size_t first, struct few *few, struct column_cells *cells) {
    size_t count = column->rows - first < 64 ? column->rows - first : 64;
    if (in_memory(column)) {
        cells_of_memory(column, first, count, cells);
        return true;
    }
    bool good;
    if (column->formula == NULL) {
        struct error error;
        good = cell_file_read(column->file, first / COLUMN_BLOCK, first % COLUMN_BLOCK, count, few->cells, few->missing,
                              &error) == STATUS_OK;
    } else {
        struct few room;
        struct column_cells from;
        good = read_few(column->formula->from, first, &room, &from);
        if (good)
            compute(column, &from, few->cells, few->missing);
    }
    cells_of_room(column, first, count, few->cells, few->missing, cells);
    return good;
}

bool column_is_missing(const struct column *column, size_t row) {
    if (column->missing != NULL)
        return (column->missing[row / 64] >> (row % 64) & 1) != 0;
    if (in_memory(column) || column->missing_count == 0)
        return false;
    struct few few;
    struct column_cells cells;
    return !read_few(column, row / 64 * 64, &few, &cells) || cells_missing(&cells, row % 64);
}

double column_number(const struct column *column, size_t row) {
    struct few few;
    struct column_cells cells;
    assert(row < column->rows && column_has_values(column));
    bool known = read_few(column, row / 64 * 64, &few, &cells) && !cells_missing(&cells, row % 64);
    return known ? cells.values[row % 64] : (double)NAN;
}

uint32_t column_code(const struct column *column, size_t row) {
    struct few few;
    struct column_cells cells;
    assert(row < column->rows && !column_has_values(column));
    bool known = read_few(column, row / 64 * 64, &few, &cells) && !cells_missing(&cells, row % 64);
    return known ? cells.codes[row % 64] : 0;
}

// ---- computed columns -----------------------------------------------------------------------------------

static void formula_free(struct column_formula *formula) {
    column_release(formula->from);
    mem_free(formula->lookup);
}

static enum status add_missing(void *count, const struct column_cells *cells, struct error *error) {
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        *(size_t *)count += cells_missing(cells, i);
    return STATUS_OK;
}

static enum status count_missing(struct column *column, struct error *error) {
    size_t count = 0;
    column->missing_count = 1; // so that the bits are read
    enum status status = column_each(column, add_missing, &count, error);
    column->missing_count = count;
    return status;
}

struct column *column_computed(const char *name, enum column_type type, bool integer, struct column_formula formula,
                               size_t missing_count, struct error *error) {
    assert(type == COLUMN_NUMERIC || type == COLUMN_DATE);
    struct column *column = mem_alloc(1, sizeof *column);
    if (column == NULL) {
        formula_free(&formula);
        error_memory(error, "a column", sizeof *column);
        return NULL;
    }
    atomic_init(&column->references, 1);
    column->type = type;
    column->integer = integer;
    column->rows = formula.from->rows;
    column->name = mem_string(name);
    column->formula = mem_copy(&formula, sizeof formula);
    if (column->formula == NULL)
        formula_free(&formula);
    enum status status = STATUS_OK;
    if (column->name == NULL || column->formula == NULL)
        status = error_memory(error, "a column", sizeof formula);
    else if (missing_count == SIZE_MAX)
        status = count_missing(column, error);
    else
        column->missing_count = missing_count;
    if (status == STATUS_OK)
        return column;
    column_release(column);
    return NULL;
}
