// Whole training steps as the program does them — sampler, schedule, backend, metrics — in
// microseconds, and what of it the trainer itself costs. One JSON line each. The medians leave out the
// steps that begin an epoch, which also shuffle; the peer trains on one batch and never shuffles. Where the backend takes
// several short steps at once, so does this.
//   BATCHLAB_PEER_PYTHON=PYTHON  runs peer_train.py with 1 and 2 threads; the better figure is the peer
//   BATCHLAB_BENCH_BACKEND=NAME  instead of cpu      BATCHLAB_BENCH_THREADS=N  instead of the backend's choice
//   BATCHLAB_BENCH_WORK=TEXT     only works with TEXT in their name
// "gflops" is the work of a step over its time, "limit" what the machine reaches in products (roofline.h), "share" of it
// what the step reaches; the same of convolutions, for nets that have some. Convolutions by Winograd's way count as many
// operations as direct ones, so that their share can be above 1.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend/cpu/threads.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/train/state.h"
#include "tests/support/roofline.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define ROWS 4096
#define SECONDS 1.0
#define TIMES_MOST 200000
#define LONGEST_ROW 2e-3 // seconds of steps that a device gets at once, as core/engine/runner.c asks for them
#define BATCHES_MOST 5

static const struct work {
    const char *name, *settings, *shape, *net; // shape and net as peer_train.py takes them
    int64_t channels, features;                // channels 0: a table
    size_t classes;
    int batches[BATCHES_MOST + 1];
    enum precision precision;
} works[] = {
    {"mlp 30-64-64-2", "model=mlp hidden=64,64", "30", "64-64-2", 0, 30, 2, {1, 8, 32, 128, 512}, PRECISION_F32},
    {"mlp 784-512-512-10", "model=mlp hidden=512,512", "784", "512-512-10", 0, 784, 10, {32, 128, 512}, PRECISION_F32},
    {"lenet5 3x32x32", "model=lenet5", "3x32x32", "lenet5", 3, 0, 10, {8, 64, 512}, PRECISION_F32},
    {"resnet18 imagenet stem 3x32x32", "model=resnet18_imagenet", "3x32x32", "resnet18_imagenet", 3, 0, 10, {64}, PRECISION_F32},
    {"resnet18 cifar stem 3x32x32", "model=resnet18", "3x32x32", "resnet18", 3, 0, 10, {64}, PRECISION_F32},
    {"resnet18 imagenet stem 3x32x32 bf16", "model=resnet18_imagenet", "3x32x32", "resnet18_imagenet@bf16", 3, 0, 10,
     {64}, PRECISION_BF16},
    {"resnet18 cifar stem 3x32x32 bf16", "model=resnet18", "3x32x32", "resnet18@bf16", 3, 0, 10, {64}, PRECISION_BF16},
};

struct peer {
    char name[32];
    double figure[BATCHES_MOST]; // NaN: none
};

static const char *environment(const char *name, const char *fallback) {
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : fallback;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

// ---- the peer -------------------------------------------------------------------------------------------

static void read_peer(FILE *lines, const struct work *work, struct peer *peer) {
    int batch;
    double figure;
    if (fgets(peer->name, sizeof peer->name, lines) == NULL) {
        return;
    }
    peer->name[strcspn(peer->name, "\n")] = '\0';
    while (fscanf(lines, "%d %lf", &batch, &figure) == 2) {
        for (int i = 0; i < BATCHES_MOST; i++) {
            if (work->batches[i] == batch) {
                peer->figure[i] = fmin(peer->figure[i], figure); // NaN gives way
            }
        }
    }
}

static struct peer run_peer(const struct work *work) {
    struct peer peer = {.figure = {NAN, NAN, NAN, NAN, NAN}};
    const char *python = environment("BATCHLAB_PEER_PYTHON", NULL);
    for (int threads = 1; python != NULL && threads <= 2; threads++) {
        char command[1024];
        int length = snprintf(command, sizeof command, "'%s' tests/bench/peer_train.py %d %s %s", python, threads,
                              work->shape, work->net);
        for (int i = 0; i < BATCHES_MOST && work->batches[i] > 0; i++) {
            length += snprintf(command + length, sizeof command - (size_t)length, " %d", work->batches[i]);
        }
        FILE *lines = popen(command, "r");
        if (lines != NULL) {
            read_peer(lines, work, &peer);
            pclose(lines);
        }
    }
    return peer;
}

// ---- our own -------------------------------------------------------------------------------------------

static struct source *make_source(const struct work *work) {
    return work->channels > 0 ? source_bars(ROWS, work->channels, 32, work->classes, 1)
                              : source_noise(ROWS, (size_t)work->features, work->classes, 1);
}

// Up to `most` steps as a run asks for them. Returns how many those were.
static size_t step(struct trainer *trainer, size_t most) {
    struct step_result results[STEPS_MOST];
    struct error error = {0};
    size_t count;
    if (trainer_steps(trainer, most, results, &count, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    return count;
}

// Median time of a step in microseconds.
static double measure(struct trainer *trainer, double *times) {
    size_t count = 0;
    double warm = clock_now(), last = 0;
    for (int i = 0; i < 20 && (i < 2 || clock_now() - warm < SECONDS); i++) {
        double start = clock_now();
        step(trainer, 1);
        last = clock_now() - start;
    }
    size_t most = (size_t)fmax(1, fmin(STEPS_MOST, LONGEST_ROW / last));
    for (double begun = clock_now(), now = begun; count < TIMES_MOST && (now - begun < SECONDS || count < 5);) {
        double start = now;
        size_t steps = step(trainer, most);
        now = clock_now();
        times[count++] = (now - start) / (double)steps;
    }
    qsort(times, count, sizeof *times, compare);
    return 1e6 * times[count / 2];
}

static double step_flops(const struct trainer *trainer, int batch) {
    struct program program = {.batch = batch};
    struct error error = {0};
    double flops = plan_program(trainer, PLAN_TRAIN, &program, &error) ? NAN : program_flops(&program);
    program_free(&program);
    return flops;
}

static void print_limits(double gflops, bool convolves) {
    static double product, convolution;
    product = product > 0 ? product : roofline_product();
    printf("\"gflops\":%.1f,\"limit\":%.1f,\"share\":%.2f,", gflops, product, gflops / product);
    if (convolves) {
        convolution = convolution > 0 ? convolution : roofline_convolution();
        printf("\"convolution_limit\":%.1f,\"convolution_share\":%.2f,", convolution, gflops / convolution);
    }
}

static void print(const char *work, int batch, double figure, double flops, bool convolves, const struct peer *peer,
                  double peer_figure, const char *device) {
    printf("{\"bench\":\"train\",\"work\":\"%s\",\"batch\":%d,\"figure\":%.3f,\"unit\":\"us/step\",", work, batch,
           figure);
    if (isnan(peer_figure)) {
        printf("\"peer\":null,\"peer_figure\":null,\"ratio\":null,");
    } else {
        printf("\"peer\":\"%s\",\"peer_figure\":%.3f,\"ratio\":%.2f,", peer->name, peer_figure, peer_figure / figure);
    }
    if (!isnan(flops)) {
        print_limits(1e-3 * flops / figure, convolves);
    }
    printf("\"device\":\"%s\"}\n", device);
    fflush(stdout);
}

static struct backend *open_backend(enum precision precision) {
    struct backend *backend = NULL;
    struct backend_options options = {.threads = atoi(environment("BATCHLAB_BENCH_THREADS", "0")),
                                      .precision = precision};
    struct error error = {0};
    if (backend_open(environment("BATCHLAB_BENCH_BACKEND", "cpu"), &options, &backend, &error)) {
        fprintf(stderr, "bench_train: %s\n", error.text);
        exit(1);
    }
    return backend;
}

static void run_work(const struct work *work, double *times) {
    struct backend *backend = open_backend(work->precision);
    struct device_info info;
    struct peer peer = run_peer(work);
    struct source *source = make_source(work);
    backend->api->describe(backend, &info);
    for (int i = 0; i < BATCHES_MOST && work->batches[i] > 0; i++) {
        char settings[256];
        snprintf(settings, sizeof settings, "%s batch=%d lr=0.001 epochs=1000000", work->settings, work->batches[i]);
        struct trainer *trainer = test_trainer(settings, source, backend);
        double figure = measure(trainer, times);
        print(work->name, work->batches[i], figure, step_flops(trainer, work->batches[i]), work->channels > 0, &peer,
              peer.figure[i], info.name);
        trainer_close(trainer);
    }
    source_release(source);
    backend_close(backend);
}

// ---- the trainer alone: a backend whose steps take no time ------------------------------------------------

static enum status run_nothing(struct backend *backend, struct plan *plan, const struct step_args *args,
                               struct error *error) {
    (void)backend, (void)plan, (void)args, (void)error;
    return STATUS_OK;
}

static void run_overhead(double *times) {
    struct backend *backend = open_backend(PRECISION_F32);
    struct device_info info;
    backend->api->describe(backend, &info);
    const struct backend_api *real = backend->api;
    struct backend_api idle = *real;
    idle.run = run_nothing;
    backend->api = &idle;
    struct source *source = source_noise(ROWS, 30, 2, 1);
    struct trainer *trainer = test_trainer("model=mlp batch=32 epochs=1000000 schedule=cosine", source, backend);
    struct peer none = {{0}, {NAN}};
    print("trainer alone, all but the backend's run", 32, measure(trainer, times), NAN, false, &none, NAN, info.name);
    trainer_close(trainer);
    source_release(source);
    backend->api = real;
    backend_close(backend);
}

int main(int argc, char **argv) {
    (void)argc;
    threads_restart_patient(argv); // as the program does
    double *times = mem_alloc(TIMES_MOST, sizeof *times);
    if (times == NULL) {
        fprintf(stderr, "bench_train: out of memory\n");
        return 1;
    }
    run_overhead(times);
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        if (strstr(works[i].name, environment("BATCHLAB_BENCH_WORK", "")) != NULL) {
            run_work(&works[i], times);
        }
    }
    mem_free(times);
    return 0;
}
