// What the cells of a column show: the ways that can read all of them.
#include <string.h>
#include <strings.h>

#include "datasets/cell_amount.h"
#include "datasets/cell_format.h"
#include "datasets/cell_text.h"

void cell_evidence_begin(struct cell_evidence *evidence) {
    *evidence = (struct cell_evidence){.can = CELL_SET_ALL};
}

static void see_symbol(struct cell_evidence *evidence, const char *symbol) {
    if (symbol[0] == '\0' || (evidence->seen & CELL_SEEN_SYMBOLS) != 0 || strcmp(evidence->symbol, symbol) == 0)
        return;
    if (evidence->symbol[0] == '\0') {
        strcpy(evidence->symbol, symbol);
        return;
    }
    evidence->seen |= CELL_SEEN_SYMBOLS;
    evidence->symbol[0] = '\0';
}

static void see_number(struct cell_evidence *evidence, const struct number_cell *number, uint64_t line) {
    evidence->seen |= number->seen;
    if (number->code)
        cell_first_line(&evidence->code_line, line);
    if (number->beyond)
        cell_first_line(&evidence->beyond_line, line);
    if (number->seen & NUMBER_SEEN_EITHER)
        cell_first_line(&evidence->either_line, line);
}

// The ways of numbers and amounts, of those wanted.
static cell_set number_ways(struct cell_evidence *evidence, const char *text, size_t length, uint64_t line) {
    unsigned numbers = (unsigned)(evidence->can >> CELL_NUMBERS) & NUMBER_WAYS_ALL;
    unsigned amounts = (unsigned)(evidence->can >> CELL_AMOUNTS) & NUMBER_WAYS_ALL;
    struct number_cell number;
    struct amount amount;
    if ((numbers | amounts) == 0)
        return 0;
    if (number_cell_ways(text, length, numbers | amounts, &number)) {
        see_number(evidence, &number, line);
        evidence->seen |= CELL_SEEN_BARE;
        return (cell_set)number.ways << CELL_NUMBERS | (cell_set)number.ways << CELL_AMOUNTS;
    }
    if (amounts == 0 || !cell_amount(text, length, &amount) ||
        !number_cell_ways(amount.number, amount.length, amounts, &number))
        return 0;
    see_number(evidence, &number, line);
    evidence->seen |= amount.seen;
    see_symbol(evidence, amount.symbol);
    return (cell_set)number.ways << CELL_AMOUNTS;
}

static cell_set date_ways(struct cell_evidence *evidence, const char *text, size_t length, uint64_t line) {
    unsigned seen = 0;
    if ((evidence->can & CELL_SET_DATES) == 0)
        return 0;
    unsigned ways = cell_date_ways(text, length, &seen);
    evidence->seen |= seen << CELL_SEEN_DATE;
    bool either = (ways & DATE_WAYS_DAY_FIRST) != 0 && (ways & DATE_WAYS_MONTH_FIRST) != 0;
    if (either)
        cell_first_line(&evidence->either_line, line);
    return (cell_set)ways << CELL_DATES;
}

static cell_set boolean_ways(const char *text, size_t length) {
    static const char *const words[] = {"true", "false", "yes", "no", "t", "f", "y", "n"};
    for (size_t i = 0; length <= 5 && i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
            return (cell_set)1 << (CELL_BOOLEANS + i / 2);
    return 0;
}

bool words_are_boolean(char *const *words, size_t count) {
    cell_set can = count == 0 ? 0 : CELL_SET_BOOLEANS;
    for (size_t i = 0; i < count && can != 0; i++)
        can &= boolean_ways(words[i], strlen(words[i]));
    return can != 0;
}

void cell_evidence_add(struct cell_evidence *evidence, const char *text, size_t length, uint64_t line) {
    evidence->cells++;
    if (evidence->can == 0)
        return;
    cell_trim(&text, &length);
    evidence->can &= number_ways(evidence, text, length, line) | date_ways(evidence, text, length, line) |
                     boolean_ways(text, length);
}

static void merge_line(uint64_t *first, uint64_t line) {
    if (line != 0)
        cell_first_line(first, line);
}

void cell_evidence_merge(struct cell_evidence *evidence, const struct cell_evidence *part) {
    evidence->can &= part->can;
    evidence->seen |= part->seen;
    evidence->cells += part->cells;
    merge_line(&evidence->code_line, part->code_line);
    merge_line(&evidence->beyond_line, part->beyond_line);
    merge_line(&evidence->either_line, part->either_line);
    if (evidence->seen & CELL_SEEN_SYMBOLS)
        evidence->symbol[0] = '\0';
    else
        see_symbol(evidence, part->symbol);
}
