// The whole screen on a session that really opens, prepares and trains: random keys, mouse, pastes and sizes, view by
// view. Nothing may crash, hang or leave the session unusable. BATCHLAB_STRESS says how many events each view gets
// (1000); 100000 with sanitizers now and then. Everything it writes lies in the lab's folder.
#include "tests/views/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/session_lab.h"
#include "views/frame.h"
#include "views/views.h"

enum { USUAL = 1000, BETWEEN_FRAMES = 7 };

static char root[1024]; // the repository

static int set_up(void **state) {
    int failed = lab_set_up(state);
    assert_non_null(getcwd(root, sizeof root));
    assert_int_equal(chdir(lab.folder), 0);
    return failed;
}

static int tear_down(void **state) {
    assert_int_equal(chdir(root), 0);
    return lab_tear_down(state);
}

static struct input_event random_key(uint32_t *random) {
    static const uint32_t codes[] = {CODE_ENTER, CODE_ESCAPE, CODE_TAB,    CODE_UP,   CODE_DOWN, CODE_LEFT,
                                     CODE_RIGHT, CODE_HOME,   CODE_END,    ' ',       '+',       '-',
                                     '[',        ']',         CODE_DELETE, CODE_PAGE_DOWN};
    struct input_event event = {.type = INPUT_KEY};
    uint32_t kind = check_random(random) % 10;
    if (kind < 5)
        event.code = codes[check_random(random) % (sizeof codes / sizeof *codes)];
    else
        event.code = 33 + check_random(random) % 94;
    if (event.code >= ' ' && event.code < 127)
        event.text[0] = (char)event.code;
    if (kind == 9 && check_random(random) % 4 == 0)
        event.modifiers = MOD_CTRL;
    return event;
}

static struct input_event random_event(uint32_t *random, int width, int height) {
    static const char *const pastes[] = {"0.1", "lr=0.01,batch=8", "x.csv", "\033[31m\n\t", "é漢😀", "age > 3 & Sex = male",
                                         "missing", "64,64"};
    uint32_t kind = check_random(random) % 20;
    if (kind == 0) {
        const char *paste = pastes[check_random(random) % (sizeof pastes / sizeof *pastes)];
        return (struct input_event){.type = INPUT_PASTE, .paste = paste, .paste_length = strlen(paste)};
    }
    if (kind < 4)
        return (struct input_event){.type = INPUT_MOUSE,
                                    .mouse = (enum mouse_action)(check_random(random) % 5),
                                    .button = (int)(check_random(random) % 3),
                                    .x = (int)(check_random(random) % (uint32_t)width),
                                    .y = (int)(check_random(random) % (uint32_t)height)};
    return random_key(random);
}

// Mostly a usual size, now and then any between 1×1 and 500×200.
static void resize(struct canvas *canvas, uint32_t *random) {
    int width = 120, height = 36;
    if (check_random(random) % 4 == 0) {
        width = 1 + (int)(check_random(random) % 500);
        height = 1 + (int)(check_random(random) % 200);
    }
    lab_must(canvas_resize(canvas, width, height, &lab.error));
}

static void open_sample(uint32_t random) {
    static const char *const samples[] = {"iris.csv", "titanic.csv", "fashion-mnist", "airquality.csv"};
    char path[1200];
    snprintf(path, sizeof path, "%s/datasets/samples/%s", root, samples[random % 4]);
    lab_load(path);
    lab_set("epochs", "3");
    lab_set("pace", "200");
    if (random % 4 == 2)
        lab_set("model", "linear"); // the reference backend is slow
    lab_wait_job();
}

static void torture(enum view_id view, uint32_t seed, long events) {
    struct canvas_pictures pictures = {0};
    struct canvas canvas = {.pictures = &pictures};
    struct frame *frame = NULL;
    uint32_t random = seed;
    open_sample(seed);
    lab_must(frame_open(&frame, lab.session, view, &lab.error));
    resize(&canvas, &random);
    for (long i = 0; i < events; i++) {
        struct input_event event = random_event(&random, canvas.width, canvas.height);
        frame_event(frame, &event); // leaving is the terminal owner's
        if (i % BETWEEN_FRAMES == 0) {
            resize(&canvas, &random);
            canvas.ascii = check_random(&random) % 8 == 0;
            canvas.mono = check_random(&random) % 8 == 0;
            session_drain(lab.session);
            frame_draw(frame, &canvas);
        }
    }
    frame_close(frame);
    canvas_free(&canvas);
    canvas_pictures_free(&pictures);
}

static void any_input_is_survived(void **state) {
    const char *asked = getenv("BATCHLAB_STRESS");
    long events = asked ? atol(asked) : USUAL;
    (void)state;
    for (size_t i = 0; i < views_count(); i++) {
        torture(views_at(i)->id, (uint32_t)(101 + i), events);
        lab_open((struct session_options){0});
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(any_input_is_survived, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
