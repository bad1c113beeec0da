// Columns that share the room of their cells with the shorter ones that they were made from.
#include <string.h>

#include "core/base/mem.h"
#include "datasets/cells_file.h"

struct cell_room {
    _Atomic int references;
    size_t capacity, used; // rows; what lies before `used` never changes
    size_t bytes;          // counted
    char cells[];
};

void cell_room_release(struct cell_room *room) {
    if (room == NULL || atomic_fetch_sub(&room->references, 1) > 1)
        return;
    cells_count(-(ptrdiff_t)room->bytes);
    mem_free(room);
}

static size_t cell_bytes(const struct column *column) {
    return column_has_values(column) ? sizeof *column->values : sizeof *column->codes;
}

static const void *cells_of(const struct column *column) {
    return column_has_values(column) ? (const void *)column->values : (const void *)column->codes;
}

// A quarter more than is needed now: a file that grows will need it.
static struct cell_room *make_room(const struct column *old, size_t rows, struct error *error) {
    size_t capacity = rows + rows / 4, cell = cell_bytes(old);
    bool fits = cells_in_memory() + capacity * cell <= cells_memory();
    struct cell_room *room = fits ? mem_alloc(1, sizeof *room + (capacity + 1) * cell) : NULL;
    if (room == NULL) {
        error_memory(error, old->name, capacity * cell);
        return NULL;
    }
    atomic_init(&room->references, 1);
    room->capacity = capacity;
    room->used = old->rows;
    room->bytes = capacity * cell;
    cells_count((ptrdiff_t)room->bytes);
    memcpy(room->cells, cells_of(old), old->rows * cell);
    return room;
}

static struct cell_room *room_for(const struct column *old, size_t rows, struct error *error) {
    struct cell_room *room = old->room;
    if (room == NULL || room->used != old->rows || room->capacity < rows)
        return make_room(old, rows, error);
    atomic_fetch_add(&room->references, 1);
    return room;
}

// Bits of both, those of `added` moved behind.
static enum status join_missing(struct column *column, const struct column *old, const struct column *added,
                                struct error *error) {
    size_t words = column->rows / 64 + 1;
    column->missing_count = old->missing_count + added->missing_count;
    if (column->missing_count == 0)
        return STATUS_OK;
    column->missing = mem_alloc(words, sizeof *column->missing);
    if (column->missing == NULL)
        return error_memory(error, column->name, words * sizeof *column->missing);
    if (old->missing != NULL)
        memcpy(column->missing, old->missing, (old->rows + 63) / 64 * sizeof *column->missing);
    if (old->missing != NULL && old->rows % 64 != 0)
        column->missing[old->rows / 64] &= ((uint64_t)1 << (old->rows % 64)) - 1;
    for (size_t i = 0; added->missing != NULL && i < added->rows; i++)
        if (added->missing[i / 64] >> (i % 64) & 1)
            column->missing[(old->rows + i) / 64] |= (uint64_t)1 << ((old->rows + i) % 64);
    return STATUS_OK;
}

struct column *column_extended(const struct column *old, struct column *added, struct error *error) {
    size_t rows = old->rows + added->rows, cell = cell_bytes(old);
    struct column *column = mem_alloc(1, sizeof *column);
    if (column == NULL) {
        error_memory(error, "a column", sizeof *column);
        return NULL;
    }
    atomic_init(&column->references, 1);
    column->type = old->type;
    column->rows = rows;
    column->name = mem_string(old->name);
    column->room = column->name == NULL ? NULL : room_for(old, rows, error);
    if (column->name == NULL)
        error_memory(error, "a column", strlen(old->name));
    if (column->room == NULL || join_missing(column, old, added, error) != STATUS_OK) {
        column_release(column);
        return NULL;
    }
    char *cells = column->room->cells;
    memcpy(cells + old->rows * cell, cells_of(added), added->rows * cell);
    column->room->used = rows;
    if (column_has_values(old))
        column->values = (double *)(void *)cells;
    else
        column->codes = (uint32_t *)(void *)cells;
    column_share_words(column, added);
    return column;
}
