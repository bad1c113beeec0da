// Trainers for tests: parameters in one line, a backend by name, failures end the test with their sentence.
#ifndef TESTS_SUPPORT_TRAINERS_H
#define TESTS_SUPPORT_TRAINERS_H

#include "core/train/trainer.h"

// Defaults, then "name=value name=value …". The result is overwritten by nothing; copy freely.
struct train_params test_params(const char *settings);
struct backend *test_backend(const char *name); // one thread; backend_close ends it
struct trainer *test_trainer(const char *settings, struct source *source, struct backend *backend);
struct step_result test_step(struct trainer *trainer);
// `count` steps; losses: [count], or NULL.
void test_steps(struct trainer *trainer, size_t count, double *losses);
void test_set(struct trainer *trainer, const char *name, const char *text);

#endif
