// What the screen costs and how fast it answers, measured on the real program on a pseudo-terminal:
// first screen, processor share while idle, a key's effect while training, bytes sent, and training with
// the screen beside training without. One JSON object a line. Needs BATCHLAB_PROGRAM (make bench sets it).
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
#define PRESSES 60

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

static void open_program(struct pty *pty, const char *epochs) {
    char *arguments[] = {program, "--epochs", (char *)epochs, "--batch", "32", SAMPLE, NULL};
    double start = clock_now();
    if (!pty_open(pty, arguments, WIDTH, HEIGHT) || !pty_wait(pty, "Data", 30))
        give_up("the program does not draw");
    print("first screen", 1e3 * (clock_now() - start), "ms");
    if (!pty_wait(pty, "569", 30))
        give_up("the sample does not appear");
    pty_idle(pty, 1);
}

static void measure_idle(struct pty *pty) {
    double before = pty_cpu(pty), start = clock_now();
    pty_idle(pty, 5);
    print("idle processor share", 100 * (pty_cpu(pty) - before) / (clock_now() - start), "%");
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
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
        pty_idle(pty, 0.13 + 0.005 * (i % 7));
    }
    qsort(times, PRESSES, sizeof *times, ascending);
    print("key to effect while training, median", times[PRESSES / 2], "ms");
    print("key to effect while training, 95th percentile", times[PRESSES * 95 / 100], "ms");
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
    if (!pty_open(&pty, arguments, WIDTH, HEIGHT) || !pty_wait(&pty, "569", 30))
        give_up("the program does not draw");
    pty_idle(&pty, 1);
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

int main(void) {
    char folder[] = "/tmp/batchlab-bench-XXXXXX";
    program = getenv("BATCHLAB_PROGRAM");
    if (!program)
        give_up("BATCHLAB_PROGRAM must name the program");
    char *made = mkdtemp(folder);
    if (!made || setenv("XDG_DATA_HOME", made, 1))
        give_up("no temporary folder");
    struct pty pty;
    open_program(&pty, "1000000");
    measure_idle(&pty);
    start_training(&pty);
    measure_key(&pty);
    pty_close(&pty);
    measure_slowdown();
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
