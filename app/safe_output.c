#define _GNU_SOURCE // fopencookie
#include "app/safe_output.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"
#include "views/text.h"

enum { TAIL_MOST = 3, PIECE = 4096 };

struct safe_stream {
    int fd;
    bool ascii;
    char tail[TAIL_MOST]; // the beginning of a character whose end has not been written yet
    size_t tail_length;
};

static struct safe_stream out = {.fd = STDOUT_FILENO}, err = {.fd = STDERR_FILENO};

static bool write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return true;
}

// The bytes of a character at the end of which the last ones are missing; 0: it is whole, or no character at all.
static size_t unfinished(const char *bytes, size_t length) {
    for (size_t back = 1; back <= TAIL_MOST && back <= length; back++) {
        unsigned char byte = (unsigned char)bytes[length - back];
        if (byte < 0x80)
            return 0;
        if (byte >= 0xC0) {
            size_t whole = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
            return whole > back ? back : 0;
        }
    }
    return 0;
}

// Line ends, tabs and the return of a progress line are what commands themselves print.
static bool is_plain(char byte) {
    return byte == '\n' || byte == '\t' || byte == '\r' || (byte >= ' ' && byte < 0x7F);
}

static size_t add_glyph(const struct safe_stream *stream, const char *bytes, size_t length, char *piece, size_t *used) {
    struct text_glyph glyph;
    size_t step = text_next(bytes, length, stream->ascii, &glyph);
    for (int i = 0; i < glyph.count; i++)
        *used += utf8_encode(glyph.codes[i], piece + *used);
    for (int i = 0; i < TEXT_MARKS && glyph.marks[i]; i++)
        *used += utf8_encode(glyph.marks[i], piece + *used);
    return step;
}

static bool write_safe(const struct safe_stream *stream, const char *bytes, size_t length) {
    char piece[PIECE + 64]; // room for one glyph more
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        if (is_plain(bytes[at]))
            piece[used++] = bytes[at++];
        else
            at += add_glyph(stream, bytes + at, length - at, piece, &used);
        if (used >= PIECE && !write_all(stream->fd, piece, used))
            return false;
        used = used >= PIECE ? 0 : used;
    }
    return write_all(stream->fd, piece, used);
}

static ssize_t on_write(void *context, const char *bytes, size_t length) {
    struct safe_stream *stream = context;
    struct str text = {0};
    str_add_bytes(&text, stream->tail, stream->tail_length);
    str_add_bytes(&text, bytes, length);
    stream->tail_length = text.failed ? 0 : unfinished(str_text(&text), text.length);
    size_t whole = text.length - stream->tail_length;
    memcpy(stream->tail, str_text(&text) + whole, stream->tail_length);
    bool written = !text.failed && write_safe(stream, str_text(&text), whole);
    str_free(&text);
    return written ? (ssize_t)length : -1;
}

static void make_safe(FILE **file, struct safe_stream *stream, int buffering) {
    if (!isatty(stream->fd))
        return;
    stream->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    FILE *safe = fopencookie(stream, "w", (cookie_io_functions_t){.write = on_write});
    if (!safe)
        return;
    setvbuf(safe, NULL, buffering, BUFSIZ);
    *file = safe;
}

void safe_output_begin(void) {
    make_safe(&stdout, &out, _IOLBF);
    make_safe(&stderr, &err, _IONBF);
}
