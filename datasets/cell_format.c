// Choosing one way to read a column, and reading cells in it.
#include "datasets/cell_format.h"

#include <string.h>

#include "datasets/cell_amount.h"

// So many cells that are all days have to be there before numbers like 20200131 count as dates.
enum { DAYS_LEAST = 5 };

static unsigned numbers_of(cell_set set) {
    return (unsigned)(set >> CELL_NUMBERS) & NUMBER_WAYS_ALL;
}
static unsigned amounts_of(cell_set set) {
    return (unsigned)(set >> CELL_AMOUNTS) & NUMBER_WAYS_ALL;
}
static unsigned dates_of(cell_set set) {
    return (unsigned)(set >> CELL_DATES) & DATE_WAYS_ALL;
}

// ---- numbers ----------------------------------------------------------------------------------------

// What the person leaves possible.
static unsigned allowed_numbers(const struct cell_hints *hints) {
    unsigned allowed = 0;
    for (int way = 0; way < NUMBER_WAYS; way++) {
        char group = number_way_groups((enum number_way)way)[0];
        bool decimal = hints->decimal == 0 || number_way_decimal((enum number_way)way) == hints->decimal;
        bool groups = hints->thousands == 0 || group == '\0' || group == hints->thousands;
        allowed |= decimal && groups ? 1u << way : 0u;
    }
    // "--thousands ," leaves "1,234" no other reading
    if (hints->decimal == 0 && hints->thousands == ',')
        allowed &= NUMBER_WAYS_POINT;
    if (hints->decimal == 0 && hints->thousands == '.')
        allowed &= NUMBER_WAYS_COMMA;
    return allowed;
}

static int first_of(unsigned ways, const int *order, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ways >> order[i] & 1)
            return order[i];
    return -1;
}

static bool expects_comma(const struct cell_evidence *evidence, const struct cell_hints *hints) {
    if (hints->learned_decimal != 0)
        return hints->learned_decimal == ',';
    // "1,234" beside "1234": there the comma is no separator between thousands
    return hints->delimiter == ';' || (evidence->seen & NUMBER_SEEN_LONG) != 0;
}

// The way to read a column whose cells all ways of `ways` can read; -1 = none. *doubt: another way gives other
// numbers.
static int choose_number(const struct cell_evidence *evidence, const struct cell_hints *hints, unsigned ways,
                         unsigned *doubt) {
    static const int usual[] = {
        NUMBER_POINT,        NUMBER_GROUPS_COMMA,     NUMBER_COMMA,           NUMBER_GROUPS_POINT, NUMBER_BLANKS_POINT,
        NUMBER_BLANKS_COMMA, NUMBER_APOSTROPHE_POINT, NUMBER_APOSTROPHE_COMMA};
    ways &= allowed_numbers(hints);
    int way = first_of(ways, usual, NUMBER_WAYS);
    bool either = (evidence->seen & NUMBER_SEEN_EITHER) != 0;
    bool comma = way == NUMBER_GROUPS_COMMA && (ways >> NUMBER_COMMA & 1) != 0;
    bool point = way == NUMBER_POINT && (ways >> NUMBER_GROUPS_POINT & 1) != 0;
    if (!either || !(comma || point))
        return way;
    if (comma) {
        *doubt |= CELL_DOUBT_DECIMAL;
        return expects_comma(evidence, hints) ? NUMBER_COMMA : way;
    }
    // Points are decimal unless another column shows that here they are not.
    if (hints->learned_decimal != ',')
        return way;
    *doubt |= CELL_DOUBT_DECIMAL;
    return NUMBER_GROUPS_POINT;
}

// ---- dates ------------------------------------------------------------------------------------------

static int choose_date(const struct cell_hints *hints, unsigned ways, unsigned *doubt) {
    static const int usual[] = {DATE_YMD_DASH,  DATE_YMD_SLASH, DATE_YMD_POINT, DATE_MDY_SLASH,
                                DATE_DMY_SLASH, DATE_MDY_DASH,  DATE_DMY_DASH,  DATE_DMY_POINT,
                                DATE_D_MONTH_Y, DATE_MONTH_D_Y, DATE_YMD};
    char order = hints->order != 0 ? hints->order : hints->learned_order;
    if (hints->order == 'd')
        ways &= ~DATE_WAYS_MONTH_FIRST;
    if (hints->order == 'm')
        ways &= ~DATE_WAYS_DAY_FIRST;
    bool either = (ways & DATE_WAYS_DAY_FIRST) != 0 && (ways & DATE_WAYS_MONTH_FIRST) != 0;
    if (either)
        *doubt |= CELL_DOUBT_ORDER;
    if (either && order == 'd')
        ways &= ~DATE_WAYS_MONTH_FIRST;
    return first_of(ways, usual, sizeof usual / sizeof *usual);
}

// ---- columns ----------------------------------------------------------------------------------------

static struct cell_format number_format(const struct cell_evidence *evidence, int way, bool amount) {
    bool point = number_way_decimal((enum number_way)way) == '.';
    unsigned real = NUMBER_SEEN_REAL | (unsigned)(point ? NUMBER_SEEN_EITHER_POINT : NUMBER_SEEN_EITHER_COMMA);
    bool integer = evidence->cells > 0 && (evidence->seen & real) == 0;
    return (struct cell_format){.type = COLUMN_NUMERIC, .number = way, .amount = amount, .integer = integer};
}

struct cell_format cell_format_decide(const struct cell_evidence *evidence, const struct cell_hints *hints) {
    unsigned doubt = 0;
    if (evidence->cells == 0)
        return (struct cell_format){.type = COLUMN_NUMERIC, .number = NUMBER_POINT};
    int number = choose_number(evidence, hints, numbers_of(evidence->can), &doubt);
    bool days = dates_of(evidence->can) == 1u << DATE_YMD;
    if (number >= 0 && !(days && evidence->cells >= DAYS_LEAST)) {
        struct cell_format format = number_format(evidence, number, false);
        format.doubt = doubt;
        bool loses = (evidence->seen & (NUMBER_SEEN_CODE | NUMBER_SEEN_BEYOND)) != 0;
        return loses ? (struct cell_format){.type = COLUMN_TEXT, .loses = true} : format;
    }
    doubt = 0;
    int date = choose_date(hints, dates_of(evidence->can), &doubt);
    if (date >= 0)
        return (struct cell_format){.type = COLUMN_DATE, .date = date, .doubt = doubt};
    return (struct cell_format){.type = COLUMN_TEXT, .boolean = (evidence->can & CELL_SET_BOOLEANS) != 0};
}

// What a column without doubt says about its neighbors.
static void learn(const struct cell_evidence *evidence, const struct cell_format *format, struct cell_hints *hints,
                  bool clash[2]) {
    char decimal = 0, order = 0;
    if (evidence->cells == 0 || format->doubt != 0)
        return;
    unsigned numbers = numbers_of(evidence->can), dates = dates_of(evidence->can);
    if (format->type == COLUMN_NUMERIC && (numbers & NUMBER_WAYS_POINT) == 0)
        decimal = ',';
    else if (format->type == COLUMN_NUMERIC && (numbers & NUMBER_WAYS_COMMA) == 0)
        decimal = '.';
    if (format->type == COLUMN_DATE && (dates & DATE_WAYS_DAY_FIRST) != 0)
        order = 'd';
    else if (format->type == COLUMN_DATE && (dates & DATE_WAYS_MONTH_FIRST) != 0)
        order = 'm';
    clash[0] = clash[0] || (decimal != 0 && hints->learned_decimal != 0 && hints->learned_decimal != decimal);
    clash[1] = clash[1] || (order != 0 && hints->learned_order != 0 && hints->learned_order != order);
    hints->learned_decimal = decimal != 0 ? decimal : hints->learned_decimal;
    hints->learned_order = order != 0 ? order : hints->learned_order;
}

void cell_formats_decide(const struct cell_evidence *evidence, size_t count, const struct cell_hints *hints,
                         struct cell_format *formats) {
    struct cell_hints learned = *hints;
    bool clash[2] = {false, false};
    learned.learned_decimal = learned.learned_order = 0;
    for (size_t i = 0; i < count; i++)
        formats[i] = cell_format_decide(&evidence[i], hints);
    for (size_t i = 0; i < count; i++)
        learn(&evidence[i], &formats[i], &learned, clash);
    if (clash[0])
        learned.learned_decimal = 0;
    if (clash[1])
        learned.learned_order = 0;
    for (size_t i = 0; i < count; i++)
        formats[i] = cell_format_decide(&evidence[i], &learned);
}

struct cell_format cell_format_force(const struct cell_evidence *evidence, const struct cell_hints *hints,
                                     enum column_type type, bool amount) {
    unsigned doubt = 0;
    struct cell_format format = {.type = COLUMN_TEXT};
    if (type == COLUMN_NUMERIC) {
        int way =
            choose_number(evidence, hints, amount ? amounts_of(evidence->can) : numbers_of(evidence->can), &doubt);
        if (way < 0)
            way = hints->decimal == ',' ? NUMBER_COMMA : NUMBER_POINT;
        format = number_format(evidence, way, amount);
    } else if (type == COLUMN_DATE) {
        int way = choose_date(hints, dates_of(evidence->can), &doubt);
        format = (struct cell_format){.type = COLUMN_DATE, .date = way < 0 ? DATE_YMD_DASH : way};
    } else {
        format.boolean = (evidence->can & CELL_SET_BOOLEANS) != 0;
    }
    format.doubt = doubt;
    return format;
}

bool cell_format_same(const struct cell_format *a, const struct cell_format *b) {
    if (a->type != b->type)
        return false;
    return a->type == COLUMN_NUMERIC ? a->number == b->number && a->amount == b->amount
                                     : a->type != COLUMN_DATE || a->date == b->date;
}

// ---- cells ------------------------------------------------------------------------------------------

bool cell_read(const struct cell_format *format, const char *text, size_t length, double *value) {
    struct number_cell number;
    struct amount amount;
    if (format->type == COLUMN_DATE)
        return format->date == DATE_YMD_DASH && cell_date_fast(text, length, value)
                   ? true
                   : cell_date_as(text, length, (enum date_way)format->date, value);
    if (format->type != COLUMN_NUMERIC)
        return false;
    enum number_way way = (enum number_way)format->number;
    bool read = number_cell_read_as(text, length, way, &number) ||
                (format->amount && cell_amount(text, length, &amount) &&
                 number_cell_read_as(amount.number, amount.length, way, &number));
    if (read)
        *value = number.value;
    return read;
}

bool cell_take_any(const struct cell_format *format, struct cell_evidence *evidence, const char *text, size_t length,
                   uint64_t line, double *value) {
    struct number_cell number;
    bool plain = format->type == COLUMN_NUMERIC && format->number == NUMBER_POINT && !cell_may_be_digits(evidence);
    if (plain && number_cell_read(text, length, &number)) {
        cell_learn_number(evidence, &number, line);
        *value = number.value;
        return true;
    }
    if (format->type == COLUMN_DATE && format->date == DATE_YMD_DASH && cell_date_fast(text, length, value)) {
        evidence->can &= (cell_set)1 << (CELL_DATES + DATE_YMD_DASH);
        evidence->seen |= (length > 10 ? (unsigned)DATE_SEEN_TIME : 0u) << CELL_SEEN_DATE;
        evidence->cells++;
        return true;
    }
    cell_evidence_add(evidence, text, length, line);
    return cell_read(format, text, length, value);
}
