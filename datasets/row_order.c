#include "datasets/row_order.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

void row_order_free(struct row_order *order) {
    mem_free(order->rows);
    *order = (struct row_order){0};
}

size_t row_order_count(const struct row_order *order, const struct table *table) {
    return order->rows ? order->count : table->rows;
}

size_t row_order_at(const struct row_order *order, size_t index) {
    return order->rows ? order->rows[index] : index;
}

bool row_order_place(const struct row_order *order, const struct table *table, size_t row, size_t *index) {
    if (!order->rows) {
        *index = row;
        return row < table->rows;
    }
    for (size_t i = 0; i < order->count; i++)
        if (order->rows[i] == row) {
            *index = i;
            return true;
        }
    return false;
}

// ---- marks ----------------------------------------------------------------------------------------------

void row_marks_free(struct row_marks *marks) {
    mem_free(marks->bits);
    *marks = (struct row_marks){0};
}

bool row_marked(const struct row_marks *marks, size_t row) {
    return row < marks->rows && marks->bits[row / 8] >> row % 8 & 1;
}

enum status row_marks_switch(struct row_marks *marks, const struct table *table, size_t row, struct error *error) {
    if (!marks->bits) {
        marks->bits = mem_alloc(table->rows / 8 + 1, 1);
        if (!marks->bits)
            return error_memory(error, "the marks of rows", table->rows / 8);
        marks->rows = table->rows;
    }
    marks->bits[row / 8] ^= (uint8_t)(1u << row % 8);
    marks->count = row_marked(marks, row) ? marks->count + 1 : marks->count - 1;
    return STATUS_OK;
}

// ---- sorting --------------------------------------------------------------------------------------------

#define MISSING_KEY UINT64_MAX // the last, either way

// Numbers whose order is the order of the cells.
struct keys {
    uint64_t *keys;        // [rows]
    const uint32_t *ranks; // of words by code, NULL for numbers
    struct task *task;
};

static uint64_t number_key(double value) { // bits of a double as an integer that sorts like the number
    uint64_t bits;
    value += 0.0; // never -0
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static enum status fill_keys(void *context, const struct column_cells *cells, struct error *error) {
    const struct keys *keys = context;
    for (size_t i = 0; i < cells->count; i++) {
        uint64_t *key = &keys->keys[cells->first + i];
        if (cells_missing(cells, i))
            *key = MISSING_KEY;
        else
            *key = keys->ranks ? keys->ranks[cells->codes[i]] : number_key(cells->values[i]);
    }
    return task_step(keys->task, cells->count, error);
}

struct ranked {
    const char *word;
    uint32_t code;
};

static int compare_ranked(const void *a, const void *b) {
    return strcmp(((const struct ranked *)a)->word, ((const struct ranked *)b)->word);
}

// ranks[code]: the place of the word among all words.
static enum status rank_words(const struct column *column, uint32_t **ranks, struct error *error) {
    struct ranked *words = mem_alloc(column->word_count + 1, sizeof *words);
    *ranks = mem_alloc(column->word_count + 1, sizeof **ranks);
    if (!words || !*ranks) {
        mem_free(words);
        return error_memory(error, "sorting", column->word_count * sizeof *words);
    }
    for (uint32_t code = 0; code < column->word_count; code++)
        words[code] = (struct ranked){column->words[code], code};
    qsort(words, column->word_count, sizeof *words, compare_ranked);
    for (uint32_t place = 0; place < column->word_count; place++)
        (*ranks)[words[place].code] = place;
    mem_free(words);
    return STATUS_OK;
}

// Least significant digit first: equal rows keep their order, whichever column was sorted before. Keys travel with
// their rows, so that memory is read and written from one end to the other; digits that all keys share cost nothing.
enum { BITS = 11, BUCKETS = 1 << BITS, DIGITS = (64 + BITS - 1) / BITS };

struct pairs {
    uint64_t *keys;
    uint32_t *rows;
};

static bool pairs_make(struct pairs *pairs, size_t count) {
    pairs->keys = mem_alloc(count + 1, sizeof *pairs->keys);
    pairs->rows = mem_alloc(count + 1, sizeof *pairs->rows);
    return pairs->keys && pairs->rows;
}

static void pairs_free(struct pairs *pairs) {
    mem_free(pairs->keys);
    mem_free(pairs->rows);
}

static size_t digit_of(uint64_t key, int digit) {
    return (size_t)(key >> digit * BITS) & (BUCKETS - 1);
}

static void move_by(const struct pairs *from, struct pairs *to, size_t count, int digit, size_t *starts) {
    size_t sum = 0;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        size_t here = starts[bucket];
        starts[bucket] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++) {
        size_t place = starts[digit_of(from->keys[i], digit)]++;
        to->keys[place] = from->keys[i];
        to->rows[place] = from->rows[i];
    }
}

// Of two rooms, the result is left in *pairs.
static enum status radix_sort(struct pairs *pairs, struct pairs *spare, size_t count, struct task *task,
                              struct error *error) {
    static _Thread_local size_t counts[DIGITS][BUCKETS];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < count; i++)
        for (int digit = 0; digit < DIGITS; digit++)
            counts[digit][digit_of(pairs->keys[i], digit)]++;
    enum status status = STATUS_OK;
    for (int digit = 0; digit < DIGITS && count > 0 && !status; digit++) {
        bool shared = counts[digit][digit_of(pairs->keys[0], digit)] == count;
        if (!shared) {
            move_by(pairs, spare, count, digit, counts[digit]);
            struct pairs moved = *spare;
            *spare = *pairs;
            *pairs = moved;
        }
        status = task_step(task, count, error);
    }
    return status;
}

static enum status sort_pairs(const struct row_order *from, const struct table *table, const uint64_t *keys,
                              bool descending, struct row_order *to, struct task *task, struct error *error) {
    size_t count = row_order_count(from, table);
    struct pairs pairs = {0}, spare = {0};
    bool room = pairs_make(&pairs, count) && pairs_make(&spare, count);
    for (size_t i = 0; i < count && room; i++) {
        pairs.rows[i] = (uint32_t)row_order_at(from, i);
        uint64_t key = keys[pairs.rows[i]];
        pairs.keys[i] = descending && key != MISSING_KEY ? MISSING_KEY - 1 - key : key;
    }
    enum status status = room ? radix_sort(&pairs, &spare, count, task, error)
                              : error_memory(error, "sorting", (unsigned long long)count * 24);
    if (!status) {
        *to = (struct row_order){.rows = pairs.rows, .count = count};
        pairs.rows = NULL;
    }
    pairs_free(&pairs);
    pairs_free(&spare);
    return status;
}

enum status row_order_sort(const struct row_order *from, const struct table *table, size_t index,
                           struct row_order *to, struct task *task, struct error *error) {
    if (index >= table->column_count)
        return error_set(error, STATUS_INVALID, "there is no column %zu to sort by", index + 1);
    const struct column *column = table->columns[index];
    uint32_t *ranks = NULL;
    uint64_t *keys = mem_alloc(table->rows + 1, sizeof *keys);
    bool descending = from->sorted == (int)index + 1;
    if (task)
        task_begin(task, "Sorting", "rows", table->rows + (DIGITS * row_order_count(from, table)));
    enum status status =
        keys ? STATUS_OK : error_memory(error, "sorting", (unsigned long long)table->rows * sizeof *keys);
    if (!status && !column_has_values(column))
        status = rank_words(column, &ranks, error);
    if (!status)
        status = column_each(column, fill_keys, &(struct keys){keys, ranks, task}, error);
    if (!status)
        status = sort_pairs(from, table, keys, descending, to, task, error);
    if (!status) {
        to->sorted = descending ? -(int)index - 1 : (int)index + 1;
        memcpy(to->filter, from->filter, sizeof to->filter);
    }
    mem_free(ranks);
    mem_free(keys);
    return status;
}
