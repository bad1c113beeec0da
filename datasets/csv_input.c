#include "datasets/csv_input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/input.h"
#include "datasets/utf8_run.h"

enum status csv_input_open(struct csv_input *input, const char *path, enum csv_encoding encoding, struct task *task,
                           struct error *error) {
    int fd = -1;
    uint64_t bytes = 0;
    *input = (struct csv_input){.path = path, .encoding = encoding, .left = input_end(path), .task = task};
    enum status status = input_open(path, &fd, &bytes, task, error);
    if (status != STATUS_OK)
        goto out;
    input->raw = mem_alloc(CSV_RAW, 1);
    if (input->raw == NULL) {
        status = error_memory(error, path, CSV_RAW);
        goto out;
    }
    input->file = gzdopen(fd, "rb");
    if (input->file == NULL) {
        status = error_memory(error, path, CSV_RAW);
        goto out;
    }
    fd = -1;                            // now the stream's
    gzbuffer(input->file, CSV_RAW / 2); // zlib reads as much as twice this without a copy of its own
out:
    if (fd >= 0)
        close(fd);
    if (status != STATUS_OK)
        csv_input_close(input);
    return status;
}

bool csv_input_packed(const struct csv_input *input) {
    return !gzdirect(input->file) || input->encoding == CSV_UTF16LE || input->encoding == CSV_UTF16BE;
}

enum status csv_input_skip(struct csv_input *input, uint64_t bytes, struct error *error) {
    // Before zlib has looked at the file it reads all that it is to pass.
    if (!gzdirect(input->file) || gzseek(input->file, (z_off_t)bytes, SEEK_SET) < 0)
        return error_set(error, STATUS_IO, "%s: cannot be read from byte %llu on", input->path,
                         (unsigned long long)bytes);
    input->begun = bytes > 0;
    if (input->left != UINT64_MAX)
        input->left -= bytes < input->left ? bytes : input->left;
    return STATUS_OK;
}

void csv_input_close(struct csv_input *input) {
    if (input->file != NULL)
        gzclose_r(input->file);
    mem_free(input->raw);
    input->file = NULL;
    input->raw = NULL;
}

enum status csv_input_raw(struct csv_input *input, unsigned char *out, size_t room, size_t *got, struct error *error) {
    *got = 0;
    if (room > input->left)
        room = (size_t)input->left;
    while (*got < room) {
        int count = gzread(input->file, out + *got, (unsigned)(room - *got));
        if (count > 0) {
            *got += (size_t)count;
            continue;
        }
        int problem = Z_OK;
        const char *text = gzerror(input->file, &problem);
        if (problem == Z_BUF_ERROR)
            return error_set(error, STATUS_INVALID, "%s: the compressed data ends too early; the file is cut short",
                             input->path);
        if (count < 0 || (problem != Z_OK && problem != Z_STREAM_END))
            return error_set(error, problem == Z_ERRNO ? STATUS_IO : STATUS_INVALID, "%s: cannot be read: %s",
                             input->path, problem == Z_ERRNO ? strerror(errno) : text);
        break;
    }
    if (input->left != UINT64_MAX)
        input->left -= *got;
    return STATUS_OK;
}

static enum status tell_offset(struct csv_input *input, struct error *error) {
    uint64_t now = (uint64_t)gzoffset(input->file), before = input->offset;
    input->offset = now;
    return task_step(input->task, now > before ? now - before : 0, error);
}

static enum status fill_raw(struct csv_input *input, struct error *error) {
    size_t got = 0, room = CSV_RAW - input->raw_count;
    enum status status = csv_input_raw(input, input->raw + input->raw_count, room, &got, error);
    if (status != STATUS_OK)
        return status;
    input->raw_count += got;
    input->raw_end = got < room;
    return tell_offset(input, error);
}

// ---- decoding: each consumes what is whole and returns how many bytes of raw it used ----

// 0x80 … 0x9f of Windows-1252; 0 where it has no character (read as U+FFFD).
static const uint16_t windows_upper[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static uint32_t windows_code(unsigned char byte) {
    if (byte < 0x80 || byte > 0x9f)
        return byte;
    return windows_upper[byte - 0x80] == 0 ? 0xfffd : windows_upper[byte - 0x80];
}

static size_t put(struct csv_input *input, uint32_t code, char *out) {
    if (code == 0) {
        input->nul_bytes++;
        code = 0xfffd;
    }
    return utf8_encode(code, out);
}

// How many bytes from `at` on are plain ASCII without NUL.
static size_t ascii_run(const unsigned char *at, size_t count) {
    size_t i = 0;
    for (; i + 64 <= count; i += 64) { // what compilers make vectors of
        unsigned char high = 0, zero = 0;
        for (size_t k = 0; k < 64; k++) {
            high |= at[i + k];
            zero |= at[i + k] == 0;
        }
        if (((high & 0x80) | zero) != 0)
            break;
    }
    for (; i + 8 <= count; i += 8) {
        uint64_t word;
        memcpy(&word, at + i, 8);
        uint64_t zero = (word - 0x0101010101010101u) & ~word;
        if (((word | zero) & 0x8080808080808080u) != 0)
            break;
    }
    while (i < count && at[i] != 0 && at[i] < 0x80)
        i++;
    return i;
}

static size_t decode_utf8(struct csv_input *input, char *out, size_t *got) {
    size_t at = 0;
    while (at < input->raw_count) {
        size_t run = ascii_run(input->raw + at, input->raw_count - at);
        memcpy(out + *got, input->raw + at, run);
        *got += run;
        at += run;
        if (at == input->raw_count || (input->raw_count - at < 4 && !input->raw_end))
            break; // the last character may go on in the next block
        uint32_t code = 0;
        size_t length = utf8_decode((const char *)input->raw + at, input->raw_count - at, &code);
        if (length == 1 && code == 0xfffd) {
            input->odd_bytes++;
            code = windows_code(input->raw[at]);
        }
        *got += put(input, code, out + *got);
        at += length;
    }
    return at;
}

static size_t decode_utf16(struct csv_input *input, char *out, size_t *got) {
    size_t high = input->encoding == CSV_UTF16BE ? 0 : 1, at = 0;
    for (; at + 2 <= input->raw_count; at += 2) {
        const unsigned char *unit = input->raw + at;
        uint32_t code = (uint32_t)(unit[high] << 8 | unit[1 - high]);
        if (code >= 0xd800 && code < 0xdc00 && at + 4 > input->raw_count && !input->raw_end)
            return at;
        if (code >= 0xd800 && code < 0xe000) { // a pair, or half of one
            uint32_t low = at + 4 <= input->raw_count ? (uint32_t)(unit[2 + high] << 8 | unit[3 - high]) : 0;
            bool pair = code < 0xdc00 && low >= 0xdc00 && low < 0xe000;
            input->odd_bytes += pair ? 0 : 1;
            code = pair ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
            at += pair ? 2 : 0;
        }
        *got += put(input, code, out + *got);
    }
    if (at < input->raw_count && input->raw_end) { // half a character at the end
        input->odd_bytes++;
        return input->raw_count;
    }
    return at;
}

static size_t decode_bytes(struct csv_input *input, char *out, size_t *got) {
    for (size_t at = 0; at < input->raw_count; at++) {
        unsigned char byte = input->raw[at];
        *got += put(input, input->encoding == CSV_LATIN1 ? byte : windows_code(byte), out + *got);
    }
    return input->raw_count;
}

static size_t bom_length(const struct csv_input *input) {
    static const struct {
        const char *bytes;
        size_t length;
    } marks[CSV_ENCODINGS] = {
        [CSV_UTF8] = {"\xef\xbb\xbf", 3}, [CSV_UTF16LE] = {"\xff\xfe", 2}, [CSV_UTF16BE] = {"\xfe\xff", 2}};
    size_t length = marks[input->encoding].length;
    bool there =
        length > 0 && input->raw_count >= length && memcmp(input->raw, marks[input->encoding].bytes, length) == 0;
    return there ? length : 0;
}

static enum status fill_raw_and_decode(struct csv_input *input, char *out, size_t *got, struct error *error) {
    if (!input->raw_end) {
        enum status status = fill_raw(input, error);
        if (status != STATUS_OK)
            return status;
    }
    size_t mark = input->begun ? 0 : bom_length(input);
    input->begun = true;
    input->raw_count -= mark;
    memmove(input->raw, input->raw + mark, input->raw_count);
    size_t used;
    if (input->encoding == CSV_UTF8)
        used = decode_utf8(input, out, got);
    else if (input->encoding == CSV_LATIN1 || input->encoding == CSV_WINDOWS1252)
        used = decode_bytes(input, out, got);
    else
        used = decode_utf16(input, out, got);
    input->raw_count -= used;
    memmove(input->raw, input->raw + used, input->raw_count);
    return STATUS_OK;
}

// How many bytes from the front are whole characters of UTF-8 and no NUL: those that decoding leaves as they are.
static size_t unchanged_utf8(const unsigned char *bytes, size_t count) {
    size_t at = utf8_run(bytes, count);
    while (at < count) {
        at += ascii_run(bytes + at, count - at);
        uint32_t code = 0;
        size_t length = at < count ? utf8_decode((const char *)bytes + at, count - at, &code) : 1;
        if (at == count || (length == 1 && code == 0xfffd) || code == 0)
            break;
        at += length;
    }
    return at;
}

// UTF-8 that goes to its reader as it lies in the file: what has to change, and half a character at the end, is left
// to the way above.
static enum status read_unchanged(struct csv_input *input, char *out, size_t *got, struct error *error) {
    size_t count = 0;
    memcpy(out, input->raw, input->raw_count);
    size_t before = input->raw_count, room = CSV_RAW - before;
    enum status status = csv_input_raw(input, (unsigned char *)out + before, room, &count, error);
    if (status != STATUS_OK)
        return status;
    input->raw_end = count < room;
    count += before;
    *got = unchanged_utf8((const unsigned char *)out, count);
    input->raw_count = count - *got;
    memcpy(input->raw, out + *got, input->raw_count);
    return tell_offset(input, error);
}

enum status csv_input_read(struct csv_input *input, char *out, size_t *got, struct error *error) {
    enum status status = STATUS_OK;
    *got = 0;
    while (status == STATUS_OK && *got == 0 && !(input->raw_end && input->raw_count == 0)) {
        bool changes = !input->begun || input->encoding != CSV_UTF8 || input->raw_end || input->raw_count > 4;
        status = changes ? fill_raw_and_decode(input, out, got, error) : read_unchanged(input, out, got, error);
    }
    return status;
}
