// tests/fixtures/train.txt, written by make_train.py: lines "KIND NAME COUNT value …".
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <stddef.h>

// Reads the values of one line into `values` (at most `most`); returns how many there are. Aborts
// with a message when the file or the line is not there. "weights" lines have one value, no COUNT.
size_t fixture_read(const char *kind, const char *name, double *values, size_t most);
// The same from another file.
size_t fixture_read_from(const char *path, const char *kind, const char *name, double *values, size_t most);

#endif
