// The next row with a cell that contains a text. Words are looked at once each, and numbers and dates only when the
// text can stand in one.
#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "datasets/row_order.h"

enum { ROWS_AT_ONCE = 4096, WORDS_AT_ONCE = 4096 };

struct needle {
    const char *text;
    size_t length;
    bool **words; // [columns] by code: it stands in the word; NULL: a column of numbers
    bool numbers; // it can stand in one
};

static bool contains(const char *cell, const char *text, size_t length) {
    for (; *cell; cell++)
        if (strncasecmp(cell, text, length) == 0)
            return true;
    return false;
}

static enum status look_at_words(const struct column *column, const struct needle *needle, bool **found,
                                 struct task *task, struct error *error) {
    *found = mem_alloc((size_t)column->word_count + 1, sizeof **found);
    enum status status = *found ? STATUS_OK : error_memory(error, "finding", column->word_count);
    for (uint32_t code = 0; code < column->word_count && !status; code++) {
        (*found)[code] = contains(column->words[code], needle->text, needle->length);
        if (code % WORDS_AT_ONCE == 0)
            status = task_step(task, 0, error);
    }
    return status;
}

static void needle_clear(struct needle *needle, const struct table *table) {
    for (size_t i = 0; needle->words && i < table->column_count; i++)
        mem_free(needle->words[i]);
    mem_free(needle->words);
}

// In numbers and dates as column_text writes them: digits, signs and single letters, or a part of "-inf".
static bool can_be_numeric(const char *text) {
    static const char *const infinite[] = {"-", "-i", "-in", "-inf", "i", "in", "inf", "n", "nf", "f"};
    static const char letters[] = "eEtTzZ";
    for (size_t i = 0; i < sizeof infinite / sizeof *infinite; i++)
        if (strcasecmp(text, infinite[i]) == 0)
            return true;
    for (; *text; text++) {
        bool letter = strchr(letters, *text) != NULL;
        if ((!letter && !strchr("0123456789+-.: ", *text)) || (letter && text[1] && strchr(letters, text[1])))
            return false;
    }
    return true;
}

static enum status needle_make(struct needle *needle, const struct table *table, const char *text,
                               struct task *task, struct error *error) {
    *needle = (struct needle){.text = text, .length = strlen(text)};
    needle->numbers = can_be_numeric(text);
    needle->words = mem_alloc(table->column_count + 1, sizeof *needle->words);
    enum status status =
        needle->words ? STATUS_OK : error_memory(error, "finding", table->column_count * sizeof *needle->words);
    for (size_t i = 0; i < table->column_count && !status; i++)
        if (!column_has_values(table->columns[i]))
            status = look_at_words(table->columns[i], needle, &needle->words[i], task, error);
    return status;
}

static bool stands_in(const struct needle *needle, const struct table *table, size_t index, size_t row) {
    const struct column *column = table->columns[index];
    char number[64];
    if (column_is_missing(column, row))
        return false;
    if (needle->words[index])
        return needle->words[index][column_code(column, row)];
    return contains(column_text(column, row, number), needle->text, needle->length);
}

static bool row_has(const struct needle *needle, const struct table *table, size_t row, size_t *column) {
    for (size_t i = 0; i < table->column_count; i++)
        if ((needle->words[i] || needle->numbers) && stands_in(needle, table, i, row)) {
            *column = i;
            return true;
        }
    return false;
}

enum status row_order_find(const struct row_order *order, const struct table *table, const char *text, size_t from,
                           int direction, size_t *index, size_t *column, struct task *task, struct error *error) {
    size_t count = row_order_count(order, table);
    struct needle needle;
    *index = SIZE_MAX;
    if (task)
        task_begin(task, "Finding", "rows", count);
    enum status status = needle_make(&needle, table, text, task, error);
    for (size_t step = 1; step <= count && needle.length && !status && *index == SIZE_MAX; step++) {
        size_t at = direction > 0 ? (from + step) % count : (from + count - step % count) % count;
        if (row_has(&needle, table, row_order_at(order, at), column))
            *index = at;
        else if (step % ROWS_AT_ONCE == 0)
            status = task_step(task, ROWS_AT_ONCE, error);
    }
    needle_clear(&needle, table);
    return status;
}
