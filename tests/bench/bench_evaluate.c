// What evaluating costs: training with the plane of two features kept in step beside training without, how long a
// measurement of many rows takes and how soon it stops when it is told to, and the longest the main thread is kept.
// One JSON object a line.
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/session.h"
#include "views/views.h"

#define ROWS 400000
#define WINDOWS 8
#define STOPS 12

static struct session *session;
static const struct snapshot *view;
static struct error error;
static double longest; // of session_drain, seconds

static void must(enum status status) {
    if (!status)
        return;
    fprintf(stderr, "bench_evaluate: %s\n", error.text);
    exit(1);
}

static void print(const char *work, double figure, const char *unit, const char *peer, double peer_figure) {
    printf("{\"bench\":\"evaluate\",\"work\":\"%s\",\"figure\":%.4g,\"unit\":\"%s\"", work, figure, unit);
    if (peer)
        printf(",\"peer\":\"%s\",\"peer_figure\":%.4g,\"ratio\":%.4g", peer, peer_figure, figure / peer_figure);
    printf(",\"device\":\"cpu\"}\n");
    fflush(stdout);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void look(int milliseconds) {
    struct pollfd polled[2];
    int fds[2];
    size_t count = session_poll_fds(session, fds);
    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    poll(polled, (nfds_t)count, milliseconds);
    double start = clock_now();
    session_drain(session);
    longest = fmax(longest, clock_now() - start);
}

static void write_moons(const char *path, int rows) {
    FILE *file = fopen(path, "w");
    uint32_t random = 9;
    if (!file)
        exit(1);
    fputs("height,width,kind\n", file);
    for (int i = 0; i < rows; i++) {
        random = random * 1664525u + 1013904223u;
        double angle = 3.14159265 * (i / 2) / (rows / 2.0), noise = (random >> 8) / 16777216.0 * 0.4;
        fprintf(file, "%.5g,%.5g,%s\n", i % 2 ? 1 - cos(angle) + noise : cos(angle) + noise,
                i % 2 ? 0.5 - sin(angle) + noise : sin(angle) - noise, i % 2 ? "b" : "a");
    }
    fclose(file);
}

static void open_run(const char *path, const char *epochs) {
    must(session_load(session, path, NULL, &error));
    must(session_wait(session, &error));
    must(session_set(session, "epochs", epochs, &error));
    must(session_start(session, &error));
}

static double steps_per_s(double seconds) {
    double start = clock_now();
    look(0);
    uint64_t before = view->run->record.steps;
    while (clock_now() - start < seconds)
        look(16);
    return (double)(view->run->record.steps - before) / (clock_now() - start);
}

static void bench_plane(const char *path) {
    double with[WINDOWS], without[WINDOWS], waited = 0, asked = 0;
    open_run(path, "1000000");
    must(session_evaluate_seen(session, true, &error));
    while (!view->evaluate.boundary)
        look(16);
    for (int i = 0; i < WINDOWS; i++) {
        must(session_evaluate_seen(session, true, &error));
        with[i] = steps_per_s(1);
        waited += view->evaluate.boundary->copied / WINDOWS;
        asked += view->evaluate.boundary->seconds / WINDOWS;
        must(session_evaluate_seen(session, false, &error));
        without[i] = steps_per_s(1);
    }
    print("training while the plane follows, 4 times a second", median(with, WINDOWS), "steps/s", "nobody looks",
          median(without, WINDOWS));
    print("a copy of the weights, mean", 1e6 * waited, "us", NULL, 0);
    print("asking the plane of 128x96 points, mean", 1e3 * asked, "ms", NULL, 0);
    must(session_stop(session, &error));
    while (session_run_alive(session))
        look(100);
}

static void measured(void) {
    while (view->evaluate.making)
        look(100);
}

static void bench_rows(const char *path) {
    double worst = 0;
    open_run(path, "1");
    while (session_run_alive(session))
        look(100);
    struct evaluate_wish wish = {.all = true};
    longest = 0;
    double start = clock_now();
    must(session_evaluate(session, &wish, &error));
    measured();
    print("measuring 400 000 rows that are open", 1e3 * (clock_now() - start), "ms", NULL, 0);
    snprintf(wish.path, sizeof wish.path, "%s", path);
    start = clock_now();
    must(session_evaluate(session, &wish, &error));
    measured();
    print("measuring 400 000 rows of a file", 1e3 * (clock_now() - start), "ms", NULL, 0);
    print("longest the main thread was kept meanwhile", 1e3 * longest, "ms", NULL, 0);
    for (int i = 0; i < STOPS; i++) {
        must(session_evaluate(session, &wish, &error));
        double until = clock_now() + 0.02 + 0.06 * i;
        while (clock_now() < until && view->evaluate.making)
            look(5);
        start = clock_now();
        session_evaluate_cancel(session);
        while (view->evaluate.making)
            look(5);
        worst = fmax(worst, clock_now() - start);
    }
    print("stopped after at most", 1e3 * worst, "ms", NULL, 0);
    snprintf(wish.path, sizeof wish.path, "%s", "");
    must(session_evaluate(session, &wish, &error));
    measured();
}

static void bench_drawing(void) {
    const struct view *of = &view_evaluate;
    struct canvas canvas = {0};
    double worst = 0, first = 0;
    void *state = calloc(1, of->state_size);
    must(canvas_resize(&canvas, 160, 45, &error));
    must(of->open(state, session, &error));
    for (int i = 0; i < 40; i++) {
        struct view_wish wish = {.go = VIEW_NONE};
        struct view_context context = {
            .session = session, .snapshot = view, .area = canvas_area(&canvas), .wish = &wish};
        double start = clock_now();
        canvas_clear(&canvas);
        of->refresh(state, view);
        of->draw(state, view, &canvas, canvas_area(&canvas));
        first = i == 0 ? clock_now() - start : first;
        worst = i > 0 ? fmax(worst, clock_now() - start) : worst;
        of->request(state, &context, REQUEST_NEXT_PANE);
    }
    print("the first page of 400 000 rows at 160x48", 1e3 * first, "ms", NULL, 0);
    print("any page at 160x48, the slowest of 39", 1e3 * worst, "ms", NULL, 0);
    of->close(state);
    free(state);
    canvas_free(&canvas);
}

int main(void) {
    char folder[] = "/tmp/batchlab-bench-XXXXXX", small[64], large[64], command[96];
    if (!mkdtemp(folder))
        return 1;
    setenv("XDG_DATA_HOME", folder, 1);
    setenv("XDG_CACHE_HOME", folder, 1);
    snprintf(small, sizeof small, "%s/small.csv", folder);
    snprintf(large, sizeof large, "%s/large.csv", folder);
    write_moons(small, 1000);
    write_moons(large, ROWS);
    must(session_open(&session, &(struct session_options){0}, &error));
    view = session_snapshot(session);
    bench_plane(small);
    bench_rows(large);
    bench_drawing();
    session_close(session);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}
