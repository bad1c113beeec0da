// Golden screens: a drawing is rendered to a canvas, dumped as text, and compared with tests/screens/NAME-WxH.txt
// (text and styles) or NAME-WxH-ascii.txt (text). UPDATE_GOLDEN=1 rewrites the files; read them before committing.
// Tests run in the repository's root. A failure is a cmocka failure that shows the first line that differs.
#ifndef TESTS_SUPPORT_SCREEN_H
#define TESTS_SUPPORT_SCREEN_H

#include <stdbool.h>

#include "views/canvas.h"
#include "views/input.h"

typedef void screen_draw(void *data, struct canvas *canvas, struct rect area);

void screen_check(const char *name, int width, int height, bool ascii, screen_draw *draw, void *data);
// 80×24 and 160×48, each in color and in plain ASCII.
void screen_check_all(const char *name, screen_draw *draw, void *data);

// The event of a key by its name ("Ctrl-A", "q"); fails the test when there is no such key.
struct input_event screen_key(const char *name);
struct input_event screen_paste(const char *text);
struct input_event screen_mouse(enum mouse_action action, int x, int y);

#endif
