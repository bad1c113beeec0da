#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "views/report/report.h"
#include "core/base/mem.h"
#include "datasets/profile_html.h"
#include "views/widgets/plot_export.h"

static const char head[] =
    "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head><meta charset=\"utf-8\"/>"
    "<title>batchlab report</title><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:84rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;"
    "text-align:right;font-variant-numeric:tabular-nums}th{border-bottom:2px solid #888}"
    "td:nth-child(-n+2),th:nth-child(-n+2){text-align:left}h2{margin-top:2rem}"
    "svg{max-width:100%;height:auto}.wide{overflow-x:auto}.wide table{font-size:13px}.wide td{white-space:nowrap}"
    ".wide td,.wide th{padding:.2rem .5rem}</style></head><body>\n";

// ---- curves -------------------------------------------------------------------------------------------------

enum { DRAWN = 600 };

struct drawn { // of one run; x and y of [DRAWN] each
    double x[DRAWN], y[DRAWN], epoch[DRAWN], value[DRAWN];
    size_t points, epochs;
    char train[96], validation[96];
};

static double figure_of(const struct epoch_row *row, bool loss, bool classify) {
    return loss ? row->val_loss : classify ? row->val_accuracy : row->val_rmse;
}

// Means over equal numbers of steps for what was trained on; every epoch for what was validated.
static void thin(const struct whole_run *run, bool loss, struct drawn *drawn) {
    size_t each = (run->point_count + DRAWN - 1) / DRAWN, skip = (run->epoch_count + DRAWN - 1) / DRAWN;
    drawn->points = drawn->epochs = 0;
    for (size_t first = 0; first < run->point_count; first += each) {
        size_t end = first + each < run->point_count ? first + each : run->point_count;
        double sum = 0;
        for (size_t i = first; i < end; i++)
            sum += (double)(loss ? run->points[i].loss : run->points[i].accuracy_or_rmse) / (double)(end - first);
        drawn->x[drawn->points] = run->points[end - 1].epoch;
        drawn->y[drawn->points++] = sum;
    }
    for (size_t i = 0; i < run->epoch_count; i += skip) {
        drawn->epoch[drawn->epochs] = (double)run->epochs[i].epoch;
        drawn->value[drawn->epochs++] = figure_of(&run->epochs[i], loss, run->record.classify);
    }
    snprintf(drawn->train, sizeof drawn->train, "run %" PRId64 " training", run->record.id);
    snprintf(drawn->validation, sizeof drawn->validation, "run %" PRId64 " validation", run->record.id);
}

struct figure { // one panel
    struct plot plot;
    struct plot_series series[PLOT_SERIES_MOST];
};

static struct plot_panel panel_of(const struct report *report, size_t runs, bool loss, struct drawn *drawn,
                                  struct figure *figure) {
    bool classify = report->runs[0].record.classify;
    for (size_t i = 0; i < runs; i++) {
        thin(&report->runs[i], loss, &drawn[i]);
        figure->series[2 * i] = (struct plot_series){.name = drawn[i].train,
                                                     .x = drawn[i].x,
                                                     .y = drawn[i].y,
                                                     .count = drawn[i].points,
                                                     .ink = theme_class_ink(i)};
        figure->series[2 * i + 1] = (struct plot_series){.name = drawn[i].validation,
                                                         .x = drawn[i].epoch,
                                                         .y = drawn[i].value,
                                                         .count = drawn[i].epochs,
                                                         .ink = theme_class_ink(i),
                                                         .line = PLOT_DASHED};
    }
    figure->plot = (struct plot){.series = figure->series,
                                 .count = 2 * runs,
                                 .auto_x = true,
                                 .auto_y = true,
                                 .legend = true,
                                 .x_label = "epochs"};
    return (struct plot_panel){.title = loss ? "loss" : classify ? "accuracy" : "RMSE", .plot = &figure->plot};
}

// Both panels in one picture: each picture numbers what it refers to from 0.
static void curves(struct str *out, const struct report *report) {
    size_t runs = report->count < PLOT_SERIES_MOST / 2 ? report->count : PLOT_SERIES_MOST / 2;
    struct drawn *drawn = mem_alloc(2 * runs, sizeof *drawn);
    struct figure figures[2];
    if (!drawn) {
        out->failed = true;
        return;
    }
    const struct plot_panel panels[] = {panel_of(report, runs, true, drawn, &figures[0]),
                                        panel_of(report, runs, false, drawn + runs, &figures[1])};
    str_add(out, "<div>");
    plot_svg(panels, 2, out);
    str_add(out, "</div>\n");
    if (report->count > runs)
        str_format(out, "<p>The curves are those of the first %zu runs.</p>\n", runs);
    mem_free(drawn);
}

// ---- the form -------------------------------------------------------------------------------------------------

static void begins(struct str *out, const struct report *report) {
    str_add(out, head);
    str_format(out, "<h1>%zu run%s</h1>\n", report->count, report->count == 1 ? "" : "s");
}

static void in_element(struct str *out, const char *name, const char *text) {
    str_format(out, "<%s>", name);
    html_text(out, text);
    str_format(out, "</%s>", name);
}

static void heading(struct str *out, const char *text) {
    in_element(out, "h2", text);
    str_add(out, "\n");
}

static void paragraph(struct str *out, const char *text) {
    in_element(out, "p", text);
    str_add(out, "\n");
}

static void table_begins(struct str *out) {
    str_add(out, "<div class=\"wide\"><table><tr>");
}

static void title(struct str *out, const char *text) {
    in_element(out, "th", text);
}

static void titles_end(struct str *out, size_t columns) {
    (void)columns;
    str_add(out, "</tr>\n");
}

static void row_begins(struct str *out) {
    str_add(out, "<tr>");
}

static void cell(struct str *out, const char *text) {
    in_element(out, "td", text);
}

static void row_ends(struct str *out) {
    str_add(out, "</tr>\n");
}

static void table_ends(struct str *out) {
    str_add(out, "</table></div>\n");
}

static void list_begins(struct str *out) {
    str_add(out, "<ul>\n");
}

static void item(struct str *out, const char *text) {
    in_element(out, "li", text);
    str_add(out, "\n");
}

static void list_ends(struct str *out) {
    str_add(out, "</ul>\n");
}

static void ends(struct str *out) {
    str_add(out, "</body></html>\n");
}

const struct report_form report_html = {
    .begins = begins,
    .heading = heading,
    .paragraph = paragraph,
    .table_begins = table_begins,
    .title = title,
    .titles_end = titles_end,
    .row_begins = row_begins,
    .cell = cell,
    .row_ends = row_ends,
    .table_ends = table_ends,
    .list_begins = list_begins,
    .item = item,
    .list_ends = list_ends,
    .curves = curves,
    .ends = ends,
};
