// Trainers for tests: parameters in one line, a backend by name, failures end the test with their sentence.
#ifndef TESTS_SUPPORT_TRAINERS_H
#define TESTS_SUPPORT_TRAINERS_H

#include "core/train/trainer.h"

// Defaults, then "name=value name=value …". The result is overwritten by nothing; copy freely.
struct train_params test_params(const char *settings);
// One thread; "cpu", or "cpu bf16" for another precision; backend_close ends it. The GPU: in
// op_case_precision.
struct backend *test_backend(const char *name);
bool test_computes(enum precision precision); // does the cpu backend?
struct trainer *test_trainer(const char *settings, struct source *source, struct backend *backend);
void test_close(struct trainer *trainer, struct backend *backend, struct source *source); // all three of them
struct step_result test_step(struct trainer *trainer);
// `count` steps; losses: [count], or NULL.
void test_steps(struct trainer *trainer, size_t count, double *losses);
// What the next step multiplies gradients by, where it does: fp16 begins with 65536, at which steps of nets with few
// values behind a batch norm are skipped, and then a curve is not that of plain loops.
void test_scale(struct trainer *trainer, float factor);
void test_set(struct trainer *trainer, const char *name, const char *text);
double test_norm(struct trainer *trainer, enum slot slot, size_t count); // of the first `count` floats there
// Weights that tests/fixtures/make_train.py and make_nets.py compute too: of a product uniform in ±1/√fan_in, a norm's
// scale in 0.5 … 1.5, its shift in ±0.2, of an embedding in ±2.
void fixture_weights(struct trainer *trainer);

// A folder with a place for one checkpoint, before and after tests.
extern char test_folder[64], test_checkpoint[96];
int test_folder_make(void **state);
int test_folder_remove(void **state); // fails where anything but the checkpoint was left behind

// Opening fails with a sentence at any allocation that fails, until none does.
void test_opening_without_memory(const char *settings, struct source *source);
void test_steps_allocate_nothing(struct trainer *trainer, size_t count);

#endif
