// Columns that grow at the end: in memory as long as it lasts, then in a file, block by block.
#include <assert.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/cells_file.h"

enum { FIRST_ROWS = 1024 };

static size_t cell_bytes(const struct column *column) {
    return column_has_values(column) ? sizeof *column->values : sizeof *column->codes;
}

static void *cells_of(const struct column *column) {
    return column_has_values(column) ? (void *)column->values : (void *)column->codes;
}

static void set_cells(struct column *column, void *cells) {
    if (column_has_values(column))
        column->values = cells;
    else
        column->codes = cells;
}

enum status column_maker_open(struct column_maker *maker, const char *name, enum column_type type,
                              struct error *error) {
    *maker = (struct column_maker){.column = column_make(name, type, FIRST_ROWS, error)};
    if (maker->column == NULL)
        return STATUS_MEMORY;
    maker->capacity = FIRST_ROWS;
    maker->column->rows = 0;
    return STATUS_OK;
}

void column_maker_close(struct column_maker *maker) {
    column_release(maker->column);
    *maker = (struct column_maker){0};
}

// ---- room ---------------------------------------------------------------------------------------------

// Room for rows in memory; missing bits beyond what there was are 0.
static enum status set_capacity(struct column_maker *maker, size_t rows, struct error *error) {
    struct column *column = maker->column;
    size_t cell = cell_bytes(column), words = rows / 64 + 1, before = maker->capacity / 64 + 1;
    void *cells = mem_resize(cells_of(column), rows + 1, cell);
    if (cells == NULL)
        return error_memory(error, column->name, rows * cell);
    set_cells(column, cells);
    cells_count((ptrdiff_t)(rows * cell) - (ptrdiff_t)column->counted);
    column->counted = rows * cell;
    if (column->missing != NULL) {
        uint64_t *missing = mem_resize(column->missing, words, sizeof *missing);
        if (missing == NULL)
            return error_memory(error, column->name, rows / 8);
        column->missing = missing;
        if (words > before)
            memset(missing + before, 0, (words - before) * sizeof *missing);
    }
    maker->capacity = rows;
    return STATUS_OK;
}

enum status column_maker_reserve(struct column_maker *maker, size_t rows, struct error *error) {
    size_t cell = cell_bytes(maker->column);
    bool fits = rows <= maker->capacity || cells_in_memory() + (rows - maker->capacity) * cell <= cells_memory();
    return rows > maker->capacity && fits ? set_capacity(maker, rows, error) : STATUS_OK;
}

// Every whole block in memory goes to the file; the rest moves to the front.
static enum status spill(struct column_maker *maker, struct error *error) {
    struct column *column = maker->column;
    size_t cell = cell_bytes(column), rows = column->rows - maker->spilled, done = 0;
    enum status status = STATUS_OK;
    if (column->file == NULL)
        column->file = cell_file_make(cell, error);
    if (column->file == NULL)
        return STATUS_MEMORY;
    char *cells = cells_of(column);
    for (; status == STATUS_OK && done + COLUMN_BLOCK <= rows; done += COLUMN_BLOCK)
        status = cell_file_add(column->file, cells + done * cell,
                               column->missing == NULL ? NULL : column->missing + done / 64, error);
    if (status != STATUS_OK)
        return status;
    memmove(cells, cells + done * cell, (rows - done) * cell);
    if (column->missing != NULL) {
        size_t words = maker->capacity / 64 + 1, moved = done / 64;
        memmove(column->missing, column->missing + moved, (words - moved) * sizeof *column->missing);
        memset(column->missing + words - moved, 0, moved * sizeof *column->missing);
    }
    maker->spilled += done;
    return STATUS_OK;
}

// Makes room for `more` rows (at most a block) behind those in memory.
static enum status make_room(struct column_maker *maker, size_t more, struct error *error) {
    struct column *column = maker->column;
    size_t rows = column->rows - maker->spilled, wanted = maker->capacity;
    if (rows + more <= maker->capacity)
        return STATUS_OK;
    while (wanted < rows + more)
        wanted *= 2;
    size_t extra = (wanted - maker->capacity) * cell_bytes(column);
    bool spills = rows >= COLUMN_BLOCK && cells_in_memory() + extra > cells_memory();
    if (!spills && column->file == NULL && set_capacity(maker, wanted, error) == STATUS_OK)
        return STATUS_OK;
    enum status status = spill(maker, error); // short of memory: where one fits, the file
    if (status == STATUS_OK)
        status = set_capacity(maker, 2 * COLUMN_BLOCK, error);
    return status;
}

// ---- cells --------------------------------------------------------------------------------------------

// count bits of `from`, from its bit 0, to bit `at` of `to`, which are 0 there. Returns how many are 1.
static size_t add_bits(uint64_t *to, size_t at, const uint64_t *from, size_t count) {
    size_t shift = at % 64, set = 0;
    to += at / 64;
    for (size_t done = 0; done < count; done += 64, to++, from++) {
        uint64_t bits = *from;
        if (count - done < 64)
            bits &= ((uint64_t)1 << (count - done)) - 1;
        set += (size_t)__builtin_popcountll(bits);
        to[0] |= bits << shift;
        if (shift > 0 && bits >> (64 - shift) != 0)
            to[1] |= bits >> (64 - shift);
    }
    return set;
}

static bool any_bit(const uint64_t *bits, size_t count) {
    for (size_t done = 0; bits != NULL && done < count; done += 64, bits++) {
        uint64_t word = *bits;
        if (count - done < 64)
            word &= ((uint64_t)1 << (count - done)) - 1;
        if (word != 0)
            return true;
    }
    return false;
}

static enum status add_block(struct column_maker *maker, const void *cells, const uint64_t *missing, size_t count,
                             struct error *error) {
    enum status status = make_room(maker, count, error);
    struct column *column = maker->column;
    size_t cell = cell_bytes(column), at = column->rows - maker->spilled;
    if (status != STATUS_OK)
        return status;
    if (any_bit(missing, count)) {
        if (column->missing == NULL)
            column->missing = mem_alloc(maker->capacity / 64 + 1, sizeof *column->missing);
        if (column->missing == NULL)
            return error_memory(error, column->name, maker->capacity / 8);
        column->missing_count += add_bits(column->missing, at, missing, count);
    }
    memcpy((char *)cells_of(column) + at * cell, cells, count * cell);
    column->rows += count;
    return STATUS_OK;
}

enum status column_maker_add(struct column_maker *maker, const double *values, const uint32_t *codes,
                             const uint64_t *missing, size_t count, struct error *error) {
    const char *cells = column_has_values(maker->column) ? (const char *)values : (const char *)codes;
    size_t cell = cell_bytes(maker->column);
    enum status status = STATUS_OK;
    for (size_t done = 0; done < count && status == STATUS_OK; done += COLUMN_BLOCK) {
        size_t here = count - done < COLUMN_BLOCK ? count - done : COLUMN_BLOCK;
        status = add_block(maker, cells + done * cell, missing == NULL ? NULL : missing + done / 64, here, error);
    }
    return status;
}

static enum status finish_file(struct column_maker *maker, struct error *error) {
    struct column *column = maker->column;
    enum status status = spill(maker, error);
    size_t rest = column->rows - maker->spilled, cell = cell_bytes(column);
    if (status == STATUS_OK && rest > 0) {
        memset((char *)cells_of(column) + rest * cell, 0, (COLUMN_BLOCK - rest) * cell);
        status = cell_file_add(column->file, cells_of(column), column->missing, error);
    }
    if (status != STATUS_OK)
        return status;
    mem_free(cells_of(column));
    set_cells(column, NULL);
    mem_free(column->missing);
    column->missing = NULL;
    cells_count(-(ptrdiff_t)column->counted);
    column->counted = 0;
    return STATUS_OK;
}

enum status column_maker_finish(struct column_maker *maker, struct column **column, struct error *error) {
    enum status status = STATUS_OK;
    if (maker->column->file != NULL) {
        // The last block is written whole: its arrays must hold one.
        if (maker->capacity < COLUMN_BLOCK)
            status = set_capacity(maker, COLUMN_BLOCK, error);
        if (status == STATUS_OK)
            status = finish_file(maker, error);
    } else if (maker->column->room == NULL) {
        status = set_capacity(maker, maker->column->rows, error);
    }
    if (status != STATUS_OK)
        return status;
    column_seal(maker->column);
    *column = maker->column;
    *maker = (struct column_maker){0};
    return STATUS_OK;
}

// ---- a column from a column -----------------------------------------------------------------------------

static struct column *words_owner(const struct column *column) {
    const struct column *owner = column->words_of == NULL ? column : column->words_of;
    return (struct column *)(uintptr_t)owner;
}

void column_share_words(struct column *column, const struct column *from) {
    assert(column->word_count == 0 && column->words_of == NULL);
    if (from->words == NULL)
        return;
    column->words_of = column_share(words_owner(from));
    column->words = from->words;
    column->word_count = from->word_count;
}

static enum status change_block(struct column_maker *maker, const struct column_cells *cells, column_change *change,
                                void *context, double *room, uint64_t *missing, struct error *error) {
    bool values = column_has_values(maker->column);
    size_t words = (cells->count + 63) / 64;
    memcpy(room, values ? (const void *)cells->values : (const void *)cells->codes,
           cells->count * cell_bytes(maker->column));
    if (cells->missing != NULL)
        memcpy(missing, cells->missing, words * sizeof *missing);
    else
        memset(missing, 0, words * sizeof *missing);
    enum status status = change(context, cells->first, cells->count, values ? room : NULL,
                                values ? NULL : (uint32_t *)(void *)room, missing, error);
    if (status != STATUS_OK)
        return status;
    return column_maker_add(maker, room, (uint32_t *)(void *)room, missing, cells->count, error);
}

struct column *column_changed(const struct column *from, column_change *change, void *context, struct error *error) {
    struct column_maker maker;
    struct column_scan scan = {0};
    struct column *result = NULL;
    double *room = mem_alloc(COLUMN_BLOCK, sizeof *room);
    uint64_t *missing = mem_alloc(COLUMN_BLOCK / 64, sizeof *missing);
    enum status status = column_maker_open(&maker, from->name, from->type, error);
    if (status == STATUS_OK && (room == NULL || missing == NULL))
        status = error_memory(error, "a block of cells", COLUMN_BLOCK * sizeof *room);
    if (status == STATUS_OK)
        status = column_scan_open(&scan, from, error);
    for (size_t block = 0; status == STATUS_OK && block < column_blocks(from); block++) {
        struct column_cells cells;
        status = column_scan_read(&scan, block, &cells, error);
        if (status == STATUS_OK)
            status = change_block(&maker, &cells, change, context, room, missing, error);
    }
    if (status == STATUS_OK)
        status = column_maker_finish(&maker, &result, error);
    if (status == STATUS_OK) {
        result->integer = from->integer;
        result->categories = from->categories;
        column_share_words(result, from);
    }
    column_scan_close(&scan);
    column_maker_close(&maker);
    mem_free(missing);
    mem_free(room);
    return result;
}
