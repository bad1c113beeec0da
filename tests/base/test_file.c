#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "tests/support/test.h"

static char folder[200];

static const char *in_folder(const char *name) {
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int make_test_folder(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/batchlab-file-XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int entries(void) {
    int count = 0;
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count - 2; // "." and ".."
}

static int remove_test_folder(void **state) {
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void write_file(const char *path, const char *text) {
    struct file_writer writer;
    struct error error;
    assert_int_equal(file_create(&writer, path, &error), STATUS_OK);
    assert_true(fputs(text, writer.stream) >= 0);
    assert_int_equal(file_commit(&writer, &error), STATUS_OK);
}

static void assert_content(const char *path, const char *text) {
    char *data;
    size_t size;
    struct error error;
    assert_int_equal(file_read(path, 0, &data, &size, &error), STATUS_OK);
    assert_int_equal(size, strlen(text));
    assert_string_equal(data, text);
    mem_free(data);
}

static void test_write_and_read(void **state) {
    (void)state;
    const char *path = in_folder("a.txt");
    int before = entries();
    assert_false(file_exists(path));
    assert_int_equal(file_size(path), -1);
    write_file(path, "first\n");
    assert_content(path, "first\n");
    write_file(path, "second version\n");
    assert_content(path, "second version\n");
    assert_int_equal(file_size(path), 15);
    assert_int_equal(entries(), before + 1); // no temporary file is left
    write_file(in_folder("empty"), "");
    assert_content(in_folder("empty"), "");
}

static void test_devices_are_written_and_links_followed(void **state) {
    (void)state;
    struct file_writer writer;
    struct error error;
    struct stat info;
    assert_int_equal(file_create(&writer, "/dev/full", &error), STATUS_OK);
    fputs("lost", writer.stream);
    assert_int_equal(file_commit(&writer, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/dev/full: writing failed: No space left"));
    assert_int_equal(stat("/dev/full", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    write_file("/dev/null", "gone");
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    write_file(in_folder("real.txt"), "old");
    assert_int_equal(symlink("real.txt", in_folder("link.txt")), 0);
    write_file(in_folder("link.txt"), "new");
    assert_content(in_folder("real.txt"), "new");
    assert_int_equal(lstat(in_folder("link.txt"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

// A path that names an open descriptor goes on behind what the file that it leads to has.
static void test_descriptors_are_written_where_they_stand(void **state) {
    (void)state;
    static const char *const folders[] = {"/dev/fd", "/proc/self/fd"};
    const char *path = in_folder("descriptor.txt");
    int before = entries();
    struct stat first, info;
    struct file_writer writer;
    struct error error;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        FILE *stream = fopen(path, "w");
        char name[64];
        assert_non_null(stream);
        fputs("one\n", stream);
        fflush(stream);
        assert_int_equal(fstat(fileno(stream), &first), 0);
        snprintf(name, sizeof name, "%s/%d", folders[i], fileno(stream));
        write_file(name, "two\n");
        fputs("three\n", stream);
        fclose(stream);
        assert_content(path, "one\ntwo\nthree\n");
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_ino, first.st_ino);
        assert_int_equal(file_create(&writer, name, &error), STATUS_IO); // closed now
        assert_non_null(strstr(error.text, name));
    }
    assert_int_equal(entries(), before + 1);
    remove(path);
}

static void test_old_file_stays_whole_until_commit(void **state) {
    (void)state;
    const char *path = in_folder("b.txt");
    struct file_writer writer, other;
    struct error error;
    write_file(path, "old");
    int before = entries();
    assert_int_equal(file_create(&writer, path, &error), STATUS_OK);
    assert_int_equal(file_create(&other, path, &error), STATUS_OK); // two at once do not collide
    fputs("new", writer.stream);
    fflush(writer.stream);
    assert_content(path, "old");
    file_abort(&writer);
    file_abort(&writer);
    file_abort(&other);
    assert_content(path, "old");
    assert_int_equal(entries(), before);
}

// A full disk, played by a limit on the size of files.
static void test_failed_write_keeps_old_file(void **state) {
    (void)state;
    const char *path = in_folder("c.txt");
    struct file_writer writer;
    struct error error = {0};
    struct rlimit before, small;
    write_file(path, "old");
    int count = entries();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 10000;
    assert_int_equal(file_create(&writer, path, &error), STATUS_OK);
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 20000; i++)
        fputc('x', writer.stream);
    enum status status = file_commit(&writer, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, STATUS_IO);
    assert_non_null(strstr(error.text, path));
    assert_content(path, "old");
    assert_int_equal(entries(), count);
}

static void test_refusals_name_the_path(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum status status;
        const char *word;
    } cases[] = {
        {"nothing-here", STATUS_MISSING, "no such file"},
        {"folder", STATUS_INVALID, "folder"},
        {"pipe", STATUS_INVALID, "pipe"},
        {"large", STATUS_INVALID, "at most 5"},
        {"large/below-a-file", STATUS_MISSING, "no such file"},
    };
    struct error error;
    assert_int_equal(file_make_folder(in_folder("folder"), &error), STATUS_OK);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    write_file(in_folder("large"), "123456");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *data = NULL;
        size_t size;
        const char *path = in_folder(cases[i].name);
        assert_int_equal(file_read(path, 5, &data, &size, &error), cases[i].status);
        assert_null(data);
        assert_non_null(strstr(error.text, path));
        assert_non_null(strstr(error.text, cases[i].word));
    }
    struct file_writer writer;
    assert_int_equal(file_create(&writer, in_folder("folder"), &error), STATUS_INVALID);
    assert_int_equal(file_create(&writer, in_folder("no/such/folder"), &error), STATUS_MISSING);
    file_abort(&writer);
}

static void test_make_folder(void **state) {
    (void)state;
    struct error error;
    struct stat info;
    assert_int_equal(file_make_folder(in_folder("x/y//z"), &error), STATUS_OK);
    assert_int_equal(file_make_folder(in_folder("x/y/z/"), &error), STATUS_OK);
    assert_true(file_is_folder(in_folder("x/y/z")));
    assert_int_equal(stat(in_folder("x/y"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    write_file(in_folder("x/file"), "");
    assert_int_equal(file_make_folder(in_folder("x/file"), &error), STATUS_INVALID);
    assert_int_equal(file_make_folder(in_folder("x/file/deeper"), &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "x/file"));
}

static void test_homes(void **state) {
    (void)state;
    struct str path = {0};
    struct error error;
    setenv("HOME", "/home/somebody", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    unsetenv("XDG_STATE_HOME");
    setenv("XDG_CACHE_HOME", "relative/is/ignored", 1);
    assert_int_equal(file_home_path(FILE_DATA, "runs.db", &path, &error), STATUS_OK);
    assert_string_equal(str_text(&path), "/data/batchlab/runs.db");
    assert_int_equal(file_home_path(FILE_STATE, NULL, &path, &error), STATUS_OK);
    assert_string_equal(str_text(&path), "/home/somebody/.local/state/batchlab");
    assert_int_equal(file_home_path(FILE_CACHE, "x", &path, &error), STATUS_OK);
    assert_string_equal(str_text(&path), "/home/somebody/.cache/batchlab/x");
    unsetenv("HOME");
    assert_int_equal(file_home_path(FILE_STATE, NULL, &path, &error), STATUS_MISSING);
    assert_non_null(strstr(error.text, "XDG_STATE_HOME"));
    str_free(&path);
}

static void test_paths(void **state) {
    (void)state;
    struct str path = {0};
    assert_string_equal(path_base("/a/b.csv"), "b.csv");
    assert_string_equal(path_base("b.csv"), "b.csv");
    assert_string_equal(path_base("/a/"), "");
    path_join(&path, "/a", "b");
    assert_string_equal(str_text(&path), "/a/b");
    path_join(&path, "/a/", "b");
    assert_string_equal(str_text(&path), "/a/b");
    path_join(&path, "", "b");
    assert_string_equal(str_text(&path), "b");
    str_free(&path);
}

// Every allocation of each call fails once: a sentence, nothing leaked, nothing left in the folder.
static void test_absolute_paths(void **state) {
    (void)state;
    struct str path = {0};
    struct error error;
    char expected[600], before[400];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_non_null(getcwd(expected, 400)); // TMPDIR may be a link
    strcat(expected, "/a/b.csv");
    assert_int_equal(file_absolute("a/b.csv", &path, &error), STATUS_OK);
    assert_string_equal(str_text(&path), expected);
    assert_int_equal(file_absolute("/x/y", &path, &error), STATUS_OK);
    assert_string_equal(str_text(&path), "/x/y");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(file_absolute("z", &path, &error), STATUS_OK);
    assert_string_equal(str_text(&path), "/z");
    assert_int_equal(chdir(before), 0);
    str_free(&path);
}

static void test_out_of_memory(void **state) {
    (void)state;
    const char *path = in_folder("d.txt");
    struct error error = {0};
    write_file(path, "text");
    int before = entries();
    for (unsigned long at = 1; at <= 3; at++) {
        struct file_writer writer;
        mem_fail_at(at);
        enum status status = file_create(&writer, path, &error);
        mem_fail_at(0);
        assert_int_equal(status, at <= 2 ? STATUS_MEMORY : STATUS_OK);
        file_abort(&writer);
        assert_int_equal(entries(), before);
    }
    char *data;
    size_t size;
    struct str home = {0};
    mem_fail_at(1);
    assert_int_equal(file_read(path, 0, &data, &size, &error), STATUS_MEMORY);
    mem_fail_at(1);
    assert_int_equal(file_make_folder(in_folder("e"), &error), STATUS_MEMORY);
    setenv("HOME", folder, 1);
    mem_fail_at(1);
    assert_int_equal(file_home_path(FILE_CONFIG, "x", &home, &error), STATUS_MEMORY);
    mem_fail_at(0);
    str_free(&home);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_devices_are_written_and_links_followed),
        cmocka_unit_test(test_descriptors_are_written_where_they_stand),
        cmocka_unit_test(test_old_file_stays_whole_until_commit),
        cmocka_unit_test(test_failed_write_keeps_old_file),
        cmocka_unit_test(test_refusals_name_the_path),
        cmocka_unit_test(test_make_folder),
        cmocka_unit_test(test_homes),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_absolute_paths),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_test_folder, remove_test_folder);
}
