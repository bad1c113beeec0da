#include "tests/support/trainers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/train/state.h"
#include "tests/support/op_cases.h"
#include "tests/support/sources.h"
#include "tests/support/test.h"

char test_folder[64], test_checkpoint[96];

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
    if (strcmp(name, "cuda") == 0) {
        options.precision = op_case_precision();
    }
    struct error error = {0};
    char backend_name[16];
    size_t length = strcspn(name, " ");
    snprintf(backend_name, sizeof backend_name, "%.*s", (int)length, name);
    if (name[length] != '\0') {
        need(precision_parse(name + length + 1, &options.precision, &error), &error);
    }
    need(backend_open(backend_name, &options, &backend, &error), &error);
    return backend;
}

bool test_computes(enum precision precision) {
    struct device_info info;
    struct backend *backend = test_backend("cpu");
    backend->api->describe(backend, &info);
    backend_close(backend);
    return info.precisions & 1u << precision;
}

struct trainer *test_trainer(const char *settings, struct source *source, struct backend *backend) {
    struct trainer *trainer = NULL;
    struct train_params params = test_params(settings);
    struct error error = {0};
    need(trainer_open(&trainer, &params, source, backend, &error), &error);
    return trainer;
}

void test_close(struct trainer *trainer, struct backend *backend, struct source *source) {
    trainer_close(trainer);
    backend_close(backend);
    source_release(source);
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

void test_scale(struct trainer *trainer, float factor) {
    const float scaling[SCALING_COUNT] = {[SCALING_FACTOR] = factor};
    struct error error = {0};
    need(device_write(trainer, SLOT_SCALING, SCALING_COUNT, scaling, &error), &error);
}

void test_set(struct trainer *trainer, const char *name, const char *text) {
    struct error error = {0};
    need(trainer_set(trainer, name, text, &error), &error);
}

double test_norm(struct trainer *trainer, enum slot slot, size_t count) {
    float *values = mem_alloc(count + 1, sizeof *values);
    struct error error = {0};
    double sum = 0;
    need(device_read(trainer, slot, count, values, &error), &error);
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i] * (double)values[i];
    }
    mem_free(values);
    return sqrt(sum);
}

static double fixture_weight(const struct layer *layer, size_t j, double u) {
    if (layer->kind == &layer_batch_norm || layer->kind == &layer_layer_norm) {
        return j < layer->weight_count / 2 ? 0.5 + u : 0.2 * (2 * u - 1);
    }
    if (layer->kind == &layer_embedding) {
        return 2 * (2 * u - 1);
    }
    const int *kernel = layer->setting.convolution.kernel;
    double fan_in = (double)layer->in.size[0] * (layer->kind == &layer_dense ? 1 : kernel[0] * kernel[1]);
    return (2 * u - 1) / sqrt(fan_in);
}

void fixture_weights(struct trainer *trainer) {
    const struct model *model = trainer_model(trainer);
    float *weights = mem_alloc(model->weight_count, sizeof *weights);
    struct error error = {0};
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        for (size_t j = 0; j < layer->weight_count; j++) {
            uint32_t at = (uint32_t)(layer->weight_offset + j);
            weights[at] = (float)fixture_weight(layer, j, fixture_unit(3, at));
        }
    }
    need(trainer_set_weights(trainer, weights, &error), &error);
    mem_free(weights);
}

int test_folder_make(void **state) {
    (void)state;
    strcpy(test_folder, "/tmp/batchlab-train.XXXXXX");
    if (mkdtemp(test_folder) == NULL) {
        return 1;
    }
    snprintf(test_checkpoint, sizeof test_checkpoint, "%s/a.ckpt", test_folder);
    return 0;
}

int test_folder_remove(void **state) {
    (void)state;
    unlink(test_checkpoint);
    return rmdir(test_folder);
}

void test_opening_without_memory(const char *settings, struct source *source) {
    struct backend *backend = test_backend("ref");
    struct train_params params = test_params(settings);
    enum status status = STATUS_MEMORY;
    unsigned long at = 1;
    for (; status != STATUS_OK; at++) {
        struct trainer *trainer = NULL;
        struct error error = {0};
        mem_fail_at(at);
        status = trainer_open(&trainer, &params, source, backend, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || (status == STATUS_MEMORY && error.text[0] != '\0' && trainer == NULL));
        trainer_close(trainer);
    }
    assert_true(at > 10);
    assert_int_equal(atomic_load(&source->references), 1);
    backend_close(backend);
}

void test_steps_allocate_nothing(struct trainer *trainer, size_t count) {
    unsigned long before = mem_calls();
    test_steps(trainer, count, NULL);
    assert_int_equal(mem_calls(), before);
}
