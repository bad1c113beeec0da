// The page's cards: one for each column.
#include "datasets/profile_html.h"

struct row {
    const char *name;
    double value;
    bool about;
};

static void cell(struct str *out, const struct row *row, enum column_type type) {
    char text[64];
    bool count = row->value >= 0 && row->value < 9e15 && row->value == (double)(uint64_t)row->value;
    str_format(out, "<th>%s</th><td class=\"n\">", row->name);
    if (row->about)
        str_add(out, "≈ ");
    if (type == COLUMN_DATE)
        html_text(out, number_cell_text(type, row->value, text));
    else if (count)
        html_integer(out, (uint64_t)row->value);
    else
        html_number(out, row->value);
    str_add(out, "</td>");
}

// Two to a line.
static void rows(struct str *out, const struct row *all, size_t count, enum column_type type) {
    for (size_t i = 0; i < count; i += 2) {
        str_add(out, "<tr>");
        cell(out, &all[i], type);
        if (i + 1 < count)
            cell(out, &all[i + 1], type);
        str_add(out, "</tr>\n");
    }
}

static void figures(struct str *out, const struct column_profile *p) {
    const struct row counts[] = {
        {"missing", (double)p->missing, false},   {"distinct", (double)p->distinct, p->distinct_about},
        {"zeros", (double)p->zeros, false},       {"negatives", (double)p->negatives, false},
        {"infinite", (double)p->infinite, false}, {"outliers (IQR)", (double)p->outliers, false}};
    const struct row numbers[] = {{"mean", p->mean, false},     {"sd (n−1)", p->sd, false},
                                  {"min", p->min, false},       {"max", p->max, false},
                                  {"q25", p->q25, false},       {"q75", p->q75, false},
                                  {"median", p->median, false}, {"MAD", p->mad, false},
                                  {"skewness", p->skew, false}, {"kurtosis", p->kurtosis, false}};
    const struct row dates[] = {{"first", p->min, false}, {"last", p->max, false}, {"median", p->median, false}};
    enum column_type type = p->column->type;
    str_add(out, "<table>\n");
    rows(out, counts, type == COLUMN_NUMERIC ? sizeof counts / sizeof *counts : 2, COLUMN_NUMERIC);
    if (type == COLUMN_NUMERIC)
        rows(out, numbers, sizeof numbers / sizeof *numbers, type);
    else if (type == COLUMN_DATE && p->missing < p->rows)
        rows(out, dates, sizeof dates / sizeof *dates, type);
    str_add(out, "</table>\n");
}

static void shape(struct str *out, const struct column_profile *p) {
    char text[64];
    bool values = column_has_values(p->column);
    if (values && p->missing < p->rows) {
        html_histogram(out, p->histogram.bins, HISTOGRAM_BINS, p->histogram.low, p->histogram.high, "");
        str_add(out, "<div class=\"ends\"><span>");
        html_text(out, number_cell_text(p->column->type, p->histogram.low, text));
        str_add(out, "</span><span>");
        html_text(out, number_cell_text(p->column->type, p->histogram.high, text));
        str_add(out, "</span></div>\n");
    }
    const char *names[PROFILE_TOP];
    uint64_t counts[PROFILE_TOP];
    size_t count = values && p->top_count > 5 ? 5 : p->top_count;
    if (count == 0 || p->id_like)
        return;
    for (size_t i = 0; i < count; i++) {
        names[i] = p->top[i].word;
        counts[i] = p->top[i].count;
    }
    if (p->top_about)
        str_add(out, "<p class=\"kind\">≈ most frequent</p>\n");
    html_bars(out, names, counts, count, p->rows);
}

static void notes(struct str *out, const struct column_profile *p, bool target) {
    str_add(out, " <span class=\"kind\">");
    str_add(out, column_type_name(p->column->type));
    str_add(out, p->column->integer ? ", whole" : "");
    str_add(out, target ? ", target" : "");
    str_add(out, p->constant ? ", constant" : "");
    str_add(out, p->monotone ? ", monotone" : "");
    str_add(out, p->id_like ? ", id-like" : "");
    str_add(out, "</span>");
}

void html_columns(struct page *page) {
    struct str *out = page->out;
    str_add(out, "<h2>Columns</h2>\n<div class=\"cards\">\n");
    for (size_t i = 0; i < page->profile->column_count; i++) {
        const struct column_profile *p = &page->profile->columns[i];
        str_add(out, "<section class=\"card\"><h3>");
        html_text(out, p->column->name);
        notes(out, p, page->profile->target == (int)i);
        str_add(out, "</h3>\n");
        figures(out, p);
        shape(out, p);
        str_add(out, "</section>\n");
    }
    str_add(out, "</div>\n");
}
