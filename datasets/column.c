#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/cell_date.h"
#include "datasets/cells_file.h"

// Open addressing with linear probing; at most two thirds full.
struct word_slot {
    uint32_t code; // code + 1; 0 = free
    uint32_t hash; // saves most string comparisons
};
struct word_index {
    struct word_slot *slots;
    size_t capacity; // a power of two
};

static size_t missing_words(size_t rows) {
    return rows / 64 + 1;
}

struct column *column_make(const char *name, enum column_type type, size_t rows, struct error *error) {
    struct column *column = mem_alloc(1, sizeof *column);
    if (column == NULL) {
        error_memory(error, "a column", sizeof *column);
        return NULL;
    }
    atomic_init(&column->references, 1);
    column->type = type;
    column->rows = rows;
    column->name = mem_string(name);
    if (column_has_values(column))
        column->values = mem_alloc(rows + 1, sizeof *column->values);
    else
        column->codes = mem_alloc(rows + 1, sizeof *column->codes);
    if (column->name == NULL || (column->values == NULL && column->codes == NULL)) {
        error_memory(error, "a column", rows * sizeof *column->values);
        column_release(column);
        return NULL;
    }
    column->counted = rows * (column->values != NULL ? sizeof *column->values : sizeof *column->codes);
    cells_count((ptrdiff_t)column->counted);
    return column;
}

struct column *column_share(struct column *column) {
    atomic_fetch_add(&column->references, 1);
    return column;
}

void column_release(struct column *column) {
    if (column == NULL || atomic_fetch_sub(&column->references, 1) > 1)
        return;
    column_seal(column);
    if (column->words_of == NULL)
        mem_free(column->words);
    column_release(column->words_of);
    arena_free(&column->text);
    if (column->formula != NULL) {
        column_release(column->formula->from);
        mem_free(column->formula->lookup);
        mem_free(column->formula);
    }
    cell_file_free(column->file);
    cells_count(-(ptrdiff_t)column->counted);
    mem_free(column->missing);
    if (column->room == NULL) {
        mem_free(column->codes);
        mem_free(column->values);
    }
    cell_room_release(column->room);
    mem_free(column->name);
    mem_free(column);
}

// ---- missing cells ----

enum status column_set_missing(struct column *column, size_t row, struct error *error) {
    assert(row < column->rows);
    if (column->missing == NULL) {
        column->missing = mem_alloc(missing_words(column->rows), sizeof *column->missing);
        if (column->missing == NULL)
            return error_memory(error, "missing cells of a column", column->rows / 8);
    }
    if (!column_is_missing(column, row)) {
        column->missing[row / 64] |= (uint64_t)1 << (row % 64);
        column->missing_count++;
    }
    if (column->values != NULL)
        column->values[row] = 0;
    else
        column->codes[row] = 0;
    return STATUS_OK;
}

void column_clear_missing(struct column *column, size_t row) {
    if (!column_is_missing(column, row))
        return;
    column->missing[row / 64] &= ~((uint64_t)1 << (row % 64));
    column->missing_count--;
}

// ---- words ----

static size_t index_find(const struct column *column, const char *word, size_t length, uint32_t hash) {
    const struct word_index *index = column->index;
    size_t at = hash & (index->capacity - 1);
    for (; index->slots[at].code != 0; at = (at + 1) & (index->capacity - 1)) {
        if (index->slots[at].hash != hash)
            continue;
        const char *known = column->words[index->slots[at].code - 1];
        if (strncmp(known, word, length) == 0 && known[length] == '\0')
            break;
    }
    return at;
}

static uint32_t word_hash(const char *word, size_t length) {
    return (uint32_t)checksum_hash64(word, length, 0);
}

// (Re)builds the index with room for twice the words there are.
static enum status index_build(struct column *column, struct error *error) {
    struct word_index *index = column->index;
    if (index == NULL)
        index = mem_alloc(1, sizeof *index);
    size_t capacity = 64;
    while (capacity < column->word_count * 4)
        capacity *= 2;
    struct word_slot *slots = index == NULL ? NULL : mem_alloc(capacity, sizeof *slots);
    if (slots == NULL) {
        if (column->index == NULL)
            mem_free(index);
        return error_memory(error, "the words of a column", capacity * sizeof *slots);
    }
    mem_free(index->slots);
    *index = (struct word_index){.slots = slots, .capacity = capacity};
    column->index = index;
    for (size_t i = 0; i < column->word_count; i++) {
        size_t length = strlen(column->words[i]);
        uint32_t hash = word_hash(column->words[i], length);
        slots[index_find(column, column->words[i], length, hash)] =
            (struct word_slot){.code = (uint32_t)i + 1, .hash = hash};
    }
    return STATUS_OK;
}

static enum status word_append(struct column *column, const char *word, size_t length, struct error *error) {
    if (column->word_count >= UINT32_MAX - 1)
        return error_set(error, STATUS_UNSUPPORTED, "column %s has more than 4 billion distinct values", column->name);
    char *copy = NULL;
    if (vec_reserve(&column->words, &column->word_capacity, column->word_count + 1, sizeof *column->words))
        copy = arena_text(&column->text, word, length);
    if (copy == NULL)
        return error_memory(error, "a word of a column", length + 1);
    column->words[column->word_count++] = copy;
    return STATUS_OK;
}

enum status column_word(struct column *column, const char *word, size_t length, uint32_t *code, struct error *error) {
    assert(!column_has_values(column) && column->words_of == NULL);
    enum status status = STATUS_OK;
    if (column->index == NULL || column->word_count * 3 >= column->index->capacity * 2)
        status = index_build(column, error);
    if (status != STATUS_OK)
        return status;
    uint32_t hash = word_hash(word, length);
    struct word_slot *slot = &column->index->slots[index_find(column, word, length, hash)];
    if (slot->code == 0) {
        status = word_append(column, word, length, error);
        if (status != STATUS_OK)
            return status;
        *slot = (struct word_slot){.code = (uint32_t)column->word_count, .hash = hash};
    }
    *code = slot->code - 1;
    return STATUS_OK;
}

void column_seal(struct column *column) {
    if (column->index == NULL)
        return;
    mem_free(column->index->slots);
    mem_free(column->index);
    column->index = NULL;
}

// ---- copies ----

// The words that some cell of `to` uses, numbered in order of first appearance; its codes are those of `from`.
static enum status pick_words(struct column *to, const struct column *from, struct error *error) {
    uint32_t *map = mem_alloc(from->word_count + 1, sizeof *map); // new code + 1
    if (map == NULL)
        return error_memory(error, "the words of a column", from->word_count * sizeof *map);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < to->rows && status == STATUS_OK; i++) {
        if (column_is_missing(to, i))
            continue;
        uint32_t code = to->codes[i];
        if (map[code] == 0) {
            status = word_append(to, from->words[code], strlen(from->words[code]), error);
            map[code] = (uint32_t)to->word_count;
        }
        to->codes[i] = map[code] - 1;
    }
    mem_free(map);
    return status;
}

static enum status copy_words(struct column *to, const struct column *from, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < from->word_count && status == STATUS_OK; i++)
        status = word_append(to, from->words[i], strlen(from->words[i]), error);
    return status;
}

// Picked cells wait here until there are enough for column_maker_add.
struct picking {
    struct column_maker maker;
    double values[COLUMN_BLOCK];
    uint32_t codes[COLUMN_BLOCK];
    uint64_t missing[COLUMN_BLOCK / 64];
    size_t count;
};

static enum status flush(struct picking *picking, struct error *error) {
    enum status status =
        column_maker_add(&picking->maker, picking->values, picking->codes, picking->missing, picking->count, error);
    memset(picking->missing, 0, sizeof picking->missing);
    picking->count = 0;
    return status;
}

static enum status pick_cell(struct picking *picking, const struct column_cells *cells, size_t row,
                             struct error *error) {
    size_t i = row - cells->first, at = picking->count++;
    if (cells_missing(cells, i))
        picking->missing[at / 64] |= (uint64_t)1 << (at % 64);
    if (cells->values != NULL)
        picking->values[at] = cells->values[i];
    else
        picking->codes[at] = cells->codes[i];
    return picking->count == COLUMN_BLOCK ? flush(picking, error) : STATUS_OK;
}

static enum status pick_cells(struct picking *picking, const struct column *column, const uint32_t *picked,
                              size_t count, struct error *error) {
    struct column_scan scan;
    struct column_cells cells = {0};
    enum status status = column_scan_open(&scan, column, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (picked[i] - cells.first >= cells.count)
            status = column_scan_read(&scan, picked[i] / COLUMN_BLOCK, &cells, error);
        if (status == STATUS_OK)
            status = pick_cell(picking, &cells, picked[i], error);
    }
    column_scan_close(&scan);
    return status == STATUS_OK ? flush(picking, error) : status;
}

struct column *column_pick(const struct column *column, const uint32_t *picked, size_t count, struct error *error) {
    struct column *result = NULL;
    struct picking *picking = mem_alloc(1, sizeof *picking);
    if (picking == NULL) {
        error_memory(error, "a block of cells", sizeof *picking);
        return NULL;
    }
    enum status status = column_maker_open(&picking->maker, column->name, column->type, error);
    if (status == STATUS_OK)
        status = pick_cells(picking, column, picked, count, error);
    if (status == STATUS_OK)
        status = column_maker_finish(&picking->maker, &result, error);
    column_maker_close(&picking->maker);
    mem_free(picking);
    if (status != STATUS_OK)
        return NULL;
    result->integer = column->integer;
    result->categories = column->categories;
    if (result->codes != NULL)
        status = pick_words(result, column, error);
    else if (column->words != NULL)
        column_share_words(result, column);
    if (status == STATUS_OK)
        return result;
    column_release(result);
    return NULL;
}

static enum status copy_block(struct column *to, const struct column_cells *cells, struct error *error) {
    if (cells->values != NULL)
        memcpy(to->values + cells->first, cells->values, cells->count * sizeof *to->values);
    else
        memcpy(to->codes + cells->first, cells->codes, cells->count * sizeof *to->codes);
    if (cells->missing == NULL)
        return STATUS_OK;
    if (to->missing == NULL)
        to->missing = mem_alloc(missing_words(to->rows), sizeof *to->missing);
    if (to->missing == NULL)
        return error_memory(error, "missing cells of a column", to->rows / 8);
    memcpy(to->missing + cells->first / 64, cells->missing, (cells->count + 63) / 64 * sizeof *to->missing);
    return STATUS_OK;
}

static enum status copy_cells(struct column *to, const struct column *from, struct error *error) {
    struct column_scan scan;
    enum status status = column_scan_open(&scan, from, error);
    for (size_t block = 0; block < column_blocks(from) && status == STATUS_OK; block++) {
        struct column_cells cells;
        status = column_scan_read(&scan, block, &cells, error);
        if (status == STATUS_OK)
            status = copy_block(to, &cells, error);
    }
    column_scan_close(&scan);
    to->missing_count = from->missing_count;
    return status == STATUS_OK ? copy_words(to, from, error) : status;
}

struct column *column_copy(const struct column *column, struct error *error) {
    struct column *copy = column_make(column->name, column->type, column->rows, error);
    if (copy == NULL)
        return NULL;
    copy->integer = column->integer;
    copy->categories = column->categories;
    if (copy_cells(copy, column, error) != STATUS_OK) {
        column_release(copy);
        return NULL;
    }
    return copy;
}

// ---- text ----

// Civil date from days since 1970-01-01 in the proleptic Gregorian calendar, by 400-year eras that
// begin on 1 March.
void date_civil(int64_t days, int64_t *year, int *month, int *day) {
    days += 719468; // 0000-03-01
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; // month, March = 0
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static void date_text(double seconds, char out[64]) {
    if (!isfinite(seconds) || fabs(seconds) > 1e14) { // beyond any calendar: as a number
        number_text(seconds, out);
        return;
    }
    int64_t micro = llround((seconds - floor(seconds)) * 1e6);
    int64_t whole = (int64_t)floor(seconds) + micro / 1000000;
    micro %= 1000000;
    int64_t days = whole / 86400 - (whole % 86400 < 0);
    int64_t rest = whole - days * 86400, year;
    int month, day;
    date_civil(days, &year, &month, &day);
    int used = snprintf(out, 64, "%04lld-%02d-%02d", (long long)year, month, day);
    if (rest == 0 && micro == 0)
        return;
    used += snprintf(out + used, 64 - (size_t)used, "T%02d:%02d:%02d", (int)(rest / 3600), (int)(rest / 60 % 60),
                     (int)(rest % 60));
    if (micro == 0)
        return;
    used += snprintf(out + used, 64 - (size_t)used, ".%06d", (int)micro);
    while (out[used - 1] == '0')
        out[--used] = '\0';
}

const char *number_cell_text(enum column_type type, double value, char out[64]) {
    if (type == COLUMN_DATE)
        date_text(value, out);
    else if (fabs(value) < 9007199254740992.0 && trunc(value) == value)
        snprintf(out, 64, "%.0f", value);
    else
        number_text(value, out);
    return out;
}

const char *column_text(const struct column *column, size_t row, char out[64]) {
    assert(row < column->rows);
    if (column_is_missing(column, row))
        return "";
    if (!column_has_values(column))
        return column->words[column_code(column, row)];
    return number_cell_text(column->type, column_number(column, row), out);
}

const char *column_type_name(enum column_type type) {
    static const char *const names[COLUMN_TYPES] = {
        [COLUMN_NUMERIC] = "numeric",
        [COLUMN_CATEGORY] = "category",
        [COLUMN_DATE] = "date",
        [COLUMN_TEXT] = "text",
    };
    return names[type];
}
