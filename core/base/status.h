// Errors as values. A function that can fail returns `enum status` and fills a `struct error *`
// (never NULL unless its comment says so) with one finished sentence that names the file, line,
// column or parameter and what to do. On success the error is left untouched.
// Library code never prints and never exits; a programmer's mistake asserts.
#ifndef CORE_BASE_STATUS_H
#define CORE_BASE_STATUS_H

#include <stdbool.h>

enum status {
    STATUS_OK = 0,
    STATUS_INVALID,     // bad input: file content, parameter, argument
    STATUS_MEMORY,      // out of memory, on the host or on a device
    STATUS_IO,          // reading or writing failed
    STATUS_MISSING,     // a file, run, column or library is not there
    STATUS_UNSUPPORTED, // understood, but this backend, format or build cannot do it
    STATUS_CANCELLED,   // the person asked to stop
    STATUS_STATE,       // not possible now (no run, already running)
    STATUS_DEVICE,      // the accelerator failed
    STATUS_NUMERIC,     // NaN or infinity where a finite number is needed
};

#define ERROR_TEXT_SIZE 512

struct error {
    enum status status;
    char text[ERROR_TEXT_SIZE]; // UTF-8, cut at a character boundary
};

// Fills `error` and returns `status`, so that a caller can write `return error_set(...)`.
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Puts "context: " before the text that is there and returns its status.
enum status error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// "out of memory (WHAT, BYTES needed)".
enum status error_memory(struct error *error, const char *what, unsigned long long bytes);

const char *status_name(enum status status); // "invalid", "memory", …: for logs and tests

#endif
