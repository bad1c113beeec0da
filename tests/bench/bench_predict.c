// Prediction with a small net as the program does it — rows in, class probabilities out — in rows per second beside
// PyTorch's loop over batches. One JSON line per batch size of the peer; ours chooses its own batches. "share" is of what
// the machine reaches in products (roofline.h).
//   BATCHLAB_PEER_PYTHON=PYTHON  runs peer_predict.py with 1 and 2 threads; the better figure is the peer
//   BATCHLAB_BENCH_BACKEND=NAME  instead of cpu      BATCHLAB_BENCH_THREADS=N  instead of the backend's choice
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend/cpu/threads.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "tests/support/roofline.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

enum { ROWS = 1 << 16 };
#define SECONDS 1.0
#define FLOPS_A_ROW (2e-9 * (30 * 64 + 64 * 64 + 64 * 2)) // thousand millions

static const int batches[] = {1, 32, 256, 1024, 8192, ROWS};
enum { BATCHES = sizeof batches / sizeof batches[0] };

struct peer {
    char name[32];
    double figure[BATCHES]; // rows per second; 0: none
};

static const char *environment(const char *name, const char *fallback) {
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : fallback;
}

static void run_peer(struct peer *peer) {
    const char *python = environment("BATCHLAB_PEER_PYTHON", NULL);
    for (int threads = 1; python != NULL && threads <= 2; threads++) {
        char command[1024];
        int batch;
        double figure;
        int length = snprintf(command, sizeof command, "'%s' tests/bench/peer_predict.py %d 30-64-64-2 %d", python,
                              threads, ROWS);
        for (int i = 0; i < BATCHES; i++) {
            length += snprintf(command + length, sizeof command - (size_t)length, " %d", batches[i]);
        }
        FILE *lines = popen(command, "r");
        if (lines == NULL || fgets(peer->name, sizeof peer->name, lines) == NULL) {
            return;
        }
        peer->name[strcspn(peer->name, "\n")] = '\0';
        while (fscanf(lines, "%d %lf", &batch, &figure) == 2) {
            for (int i = 0; i < BATCHES; i++) {
                peer->figure[i] = batches[i] == batch ? fmax(peer->figure[i], figure) : peer->figure[i];
            }
        }
        pclose(lines);
    }
}

// Rows per second, `call` rows asked for at once; the best of a second of short rounds, as the peer's: on a machine
// that does other work too, some of them are undisturbed.
static double measure(struct trainer *trainer, const struct source *source, const uint32_t *rows, size_t call,
                      float *out) {
    size_t some = call * 8 < 2048 ? 2048 : call * 8 < ROWS ? call * 8 : ROWS;
    struct error error = {0};
    double best = 0;
    for (double begun = clock_now(), start = begun; start - begun < SECONDS || best <= 0;) {
        start = clock_now();
        for (size_t first = 0; first < some; first += call) {
            if (trainer_predict(trainer, source, rows + first, call, out + 2 * first, NULL, &error)) {
                fprintf(stderr, "bench_predict: %s\n", error.text);
                exit(1);
            }
        }
        best = fmax(best, (double)some / (clock_now() - start));
    }
    return best;
}

int main(int argc, char **argv) {
    (void)argc;
    threads_restart_patient(argv); // as the program does
    struct backend *backend = NULL;
    struct backend_options options = {.threads = atoi(environment("BATCHLAB_BENCH_THREADS", "0"))};
    struct device_info info;
    struct error error = {0};
    struct peer peer = {"", {0}};
    uint32_t *rows = mem_alloc(ROWS, sizeof *rows);
    float *out = mem_alloc(ROWS, 2 * sizeof *out);
    if (!rows || !out || backend_open(environment("BATCHLAB_BENCH_BACKEND", "cpu"), &options, &backend, &error)) {
        fprintf(stderr, "bench_predict: %s\n", rows && out ? error.text : "out of memory");
        return 1;
    }
    backend->api->describe(backend, &info);
    struct source *source = source_noise(ROWS, 30, 2, 1);
    struct trainer *trainer = test_trainer("model=mlp hidden=64,64 batch=32", source, backend);
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = i;
    }
    run_peer(&peer);
    double whole = measure(trainer, source, rows, ROWS, out), limit = roofline_product();
    for (int i = 0; i < BATCHES; i++) {
        double figure = measure(trainer, source, rows, (size_t)batches[i], out);
        printf("{\"bench\":\"predict\",\"work\":\"mlp 30-64-64-2\",\"rows_at_once\":%d,\"figure\":%.0f,"
               "\"unit\":\"rows/s\",\"whole\":%.0f,\"gflops\":%.1f,\"limit\":%.1f,\"share\":%.2f,",
               batches[i], figure, whole, FLOPS_A_ROW * figure, limit, FLOPS_A_ROW * figure / limit);
        if (peer.figure[i] > 0) {
            printf("\"peer\":\"%s\",\"peer_figure\":%.0f,\"ratio\":%.2f,", peer.name, peer.figure[i],
                   figure / peer.figure[i]);
        } else {
            printf("\"peer\":null,\"peer_figure\":null,\"ratio\":null,");
        }
        printf("\"device\":\"%s\"}\n", info.name);
        fflush(stdout);
    }
    trainer_close(trainer);
    backend_close(backend);
    source_release(source);
    mem_free(out);
    mem_free(rows);
    return 0;
}
