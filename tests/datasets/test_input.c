// Data through pipes: a forked writer says what must come out, in whatever pieces and however late; every
// open begins at the front; and what is no data is refused in a sentence.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <zlib.h>

#include "core/base/clock.h"
#include "datasets/input.h"
#include "tests/datasets/image_files.h"

enum { BYTES = 700001 };

static unsigned char bytes[BYTES];

static void rest(int milliseconds) {
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static const char *make_pipe(void) {
    static unsigned number;
    static char path[4200];
    char name[32], folder[4096];
    snprintf(name, sizeof name, "pipe-%u", number++);
    fresh_folder(folder, name);
    snprintf(path, sizeof path, "%s/table.csv", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    return path;
}

// A process that opens the pipe after `late` milliseconds and writes `count` bytes, `piece` at a time.
static pid_t start_writer(const char *path, const void *from, size_t count, size_t piece, int late) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    rest(late);
    int fd = open(path, O_WRONLY);
    for (size_t at = 0; at < count;) {
        size_t now = count - at < piece ? count - at : piece;
        ssize_t written = write(fd, (const char *)from + at, now);
        if (written <= 0)
            _exit(1);
        at += (size_t)written;
        if (at < 3 * piece)
            rest(120);
    }
    _exit(0);
}

static void end_writer(pid_t pid) {
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void assert_holds(int fd, const unsigned char *expected, size_t count) {
    unsigned char *got = malloc(count + 1);
    size_t done = 0;
    assert_non_null(got);
    for (ssize_t now = 1; now > 0 && done <= count; done += (size_t)now) {
        now = read(fd, got + done, count + 1 - done);
        assert_true(now >= 0);
    }
    assert_int_equal(done, count);
    assert_memory_equal(got, expected, count);
    free(got);
}

static void every_open_gives_all_bytes_from_the_front(void **state) {
    (void)state;
    static const size_t pieces[] = {4096, 65536, 131072};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *path = make_pipe();
        int one = -1, two = -1;
        uint64_t size = 0;
        struct error error;
        assert_int_equal(input_size(path), -1);
        pid_t writer = start_writer(path, bytes, BYTES, pieces[i], i == 1 ? 700 : 0);
        if (input_open(path, &one, &size, NULL, &error))
            fail_msg("%s", error.text);
        end_writer(writer);
        assert_int_equal(size, BYTES);
        assert_int_equal(input_size(path), BYTES);
        assert_int_equal(input_open(path, &two, &size, NULL, &error), STATUS_OK);
        assert_int_equal(size, BYTES);
        unsigned char first[10];
        assert_int_equal(read(one, first, sizeof first), sizeof first);
        assert_holds(two, bytes, BYTES); // its own position
        assert_holds(one, bytes + sizeof first, BYTES - sizeof first);
        close(one);
        close(two);
    }
}

static void pipe_without_writer_is_refused_soon(void **state) {
    (void)state;
    int fd = 7;
    uint64_t size;
    struct error error;
    double before = clock_now();
    assert_int_equal(input_open(make_pipe(), &fd, &size, NULL, &error), STATUS_INVALID);
    assert_true(clock_now() - before < 10);
    assert_int_equal(fd, -1);
    assert_names(error.text, "table.csv: is a pipe into which nobody writes");
}

static void pipe_that_stays_empty_is_refused(void **state) {
    (void)state;
    int fd = -1;
    uint64_t size;
    struct error error;
    const char *path = make_pipe();
    pid_t pid = fork();
    if (pid == 0) {
        int end = open(path, O_WRONLY);
        rest(300);
        _exit(end < 0);
    }
    assert_int_equal(input_open(path, &fd, &size, NULL, &error), STATUS_INVALID);
    assert_names(error.text, "is empty");
    end_writer(pid);
}

static void waiting_can_be_cancelled(void **state) {
    (void)state;
    int fd = -1;
    uint64_t size;
    struct error error;
    struct task task = {0};
    const char *path = make_pipe();
    pid_t pid = fork();
    if (pid == 0) {
        int end = open(path, O_WRONLY);
        rest(end < 0 ? 0 : 60000); // says nothing
        _exit(1);
    }
    rest(200);
    task_cancel(&task);
    double before = clock_now();
    assert_int_equal(input_open(path, &fd, &size, &task, &error), STATUS_CANCELLED);
    assert_true(clock_now() - before < 5);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void what_holds_no_bytes_is_refused(void **state) {
    (void)state;
    int fd = -1;
    uint64_t size;
    struct error error;
    char folder[4096];
    fresh_folder(folder, "folder");
    assert_int_equal(input_open(folder, &fd, &size, NULL, &error), STATUS_INVALID);
    assert_names(error.text, "is a folder");
    assert_int_equal(input_open("/dev/zero", &fd, &size, NULL, &error), STATUS_INVALID);
    assert_names(error.text, "/dev/zero: is a device");
    assert_int_equal(input_open(in_folder(folder, "none"), &fd, &size, NULL, &error), STATUS_MISSING);
    assert_names(error.text, "none: no such file");
}

static void plain_file_is_opened_as_it_lies(void **state) {
    (void)state;
    char folder[4096];
    int fd = -1;
    uint64_t size;
    struct error error;
    fresh_folder(folder, "plain");
    const char *path = in_folder(folder, "a");
    put_file(path, bytes, 1000);
    assert_int_equal(input_open(path, &fd, &size, NULL, &error), STATUS_OK);
    assert_int_equal(size, 1000);
    assert_int_equal(input_size(path), 1000);
    assert_holds(fd, bytes, 1000);
    close(fd);
}

static void tables_and_images_come_through_pipes(void **state) {
    (void)state;
    static const char text[] = "a,b\n1,x\n2,\"y\nz\"\n3,x\n";
    unsigned char packed[200], record[3073] = {4, 9};
    uLongf length = sizeof packed;
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = sizeof text - 1,
                       .next_out = packed,
                       .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    length = stream.total_out;
    deflateEnd(&stream);
    for (int i = 0; i < 2; i++) {
        const char *path = make_pipe();
        pid_t writer = start_writer(path, i ? (const void *)packed : text, i ? length : sizeof text - 1, 7, 0);
        struct dataset *dataset = open_good(path);
        end_writer(writer);
        assert_int_equal(dataset->table->rows, 3);
        assert_int_equal(dataset->table->column_count, 2);
        assert_int_equal(dataset->file_bytes, i ? length : sizeof text - 1);
        dataset_free(dataset);
    }
    const char *path = make_pipe();
    pid_t writer = start_writer(path, record, sizeof record, sizeof record, 0);
    struct dataset *dataset = open_good(path);
    end_writer(writer);
    assert_string_equal(dataset->format, "cifar10");
    assert_int_equal(dataset->images->labels[0], 4);
    assert_int_equal(pixel(dataset->images, 0, 0, 0, 0), 9);
    dataset_free(dataset);
}

int main(void) {
    unsigned value = 5;
    for (size_t i = 0; i < BYTES; i++) {
        value = value * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(value >> 24);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_open_gives_all_bytes_from_the_front),
        cmocka_unit_test(pipe_without_writer_is_refused_soon),
        cmocka_unit_test(pipe_that_stays_empty_is_refused),
        cmocka_unit_test(waiting_can_be_cancelled),
        cmocka_unit_test(what_holds_no_bytes_is_refused),
        cmocka_unit_test(plain_file_is_opened_as_it_lies),
        cmocka_unit_test(tables_and_images_come_through_pipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
