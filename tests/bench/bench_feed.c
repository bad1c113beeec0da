// Training from features that lie in a file: rows a second of three epochs, with the share of time that training waits
// for data and that reading ahead waits for training, beside features in memory and beside reading the rows one by one
// in the order they are drawn. Cold: the file is dropped from the cache before every epoch. One JSON object a line.
//   bench_feed [ROWS]
#define _GNU_SOURCE // posix_fadvise
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/rng.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

enum { FEATURES = 20, ONE_BY_ONE = 20000 };

static void drop(const struct source *source) {
    if (source->features == NULL && (fsync(source->file) || posix_fadvise(source->file, 0, 0, POSIX_FADV_DONTNEED)))
        perror("fsync");
}

static double one_by_one(const struct source *source, bool cold) {
    struct rng rng = rng_make(1, RNG_TEST, 0);
    float row[FEATURES];
    struct error error;
    if (cold)
        drop(source);
    for (size_t i = 0; i < source->rows && !cold; i++)
        if (source_read(source, i, 1, row, &error))
            abort();
    posix_fadvise(source->file, 0, 0, POSIX_FADV_RANDOM);
    double began = clock_now();
    for (int i = 0; i < ONE_BY_ONE; i++)
        if (source_read(source, (size_t)rng_below(&rng, source->rows), 1, row, &error))
            abort();
    double rate = ONE_BY_ONE / (clock_now() - began);
    posix_fadvise(source->file, 0, 0, POSIX_FADV_NORMAL);
    return rate;
}

struct figures {
    double rate, data, reader_waits; // rows a second; shares
};

// Three epochs; rows are waited for as the engine does.
static struct figures train(const char *settings, struct source *source, bool cold) {
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer(settings, source, backend);
    double waited = 0, reading = 0, waiting = 0;
    struct step_result result = {0};
    double began = clock_now();
    while (!trainer_finished(trainer)) {
        struct error error;
        bool ready = false;
        if (cold && trainer_between_epochs(trainer))
            drop(source);
        double before = clock_now();
        while (!ready)
            if (trainer_wait(trainer, 0.05, &ready, &error))
                abort();
        waited += clock_now() - before;
        result = test_step(trainer);
    }
    double seconds = clock_now() - began;
    trainer_reads_ahead(trainer, &reading, &waiting);
    trainer_close(trainer);
    backend_close(backend);
    return (struct figures){.rate = (double)result.samples / seconds,
                            .data = waited / seconds,
                            .reader_waits = reading + waiting > 0 ? waiting / (reading + waiting) : 0};
}

static void print(const char *model, const char *where, size_t rows, struct figures figures, const char *peer,
                  double peer_figure) {
    printf("{\"bench\":\"feed\",\"work\":\"%s, %zu rows of %d, batch 256, %s\",\"figure\":%.0f,\"unit\":\"rows/s\","
           "\"waits_for_data\":%.3f,\"reading_waits\":%.3f,\"peer\":\"%s\",\"peer_figure\":%.0f,\"ratio\":%.2f,"
           "\"device\":\"cpu\"}\n",
           model, rows, FEATURES, where, figures.rate, figures.data, figures.reader_waits, peer, peer_figure,
           figures.rate / peer_figure);
    fflush(stdout);
}

int main(int count, char **arguments) {
    static const struct {
        const char *name, *settings;
    } models[] = {{"linear", "model=linear batch=256 epochs=3 validation=0"},
                  {"mlp 256-256", "model=mlp hidden=256,256 batch=256 epochs=3 validation=0"}};
    size_t rows = count > 1 ? strtoul(arguments[1], NULL, 10) : 1000000;
    double memory[2];
    struct source *source = source_noise(rows, FEATURES, 2, 1);
    for (int i = 0; i < 2; i++)
        memory[i] = train(models[i].settings, source, false).rate;
    source_store(source);
    drop(source);
    double warm = one_by_one(source, false), cold = one_by_one(source, true);
    for (int i = 0; i < 2; i++) {
        struct figures now = train(models[i].settings, source, true);
        print(models[i].name, "file, cold", rows, now, "rows one by one, cold", cold);
        print(models[i].name, "file, cold", rows, now, "in memory", memory[i]);
        now = train(models[i].settings, source, false);
        print(models[i].name, "file, warm", rows, now, "rows one by one, warm", warm);
        print(models[i].name, "file, warm", rows, now, "in memory", memory[i]);
    }
    source_release(source);
    return 0;
}
