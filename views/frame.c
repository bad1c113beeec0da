#include "views/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "views/overlay.h"
#include "views/views.h"
#include "views/widgets/gauge.h"
#include "views/widgets/plot_record.h"
#include "views/widgets/tabs.h"

#define VIEWS_MOST 16

struct frame {
    struct session *session;
    size_t current; // into the table of views
    void *states[VIEWS_MOST];
    bool opened[VIEWS_MOST];
    struct overlay overlay;
    struct rect area; // of the view, as drawn last
    bool ascii, dirty;
    char copied[VIEW_COPY_SIZE]; // by the event that is being worked on
};

static const struct view *current_view(const struct frame *frame) {
    return views_at(frame->current);
}

static void turn_to(struct frame *frame, size_t index) {
    const struct view *before = current_view(frame), *after = views_at(index);
    if (frame->opened[frame->current] && before->seen && index != frame->current)
        before->seen(frame->states[frame->current], frame->session, false);
    frame->current = index;
    if (after->seen)
        after->seen(frame->states[index], frame->session, true);
}

// Opens the view's state at its first visit.
static enum status visit(struct frame *frame, size_t index, struct error *error) {
    const struct view *view = views_at(index);
    if (!frame->opened[index]) {
        frame->states[index] = mem_alloc(1, view->state_size ? view->state_size : 1);
        if (!frame->states[index])
            return error_memory(error, view->title, view->state_size);
        enum status status = view->open ? view->open(frame->states[index], frame->session, error) : STATUS_OK;
        if (status) {
            mem_free(frame->states[index]);
            frame->states[index] = NULL;
            return status;
        }
        frame->opened[index] = true;
    }
    turn_to(frame, index);
    frame->dirty = true;
    return STATUS_OK;
}

static size_t view_index(enum view_id id) {
    for (size_t i = 0; i < views_count(); i++)
        if (views_at(i)->id == id)
            return i;
    return views_count();
}

static void go(struct frame *frame, enum view_id id) {
    struct error error;
    size_t index = view_index(id);
    if (index < views_count() && visit(frame, index, &error))
        session_message(frame->session, MESSAGE_ERROR, "%s", error.text);
}

enum status frame_open(struct frame **out, struct session *session, enum view_id first, struct error *error) {
    struct frame *frame = mem_alloc(1, sizeof *frame);
    if (!frame)
        return error_memory(error, "the screen", sizeof *frame);
    frame->session = session;
    size_t index = view_index(first);
    enum status status = visit(frame, index < views_count() ? index : 0, error);
    if (status) {
        frame_close(frame);
        return status;
    }
    *out = frame;
    return STATUS_OK;
}

void frame_close(struct frame *frame) {
    if (!frame)
        return;
    for (size_t i = 0; i < views_count(); i++)
        if (frame->opened[i]) {
            if (views_at(i)->close)
                views_at(i)->close(frame->states[i]);
            mem_free(frame->states[i]);
        }
    mem_free(frame);
}

bool frame_dirty(const struct frame *frame) {
    return frame->dirty;
}

void frame_touch(struct frame *frame) {
    frame->dirty = true;
}

enum view_id frame_view(const struct frame *frame) {
    return current_view(frame)->id;
}

const char *frame_copied(const struct frame *frame) {
    return frame->copied;
}

// ---- input --------------------------------------------------------------------------------------------

static void report(struct frame *frame, enum status status, const struct error *error) {
    if (status)
        session_message(frame->session, MESSAGE_ERROR, "%s", error->text);
}

static void grant(struct frame *frame, const struct view_wish *wish) {
    if (wish->failed)
        session_message(frame->session, MESSAGE_ERROR, "%s", wish->error.text);
    else if (wish->message[0])
        session_message(frame->session, MESSAGE_INFO, "%s", wish->message);
    if (wish->copy[0])
        memcpy(frame->copied, wish->copy, sizeof frame->copied);
    if (wish->go != VIEW_NONE)
        go(frame, wish->go);
    const struct view *view = current_view(frame);
    if (wish->has_row && view->id == wish->go && view->show_row)
        view->show_row(frame->states[frame->current], frame->session, wish->row);
}

static struct view_context view_context(struct frame *frame, struct view_wish *wish) {
    *wish = (struct view_wish){.go = VIEW_NONE};
    return (struct view_context){.session = frame->session,
                                 .snapshot = session_snapshot(frame->session),
                                 .area = frame->area,
                                 .ascii = frame->ascii,
                                 .wish = wish};
}

static bool offer_request(struct frame *frame, enum request request) {
    struct view_wish wish;
    struct view_context context = view_context(frame, &wish);
    const struct view *view = current_view(frame);
    enum view_result result = VIEW_PASS;
    if (view->request)
        result = view->request(frame->states[frame->current], &context, request);
    grant(frame, &wish);
    frame->dirty = true;
    return result != VIEW_PASS;
}

static bool offer_event(struct frame *frame, const struct input_event *event) {
    struct view_wish wish;
    struct view_context context = view_context(frame, &wish);
    const struct view *view = current_view(frame);
    enum view_result result = VIEW_PASS;
    if (view->event)
        result = view->event(frame->states[frame->current], &context, event);
    grant(frame, &wish);
    frame->dirty = frame->dirty || result == VIEW_REDRAW;
    return result != VIEW_PASS;
}

static enum view_id view_of_request(enum request request) {
    switch (request) {
    case REQUEST_GO_DATA:
        return VIEW_DATA;
    case REQUEST_GO_PREPARE:
        return VIEW_PREPARE;
    case REQUEST_GO_BATCHES:
        return VIEW_BATCHES;
    case REQUEST_GO_MODEL:
        return VIEW_MODEL;
    case REQUEST_GO_TRAIN:
        return VIEW_TRAIN;
    case REQUEST_GO_EVALUATE:
        return VIEW_EVALUATE;
    case REQUEST_GO_LAB:
        return VIEW_LAB;
    case REQUEST_GO_RUNS:
        return VIEW_RUNS;
    default:
        return VIEW_NONE;
    }
}

static enum frame_act quit(struct frame *frame) {
    if (!session_run_alive(frame->session))
        return FRAME_QUIT;
    overlay_open(&frame->overlay, OVERLAY_QUIT, frame_view(frame));
    return FRAME_NOTHING;
}

static void report_overlay(struct frame *frame, const struct overlay_result *result) {
    report(frame, result->failed ? result->error.status : STATUS_OK, &result->error);
}

static void undo(struct frame *frame) {
    struct overlay_result result = {.handled = true};
    overlay_undo(&frame->overlay, frame->session, &result);
    report_overlay(frame, &result);
}

// Those that the view would draw on a screen of many columns. plot_record_free ends it.
static enum status record_charts(const struct frame *frame, struct plot_record *record, struct error *error) {
    enum { WIDTH = 400, HEIGHT = 120 };
    const struct view *view = current_view(frame);
    struct canvas canvas = {0};
    enum status status = canvas_resize(&canvas, WIDTH, HEIGHT, error);
    if (status)
        return status;
    canvas.record = record;
    view->draw(frame->states[frame->current], session_snapshot(frame->session), &canvas, canvas_area(&canvas));
    canvas_free(&canvas);
    if (record->failed)
        return error_memory(error, "the charts", 0);
    if (record->full)
        return error_set(error, STATUS_UNSUPPORTED, "this screen has more than the %d charts that one file takes",
                         PLOT_RECORD_MOST);
    return record->count > 0 ? STATUS_OK
                             : error_set(error, STATUS_STATE, "there is no chart on this screen that could be written");
}

// Asked only where there are some.
static void ask_for_charts(struct frame *frame) {
    struct plot_record record = {0};
    struct error error;
    enum status status = record_charts(frame, &record, &error);
    plot_record_free(&record);
    if (status)
        report(frame, status, &error);
    else
        overlay_open(&frame->overlay, OVERLAY_CHARTS, frame_view(frame));
}

static void write_charts(struct frame *frame, const char *path) {
    struct plot_record record = {0};
    struct error error;
    enum status status = record_charts(frame, &record, &error);
    if (!status)
        status = plot_save(record.panels, record.count, path, &error);
    plot_record_free(&record);
    if (status)
        report(frame, status, &error);
    else
        session_message(frame->session, MESSAGE_INFO, "the charts are in %.200s", path);
}

static enum frame_act act(struct frame *frame, enum request request) {
    struct error error;
    if (offer_request(frame, request))
        return FRAME_NOTHING;
    enum view_id id = view_of_request(request);
    if (id != VIEW_NONE)
        go(frame, id);
    switch (request) {
    case REQUEST_UNDO:
        undo(frame);
        break;
    case REQUEST_REDO:
        report(frame, session_redo(frame->session, &error), &error);
        break;
    case REQUEST_BACK:
        if (session_snapshot(frame->session)->job.active || session_snapshot(frame->session)->rows.job.active)
            session_cancel(frame->session);
        break;
    case REQUEST_LOG:
        overlay_open(&frame->overlay, OVERLAY_LOG, frame_view(frame));
        break;
    case REQUEST_HELP:
        overlay_open(&frame->overlay, OVERLAY_HELP, frame_view(frame));
        break;
    case REQUEST_PALETTE:
        overlay_open(&frame->overlay, OVERLAY_PALETTE, frame_view(frame));
        break;
    case REQUEST_CHARTS_SAVE:
        ask_for_charts(frame);
        break;
    case REQUEST_THEME:
        return FRAME_NEXT_THEME;
    case REQUEST_REDRAW:
        return FRAME_REDRAW;
    case REQUEST_SUSPEND:
        return FRAME_SUSPEND;
    case REQUEST_QUIT:
        return quit(frame);
    default:
        break;
    }
    return FRAME_NOTHING;
}

static size_t tab_list(struct tab tabs[VIEWS_MOST]) {
    for (size_t i = 0; i < views_count(); i++)
        tabs[i] = (struct tab){.title = views_at(i)->title, .key = (char)('0' + (int)views_at(i)->id)};
    return views_count();
}

#define STATE_ROOM 12 // "● training", and a blank on either side
static const char program_name[] = " batchlab  ";

// What of the header is for the tabs: behind the program's name, where there is room for it, and before the state.
static struct rect tab_bar(struct rect header) {
    if (header.width >= 100)
        rect_take_left(&header, (int)sizeof program_name - 1);
    rect_take_right(&header, STATE_ROOM);
    return header;
}

static bool click_tab(struct frame *frame, const struct input_event *event) {
    if (event->type != INPUT_MOUSE || event->mouse != MOUSE_PRESS || event->y != 0)
        return false;
    struct tab tabs[VIEWS_MOST];
    size_t count = tab_list(tabs);
    struct rect header = {0, 0, frame->area.width, 1};
    size_t hit = tabs_hit(tab_bar(header), tabs, count, frame->current, event->x);
    if (hit < count)
        go(frame, views_at(hit)->id);
    return hit < count;
}

static enum frame_act take_event(struct frame *frame, const struct input_event *event) {
    if (event->type == INPUT_KEY)
        session_clear_message(frame->session);
    if (frame->overlay.kind != OVERLAY_NONE) {
        struct overlay_result result = overlay_event(&frame->overlay, frame->session, event);
        report_overlay(frame, &result);
        if (result.quit)
            return result.detach ? FRAME_DETACH : FRAME_QUIT;
        if (result.path[0])
            write_charts(frame, result.path);
        return result.request != REQUEST_NONE ? act(frame, result.request) : FRAME_NOTHING;
    }
    const struct view *view = current_view(frame);
    bool modal = view->modal && view->modal(frame->states[frame->current]);
    if (click_tab(frame, event))
        return FRAME_NOTHING;
    if (event->type != INPUT_KEY || modal) {
        offer_event(frame, event);
        return FRAME_NOTHING;
    }
    enum request request = request_of_key(view->id, event);
    if (request == REQUEST_NONE) {
        offer_event(frame, event);
        return FRAME_NOTHING;
    }
    return act(frame, request);
}

enum frame_act frame_event(struct frame *frame, const struct input_event *event) {
    frame->dirty = true;
    frame->copied[0] = '\0';
    enum frame_act wanted = take_event(frame, event);
    return wanted == FRAME_NOTHING && frame->copied[0] ? FRAME_COPY : wanted;
}

// ---- drawing ------------------------------------------------------------------------------------------

static void draw_state(const struct snapshot *snapshot, struct canvas *canvas, struct rect row, int used) {
    static const struct {
        const char *sign;
        enum ink ink;
    } signs[] = {
        [RUN_NONE] = {"○", INK_DIM},       [RUN_OPENING] = {"◌", INK_DIM},   [RUN_TRAINING] = {"●", INK_GOOD},
        [RUN_PAUSED] = {"‖", INK_WARNING}, [RUN_DONE] = {"✓", INK_GOOD},     [RUN_STOPPED] = {"■", INK_DIM},
        [RUN_FAILED] = {"✗", INK_ERROR},
    };
    const char *state = snapshot->state == RUN_NONE ? "ready" : run_state_name(snapshot->state);
    int state_width = text_width(state, canvas->ascii) + 3;
    int x = row.x + row.width - state_width;
    if (x <= used)
        return;
    struct style style = style_on(signs[snapshot->state].ink, INK_PANEL);
    int after = canvas_text(canvas, x, row.y, style_with(style, STYLE_BOLD), signs[snapshot->state].sign);
    canvas_text(canvas, x + after + 1, row.y, style, state);
    if (!snapshot->device.name[0])
        return;
    char device[192];
    snprintf(device, sizeof device, "%s %d× · %s · ", snapshot->device.backend, snapshot->device.threads,
             snapshot->device.precision);
    int width = text_width(device, canvas->ascii);
    if (x - width > used)
        canvas_text(canvas, x - width, row.y, style_on(INK_DIM, INK_PANEL), device);
}

static void draw_job(const struct job_view *job, struct canvas *canvas, struct rect row) {
    char label[192], figures[96] = "", left[16], rate[TEXT_NUMBER_SIZE];
    snprintf(label, sizeof label, " %s %s", job->stage ? job->stage : "Working on", job->subject);
    double share = job->total ? (double)job->done / (double)job->total : NAN;
    struct str text = {0};
    if (job->total)
        str_format(&text, "%.0f %%  ", 100 * share);
    if (isfinite(job->rate) && job->unit && text_equal(job->unit, "bytes"))
        str_format(&text, "%.1f MB/s  ", job->rate / 1e6);
    else if (isfinite(job->rate) && job->unit)
        str_format(&text, "%s %s/s  ", text_count(job->rate, NUMBER_SCREEN, rate), job->unit);
    if (isfinite(job->seconds_left))
        str_format(&text, "%s left  ", clock_text(job->seconds_left, left));
    str_add(&text, "Esc cancels ");
    snprintf(figures, sizeof figures, "%s", str_text(&text));
    str_free(&text);
    gauge_draw(canvas, row, label, share, figures, INK_GAUGE);
}

static void draw_message(const struct snapshot *snapshot, struct canvas *canvas, struct rect row) {
    static const struct {
        const char *sign;
        enum ink ink;
    } kinds[] = {
        [MESSAGE_NONE] = {"", INK_DIM},
        [MESSAGE_INFO] = {"", INK_TEXT},
        [MESSAGE_WARNING] = {"▲ ", INK_WARNING},
        [MESSAGE_ERROR] = {"✗ ", INK_ERROR},
    };
    if (snapshot->message_kind == MESSAGE_NONE) {
        const struct job_view *job = snapshot->rows.job.active ? &snapshot->rows.job : &snapshot->job;
        if (job->active)
            draw_job(job, canvas, row);
        return;
    }
    struct style style = style_ink(kinds[snapshot->message_kind].ink);
    int x = row.x + 1;
    x += canvas_text(canvas, x, row.y, style, kinds[snapshot->message_kind].sign);
    canvas_field(canvas, x, row.y, row.x + row.width - x, TEXT_LEFT, style, snapshot->message);
}

static void draw_too_small(const struct view *view, struct canvas *canvas, struct rect area) {
    char text[160];
    snprintf(text, sizeof text, "%s needs %d×%d, this terminal has %d×%d. Make it larger; q quits.", view->title,
             view->min_width, view->min_height + 3, canvas->width, canvas->height);
    canvas_wrap(canvas, area, 0, style_ink(INK_WARNING), text);
}

void frame_draw(struct frame *frame, struct canvas *canvas) {
    const struct snapshot *snapshot = session_snapshot(frame->session);
    const struct view *view = current_view(frame);
    frame->dirty = false;
    frame->ascii = canvas->ascii;
    canvas_clear(canvas);
    struct rect area = canvas_area(canvas);
    bool small = area.width < view->min_width || area.height < view->min_height + 3;
    if (small) {
        frame->area = area;
        draw_too_small(view, canvas, area);
        return;
    }
    struct rect header = rect_take_top(&area, 1), footer = rect_take_bottom(&area, 1);
    struct rect message = rect_take_bottom(&area, 1);
    struct tab tabs[VIEWS_MOST];
    canvas_fill(canvas, header, style_on(INK_TEXT, INK_PANEL), ' ');
    struct rect bar = tab_bar(header);
    if (bar.x > header.x)
        canvas_text(canvas, header.x, header.y, style_with(style_on(INK_ACCENT, INK_PANEL), STYLE_BOLD), program_name);
    size_t count = tab_list(tabs);
    int used = bar.x + tabs_draw(canvas, bar, tabs, count, frame->current);
    draw_state(snapshot, canvas, header, used);
    frame->area = area;
    if (view->refresh)
        view->refresh(frame->states[frame->current], snapshot);
    struct rect old = canvas_clip(canvas, area);
    view->draw(frame->states[frame->current], snapshot, canvas, area);
    canvas_unclip(canvas, old);
    draw_message(snapshot, canvas, message);
    request_footer(canvas, &footer, view->id);
    if (frame->overlay.kind != OVERLAY_NONE)
        canvas->cursor_shown = false;
    overlay_draw(&frame->overlay, snapshot, canvas, area);
}
