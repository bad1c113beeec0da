// IDX files: generated pairs against the drawing itself, headers that lie, gzip streams that are cut,
// damaged or too long, and the shipped Fashion-MNIST part against figures read from the Debian
// package by Python.
#include <zlib.h>

#include "tests/datasets/image_files.h"
#include "tests/support/cifar_maker.h"

enum { SIDE = SHAPE_IDX_SIDE, PLANE = SIDE * SIDE };

static void check_drawn(const struct image_set *images, uint64_t seed) {
    uint8_t drawn[3 * PLANE];
    for (size_t i = 0; i < images->count; i++) {
        shape_draw(seed, i, SIDE, drawn);
        assert_int_equal(images->labels[i], shape_label(seed, i));
        assert_memory_equal(images->pixels + i * PLANE, drawn, PLANE);
    }
}

static void pairs_of_both_kinds_are_read(void **state) {
    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        char folder[4096];
        fresh_folder(folder, "mnist");
        assert_true(idx_write_pair(folder, "train", 5, 0, 50, packed == 1));
        assert_true(idx_write_pair(folder, "t10k", 5, 50, 20, packed == 1));
        struct dataset *dataset = open_good(folder);
        assert_string_equal(dataset->format, "idx");
        assert_int_equal(dataset->images->count, 70);
        assert_int_equal(dataset->images->test_from, 50);
        assert_int_equal(dataset->images->channels, 1);
        assert_int_equal(dataset->images->height, SIDE);
        assert_int_equal(dataset->images->width, SIDE);
        assert_int_equal(dataset->images->classes, 10);
        assert_string_equal(dataset->images->class_names[3], "3");
        check_drawn(dataset->images, 5);
        dataset_free(dataset);
    }
}

static void one_images_file_finds_its_labels(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "t10k", 5, 0, 20, false));
    struct dataset *dataset = open_good(in_folder(folder, "t10k-images-idx3-ubyte"));
    assert_int_equal(dataset->images->test_from, 20);
    assert_true(has_note(dataset, "no test part"));
    check_drawn(dataset->images, 5);
    dataset_free(dataset);
    OPEN_BAD(in_folder(folder, "t10k-labels-idx1-ubyte"), STATUS_INVALID, "holds labels", "open the images file");
    OPEN_BAD(folder, STATUS_MISSING, "train-images-idx3-ubyte");
    assert_int_equal(unlink(in_folder(folder, "t10k-labels-idx1-ubyte")), 0);
    OPEN_BAD(in_folder(folder, "t10k-images-idx3-ubyte"), STATUS_MISSING, "labels", "t10k-labels-idx1-ubyte");
}

// Labels packed beside plain images, and the other way round.
static void packing_may_differ(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "train", 5, 0, 20, true));
    assert_true(idx_write_pair(folder, "train", 5, 0, 20, false));
    assert_int_equal(unlink(in_folder(folder, "train-labels-idx1-ubyte")), 0);
    assert_int_equal(unlink(in_folder(folder, "train-images-idx3-ubyte.gz")), 0);
    struct dataset *dataset = open_good(folder);
    check_drawn(dataset->images, 5);
    dataset_free(dataset);
}

static void headers_that_lie_are_refused(void **state) {
    (void)state;
    static const struct {
        long at;
        unsigned char value;
        enum status status;
        const char *says;
    } lies[] = {
        {4, 0xff, STATUS_INVALID, "promises 4278190100 records"}, // 0xff000014
        {7, 19, STATUS_INVALID, "promises 19 records"},
        {7, 21, STATUS_INVALID, "record 20 is the last whole one"},
        {7, 0, STATUS_INVALID, "0 records"},
        {11, 0, STATUS_INVALID, "0 rows"},
        {15, 27, STATUS_INVALID, "promises 20 records"},
        {8, 0x80, STATUS_INVALID, "pixels wide or high"},
        {0, 1, STATUS_INVALID, "00 00 08 03"},
        {2, 0x0d, STATUS_UNSUPPORTED, "type 0d"},
        {3, 2, STATUS_INVALID, "2 dimensions"},
        {3, 4, STATUS_INVALID, "4 dimensions"},
    };
    char folder[4096];
    fresh_folder(folder, "mnist");
    const char *path = in_folder(folder, "train-images-idx3-ubyte");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        assert_true(idx_write_pair(folder, "train", 5, 0, 20, false));
        set_byte(path, lies[i].at, lies[i].value);
        OPEN_BAD(folder, lies[i].status, "train-images-idx3-ubyte", lies[i].says);
    }
}

static void plain_files_may_be_cut_anywhere(void **state) {
    (void)state;
    char folder[4096];
    size_t whole = 16 + 5 * PLANE;
    fresh_folder(folder, "mnist");
    const char *path = in_folder(folder, "train-images-idx3-ubyte");
    for (size_t length = 0; length < whole; length += length < 20 ? 1 : 397) {
        assert_true(idx_write_pair(folder, "train", 5, 0, 5, false));
        assert_int_equal(truncate(path, (off_t)length), 0);
        OPEN_BAD(folder, STATUS_INVALID, "train-images-idx3-ubyte");
    }
    assert_true(idx_write_pair(folder, "train", 5, 0, 5, false));
    assert_int_equal(truncate(path, (off_t)whole - 1), 0);
    OPEN_BAD(folder, STATUS_INVALID, "3936 bytes in all", "the file has 3935", "record 4 is the last whole one");
}

static char *slurp(const char *path, size_t *size) {
    char *data = NULL;
    struct error error;
    assert_int_equal(file_read(path, 0, &data, size, &error), STATUS_OK);
    return data;
}

// Wherever a gzip file is cut, and whichever byte of it is damaged, the end is a sentence: its
// checksum stands behind everything. Bytes that do not matter (time, system) are left out.
static void packed_files_may_be_cut_or_damaged(void **state) {
    (void)state;
    char folder[4096];
    size_t size = 0;
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "train", 5, 0, 30, true));
    const char *path = in_folder(folder, "train-images-idx3-ubyte.gz");
    char *data = slurp(path, &size);
    assert_true(size > 5000);
    for (size_t length = 1; length < size; length += length < 40 || length > size - 12 ? 1 : 997) {
        put_file(path, data, length);
        OPEN_BAD(folder, STATUS_INVALID, "train-images-idx3-ubyte.gz");
    }
    for (size_t at = 10; at < size; at += at < 40 || at > size - 10 ? 1 : 499) {
        data[at] ^= 0x10;
        put_file(path, data, size);
        OPEN_BAD(folder, STATUS_INVALID, "train-images-idx3-ubyte.gz");
        data[at] ^= 0x10;
    }
    put_file(path, data, size);
    dataset_free(open_good(folder));
    mem_free(data);
}

static void write_packed(const char *path, const unsigned char *head, size_t bytes_behind) {
    static unsigned char zeros[65536];
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, head, 16), 16);
    for (size_t done = 0; done < bytes_behind;) {
        size_t count = bytes_behind - done < sizeof zeros ? bytes_behind - done : sizeof zeros;
        assert_int_equal(gzwrite(file, zeros, (unsigned)count), count);
        done += count;
    }
    assert_int_equal(gzclose(file), Z_OK);
}

static void packed_streams_end_where_the_header_says(void **state) {
    (void)state;
    const unsigned char head[16] = {0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 28, 0, 0, 0, 28};
    const unsigned char huge[16] = {0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x3f, 0xff, 0, 0, 0x3f, 0xff};
    char folder[4096];
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "train", 5, 0, 20, true));
    const char *path = in_folder(folder, "train-images-idx3-ubyte.gz");
    write_packed(path, head, 20 * PLANE);
    dataset_free(open_good(folder));
    write_packed(path, head, 20 * PLANE + 1);
    OPEN_BAD(folder, STATUS_INVALID, "goes on after the 15696 bytes");
    write_packed(path, head, 20 * PLANE - 1);
    OPEN_BAD(folder, STATUS_INVALID, "ends after 15695 bytes", "promises 15696", "record 20 of 20");
    write_packed(path, head, 7 * PLANE);
    OPEN_BAD(folder, STATUS_INVALID, "ends after 5504 bytes", "record 8 of 20");
    write_packed(path, huge, 100000); // 2^60 bytes are never asked for
    OPEN_BAD(folder, STATUS_INVALID, "cannot come out of");
}

static void labels_belong_to_their_images(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "train", 5, 0, 20, false));
    unsigned char labels[8 + 21] = {0, 0, 8, 1, 0, 0, 0, 21};
    put_file(in_folder(folder, "train-labels-idx1-ubyte"), labels, sizeof labels);
    OPEN_BAD(folder, STATUS_INVALID, "21 labels", "20 images");
    labels[7] = 20;
    labels[8 + 12] = 200;
    put_file(in_folder(folder, "train-labels-idx1-ubyte"), labels, 8 + 20);
    OPEN_BAD(folder, STATUS_INVALID, "train-labels-idx1-ubyte", "record 13 ", "label 200", "0 to 9");
    for (size_t i = 0; i < 20; i++) // as in EMNIST: more than ten classes, and all of them there
        labels[8 + i] = (unsigned char)i;
    put_file(in_folder(folder, "train-labels-idx1-ubyte"), labels, 8 + 20);
    struct dataset *dataset = open_good(folder);
    assert_int_equal(dataset->images->classes, 20);
    assert_string_equal(dataset->images->class_names[19], "19");
    dataset_free(dataset);
}

static void fashion_is_known_by_its_name(void **state) {
    (void)state;
    struct dataset *dataset = open_good("datasets/samples/fashion-mnist");
    static const size_t train[] = {194, 216, 202, 195, 186, 200, 194, 215, 198, 200};
    static const size_t test[] = {42, 44, 54, 36, 43, 32, 39, 40, 34, 36};
    const struct image_set *images = dataset->images;
    size_t counted[2][10] = {{0}};
    unsigned long long sum[2] = {0};
    assert_int_equal(images->count, 2400);
    assert_int_equal(images->test_from, 2000);
    for (size_t i = 0; i < 2400; i++)
        counted[i >= 2000][images->labels[i]]++;
    for (size_t i = 0; i < 2400u * PLANE; i++)
        sum[i >= 2000u * PLANE] += images->pixels[i];
    assert_memory_equal(counted[0], train, sizeof train);
    assert_memory_equal(counted[1], test, sizeof test);
    assert_int_equal(sum[0], 113529887);
    assert_int_equal(sum[1], 23533672);
    assert_int_equal(pixel(images, 0, 0, 14, 14), 217);
    assert_int_equal(pixel(images, 1999, 0, 20, 9), 255);
    assert_int_equal(pixel(images, 2399, 0, 20, 9), 137);
    assert_string_equal(images->class_names[0], "T-shirt/top");
    assert_string_equal(images->class_names[9], "Ankle boot");
    assert_int_equal(dataset->notes.count, 0);
    dataset_free(dataset);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "train", 5, 0, 4, true));
    assert_true(idx_write_pair(folder, "t10k", 5, 4, 3, false));
    open_with_failing_memory(folder);
}

static void loading_can_be_cancelled_and_counts_bytes(void **state) {
    (void)state;
    char folder[4096];
    struct task task = {0};
    struct error error = {0};
    struct dataset *dataset = NULL;
    fresh_folder(folder, "mnist");
    assert_true(idx_write_pair(folder, "train", 5, 0, 40, true));
    assert_int_equal(dataset_open(folder, NULL, &dataset, &task, &error), STATUS_OK);
    assert_true(atomic_load(&task.done) >= 40 * (PLANE + 1));
    assert_true(atomic_load(&task.done) <= atomic_load(&task.total));
    dataset_free(dataset);
    dataset = NULL;
    task_cancel(&task);
    assert_int_equal(dataset_open(folder, NULL, &dataset, &task, &error), STATUS_CANCELLED);
    assert_null(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_both_kinds_are_read),
        cmocka_unit_test(one_images_file_finds_its_labels),
        cmocka_unit_test(packing_may_differ),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(plain_files_may_be_cut_anywhere),
        cmocka_unit_test(packed_files_may_be_cut_or_damaged),
        cmocka_unit_test(packed_streams_end_where_the_header_says),
        cmocka_unit_test(labels_belong_to_their_images),
        cmocka_unit_test(fashion_is_known_by_its_name),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(loading_can_be_cancelled_and_counts_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
