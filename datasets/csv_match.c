#include "datasets/csv_match.h"

#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/csv.h"
#include "datasets/csv_names.h"

enum { LOOK_ROWS = 500, NAMES_TOLD = 5 };

void csv_match_free(struct csv_match *match) {
    for (size_t i = 0; match->names != NULL && i < match->width; i++)
        mem_free(match->names[i]);
    mem_free(match->names);
    mem_free(match->from);
    *match = (struct csv_match){0};
}

static enum status make_names(struct csv_match *match, struct csv_names *names, struct error *error) {
    struct notes unheard = {0};
    enum status status = STATUS_OK;
    match->names = mem_alloc(names->width + 1, sizeof *match->names);
    if (match->names == NULL)
        return error_memory(error, "column names", names->width * sizeof *match->names);
    for (; match->width < names->width && status == STATUS_OK; match->width++)
        status = csv_names_make(names, match->width, &match->names[match->width], &unheard, error);
    match->unnamed_last = match->dialect.header == 1 && match->width > 1 && csv_names_is_empty(names, match->width - 1);
    notes_free(&unheard);
    return status;
}

enum status csv_match_first(const char *path, const struct dialect *wanted, struct csv_match *match,
                            struct error *error) {
    struct csv_reader reader = {0};
    struct csv_names names = {0};
    *match = (struct csv_match){.dialect = *wanted};
    enum status status = csv_sniff(path, &match->dialect, NULL, error);
    if (status == STATUS_OK)
        status = csv_reader_open(&reader, path, &match->dialect, NULL, NULL, error);
    if (status != STATUS_OK)
        return status;
    status = csv_names_read(&names, &reader, LOOK_ROWS, error);
    match->rows = names.rows;
    csv_reader_close(&reader);
    if (status == STATUS_OK)
        status = make_names(match, &names, error);
    csv_names_free(&names);
    return status;
}

// ---- columns ------------------------------------------------------------------------------------------------

static size_t find(const struct csv_match *match, const char *name) {
    for (size_t i = 0; i < match->width; i++)
        if (strcmp(match->names[i], name) == 0)
            return i;
    return SIZE_MAX;
}

static size_t shared(const struct csv_match *first, const struct csv_match *match) {
    size_t count = 0;
    for (size_t i = 0; i < first->width; i++)
        count += find(match, first->names[i]) != SIZE_MAX;
    return count;
}

static enum status take_names(const struct csv_match *first, struct csv_match *match, struct error *error) {
    for (size_t i = 0; i < first->width; i++) {
        char *copy = mem_string(first->names[i]);
        if (copy == NULL)
            return error_memory(error, "column names", strlen(first->names[i]));
        mem_free(match->names[i]);
        match->names[i] = copy;
    }
    match->by_position = true;
    return STATUS_OK;
}

static enum status find_all(const struct csv_match *first, struct csv_match *match, struct error *error) {
    match->from = mem_alloc(first->width + 1, sizeof *match->from);
    if (match->from == NULL)
        return error_memory(error, "column names", first->width * sizeof *match->from);
    match->same = match->width == first->width;
    for (size_t i = 0; i < first->width; i++) {
        match->from[i] = find(match, first->names[i]);
        match->same = match->same && match->from[i] == i;
    }
    return STATUS_OK;
}

static enum status refuse(const char *path, const char *first_path, const struct csv_match *first, size_t count,
                          struct error *error) {
    struct str names = {0};
    for (size_t i = 0; i < first->width && i < NAMES_TOLD; i++)
        str_format(&names, "%s'%.40s'", i == 0 ? "" : ", ", first->names[i]);
    if (first->width > NAMES_TOLD)
        str_add(&names, " …");
    enum status status = error_set(error, STATUS_INVALID,
                                   "%s: has %zu of the %zu columns of %s (%s); files of one table need the same "
                                   "columns, open it alone",
                                   path, count, first->width, first_path, str_text(&names));
    str_free(&names);
    return status;
}

// ---- dialects -----------------------------------------------------------------------------------------------

// What the person does not say is as in the first file, but for what every file has to itself.
static struct dialect as_first(const struct dialect *wanted, const struct dialect *first) {
    struct dialect dialect = *wanted;
    if (dialect.delimiter[0] == '\0')
        memcpy(dialect.delimiter, first->delimiter, sizeof dialect.delimiter);
    if (dialect.quote == -1)
        dialect.quote = first->quote;
    if (dialect.escape == -1)
        dialect.escape = first->escape;
    if (dialect.header == -1)
        dialect.header = first->header;
    if (dialect.skip_blanks == -1)
        dialect.skip_blanks = first->skip_blanks;
    return dialect;
}

// Written as the first file is, if that gives its columns; else as it looks by itself.
static enum status choose(const char *path, const struct dialect *wanted, const char *first_path,
                          const struct csv_match *first, struct csv_match *match, struct error *error) {
    struct dialect dialect = as_first(wanted, &first->dialect);
    struct csv_match other = {0};
    enum status status = csv_match_first(path, &dialect, match, error);
    size_t count = status == STATUS_OK ? shared(first, match) : 0;
    if (status != STATUS_OK || count == first->width)
        return status;
    status = csv_match_first(path, wanted, &other, error);
    size_t otherwise = status == STATUS_OK ? shared(first, &other) : 0;
    bool headless = other.dialect.header == 0 && first->dialect.header == 1 && other.width == first->width;
    if (status == STATUS_OK && (otherwise > count || (count == 0 && headless))) {
        struct csv_match unused = *match;
        *match = other;
        other = unused;
        count = otherwise;
    }
    if (status == STATUS_OK && count == 0 && headless)
        status = take_names(first, match, error);
    else if (status == STATUS_OK && 2 * count < first->width)
        status = refuse(path, first_path, first, count, error);
    csv_match_free(&other);
    return status;
}

// ---- what is different --------------------------------------------------------------------------------------

static enum status note_dialect(const char *name, const struct dialect *first, const struct csv_match *match,
                                struct notes *notes, struct error *error) {
    const struct dialect *here = &match->dialect;
    enum status status = STATUS_OK;
    if (strcmp(here->delimiter, first->delimiter) != 0)
        status = notes_add(notes, 0, NULL, error, "cells are separated by '%s', in %s by '%s'",
                           strcmp(here->delimiter, "\t") == 0 ? "\\t" : here->delimiter, name,
                           strcmp(first->delimiter, "\t") == 0 ? "\\t" : first->delimiter);
    if (status == STATUS_OK && here->quote != first->quote && here->quote != 0 && first->quote != 0)
        status = notes_add(notes, 0, NULL, error, "cells are quoted with %c, in %s with %c", here->quote, name,
                           first->quote);
    if (status == STATUS_OK && strcmp(here->encoding, first->encoding) != 0)
        status = notes_add(notes, 0, NULL, error, "is written in %s, %s in %s", here->encoding, name, first->encoding);
    if (status == STATUS_OK && match->by_position)
        status = notes_add(notes, 0, NULL, error, "has no header; its columns were taken in the order of %s", name);
    return status;
}

static bool counts(const struct csv_match *match, size_t index) {
    return !(match->unnamed_last && index + 1 == match->width);
}

static enum status note_columns(const char *name, const struct csv_match *first, const struct csv_match *match,
                                struct notes *notes, struct error *error) {
    enum status status = STATUS_OK;
    size_t last = 0;
    bool ordered = true;
    for (size_t i = 0; i < first->width && status == STATUS_OK; i++) {
        size_t from = match->from[i];
        if (from == SIZE_MAX && counts(first, i))
            status = notes_add(notes, 0, first->names[i], error,
                               "the file has no such column; it is missing in all its rows");
        if (from == SIZE_MAX)
            continue;
        ordered = ordered && from >= last;
        last = from;
    }
    for (size_t i = 0; i < match->width && status == STATUS_OK; i++)
        if (find(first, match->names[i]) == SIZE_MAX && counts(match, i))
            status = notes_add(notes, 0, match->names[i], error, "%s has no such column; it was left out", name);
    if (status == STATUS_OK && !ordered)
        status = notes_add(notes, 0, NULL, error,
                           "the columns stand in another order than in %s; they were matched by name", name);
    return status;
}

enum status csv_match_next(const char *path, const struct dialect *wanted, const char *first_path,
                           const struct csv_match *first, struct csv_match *match, struct notes *notes,
                           struct error *error) {
    const char *name = path_base(first_path);
    *match = (struct csv_match){0};
    enum status status = choose(path, wanted, first_path, first, match, error);
    if (status == STATUS_OK)
        status = find_all(first, match, error);
    if (status == STATUS_OK)
        status = note_dialect(name, &first->dialect, match, notes, error);
    return status == STATUS_OK ? note_columns(name, first, match, notes, error) : status;
}
