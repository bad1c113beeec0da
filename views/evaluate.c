// The Evaluate view: what a run is worth, as figures, as charts, and row by row.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/evaluate_parts.h"
#include "views/views.h"
#include "views/widgets/gauge.h"
#include "views/widgets/tabs.h"

#define REASON_INDENT 4 // columns: a sign before it, a blank after it

// ---- small things that all pages use -----------------------------------------------------------------------------

const char *evaluate_class(const struct measurement *made, size_t index) {
    return index < made->classes ? made->class_names[index] : "?";
}

char *evaluate_share(double share, char out[TEXT_NUMBER_SIZE]) {
    if (isnan(share))
        snprintf(out, TEXT_NUMBER_SIZE, "-");
    else
        text_percent(share, 1, NUMBER_SCREEN, out);
    return out;
}

char *evaluate_number(double value, char out[TEXT_NUMBER_SIZE]) {
    if (isnan(value))
        snprintf(out, TEXT_NUMBER_SIZE, "-");
    else
        text_real(value, 4, NUMBER_SCREEN, out);
    return out;
}

void evaluate_costs(int balance, double *false_positive, double *false_negative) {
    static const double steps[] = {1, 2, 5, 10, 20, 50, 100};
    *false_positive = balance < 0 ? steps[-balance] : 1;
    *false_negative = balance > 0 ? steps[balance] : 1;
}

int evaluate_lines(struct canvas *canvas, struct rect rect, const struct evaluate_line *lines, size_t count) {
    int widest = 0, y = 0;
    for (size_t i = 0; i < count; i++) {
        int width = text_width(lines[i].name, canvas->ascii);
        widest = width > widest ? width : widest;
    }
    widest = widest > rect.width / 2 ? rect.width / 2 : widest;
    for (size_t i = 0; i < count && y < rect.height; i++, y++) {
        canvas_field(canvas, rect.x, rect.y + y, widest, TEXT_LEFT, style_ink(INK_DIM), lines[i].name);
        canvas_field(canvas, rect.x + widest + 1, rect.y + y, rect.width - widest - 1, TEXT_LEFT,
                     style_ink(INK_NUMBER), lines[i].value);
    }
    return y;
}

// ---- pages ---------------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    int task; // 0: both, 1: classes, 2: numbers
    void (*draw)(const struct evaluate_page_context *page);
} pages[EVALUATE_PAGE_COUNT] = {
    [EVALUATE_MATRIX] = {"confusion", 1, evaluate_matrix_draw},
    [EVALUATE_CLASSES] = {"classes", 1, evaluate_classes_draw},
    [EVALUATE_CURVES] = {"curves", 1, evaluate_curves_draw},
    [EVALUATE_THRESHOLD] = {"threshold", 1, evaluate_threshold_draw},
    [EVALUATE_CALIBRATION] = {"calibration", 1, evaluate_calibration_draw},
    [EVALUATE_SCATTER] = {"predicted", 2, evaluate_scatter_draw},
    [EVALUATE_RESIDUALS] = {"residuals", 2, evaluate_residuals_draw},
    [EVALUATE_PLANE] = {"plane", 0, evaluate_plane_draw},
    [EVALUATE_WORST] = {"worst", 0, NULL},
};

bool evaluate_has_page(const struct snapshot *snapshot, enum evaluate_page page) {
    const struct measurement *made = snapshot->evaluate.made;
    int task = made && made->figures.classify ? 1 : 2;
    if (page == EVALUATE_PLANE)
        return snapshot->evaluate.boundary != NULL;
    return pages[page].task == 0 || pages[page].task == task;
}

struct evaluate_places evaluate_layout(const struct evaluate_state *state, const struct snapshot *snapshot,
                                       struct rect area) {
    struct evaluate_places at = {.head = rect_take_top(&area, 1)};
    int reason = canvas_wrap_lines(area.width - REASON_INDENT, snapshot->evaluate.reason);
    at.tabs = rect_take_top(&area, 1);
    at.figures = rect_take_top(&area, reason > 1 ? reason : 1);
    if (state->question != EVALUATE_ASKS_NOTHING)
        at.question = rect_take_bottom(&area, 1);
    at.page = area;
    return at;
}

// ---- the head ------------------------------------------------------------------------------------------------------

static void weights_text(const struct measurement *made, char *out, size_t size) {
    char step[TEXT_NUMBER_SIZE], epoch[TEXT_NUMBER_SIZE];
    text_integer((int64_t)made->step, NUMBER_SCREEN, step);
    if (text_equal(made->wish.which, "now"))
        snprintf(out, size, "as of step %s, epoch %s", step, text_fixed(made->epoch, 1, NUMBER_SCREEN, epoch));
    else if (text_equal(made->wish.which, "last") || text_equal(made->wish.which, "best"))
        snprintf(out, size, "%s checkpoint, step %s", made->wish.which, step);
    else
        snprintf(out, size, "checkpoint of step %s", step);
}

static const char *part_text(const struct evaluate_wish *wish) {
    static const char *const parts[] = {"training", "validation", "test"};
    if (wish->path[0]) {
        const char *slash = strrchr(wish->path, '/');
        return slash && slash[1] ? slash + 1 : wish->path;
    }
    return wish->all ? "all" : parts[wish->part];
}

static void draw_progress(const struct evaluate_view *view, struct canvas *canvas, struct rect row) {
    char share[TEXT_NUMBER_SIZE];
    if (view->stage)
        gauge_draw(canvas, row, view->stage, view->share, text_percent(view->share, 0, NUMBER_SCREEN, share),
                   INK_GAUGE);
    else
        canvas_field(canvas, row.x, row.y, row.width, TEXT_RIGHT, style_ink(INK_DIM), "measuring …");
}

// How far measuring has come, or how long it took; returns the columns used.
static int draw_state(const struct evaluate_view *view, struct canvas *canvas, struct rect row) {
    char text[96], seconds[TEXT_NUMBER_SIZE];
    double took = view->made->seconds;
    if (view->making) {
        struct rect right = rect_take_right(&row, row.width >= 100 ? 30 : 22);
        draw_progress(view, canvas, right);
        return right.width;
    }
    snprintf(text, sizeof text, "%s%s%s %s", view->every_epoch ? "every epoch · " : "",
             row.width >= 100 ? "measured in " : "",
             text_real(took < 1 ? took * 1e3 : took, 2, NUMBER_SCREEN, seconds), took < 1 ? "ms" : "s");
    canvas_field(canvas, row.x, row.y, row.width, TEXT_RIGHT, style_ink(INK_DIM), text);
    return text_width(text, canvas->ascii);
}

static void draw_head(const struct snapshot *snapshot, const struct measurement *made, struct canvas *canvas,
                      struct rect row) {
    char weights[96], rows[TEXT_NUMBER_SIZE];
    bool wide = row.width >= 100;
    rect_take_right(&row, 1);
    rect_take_right(&row, draw_state(&snapshot->evaluate, canvas, row) + 1);
    struct rect old = canvas_clip(canvas, row);
    int x = row.x + 1;
    weights_text(made, weights, sizeof weights);
    text_integer((int64_t)made->figures.each_count, NUMBER_SCREEN, rows);
    x += canvas_print(canvas, x, row.y, style_bold(INK_TITLE), "run %lld", (long long)made->wish.run);
    if (wide)
        x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), " · %s", made->record.name);
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), " · %s · ", weights);
    x += canvas_text(canvas, x, row.y, style_ink(INK_ACCENT), part_text(&made->wish));
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), " · %s rows", rows);
    uint64_t unknown = made->figures.classify ? made->figures.of_classes.unknown : made->figures.of_numbers.unknown;
    if (made->figures.unusable + unknown > 0) // no truth is known of them, or the model cannot read them
        canvas_print(canvas, x, row.y, style_ink(INK_WARNING), " · %s left out",
                     text_integer((int64_t)(made->figures.unusable + unknown), NUMBER_SCREEN, rows));
    canvas_unclip(canvas, old);
}

static size_t page_tabs(const struct snapshot *snapshot, enum evaluate_page active, struct tab tabs[TABS_MOST],
                        enum evaluate_page shown[TABS_MOST], size_t *active_index) {
    size_t count = 0;
    *active_index = 0;
    for (int i = 0; i < EVALUATE_PAGE_COUNT; i++) {
        if (!evaluate_has_page(snapshot, (enum evaluate_page)i))
            continue;
        if (i == (int)active)
            *active_index = count;
        shown[count] = (enum evaluate_page)i;
        tabs[count++] = (struct tab){.title = pages[i].name};
    }
    return count;
}

static void draw_tabs(const struct evaluate_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect row) {
    struct tab tabs[TABS_MOST];
    enum evaluate_page shown[TABS_MOST];
    size_t active, count = page_tabs(snapshot, state->page, tabs, shown, &active);
    tabs_draw(canvas, row, tabs, count, active);
}

bool evaluate_tab_at(const struct evaluate_state *state, const struct snapshot *snapshot, struct rect row, int x,
                     enum evaluate_page *page) {
    struct tab tabs[TABS_MOST];
    enum evaluate_page shown[TABS_MOST];
    size_t active, count = page_tabs(snapshot, state->page, tabs, shown, &active);
    size_t hit = tabs_hit(row, tabs, count, active, x);
    if (hit < count)
        *page = shown[hit];
    return hit < count;
}

struct figure {
    const char *name;
    double value;
    bool share;
};

// As many as fit whole.
static void draw_figures(struct canvas *canvas, struct rect row, const struct figure *figures, size_t count) {
    int x = row.x + 1;
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_NUMBER_SIZE];
        if (isnan(figures[i].value))
            continue;
        if (figures[i].share)
            evaluate_share(figures[i].value, text);
        else
            evaluate_number(figures[i].value, text);
        int width = text_width(figures[i].name, canvas->ascii) + 1 + text_width(text, canvas->ascii);
        if (x + width > row.x + row.width)
            return;
        x += canvas_text(canvas, x, row.y, style_ink(INK_DIM), figures[i].name) + 1;
        x += canvas_text(canvas, x, row.y, style_bold(INK_NUMBER), text) + 2;
    }
}

static void draw_key_figures(const struct evaluate_state *state, const struct measurement *made, struct canvas *canvas,
                             struct rect row) {
    const struct class_figures *of = &made->figures.of_classes;
    const struct number_figures *numbers = &made->figures.of_numbers;
    if (made->figures.classify) {
        struct figure figures[] = {{"accuracy", of->accuracy, true},    {"balanced", of->balanced, true},
                                   {"macro F1", of->macro.f1, false},   {"log loss", of->log_loss, false},
                                   {"AUC", of->auc, false},             {"Brier", of->brier, false},
                                   {"ECE", of->ece, false},             {"top-5", of->top5, true},
                                   {"average precision", of->average_precision, false},
                                   {"weighted F1", of->weighted.f1, false}};
        draw_figures(canvas, row, figures, sizeof figures / sizeof *figures);
    } else {
        struct figure figures[] = {{"RMSE", numbers->rmse, false}, {"MAE", numbers->mae, false},
                                   {"R²", numbers->r2, false},     {"bias", numbers->bias, false},
                                   {"sd of residuals", state->points.sd, false}};
        draw_figures(canvas, row, figures, sizeof figures / sizeof *figures);
    }
}

// ---- drawing -------------------------------------------------------------------------------------------------------

static void draw_nothing(const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct evaluate_view *view = &snapshot->evaluate;
    char text[ERROR_TEXT_SIZE + 160];
    struct style style = style_ink(INK_DIM);
    struct rect middle = rect_center(area, 70, 5);
    if (view->making) {
        snprintf(text, sizeof text, "Measuring run %lld …", (long long)view->wish.run);
        if (view->stage)
            draw_progress(view, canvas, (struct rect){middle.x, middle.y + 2, middle.width, 1});
    } else if (view->reason[0]) {
        snprintf(text, sizeof text, "Run %lld cannot be shown: %s. r tries again, o takes another file, > another run.",
                 (long long)view->wish.run, view->reason);
        style = style_ink(INK_WARNING);
    } else {
        snprintf(text, sizeof text,
                 "No run yet that could be measured: 5 goes to Train, where Space starts one; in 8 Runs, e opens one "
                 "here.");
    }
    canvas_wrap(canvas, middle, 0, style, text);
}

// Why the last wish was not measured, above what was measured before.
static void draw_reason(const char *reason, struct canvas *canvas, struct rect rect) {
    struct rect words = {rect.x + 3, rect.y, rect.width - REASON_INDENT, rect.height};
    canvas_text(canvas, rect.x + 1, rect.y, style_ink(INK_WARNING), "▲");
    canvas_wrap(canvas, words, 0, style_ink(INK_WARNING), reason);
}

static void draw_question(const struct evaluate_state *state, struct canvas *canvas, struct rect row) {
    static const char *const labels[] = {"", " measure on file: ", " write predictions to: ", " write points (.csv) or picture (.svg) to: "};
    canvas_fill(canvas, row, (struct style){0}, ' ');
    prompt_draw(canvas, row, labels[state->question], &state->prompt);
}

static void draw_page(const struct evaluate_state *state, const struct evaluate_page_context *page) {
    const char *by = page->made->figures.classify ? "all, the largest loss first" : "all, the largest error first";
    if (state->out_of_memory)
        canvas_wrap(page->canvas, rect_inset(page->rect, 2, 1), 0, style_ink(INK_ERROR),
                    "Not enough memory to list the rows.");
    else if (state->listing)
        evaluate_rows_draw(page, &state->cell, state->cell_title);
    else if (state->page == EVALUATE_WORST)
        evaluate_rows_draw(page, &state->worst, by);
    else
        pages[state->page].draw(page);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct evaluate_state *state = view_state;
    const struct measurement *made = snapshot->evaluate.made;
    struct evaluate_places at = evaluate_layout(state, snapshot, area);
    if (!made || made->number != state->seen) {
        draw_nothing(snapshot, canvas, area);
    } else {
        struct evaluate_page_context page = {state, snapshot, made, canvas, at.page};
        draw_head(snapshot, made, canvas, at.head);
        draw_tabs(state, snapshot, canvas, at.tabs);
        if (snapshot->evaluate.reason[0])
            draw_reason(snapshot->evaluate.reason, canvas, at.figures);
        else
            draw_key_figures(state, made, canvas, at.figures);
        draw_page(state, &page);
    }
    if (state->question != EVALUATE_ASKS_NOTHING)
        draw_question(state, canvas, at.question);
}

// ---- the view ------------------------------------------------------------------------------------------------------

static enum status open_view(void *view_state, struct session *session, struct error *error) {
    struct evaluate_state *state = view_state;
    (void)session;
    (void)error;
    state->threshold = 0.5;
    return STATUS_OK;
}

static void seen(void *view_state, struct session *session, bool is_seen) {
    struct error error;
    (void)view_state;
    session_evaluate_seen(session, is_seen, &error); // what goes wrong is in the snapshot
}

static void close_view(void *view_state) {
    evaluate_forget(view_state);
}

static bool modal(const void *view_state) {
    return ((const struct evaluate_state *)view_state)->question != EVALUATE_ASKS_NOTHING;
}

const struct view view_evaluate = {
    .id = VIEW_EVALUATE,
    .name = "evaluate",
    .title = "Evaluate",
    .min_width = 60,
    .min_height = 16,
    .state_size = sizeof(struct evaluate_state),
    .open = open_view,
    .close = close_view,
    .seen = seen,
    .event = evaluate_event,
    .request = evaluate_request,
    .refresh = evaluate_refresh,
    .modal = modal,
    .draw = draw,
};
