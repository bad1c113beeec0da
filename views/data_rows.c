// Which rows of a table are shown, and in which order: sorting, filtering, finding.
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/data_parts.h"

void rows_free(struct data_rows *rows) {
    mem_free(rows->order);
    *rows = (struct data_rows){0};
}

// An order made for another table says nothing about this one.
static bool current(const struct data_rows *rows, const struct table *table) {
    return rows->order && rows->table == table;
}

size_t rows_count(const struct data_rows *rows, const struct table *table) {
    return current(rows, table) ? rows->count : table->rows;
}

size_t rows_at(const struct data_rows *rows, size_t index) {
    return rows->order ? rows->order[index] : index;
}

bool rows_place(const struct data_rows *rows, const struct table *table, size_t row, size_t *index) {
    if (!current(rows, table)) {
        *index = row;
        return row < table->rows;
    }
    for (size_t i = 0; i < rows->count; i++)
        if (rows->order[i] == row) {
            *index = i;
            return true;
        }
    return false;
}

static enum status all_rows(struct data_rows *rows, const struct table *table, struct error *error) {
    uint32_t *order = mem_alloc(table->rows + 1, sizeof *order);
    if (!order)
        return error_memory(error, "the order of rows", (unsigned long long)table->rows * sizeof *order);
    for (size_t i = 0; i < table->rows; i++)
        order[i] = (uint32_t)i;
    mem_free(rows->order);
    rows->order = order;
    rows->count = table->rows;
    rows->table = table;
    return STATUS_OK;
}

// ---- sorting --------------------------------------------------------------------------------------------

// Numbers whose order is the order of the cells; missing cells are the last.
struct keys {
    uint64_t *keys;        // [rows]
    const uint32_t *ranks; // of words by code, NULL for numbers
};

static uint64_t number_key(double value) { // bits of a double as an integer that sorts like the number
    uint64_t bits;
    value += 0.0; // never -0
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static enum status fill_keys(void *context, const struct column_cells *cells, struct error *error) {
    const struct keys *keys = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        uint64_t *key = &keys->keys[cells->first + i];
        if (cells_missing(cells, i))
            *key = UINT64_MAX;
        else
            *key = keys->ranks ? keys->ranks[cells->codes[i]] : number_key(cells->values[i]);
    }
    return STATUS_OK;
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

// Least significant digit first: equal rows keep their order, whichever column was sorted before.
static void radix_sort(uint32_t *order, uint32_t *spare, size_t count, const uint64_t *keys, uint64_t flip) {
    enum { BITS = 11, BUCKETS = 1 << BITS };
    for (int shift = 0; shift < 64; shift += BITS) {
        size_t starts[BUCKETS] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            starts[(keys[order[i]] ^ flip) >> shift & (BUCKETS - 1)]++;
        if (count == 0 || starts[(keys[order[0]] ^ flip) >> shift & (BUCKETS - 1)] == count)
            continue;
        for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
            size_t here = starts[bucket];
            starts[bucket] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            spare[starts[(keys[order[i]] ^ flip) >> shift & (BUCKETS - 1)]++] = order[i];
        memcpy(order, spare, count * sizeof *order);
    }
}

static enum status sort_by(struct data_rows *rows, const struct column *column, bool descending, struct error *error) {
    uint32_t *spare = mem_alloc(rows->count + 1, sizeof *spare), *ranks = NULL;
    uint64_t *keys = mem_alloc(column->rows + 1, sizeof *keys);
    enum status status = STATUS_OK;
    if (!spare || !keys)
        status = error_memory(error, "sorting", (unsigned long long)column->rows * sizeof *keys);
    if (!status && !column_has_values(column))
        status = rank_words(column, &ranks, error);
    if (!status)
        status = column_each(column, fill_keys, &(struct keys){keys, ranks}, error);
    if (!status)
        radix_sort(rows->order, spare, rows->count, keys, descending ? UINT64_MAX : 0);
    mem_free(ranks);
    mem_free(keys);
    mem_free(spare);
    return status;
}

enum status rows_sort(struct data_rows *rows, const struct table *table, size_t column, struct error *error) {
    if (column >= table->column_count)
        return error_set(error, STATUS_INVALID, "there is no column %zu to sort by", column + 1);
    if (!current(rows, table)) {
        enum status status = all_rows(rows, table, error);
        if (status)
            return status;
    }
    bool descending = rows->sorted == (int)column + 1;
    enum status status = sort_by(rows, table->columns[column], descending, error);
    if (!status)
        rows->sorted = descending ? -(int)column - 1 : (int)column + 1;
    return status;
}

// ---- filtering ------------------------------------------------------------------------------------------

enum comparison { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL };

struct condition {
    const struct column *column;
    enum comparison comparison;
    double number;
    bool numeric;
    char text[PROMPT_SIZE];
};

#define CONDITIONS_MOST 16

static void trim(char *text) {
    size_t start = strspn(text, " \t"), length = strlen(text);
    memmove(text, text + start, length - start + 1);
    length -= start;
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
}

static enum status parse_condition(const struct table *table, char *text, struct condition *out, struct error *error) {
    char *sign = strpbrk(text, "<>=!");
    if (!sign || (sign[0] == '!' && sign[1] != '='))
        return error_set(error, STATUS_INVALID,
                         "\"%s\" compares nothing: write a column, one of < <= > >= = != and a value", text);
    bool two = sign[1] == '=';
    char value[PROMPT_SIZE];
    strcpy(value, sign + 1 + (two ? 1 : 0));
    out->comparison = sign[0] == '<'   ? (two ? LESS_EQUAL : LESS)
                      : sign[0] == '>' ? (two ? GREATER_EQUAL : GREATER)
                      : sign[0] == '=' ? EQUAL
                                       : NOT_EQUAL;
    *sign = '\0';
    trim(text);
    trim(value);
    int index = table_find(table, text);
    if (index < 0)
        return error_set(error, STATUS_INVALID, "there is no column \"%s\"", text);
    out->column = table->columns[index];
    out->numeric = column_has_values(out->column);
    strcpy(out->text, value);
    if (out->numeric && value[0] && !number_parse(value, &out->number))
        return error_set(error, STATUS_INVALID, "%s is numeric and \"%s\" is no number", out->column->name, value);
    return STATUS_OK;
}

static enum status parse_filter(const struct table *table, const char *text, struct condition *conditions,
                                size_t *count, struct error *error) {
    char copy[PROMPT_SIZE];
    strcpy(copy, text);
    *count = 0;
    for (char *part = copy; part;) {
        char *next = strchr(part, '&');
        if (next)
            *next++ = '\0';
        if (*count == CONDITIONS_MOST)
            return error_set(error, STATUS_INVALID, "a filter has at most %d conditions", CONDITIONS_MOST);
        enum status status = parse_condition(table, part, &conditions[(*count)++], error);
        if (status)
            return status;
        part = next;
    }
    return STATUS_OK;
}

static bool fits(enum comparison comparison, double order) {
    switch (comparison) {
    case LESS:
        return order < 0;
    case LESS_EQUAL:
        return order <= 0;
    case GREATER:
        return order > 0;
    case GREATER_EQUAL:
        return order >= 0;
    case EQUAL:
        return order == 0;
    default:
        return order != 0;
    }
}

// An empty value means "missing".
static bool holds(const struct condition *condition, const struct column_cells *cells, size_t i) {
    bool missing = cells_missing(cells, i);
    if (!condition->text[0])
        return condition->comparison == EQUAL ? missing : !missing;
    if (missing)
        return condition->comparison == NOT_EQUAL;
    double order = condition->numeric ? cells->values[i] - condition->number
                                      : strcmp(condition->column->words[cells->codes[i]], condition->text);
    return fits(condition->comparison, order);
}

struct filtering {
    const struct condition *condition;
    struct data_rows *rows; // those that are left, ascending
    size_t done, kept;
};

static enum status filter_block(void *context, const struct column_cells *cells, struct error *error) {
    struct filtering *filtering = context;
    uint32_t *order = filtering->rows->order;
    size_t end = cells->first + cells->count;
    (void)error;
    for (; filtering->done < filtering->rows->count && order[filtering->done] < end; filtering->done++)
        if (holds(filtering->condition, cells, order[filtering->done] - cells->first))
            order[filtering->kept++] = order[filtering->done];
    return STATUS_OK;
}

enum status rows_filter(struct data_rows *rows, const struct table *table, const char *text, struct error *error) {
    struct condition conditions[CONDITIONS_MOST];
    size_t count = 0;
    if (!text[strspn(text, " ")]) {
        rows_free(rows);
        return STATUS_OK;
    }
    if (strlen(text) >= PROMPT_SIZE)
        return error_set(error, STATUS_INVALID, "a filter is at most %d characters long", PROMPT_SIZE - 1);
    enum status status = parse_filter(table, text, conditions, &count, error);
    if (!status)
        status = all_rows(rows, table, error);
    for (size_t i = 0; i < count && !status; i++) {
        struct filtering filtering = {.condition = &conditions[i], .rows = rows};
        status = column_each(conditions[i].column, filter_block, &filtering, error);
        rows->count = filtering.kept;
    }
    if (status)
        return status;
    rows->sorted = 0;
    strcpy(rows->filter, text);
    return STATUS_OK;
}

// ---- finding --------------------------------------------------------------------------------------------

static bool contains(const char *cell, const char *text, size_t length) {
    for (; *cell; cell++)
        if (strncasecmp(cell, text, length) == 0)
            return true;
    return false;
}

bool rows_find(const struct data_rows *rows, const struct table *table, const char *text, size_t from, int direction,
               size_t *index, size_t *column) {
    size_t count = rows_count(rows, table), length = strlen(text);
    for (size_t step = 1; step <= count && length; step++) {
        size_t at = direction > 0 ? (from + step) % count : (from + count - step % count) % count;
        size_t row = current(rows, table) ? rows->order[at] : at;
        for (size_t i = 0; i < table->column_count; i++) {
            char number[64];
            if (!column_is_missing(table->columns[i], row) &&
                contains(column_text(table->columns[i], row, number), text, length)) {
                *index = at;
                *column = i;
                return true;
            }
        }
    }
    return false;
}
