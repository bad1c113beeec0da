#include "views/widgets/plot_record.h"

#include <string.h>

#include "core/base/mem.h"

static const double *copy_values(const double *values, size_t count, bool *failed) {
    double *copy = values ? mem_copy(values, count * sizeof *copy) : NULL;
    *failed = *failed || (values && count > 0 && !copy);
    return copy;
}

static const char *copy_text(const char *text, bool *failed) {
    char *copy = mem_string(text);
    *failed = *failed || !copy;
    return copy;
}

static void copy_series(struct plot *to, const struct plot *plot, const char *title, bool *failed) {
    struct plot_series *all = mem_alloc(plot->count + 1, sizeof *all);
    to->series = all;
    to->count = all ? plot->count : 0;
    *failed = *failed || !all;
    for (size_t i = 0; i < to->count; i++) {
        all[i] = plot->series[i];
        all[i].x = copy_values(plot->series[i].x, plot->series[i].count, failed);
        all[i].y = copy_values(plot->series[i].y, plot->series[i].count, failed);
        all[i].name = copy_text(plot->series[i].name ? plot->series[i].name : title, failed);
        all[i].count = *failed ? 0 : all[i].count;
    }
}

static void copy_marks(struct plot *to, const struct plot *plot, bool *failed) {
    struct plot_mark *all = mem_alloc(plot->mark_count + 1, sizeof *all);
    to->marks = all;
    to->mark_count = all ? plot->mark_count : 0;
    *failed = *failed || !all;
    for (size_t i = 0; i < to->mark_count; i++) {
        all[i] = plot->marks[i];
        all[i].label = copy_text(plot->marks[i].label, failed);
    }
}

void plot_record_add(struct plot_record *record, const char *title, const struct plot *plot) {
    struct plot_frame frame = plot_measure(plot, (struct rect){0, 0, 100, 40});
    if (frame.empty)
        return;
    if (record->count == PLOT_RECORD_MOST) {
        record->full = true;
        return;
    }
    struct plot *to = &record->plots[record->count];
    *to = *plot;
    copy_series(to, plot, title, &record->failed);
    copy_marks(to, plot, &record->failed);
    to->x_label = plot->x_label ? copy_text(plot->x_label, &record->failed) : NULL;
    to->empty = NULL;
    record->panels[record->count++] = (struct plot_panel){.title = copy_text(title, &record->failed), .plot = to};
}

static void forget(const void *copy) {
    mem_free((void *)(uintptr_t)copy);
}

void plot_record_free(struct plot_record *record) {
    for (size_t p = 0; p < record->count; p++) {
        struct plot *plot = &record->plots[p];
        for (size_t i = 0; i < plot->count; i++) {
            forget(plot->series[i].x);
            forget(plot->series[i].y);
            forget(plot->series[i].name);
        }
        for (size_t i = 0; i < plot->mark_count; i++)
            forget(plot->marks[i].label);
        forget(plot->series);
        forget(plot->marks);
        forget(plot->x_label);
        forget(record->panels[p].title);
    }
    *record = (struct plot_record){0};
}
