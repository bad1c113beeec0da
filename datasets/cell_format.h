// How the cells of a column are read. Every cell shows which ways of reading it are possible, a column keeps
// those that are possible for all its cells (`can`), and when all cells are known one of them is chosen.
// Evidence of two parts of a column is merged by cell_evidence_merge: whatever the parts and their order, the
// result is the same, so that a file may be read in pieces by several threads. Nothing here allocates, but for
// the notes. Any thread; one struct cell_evidence belongs to one thread at a time.
//
// The loader's use:
//     cell_evidence_begin(&evidence);               for every column, and every thread's part of it
//     for the first rows: cell_evidence_add(…)      then cell_formats_decide: what the columns will likely be
//     for all rows: cell_take(&format, &evidence, …) for columns of numbers and dates: reads the cell and learns
//                   cell_evidence_add(…)            for columns of words, as long as evidence.can != 0
//     cell_evidence_merge(…), cell_formats_decide   all cells known: the formats. A column whose format is not
//                                                   the one its cells were read in is read again, nothing else.
//     cell_format_note(…)                           what the person should know about it
// Missing cells are nobody's evidence: they are sorted out before (cell_missing_fast).
#ifndef DATASETS_CELL_FORMAT_H
#define DATASETS_CELL_FORMAT_H

#include "datasets/cell_date.h"
#include "datasets/cell_number.h"
#include "datasets/dataset.h"

// Sets of ways: numbers, amounts (numbers with a currency sign, per cent, a unit or in parentheses), dates,
// booleans; each of them is a bit.
typedef uint64_t cell_set;
enum {
    CELL_NUMBERS = 0,               // + enum number_way
    CELL_AMOUNTS = 8,               // + enum number_way
    CELL_DATES = 16,                // + enum date_way
    CELL_BOOLEANS = 16 + DATE_WAYS, // true/false, yes/no, t/f, y/n in any case
    CELL_WAYS = CELL_BOOLEANS + 4
};
#define CELL_SET_NUMBERS ((cell_set)NUMBER_WAYS_ALL << CELL_NUMBERS)
#define CELL_SET_AMOUNTS ((cell_set)NUMBER_WAYS_ALL << CELL_AMOUNTS)
#define CELL_SET_DATES ((cell_set)DATE_WAYS_ALL << CELL_DATES)
#define CELL_SET_BOOLEANS ((cell_set)15 << CELL_BOOLEANS)
#define CELL_SET_ALL (CELL_SET_NUMBERS | CELL_SET_AMOUNTS | CELL_SET_DATES | CELL_SET_BOOLEANS)

enum cell_seen { // bits of what some cell showed; the low eight are enum number_seen
    CELL_SEEN_CURRENCY = 1 << 8,
    CELL_SEEN_PERCENT = 1 << 9,
    CELL_SEEN_UNIT = 1 << 10,
    CELL_SEEN_PARENTHESES = 1 << 11, // (5) for -5
    CELL_SEEN_BARE = 1 << 12,        // a number without sign or unit
    CELL_SEEN_SYMBOLS = 1 << 13,     // more than one sign or unit
};
#define CELL_SEEN_DATE 16 // enum date_seen << 16

struct cell_evidence {
    cell_set can;                    // ways that can read every cell so far
    uint32_t seen;                   // enum cell_seen; what is said of a way that is out of `can` does not count
    uint64_t cells;                  // that were no missing ones
    uint64_t code_line, beyond_line; // first "007", first whole number beyond 2^53; 0 = none
    uint64_t either_line;            // first cell like "1,234" or "01/02/2020"
    char symbol[16];                 // the sign or unit of the amounts, when it is only one
};

// What the person said or the file lets guess.
struct cell_hints {
    char delimiter;       // of the file, when it is one byte: ';' makes a decimal comma the first guess
    char decimal;         // given: '.' or ','; 0 = not given
    char thousands;       // given: ',' '.' ' ' '\'' or 'n' for none; 0 = not given
    char order;           // of day and month, given: 'd' or 'm' first; 0 = not given
    char learned_decimal; // another column of the file leaves no choice; cell_formats_decide
    char learned_order;
};

enum cell_doubt { // bits: what the column left open; cell_format_note says it
    CELL_DOUBT_DECIMAL = 1,
    CELL_DOUBT_ORDER = 2,
};

struct cell_format {
    enum column_type type; // NUMERIC, DATE, or TEXT: words, whether few or many (the caller makes a category)
    int number;            // NUMERIC: enum number_way
    int date;              // DATE: enum date_way
    bool amount;           // NUMERIC: signs, units and parentheses are read too; only when asked for
    bool boolean;          // TEXT: the words of one pair of booleans
    bool integer;          // NUMERIC: every cell is whole and below 2^53
    bool loses;            // TEXT: numbers that would lose something: codes, too many digits
    unsigned doubt;        // enum cell_doubt
};

// Whether the words are all of one pair of booleans (true/false, yes/no, t/f, y/n in any case). Such a column is a
// category of its words as they are written; the profile says "boolean": true of it.
bool words_are_boolean(char *const *words, size_t count);

void cell_evidence_begin(struct cell_evidence *evidence);
void cell_evidence_add(struct cell_evidence *evidence, const char *text, size_t length, uint64_t line);
// Adds what another part of the column showed.
void cell_evidence_merge(struct cell_evidence *evidence, const struct cell_evidence *part);

// What the column is. One without any cell is numeric.
struct cell_format cell_format_decide(const struct cell_evidence *evidence, const struct cell_hints *hints);
// All columns of a file: those that leave a choice follow those that do not.
void cell_formats_decide(const struct cell_evidence *evidence, size_t count, const struct cell_hints *hints,
                         struct cell_format *formats);
// The format of a column whose type the person chose: the best way that reads every cell, else the usual one,
// and cells that it cannot read are missing. For CATEGORY and TEXT the format's type is TEXT.
struct cell_format cell_format_force(const struct cell_evidence *evidence, const struct cell_hints *hints,
                                     enum column_type type, bool amount);
bool cell_format_same(const struct cell_format *a, const struct cell_format *b); // as to reading a cell

// One cell as the format says: a number or seconds since 1970. False: it is none (or the format is words).
bool cell_read(const struct cell_format *format, const char *text, size_t length, double *value);
// Whether the cells of a column of words are all numbers with one and the same sign or unit around them, or in
// parentheses for minus ("$5", "12 %", "(3)"): it could be read as amounts.
bool cell_evidence_amounts(const struct cell_evidence *evidence);
// What the person should know of the column `name`: what was read and may be otherwise, what was kept as text
// and why, what could be read as numbers when asked to.
enum status cell_format_note(const struct cell_evidence *evidence, const struct cell_format *format, const char *name,
                             struct notes *notes, struct error *error);

// ---- the fast way ---------------------------------------------------------------------------------
// Reads a cell under `format` and adds it to the evidence, both as cell_read and cell_evidence_add do, at once.
bool cell_take_any(const struct cell_format *format, struct cell_evidence *evidence, const char *text, size_t length,
                   uint64_t line, double *value);

static inline void cell_first_line(uint64_t *first, uint64_t line) {
    if (*first == 0 || line < *first)
        *first = line;
}

// A plain number into the evidence. Not while cells may be dates written as plain digits.
static inline void cell_learn_number(struct cell_evidence *evidence, const struct number_cell *number, uint64_t line) {
    evidence->can &= (cell_set)number->ways << CELL_NUMBERS | (cell_set)number->ways << CELL_AMOUNTS;
    evidence->seen |= number->seen | CELL_SEEN_BARE;
    evidence->cells++;
    if ((number->seen & (NUMBER_SEEN_CODE | NUMBER_SEEN_BEYOND | NUMBER_SEEN_EITHER)) == 0)
        return;
    if (number->code)
        cell_first_line(&evidence->code_line, line);
    if (number->beyond)
        cell_first_line(&evidence->beyond_line, line);
    if (number->seen & NUMBER_SEEN_EITHER)
        cell_first_line(&evidence->either_line, line);
}

static inline bool cell_may_be_digits(const struct cell_evidence *evidence) {
    return (evidence->can >> (CELL_DATES + DATE_YMD) & 1) != 0;
}

// The same as cell_take_any; the NUMBER_PADDING bytes behind the text must be readable.
static inline bool cell_take(const struct cell_format *format, struct cell_evidence *evidence, const char *text,
                             size_t length, uint64_t line, double *value) {
    struct number_cell number;
    if (format->type == COLUMN_NUMERIC && format->number == NUMBER_POINT && !cell_may_be_digits(evidence) &&
        number_cell_fast(text, length, &number)) {
        *value = number.value;
        cell_learn_number(evidence, &number, line);
        return true;
    }
    return cell_take_any(format, evidence, text, length, line, value);
}

#endif
