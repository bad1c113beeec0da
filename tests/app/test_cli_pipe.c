// Standard input as data: every command prints for "-" what it prints for the file itself.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/support/child.h"
#include "tests/support/test.h"

#define IRIS "datasets/samples/iris.csv"
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static char *iris;
static size_t iris_length;

static struct child piped(const void *input, size_t length, const char *const *argv) {
    return child_run_with(&(struct child_options){.input = input, .input_length = length}, argv);
}

static void assert_same(const char *const *with_file, const char *const *with_pipe) {
    struct child expected = child_run_with(NULL, with_file), got = piped(iris, iris_length, with_pipe);
    child_assert_done(&expected);
    child_assert_done(&got);
    assert_true(expected.out_length > 100);
    assert_string_equal(got.out, expected.out);
    child_free(&expected);
    child_free(&got);
}

static void every_command_reads_a_pipe_as_it_reads_a_file(void **state) {
    (void)state;
    static const char *const names[] = {"-", "/dev/stdin"};
    for (int i = 0; i < 2; i++) {
        const char *name = names[i];
        assert_same(WORDS("cat", IRIS), WORDS("cat", name));
        assert_same(WORDS("cat", "--format", "json", IRIS), WORDS("cat", name, "--format", "json"));
        assert_same(WORDS("sniff", "--json", IRIS), WORDS("sniff", "--json", name));
        assert_same(WORDS("profile", "--json", IRIS), WORDS("profile", "--json", name));
    }
}

static void prepare_and_train_read_a_pipe(void **state) {
    (void)state;
    const char *from_file = child_path("file.csv"), *from_pipe = child_path("pipe.csv");
    struct child one = CHILD_RUN("prepare", IRIS, "--steps", "standardize", "-o", from_file);
    struct child two = piped(iris, iris_length, WORDS("prepare", "-", "--steps", "standardize", "-o", from_pipe));
    child_assert_done(&one);
    child_assert_done(&two);
    char *expected = child_read(from_file, NULL), *got = child_read(from_pipe, NULL);
    assert_true(strlen(expected) > 1000);
    assert_string_equal(got, expected);
    free(expected);
    free(got);
    child_free(&one);
    child_free(&two);
    one = piped(iris, iris_length, WORDS("train", "-", "--epochs", "2", "--json"));
    child_assert_done(&one);
    assert_non_null(strstr(one.out, "\"rows\":{\"train\":120,"));
    assert_non_null(strstr(one.out, "\"event\":\"done\""));
    child_free(&one);
}

static void gzip_on_standard_input_is_unpacked(void **state) {
    (void)state;
    const char *path = child_path("iris.csv.gz");
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, iris, (unsigned)iris_length), iris_length);
    assert_int_equal(gzclose(file), Z_OK);
    size_t size = 0;
    char *packed = child_read(path, &size);
    assert_true(size < iris_length / 2);
    struct child plain = CHILD_RUN("cat", IRIS), got = piped(packed, size, WORDS("cat", "-"));
    child_assert_done(&got);
    assert_string_equal(got.out, plain.out);
    child_free(&plain);
    child_free(&got);
    got = piped(packed, size / 2, WORDS("cat", "-"));
    assert_int_equal(got.status, 1);
    assert_non_null(strstr(got.err, "batchlab: /dev/stdin: "));
    assert_non_null(strstr(got.err, "cut short"));
    child_free(&got);
    free(packed);
}

static void notes_name_standard_input_and_the_line(void **state) {
    (void)state;
    static const char text[] = "a,b\n1,2\n3\n5,6\n";
    struct child got = piped(text, sizeof text - 1, WORDS("profile", "-"));
    child_assert_done(&got);
    assert_non_null(strstr(got.err, "/dev/stdin:3: "));
    child_free(&got);
}

static void refused(const void *input, size_t length, const char *const *argv, const char *const *texts) {
    struct child got = piped(input, length, argv);
    child_assert_refused(&got, 1, texts);
    child_free(&got);
}

static void empty_input_and_devices_are_refused(void **state) {
    (void)state;
    static const char *const commands[] = {"cat", "sniff", "profile", "train"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        refused("", 0, WORDS(commands[i], "-"), WORDS("/dev/stdin: is empty"));
        refused(NULL, 0, WORDS(commands[i], "-"), WORDS("/dev/stdin: is a device")); // /dev/null
    }
}

static size_t files_in(const char *folder) {
    DIR *stream = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        count += entry->d_name[0] != '.';
    if (stream)
        closedir(stream);
    return count;
}

static void full_disk_is_said_and_nothing_stays_behind(void **state) {
    (void)state;
    const char *cache = child_path("cache-of-pipes");
    char *usual = strdup(getenv("XDG_CACHE_HOME")), folder[400];
    size_t length = (size_t)3 << 20;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, '1', length);
    for (size_t i = 9; i < length; i += 10)
        text[i] = '\n';
    memcpy(text, "a", 1);
    setenv("XDG_CACHE_HOME", cache, 1);
    struct child got =
        child_run_with(&(struct child_options){.input = text, .input_length = length, .file_bytes = (size_t)1 << 20},
                       WORDS("profile", "-"));
    child_assert_refused(&got, 1, WORDS("cache-of-pipes", "does not fit", "XDG_CACHE_HOME"));
    child_free(&got);
    got = piped(text, length, WORDS("profile", "-"));
    child_assert_done(&got);
    assert_non_null(strstr(got.out, "stdin: 314572 rows"));
    child_free(&got);
    snprintf(folder, sizeof folder, "%s/batchlab", cache);
    struct stat info;
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(files_in(folder), 0);
    setenv("XDG_CACHE_HOME", usual, 1);
    free(usual);
    free(text);
}

int main(void) {
    iris = child_read(IRIS, &iris_length);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_reads_a_pipe_as_it_reads_a_file),
        cmocka_unit_test(prepare_and_train_read_a_pipe),
        cmocka_unit_test(gzip_on_standard_input_is_unpacked),
        cmocka_unit_test(notes_name_standard_input_and_the_line),
        cmocka_unit_test(empty_input_and_devices_are_refused),
        cmocka_unit_test(full_disk_is_said_and_nothing_stays_behind),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(iris);
    return failed;
}
