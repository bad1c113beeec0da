// Finding a dialect. Every candidate (delimiter, quote, escape) reads a sample with the real reader and is
// judged by how regular its rows are and how many of its cells look like something: Q = P·T of
// van den Burg, Nazábal, Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019),
// P = 1/K · Σ N_k · (L_k − 1)/L_k over the K row lengths L_k that occur N_k times, T = share of cells
// of a known type.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/csv_reader.h"
#include "datasets/csv_sample.h"
#include "datasets/types.h"

struct dialect dialect_detect(void) {
    return (struct dialect){.quote = -1, .escape = -1, .header = -1, .skip_blanks = -1, .skip = SIZE_MAX};
}

struct load_options load_options_default(void) {
    return (struct load_options){.dialect = dialect_detect()};
}

enum { SAMPLE_ROWS = 400, LENGTHS = 64 };
static const char *const delimiters[] = {",", ";", "\t", "|", ":", " "};
#define DELIMITERS (sizeof delimiters / sizeof *delimiters)

struct judgement {
    struct dialect dialect;
    double score;
    size_t rows, mode, mode_rows; // the most frequent row length
    uint64_t unclosed, stray;
    char line_ending[8];
    uint64_t ends[3]; // LF, CRLF, CR
};

// ---- one candidate --------------------------------------------------------------------------------

static bool known_type(const struct csv_cell *cell) {
    struct number_cell number;
    unsigned seen;
    if (cell->length == 0 || number_cell_read(cell->text, cell->length, &number) ||
        cell_date_ways(cell->text, cell->length, &seen) != 0)
        return true;
    bool amount = true, text = cell->length < 200; // "1.234,50 €", "12:30"; words and sentences
    for (size_t i = 0; i < cell->length && (amount || text); i++) {
        unsigned char c = (unsigned char)cell->text[i];
        amount = amount && (strchr("0123456789.,:/%+- ", c) != NULL || c >= 0x80);
        text = text && c >= ' ' && strchr(",;|\"", c) == NULL;
    }
    return amount || text;
}

struct lengths {
    size_t length[LENGTHS], rows[LENGTHS], count;
};

static void lengths_add(struct lengths *lengths, size_t length) {
    size_t i = 0;
    while (i < lengths->count && lengths->length[i] != length)
        i++;
    if (i == LENGTHS)
        i--; // the rarest patterns share a place: such a candidate loses anyway
    if (i == lengths->count) {
        lengths->length[i] = length;
        lengths->count++;
    }
    lengths->rows[i]++;
}

static void judge_lengths(const struct lengths *lengths, double types, struct judgement *judgement) {
    double pattern = 0;
    for (size_t i = 0; i < lengths->count; i++) {
        double cells = (double)lengths->length[i];
        pattern += (double)lengths->rows[i] * fmax(cells - 1, 1e-3) / cells;
        bool more = lengths->rows[i] > judgement->mode_rows ||
                    (lengths->rows[i] == judgement->mode_rows && judgement->mode == 1);
        if (more) {
            judgement->mode = lengths->length[i];
            judgement->mode_rows = lengths->rows[i];
        }
    }
    judgement->score = lengths->count == 0 ? 0 : pattern / (double)lengths->count * types;
}

// Marks of another dialect that this one left in the cell: quotes around it, an escaped quote inside.
static bool left_over(const struct csv_cell *cell, const struct dialect *dialect) {
    const char *text = cell->text;
    char first = cell->length >= 2 ? text[0] : '\0';
    bool quoted = (first == '"' || first == '\'') && first != dialect->quote && text[cell->length - 1] == first;
    if (quoted || dialect->escape != 0)
        return quoted;
    for (size_t i = 0; i + 1 < cell->length; i++)
        if (text[i] == '\\' && (text[i + 1] == '"' || text[i + 1] == '\''))
            return true;
    return false;
}

static enum status judge(const struct csv_sample *sample, struct judgement *judgement, struct error *error) {
    struct csv_reader reader;
    struct lengths lengths = {0};
    size_t cells = 0;
    double known = 0;
    enum status status = csv_reader_open_text(&reader, sample->path, sample->text, sample->length, sample->partial,
                                              &judgement->dialect, error);
    for (struct csv_row row; status == STATUS_OK && judgement->rows < SAMPLE_ROWS; judgement->rows++) {
        status = csv_reader_next(&reader, &row, error);
        if (status != STATUS_OK || row.count == 0)
            break;
        lengths_add(&lengths, row.count);
        cells += row.count;
        for (size_t i = 0; i < row.count; i++)
            known += left_over(&row.cells[i], &judgement->dialect) ? -1 : known_type(&row.cells[i]);
    }
    judge_lengths(&lengths, cells == 0 ? 0 : fmax(known, 0) / (double)cells, judgement);
    judgement->unclosed = reader.unclosed;
    judgement->stray = reader.stray;
    strcpy(judgement->line_ending, csv_line_ending(&reader));
    judgement->ends[0] = reader.unix_ends;
    judgement->ends[1] = reader.windows_ends;
    judgement->ends[2] = reader.mac_ends;
    csv_reader_close(&reader);
    // Quotes that do not close or stand in the wrong place are evidence against the candidate.
    double rows = fmax((double)judgement->rows, 1);
    judgement->score /= 1 + (double)judgement->unclosed + 4 * (double)judgement->stray / rows;
    return status;
}

// ---- which candidates there are -------------------------------------------------------------------

static size_t count_text(const struct csv_sample *sample, const char *text) {
    size_t count = 0, length = strlen(text);
    for (size_t i = 0; i + length <= sample->length; i++)
        count += sample->text[i] == text[0] && memcmp(sample->text + i, text, length) == 0;
    return count;
}

static bool occurs(const struct csv_sample *sample, const char *text) {
    return count_text(sample, text) > 0;
}

// Blanks between delimiter and quote are part of neither: `a, "b, c", d`.
static int blanks_found(const struct csv_sample *sample, const char *delimiter, char quote) {
    char apart[16], tight[16], blank[16];
    if (quote == 0 || strcmp(delimiter, " ") == 0)
        return 0;
    snprintf(apart, sizeof apart, "%s %c", delimiter, quote);
    snprintf(tight, sizeof tight, "%s%c", delimiter, quote);
    snprintf(blank, sizeof blank, "%s ", delimiter);
    bool habit = 2 * count_text(sample, blank) > count_text(sample, delimiter);
    return habit && count_text(sample, apart) > count_text(sample, tight) ? 1 : 0;
}

// How often a quote character stands where a cell begins.
static size_t quotes_at_cells(const struct csv_sample *sample, const char *delimiter, char quote) {
    size_t length = strlen(delimiter), count = 0;
    for (size_t i = 0; i < sample->length; i++) {
        if (sample->text[i] != quote)
            continue;
        size_t before = i;
        while (before > 0 && sample->text[before - 1] == ' ')
            before--;
        count += before == 0 || strchr("\r\n", sample->text[before - 1]) != NULL ||
                 (before >= length && memcmp(sample->text + before - length, delimiter, length) == 0) ||
                 (strcmp(delimiter, " ") == 0 && before < i);
    }
    return count;
}

struct contest {
    struct judgement best, second; // second: the best with another delimiter
    bool any;
};

static enum status enter(struct contest *contest, const struct csv_sample *sample, const struct dialect *dialect,
                         struct error *error) {
    struct judgement judgement = {.dialect = *dialect};
    enum status status = judge(sample, &judgement, error);
    if (status != STATUS_OK)
        return status;
    bool same = contest->any && strcmp(contest->best.dialect.delimiter, dialect->delimiter) == 0;
    if (!contest->any || judgement.score > contest->best.score * (1 + 1e-9)) {
        if (contest->any && !same)
            contest->second = contest->best;
        contest->best = judgement;
    } else if (!same && judgement.score > contest->second.score) {
        contest->second = judgement;
    }
    contest->any = true;
    return STATUS_OK;
}

// All quotes and escapes worth trying with one delimiter.
static enum status enter_delimiter(struct contest *contest, const struct csv_sample *sample,
                                   const struct dialect *wanted, const char *delimiter, struct error *error) {
    static const char quotes[] = {'"', '\'', 0};
    enum status status = STATUS_OK;
    bool escapes = occurs(sample, "\\\"") || occurs(sample, "\\'") || occurs(sample, "\\,") || occurs(sample, "\\\n");
    for (size_t i = 0; i < sizeof quotes && status == STATUS_OK; i++) {
        struct dialect dialect = *wanted;
        if (wanted->quote == -1)
            dialect.quote = quotes[i];
        else if (i > 0)
            break;
        bool worth = wanted->quote != -1 || i == 0 || quotes_at_cells(sample, delimiter, quotes[i == 2 ? 0 : i]) > 0;
        if (!worth)
            continue;
        strcpy(dialect.delimiter, delimiter);
        dialect.skip = wanted->skip == SIZE_MAX ? 0 : wanted->skip;
        dialect.skip_blanks =
            wanted->skip_blanks == -1 ? blanks_found(sample, delimiter, dialect.quote) : wanted->skip_blanks;
        for (int escape = 0; escape < (escapes && wanted->escape == -1 ? 2 : 1) && status == STATUS_OK; escape++) {
            dialect.escape = wanted->escape == -1 ? (escape == 1 ? '\\' : 0) : wanted->escape;
            status = enter(contest, sample, &dialect, error);
        }
    }
    return status;
}

// One column: a delimiter that the text does not have.
static const char *absent_delimiter(const struct csv_sample *sample) {
    for (size_t i = 0; i < DELIMITERS; i++)
        if (!occurs(sample, delimiters[i]))
            return delimiters[i];
    return delimiters[0];
}

// Why this quote; and what is odd about the quotes there are.
static void show_quotes(const struct csv_sample *sample, const struct judgement *best, bool given,
                        struct str *evidence) {
    const struct dialect *dialect = &best->dialect;
    char quote = dialect->quote;
    size_t cells = quotes_at_cells(sample, dialect->delimiter, quote == 0 ? '"' : quote);
    if (quote == 0) {
        str_format(evidence, "quote none%s\n", given ? " (given)" : "");
        if (cells > 0 && !given)
            str_format(evidence, "ambiguous: %zu %s with a \" that does not end it; quotes are read as text\n", cells,
                       cells == 1 ? "cell begins" : "cells begin");
        return;
    }
    str_format(evidence, "quote %c%s, inner quotes %s: %zu %s with one\n", quote, given ? " (given)" : "",
               dialect->escape != 0 ? "escaped by \\" : "doubled", cells, cells == 1 ? "cell begins" : "cells begin");
    if (best->unclosed + best->stray > 0)
        str_format(evidence, "%llu quotes do not close, %llu stand inside a cell\n", (unsigned long long)best->unclosed,
                   (unsigned long long)best->stray);
}

static const char *shown(const char *delimiter) {
    return strcmp(delimiter, "\t") == 0 ? "tab" : delimiter;
}

static enum status find_separators(const struct csv_sample *sample, struct dialect *dialect, size_t *mode,
                                   struct str *evidence, struct error *error) {
    struct contest contest = {0};
    enum status status = STATUS_OK;
    bool forced = dialect->delimiter[0] != '\0';
    for (size_t i = 0; i < (forced ? 1 : DELIMITERS) && status == STATUS_OK; i++)
        if (forced || occurs(sample, delimiters[i]))
            status = enter_delimiter(&contest, sample, dialect, forced ? dialect->delimiter : delimiters[i], error);
    if (status == STATUS_OK && !forced && (!contest.any || contest.best.mode < 2)) {
        contest = (struct contest){0};
        status = enter_delimiter(&contest, sample, dialect, absent_delimiter(sample), error);
    }
    if (status != STATUS_OK)
        return status;
    const struct judgement *best = &contest.best;
    size_t skip = dialect->skip;
    bool quote_given = dialect->quote != -1;
    *dialect = best->dialect;
    dialect->skip = skip;
    *mode = best->mode;
    strcpy(dialect->line_ending, best->line_ending);
    str_format(evidence, "delimiter '%s'%s: %zu of %zu rows have %zu %s\n", shown(dialect->delimiter),
               forced ? " (given)" : "", best->mode_rows, best->rows, best->mode, best->mode == 1 ? "cell" : "cells");
    if (contest.second.mode >= 2 && contest.second.score > 0.8 * best->score)
        str_format(evidence, "ambiguous: delimiter '%s' fits nearly as well (%zu of %zu rows have %zu cells)\n",
                   shown(contest.second.dialect.delimiter), contest.second.mode_rows, contest.second.rows,
                   contest.second.mode);
    show_quotes(sample, best, quote_given, evidence);
    str_format(evidence, "line ends %s: %llu LF, %llu CRLF, %llu CR\n", best->line_ending,
               (unsigned long long)best->ends[0], (unsigned long long)best->ends[1], (unsigned long long)best->ends[2]);
    return STATUS_OK;
}

// ---- all of it --------------------------------------------------------------------------------------

enum status dialect_find(const struct csv_sample *sample, struct dialect *dialect, struct str *evidence,
                         struct error *error) {
    bool given = dialect->skip != SIZE_MAX;
    size_t mode = 0;
    enum status status = find_separators(sample, dialect, &mode, evidence, error);
    if (status == STATUS_OK && !given)
        status = dialect_skip(sample, dialect, mode, error);
    if (status != STATUS_OK)
        return status;
    if (dialect->skip_blanks == 1)
        str_add(evidence, "blanks around a delimiter belong to it: quotes follow them\n");
    if (dialect->skip > 0)
        str_format(evidence, "%zu %s before the table%s\n", dialect->skip, dialect->skip == 1 ? "line" : "lines",
                   given ? " (given)" : ": shorter or emptier than the rows after");
    if (dialect->header == -1)
        status = dialect_header(sample, dialect, evidence, error);
    return status;
}
