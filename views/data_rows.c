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

static int compare_cells(const struct column *column, size_t a, size_t b) {
    bool missing_a = column_is_missing(column, a), missing_b = column_is_missing(column, b);
    if (missing_a || missing_b)
        return (missing_a && !missing_b) - (missing_b && !missing_a); // missing cells last
    if (column->values)
        return (column->values[a] > column->values[b]) - (column->values[a] < column->values[b]);
    return strcmp(column->words[column->codes[a]], column->words[column->codes[b]]);
}

// Merge sort: equal rows keep their order, whichever column was sorted before.
static void merge_sort(uint32_t *order, uint32_t *spare, size_t count, const struct column *column, bool descending) {
    if (count < 2)
        return;
    size_t half = count / 2, left = 0, right = half;
    merge_sort(order, spare, half, column, descending);
    merge_sort(order + half, spare, count - half, column, descending);
    memcpy(spare, order, count * sizeof *order);
    for (size_t i = 0; i < count; i++) {
        bool take_right = left == half;
        if (left < half && right < count) {
            int comparison = compare_cells(column, spare[left], spare[right]);
            take_right = descending ? comparison < 0 : comparison > 0;
        }
        order[i] = take_right ? spare[right++] : spare[left++];
    }
}

enum status rows_sort(struct data_rows *rows, const struct table *table, size_t column, struct error *error) {
    if (column >= table->column_count)
        return error_set(error, STATUS_INVALID, "there is no column %zu to sort by", column + 1);
    if (!current(rows, table)) {
        enum status status = all_rows(rows, table, error);
        if (status)
            return status;
    }
    uint32_t *spare = mem_alloc(rows->count + 1, sizeof *spare);
    if (!spare)
        return error_memory(error, "sorting", (unsigned long long)rows->count * sizeof *spare);
    bool descending = rows->sorted == (int)column + 1;
    merge_sort(rows->order, spare, rows->count, table->columns[column], descending);
    rows->sorted = descending ? -(int)column - 1 : (int)column + 1;
    mem_free(spare);
    return STATUS_OK;
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
        return error_set(error, STATUS_INVALID, "\"%s\" compares nothing: write a column, one of < <= > >= = != and a value",
                         text);
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
    out->numeric = out->column->values != NULL;
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

// An empty value means "missing".
static bool holds(const struct condition *condition, size_t row) {
    bool missing = column_is_missing(condition->column, row);
    if (!condition->text[0])
        return condition->comparison == EQUAL ? missing : !missing;
    if (missing)
        return condition->comparison == NOT_EQUAL;
    double order;
    if (condition->numeric)
        order = condition->column->values[row] - condition->number;
    else
        order = strcmp(condition->column->words[condition->column->codes[row]], condition->text);
    switch (condition->comparison) {
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

enum status rows_filter(struct data_rows *rows, const struct table *table, const char *text, struct error *error) {
    struct condition conditions[CONDITIONS_MOST];
    size_t count = 0, kept = 0;
    if (!text[strspn(text, " ")]) {
        rows_free(rows);
        return STATUS_OK;
    }
    if (strlen(text) >= PROMPT_SIZE)
        return error_set(error, STATUS_INVALID, "a filter is at most %d characters long", PROMPT_SIZE - 1);
    enum status status = parse_filter(table, text, conditions, &count, error);
    if (!status)
        status = all_rows(rows, table, error);
    if (status)
        return status;
    for (size_t row = 0; row < table->rows; row++) {
        bool keep = true;
        for (size_t i = 0; keep && i < count; i++)
            keep = holds(&conditions[i], row);
        if (keep)
            rows->order[kept++] = (uint32_t)row;
    }
    rows->count = kept;
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
