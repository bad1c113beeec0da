#include "tests/support/view_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/support/screen.h"
#include "tests/views/check.h"

void driver_open(struct view_driver *driver, const struct view *view, const struct snapshot *snapshot) {
    struct error error;
    *driver = (struct view_driver){.view = view, .snapshot = snapshot, .area = {0, 1, 80, 21}};
    driver->state = mem_alloc(1, view->state_size);
    assert_non_null(driver->state);
    assert_int_equal(view->open ? view->open(driver->state, NULL, &error) : STATUS_OK, STATUS_OK);
}

void driver_close(struct view_driver *driver) {
    if (driver->view->close)
        driver->view->close(driver->state);
    mem_free(driver->state);
}

static struct view_context context(struct view_driver *driver) {
    driver->wish = (struct view_wish){.go = VIEW_NONE};
    return (struct view_context){
        .snapshot = driver->snapshot, .area = driver->area, .ascii = driver->ascii, .wish = &driver->wish};
}

enum view_result driver_request(struct view_driver *driver, enum request request) {
    struct view_context now = context(driver);
    return driver->view->request(driver->state, &now, request);
}

enum view_result driver_event(struct view_driver *driver, struct input_event event) {
    struct view_context now = context(driver);
    return driver->view->event ? driver->view->event(driver->state, &now, &event) : VIEW_PASS;
}

enum view_result driver_key(struct view_driver *driver, const char *name) {
    struct input_event event = screen_key(name);
    enum request request = request_of_key(driver->view->id, &event);
    bool modal = driver->view->modal && driver->view->modal(driver->state);
    return modal || request == REQUEST_NONE ? driver_event(driver, event) : driver_request(driver, request);
}

void driver_type(struct view_driver *driver, const char *text) {
    for (; *text; text++) {
        struct input_event event = {.type = INPUT_KEY, .code = (unsigned char)*text, .text = {*text}};
        driver_event(driver, event);
    }
}

void driver_draw(void *data, struct canvas *canvas, struct rect area) {
    struct view_driver *driver = data;
    rect_take_top(&area, 1);
    rect_take_bottom(&area, 2);
    driver->area = area;
    driver->ascii = canvas->ascii;
    if (driver->view->refresh)
        driver->view->refresh(driver->state, driver->snapshot);
    struct rect old = canvas_clip(canvas, area);
    driver->view->draw(driver->state, driver->snapshot, canvas, area);
    canvas_unclip(canvas, old);
}

static void random_event(struct view_driver *driver, uint32_t *random) {
    static const char *const keys[] = {"a",     "1",   ".",    "=", ">",  "Backspace",
                                       "Enter", "Esc", "Left", "&", "\"", "Space"};
    uint32_t what = check_random(random) % 8;
    if (what < 4) {
        enum request request = (enum request)(1 + check_random(random) % (REQUEST_COUNT - 1));
        if (!driver->view->modal || !driver->view->modal(driver->state))
            driver_request(driver, request);
    } else if (what < 6) {
        driver_event(driver, screen_key(keys[check_random(random) % 12]));
    } else {
        int x = (int)(check_random(random) % 170) - 3, y = (int)(check_random(random) % 52) - 2;
        driver_event(driver, screen_mouse((enum mouse_action)(check_random(random) % 5), x, y));
    }
}

// In a folder of its own: what is written by accident lands there.
void driver_torture(struct view_driver *driver, uint32_t seed, int events) {
    struct canvas canvas = {0};
    struct error error;
    uint32_t random = seed;
    char root[1024], folder[] = "/tmp/batchlab-torture-XXXXXX", command[64];
    assert_non_null(getcwd(root, sizeof root));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(canvas_resize(&canvas, 80, 24, &error), STATUS_OK);
    for (int i = 0; i < events; i++) {
        random_event(driver, &random);
        if (i % 16 == 0) {
            int width = driver->view->min_width + (int)(check_random(&random) % 120);
            int height = driver->view->min_height + 3 + (int)(check_random(&random) % 40);
            assert_int_equal(canvas_resize(&canvas, width, height, &error), STATUS_OK);
            canvas.ascii = check_random(&random) % 2;
        }
        if (i % 3 == 0) {
            canvas_clear(&canvas);
            driver_draw(driver, &canvas, canvas_area(&canvas));
        }
    }
    canvas_free(&canvas);
    assert_int_equal(chdir(root), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}
