// The real program (its path in BATCHLAB_PROGRAM), run as a person would: arguments in; exit status,
// standard output and standard error out. It gets /dev/null for a keyboard and a deadline, so that a
// hang is a failed test. child_free releases what a result holds; failing asserts end the test.
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child_options {
    const char *output; // standard output goes here instead (/dev/full)
    const void *input;  // what comes through a pipe on standard input, `input_length` bytes; NULL = /dev/null
    size_t input_length;
    size_t memory;      // bytes of address space; 0 = no limit (sanitizers need terabytes: ignored there)
    size_t file_bytes;  // the largest file it may write; 0 = no limit
    double seconds;     // deadline; 0 = 60
    bool nobody;        // without the rights of root, to whom nothing is read-only
};

struct child {
    int status; // exit status, or 128 + the signal that ended it
    char *out, *err;
    size_t out_length;
    pid_t pid;
    double deadline;
    char paths[2][300];
};

// argv ends with NULL and leaves out the program itself.
struct child child_start(const struct child_options *options, const char *const *argv);
void child_output(struct child *child); // what it has written so far
void child_wait(struct child *child);   // to its end
struct child child_run_with(const struct child_options *options, const char *const *argv);
void child_free(struct child *child);

#define CHILD_RUN(...) child_run_with(NULL, (const char *const[]){__VA_ARGS__, NULL})

// Did as asked: exit status 0 and nothing on standard error that calls itself a failure.
void child_assert_done(const struct child *child);
// Refused: this exit status, nothing on standard output, and on standard error, after notes about the data,
// one sentence "batchlab: …" with every one of the texts (NULL-terminated list) in it.
void child_assert_refused(const struct child *child, int status, const char *const *texts);
#define REFUSED(child, status, ...) child_assert_refused(&(child), (status), (const char *const[]){__VA_ARGS__, NULL})

// A path below this test's own folder; valid until sixteen more have been made.
const char *child_path(const char *name);
void child_write(const char *path, const void *bytes, size_t count);
const char *child_file(const char *name, const char *text); // writes it; its path
char *child_read(const char *path, size_t *size);           // free()

#endif
