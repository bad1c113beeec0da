#include "core/base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

// Formats into a buffer of its own, because the arguments may point into `error`.
static void set_text(struct error *error, const char *format, va_list arguments) {
    char text[ERROR_TEXT_SIZE];
    int length = vsnprintf(text, sizeof text, format, arguments);
    if (length < 0)
        text[0] = '\0';
    size_t kept = utf8_cut(text, strlen(text));
    memcpy(error->text, text, kept);
    error->text[kept] = '\0';
}

enum status error_set(struct error *error, enum status status, const char *format, ...) {
    assert(error && status != STATUS_OK);
    va_list arguments;
    va_start(arguments, format);
    set_text(error, format, arguments);
    va_end(arguments);
    error->status = status;
    return status;
}

enum status error_prefix(struct error *error, const char *format, ...) {
    struct error context = {0};
    va_list arguments;
    va_start(arguments, format);
    set_text(&context, format, arguments);
    va_end(arguments);
    return error_set(error, error->status, "%s: %s", context.text, error->text);
}

enum status error_memory(struct error *error, const char *what, unsigned long long bytes) {
    return error_set(error, STATUS_MEMORY, "out of memory (%s, %llu bytes needed)", what, bytes);
}

const char *status_name(enum status status) {
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_INVALID:
        return "invalid";
    case STATUS_MEMORY:
        return "memory";
    case STATUS_IO:
        return "io";
    case STATUS_MISSING:
        return "missing";
    case STATUS_UNSUPPORTED:
        return "unsupported";
    case STATUS_CANCELLED:
        return "cancelled";
    case STATUS_STATE:
        return "state";
    case STATUS_DEVICE:
        return "device";
    case STATUS_NUMERIC:
        return "numeric";
    }
    return "unknown";
}
