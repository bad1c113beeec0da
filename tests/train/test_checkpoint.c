// Resuming gives the bits of never having stopped; damaged, hostile and foreign files are refused
// with a sentence and change nothing.
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checksum.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define STEPS 60

// The live changes of the run below, by the step they come before; those that its optimizer does not use are left out.
static void steer(struct trainer *trainer, size_t step) {
    const struct {
        size_t step;
        const char *name, *text;
    } changes[] = {{7, "lr", "0.03"},
                   {11, "batch", "9"},
                   {20, "momentum", "0.5"},
                   {24, "nesterov", "yes"},
                   {26, "dropout", "0.3"},
                   {31, "batch", "32"},
                   {33, "micro_batch", "5"},
                   {35, "schedule", "cosine"},
                   {36, "class_weights", "balanced"},
                   {37, "label_smoothing", "0.1"},
                   {39, "ema", "0.9"},
                   {40, "weight_decay", "0.01"},
                   {41, "beta1", "0.8"},
                   {42, "beta2", "0.99"},
                   {43, "epsilon", "1e-6"},
                   {44, "rms_decay", "0.9"},
                   {45, "epochs", "25"},
                   {46, "drop_last", "yes"},
                   {48, "decoupled", "yes"},
                   {49, "dropout", "0"},
                   {50, "clip", "0.3"},
                   {52, "warmup", "11"},
                   {54, "micro_batch", "0"},
                   {56, "ema", "0"},
                   {57, "class_weights", "none"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct param *row = params_find(&train_table, changes[i].name);
        bool for_classes =
            strcmp(changes[i].name, "label_smoothing") == 0 || strcmp(changes[i].name, "class_weights") == 0;
        if (for_classes && trainer_model(trainer)->outputs == 1) {
            continue;
        }
        if (changes[i].step == step && params_used(&train_table, row, trainer_params(trainer), NULL)) {
            test_set(trainer, changes[i].name, changes[i].text);
        }
    }
}

static void run(struct trainer *trainer, size_t from, size_t to, double *losses) {
    for (size_t step = from; step < to; step++) {
        steer(trainer, step);
        test_steps(trainer, 1, &losses[step]);
    }
}

static void assert_same_weights(struct trainer *a, struct trainer *b) {
    size_t count = trainer_model(a)->weight_count;
    float *x = mem_alloc(count, sizeof *x), *y = mem_alloc(count, sizeof *y);
    struct error error = {0};
    assert_int_equal(trainer_weights(a, x, &error), STATUS_OK);
    assert_int_equal(trainer_weights(b, y, &error), STATUS_OK);
    assert_memory_equal(x, y, count * sizeof *x);
    mem_free(x);
    mem_free(y);
}

static void assert_same_log(struct trainer *a, struct trainer *b) {
    size_t count, other;
    const struct parameter_change *x = trainer_changes(a, &count), *y = trainer_changes(b, &other);
    assert_int_equal(count, other);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(x[i].step, y[i].step);
        assert_string_equal(x[i].name, y[i].name);
        assert_string_equal(x[i].from, y[i].from);
        assert_string_equal(x[i].to, y[i].to);
    }
}

// Stops after `stop` steps and goes on in a trainer that has seen nothing of it.
static void check_resume(const char *settings, struct source *source, const char *name, size_t stop,
                         const double want[STEPS], struct trainer *whole) {
    double have[STEPS] = {0};
    struct error error = {0};
    struct backend *backend = test_backend(name);
    struct trainer *first = test_trainer(settings, source, backend);
    run(first, 0, stop, have);
    assert_int_equal(trainer_save(first, test_checkpoint, "{\"recipe\":1}", &error), STATUS_OK);
    trainer_close(first);
    backend_close(backend);
    struct checkpoint_header header;
    assert_int_equal(checkpoint_read_header(test_checkpoint, &header, &error), STATUS_OK);
    backend = test_backend(name);
    struct trainer *second = NULL;
    assert_int_equal(trainer_open(&second, &header.params, source, backend, &error), STATUS_OK);
    assert_int_equal(trainer_load(second, test_checkpoint, &error), STATUS_OK);
    assert_int_equal(trainer_steps_done(second), stop);
    run(second, stop, STEPS, have);
    assert_memory_equal(want, have, sizeof have);
    assert_same_weights(whole, second);
    assert_same_log(whole, second);
    assert_true(trainer_epochs_done(whole) == trainer_epochs_done(second));
    checkpoint_header_clear(&header);
    trainer_close(second);
    backend_close(backend);
}

static void check_run(const char *settings, struct source *source, const char *name, size_t stops, uint64_t seed) {
    double want[STEPS];
    struct rng rng = rng_make(seed, RNG_TEST, 0);
    struct backend *backend = test_backend(name);
    struct trainer *whole = test_trainer(settings, source, backend);
    run(whole, 0, STEPS, want);
    for (size_t i = 0; i < stops; i++) {
        check_resume(settings, source, name, 1 + (size_t)rng_below(&rng, STEPS - 1), want, whole);
    }
    trainer_close(whole);
    backend_close(backend);
}

// Some steps into the second epoch, without changes on the way.
static void check_short_resume(const char *settings, struct source *source) {
    enum { BEFORE = 5, ALL = 8 };
    double want[ALL], have[ALL];
    struct error error = {0};
    struct backend *backend = test_backend("cpu");
    struct trainer *whole = test_trainer(settings, source, backend), *first = test_trainer(settings, source, backend);
    test_steps(whole, ALL, want);
    test_steps(first, BEFORE, have);
    assert_int_equal(trainer_save(first, test_checkpoint, NULL, &error), STATUS_OK);
    trainer_close(first);
    struct trainer *second = test_trainer(settings, source, backend);
    assert_int_equal(trainer_load(second, test_checkpoint, &error), STATUS_OK);
    test_steps(second, ALL - BEFORE, have + BEFORE);
    assert_memory_equal(want, have, sizeof have);
    assert_same_weights(whole, second);
    trainer_close(whole);
    trainer_close(second);
    backend_close(backend);
}

static void every_net_of_images_resumes(void **state) {
    (void)state;
    struct source *small = source_bars(40, 3, 8, 3, 4), *large = source_bars(15, 3, 32, 3, 4); // 32 and 12 train
    check_short_resume("model=vgg width=2 batch_norm=yes batch=9 dropout=0.3 cutout=2 lr=0.02", small);
    check_short_resume("model=resnet18 width=2 batch=9 lr=0.02 optimizer=adamw", small);
    check_short_resume("model=resnet20 width=2 batch=9 lr=0.02 ema=0.9 brightness=0.1", small);
    check_short_resume("model=resnet18_imagenet width=2 batch=4 lr=0.02 optimizer=adagrad", large);
    check_short_resume("model=fastnet batch=4 lr=0.01 optimizer=muon micro_batch=3 flip=yes", large);
    source_release(small);
    source_release(large);
}

static void resuming_gives_the_same_bits(void **state) {
    (void)state;
    struct source *table = source_blobs(110, 6, 3, 2, 4), *pair = source_blobs(110, 6, 2, 2, 4);
    const char *settings = "model=mlp hidden=12,7 batch=16 epochs=30 dropout=0.2 schedule=cosine warmup=1";
    check_run(settings, table, "ref", 12, 1);
    check_run(settings, table, "cpu", 12, 2);
    static const char *const optimizers[] = {"adagrad", "rmsprop", "adam", "adamw", "muon"};
    check_run("model=mlp hidden=9 batch=16 epochs=30 dropout=0.2 ema=0.9 clip=0.5 micro_batch=5 class_weights=balanced",
              table, "cpu", 4, 30);
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        char own[160];
        snprintf(own, sizeof own, "model=mlp hidden=9 batch=16 epochs=30 dropout=0.2 lr=0.01 optimizer=%s",
                 optimizers[i]);
        check_run(own, table, "cpu", 4, 10 + i);
        check_run(own, table, "ref", 2, 20 + i);
    }
    check_run("model=mlp loss=binary hidden=9 batch=16 epochs=30 lr=0.01 optimizer=adam", pair, "cpu", 3, 40);
    source_release(pair);
    source_index(table, 4, 9);
    source_index(table, 5, 40);
    check_run("model=mlp_embedding hidden=9 batch=16 epochs=30 dropout=0.2 lr=0.01 optimizer=adam", table, "cpu", 4, 50);
    check_run("model=mlp_embedding hidden=9 batch=16 epochs=30 micro_batch=5 ema=0.9", table, "ref", 2, 51);
    source_release(table);
    struct source *images = source_bars(110, 3, 28, 3, 4);
    check_run("model=lenet5 batch=16 epochs=30 crop_padding=2 flip=yes lr=0.02", images, "cpu", 3, 3);
    source_release(images);
    struct source *numbers = source_plane(110, 6, 1, 4);
    check_run("model=linear batch=16 epochs=30 lr=0.01 schedule=one_cycle drop_last=yes", numbers, "cpu", 6, 4);
    source_release(numbers);
}

static void resuming_gives_the_same_bits_in_bf16(void **state) {
    (void)state;
    if (!test_computes(PRECISION_BF16)) {
        skip();
    }
    struct source *images = source_bars(110, 3, 28, 3, 4);
    check_run("model=lenet5 batch=64 epochs=60 lr=0.02", images, "cpu bf16", 2, 40);
    source_release(images);
    images = source_bars(110, 3, 8, 3, 4);
    check_run("model=resnet18 width=16 batch=16 epochs=60 lr=0.02", images, "cpu bf16", 1, 41);
    source_release(images);
}

// ---- a small checkpoint to be maltreated ------------------------------------------------------------

static struct source *small_source(void) {
    return source_noise(24, 3, 2, 1);
}

static const char small_settings[] = "model=linear batch=8";

static char *small_file(struct source *source, struct backend *backend, size_t *size) {
    struct trainer *trainer = test_trainer(small_settings, source, backend);
    struct error error = {0};
    char *data = NULL;
    test_steps(trainer, 4, NULL);
    test_set(trainer, "lr", "0.01");
    assert_int_equal(trainer_save(trainer, test_checkpoint, "notes", &error), STATUS_OK);
    assert_int_equal(file_read(test_checkpoint, 0, &data, size, &error), STATUS_OK);
    trainer_close(trainer);
    return data;
}

static void write_file(const char *data, size_t size) {
    FILE *file = fopen(test_checkpoint, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

// Loading is refused with a sentence that names the file; the trainer stays where it was.
static enum status load_refused(struct trainer *trainer) {
    struct error error = {0};
    uint64_t steps = trainer_steps_done(trainer);
    double rate = trainer_params(trainer)->lr;
    enum status status = trainer_load(trainer, test_checkpoint, &error);
    if (status) {
        assert_true(status == STATUS_MEMORY || strstr(error.text, test_checkpoint) != NULL);
        assert_int_equal(trainer_steps_done(trainer), steps);
        assert_true(trainer_params(trainer)->lr == rate);
    }
    return status;
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct source *source = small_source();
    struct backend *backend = test_backend("ref");
    size_t size;
    char *data = small_file(source, backend, &size);
    struct trainer *trainer = test_trainer(small_settings, source, backend);
    double want[10], have[10];
    struct trainer *plain = test_trainer(small_settings, source, backend);
    test_steps(plain, 6, want);
    test_steps(trainer, 3, have);
    for (size_t length = 0; length < size; length++) {
        struct checkpoint_header header = {0};
        struct error error = {0};
        write_file(data, length);
        assert_int_not_equal(load_refused(trainer), STATUS_OK);
        assert_int_not_equal(checkpoint_read_header(test_checkpoint, &header, &error), STATUS_OK);
        assert_null(header.extra);
    }
    write_file(data, size);
    FILE *file = fopen(test_checkpoint, "ab");
    fputc('x', file);
    fclose(file);
    assert_int_not_equal(load_refused(trainer), STATUS_OK);
    test_steps(trainer, 3, have + 3); // nothing of all that has touched the run
    assert_memory_equal(want, have, 6 * sizeof *want);
    trainer_close(plain);
    trainer_close(trainer);
    mem_free(data);
    backend_close(backend);
    source_release(source);
}

static void every_flipped_bit_is_refused(void **state) {
    (void)state;
    struct source *source = small_source();
    struct backend *backend = test_backend("ref");
    size_t size;
    char *data = small_file(source, backend, &size);
    struct trainer *trainer = test_trainer(small_settings, source, backend);
    for (size_t bit = 0; bit < size * 8; bit += bit < 8 * 128 ? 1 : 5) {
        data[bit / 8] = (char)(data[bit / 8] ^ (1 << bit % 8));
        write_file(data, size);
        assert_int_not_equal(load_refused(trainer), STATUS_OK);
        data[bit / 8] = (char)(data[bit / 8] ^ (1 << bit % 8));
    }
    write_file(data, size);
    assert_int_equal(load_refused(trainer), STATUS_OK);
    trainer_close(trainer);
    mem_free(data);
    backend_close(backend);
    source_release(source);
}

static uint64_t get(const char *at, int bytes) {
    uint64_t value = 0;
    memcpy(&value, at, (size_t)bytes);
    return value;
}

// The file's format by hand (sections.h): makes the checksum of the section at `at` right again.
static void seal_section(char *at) {
    uint64_t length = get(at + 8, 8);
    uint32_t crc = checksum_crc32c(0, at, 4);
    crc = checksum_crc32c(crc, at + 8, 8);
    crc = checksum_crc32c(crc, at + 16, length);
    memcpy(at + 4, &crc, 4);
}

// Damage that comes with correct checksums: any byte before the weights becomes 0xff.
static void hostile_contents_never_crash(void **state) {
    (void)state;
    struct source *source = small_source();
    struct backend *backend = test_backend("ref");
    size_t size;
    char *data = small_file(source, backend, &size);
    struct trainer *trainer = test_trainer(small_settings, source, backend);
    char *section = data + 28;
    for (int i = 0; i < 5; i++) {
        size_t length = (size_t)get(section + 8, 8);
        for (size_t at = 16; at < 16 + length; at++) {
            char kept = section[at];
            struct trainer *opened = NULL;
            struct error error = {0};
            section[at] = (char)0xff;
            seal_section(section);
            write_file(data, size);
            struct trainer *target = test_trainer(small_settings, source, backend);
            load_refused(target);
            trainer_open_checkpoint(&opened, test_checkpoint, source, backend, &error);
            trainer_close(opened);
            trainer_close(target);
            section[at] = kept;
            seal_section(section);
        }
        section += 16 + length;
    }
    trainer_close(trainer);
    mem_free(data);
    backend_close(backend);
    source_release(source);
}

// A header that asks for a model of billions of weights is refused before anything is allocated.
static void giant_models_are_refused(void **state) {
    (void)state;
    struct source *source = source_noise(24, 3, 2, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=mlp hidden=11111,11 batch=8", source, backend), *opened = NULL;
    struct error error = {0};
    char *data = NULL;
    size_t size;
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(file_read(test_checkpoint, 0, &data, &size, &error), STATUS_OK);
    char *widths = NULL;
    for (size_t i = 0; i + 8 < size && widths == NULL; i++) {
        widths = memcmp(data + i, "11111,11", 8) == 0 ? data + i : NULL;
    }
    assert_non_null(widths);
    memcpy(widths, "8192,8e4", 8); // not a list of widths
    seal_section(data + 28);
    write_file(data, size);
    assert_int_equal(trainer_open_checkpoint(&opened, test_checkpoint, source, backend, &error), STATUS_INVALID);
    memcpy(widths, "9999,999", 8);
    seal_section(data + 28);
    write_file(data, size);
    assert_int_equal(trainer_open_checkpoint(&opened, test_checkpoint, source, backend, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "fewer weights"));
    assert_null(opened);
    mem_free(data);
    test_close(trainer, backend, source);
}

static void foreign_files_are_refused(void **state) {
    (void)state;
    struct source *source = small_source(), *other = source_noise(24, 3, 2, 2), *wide = source_noise(24, 4, 2, 1);
    struct backend *backend = test_backend("ref");
    size_t size;
    struct error error = {0};
    struct checkpoint_header header = {0};
    mem_free(small_file(source, backend, &size));
    struct trainer *trainer = test_trainer(small_settings, other, backend);
    assert_int_equal(trainer_load(trainer, test_checkpoint, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "other data"));
    trainer_close(trainer);
    trainer = test_trainer("model=mlp hidden=5 batch=8", source, backend);
    assert_int_equal(trainer_load(trainer, test_checkpoint, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "another model (model linear"));
    trainer_close(trainer);
    trainer = NULL;
    assert_int_equal(trainer_open_checkpoint(&trainer, test_checkpoint, wide, backend, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "reads 3"));
    assert_int_equal(checkpoint_read_header(test_folder, &header, &error), STATUS_INVALID);
    assert_int_equal(checkpoint_read_header("/tmp/there/is/none.ckpt", &header, &error), STATUS_MISSING);
    assert_int_equal(checkpoint_read_header("/dev/zero", &header, &error), STATUS_INVALID);
    const char *table = "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n";
    write_file(table, strlen(table));
    assert_int_equal(checkpoint_read_header(test_checkpoint, &header, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "not a checkpoint"));
    backend_close(backend);
    source_release(source);
    source_release(other);
    source_release(wide);
}

static void header_and_extra_text(void **state) {
    (void)state;
    struct source *source = source_bars(40, 3, 28, 4, 1);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer("model=lenet5 batch=8 lr=0.0123 seed=77", source, backend);
    struct checkpoint_header header = {0};
    struct error error = {0};
    test_steps(trainer, 5, NULL);
    assert_int_equal(trainer_save(trainer, test_checkpoint, "{\"a\":\"ü\"}\n", &error), STATUS_OK);
    assert_int_equal(checkpoint_read_header(test_checkpoint, &header, &error), STATUS_OK);
    assert_string_equal(header.extra, "{\"a\":\"ü\"}\n");
    assert_int_equal(header.step, 5);
    assert_int_equal(header.fingerprint, source->fingerprint);
    assert_true(header.params.lr == 0.0123 && header.params.seed == 77);
    assert_int_equal(header.sample_rank, 3);
    assert_int_equal(header.sample[0], 3);
    assert_int_equal(header.sample[2], 28);
    assert_int_equal(header.outputs, 4);
    checkpoint_header_clear(&header);
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(checkpoint_read_header(test_checkpoint, &header, &error), STATUS_OK);
    assert_null(header.extra);
    checkpoint_header_clear(&header);
    test_close(trainer, backend, source);
}

// A model opened for prediction predicts as the run did, on data without training rows.
static void opened_for_prediction(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 2, 1), *fresh = source_blobs(50, 4, 3, 2, 2);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer("model=mlp hidden=6 dropout=0.5 batch=8", source, backend), *opened = NULL;
    struct error error = {0};
    uint32_t rows[50];
    float want[150], have[150];
    test_steps(trainer, 20, NULL);
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    source_split(fresh, 1, PART_TEST);
    for (uint32_t i = 0; i < 50; i++) {
        rows[i] = i;
    }
    assert_int_equal(trainer_open_checkpoint(&opened, test_checkpoint, fresh, backend, &error), STATUS_OK);
    assert_int_equal(trainer_predict(trainer, fresh, rows, 50, want, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_predict(opened, fresh, rows, 50, have, NULL, &error), STATUS_OK);
    assert_memory_equal(want, have, sizeof want);
    struct evaluation evaluation;
    assert_int_equal(trainer_evaluate(opened, PART_TEST, &evaluation, NULL, &error), STATUS_OK);
    double correct = 0;
    for (size_t i = 0; i < 50; i++) {
        size_t best = 0;
        for (size_t c = 1; c < 3; c++) {
            best = have[i * 3 + c] > have[i * 3 + best] ? c : best;
        }
        correct += best == (size_t)fresh->labels[i];
    }
    assert_true(evaluation.accuracy == correct / 50);
    struct step_result result;
    assert_int_equal(trainer_step(opened, &result, &error), STATUS_STATE);
    assert_int_equal(trainer_set(opened, "lr", "1", &error), STATUS_STATE);
    assert_int_equal(trainer_save(opened, test_checkpoint, NULL, &error), STATUS_STATE);
    assert_int_equal(trainer_load(opened, test_checkpoint, &error), STATUS_STATE);
    assert_int_equal(trainer_steps_left(opened), 0);
    trainer_close(opened);
    test_close(trainer, backend, source);
    source_release(fresh);
}

static void any_failed_allocation(void **state) {
    (void)state;
    struct source *source = small_source();
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer(small_settings, source, backend);
    enum status status = STATUS_MEMORY;
    test_steps(trainer, 2, NULL);
    unlink(test_checkpoint);
    unsigned long at = 1;
    for (; status != STATUS_OK; at++) {
        struct error error = {0};
        mem_fail_at(at);
        status = trainer_save(trainer, test_checkpoint, "notes", &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || (status == STATUS_MEMORY && !file_exists(test_checkpoint)));
    }
    assert_true(at > 3);
    test_steps(trainer, 2, NULL);
    status = STATUS_MEMORY;
    for (at = 1; status != STATUS_OK; at++) {
        mem_fail_at(at);
        status = load_refused(trainer);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
        assert_int_equal(trainer_steps_done(trainer), status == STATUS_OK ? 2 : 4);
    }
    assert_true(at > 3);
    status = STATUS_MEMORY;
    for (at = 1; status != STATUS_OK; at++) {
        struct trainer *opened = NULL;
        struct error error = {0};
        mem_fail_at(at);
        status = trainer_open_checkpoint(&opened, test_checkpoint, source, backend, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
        trainer_close(opened);
    }
    assert_true(at > 10);
    test_close(trainer, backend, source);
}

static void saving_where_nothing_can_be_written(void **state) {
    (void)state;
    struct source *source = small_source();
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer(small_settings, source, backend);
    struct error error = {0};
    assert_int_equal(trainer_save(trainer, "/tmp/there/is/none.ckpt", NULL, &error), STATUS_MISSING);
    assert_non_null(strstr(error.text, "/tmp/there/is/none.ckpt"));
    assert_int_equal(trainer_save(trainer, test_folder, NULL, &error), STATUS_INVALID);
    test_close(trainer, backend, source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resuming_gives_the_same_bits),
        cmocka_unit_test(every_net_of_images_resumes),
        cmocka_unit_test(resuming_gives_the_same_bits_in_bf16),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(hostile_contents_never_crash),
        cmocka_unit_test(giant_models_are_refused),
        cmocka_unit_test(foreign_files_are_refused),
        cmocka_unit_test(header_and_extra_text),
        cmocka_unit_test(opened_for_prediction),
        cmocka_unit_test(saving_where_nothing_can_be_written),
        cmocka_unit_test(any_failed_allocation),
    };
    return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
