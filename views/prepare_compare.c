// One column before and after a step, on the same axis.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/prepare_parts.h"
#include "views/widgets/bars.h"
#include "views/widgets/histogram.h"

bool compare_stages(const struct snapshot *snapshot, size_t step, const struct table **before,
                    const struct table **after) {
    const struct prepared *prepared = snapshot->prepared;
    if (!prepared || !prepared->stages || prepared->stage_count == 0)
        return false;
    size_t last = prepared->stage_count - 1;
    *before = prepared->stages[step < last ? step : (step == last ? 0 : last)];
    *after = prepared->stages[step < last ? step + 1 : last];
    return true;
}

void compare_clear(struct compare *compare) {
    if (compare->ready) {
        column_profile_clear(&compare->before_profile);
        if (compare->after)
            column_profile_clear(&compare->after_profile);
    }
    column_release(compare->before);
    column_release(compare->after);
    *compare = (struct compare){0};
}

static void find_made(struct compare *compare, const struct table *before, const struct table *after) {
    for (size_t i = 0; i < after->column_count; i++)
        if (table_find(before, after->columns[i]->name) < 0) {
            if (compare->made < sizeof compare->made_names / sizeof *compare->made_names)
                snprintf(compare->made_names[compare->made], sizeof *compare->made_names, "%.63s",
                         after->columns[i]->name);
            compare->made++;
        }
}

void compare_refresh(struct compare *compare, const struct snapshot *snapshot, size_t step, size_t column) {
    const struct table *before, *after;
    struct error error;
    if (!compare_stages(snapshot, step, &before, &after) || column >= before->column_count) {
        compare_clear(compare);
        return;
    }
    int index = table_find(after, before->columns[column]->name);
    struct column *old = before->columns[column], *new = index < 0 ? NULL : after->columns[index];
    if (compare->before == old && compare->after == new)
        return;
    compare_clear(compare);
    compare->before = column_share(old);
    compare->after = new ? column_share(new) : NULL;
    find_made(compare, before, after);
    if (profile_column(old, &compare->before_profile, &error))
        return;
    if (new && profile_column(new, &compare->after_profile, &error)) {
        column_profile_clear(&compare->before_profile);
        return;
    }
    compare->ready = true;
}

size_t compare_first_changed(const struct snapshot *snapshot, size_t step) {
    const struct table *before, *after;
    if (!compare_stages(snapshot, step, &before, &after))
        return 0;
    for (size_t i = 0; i < before->column_count; i++) {
        int index = table_find(after, before->columns[i]->name);
        if (index < 0 || after->columns[index] != before->columns[i])
            return i;
    }
    return 0;
}

// ---- drawing --------------------------------------------------------------------------------------------

static void figure(struct canvas *canvas, struct rect *area, const char *label, const char *value) {
    struct rect row = rect_take_top(area, 1);
    if (rect_empty(row))
        return;
    canvas_text(canvas, row.x, row.y, style_ink(INK_DIM), label);
    canvas_text(canvas, row.x + 10, row.y, style_ink(INK_NUMBER), value);
}

static void draw_numbers(const struct column_profile *profile, struct canvas *canvas, struct rect *area) {
    char text[TEXT_NUMBER_SIZE];
    figure(canvas, area, "rows", text_integer((int64_t)profile->rows, NUMBER_SCREEN, text));
    figure(canvas, area, "missing", text_integer((int64_t)profile->missing, NUMBER_SCREEN, text));
    if (profile->column->type != COLUMN_NUMERIC) {
        figure(canvas, area, "distinct", text_integer((int64_t)profile->distinct, NUMBER_SCREEN, text));
        return;
    }
    figure(canvas, area, "mean", text_real(profile->mean, 5, NUMBER_SCREEN, text));
    figure(canvas, area, "sd (n-1)", text_real(profile->sd, 5, NUMBER_SCREEN, text));
    figure(canvas, area, "min", text_real(profile->min, 5, NUMBER_SCREEN, text));
    figure(canvas, area, "median", text_real(profile->median, 5, NUMBER_SCREEN, text));
    figure(canvas, area, "max", text_real(profile->max, 5, NUMBER_SCREEN, text));
}

static void draw_bars(const struct column_profile *profile, struct canvas *canvas, struct rect area, enum ink ink) {
    struct bar bars[PROFILE_TOP];
    char texts[PROFILE_TOP][TEXT_NUMBER_SIZE];
    for (size_t i = 0; i < profile->top_count; i++)
        bars[i] = (struct bar){.label = profile->top[i].word,
                               .value = (double)profile->top[i].count,
                               .text = text_integer((int64_t)profile->top[i].count, NUMBER_SCREEN, texts[i]),
                               .ink = ink};
    bars_draw(canvas, area, bars, profile->top_count);
}

static void draw_side(const struct column_profile *profile, const char *title, struct canvas *canvas, struct rect area,
                      enum ink ink) {
    struct rect head = rect_take_top(&area, 1);
    canvas_field(canvas, head.x, head.y, head.width, TEXT_LEFT, style_bold(ink), title);
    if (profile->column->type == COLUMN_CATEGORY || profile->column->type == COLUMN_TEXT) {
        draw_numbers(profile, canvas, &area);
        rect_take_top(&area, 1);
        draw_bars(profile, canvas, area, ink);
        return;
    }
    double counts[HISTOGRAM_BINS];
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        counts[i] = (double)profile->histogram.bins[i];
    struct histogram_chart chart = {.counts = counts,
                                    .bins = HISTOGRAM_BINS,
                                    .low = profile->histogram.low,
                                    .high = profile->histogram.high,
                                    .ink = ink,
                                    .axis = true};
    int rows = area.height - 9 > 12 ? 12 : area.height - 9 < 4 ? 4 : area.height - 9;
    histogram_draw(canvas, rect_take_top(&area, rows), &chart);
    rect_take_top(&area, area.height > 8 ? 1 : 0);
    draw_numbers(profile, canvas, &area);
}

static void draw_gone(const struct compare *compare, struct canvas *canvas, struct rect area) {
    struct rect head = rect_take_top(&area, 1);
    canvas_print(canvas, head.x, head.y, style_bold(INK_BAR_OTHER), "after: %zu new columns", compare->made);
    size_t known = sizeof compare->made_names / sizeof *compare->made_names;
    for (size_t i = 0; i < compare->made && i < known && !rect_empty(area); i++) {
        struct rect row = rect_take_top(&area, 1);
        canvas_field(canvas, row.x, row.y, row.width, TEXT_LEFT, style_ink(INK_TEXT), compare->made_names[i]);
    }
    if (compare->made > known)
        canvas_print(canvas, area.x, area.y, style_ink(INK_DIM), "… %zu more", compare->made - known);
    if (compare->made == 0)
        canvas_text(canvas, area.x, area.y, style_ink(INK_DIM), "the column is dropped");
}

void compare_draw(const struct compare *compare, const struct snapshot *snapshot, size_t step, size_t column,
                  struct canvas *canvas, struct rect area) {
    const struct table *before, *after;
    if (!compare_stages(snapshot, step, &before, &after)) {
        canvas_text(canvas, area.x, area.y, style_ink(INK_DIM),
                    snapshot->job.active ? "working …" : "The pipeline has not been run.");
        return;
    }
    struct rect head = rect_take_top(&area, 1), middle = {0};
    if (column < before->column_count)
        canvas_print(canvas, head.x, head.y, style_bold(INK_TITLE), "%.60s  ", before->columns[column]->name);
    canvas_print(canvas, head.x + head.width - 22, head.y, style_ink(INK_DIM), "column %zu of %zu  h l", column + 1,
                 before->column_count);
    if (!compare->ready)
        return;
    rect_take_top(&area, 1);
    struct rect left = rect_take_left(&area, (area.width - 3) / 2);
    middle = rect_take_left(&area, 3);
    canvas_vline(canvas, middle.x + 1, middle.y, middle.height, style_ink(INK_FAINT));
    draw_side(&compare->before_profile, "before", canvas, left, INK_BAR);
    if (!compare->after)
        draw_gone(compare, canvas, area);
    else
        draw_side(&compare->after_profile, compare->after == compare->before ? "after (unchanged)" : "after", canvas,
                  area, INK_BAR_OTHER);
}
