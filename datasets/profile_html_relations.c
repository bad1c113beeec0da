// The page's heat maps, the classes and what goes with the target, what is missing together.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_html.h"

enum { PAIRS_SHOWN = 20 };

static void map_cell(struct page *page, const struct matrix *matrix, size_t i, size_t j, double size, double left,
                     double top) {
    struct str *out = page->out;
    double value = matrix->values[i * matrix->columns + j], x = left + (double)j * size, y = top + (double)i * size;
    str_format(out, "<g><rect class=\"%s\" x=\"", isnan(value) ? "void" : value < 0 ? "down" : "up");
    html_decimal(out, x, 1);
    str_add(out, "\" y=\"");
    html_decimal(out, y, 1);
    str_add(out, "\" width=\"");
    html_decimal(out, size - 1, 1);
    str_add(out, "\" height=\"");
    html_decimal(out, size - 1, 1);
    str_add(out, "\" fill-opacity=\"");
    html_decimal(out, isnan(value) ? 0.4 : fmin(1, fabs(value)), 3);
    str_add(out, "\"><title>");
    html_text(out, html_name(page, matrix->row_of[i]));
    str_add(out, ", ");
    html_text(out, html_name(page, matrix->column_of[j]));
    str_add(out, ": ");
    html_number(out, value);
    str_add(out, "</title></rect>");
    if (size >= 30 && !isnan(value)) {
        str_add(out, "<text text-anchor=\"middle\" x=\"");
        html_decimal(out, x + size / 2, 1);
        str_add(out, "\" y=\"");
        html_decimal(out, y + size / 2 + 4, 1);
        str_add(out, "\">");
        html_decimal(out, value, 2);
        str_add(out, "</text>");
    }
    str_add(out, "</g>");
}

static void map_labels(struct page *page, const struct matrix *matrix, double size, double left, double top) {
    struct str *out = page->out;
    for (size_t i = 0; i < matrix->rows; i++) {
        str_add(out, "<text text-anchor=\"end\" x=\"");
        html_decimal(out, left - 6, 1);
        str_add(out, "\" y=\"");
        html_decimal(out, top + ((double)i + 0.5) * size + 4, 1);
        str_add(out, "\">");
        html_cut(out, html_name(page, matrix->row_of[i]), 22);
        str_add(out, "</text>");
    }
    for (size_t j = 0; j < matrix->columns; j++) {
        double x = left + ((double)j + 0.5) * size;
        str_add(out, "<text transform=\"translate(");
        html_decimal(out, x + 4, 1);
        str_add(out, ",");
        html_decimal(out, top - 6, 1);
        str_add(out, ") rotate(-60)\">");
        html_cut(out, html_name(page, matrix->column_of[j]), 18);
        str_add(out, "</text>");
    }
}

// Bytes of the longest name, at most so many.
static double longest(const struct page *page, const uint32_t *columns, size_t count, size_t most) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(html_name(page, columns[i]));
        found = length > found ? length : found;
    }
    return (double)(found < most ? found : most);
}

static void heat_map(struct page *page, enum profile_matrix which) {
    const struct matrix *matrix = &page->profile->matrices[which];
    struct str *out = page->out;
    double left = 12 + 7.2 * longest(page, matrix->row_of, matrix->rows, 23);
    double top = 16 + 5.8 * longest(page, matrix->column_of, matrix->columns, 19);
    double size = matrix->columns > 30 ? 14 : matrix->columns > 16 ? 22 : 38;
    if (matrix->rows == 0)
        return;
    str_format(out, "<section class=\"card\"><h3>%s%s</h3>\n", matrix->about ? "≈ " : "", matrix_labels[which]);
    if (matrix->about)
        str_add(out, "<p class=\"kind\">from a part of the rows, evenly spaced</p>\n");
    if (matrix->left_out > 0)
        str_format(out, "<p class=\"kind\">%zu further columns are left out</p>\n", matrix->left_out);
    double width = left + size * (double)matrix->columns + 60, height = top + size * (double)matrix->rows + 4;
    str_format(out,
               "<svg class=\"map\" style=\"max-width:%.0fpx\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
               "aria-label=\"heat map\">\n",
               width, width, height);
    map_labels(page, matrix, size, left, top);
    for (size_t i = 0; i < matrix->rows; i++) {
        for (size_t j = 0; j < matrix->columns; j++)
            map_cell(page, matrix, i, j, size, left, top);
        str_add_char(out, '\n');
    }
    str_add(out, "</svg></section>\n");
}

static void together(struct page *page) {
    const struct profile *profile = page->profile;
    struct str *out = page->out;
    if (profile->together_count == 0)
        return;
    str_add(out, "<h2>Missing together</h2>\n<section class=\"card\"><table>\n<tr><th>columns</th><th></th>"
                 "<th>rows</th><th>phi</th></tr>\n");
    for (size_t i = 0; i < profile->together_count && i < PAIRS_SHOWN; i++) {
        const struct missing_pair *pair = &profile->together[i];
        str_add(out, "<tr><td>");
        html_text(out, html_name(page, pair->a));
        str_add(out, "</td><td>");
        html_text(out, html_name(page, pair->b));
        str_add(out, "</td><td class=\"n\">");
        html_integer(out, pair->both);
        str_add(out, "</td><td class=\"n\">");
        html_number(out, pair->phi);
        str_add(out, "</td></tr>\n");
    }
    str_add(out, "</table></section>\n");
}

static void class_balance(struct page *page) {
    enum { MOST = 30 };
    const struct profile *profile = page->profile;
    const char *names[MOST];
    uint64_t counts[MOST];
    size_t count = profile->class_count < MOST ? profile->class_count : MOST;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        names[i] = profile->classes[i].name;
        counts[i] = profile->classes[i].count;
    }
    str_add(page->out, "<section class=\"card\"><h3>Classes</h3>\n");
    html_bars(page->out, names, counts, count, profile->rows);
    if (profile->class_count > MOST)
        str_format(page->out, "<p class=\"kind\">and %zu rarer classes</p>\n", profile->class_count - MOST);
    str_add(page->out, "</section>\n");
}

static void associations(struct page *page) {
    const struct profile *profile = page->profile;
    struct str *out = page->out;
    if (profile->association_count == 0)
        return;
    str_add(out, "<section class=\"card\"><h3>What goes with it</h3>\n<table>\n");
    for (size_t i = 0; i < profile->association_count && i < PAIRS_SHOWN; i++) {
        const struct association *with = &profile->associations[i];
        double strength = isnan(with->value) ? 0 : fabs(with->value);
        str_add(out, "<tr><td>");
        html_text(out, html_name(page, with->column));
        str_format(out, "</td><th>%s</th><td class=\"n\">", association_names[with->kind]);
        html_number(out, with->value);
        str_add(out, "</td><td><svg viewBox=\"0 0 120 12\" style=\"width:120px;margin:0\" role=\"img\" "
                     "aria-label=\"strength\"><rect class=\"axis\" width=\"120\" height=\"10\"/><rect class=\"bar\" "
                     "height=\"10\" width=\"");
        html_decimal(out, 120 * fmin(1, strength), 1);
        str_add(out, "\"/></svg></td></tr>\n");
    }
    str_add(out, "</table>\n<p class=\"kind\">r: Pearson. V: Cramér, corrected for bias. eta: correlation ratio.</p>"
                 "</section>\n");
}

void html_relations(struct page *page) {
    const struct profile *profile = page->profile;
    struct str *out = page->out;
    bool any = false;
    if (profile->target >= 0) {
        str_add(out, "<h2>Target: ");
        html_text(out, html_name(page, (uint32_t)profile->target));
        str_add(out, "</h2>\n<div class=\"cards\">\n");
        class_balance(page);
        associations(page);
        str_add(out, "</div>\n");
    }
    for (int i = 0; i < MATRICES; i++)
        any = any || profile->matrices[i].rows > 0;
    if (any)
        str_add(out, "<h2>Columns with each other</h2>\n<div>\n");
    for (int i = 0; i < MATRICES; i++)
        heat_map(page, (enum profile_matrix)i);
    if (any)
        str_add(out, "</div>\n");
    together(page);
}
