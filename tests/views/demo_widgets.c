// Every widget on one or two screens, to look at in a real terminal: demo_widgets [page] [dark|light|safe|16|mono]
// [ascii]. Digits change the page, Tab the focus, q quits.
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/gallery.h"
#include "views/term.h"

static void draw_frame(struct canvas *canvas, int page, const char *last) {
    static const struct tab tabs[] = {{"Curves", '1'}, {"Table", '2'}, {"Charts", '3'}, {"Form", '4'}, {"Palette", '5'}};
    struct rect area = canvas_area(canvas);
    struct rect top = rect_take_top(&area, 1), foot = rect_take_bottom(&area, 1), say = rect_take_bottom(&area, 1);
    int used = canvas_text(canvas, top.x + 1, top.y, style_bold(INK_TITLE), "batchlab") + 3;
    rect_take_left(&top, used);
    tabs_draw(canvas, top, tabs, 5, (size_t)page);
    gallery_draw(canvas, area, page);
    canvas_print(canvas, say.x + 1, say.y, style_ink(INK_DIM), "%s", last);
    request_footer(canvas, &foot, VIEW_TRAIN);
}

static void note_event(const struct input_event *event, char *out, size_t size) {
    char name[32] = "";
    if (event->type == INPUT_KEY)
        input_name(event, name);
    snprintf(out, size, "event %d %s x %d y %d action %d button %d size %dx%d paste %zu", (int)event->type, name,
             event->x, event->y, (int)event->mouse, event->button, event->width, event->height, event->paste_length);
}

static bool handle(struct terminal *term, int *page, char *last, size_t size) {
    struct error error;
    for (;;) {
        struct input_event event;
        if (term_read(term, &event, &error) != STATUS_OK)
            return false;
        if (event.type == INPUT_NONE)
            return true;
        note_event(&event, last, size);
        if (event.type == INPUT_KEY && event.code == 'q')
            return false;
        if (event.type == INPUT_KEY && event.code >= '1' && event.code <= '5')
            *page = (int)(event.code - '1');
        if (event.type == INPUT_KEY && event.code == 'z' && event.modifiers == MOD_CTRL)
            term_suspend(term);
        if (event.type == INPUT_KEY && event.code == 'X')
            abort();
    }
}

static void loop(struct terminal *term, int page, bool ascii) {
    struct canvas canvas = {0};
    struct error error;
    char last[160] = "";
    for (bool alive = true, shown; alive;) {
        struct pollfd fds[TERM_POLL_FDS];
        int width, height, timeout = term_timeout(term);
        term_size(term, &width, &height);
        if (canvas_resize(&canvas, width, height, &error) != STATUS_OK)
            break;
        canvas.ascii = ascii;
        draw_frame(&canvas, page, last);
        if (term_show(term, &canvas, &shown, &error) != STATUS_OK)
            break;
        poll(fds, (nfds_t)term_poll(term, fds), timeout < 0 ? 1000 : timeout);
        alive = handle(term, &page, last, sizeof last);
    }
    canvas_free(&canvas);
}

int main(int argc, char **argv) {
    struct term_options options = {.theme = argc > 2 ? theme_find(argv[2]) : NULL};
    struct terminal *term;
    struct error error;
    setlocale(LC_ALL, "");
    if (term_open(&term, &options, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    loop(term, argc > 1 ? atoi(argv[1]) : 0, argc > 3);
    printf("%s", "");
    size_t bytes = term_bytes(term);
    term_close(term);
    printf("%zu bytes\n", bytes);
    return 0;
}
