#include "tests/support/program.h"

#include <errno.h>
#include <fcntl.h>
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

const char *program_path(const char *name) {
    static char paths[16][300];
    static int next;
    char *path = paths[next++ % 16];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof paths[0], "%s/%s", folder ? folder : "/tmp", name);
    return path;
}

void program_write(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

const char *program_file(const char *name, const char *text) {
    const char *path = program_path(name);
    program_write(path, text, strlen(text));
    return path;
}

char *program_read(const char *path, size_t *size) {
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

// Between fork and exec.
static _Noreturn void become(const struct program_options *options, const struct program *program,
                             const char *const *argv) {
    const char *path = getenv("BATCHLAB_PROGRAM");
    const char *words[ARGUMENTS_MOST] = {path};
    for (int i = 0; argv[i] && i < ARGUMENTS_MOST - 2; i++)
        words[i + 1] = argv[i];
    int in = open("/dev/null", O_RDONLY);
    int out = open(options->output ? options->output : program->paths[0], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(program->paths[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(126);
    limit(RLIMIT_CORE, 1);
    limit(RLIMIT_FSIZE, options->file_bytes);
    if (options->file_bytes)
        signal(SIGXFSZ, SIG_IGN); // a full disk tells by errno
    if (!SANITIZED)
        limit(RLIMIT_AS, options->memory);
    char *const *arguments = (char *const *)(void *)words;
    execv(path, arguments);
    _exit(127);
}

struct program program_start(const struct program_options *options, const char *const *argv) {
    static const struct program_options usual;
    static int number;
    options = options ? options : &usual;
    struct program program = {.deadline = clock_now() + (options->seconds > 0 ? options->seconds : 60)};
    assert_non_null(getenv("BATCHLAB_PROGRAM"));
    number++;
    char name[32];
    snprintf(name, sizeof name, "out-%d", number);
    snprintf(program.paths[0], sizeof program.paths[0], "%s", program_path(name));
    snprintf(name, sizeof name, "err-%d", number);
    snprintf(program.paths[1], sizeof program.paths[1], "%s", program_path(name));
    program_write(program.paths[0], "", 0);
    fflush(NULL);
    program.pid = fork();
    assert_true(program.pid >= 0);
    if (program.pid == 0)
        become(options, &program, argv);
    return program;
}

void program_output(struct program *program) {
    free(program->out);
    program->out = program_read(program->paths[0], &program->out_length);
}

void program_wait(struct program *program) {
    int status;
    struct timespec nap = {.tv_nsec = 2000000};
    while (waitpid(program->pid, &status, WNOHANG) == 0) {
        if (clock_now() > program->deadline) {
            kill(program->pid, SIGKILL);
            waitpid(program->pid, &status, 0);
            fail_msg("the program did not end in time");
        }
        nanosleep(&nap, NULL);
    }
    program->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    program_output(program);
    program->err = program_read(program->paths[1], NULL);
    remove(program->paths[0]);
    remove(program->paths[1]);
}

struct program program_run_with(const struct program_options *options, const char *const *argv) {
    struct program program = program_start(options, argv);
    program_wait(&program);
    return program;
}

void program_free(struct program *program) {
    free(program->out);
    free(program->err);
    *program = (struct program){0};
}

void program_assert_done(const struct program *program) {
    if (program->status != 0 || strncmp(program->err, "batchlab: ", 10) == 0)
        fail_msg("exit status %d, standard error \"%s\"", program->status, program->err);
}

void program_assert_refused(const struct program *program, int status, const char *const *texts) {
    const char *err = program->err, *end = strchr(err, '\n');
    if (program->status != status || program->out_length != 0)
        fail_msg("exit status %d in place of %d, standard output \"%s\", standard error \"%s\"", program->status, status,
                 program->out, err);
    if (strncmp(err, "batchlab: ", 10) != 0 || !end || end[1] != '\0')
        fail_msg("standard error is not one sentence: \"%s\"", err);
    for (size_t i = 0; texts[i]; i++)
        if (!strstr(err, texts[i]))
            fail_msg("\"%s\" is not in \"%s\"", texts[i], err);
}
