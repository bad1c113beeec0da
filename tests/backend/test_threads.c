// Threads that share out work: every part once, and batches taken in parts give what plain loops give.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "core/backend/cpu/threads.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

struct tally {
    int job, parts;
    int seen[64];
};

static void count(void *context, int part, int parts) {
    struct tally *tally = context;
    tally->seen[part] += tally->job; // plain: only one thread may have this part
    if (parts != tally->parts)
        tally->seen[part] = -1;
}

// More parts than processors, few, one; right behind each other, some after a pause in which threads fall asleep.
static void every_part_is_done_once(void **state) {
    (void)state;
    struct tally tally;
    for (int job = 1; job <= 2000; job++) {
        memset(&tally, 0, sizeof tally);
        tally.job = job;
        tally.parts = job % 64 + 1;
        if (job % 500 == 0) {
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        }
        threads_share(tally.parts, count, &tally);
        for (int i = 0; i < 64; i++) {
            assert_int_equal(tally.seen[i], i < tally.parts ? job : 0);
        }
    }
}

static void losses_of(const char *name, int threads, const char *settings, struct source *source, double *losses,
                      size_t steps) {
    struct backend *backend = NULL;
    struct error error = {0};
    assert_int_equal(backend_open(name, &(struct backend_options){.threads = threads}, &backend, &error), STATUS_OK);
    struct trainer *trainer = test_trainer(settings, source, backend);
    test_steps(trainer, steps, losses);
    trainer_close(trainer);
    backend_close(backend);
}

// Batches large enough to be taken in parts, of even and odd sizes: each number of threads repeats its bits, and all
// agree with plain loops.
static void check(const char *settings, struct source *source) {
    enum { STEPS = 12 };
    double want[STEPS], have[STEPS], again[STEPS];
    losses_of("ref", 1, settings, source, want, STEPS);
    for (int threads = 1; threads <= 4; threads++) {
        losses_of("cpu", threads, settings, source, have, STEPS);
        losses_of("cpu", threads, settings, source, again, STEPS);
        assert_memory_equal(have, again, sizeof have);
        for (int i = 0; i < STEPS; i++) {
            if (!(fabs(have[i] - want[i]) <= 2e-5 * fabs(want[i]) + 1e-7)) {
                fail_msg("%s, %d threads, step %d: loss %.9g instead of %.9g", settings, threads, i, have[i], want[i]);
            }
        }
    }
    source_release(source);
}

static void parts_of_a_batch_give_the_whole(void **state) {
    (void)state;
    check("model=mlp hidden=64,64 batch=512 lr=0.05", source_blobs(1400, 30, 3, 1, 5));
    check("model=mlp hidden=33,17 batch=1023 lr=0.05 activation=tanh", source_blobs(1600, 31, 2, 1, 6));
    check("model=mlp hidden=64 batch=777 lr=0.05 dropout=0.2 label_smoothing=0.1", source_blobs(1600, 64, 4, 1, 7));
    check("model=mlp hidden=48,48 batch=600 lr=0.01", source_plane(1000, 20, 0.1, 8));
    check("model=mlp hidden=8 batch=300 lr=0.01 flip=yes crop_padding=2 contrast=0.3", source_bars(500, 3, 16, 4, 9));
    check("model=mlp hidden=128,128 batch=400 lr=0.003 optimizer=adam", source_blobs(1000, 64, 3, 1, 10));
    check("model=lenet5 batch=37 lr=0.02", source_bars(80, 1, 28, 4, 11));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_done_once),
        cmocka_unit_test(parts_of_a_batch_give_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
