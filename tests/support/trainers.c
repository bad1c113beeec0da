#include "tests/support/trainers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Not cmocka's fail: benches use these too.
static void need(enum status status, const struct error *error) {
    if (status) {
        fprintf(stderr, "%s: %s\n", status_name(status), error->text);
        abort();
    }
}

struct train_params test_params(const char *settings) {
    struct train_params params;
    char text[1024], *rest = text;
    params_defaults(&train_table, &params);
    params.weight_decay = 0; // unless the text says otherwise
    snprintf(text, sizeof text, "%s", settings);
    for (char *word = strtok_r(rest, " ", &rest); word != NULL; word = strtok_r(rest, " ", &rest)) {
        struct error error = {0};
        char *value = strchr(word, '=');
        if (value == NULL) {
            abort();
        }
        *value++ = '\0';
        need(params_set(&train_table, &params, word, value, &error), &error);
    }
    return params;
}

struct backend *test_backend(const char *name) {
    struct backend *backend = NULL;
    struct backend_options options = {.threads = 1};
    struct error error = {0};
    need(backend_open(name, &options, &backend, &error), &error);
    return backend;
}

struct trainer *test_trainer(const char *settings, struct source *source, struct backend *backend) {
    struct trainer *trainer = NULL;
    struct train_params params = test_params(settings);
    struct error error = {0};
    need(trainer_open(&trainer, &params, source, backend, &error), &error);
    return trainer;
}

struct step_result test_step(struct trainer *trainer) {
    struct step_result result;
    struct error error = {0};
    need(trainer_step(trainer, &result, &error), &error);
    return result;
}

void test_steps(struct trainer *trainer, size_t count, double *losses) {
    for (size_t i = 0; i < count; i++) {
        struct step_result result = test_step(trainer);
        if (losses != NULL) {
            losses[i] = result.loss;
        }
    }
}

void test_set(struct trainer *trainer, const char *name, const char *text) {
    struct error error = {0};
    need(trainer_set(trainer, name, text, &error), &error);
}
