#include "tests/support/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/support/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { ARGUMENTS_MOST = 64 };

static const char *folder(void) {
    const char *path = getenv("TMPDIR");
    return path ? path : "/tmp";
}

const char *child_path(const char *name) {
    static char paths[16][300];
    static int next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", folder(), name);
    return path;
}

void child_write(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

const char *child_file(const char *name, const char *text) {
    const char *path = child_path(name);
    child_write(path, text, strlen(text));
    return path;
}

char *child_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    fseek(file, 0, SEEK_END);
    long bytes = ftell(file);
    rewind(file);
    char *text = malloc((size_t)bytes + 1);
    assert_non_null(text);
    size_t got = fread(text, 1, (size_t)bytes, file);
    text[got] = '\0';
    if (size)
        *size = got;
    fclose(file);
    return text;
}

static void limit(int resource, size_t bytes) {
    struct rlimit most = {bytes, bytes};
    if (bytes)
        setrlimit(resource, &most);
}

// The reading end of a pipe that a process of its own fills.
static int filled_pipe(const char *bytes, size_t count) {
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    if (fork() == 0) {
        signal(SIGPIPE, SIG_DFL);
        close(ends[0]);
        for (ssize_t done = 0; count > 0 && done >= 0; bytes += done, count -= (size_t)done)
            done = write(ends[1], bytes, count);
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

// Between fork and exec.
static _Noreturn void become(const struct child_options *options, const struct child *child, const char *const *argv) {
    const char *path = getenv("BATCHLAB_PROGRAM");
    const char *words[ARGUMENTS_MOST] = {path};
    for (int i = 0; argv[i] && i < ARGUMENTS_MOST - 2; i++)
        words[i + 1] = argv[i];
    int in = options->input ? filled_pipe(options->input, options->input_length) : open("/dev/null", O_RDONLY);
    int out = open(options->output ? options->output : child->paths[0], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(child->paths[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(126);
    limit(RLIMIT_CORE, 1);
    limit(RLIMIT_FSIZE, options->file_bytes);
    if (!SANITIZED)
        limit(RLIMIT_AS, options->memory);
    if (options->nobody && geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        _exit(126);
    char *const *arguments = (char *const *)(void *)words;
    execv(path, arguments);
    _exit(127);
}

struct child child_start(const struct child_options *options, const char *const *argv) {
    static const struct child_options usual;
    static int number;
    options = options ? options : &usual;
    struct child child = {.deadline = clock_now() + (options->seconds > 0 ? options->seconds : 60)};
    assert_non_null(getenv("BATCHLAB_PROGRAM"));
    number++;
    for (int i = 0; i < 2; i++)
        snprintf(child.paths[i], sizeof child.paths[i], "%s/%s-%d", folder(), i ? "err" : "out", number);
    for (int i = 0; i < 2; i++) // there to be read even when it is killed before it opened them
        child_write(child.paths[i], "", 0);
    fflush(NULL);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0)
        become(options, &child, argv);
    return child;
}

void child_output(struct child *child) {
    free(child->out);
    child->out = child_read(child->paths[0], &child->out_length);
}

void child_wait(struct child *child) {
    int status;
    struct timespec nap = {.tv_nsec = 2000000};
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        if (clock_now() > child->deadline) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, &status, 0);
            fail_msg("the program did not end in time");
        }
        nanosleep(&nap, NULL);
    }
    child->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    child_output(child);
    child->err = child_read(child->paths[1], NULL);
    remove(child->paths[0]);
    remove(child->paths[1]);
}

struct child child_run_with(const struct child_options *options, const char *const *argv) {
    struct child child = child_start(options, argv);
    child_wait(&child);
    return child;
}

void child_free(struct child *child) {
    free(child->out);
    free(child->err);
    *child = (struct child){0};
}

void child_assert_done(const struct child *child) {
    if (child->status != 0 || strncmp(child->err, "batchlab: ", 10) == 0)
        fail_msg("exit status %d, standard error \"%s\"", child->status, child->err);
}

void child_assert_refused(const struct child *child, int status, const char *const *texts) {
    const char *err = child->err, *last = err;
    size_t length = strlen(err);
    if (child->status != status || child->out_length != 0)
        fail_msg("exit status %d in place of %d, standard output \"%s\", standard error \"%s\"", child->status, status,
                 child->out, err);
    for (size_t i = 0; i + 1 < length; i++)
        if (err[i] == '\n')
            last = err + i + 1;
    const char *first = strncmp(err, "batchlab: ", 10) == 0 ? err : strstr(err, "\nbatchlab: ");
    if (first != err && first)
        first++;
    if (first != last || err[length - 1] != '\n')
        fail_msg("standard error does not end in the one sentence: \"%s\"", err);
    for (size_t i = 0; texts[i]; i++)
        if (!strstr(last, texts[i]))
            fail_msg("\"%s\" is not in \"%s\"", texts[i], last);
}
