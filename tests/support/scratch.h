// A folder of its own for a fuzz program, in $TMPDIR: made at the first call, removed with its files at exit.
// Everything aborts when the disk does not play along.
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

// Writes FOLDER/NAME and returns its path, good until the fourth call after this one.
const char *scratch_file(const char *name, const void *bytes, size_t count);

#endif
