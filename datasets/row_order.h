// Which rows of a table are shown, and in which order: sorting, filtering, finding. An order is made whole, beside the
// one that is shown, and then takes its place: what fails or is cancelled changes nothing. Any one thread; the table
// must stay. Zeroed = all rows as read; row_order_free releases it.
#ifndef DATASETS_ROW_ORDER_H
#define DATASETS_ROW_ORDER_H

#include "core/base/task.h"
#include "datasets/table.h"

#define ROW_FILTER_SIZE 512

struct row_order {
    uint32_t *rows; // [count] row numbers; NULL = all rows as read
    size_t count;
    int sorted;                   // column + 1; negative = descending; 0 = as read
    char filter[ROW_FILTER_SIZE]; // "" = none
};

struct row_marks { // one bit a row; zeroed = none
    uint8_t *bits; // [rows / 8 + 1]
    size_t rows, count;
};

void row_order_free(struct row_order *order);
size_t row_order_count(const struct row_order *order, const struct table *table);
size_t row_order_at(const struct row_order *order, size_t index);
// The place of a row of the table among the shown ones; false when it is filtered out.
bool row_order_place(const struct row_order *order, const struct table *table, size_t row, size_t *index);

// The rows of `from` by that column, missing cells last, equal ones as they were; descending when `from` is ascending
// by it. Also undone by sorting another way: there is no way back to the order as read but row_order_filter.
enum status row_order_sort(const struct row_order *from, const struct table *table, size_t column,
                           struct row_order *to, struct task *task, struct error *error);
// The rows, as read, for which "age > 40 & workclass = Private & marked" holds: < <= > >= = !=, joined by & ; an empty
// value means missing; "" takes all.
enum status row_order_filter(const struct table *table, const struct row_marks *marks, const char *text,
                             struct row_order *to, struct task *task, struct error *error);
// The next row after place `from` (going round, `direction` 1 or -1) with a cell whose text contains `text`, whatever
// the case of ASCII letters. *index SIZE_MAX: there is none.
enum status row_order_find(const struct row_order *order, const struct table *table, const char *text, size_t from,
                           int direction, size_t *index, size_t *column, struct task *task, struct error *error);

void row_marks_free(struct row_marks *marks);
bool row_marked(const struct row_marks *marks, size_t row);
enum status row_marks_switch(struct row_marks *marks, const struct table *table, size_t row, struct error *error);

#endif
