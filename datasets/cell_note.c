// What a person should know of how a column was read.
#include <stdio.h>
#include <string.h>

#include "datasets/cell_format.h"

static enum status note_number(const struct cell_evidence *evidence, const struct cell_format *format, const char *name,
                               struct notes *notes, struct error *error) {
    bool comma = format->number == NUMBER_COMMA, point = format->number == NUMBER_GROUPS_POINT;
    if ((format->doubt & CELL_DOUBT_DECIMAL) != 0)
        return notes_add(notes, evidence->either_line, name, error,
                         "no cell tells whether %s is 1.234 or 1234; it was read as %s; --decimal or --thousands "
                         "decides otherwise",
                         point ? "'1.234'" : "'1,234'",
                         comma ? "1.234, a decimal comma" : "1234, a separator of thousands");
    bool groups = (evidence->seen & (NUMBER_SEEN_GROUPS | NUMBER_SEEN_EITHER)) != 0;
    if (format->number == NUMBER_POINT || format->number == NUMBER_COMMA || !groups)
        return STATUS_OK;
    return notes_add(notes, 0, name, error, "numbers are written like '%s' and were read as such",
                     number_way_example((enum number_way)format->number));
}

static enum status note_date(const struct cell_evidence *evidence, const struct cell_format *format, const char *name,
                             struct notes *notes, struct error *error) {
    enum status status = STATUS_OK;
    bool day_first = format->date == DATE_DMY_SLASH || format->date == DATE_DMY_DASH;
    if ((format->doubt & CELL_DOUBT_ORDER) != 0)
        status = notes_add(notes, evidence->either_line, name, error,
                           "no cell tells whether the day or the month comes first; dates were read as %s; "
                           "--dates %s reads them as %s",
                           day_first ? "day, month, year" : "month, day, year", day_first ? "month-first" : "day-first",
                           day_first ? "month, day, year" : "day, month, year");
    if (status == STATUS_OK && (evidence->seen >> CELL_SEEN_DATE & DATE_SEEN_SHORT_YEAR) != 0)
        status = notes_add(notes, 0, name, error,
                           "years have two digits; 69 to 99 were read as 1969 to 1999, 00 to 68 as 2000 to 2068");
    if (status == STATUS_OK && format->date == DATE_YMD)
        status = notes_add(notes, 0, name, error,
                           "every cell is a day written like 20200131, so the column was read as dates; "
                           "--type '%s=numeric' keeps the numbers",
                           name);
    return status;
}

static enum status note_codes(const struct cell_evidence *evidence, const char *name, struct notes *notes,
                              struct error *error) {
    enum status status = STATUS_OK;
    if (evidence->code_line != 0)
        status = notes_add(notes, evidence->code_line, name, error,
                           "numbers with leading zeros look like codes; the column was kept as words");
    if (status == STATUS_OK && evidence->beyond_line != 0)
        status = notes_add(notes, evidence->beyond_line, name, error,
                           "whole numbers beyond 2^53 would lose digits; the column was kept as words");
    return status;
}

bool cell_evidence_amounts(const struct cell_evidence *evidence) {
    bool unit = (evidence->seen & (CELL_SEEN_UNIT | CELL_SEEN_PERCENT)) != 0;
    bool bare = (evidence->seen & CELL_SEEN_BARE) != 0;
    bool signs =
        (evidence->seen & (CELL_SEEN_UNIT | CELL_SEEN_PERCENT | CELL_SEEN_CURRENCY | CELL_SEEN_PARENTHESES)) != 0;
    return (evidence->can & CELL_SET_AMOUNTS) != 0 && (evidence->seen & CELL_SEEN_SYMBOLS) == 0 && !(unit && bare) &&
           signs;
}

// Words as they stand, numbers when asked for.
static enum status note_amount(const struct cell_evidence *evidence, const char *name, struct notes *notes,
                               struct error *error) {
    if (!cell_evidence_amounts(evidence))
        return STATUS_OK;
    char what[48] = "in parentheses for minus";
    if (evidence->symbol[0] != '\0')
        snprintf(what, sizeof what, "with '%s'", evidence->symbol);
    return notes_add(notes, 0, name, error,
                     "every cell is a number, some or all %s; kept as words; --type '%s=amount' reads the numbers",
                     what, name);
}

enum status cell_format_note(const struct cell_evidence *evidence, const struct cell_format *format, const char *name,
                             struct notes *notes, struct error *error) {
    if (evidence->cells == 0)
        return STATUS_OK;
    if (format->type == COLUMN_NUMERIC)
        return note_number(evidence, format, name, notes, error);
    if (format->type == COLUMN_DATE)
        return note_date(evidence, format, name, notes, error);
    return format->loses ? note_codes(evidence, name, notes, error) : note_amount(evidence, name, notes, error);
}
