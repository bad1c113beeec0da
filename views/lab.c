// The Lab view: its menu, and the page that is shown.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/lab_parts.h"

static const struct lab_page *const pages[LAB_PAGES] = {
    [LAB_MENU] = &lab_page_menu,   [LAB_RACE] = &lab_page_race,       [LAB_SWEEP] = &lab_page_sweep,
    [LAB_RANGE] = &lab_page_range, [LAB_LESSONS] = &lab_page_lessons, [LAB_REPORT] = &lab_page_report,
};

const char *const lab_x_names[LAB_X_COUNT] = {"epochs", "steps", "samples", "seconds"};

const struct lab_page *lab_page_at(enum lab_page_id page) {
    return pages[page];
}

void lab_go(struct lab_state *state, enum lab_page_id page) {
    state->page = page;
    state->form.chosen = state->form.top = 0;
}

struct rect lab_room(struct rect area) {
    rect_take_top(&area, 1);
    return area;
}

double lab_x_of(enum lab_x axis, const struct reach_point *point, double train_rows) {
    switch (axis) {
    case LAB_STEPS:
        return point->steps;
    case LAB_SAMPLES:
        return point->samples;
    case LAB_SECONDS:
        return point->seconds;
    default:
        return train_rows > 0 ? point->samples / train_rows : 0;
    }
}

// ---- the menu -----------------------------------------------------------------------------------------------

#define ENTRY_ROWS 3 // title, what it is, a blank

static void menu_entry(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect rect, enum lab_page_id page) {
    const struct lab_page *of = pages[page];
    const char *busy = of->busy ? of->busy(snapshot) : NULL;
    bool chosen = state->menu == (size_t)page;
    if (chosen)
        canvas_fill(canvas, (struct rect){rect.x, rect.y, rect.width, 1}, style_on(INK_SELECTED_TEXT, INK_SELECTED), ' ');
    struct style title = style_with(chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_TITLE), STYLE_BOLD);
    canvas_text(canvas, rect.x, rect.y, title, chosen ? (canvas->ascii ? ">" : "›") : " ");
    int used = canvas_text(canvas, rect.x + 2, rect.y, title, of->title) + 4;
    if (busy)
        canvas_field(canvas, rect.x + used, rect.y, rect.width - used - 1, TEXT_RIGHT,
                     chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_GOOD), busy);
    rect_take_top(&rect, 1);
    rect_take_left(&rect, 2);
    canvas_wrap(canvas, rect, 0, style_ink(INK_DIM), of->about);
}

static int entry_rows(struct rect inside) {
    int room = inside.height / (LAB_PAGES - 1);
    return room > ENTRY_ROWS ? ENTRY_ROWS : room > 1 ? room : 1;
}

static struct rect menu_inside(struct rect area) {
    return rect_inset(area, 2, 1);
}

static void menu_draw(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect area) {
    canvas_pane(canvas, area, true, "what can be done here", "Enter opens");
    struct rect inside = menu_inside(area);
    int rows = entry_rows(inside);
    for (int page = LAB_RACE; page < LAB_PAGES; page++) {
        struct rect entry = rect_take_top(&inside, rows);
        rect_take_bottom(&entry, rows == ENTRY_ROWS); // a blank
        menu_entry(state, snapshot, canvas, entry, (enum lab_page_id)page);
    }
    canvas_wrap(canvas, inside, 0, style_ink(INK_DIM),
                "While a run trains, Train (5) has more: t tries learning rates on it, N measures its noise scale, "
                "H looks into its layers, f forks it.");
}

static void menu_move(struct lab_state *state, int by) {
    size_t count = LAB_PAGES - 1;
    state->menu = (state->menu - 1 + count + (size_t)(by + (int)count)) % count + 1;
}

static enum view_result menu_request(struct lab_state *state, const struct view_context *context, enum request wanted) {
    (void)context;
    switch (wanted) {
    case REQUEST_UP:
        menu_move(state, -1);
        return VIEW_REDRAW;
    case REQUEST_DOWN:
        menu_move(state, 1);
        return VIEW_REDRAW;
    case REQUEST_LAB_ENTER:
    case REQUEST_LAB_GO:
        lab_go(state, (enum lab_page_id)state->menu);
        return VIEW_REDRAW;
    default:
        return VIEW_PASS;
    }
}

static enum view_result menu_event(struct lab_state *state, const struct view_context *context,
                                   const struct input_event *input) {
    struct rect inside = menu_inside(lab_room(context->area));
    int at = (input->y - inside.y) / entry_rows(inside);
    if (input->mouse != MOUSE_PRESS || !rect_contains(inside, input->x, input->y) || at >= LAB_PAGES - 1)
        return VIEW_HANDLED;
    bool again = state->menu == (size_t)at + 1;
    state->menu = (size_t)at + 1;
    if (again)
        lab_go(state, (enum lab_page_id)state->menu);
    return VIEW_REDRAW;
}

const struct lab_page lab_page_menu = {
    .name = "menu",
    .title = "menu",
    .about = "",
    .draw = menu_draw,
    .request = menu_request,
    .event = menu_event,
};

// ---- the view -----------------------------------------------------------------------------------------------

#define WIDE_HEAD 124 // from here on all names stand beside what a page says of itself

static void draw_head(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect row) {
    const struct lab_page *page = pages[state->page];
    int x = row.x + 1;
    bool says = page->head && page->head(state, snapshot, NULL, 0, 0) > 0;
    for (int i = 0; i < LAB_PAGES; i++) {
        bool on = (int)state->page == i;
        if (on || !says || row.width >= WIDE_HEAD)
            x += canvas_print(canvas, x, row.y, on ? style_bold(INK_ACCENT) : style_ink(INK_DIM), "%s%s%s", on ? "[" : " ",
                              pages[i]->name, on ? "]" : " ");
    }
    if (says)
        page->head(state, snapshot, canvas, x + 1, row.y);
}

static void draw(const void *view_state, const struct snapshot *snapshot, struct canvas *canvas, struct rect area) {
    const struct lab_state *state = view_state;
    draw_head(state, snapshot, canvas, (struct rect){area.x, area.y, area.width, 1});
    pages[state->page]->draw(state, snapshot, canvas, lab_room(area));
}

static void refresh(void *view_state, const struct snapshot *snapshot) {
    struct lab_state *state = view_state;
    if (pages[state->page]->refresh)
        pages[state->page]->refresh(state, snapshot);
}

static enum view_result request(void *view_state, const struct view_context *context, enum request wanted) {
    struct lab_state *state = view_state;
    refresh(state, context->snapshot);
    enum view_result result = pages[state->page]->request(state, context, wanted);
    if (result != VIEW_PASS)
        return result;
    switch (wanted) {
    case REQUEST_NEXT_PANE:
        lab_go(state, (state->page + 1) % LAB_PAGES);
        return VIEW_REDRAW;
    case REQUEST_PREVIOUS_PANE:
        lab_go(state, (state->page + LAB_PAGES - 1) % LAB_PAGES);
        return VIEW_REDRAW;
    case REQUEST_X_AXIS:
        state->x_axis = (state->x_axis + 1) % LAB_X_COUNT;
        return VIEW_REDRAW;
    case REQUEST_LOG_AXIS:
        state->log_y = !state->log_y;
        return VIEW_REDRAW;
    case REQUEST_BACK:
        if (state->page == LAB_MENU)
            return VIEW_PASS;
        state->menu = state->page;
        lab_go(state, LAB_MENU);
        return VIEW_REDRAW;
    default:
        return VIEW_PASS;
    }
}

static bool modal(const void *view_state) {
    const struct lab_state *state = view_state;
    const struct lab_page *page = pages[state->page];
    return page->modal && page->modal(state);
}

static enum view_result event(void *view_state, const struct view_context *context, const struct input_event *input) {
    struct lab_state *state = view_state;
    refresh(state, context->snapshot);
    if (input->type != INPUT_MOUSE && !modal(state))
        return VIEW_PASS;
    return pages[state->page]->event(state, context, input);
}

// What is at work, or was looked at, is seen first.
static enum lab_page_id first_page(const struct snapshot *snapshot) {
    if (snapshot->lesson && snapshot->lesson->active)
        return LAB_LESSONS;
    if (snapshot->lab)
        return snapshot->lab->plan->kind == EXPERIMENT_RACE ? LAB_RACE : LAB_SWEEP;
    return LAB_MENU;
}

static enum status open(void *view_state, struct session *session, struct error *error) {
    struct lab_state *state = view_state;
    (void)error;
    lab_group_open(state);
    state->menu = LAB_RACE;
    lab_go(state, first_page(session_snapshot(session)));
    struct error reason;
    if (session_lessons(session, &reason)) // everything else works without
        snprintf(state->shelf_reason, sizeof state->shelf_reason, "%s", reason.text);
    return STATUS_OK;
}

static void close(void *view_state) {
    struct lab_state *state = view_state;
    mem_free(state->trials);
    lab_lesson_close(state);
}

const struct view view_lab = {
    .id = VIEW_LAB,
    .name = "lab",
    .title = "Lab",
    .min_width = 60,
    .min_height = 16,
    .state_size = sizeof(struct lab_state),
    .open = open,
    .close = close,
    .event = event,
    .request = request,
    .refresh = refresh,
    .modal = modal,
    .draw = draw,
};
