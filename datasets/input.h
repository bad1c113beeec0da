// Where the bytes of data come from: a file as it lies, or what comes through standard input ("-" or
// /dev/stdin) or another pipe, first spooled into a nameless file in the cache folder, so that every
// reader may begin at the front as often as it likes. Such a spool lives as long as the program: the same
// pipe opened again gives the same bytes. Any thread; one pipe is spooled by one thread, others wait.
#ifndef DATASETS_INPUT_H
#define DATASETS_INPUT_H

#include <stdint.h>

#include "core/base/status.h"
#include "core/base/task.h"

#define INPUT_STANDARD "/dev/stdin"

// "-" is INPUT_STANDARD; any other path is itself.
const char *input_path(const char *path);

// A descriptor of its own at the first byte, closed by the caller, and how many bytes there are in all.
// `task` (may be NULL) hears of bytes that are being spooled and may cancel. Refused with a sentence: no
// such file, folders, devices, a terminal, a pipe into which nobody writes, and one that stays empty.
enum status input_open(const char *path, int *fd, uint64_t *bytes, struct task *task, struct error *error);

// Bytes of a file, or of a pipe that has been spooled; -1 when there are none yet or no such file.
int64_t input_size(const char *path);

// A file that grows (follow.h) is read up to here only, until it is set anew; UINT64_MAX: all of it again. One file at
// a time. input_end gives it, UINT64_MAX for any other.
void input_set_end(const char *path, uint64_t end);
uint64_t input_end(const char *path);

#endif
