// Rows for which conditions hold: "age > 40 & workclass = Private & marked".
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/row_order.h"

enum comparison { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL, MARKED };

struct condition {
    const struct column *column;
    enum comparison comparison;
    double number;
    bool numeric;
    char text[ROW_FILTER_SIZE];
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
    trim(text);
    if (text_equal(text, "marked")) {
        out->comparison = MARKED;
        return STATUS_OK;
    }
    char *sign = strpbrk(text, "<>=!");
    if (!sign || (sign[0] == '!' && sign[1] != '='))
        return error_set(error, STATUS_INVALID,
                         "\"%s\" compares nothing: write a column, one of < <= > >= = != and a value", text);
    bool two = sign[1] == '=';
    char value[ROW_FILTER_SIZE];
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
        return table_no_column(table, text, error);
    out->column = table->columns[index];
    out->numeric = column_has_values(out->column);
    strcpy(out->text, value);
    if (out->numeric && value[0] && !number_parse(value, &out->number))
        return error_set(error, STATUS_INVALID, "%s is numeric and \"%s\" is no number", out->column->name, value);
    return STATUS_OK;
}

static enum status parse_filter(const struct table *table, const char *text, struct condition *conditions,
                                size_t *count, struct error *error) {
    char copy[ROW_FILTER_SIZE];
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
    struct row_order *order; // rows that are left, ascending
    size_t done, kept;
    struct task *task;
};

static enum status filter_block(void *context, const struct column_cells *cells, struct error *error) {
    struct filtering *filtering = context;
    uint32_t *rows = filtering->order->rows;
    size_t end = cells->first + cells->count;
    for (; filtering->done < filtering->order->count && rows[filtering->done] < end; filtering->done++)
        if (holds(filtering->condition, cells, rows[filtering->done] - cells->first))
            rows[filtering->kept++] = rows[filtering->done];
    return task_step(filtering->task, cells->count, error);
}

static enum status keep_marked(struct row_order *order, const struct row_marks *marks, struct task *task,
                               struct error *error) {
    size_t kept = 0, count = order->count;
    for (size_t i = 0; i < count; i++)
        if (marks && row_marked(marks, order->rows[i]))
            order->rows[kept++] = order->rows[i];
    order->count = kept;
    return task_step(task, count, error);
}

static enum status apply(const struct condition *condition, const struct row_marks *marks, struct row_order *order,
                         struct task *task, struct error *error) {
    if (condition->comparison == MARKED)
        return keep_marked(order, marks, task, error);
    struct filtering filtering = {.condition = condition, .order = order, .task = task};
    enum status status = column_each(condition->column, filter_block, &filtering, error);
    order->count = filtering.kept;
    return status;
}

enum status row_order_filter(const struct table *table, const struct row_marks *marks, const char *text,
                             struct row_order *to, struct task *task, struct error *error) {
    struct condition conditions[CONDITIONS_MOST];
    struct row_order order = {.count = table->rows};
    size_t count = 0;
    if (strlen(text) >= ROW_FILTER_SIZE)
        return error_set(error, STATUS_INVALID, "a filter is at most %d characters long", ROW_FILTER_SIZE - 1);
    if (!text[strspn(text, " ")]) {
        *to = (struct row_order){0};
        return STATUS_OK;
    }
    enum status status = parse_filter(table, text, conditions, &count, error);
    if (status)
        return status;
    if (task)
        task_begin(task, "Filtering", "rows", (uint64_t)count * table->rows);
    order.rows = mem_alloc(table->rows + 1, sizeof *order.rows);
    if (!order.rows)
        return error_memory(error, "the order of rows", (unsigned long long)table->rows * sizeof *order.rows);
    for (size_t i = 0; i < table->rows; i++)
        order.rows[i] = (uint32_t)i;
    for (size_t i = 0; i < count && !status; i++)
        status = apply(&conditions[i], marks, &order, task, error);
    if (status) {
        row_order_free(&order);
        return status;
    }
    strcpy(order.filter, text);
    *to = order;
    return STATUS_OK;
}
