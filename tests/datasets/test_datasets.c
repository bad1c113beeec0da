// Opening anything: the loader that is most sure, and a sentence for everything that is no data set.
#include <zlib.h>

#include "tests/datasets/image_files.h"
#include "tests/support/cifar_maker.h"

static void loaders_are_listed(void **state) {
    (void)state;
    assert_int_equal(loader_count(), 4);
    for (size_t i = 0; i < loader_count(); i++) {
        assert_non_null(loader_at(i)->name);
        assert_non_null(loader_at(i)->help);
    }
}

static void missing_paths_are_said(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "any");
    OPEN_BAD("", STATUS_INVALID, "No file was named");
    OPEN_BAD(in_folder(folder, "nothing.csv"), STATUS_MISSING, "nothing.csv", "no such file");
    put_file(in_folder(folder, "file"), "a,b\n1,2\n", 8);
    OPEN_BAD(in_folder(folder, "file/below.csv"), STATUS_MISSING, "no such file");
}

static void folders_without_data_say_what_was_looked_for(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "any");
    OPEN_BAD(folder, STATUS_INVALID, folder, "data_batch_*.bin", "train.bin", "train-images-idx3-ubyte", "table");
}

static void empty_files_are_refused(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "any");
    const char *path = in_folder(folder, "empty.csv");
    put_file(path, "", 0);
    OPEN_BAD(path, STATUS_INVALID, "empty.csv", "is empty");
    gzFile packed = gzopen(in_folder(folder, "empty.csv.gz"), "wb");
    assert_int_equal(gzclose(packed), Z_OK);
    OPEN_BAD(in_folder(folder, "empty.csv.gz"), STATUS_INVALID, "holds nothing");
}

static void forbidden_files_are_said(void **state) {
    (void)state;
    char folder[4096];
    if (geteuid() == 0)
        skip(); // nothing is forbidden to root
    fresh_folder(folder, "any");
    const char *path = in_folder(folder, "secret.csv");
    put_file(path, "a,b\n1,2\n", 8);
    assert_int_equal(chmod(path, 0), 0);
    OPEN_BAD(path, STATUS_IO, "secret.csv", "permission denied");
    assert_int_equal(chmod(folder, 0), 0);
    OPEN_BAD(folder, STATUS_IO, "may not be read");
    assert_int_equal(chmod(folder, 0700), 0);
}

static void devices_and_silent_pipes_are_refused_soon(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "any");
    const char *path = in_folder(folder, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    OPEN_BAD(path, STATUS_INVALID, "nobody writes");
    OPEN_BAD("/dev/null", STATUS_INVALID, "is a device");
    OPEN_BAD("/dev/zero", STATUS_INVALID, "is a device");
    assert_int_equal(mkfifo(in_folder(folder, "data_batch_1.bin"), 0600), 0);
    OPEN_BAD(folder, STATUS_INVALID, "data_batch_1.bin", "nobody writes");
}

static void binaries_are_of_no_kind(void **state) {
    (void)state;
    char folder[4096];
    unsigned char noise[5000];
    fresh_folder(folder, "any");
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * 97 + i / 7);
    put_file(in_folder(folder, "noise"), noise, sizeof noise);
    OPEN_BAD(in_folder(folder, "noise"), STATUS_INVALID, "no kind that can be read");
}

static void the_surest_loader_wins(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "any");
    assert_true(cifar_write_file(in_folder(folder, "shapes"), 2, 0, 6)); // no name to go by
    struct dataset *dataset = open_good(in_folder(folder, "shapes"));
    assert_string_equal(dataset->format, "cifar10");
    dataset_free(dataset);
    put_file(in_folder(folder, "t.csv"), "a,b\n1,x\n2,y\n", 12);
    dataset = open_good(in_folder(folder, "t.csv"));
    assert_string_equal(dataset->format, "csv");
    assert_string_equal(dataset->name, "t.csv");
    assert_int_equal(dataset->file_bytes, 12);
    assert_int_equal(dataset_rows(dataset), 2);
    dataset_free(dataset);
    gzFile packed = gzopen(in_folder(folder, "t.csv.gz"), "wb");
    assert_int_equal(gzputs(packed, "a,b\n1,x\n2,y\n3,z\n"), 16);
    assert_int_equal(gzclose(packed), Z_OK);
    dataset = open_good(in_folder(folder, "t.csv.gz"));
    assert_string_equal(dataset->format, "csv");
    assert_int_equal(dataset_rows(dataset), 3);
    dataset_free(dataset);
}

static void a_slash_at_the_end_does_not_matter(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "shapes");
    assert_true(cifar_write_folder(folder, 2, 1, 3, 1));
    struct dataset *dataset = open_good(in_folder(folder, "/"));
    assert_int_equal(dataset_rows(dataset), 4);
    assert_int_equal(strncmp(dataset->name, "shapes-", 7), 0);
    assert_null(strchr(dataset->name, '/'));
    dataset_free(dataset);
    dataset_free(NULL);
}

static void samples_are_found_where_named(void **state) {
    (void)state;
    char folder[4096], out[4096];
    struct error error = {0};
    fresh_folder(folder, "any");
    assert_int_equal(setenv("BATCHLAB_SAMPLES", folder, 1), 0);
    assert_int_equal(samples_folder(out, sizeof out, &error), STATUS_MISSING);
    assert_names(error.text, "BATCHLAB_SAMPLES");
    put_file(in_folder(folder, "iris.csv"), "a\n", 2);
    assert_int_equal(samples_folder(out, sizeof out, &error), STATUS_OK);
    assert_string_equal(out, folder);
    assert_int_equal(samples_folder(out, 5, &error), STATUS_INVALID);
    assert_int_equal(unsetenv("BATCHLAB_SAMPLES"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaders_are_listed),
        cmocka_unit_test(missing_paths_are_said),
        cmocka_unit_test(folders_without_data_say_what_was_looked_for),
        cmocka_unit_test(empty_files_are_refused),
        cmocka_unit_test(forbidden_files_are_said),
        cmocka_unit_test(devices_and_silent_pipes_are_refused_soon),
        cmocka_unit_test(binaries_are_of_no_kind),
        cmocka_unit_test(the_surest_loader_wins),
        cmocka_unit_test(a_slash_at_the_end_does_not_matter),
        cmocka_unit_test(samples_are_found_where_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
