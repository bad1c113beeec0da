// A store in a folder of its own and records to put into it. What goes wrong ends the test with its sentence.
#ifndef TESTS_STORE_STORE_SUPPORT_H
#define TESTS_STORE_STORE_SUPPORT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/store.h"
#include "tests/support/test.h"

static char folder[64], path[96];
static struct error error;

static inline int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/batchlab-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/runs.db", folder);
    error = (struct error){0};
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static inline void must(enum status status) {
    if (status)
        fail_msg("%s", error.text);
}

static inline struct store *open_store(void) {
    struct store *store = NULL;
    must(store_open(&store, path, &error));
    return store;
}

static inline struct epoch_row epoch_of(uint64_t number) {
    double n = (double)number;
    return (struct epoch_row){.epoch = number,
                              .step = 40 * number,
                              .samples = 1000 * number,
                              .seconds = 0.1 * n,
                              .lr = 1.0 / 3 / n,
                              .batch = 25,
                              .train_loss = 1 / n,
                              .train_accuracy = 1 - 0.3 / n,
                              .train_rmse = NAN,
                              .val_loss = 1.1 / n,
                              .val_accuracy = 1 - 0.4 / n,
                              .val_rmse = NAN,
                              .samples_per_s = 1e4 + n};
}

static inline struct run_record record_of(enum run_state state) {
    struct run_record run = {.started = 1700000000.25,
                             .state = state,
                             .name = "mlp · breast_cancer.csv",
                             .data_path = "/data/it's \"quoted\".csv",
                             .model = "mlp",
                             .device = "a CPU",
                             .precision = "f32",
                             .steps = 123,
                             .samples = 4567,
                             .epochs = 3,
                             .seconds = 1.0 / 3,
                             .classify = true,
                             .train_rows = 400,
                             .validation_rows = 100,
                             .test_rows = 69,
                             .note = "first try"};
    params_defaults(&train_table, &run.params);
    run.params.lr = 0.1 + 0.2;
    run.params.batch = 77;
    strcpy(run.params.hidden, "17,3");
    run.final_row = epoch_of(3);
    run.best_row = epoch_of(2);
    return run;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
