// What is wrong with files, parameters and the machine: a sentence each, the right exit status, never a
// crash, never a hang, and no half-written result.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/cifar_maker.h"
#include "tests/support/test.h"

#define IRIS "datasets/samples/iris.csv"

static void refused(const char *const *argv, int status, const char *const *texts) {
    struct child child = child_run_with(&(struct child_options){.seconds = 60}, argv);
    child_assert_refused(&child, status, texts);
    child_free(&child);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TRAIN_REFUSED(status, texts, ...) refused(WORDS("train", __VA_ARGS__), status, texts)

// Every command that reads a file refuses this one, and names it.
static void assert_unreadable(const char *path, const char *const *texts) {
    const char *out = child_path("result.csv");
    refused(WORDS("train", path), 1, texts);
    refused(WORDS("train", path, "--json"), 1, texts);
    refused(WORDS("profile", path), 1, texts);
    refused(WORDS("profile", path, "--json"), 1, texts);
    refused(WORDS("prepare", path, "-o", out), 1, texts);
    assert_int_not_equal(access(out, F_OK), 0);
}

static void assert_no_rows_of_text(const char *path, const char *const *texts) {
    refused(WORDS("sniff", path), 1, texts);
    refused(WORDS("sniff", path, "--json"), 1, texts);
    refused(WORDS("cat", path), 1, texts);
    refused(WORDS("cat", path, "--format", "json"), 1, texts);
    assert_unreadable(path, texts);
}

// ---- files --------------------------------------------------------------------------------------------------

static void test_missing_file(void **state) {
    (void)state;
    assert_no_rows_of_text("no-such-file.csv", WORDS("no-such-file.csv"));
    assert_no_rows_of_text("", WORDS("batchlab: "));
}

static void test_empty_file(void **state) {
    (void)state;
    assert_no_rows_of_text(child_file("empty.csv", ""), WORDS("empty.csv", "empty"));
    assert_unreadable(child_file("blank.csv", "\n\n\n"), WORDS("blank.csv"));
}

static void test_folder(void **state) {
    (void)state;
    const char *path = child_path("folder");
    mkdir(path, 0700);
    assert_no_rows_of_text(path, WORDS("folder"));
}

static void test_binary_file(void **state) {
    (void)state;
    unsigned char bytes[6000];
    unsigned value = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        value = value * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(value >> 24);
    }
    const char *path = child_path("binary.csv");
    child_write(path, bytes, sizeof bytes);
    assert_no_rows_of_text(path, WORDS("binary.csv"));
    memset(bytes, 0, sizeof bytes);
    child_write(path, bytes, sizeof bytes);
    assert_no_rows_of_text(path, WORDS("binary.csv"));
}

static void test_devices_and_pipes_do_not_hang(void **state) {
    (void)state;
    const char *pipe_path = child_path("pipe.csv");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    refused(WORDS("profile", pipe_path), 1, WORDS("pipe.csv", "nobody writes"));
    refused(WORDS("cat", pipe_path), 1, WORDS("pipe.csv", "nobody writes"));
    assert_no_rows_of_text("/dev/zero", WORDS("/dev/zero"));
}

static void as_nobody(const char *const *argv, const char *const *texts) {
    struct child child = child_run_with(&(struct child_options){.nobody = true}, argv);
    if (child.status == 126 || child.status == 127) { // nobody may not start the program where it lies
        child_free(&child);
        skip();
    }
    child_assert_refused(&child, 1, texts);
    child_free(&child);
}

static void test_what_may_not_be_read_or_written(void **state) {
    (void)state;
    const char *path = child_file("secret.csv", "a,b\n1,2\n"), *place = child_path("locked");
    chmod(path, 0);
    as_nobody(WORDS("cat", path), WORDS("secret.csv", "ermission"));
    as_nobody(WORDS("profile", path), WORDS("secret.csv", "ermission"));
    mkdir(place, 0555);
    char out[400];
    snprintf(out, sizeof out, "%s/o.csv", place);
    as_nobody(WORDS("prepare", IRIS, "-o", out), WORDS("locked/o.csv", "ermission"));
    char *kept = strdup(getenv("XDG_DATA_HOME") ? getenv("XDG_DATA_HOME") : "/nowhere");
    setenv("XDG_DATA_HOME", place, 1);
    as_nobody(WORDS("runs"), WORDS("locked", "ermission"));
    as_nobody(WORDS("train", IRIS), WORDS("locked", "ermission"));
    setenv("XDG_DATA_HOME", kept, 1);
    free(kept);
}

static void test_header_only(void **state) {
    (void)state;
    assert_unreadable(child_file("header.csv", "a,b,c\n"), WORDS("header.csv", "header"));
}

static void test_one_column(void **state) {
    (void)state;
    const char *path = child_file("one.csv", "x\n1\n2\n3\n4\n5\n6\n");
    TRAIN_REFUSED(1, WORDS("one.csv", "column"), path);
    struct child child = CHILD_RUN("profile", path); // but it is a table
    child_assert_done(&child);
    child_free(&child);
}

static void test_ragged_rows_are_told_with_their_lines(void **state) {
    (void)state;
    const char *path = child_file("ragged.csv", "a,b,y\n1,2,p\n3,4\n4,5,p,9\n6,7,q\n8,9,p\n1,1,q\n2,2,p\n5,5,q\n");
    static const char *const commands[][5] = {{"profile"}, {"train", "--batch", "2", "--epochs", "1"}};
    for (size_t i = 0; i < 2; i++) {
        const char *argv[7] = {commands[i][0], path};
        for (size_t j = 1; j < 5; j++)
            argv[j + 1] = commands[i][j];
        struct child child = child_run_with(NULL, argv);
        child_assert_done(&child);
        assert_non_null(strstr(child.err, "ragged.csv:3: "));
        assert_non_null(strstr(child.err, "ragged.csv:4: "));
        child_free(&child);
    }
}

// 1 GB in one line, without a disk full of it: a hole in the file reads as NULs, so the first part is text.
static void long_line(const char *path, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    char *block = malloc(1 << 20);
    assert_non_null(block);
    for (size_t i = 0; i < 1 << 20; i++)
        block[i] = i % 8 == 7 ? ',' : (char)('0' + i % 8);
    for (size_t i = 0; i < bytes; i += 1 << 20)
        assert_int_equal(fwrite(block, 1, 1 << 20, file), 1 << 20);
    free(block);
    assert_int_equal(fclose(file), 0);
}

static void test_one_endless_line(void **state) {
    (void)state;
    const char *path = child_path("long.csv"), *out = child_path("o.csv");
    long_line(path, (size_t)160 << 20);
    static const char *const commands[] = {"train", "profile", "cat", "prepare"};
    for (size_t i = 0; i < 4; i++) {
        struct child_options limits = {.memory = (size_t)3 << 30, .seconds = 120};
        struct child child =
            child_run_with(&limits, i == 3 ? WORDS("prepare", path, "-o", out) : WORDS(commands[i], path));
        REFUSED(child, 1, "long.csv:1", "64 MiB");
        child_free(&child);
    }
    assert_int_equal(truncate(path, (off_t)1 << 30), 0); // the rest is a hole
    struct child child = child_run_with(&(struct child_options){.memory = (size_t)3 << 30}, WORDS("train", path));
    REFUSED(child, 1, "long.csv");
    child_free(&child);
    remove(path);
}

static void test_truncated_cifar(void **state) {
    (void)state;
    char folder[300], file[400];
    snprintf(folder, sizeof folder, "%s", child_path("cifar"));
    mkdir(folder, 0700);
    assert_true(cifar_write_folder(folder, 1, 2, 50, 20));
    snprintf(file, sizeof file, "%s/data_batch_2.bin", folder);
    assert_int_equal(truncate(file, 50 * 3073 - 100), 0);
    assert_unreadable(folder, WORDS("data_batch_2.bin"));
    assert_unreadable(file, WORDS("data_batch_2.bin"));
    struct child child = CHILD_RUN("prepare", child_path("cifar"), "-o", child_path("x.csv"));
    assert_int_equal(child.status, 1);
    child_free(&child);
}

// A header that promises more than the file has, then absurdly more, and one of other dimensions.
static void test_idx_that_lies(void **state) {
    (void)state;
    char folder[300], images[400];
    snprintf(folder, sizeof folder, "%s", child_path("idx"));
    mkdir(folder, 0700);
    assert_true(idx_write_pair(folder, "train", 1, 0, 40, false));
    snprintf(images, sizeof images, "%s/train-images-idx3-ubyte", folder);
    size_t size;
    char *bytes = child_read(images, &size);
    static const unsigned char counts[][4] = {{0, 0, 0, 41}, {255, 255, 255, 255}, {0, 0, 0, 0}, {0, 0, 0, 39}};
    for (size_t i = 0; i < 4; i++) {
        memcpy(bytes + 4, counts[i], 4);
        child_write(images, bytes, size);
        assert_unreadable(folder, WORDS("train-images-idx3-ubyte"));
    }
    memcpy(bytes + 4, "\0\0\0\50", 4);
    memcpy(bytes + 8, "\177\377\377\377\177\377\377\377", 8); // 2^31-1 × 2^31-1
    child_write(images, bytes, size);
    assert_unreadable(folder, WORDS("train-images-idx3-ubyte"));
    free(bytes);
}

// ---- columns and targets ------------------------------------------------------------------------------------

static void test_a_column_of_only_missing_cells(void **state) {
    (void)state;
    const char *path = child_file("missing.csv", "a,b,y\n1,,p\n2,NA,q\n3,,p\n4,,q\n5,,p\n6,NA,q\n7,,p\n8,,q\n");
    struct child child = CHILD_RUN("train", path, "--batch", "2", "--epochs", "1"); // left out, and said
    child_assert_done(&child);
    assert_non_null(strstr(child.err, "\"b\""));
    child_free(&child);
    TRAIN_REFUSED(1, WORDS("\"b\"", "no value"), path, "--target", "b", "--batch", "2");
    child = CHILD_RUN("prepare", path, "--steps", "missing", "-o", child_path("o.csv"));
    child_assert_done(&child);
    child_free(&child);
}

static void test_targets_that_cannot_be_learned(void **state) {
    (void)state;
    const char *path = child_file("one-class.csv", "a,b,y\n1,2,p\n2,3,p\n3,4,p\n4,1,p\n5,5,p\n");
    TRAIN_REFUSED(1, WORDS("\"y\"", "one class"), path);
    TRAIN_REFUSED(1, WORDS("iris.csv", "spices", "species"), IRIS, "--target", "spices");
    refused(WORDS("profile", IRIS, "--target", "spices"), 1, WORDS("spices", "species"));
    TRAIN_REFUSED(1, WORDS("species"), IRIS, "--loss", "squared");
    refused(WORDS("prepare", IRIS, "--target", "spices", "-o", child_path("o.csv")), 1, WORDS("spices"));
}

// ---- parameters ---------------------------------------------------------------------------------------------

static void test_parameters_out_of_range(void **state) {
    (void)state;
    TRAIN_REFUSED(2, WORDS("batch size 0"), IRIS, "--batch", "0");
    TRAIN_REFUSED(2, WORDS("batch size -4"), IRIS, "--batch=-4");
    TRAIN_REFUSED(2, WORDS("learning rate -1"), IRIS, "--lr", "-1");
    TRAIN_REFUSED(1, WORDS("momentum", "optimizer", "adamw"), IRIS, "--momentum", "0.5", "--optimizer", "adamw");
    TRAIN_REFUSED(1, WORDS("hidden widths", "model", "linear"), IRIS, "--model", "linear", "--hidden", "8");
    TRAIN_REFUSED(1, WORDS("hidden widths", "model auto is lenet5"), "datasets/samples/fashion-mnist", "--hidden", "32");
    TRAIN_REFUSED(2, WORDS("learning rate nan"), IRIS, "--lr", "nan");
    TRAIN_REFUSED(2, WORDS("learning rate inf"), IRIS, "--lr", "inf");
    TRAIN_REFUSED(2, WORDS("epochs 0"), IRIS, "--epochs", "0");
    TRAIN_REFUSED(2, WORDS("hidden widths 64,x"), IRIS, "--hidden", "64,x");
    TRAIN_REFUSED(2, WORDS("device tpu", "auto, cpu, cuda, ref"), IRIS, "--device", "tpu");
    TRAIN_REFUSED(2, WORDS("--steps"), IRIS, "--steps", "standardize", "--recipe", "auto");
    TRAIN_REFUSED(2, WORDS("polish", "standardize"), IRIS, "--steps", "polish");
    TRAIN_REFUSED(1, WORDS("batch size 1000", "120"), IRIS, "--batch", "1000");
    TRAIN_REFUSED(1, WORDS("lenet5"), IRIS, "--model", "lenet5");
    TRAIN_REFUSED(1, WORDS("r.json"), IRIS, "--recipe", child_file("r.json", "{\"version\":1,"));
    refused(WORDS("resume", "x"), 2, WORDS("run \"x\""));
    refused(WORDS("resume", "-3"), 2, WORDS("-3"));
    refused(WORDS("resume", "4242"), 1, WORDS("4242"));
}

static void test_a_gpu_that_is_not_there(void **state) {
    (void)state;
    struct child child = CHILD_RUN("devices", "--json");
    bool absent = strstr(child.out, "\"backend\":\"cuda\",\"available\":false") != NULL;
    child_free(&child);
    if (!absent)
        skip();
    TRAIN_REFUSED(1, WORDS("cuda"), IRIS, "--device", "cuda");
    child = CHILD_RUN("train", IRIS, "--device", "cuda", "--json");
    assert_int_equal(child.status, 1);
    assert_null(strstr(child.out, "\"start\""));
    child_free(&child);
    child = CHILD_RUN("train", IRIS, "--device", "auto", "--epochs", "1"); // the CPU takes it
    child_assert_done(&child);
    child_free(&child);
}

// ---- places to write ----------------------------------------------------------------------------------------

static size_t entries(const char *folder) {
    size_t count = 0;
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count;
}

static void test_results_that_cannot_be_written(void **state) {
    (void)state;
    refused(WORDS("prepare", IRIS, "-o", "/no/such/folder/o.csv"), 1, WORDS("/no/such/folder/o.csv"));
    refused(WORDS("prepare", IRIS, "-o", "/proc/o.csv"), 1, WORDS("/proc/o.csv"));
    refused(WORDS("prepare", IRIS, "-o", child_path("")), 1, WORDS("folder"));
    char folder[300], out[400];
    snprintf(folder, sizeof folder, "%s", child_path("full"));
    snprintf(out, sizeof out, "%s/o.csv", folder);
    mkdir(folder, 0700);
    child_write(out, "old\n", 4);
    struct child child = child_run_with(&(struct child_options){.file_bytes = 1000}, WORDS("prepare", IRIS, "-o", out));
    REFUSED(child, 1, "o.csv");
    child_free(&child);
    char *old = child_read(out, NULL); // the old file is whole, and nothing else is left
    assert_string_equal(old, "old\n");
    free(old);
    assert_int_equal(entries(folder), 3);
}

// A device is written to, never replaced by a file.
static void test_full_disk_and_devices_as_output(void **state) {
    (void)state;
    refused(WORDS("prepare", IRIS, "-o", "/dev/full"), 1, WORDS("/dev/full", "No space left"));
    refused(WORDS("profile", IRIS, "--html", "/dev/full"), 1, WORDS("/dev/full", "No space left"));
    struct stat info;
    assert_int_equal(stat("/dev/full", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    struct child child = CHILD_RUN("prepare", IRIS, "--steps", "min-max", "-o", "/dev/stdout");
    child_assert_done(&child);
    assert_int_equal(strncmp(child.out, "sepal_length,", 13), 0);
    child_free(&child);
}

static void test_standard_output_that_is_full(void **state) {
    (void)state;
    static const char *const commands[][4] = {
        {"cat", IRIS}, {"sniff", IRIS, "--json"},   {"profile", IRIS}, {"devices", "--json"}, {"train", IRIS, "--json"},
        {"--help"},    {"profile", IRIS, "--json"}, {"--man"}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *argv[5] = {commands[i][0], commands[i][1], commands[i][2], commands[i][3]};
        struct child child = child_run_with(&(struct child_options){.output = "/dev/full"}, argv);
        REFUSED(child, 1, "standard output");
        child_free(&child);
    }
}

static void test_no_place_for_runs(void **state) {
    (void)state;
    static const char *const places[] = {"/dev/null", "/proc", "/dev/null/below"};
    const char *usual = getenv("XDG_DATA_HOME");
    char *kept = usual ? strdup(usual) : NULL;
    for (size_t i = 0; i < 3; i++) {
        setenv("XDG_DATA_HOME", places[i], 1);
        refused(WORDS("runs"), 1, WORDS(i == 2 ? places[0] : places[i]));
        TRAIN_REFUSED(1, WORDS(i == 2 ? places[0] : places[i]), IRIS);
        struct child child = CHILD_RUN("profile", IRIS); // needs no such place
        child_assert_done(&child);
        child_free(&child);
    }
    const char *broken = child_path("data/batchlab/runs.db");
    mkdir(child_path("data"), 0700);
    mkdir(child_path("data/batchlab"), 0700);
    child_write(broken, "this is no database, whatever its name may say\n", 47);
    setenv("XDG_DATA_HOME", child_path("data"), 1);
    refused(WORDS("runs"), 1, WORDS("runs.db"));
    if (kept)
        setenv("XDG_DATA_HOME", kept, 1);
    else
        unsetenv("XDG_DATA_HOME");
    free(kept);
}

static void test_a_disk_that_fills_while_training(void **state) {
    (void)state;
    struct child child = child_run_with(&(struct child_options){.file_bytes = 70000},
                                        WORDS("train", IRIS, "--epochs", "2000", "--hidden", "400,400"));
    assert_int_equal(child.status, 1);
    assert_int_equal(strncmp(child.err, "batchlab: ", 10), 0);
    child_free(&child);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_empty_file),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_binary_file),
        cmocka_unit_test(test_devices_and_pipes_do_not_hang),
        cmocka_unit_test(test_what_may_not_be_read_or_written),
        cmocka_unit_test(test_header_only),
        cmocka_unit_test(test_one_column),
        cmocka_unit_test(test_ragged_rows_are_told_with_their_lines),
        cmocka_unit_test(test_one_endless_line),
        cmocka_unit_test(test_truncated_cifar),
        cmocka_unit_test(test_idx_that_lies),
        cmocka_unit_test(test_a_column_of_only_missing_cells),
        cmocka_unit_test(test_targets_that_cannot_be_learned),
        cmocka_unit_test(test_parameters_out_of_range),
        cmocka_unit_test(test_a_gpu_that_is_not_there),
        cmocka_unit_test(test_results_that_cannot_be_written),
        cmocka_unit_test(test_full_disk_and_devices_as_output),
        cmocka_unit_test(test_standard_output_that_is_full),
        cmocka_unit_test(test_no_place_for_runs),
        cmocka_unit_test(test_a_disk_that_fills_while_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
