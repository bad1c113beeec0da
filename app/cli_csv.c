// batchlab sniff and cat: a CSV file as it was understood. `cat` prints every cell as its text; short
// rows are padded to the width of the first row, unless --raw asks for rows as they stand. Several files are one
// table: one header, and the cells of further files under the columns of the first.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/cli.h"
#include "app/json.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/csv.h"
#include "datasets/csv_files.h"
#include "datasets/csv_match.h"
#include "datasets/follow.h"

// ---- sniff ----------------------------------------------------------------------------------------------

static void json_character(cJSON *object, const char *name, char character) {
    char text[2] = {character, '\0'};
    if (character)
        cJSON_AddStringToObject(object, name, text);
    else
        cJSON_AddNullToObject(object, name);
}

// One text for each part: what was found and why.
static void json_evidence(cJSON *object, const char *lines) {
    cJSON *array = cJSON_AddArrayToObject(object, "evidence");
    while (*lines) {
        char line[256];
        size_t length = strcspn(lines, "\n"), kept = length < sizeof line ? length : sizeof line - 1;
        memcpy(line, lines, kept);
        line[utf8_cut(lines, kept)] = '\0';
        cJSON_AddItemToArray(array, cJSON_CreateString(line));
        lines += length + (lines[length] == '\n');
    }
}

static void json_dialect(const struct dialect *dialect, const char *evidence) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "delimiter", dialect->delimiter);
    json_character(object, "quote", dialect->quote);
    json_character(object, "escape", dialect->escape);
    cJSON_AddBoolToObject(object, "header", dialect->header == 1);
    cJSON_AddStringToObject(object, "encoding", dialect->encoding);
    cJSON_AddBoolToObject(object, "bom", dialect->bom);
    json_number(object, "skip", (double)dialect->skip);
    cJSON_AddStringToObject(object, "line_ending", dialect->line_ending);
    json_evidence(object, evidence);
    json_print_line(object);
    cJSON_Delete(object);
}

int cli_sniff(const struct arguments *arguments) {
    struct load_options options;
    struct str evidence = {0};
    struct error error;
    if (cli_load_options(arguments, &options, &error))
        return cli_usage(&error);
    enum status status = csv_sniff(arguments->files[0], &options.dialect, &evidence, &error);
    if (!status && arguments->flags[FLAG_JSON])
        json_dialect(&options.dialect, str_text(&evidence));
    else if (!status)
        fputs(str_text(&evidence), stdout);
    str_free(&evidence);
    return status ? cli_fail(&error) : EXIT_DONE;
}

// ---- cat ------------------------------------------------------------------------------------------------

enum cat_format { CAT_CSV, CAT_JSON, CAT_JSONL };

struct cat {
    enum cat_format format;
    bool raw;
    size_t width; // of the first row
    uint64_t rows;
    uint64_t seen, passed; // of a file that grows, read from its front: rows in this reading; those before are written
    uint64_t last_line;    // of the last row written
    struct str line;
    struct notes *notes;
    // of one of several files
    struct csv_match match;
    struct csv_cell *cells; // [width] in the first file's order
    bool further, header;   // after the first file; its header is still to come
};

static void add_csv_cell(struct str *line, const struct csv_cell *cell) {
    bool quote = cell->length == 0 ? false : strpbrk(cell->text, "\",\r\n") != NULL;
    quote = quote || (cell->length && (cell->text[0] == ' ' || cell->text[cell->length - 1] == ' '));
    if (!quote) {
        str_add_bytes(line, cell->text, cell->length);
        return;
    }
    str_add_char(line, '"');
    for (size_t i = 0; i < cell->length; i++) {
        if (cell->text[i] == '"')
            str_add_char(line, '"');
        str_add_char(line, cell->text[i]);
    }
    str_add_char(line, '"');
}

static void add_json_cell(struct str *line, const struct csv_cell *cell) {
    static const char hex[] = "0123456789abcdef";
    str_add_char(line, '"');
    for (size_t i = 0; i < cell->length; i++) {
        unsigned char byte = (unsigned char)cell->text[i];
        if (byte == '"' || byte == '\\') {
            str_add_char(line, '\\');
            str_add_char(line, (char)byte);
        } else if (byte < 0x20) {
            str_add(line, "\\u00");
            str_add_char(line, hex[byte >> 4]);
            str_add_char(line, hex[byte & 15]);
        } else {
            str_add_char(line, (char)byte);
        }
    }
    str_add_char(line, '"');
}

static void cat_row(struct cat *cat, const struct csv_cell *cells, size_t count) {
    static const struct csv_cell empty = {"", 0};
    size_t width = !cat->raw && count < cat->width ? cat->width : count;
    bool json = cat->format != CAT_CSV;
    str_clear(&cat->line);
    if (json)
        str_add_char(&cat->line, '[');
    for (size_t i = 0; i < width; i++) {
        const struct csv_cell *cell = i < count ? &cells[i] : &empty;
        if (i)
            str_add_char(&cat->line, ',');
        if (json)
            add_json_cell(&cat->line, cell);
        else
            add_csv_cell(&cat->line, cell);
    }
    if (!json && width == 1 && cat->line.length == 0)
        str_add(&cat->line, "\"\""); // an empty line would be no row at all
    if (json)
        str_add_char(&cat->line, ']');
}

// Cells of a further file under the columns of the first.
static void put_in_order(struct cat *cat, size_t width, const struct csv_cell **cells, size_t *count) {
    static const struct csv_cell empty = {"", 0};
    for (size_t i = 0; i < width; i++) {
        size_t from = cat->match.from[i];
        cat->cells[i] = from < *count ? (*cells)[from] : empty;
    }
    *cells = cat->cells;
    *count = width;
}

static enum status on_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                          struct error *error) {
    struct cat *cat = context;
    if (cat->header) {
        cat->header = false;
        return STATUS_OK;
    }
    if (cat->seen++ < cat->passed)
        return STATUS_OK;
    cat->last_line = line;
    if (cat->further && !cat->match.same)
        put_in_order(cat, cat->width, &cells, &count);
    if (cat->rows == 0)
        cat->width = count;
    if (count != cat->width && notes_add(cat->notes, line, NULL, error, "%zu %s where the first row has %zu%s", count,
                                         count == 1 ? "cell" : "cells", cat->width,
                                         count < cat->width && !cat->raw ? "; empty ones were added" : "") != STATUS_OK)
        return error->status;
    cat_row(cat, cells, count);
    if (cat->line.failed)
        return error_set(error, STATUS_MEMORY, "line %" PRIu64 ": out of memory for a row of %zu cells", line, count);
    if (cat->format == CAT_JSON)
        fputs(cat->rows ? ",\n" : "[", stdout);
    fwrite(str_text(&cat->line), 1, cat->line.length, stdout);
    if (cat->format != CAT_JSON)
        putchar('\n');
    cat->rows++;
    if (ferror(stdout))
        return error_set(error, STATUS_IO, "writing to standard output failed");
    return STATUS_OK;
}

static enum status parse_format(const char *text, enum cat_format *format, struct error *error) {
    *format = CAT_CSV;
    if (!text || text_equal(text, "csv"))
        return STATUS_OK;
    *format = text_equal(text, "json") ? CAT_JSON : CAT_JSONL;
    if (text_equal(text, "json") || text_equal(text, "jsonl"))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "--format \"%s\": must be csv, json or jsonl", text);
}

static enum status cat_one(struct cat *cat, const char *path, const struct dialect *wanted, struct error *error) {
    struct dialect dialect = *wanted;
    struct notes notes = {0};
    cat->notes = &notes;
    enum status status = csv_sniff_noted(path, &dialect, &notes, error);
    if (!status)
        status = csv_read_rows(path, &dialect, &notes, NULL, on_row, cat, error);
    cli_notes(path, &notes);
    notes_free(&notes);
    return status;
}

static enum status cat_next(struct cat *cat, const char *path, const struct dialect *wanted, const char *first_path,
                            const struct csv_match *first, struct error *error) {
    struct notes notes = {0};
    cat->notes = &notes;
    enum status status = csv_match_next(path, wanted, first_path, first, &cat->match, &notes, error);
    cat->further = true;
    cat->header = cat->match.dialect.header == 1;
    if (!status)
        status = csv_read_rows(path, &cat->match.dialect, &notes, NULL, on_row, cat, error);
    csv_match_free(&cat->match);
    cli_notes(path, &notes);
    notes_free(&notes);
    return status;
}

static enum status cat_all(struct cat *cat, const struct path_list *list, const struct dialect *wanted,
                           struct error *error) {
    struct csv_match first = {0};
    enum status status = csv_match_first(list->items[0], wanted, &first, error);
    cat->cells = mem_alloc(first.width + 1, sizeof *cat->cells);
    if (!status && !cat->cells)
        status = error_memory(error, list->items[0], first.width * sizeof *cat->cells);
    if (!status)
        status = cat_one(cat, list->items[0], wanted, error);
    cat->width = first.width;
    for (size_t i = 1; i < list->count && !status; i++)
        status = cat_next(cat, list->items[i], wanted, list->items[0], &first, error);
    csv_match_free(&first);
    mem_free(cat->cells);
    return status;
}

// ---- cat of a file that grows -----------------------------------------------------------------------------

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number) {
    interrupted = signal_number;
}

// What is new: notes on rows that were not there when the file was read before.
static enum status tell_new_notes(const char *path, const struct notes *notes, uint64_t after, struct error *error) {
    struct notes fresh = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < notes->count && !status; i++)
        if (notes->items[i].line > after || after == 0)
            status = notes_add(&fresh, notes->items[i].line, notes->items[i].column, error, "%s", notes->items[i].text);
    cli_notes(path, &fresh);
    notes_free(&fresh);
    return status;
}

// `end`: of the reading before. Where that is no place to go on from, all is read and the rows written are passed over.
static enum status cat_new_rows(struct cat *cat, const char *path, struct dialect *dialect, struct csv_end *end,
                                struct error *error) {
    struct notes notes = {0};
    uint64_t after = cat->last_line;
    bool found = dialect->delimiter[0] != '\0';
    cat->notes = &notes;
    cat->seen = 0;
    cat->passed = end->bytes > 0 ? 0 : cat->rows;
    enum status status = found ? STATUS_OK : csv_sniff_noted(path, dialect, &notes, error);
    if (!status)
        status = csv_read_on(path, dialect, end, &notes, NULL, on_row, cat, error);
    if (!status)
        status = tell_new_notes(path, &notes, after, error);
    if (!status && fflush(stdout) != 0)
        status = error_set(error, STATUS_IO, "writing to standard output failed");
    notes_free(&notes);
    return status;
}

static void tell_rewritten(struct cat *cat, const char *path, enum follow_news news) {
    fprintf(stderr, "%s: %s\n", path,
            news == FOLLOW_GONE       ? "is gone; it is looked for"
            : news == FOLLOW_REPLACED ? "is another file now; its rows follow"
                                      : "was written anew; its rows follow");
    if (news != FOLLOW_GONE)
        cat->rows = cat->last_line = 0;
}

static enum status cat_follow(struct cat *cat, const char *path, const struct dialect *wanted, struct error *error) {
    struct follow follow = {0};
    struct dialect dialect = *wanted;
    struct csv_end end = {0};
    struct sigaction action = {.sa_handler = on_interrupt};
    struct timespec pause = {.tv_sec = 0, .tv_nsec = 200000000};
    enum follow_news news = FOLLOW_GROWN;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    enum status status = follow_begin(&follow, path, error);
    while (!status && !interrupted) {
        double began = clock_now();
        if (news == FOLLOW_REPLACED || news == FOLLOW_REWRITTEN) {
            dialect = *wanted;
            end = (struct csv_end){0};
        }
        if (news != FOLLOW_NOTHING && news != FOLLOW_GONE && follow.end > 0)
            status = cat_new_rows(cat, path, &dialect, &end, error);
        double passed = 4 * (clock_now() - began); // reading takes a fifth of the time
        pause.tv_sec = (time_t)passed;
        pause.tv_nsec = passed < 0.2 ? 200000000 : (long)((passed - (double)pause.tv_sec) * 1e9);
        if (!status && !interrupted)
            nanosleep(&pause, NULL);
        news = follow_look(&follow);
        if (news > FOLLOW_GROWN)
            tell_rewritten(cat, path, news);
    }
    follow_end(&follow);
    return status;
}

static enum status cat_growing(struct cat *cat, const struct path_list *list, const struct dialect *wanted,
                               struct error *error) {
    if (list->count > 1)
        return error_set(error, STATUS_UNSUPPORTED,
                         "--follow: several files as one table cannot be followed; name one");
    if (cat->format == CAT_JSON)
        return error_set(error, STATUS_INVALID, "--follow: json has an end, and a growing file has none; use jsonl");
    return cat_follow(cat, list->items[0], wanted, error);
}

int cli_cat(const struct arguments *arguments) {
    struct load_options options;
    struct cat cat = {.raw = arguments->flags[FLAG_RAW] != NULL};
    struct path_list list = {0};
    struct error error;
    if (cli_load_options(arguments, &options, &error) ||
        parse_format(arguments->flags[FLAG_FORMAT], &cat.format, &error))
        return cli_usage(&error);
    enum status status = dataset_files(arguments->files[0], &options, &list, &error);
    if (!status && arguments->flags[FLAG_FOLLOW])
        status = cat_growing(&cat, &list, &options.dialect, &error);
    else if (!status)
        status = list.count == 1 ? cat_one(&cat, list.items[0], &options.dialect, &error)
                                 : cat_all(&cat, &list, &options.dialect, &error);
    if (!status && cat.format == CAT_JSON)
        puts(cat.rows ? "]" : "[]");
    path_list_free(&list);
    str_free(&cat.line);
    return status ? cli_fail(&error) : EXIT_DONE;
}
