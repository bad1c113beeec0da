// CIFAR-10 and CIFAR-100 binary files: generated ones against the drawing itself, damaged ones against
// the sentence they must give, and real ones ($BATCHLAB_DATA) against figures that numpy reads from
// the same files by the published layout.
#include "tests/datasets/image_files.h"
#include "tests/support/cifar_maker.h"

enum { RECORD = 1 + SHAPE_PIXELS };

static void folder_has_every_record_in_order(void **state) {
    (void)state;
    char folder[4096];
    uint8_t drawn[SHAPE_PIXELS];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 3, 3, 40, 30));
    struct dataset *dataset = open_good(folder);
    const struct image_set *images = dataset->images;
    assert_string_equal(dataset->format, "cifar10");
    assert_int_equal(dataset->kind, DATASET_IMAGES);
    assert_int_equal(dataset->file_bytes, 150 * RECORD);
    assert_int_equal(dataset_rows(dataset), 150);
    assert_int_equal(images->test_from, 120);
    assert_int_equal(images->classes, 10);
    assert_int_equal(images->channels * 10000 + images->height * 100 + images->width, 33232);
    for (size_t i = 0; i < 150; i++) {
        shape_draw(3, i, SHAPE_SIDE, drawn);
        assert_int_equal(images->labels[i], shape_label(3, i));
        assert_memory_equal(images->pixels + i * SHAPE_PIXELS, drawn, SHAPE_PIXELS);
    }
    for (size_t i = 0; i < 10; i++)
        assert_string_equal(images->class_names[i], shape_names[i]);
    assert_int_equal(dataset->notes.count, 0);
    dataset_free(dataset);
}

static void ten_files_come_in_numeric_order(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 4, 11, 2, 1));
    struct dataset *dataset = open_good(folder);
    for (size_t i = 0; i < 23; i++)
        assert_int_equal(dataset->images->labels[i], shape_label(4, i));
    dataset_free(dataset);
}

// Planes are red, green, blue, each row by row: one byte is set in a zero record at a time.
static void planes_are_row_major(void **state) {
    (void)state;
    char folder[4096];
    unsigned char record[RECORD] = {7};
    fresh_folder(folder, "cifar");
    const char *path = in_folder(folder, "one.bin");
    record[1 + 1024 + 5 * 32 + 17] = 200;
    record[1 + 2 * 1024 + 31 * 32] = 100;
    put_file(path, record, sizeof record);
    struct dataset *dataset = open_good(path);
    assert_int_equal(pixel(dataset->images, 0, 1, 5, 17), 200);
    assert_int_equal(pixel(dataset->images, 0, 2, 31, 0), 100);
    assert_int_equal(pixel(dataset->images, 0, 0, 5, 17), 0);
    assert_int_equal(dataset->images->labels[0], 7);
    dataset_free(dataset);
}

static void single_file_has_official_names_and_no_test_part(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    const char *path = in_folder(folder, "data_batch_1.bin");
    assert_true(cifar_write_file(path, 1, 0, 9));
    struct dataset *dataset = open_good(path);
    assert_string_equal(dataset->name, "data_batch_1.bin");
    assert_int_equal(dataset->images->count, 9);
    assert_int_equal(dataset->images->test_from, 9);
    assert_string_equal(dataset->images->class_names[0], "airplane");
    assert_string_equal(dataset->images->class_names[9], "truck");
    assert_true(has_note(dataset, "batches.meta.txt"));
    assert_true(has_note(dataset, "no test part"));
    dataset_free(dataset);
}

static void folder_without_test_file_is_fine_and_said(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 1, 2, 5, 0));
    struct dataset *dataset = open_good(folder);
    assert_int_equal(dataset->images->test_from, 10);
    assert_true(has_note(dataset, "test_batch.bin"));
    dataset_free(dataset);
}

static void truncated_files_are_refused_with_bytes_and_record(void **state) {
    (void)state;
    char folder[4096], found[64], end[64];
    static const size_t lengths[] = {
        1, 2, 100, RECORD - 1, RECORD + 1, 2 * RECORD - 1, 2 * RECORD + 1500, 3 * RECORD - 1};
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 1, 1, 3, 2));
    const char *path = in_folder(folder, "data_batch_1.bin");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_true(cifar_write_file(path, 1, 0, 3));
        assert_int_equal(truncate(path, (off_t)lengths[i]), 0);
        size_t record = lengths[i] / RECORD + 1;
        snprintf(found, sizeof found, "%zu bytes", lengths[i]);
        snprintf(end, sizeof end, "record %zu ends at byte %zu", record, record * RECORD);
        OPEN_BAD(folder, STATUS_INVALID, "data_batch_1.bin", found, end);
        OPEN_BAD(path, STATUS_INVALID, "data_batch_1.bin", found, end);
    }
    assert_int_equal(truncate(path, 0), 0);
    OPEN_BAD(folder, STATUS_INVALID, "data_batch_1.bin", "empty");
}

static void labels_out_of_range_are_refused_with_their_record(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 1, 1, 400, 2));
    set_byte(in_folder(folder, "data_batch_1.bin"), 299L * RECORD, 10);
    OPEN_BAD(folder, STATUS_INVALID, "data_batch_1.bin", "record 300 ", "label 10", "0 to 9");
    OPEN_BAD(in_folder(folder, "data_batch_1.bin"), STATUS_INVALID, "record 300 ");
}

// Any flipped bit of a label gives either another label below ten or a refusal; of a pixel, that pixel.
static void flipped_bits_do_no_more_than_they_must(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    const char *path = in_folder(folder, "data_batch_1.bin");
    for (int bit = 0; bit < 8; bit++) {
        assert_true(cifar_write_file(path, 6, 0, 4));
        unsigned label = shape_label(6, 2) ^ (1u << bit);
        set_byte(path, 2L * RECORD, (unsigned char)label);
        if (label >= 10) {
            OPEN_BAD(path, STATUS_INVALID, "record 3 ");
            continue;
        }
        struct dataset *dataset = open_good(path);
        assert_int_equal(dataset->images->labels[2], label);
        dataset_free(dataset);
    }
}

static void bad_name_files_are_refused(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 1, 1, 3, 0));
    put_file(in_folder(folder, "batches.meta.txt"), "a\r\nb\r\nc\r\n\r\n", 11);
    OPEN_BAD(folder, STATUS_INVALID, "batches.meta.txt", "3 class names", "10 are needed");
}

static void test_file_alone_in_a_folder_is_refused(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_file(in_folder(folder, "test_batch.bin"), 1, 0, 3));
    OPEN_BAD(folder, STATUS_MISSING, "test_batch.bin", "data_batch_*.bin");
    dataset_free(open_good(in_folder(folder, "test_batch.bin")));
}

static void write_cifar100(const char *path, size_t count, unsigned first) {
    static unsigned char record[2 + SHAPE_PIXELS];
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        record[0] = (unsigned char)(i % 20);
        record[1] = (unsigned char)((first + i) % 100);
        record[2] = (unsigned char)i;
        record[sizeof record - 1] = (unsigned char)(255 - i);
        assert_int_equal(fwrite(record, sizeof record, 1, file), 1);
    }
    assert_int_equal(fclose(file), 0);
}

static void cifar100_uses_the_fine_label(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    write_cifar100(in_folder(folder, "train.bin"), 120, 60);
    write_cifar100(in_folder(folder, "test.bin"), 30, 5);
    struct dataset *dataset = open_good(folder);
    assert_string_equal(dataset->format, "cifar100");
    assert_int_equal(dataset->images->classes, 100);
    assert_int_equal(dataset->images->count, 150);
    assert_int_equal(dataset->images->test_from, 120);
    assert_int_equal(dataset->images->labels[50], 10);
    assert_int_equal(dataset->images->labels[120], 5);
    assert_int_equal(pixel(dataset->images, 7, 0, 0, 0), 7);
    assert_int_equal(pixel(dataset->images, 7, 2, 31, 31), 248);
    assert_string_equal(dataset->images->class_names[99], "99");
    assert_true(has_note(dataset, "fine_label_names.txt"));
    dataset_free(dataset);
    set_byte(in_folder(folder, "test.bin"), 3L * 3074, 20);
    OPEN_BAD(folder, STATUS_INVALID, "test.bin", "record 4 ", "label 20");
    set_byte(in_folder(folder, "test.bin"), 3L * 3074, 19);
    set_byte(in_folder(folder, "test.bin"), 3L * 3074 + 1, 100);
    OPEN_BAD(folder, STATUS_INVALID, "test.bin", "record 4 ", "label 100");
}

static void loading_can_be_cancelled_and_counts_bytes(void **state) {
    (void)state;
    char folder[4096];
    struct task task = {0};
    struct error error = {0};
    struct dataset *dataset = NULL;
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 1, 2, 300, 100));
    assert_int_equal(dataset_open(folder, NULL, &dataset, &task, &error), STATUS_OK);
    assert_int_equal(atomic_load(&task.total), 700 * RECORD);
    assert_int_equal(atomic_load(&task.done), 700 * RECORD);
    dataset_free(dataset);
    dataset = NULL;
    task_cancel(&task);
    assert_int_equal(dataset_open(folder, NULL, &dataset, &task, &error), STATUS_CANCELLED);
    assert_null(dataset);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "cifar");
    assert_true(cifar_write_folder(folder, 1, 2, 3, 2));
    open_with_failing_memory(folder);
    open_with_failing_memory(in_folder(folder, "test_batch.bin"));
}

// ---- real files -------------------------------------------------------------------------------------

struct point {
    size_t index, channel, row, column;
    unsigned value;
};

static void check_real(const char *name, size_t count, size_t test_from, const size_t *per_class, size_t classes,
                       const struct point *points, const unsigned long long sums[3]) {
    const char *data = getenv("BATCHLAB_DATA");
    if (!data || !file_is_folder(in_folder(data, name)))
        skip();
    struct dataset *dataset = open_good(in_folder(data, name));
    const struct image_set *images = dataset->images;
    size_t counted[100] = {0};
    unsigned long long sum[3] = {0};
    assert_int_equal(images->count, count);
    assert_int_equal(images->test_from, test_from);
    assert_int_equal(images->classes, classes);
    for (size_t i = 0; i < count; i++)
        counted[images->labels[i]]++;
    for (size_t i = 0; i < count * SHAPE_PIXELS; i++)
        sum[i / 1024 % 3] += images->pixels[i];
    assert_memory_equal(counted, per_class, classes * sizeof *counted);
    assert_memory_equal(sum, sums, sizeof sum);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pixel(images, points[i].index, points[i].channel, points[i].row, points[i].column),
                         points[i].value);
    dataset_free(dataset);
}

static void real_cifar10(void **state) {
    (void)state;
    static const size_t per_class[] = {611, 604, 578, 587, 617, 555, 609, 614, 624, 601};
    static const struct point points[] = {{0, 0, 0, 0, 59},     {0, 2, 31, 31, 72},    {1, 1, 5, 17, 236},
                                          {1000, 0, 16, 3, 66}, {5999, 2, 30, 1, 121}, {5999, 1, 0, 31, 202}};
    check_real("cifar10-head", 6000, 5000, per_class, 10, points,
               (const unsigned long long[]){773924152, 759226446, 702799511});
}

static void real_cifar100(void **state) {
    (void)state;
    static const size_t per_class[] = {17, 13, 13, 11, 12, 6,  13, 17, 16, 10, 16, 22, 13, 6,  10, 12, 7,  8,  14, 14,
                                       11, 14, 13, 10, 10, 10, 11, 15, 13, 11, 10, 13, 14, 16, 6,  10, 14, 12, 11, 19,
                                       14, 11, 15, 14, 7,  10, 14, 8,  12, 11, 7,  9,  7,  11, 12, 8,  12, 11, 13, 6,
                                       10, 8,  11, 11, 19, 14, 20, 15, 14, 8,  9,  15, 11, 13, 9,  10, 13, 15, 13, 12,
                                       11, 13, 18, 17, 8,  11, 11, 14, 9,  16, 13, 11, 9,  11, 11, 12, 14, 14, 12, 10};
    static const struct point points[] = {{0, 0, 0, 0, 255},    {0, 2, 31, 31, 79},    {1, 1, 5, 17, 144},
                                          {400, 0, 16, 3, 137}, {1199, 2, 30, 1, 134}, {1199, 1, 0, 31, 13}};
    check_real("cifar100-head", 1200, 400, per_class, 100, points,
               (const unsigned long long[]){158808657, 152840089, 138520359});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_has_every_record_in_order),
        cmocka_unit_test(ten_files_come_in_numeric_order),
        cmocka_unit_test(planes_are_row_major),
        cmocka_unit_test(single_file_has_official_names_and_no_test_part),
        cmocka_unit_test(folder_without_test_file_is_fine_and_said),
        cmocka_unit_test(truncated_files_are_refused_with_bytes_and_record),
        cmocka_unit_test(labels_out_of_range_are_refused_with_their_record),
        cmocka_unit_test(flipped_bits_do_no_more_than_they_must),
        cmocka_unit_test(bad_name_files_are_refused),
        cmocka_unit_test(test_file_alone_in_a_folder_is_refused),
        cmocka_unit_test(cifar100_uses_the_fine_label),
        cmocka_unit_test(loading_can_be_cancelled_and_counts_bytes),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(real_cifar10),
        cmocka_unit_test(real_cifar100),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
