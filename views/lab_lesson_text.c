// What a lesson says, wrapped into whatever room there is.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/lab_parts.h"

struct flow { // paragraphs below one another; canvas NULL: only counted
    struct canvas *canvas;
    struct rect rect;
    int skip, lines; // lines that are scrolled away; so far
};

static void say(struct flow *flow, struct style style, const char *text) {
    int lines = canvas_wrap_lines(flow->rect.width, text), row = flow->lines - flow->skip;
    struct rect rect = {flow->rect.x, flow->rect.y + (row > 0 ? row : 0), flow->rect.width,
                        flow->rect.height - (row > 0 ? row : 0)};
    if (flow->canvas && rect.height > 0)
        canvas_wrap(flow->canvas, rect, row < 0 ? -row : 0, style, text);
    flow->lines += lines;
}

static void blank(struct flow *flow) {
    flow->lines++;
}

// One line, cut where it is too long. NULL: it is not to be drawn.
static struct canvas *line(struct flow *flow, int *y) {
    int row = flow->lines++ - flow->skip;
    *y = flow->rect.y + row;
    return row >= 0 && row < flow->rect.height ? flow->canvas : NULL;
}

// ---- the runs -----------------------------------------------------------------------------------------------

static const struct {
    const char *name, *label, *format;
    double scale;
    int width;
    bool always; // else only where an answer goes by it
} figures[] = {
    {"steps", "steps", "%.0f", 1, 7, true},           {"seconds", "s", "%.2f", 1, 7, true},
    {"train_loss", "loss", "%.3g", 1, 10, true},      {"val_loss", "val", "%.3g", 1, 9, true},
    {"val_accuracy", "%", "%.1f", 100, 6, true},      {"noise", "noise", "%.3g", 1, 9, false},
    {"sharpness", "sharpness", "%.3g", 1, 10, false}, {"gradient", "gradient", "%.3g", 1, 9, false},
};
enum { FIGURES = sizeof figures / sizeof *figures, SIGN_WIDTH = 2 };

static bool shows(const struct lesson *lesson, int figure) {
    return figures[figure].always || lesson_asks(lesson, figures[figure].name);
}

static int name_width(const struct lesson *lesson) {
    size_t most = 0;
    for (size_t i = 0; i < lesson->run_count; i++)
        most = strlen(lesson->runs[i].name) > most ? strlen(lesson->runs[i].name) : most;
    return (int)most + 1;
}

// Figures stand at the right; what is left of the line is for the parameters. Returns where the figures begin.
static int figures_begin(const struct lesson *lesson, struct rect rect) {
    int x = rect.x + rect.width;
    for (int i = 0; i < FIGURES; i++)
        x -= shows(lesson, i) ? figures[i].width : 0;
    return x;
}

static void titles(struct flow *flow, const struct lesson *lesson) {
    int y, x = figures_begin(lesson, flow->rect);
    struct canvas *canvas = line(flow, &y);
    for (int i = 0; i < FIGURES && canvas; i++) {
        if (!shows(lesson, i))
            continue;
        canvas_field(canvas, x, y, figures[i].width, TEXT_RIGHT, style_ink(INK_DIM), figures[i].label);
        x += figures[i].width;
    }
}

static void run_line(struct flow *flow, const struct lesson_view *view, size_t index) {
    const struct lesson *lesson = view->lesson;
    const struct lesson_outcome *outcome = &view->outcomes[index];
    bool works = view->active && index == view->at, diverged = outcome->ended && outcome->figures.diverged > 0;
    int y, x = figures_begin(lesson, flow->rect), left = flow->rect.x, name = name_width(lesson);
    struct canvas *canvas = line(flow, &y);
    if (!canvas)
        return;
    canvas_text(canvas, left, y, style_ink(diverged ? INK_ERROR : works ? INK_GOOD : INK_ACCENT),
                diverged ? "✗" : works ? "●" : outcome->ended ? "✓" : "·");
    left += SIGN_WIDTH;
    canvas_field(canvas, left, y, name, TEXT_LEFT, style_bold(theme_class_ink(index)), lesson->runs[index].name);
    left += name;
    canvas_field(canvas, left, y, x - left, TEXT_LEFT, style_ink(INK_TEXT), lesson->runs[index].params);
    for (int i = 0; i < FIGURES && outcome->ended; i++) {
        char text[32] = "-";
        double value = lesson_figure(&outcome->figures, figures[i].name);
        if (!shows(lesson, i))
            continue;
        if (!isnan(value))
            snprintf(text, sizeof text, figures[i].format, figures[i].scale * value);
        canvas_field(canvas, x, y, figures[i].width, TEXT_RIGHT, style_ink(INK_NUMBER), text);
        x += figures[i].width;
    }
}

// ---- question and verdict -----------------------------------------------------------------------------------

static void answer_line(struct flow *flow, const struct lab_state *state, const struct lesson_view *view, size_t index) {
    const struct lesson_answer *answer = &view->lesson->answers[index];
    bool chosen = !state->given && state->answer == index, holds = strchr(view->right, answer->letter) != NULL;
    bool given = state->given == answer->letter;
    char text[512];
    int y;
    snprintf(text, sizeof text, "%c) %.500s", answer->letter, answer->text);
    struct style style = chosen                ? style_on(INK_SELECTED_TEXT, INK_SELECTED)
                         : !state->given       ? style_ink(INK_TEXT)
                         : holds               ? style_bold(INK_GOOD)
                         : given               ? style_ink(INK_ERROR)
                                               : style_ink(INK_DIM);
    struct canvas *canvas = line(flow, &y);
    if (!canvas)
        return;
    const char *sign = chosen ? (canvas->ascii ? ">" : "›") : !state->given ? " " : holds ? "✓" : given ? "✗" : " ";
    canvas_text(canvas, flow->rect.x, y, style, sign);
    canvas_field(canvas, flow->rect.x + SIGN_WIDTH, y, flow->rect.width - SIGN_WIDTH, TEXT_LEFT, style, text);
}

static void verdict(struct flow *flow, const struct lab_state *state, const struct lesson_view *view) {
    struct lesson_figures measured[LESSON_RUNS_MOST];
    const struct lesson *lesson = view->lesson;
    bool right = strchr(view->right, state->given) != NULL;
    char text[512];
    for (size_t i = 0; i < lesson->run_count; i++)
        measured[i] = view->outcomes[i].figures;
    say(flow, style_bold(right ? INK_GOOD : INK_WARNING),
        right             ? "Right: that is what was measured."
        : view->right[0]  ? "Not this time: the curves say otherwise."
                          : "None of the answers holds for what was measured here: look at the runs again.");
    for (size_t i = 0; i < lesson->answer_count; i++)
        if (strchr(view->right, lesson->answers[i].letter)) {
            lesson_explain(lesson, i, measured, text, sizeof text);
            say(flow, style_ink(INK_NUMBER), text);
        }
    say(flow, style_ink(INK_TEXT), lesson->because);
}

static void runs(struct flow *flow, const struct lesson_view *view) {
    titles(flow, view->lesson);
    for (size_t i = 0; i < view->lesson->run_count; i++)
        run_line(flow, view, i);
    if (view->probing)
        say(flow, style_ink(INK_DIM), "The sharpness of its minimum is being measured.");
    if (view->reason[0])
        say(flow, style_ink(INK_WARNING), view->reason);
}

static void question(struct flow *flow, const struct lab_state *state, const struct lesson_view *view) {
    say(flow, style_bold(INK_TITLE), view->lesson->question);
    for (size_t i = 0; i < view->lesson->answer_count; i++)
        answer_line(flow, state, view, i);
}

int lab_lesson_tell(const struct lab_state *state, const struct lesson_view *view, struct canvas *canvas,
                    struct rect rect) {
    struct flow flow = {.canvas = canvas, .rect = rect, .skip = canvas ? state->scroll : 0};
    if (state->given) { // the verdict comes first: little room is to show it
        question(&flow, state, view);
        verdict(&flow, state, view);
        runs(&flow, view);
        return flow.lines;
    }
    if (!view->outcomes[0].ended)
        say(&flow, style_ink(INK_TEXT), view->lesson->about);
    runs(&flow, view);
    say(&flow, style_ink(INK_ACCENT), view->lesson->look);
    if (!view->measured)
        return flow.lines;
    blank(&flow);
    question(&flow, state, view);
    return flow.lines;
}

// ---- before it is begun -------------------------------------------------------------------------------------

void lab_lesson_about(const struct lesson *lesson, struct canvas *canvas, struct rect rect) {
    struct flow flow = {.canvas = canvas, .rect = rect};
    struct str text = {0};
    say(&flow, style_ink(INK_TEXT), lesson->about);
    blank(&flow);
    for (size_t i = 0; i < lesson->run_count; i++) {
        int y;
        struct canvas *drawn = line(&flow, &y);
        if (!drawn)
            continue;
        int used = canvas_print(drawn, rect.x, y, style_bold(theme_class_ink(i)), "%-*s", name_width(lesson),
                                lesson->runs[i].name);
        canvas_field(drawn, rect.x + used, y, rect.width - used, TEXT_LEFT, style_ink(INK_NUMBER), lesson->runs[i].params);
    }
    blank(&flow);
    str_format(&text, "Space opens %s, which ships with the program, in place of what is open, and trains %s.",
               lesson->data, lesson->run_count == 1 ? "this run" : "these runs one after the other");
    if (lesson->params[0])
        str_format(&text, " For all of them: %s; everything else is at its default.", lesson->params);
    say(&flow, style_ink(INK_DIM), str_text(&text));
    str_free(&text);
}
