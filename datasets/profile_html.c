// The profile as one HTML page: what is written everywhere, the head, the overview, the warnings.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "datasets/profile_html.h"

// ---- texts ------------------------------------------------------------------------------------------------

static void add_escaped(struct str *out, uint32_t code) {
    char bytes[4];
    bool allowed = code == '\t' || code == '\n' || (code >= 0x20 && code != 0x7f && (code < 0x80 || code > 0x9f));
    if (!allowed || (code & 0xfffe) == 0xfffe || (code >= 0xd800 && code < 0xe000))
        code = 0xfffd;
    if (code == '&')
        str_add(out, "&amp;");
    else if (code == '<')
        str_add(out, "&lt;");
    else if (code == '>')
        str_add(out, "&gt;");
    else if (code == '"')
        str_add(out, "&quot;");
    else if (code == '\'')
        str_add(out, "&#39;");
    else
        str_add_bytes(out, bytes, utf8_encode(code, bytes));
}

void html_cut(struct str *out, const char *text, size_t most) {
    size_t length = strlen(text), characters = 0;
    for (size_t at = 0; at < length; characters++) {
        uint32_t code;
        if (characters == most) {
            str_add(out, "…");
            return;
        }
        at += utf8_decode(text + at, length - at, &code);
        add_escaped(out, code);
    }
}

void html_text(struct str *out, const char *text) {
    html_cut(out, text, SIZE_MAX);
}

void html_decimal(struct str *out, double value, int digits) {
    char text[64];
    snprintf(text, sizeof text, "%.*f", digits, value); // the program keeps the point
    str_add(out, text);
}

void html_number(struct str *out, double value) {
    char text[64];
    if (isnan(value)) {
        str_add(out, "–");
        return;
    }
    snprintf(text, sizeof text, "%.6g", value);
    str_add(out, text);
}

void html_integer(struct str *out, uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            str_add(out, "\u202f"); // narrow blank that does not break
        str_add_char(out, text[i]);
    }
}

const char *html_name(const struct page *page, uint32_t column) {
    return page->profile->columns[column].column->name;
}

// ---- pictures that several parts draw -----------------------------------------------------------------------

// Names at the left, bars, counts behind them.
void html_bars(struct str *out, const char *const *names, const uint64_t *counts, size_t count, uint64_t whole) {
    enum { HEIGHT = 18, LEFT = 130, WIDTH = 180 };
    uint64_t most = 1;
    for (size_t i = 0; i < count; i++)
        most = counts[i] > most ? counts[i] : most;
    str_format(out, "<svg class=\"bars\" viewBox=\"0 0 400 %zu\" role=\"img\" aria-label=\"counts\">", count * HEIGHT);
    for (size_t i = 0; i < count; i++) {
        size_t y = i * HEIGHT;
        str_format(out, "<g><title>");
        html_text(out, names[i]);
        str_add(out, ": ");
        html_integer(out, counts[i]);
        if (whole > 0) {
            str_add(out, " (");
            html_decimal(out, 100.0 * (double)counts[i] / (double)whole, 2);
            str_add(out, " %)");
        }
        str_format(out, "</title><text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", LEFT - 6, y + 13);
        html_cut(out, names[i], 18);
        str_format(out, "</text><rect class=\"bar\" x=\"%d\" y=\"%zu\" height=\"12\" width=\"", LEFT, y + 3);
        double width = WIDTH * (double)counts[i] / (double)most;
        html_decimal(out, width, 1);
        str_add(out, "\"/><text class=\"dim\" x=\"");
        html_decimal(out, LEFT + width + 5, 1);
        str_format(out, "\" y=\"%zu\">", y + 13);
        html_integer(out, counts[i]);
        str_add(out, "</text></g>");
    }
    str_add(out, "</svg>");
}

void html_histogram(struct str *out, const uint64_t *bins, size_t count, double low, double high, const char *ink) {
    enum { WIDTH = 384, HEIGHT = 80 };
    double step = (double)WIDTH / (double)count;
    uint64_t most = 1;
    for (size_t i = 0; i < count; i++)
        most = bins[i] > most ? bins[i] : most;
    str_format(out, "<svg class=\"histogram\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"histogram\">", WIDTH,
               HEIGHT + 2);
    for (size_t i = 0; i < count; i++) {
        double height = HEIGHT * (double)bins[i] / (double)most;
        if (bins[i] == 0)
            continue;
        height = height < 1 ? 1 : height; // what is there is seen
        str_format(out, "<rect class=\"bar %s\" x=\"", ink);
        html_decimal(out, (double)i * step, 2);
        str_add(out, "\" y=\"");
        html_decimal(out, HEIGHT - height, 2);
        str_add(out, "\" width=\"");
        html_decimal(out, step * 0.92, 2);
        str_add(out, "\" height=\"");
        html_decimal(out, height, 2);
        str_add(out, "\"><title>");
        html_number(out, low + (high - low) / (double)count * (double)i);
        str_add(out, " … ");
        html_number(out, low + (high - low) / (double)count * (double)(i + 1));
        str_add(out, ": ");
        html_integer(out, bins[i]);
        str_add(out, "</title></rect>");
    }
    str_format(out, "<rect class=\"axis\" x=\"0\" y=\"%d\" width=\"%d\" height=\"1\"/></svg>", HEIGHT, WIDTH);
}

// ---- the page -----------------------------------------------------------------------------------------------

static const char style[] =
    "<style>\n"
    ":root{--paper:#fbfbfa;--card:#fff;--ink:#1c1f23;--dim:#676e78;--line:#dfe2e6;--bar:#0072b2;--warn:#b34700;"
    "--warm:#d55e00;--cold:#0072b2}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1d2125;--ink:#e6e8ea;--dim:#98a0a9;"
    "--line:#343a41;--bar:#56b4e9;--warn:#f0a35e;--warm:#e07b39;--cold:#3d9be0}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1200px;padding:24px;background:var(--paper);color:var(--ink);"
    "font:15px/1.45 system-ui,sans-serif}\n"
    "h1{font-size:24px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:32px 0 12px}"
    "h3{font-size:15px;margin:0 0 8px;overflow-wrap:anywhere}\n"
    ".dim,figcaption,.kind{color:var(--dim)}.kind{font-weight:normal;font-size:13px}\n"
    ".tiles,.cards{display:grid;gap:12px;grid-template-columns:repeat(auto-fill,minmax(150px,1fr))}\n"
    ".cards{grid-template-columns:repeat(auto-fill,minmax(340px,1fr))}\n"
    ".tile,.card{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:12px}\n"
    ".tile b{display:block;font-size:20px;font-weight:600}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}"
    "td,th{padding:1px 6px 1px 0;text-align:left;font-weight:normal}td.n{text-align:right;padding-right:14px}"
    "th{color:var(--dim)}\n"
    "ul.warnings{list-style:none;margin:0;padding:0}ul.warnings li{border-left:3px solid var(--warn);"
    "padding:2px 0 2px 10px;margin:0 0 8px;overflow-wrap:anywhere}\n"
    ".lines{color:var(--dim);font-size:13px}\n"
    "svg{display:block;width:100%;height:auto;margin-top:8px}svg text{font-size:11px;fill:var(--ink)}"
    "svg text.dim{fill:var(--dim)}.bar{fill:var(--bar)}.axis{fill:var(--line)}"
    ".red{fill:#d55e00}.green{fill:#009e73}.blue{fill:#0072b2}\n"
    ".up{fill:var(--warm)}.down{fill:var(--cold)}.void{fill:var(--line)}svg.bars,svg.histogram{max-width:560px}\n"
    ".ends{max-width:560px;display:flex;justify-content:space-between;font-size:12px;color:var(--dim)}\n"
    ".pictures{display:flex;flex-wrap:wrap;gap:14px}figure{margin:0;text-align:center;font-size:12px}"
    "figure img{width:96px;image-rendering:pixelated;border:1px solid var(--line)}\n"
    "@media print{.card{break-inside:avoid}}\n"
    "</style>\n";

static void tile(struct str *out, const char *name, uint64_t value, bool about) {
    str_add(out, "<div class=\"tile\"><b>");
    if (about)
        str_add(out, "≈ ");
    html_integer(out, value);
    str_format(out, "</b>%s</div>\n", name);
}

static void overview(struct page *page) {
    const struct profile *profile = page->profile;
    struct str *out = page->out;
    bool table = page->dataset->table != NULL;
    str_add(out, "<div class=\"tiles\">\n");
    tile(out, table ? "rows" : "images", profile->rows, false);
    if (table) {
        tile(out, "columns", profile->column_count, false);
        tile(out, "missing cells", profile->missing_cells, false);
    } else {
        tile(out, "classes", page->dataset->images->classes, false);
    }
    tile(out, table ? "duplicate rows" : "duplicates", profile->duplicates, profile->duplicates_about);
    tile(out, profile->warning_count == 1 ? "warning" : "warnings", profile->warning_count, false);
    str_add(out, "</div>\n");
}

// Lines of the file where it is a table; numbers of pictures, counted from 1, where it is not.
static void warning_rows(struct page *page, const struct warning *warning) {
    enum { SHOWN = 24 };
    const struct table *table = page->dataset->table;
    struct str *out = page->out;
    if (warning->row_count == 0)
        return;
    bool several = table != NULL && table->files != NULL;
    str_add(out, table == NULL ? "<div class=\"lines\">images "
                 : several     ? "<div class=\"lines\">"
                               : "<div class=\"lines\">lines ");
    for (size_t i = 0; i < warning->row_count && i < SHOWN; i++) {
        char place[64];
        str_add(out, i > 0 ? ", " : "");
        if (table == NULL)
            html_integer(out, (uint64_t)warning->rows[i] + 1);
        else
            html_text(out, table_place(table, warning->rows[i], place));
    }
    if (warning->row_count > SHOWN)
        str_format(out, " and %s%zu more", warning->row_count == 1000 ? "at least " : "", warning->row_count - SHOWN);
    str_add(out, "</div>");
}

static void warnings(struct page *page) {
    const struct profile *profile = page->profile;
    str_add(page->out, "<h2>Warnings</h2>\n");
    if (profile->warning_count == 0)
        str_add(page->out, "<p class=\"dim\">Nothing stands out.</p>\n");
    else
        str_add(page->out, "<ul class=\"warnings\">\n");
    for (size_t i = 0; i < profile->warning_count; i++) {
        str_add(page->out, "<li>");
        html_text(page->out, profile->warnings[i].message);
        warning_rows(page, &profile->warnings[i]);
        str_add(page->out, "</li>\n");
    }
    if (profile->warning_count > 0)
        str_add(page->out, "</ul>\n");
}

static void head(struct page *page) {
    struct str *out = page->out;
    str_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                 "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    html_text(out, page->dataset->name);
    str_add(out, " – profile</title>\n");
    str_add(out, style);
    str_add(out, "</head>\n<body>\n<h1>");
    html_text(out, page->dataset->name);
    str_add(out, "</h1>\n<p class=\"dim\">");
    html_integer(out, page->dataset->file_bytes);
    str_add(out, " bytes. Quantiles are interpolated linearly, sd divides by n − 1, skewness and excess kurtosis are "
                 "corrected for bias. “≈” marks what is not exact.</p>\n");
}

enum status profile_html(const struct dataset *dataset, const struct profile *profile, struct str *out,
                         struct error *error) {
    struct page page = {out, dataset, profile};
    enum status status = STATUS_OK;
    head(&page);
    overview(&page);
    warnings(&page);
    if (dataset->table != NULL) {
        html_relations(&page);
        html_columns(&page);
    } else {
        status = html_images(&page, error);
    }
    str_add(out, "</body>\n</html>\n");
    return status != STATUS_OK ? status
           : out->failed       ? error_memory(error, "the profile as a page", out->length)
                               : STATUS_OK;
}
