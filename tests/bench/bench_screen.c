// What the screen costs and how fast it answers, measured on the real program on a pseudo-terminal:
// first screen, processor share while idle, a key's effect while both cores train, what drawing takes, bytes sent,
// training with the screen beside training without, and the memory of ten million steps. One JSON object a line.
// Needs BATCHLAB_PROGRAM (make bench sets it).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/store/store.h"
#include "tests/support/pty.h"

#define SAMPLE "datasets/samples/breast_cancer.csv"
#define WIDTH 120
#define HEIGHT 36
#define PRESSES 200
#define OPENINGS 9
#define DRAWN_SECONDS 10

static char *program;

static void print(const char *figure, double value, const char *unit) {
    printf("{\"bench\":\"screen\",\"work\":\"%s\",\"figure\":%.4g,\"unit\":\"%s\",\"peer\":null,\"peer_figure\":null,"
           "\"ratio\":null,\"device\":\"cpu\"}\n",
           figure, value, unit);
    fflush(stdout);
}

static void give_up(const char *what) {
    fprintf(stderr, "bench_screen: %s\n", what);
    exit(1);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Returns the milliseconds to the first screen.
static double open_program(struct pty *pty, char *const arguments[], int width, int height, const char *rows) {
    double start = clock_now();
    if (!pty_open(pty, arguments, width, height) || !pty_wait(pty, "Data", 30))
        give_up("the program does not draw");
    double first = 1e3 * (clock_now() - start);
    if (!pty_wait(pty, rows, 30))
        give_up("the sample does not appear");
    pty_idle(pty, 1);
    return first;
}

static void measure_first_screen(void) {
    char *arguments[] = {program, SAMPLE, NULL};
    double times[OPENINGS];
    for (int i = 0; i < OPENINGS; i++) {
        struct pty pty;
        times[i] = open_program(&pty, arguments, WIDTH, HEIGHT, "569");
        pty_close(&pty);
    }
    qsort(times, OPENINGS, sizeof *times, ascending);
    print("first screen, median of 9", times[OPENINGS / 2], "ms");
    print("first screen, slowest of 9", times[OPENINGS - 1], "ms");
}

static void measure_idle(struct pty *pty) {
    double before = pty_cpu(pty), start = clock_now();
    pty_idle(pty, 5);
    print("idle processor share", 100 * (pty_cpu(pty) - before) / (clock_now() - start), "%");
}

// The log opens with a key and names itself; Esc closes it.
static void measure_key(struct pty *pty) {
    double times[PRESSES];
    for (int i = 0; i < PRESSES; i++) {
        pty_forget(pty);
        double start = clock_now();
        pty_send(pty, "!");
        if (!pty_wait(pty, "Esc closes", 5))
            give_up("a key has no effect");
        times[i] = 1e3 * (clock_now() - start);
        pty_send(pty, "\033");
        pty_idle(pty, 0.2 + 0.005 * (i % 7)); // an Esc that is read together with the next key would be Alt
    }
    qsort(times, PRESSES, sizeof *times, ascending);
    print("key to effect while training, median", times[PRESSES / 2], "ms");
    print("key to effect while training, 95th percentile", times[PRESSES * 95 / 100], "ms");
    print("key to effect while training, 99th percentile", times[PRESSES * 99 / 100], "ms");
}

static void start_training(struct pty *pty) {
    pty_send(pty, "5");
    pty_idle(pty, 0.3);
    pty_forget(pty);
    pty_send(pty, " ");
    if (!pty_wait(pty, "training", 10))
        give_up("training does not start");
}

static double newest_run_rate(void) {
    struct store *store = NULL;
    struct run_record *runs = NULL;
    struct error error;
    size_t count = 0;
    if (store_open(&store, NULL, &error) || store_runs(store, &runs, &count, &error) || count == 0)
        give_up("the store has no run");
    double rate = (double)runs[0].steps / runs[0].seconds;
    mem_free(runs);
    store_close(store);
    return rate;
}

static double train_without(const char *epochs) {
    char command[1024];
    snprintf(command, sizeof command, "'%s' train " SAMPLE " --epochs %s --batch 32 >/dev/null", program, epochs);
    if (system(command) != 0)
        give_up("training on the command line failed");
    return newest_run_rate();
}

static double train_with(const char *epochs) {
    struct pty pty;
    char *arguments[] = {program, "--epochs", (char *)epochs, "--batch", "32", SAMPLE, NULL};
    open_program(&pty, arguments, WIDTH, HEIGHT, "569");
    start_training(&pty);
    size_t bytes = pty.bytes;
    double start = clock_now();
    if (!pty_wait(&pty, "done", 120))
        give_up("training does not end");
    print("bytes a second to the terminal while training", (double)(pty.bytes - bytes) / (clock_now() - start), "B/s");
    pty_idle(&pty, 0.3);
    pty_close(&pty);
    return newest_run_rate();
}

static void measure_slowdown(void) {
    const char *epochs = "20000";
    double ratios[5];
    for (int i = 0; i < 5; i++) {
        double with = train_with(epochs), without = train_without(epochs);
        ratios[i] = with / without;
    }
    qsort(ratios, 5, sizeof *ratios, ascending);
    print("training speed with the screen / without, median of 5", ratios[2], "ratio");
}

// Wide layers and large batches: both cores are at work in every step.
static void measure_keys_under_load(void) {
    char *arguments[] = {program, "--epochs", "1000000", "--batch", "256", "--hidden", "512,512", SAMPLE, NULL};
    struct pty pty;
    open_program(&pty, arguments, WIDTH, HEIGHT, "569");
    measure_idle(&pty);
    start_training(&pty);
    measure_key(&pty);
    pty_close(&pty);
}

// The first thread draws, and takes in what the engine tells. Frames are 30 a second at most. With `pace`
// (steps a second) drawing is nearly all it does; at full speed curves and store get a million points in some seconds.
static void measure_drawing(const char *pace, const char *figure) {
    char *arguments[] = {program, "--epochs", "1000000", "--batch", "32", "--pace", (char *)pace, SAMPLE, NULL};
    struct pty pty;
    open_program(&pty, arguments, 160, 48, "569");
    start_training(&pty);
    pty_idle(&pty, 2);
    double before = pty_screen_cpu(&pty), start = clock_now();
    pty_idle(&pty, DRAWN_SECONDS);
    print(figure, 100 * (pty_screen_cpu(&pty) - before) / (clock_now() - start), "%");
    pty_close(&pty);
}

// Ten million steps of the smallest model; what the program holds then, less what it held before.
static void measure_memory(void) {
    char *arguments[] = {program,  "--model", "linear", "--validation", "0", "--test", "0", "--batch", "1",
                         "--epochs", "66667", "datasets/samples/iris.csv", NULL};
    struct pty pty;
    open_program(&pty, arguments, WIDTH, HEIGHT, "150");
    double before = pty_memory(&pty);
    start_training(&pty);
    if (!pty_wait(&pty, "done", 600))
        give_up("ten million steps do not end");
    pty_idle(&pty, 1);
    print("memory of ten million steps", (pty_memory(&pty) - before) / 1e6, "MB");
    pty_close(&pty);
}

int main(void) {
    char folder[] = "/tmp/batchlab-bench-XXXXXX";
    program = getenv("BATCHLAB_PROGRAM");
    if (!program)
        give_up("BATCHLAB_PROGRAM must name the program");
    char *made = mkdtemp(folder);
    if (!made || setenv("XDG_DATA_HOME", made, 1))
        give_up("no temporary folder");
    measure_first_screen();
    measure_keys_under_load();
    measure_drawing("1000", "share of a core of the thread that draws, at 160x48, 1000 steps a second");
    measure_drawing("0", "share of a core of the thread that draws, at 160x48, full speed");
    measure_slowdown();
    measure_memory();
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
