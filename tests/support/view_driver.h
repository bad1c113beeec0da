// Drives one view as the frame does: refresh and draw, requests, input. For tests of views.
#ifndef TESTS_SUPPORT_VIEW_DRIVER_H
#define TESTS_SUPPORT_VIEW_DRIVER_H

#include "core/session.h"
#include "views/view.h"

struct view_driver {
    const struct view *view;
    const struct snapshot *snapshot;
    void *state;
    struct rect area;
    bool ascii;
    struct view_wish wish; // of the last request or event
};

void driver_open(struct view_driver *driver, const struct view *view, const struct snapshot *snapshot);
void driver_close(struct view_driver *driver);
enum view_result driver_request(struct view_driver *driver, enum request request);
enum view_result driver_event(struct view_driver *driver, struct input_event event);
enum view_result driver_key(struct view_driver *driver, const char *name); // as the frame reads it: edit line first
void driver_type(struct view_driver *driver, const char *text);            // ASCII
void driver_draw(void *driver, struct canvas *canvas, struct rect area);   // a screen_draw: a frame's view, 3 rows less
// Random keys, clicks and sizes; fails by crashing. Requests that need a session call it.
void driver_torture(struct view_driver *driver, uint32_t seed, int events);

#endif
