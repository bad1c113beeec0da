#include "views/overlay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/log.h"
#include "views/views.h"

// ---- help ---------------------------------------------------------------------------------------------

// The requests that a key of this view leads to: of a general one whose keys the view has for itself, none does.
static const struct request_row *help_row(enum view_id view, int index, char keys[REQUEST_KEYS_SIZE]) {
    int seen = 0;
    for (int id = REQUEST_NONE + 1; id < REQUEST_COUNT; id++)
        if (request_keys_in_view((enum request)id, view, keys)[0] && seen++ == index)
            return request_row((enum request)id);
    return NULL;
}

static void help_draw(const struct overlay *overlay, struct canvas *canvas, struct rect area) {
    struct rect inside = canvas_pane(canvas, area, true, "Keys of this view", "Esc closes");
    char keys[REQUEST_KEYS_SIZE];
    for (int index = overlay->scroll; inside.height > 0; index++) {
        const struct request_row *row = help_row(overlay->view, index, keys);
        if (!row)
            return;
        struct rect words = {inside.x + 39, inside.y, inside.width - 40, inside.height};
        canvas_field(canvas, inside.x + 1, inside.y, 16, TEXT_LEFT, style_bold(INK_KEY), keys);
        canvas_field(canvas, inside.x + 18, inside.y, 20, TEXT_LEFT, style_ink(INK_TEXT), row->name);
        int lines = words.width > 8 ? canvas_wrap(canvas, words, 0, style_ink(INK_DIM), row->help) : 1;
        rect_take_top(&inside, lines);
    }
}

static int help_lines(enum view_id view) {
    char keys[REQUEST_KEYS_SIZE];
    int lines = 0;
    while (help_row(view, lines, keys))
        lines++;
    return lines;
}

// ---- the log ------------------------------------------------------------------------------------------

static void log_draw(const struct overlay *overlay, struct canvas *canvas, struct rect area) {
    static const enum ink inks[] = {[LOG_INFO] = INK_TEXT, [LOG_WARNING] = INK_WARNING, [LOG_ERROR] = INK_ERROR};
    struct rect inside = canvas_pane(canvas, area, true, "Log", "Esc closes");
    uint64_t count = log_count(), skipped = (uint64_t)overlay->scroll;
    uint64_t end = count > skipped ? count - skipped : 0;
    for (int line = inside.height - 1; line >= 0 && end > 0; line--) {
        struct log_line entry;
        if (!log_get(--end, &entry))
            return;
        time_t seconds = (time_t)entry.wall;
        struct tm broken;
        char clock[16] = "";
        if (localtime_r(&seconds, &broken))
            strftime(clock, sizeof clock, "%H:%M:%S", &broken);
        canvas_text(canvas, inside.x + 1, inside.y + line, style_ink(INK_DIM), clock);
        canvas_field(canvas, inside.x + 11, inside.y + line, inside.width - 12, TEXT_LEFT,
                     style_ink(inks[entry.level]), entry.text);
    }
    if (count == 0)
        canvas_text(canvas, inside.x + 1, inside.y, style_ink(INK_DIM), "Nothing has been logged yet.");
}

// ---- the palette --------------------------------------------------------------------------------------

struct palette_source {
    enum view_id view;
    const struct train_params *params;
    char key[32], value[PARAM_TEXT_SIZE], name[96];
};

static size_t palette_requests(enum view_id view, size_t index, enum request *found) {
    size_t seen = 0;
    for (int id = REQUEST_NONE + 1; id < REQUEST_COUNT; id++)
        if (request_in_view((enum request)id, view)) {
            if (found && seen == index)
                *found = (enum request)id;
            seen++;
        }
    return seen;
}

static void palette_item(void *data, size_t index, struct palette_item *out) {
    struct palette_source *source = data;
    size_t requests = palette_requests(source->view, 0, NULL);
    if (index < requests) {
        enum request request = REQUEST_NONE;
        palette_requests(source->view, index, &request);
        const struct request_row *row = request_row(request);
        out->text = row->name;
        out->note = request_key(request, source->key);
        out->help = row->help;
        return;
    }
    const struct param *param = &train_table.rows[index - requests];
    snprintf(source->name, sizeof source->name, "set %s", param->label);
    out->text = source->name;
    out->note = source->params ? params_get(param, source->params, source->value) : "";
    out->help = param->help;
}

static struct palette_model palette_model(struct palette_source *source) {
    return (struct palette_model){.data = source,
                                  .count = palette_requests(source->view, 0, NULL) + train_table.count,
                                  .item = palette_item};
}

static void value_open(struct overlay *overlay, const struct param *param, const struct train_params *params) {
    char text[PARAM_TEXT_SIZE];
    overlay->kind = OVERLAY_VALUE;
    overlay->param = param;
    overlay->refusal[0] = '\0';
    overlay->prompt = (struct prompt){0};
    prompt_set(&overlay->prompt, params_get(param, params, text));
}

static struct overlay_result palette_handle(struct overlay *overlay, const struct snapshot *snapshot,
                                            const struct input_event *event) {
    struct palette_source source = {.view = overlay->view, .params = snapshot->params};
    struct palette_model model = palette_model(&source);
    enum palette_result result = palette_event(&overlay->palette, &model, event);
    if (result == PALETTE_CANCEL)
        overlay->kind = OVERLAY_NONE;
    if (result != PALETTE_ACCEPT)
        return (struct overlay_result){.handled = true};
    size_t choice = palette_choice(&overlay->palette, &model);
    size_t requests = palette_requests(overlay->view, 0, NULL);
    overlay->kind = OVERLAY_NONE;
    struct overlay_result out = {.handled = true};
    if (choice < requests)
        palette_requests(overlay->view, choice, &out.request);
    else if (choice < model.count)
        value_open(overlay, &train_table.rows[choice - requests], snapshot->params);
    return out;
}

// ---- a value to type ----------------------------------------------------------------------------------

static struct overlay_result value_handle(struct overlay *overlay, struct session *session,
                                          const struct input_event *event) {
    enum prompt_result result = prompt_event(&overlay->prompt, NULL, event);
    struct train_params trial = *session_snapshot(session)->params;
    struct error error;
    if (result == PROMPT_CANCEL) {
        overlay->kind = OVERLAY_NONE;
    } else if (result == PROMPT_CHANGED) {
        bool fine = params_set(&train_table, &trial, overlay->param->name, overlay->prompt.text, &error) == STATUS_OK;
        snprintf(overlay->refusal, sizeof overlay->refusal, "%s", fine ? "" : error.text);
    } else if (result == PROMPT_ACCEPT) {
        if (session_set(session, overlay->param->name, overlay->prompt.text, &error) == STATUS_OK)
            overlay->kind = OVERLAY_NONE;
        else
            snprintf(overlay->refusal, sizeof overlay->refusal, "%s", error.text);
    }
    return (struct overlay_result){.handled = true};
}

static void value_draw(const struct overlay *overlay, struct canvas *canvas, struct rect area) {
    char range[PARAM_TEXT_SIZE];
    struct rect box = rect_center(area, 64, 6);
    canvas_fill(canvas, box, style_ink(INK_TEXT), ' ');
    struct rect inside = canvas_pane(canvas, box, true, overlay->param->label, overlay->param->unit);
    struct rect row = {inside.x + 1, inside.y, inside.width - 2, 1};
    prompt_draw_field(canvas, row, style_on(INK_TEXT, INK_FIELD), &overlay->prompt);
    canvas_field(canvas, row.x, row.y + 1, row.width, TEXT_LEFT, style_ink(INK_DIM),
                 params_range_text(overlay->param, range));
    struct rect words = {row.x, row.y + 2, row.width, 2};
    bool refused = overlay->refusal[0] != '\0';
    canvas_wrap(canvas, words, 0, style_ink(refused ? INK_ERROR : INK_DIM),
                refused ? overlay->refusal : overlay->param->help);
}

// ---- leaving with a run alive -------------------------------------------------------------------------

static struct overlay_result quit_handle(struct overlay *overlay, const struct input_event *event) {
    struct overlay_result out = {.handled = true};
    out.detach = event->code == 'd' || event->code == 'D';
    if (out.detach || event->code == 's' || event->code == 'S' || event->code == CODE_ENTER)
        out.quit = true;
    if (out.quit || event->code == CODE_ESCAPE || event->code == 'c' || event->code == 'q')
        overlay->kind = OVERLAY_NONE;
    return out;
}

static void quit_draw(struct canvas *canvas, struct rect area) {
    static const char *const answers[][2] = {
        {"s", "stop it, save it and leave"},
        {"d", "leave it running, detached: batchlab attach comes back"},
        {"Esc", "stay"},
    };
    struct rect box = rect_center(area, 66, 5);
    canvas_fill(canvas, box, style_ink(INK_TEXT), ' ');
    struct rect inside = canvas_pane(canvas, box, true, "A run is alive", NULL);
    for (int i = 0; i < 3; i++) {
        canvas_text(canvas, inside.x + 1, inside.y + i, style_bold(INK_KEY), answers[i][0]);
        canvas_text(canvas, inside.x + 6, inside.y + i, style_ink(INK_TEXT), answers[i][1]);
    }
}

// ---- how far undo goes --------------------------------------------------------------------------------

static void undone(struct overlay_result *out, enum status status) {
    out->failed = status != STATUS_OK;
}

void overlay_undo(struct overlay *overlay, struct session *session, struct overlay_result *result) {
    if (session_undo_choice(session, &overlay->undo))
        overlay->kind = OVERLAY_UNDO;
    else
        undone(result, session_undo(session, &result->error));
}

static struct overlay_result undo_handle(struct overlay *overlay, struct session *session,
                                         const struct input_event *event) {
    struct overlay_result out = {.handled = true};
    bool here = event->code == 's' || event->code == CODE_ENTER || event->code == 'u', back = event->code == 'b';
    if (here)
        undone(&out, session_undo(session, &out.error));
    if (back)
        undone(&out, session_undo_back(session, &out.error));
    if (here || back || event->code == CODE_ESCAPE || event->code == 'q')
        overlay->kind = OVERLAY_NONE;
    return out;
}

static void undo_draw(const struct overlay *overlay, struct canvas *canvas, struct rect area) {
    const struct undo_choice *undo = &overlay->undo;
    struct rect box = rect_center(area, 66, 5);
    char title[128], number[TEXT_NUMBER_SIZE], back[96];
    snprintf(title, sizeof title, "Undo %s of step %s", undo->change,
             text_integer((int64_t)undo->step, NUMBER_SCREEN, number));
    snprintf(back, sizeof back, "go back to before it: to step %s, weights and all",
             text_integer((int64_t)undo->back, NUMBER_SCREEN, number));
    const char *const answers[][2] = {{"s", "set it back from here on"}, {"b", back}, {"Esc", "leave it as it is"}};
    canvas_fill(canvas, box, style_ink(INK_TEXT), ' ');
    struct rect inside = canvas_pane(canvas, box, true, title, NULL);
    for (int i = 0; i < 3; i++) {
        canvas_text(canvas, inside.x + 1, inside.y + i, style_bold(INK_KEY), answers[i][0]);
        canvas_text(canvas, inside.x + 6, inside.y + i, style_ink(INK_TEXT), answers[i][1]);
    }
}

// ---- where charts are to be written -------------------------------------------------------------------

static void charts_open(struct overlay *overlay) {
    char text[64];
    const struct view *view = views_find(overlay->view);
    snprintf(text, sizeof text, "%s.svg", view ? view->name : "charts");
    prompt_set(&overlay->prompt, text);
}

static struct overlay_result charts_handle(struct overlay *overlay, const struct input_event *event) {
    struct overlay_result out = {.handled = true};
    enum prompt_result result = prompt_event(&overlay->prompt, &overlay->files, event);
    if (result == PROMPT_ACCEPT || result == PROMPT_CANCEL)
        overlay->kind = OVERLAY_NONE;
    if (result == PROMPT_ACCEPT && overlay->prompt.text[0]) {
        prompt_remember(&overlay->files, overlay->prompt.text);
        snprintf(out.path, sizeof out.path, "%s", overlay->prompt.text);
    }
    return out;
}

static void charts_draw(const struct overlay *overlay, struct canvas *canvas, struct rect area) {
    struct rect box = rect_center(area, 64, 4);
    canvas_fill(canvas, box, style_ink(INK_TEXT), ' ');
    struct rect inside = canvas_pane(canvas, box, true, "write the charts of this screen to", NULL);
    struct rect row = {inside.x + 1, inside.y, inside.width - 2, 1};
    prompt_draw_field(canvas, row, style_on(INK_TEXT, INK_FIELD), &overlay->prompt);
    canvas_field(canvas, row.x, row.y + 1, row.width, TEXT_LEFT, style_ink(INK_DIM),
                 ".svg: a picture; .csv: the points. Esc leaves it.");
}

// ---- all of them --------------------------------------------------------------------------------------

void overlay_open(struct overlay *overlay, enum overlay_kind kind, enum view_id view) {
    overlay->kind = kind;
    overlay->view = view;
    overlay->scroll = 0;
    if (kind == OVERLAY_PALETTE) {
        struct palette_source source = {.view = view};
        struct palette_model model = palette_model(&source);
        overlay->palette = (struct palette_state){0};
        palette_open(&overlay->palette, &model);
    }
    if (kind == OVERLAY_CHARTS)
        charts_open(overlay);
}

// Help and log: arrows and pages scroll, anything that closes closes.
static struct overlay_result scroll_handle(struct overlay *overlay, const struct input_event *event) {
    int most = overlay->kind == OVERLAY_HELP ? help_lines(overlay->view) - 1 : (int)log_count() - 1;
    int direction = overlay->kind == OVERLAY_HELP ? 1 : -1; // the log grows upwards
    int move = 0;
    if (event->type == INPUT_MOUSE)
        move = event->mouse == MOUSE_WHEEL_DOWN ? 3 : event->mouse == MOUSE_WHEEL_UP ? -3 : 0;
    else if (event->code == CODE_DOWN || event->code == 'j')
        move = 1;
    else if (event->code == CODE_UP || event->code == 'k')
        move = -1;
    else if (event->code == CODE_PAGE_DOWN || event->code == ' ')
        move = 10;
    else if (event->code == CODE_PAGE_UP)
        move = -10;
    else
        overlay->kind = OVERLAY_NONE;
    overlay->scroll += move * direction;
    if (overlay->scroll > most)
        overlay->scroll = most;
    if (overlay->scroll < 0)
        overlay->scroll = 0;
    return (struct overlay_result){.handled = true};
}

struct overlay_result overlay_event(struct overlay *overlay, struct session *session, const struct input_event *event) {
    switch (overlay->kind) {
    case OVERLAY_HELP:
    case OVERLAY_LOG:
        return scroll_handle(overlay, event);
    case OVERLAY_PALETTE:
        return palette_handle(overlay, session_snapshot(session), event);
    case OVERLAY_VALUE:
        return value_handle(overlay, session, event);
    case OVERLAY_QUIT:
        return quit_handle(overlay, event);
    case OVERLAY_UNDO:
        return undo_handle(overlay, session, event);
    case OVERLAY_CHARTS:
        return charts_handle(overlay, event);
    case OVERLAY_NONE:
        break;
    }
    return (struct overlay_result){0};
}

void overlay_draw(const struct overlay *overlay, const struct snapshot *snapshot, struct canvas *canvas,
                  struct rect area) {
    if (overlay->kind == OVERLAY_NONE)
        return;
    if (overlay->kind == OVERLAY_HELP || overlay->kind == OVERLAY_LOG) {
        struct rect box = rect_inset(area, area.width > 60 ? 2 : 0, area.height > 16 ? 1 : 0);
        canvas_fill(canvas, box, style_ink(INK_TEXT), ' ');
        if (overlay->kind == OVERLAY_HELP)
            help_draw(overlay, canvas, box);
        else
            log_draw(overlay, canvas, box);
    } else if (overlay->kind == OVERLAY_PALETTE) {
        struct palette_source source = {.view = overlay->view, .params = snapshot->params};
        struct palette_model model = palette_model(&source);
        struct rect box = rect_center(area, 72, area.height < 20 ? area.height : 18);
        palette_draw(canvas, box, "Commands and parameters", &model, &overlay->palette);
    } else if (overlay->kind == OVERLAY_VALUE) {
        value_draw(overlay, canvas, area);
    } else if (overlay->kind == OVERLAY_UNDO) {
        undo_draw(overlay, canvas, area);
    } else if (overlay->kind == OVERLAY_CHARTS) {
        charts_draw(overlay, canvas, area);
    } else {
        quit_draw(canvas, area);
    }
}
