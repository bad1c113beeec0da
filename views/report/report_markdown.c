#include <string.h>

#include "views/report/report.h"

// Text that stays text: what Markdown or HTML would act on gets a backslash or its entity, lines become one.
static void add_text(struct str *out, const char *text) {
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            str_add_char(out, ' ');
        else if (*c == '<' || *c == '>' || *c == '&')
            str_add(out, *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : "&amp;");
        else {
            if (strchr("\\`*_[]|#!~", *c))
                str_add_char(out, '\\');
            str_add_char(out, *c);
        }
    }
}

static void begins(struct str *out, const struct report *report) {
    str_format(out, "# %zu run%s\n\n", report->count, report->count == 1 ? "" : "s");
}

static void heading(struct str *out, const char *text) {
    str_add(out, "## ");
    add_text(out, text);
    str_add(out, "\n\n");
}

static void paragraph(struct str *out, const char *text) {
    add_text(out, text);
    str_add(out, "\n\n");
}

static void row_begins(struct str *out) {
    str_add(out, "|");
}

static void cell(struct str *out, const char *text) {
    str_add(out, " ");
    add_text(out, text);
    str_add(out, " |");
}

static void row_ends(struct str *out) {
    str_add(out, "\n");
}

static void titles_end(struct str *out, size_t columns) {
    str_add(out, "\n|");
    for (size_t i = 0; i < columns; i++)
        str_add(out, "---|");
    str_add(out, "\n");
}

static void item(struct str *out, const char *text) {
    str_add(out, "- ");
    add_text(out, text);
    str_add(out, "\n");
}

static void line_between(struct str *out) {
    str_add(out, "\n");
}

static void nothing(struct str *out) {
    (void)out;
}

const struct report_form report_markdown = {
    .begins = begins,
    .heading = heading,
    .paragraph = paragraph,
    .table_begins = row_begins,
    .title = cell,
    .titles_end = titles_end,
    .row_begins = row_begins,
    .cell = cell,
    .row_ends = row_ends,
    .table_ends = line_between,
    .list_begins = nothing,
    .item = item,
    .list_ends = line_between,
    .ends = nothing,
};
