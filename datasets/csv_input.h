// A text file as UTF-8 bytes: plain or gzip, from UTF-8, UTF-16, Latin-1 or Windows-1252, its byte
// order mark taken off. Owned by the reader that opened it; one thread.
#ifndef DATASETS_CSV_INPUT_H
#define DATASETS_CSV_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "core/base/status.h"
#include "core/base/task.h"

enum csv_encoding { CSV_UTF8, CSV_UTF16LE, CSV_UTF16BE, CSV_LATIN1, CSV_WINDOWS1252, CSV_ENCODINGS };

const char *csv_encoding_name(enum csv_encoding encoding);
// False when the name is unknown. Case does not matter; "utf8", "iso-8859-1", "cp1252" and their kin are known.
bool csv_encoding_find(const char *name, enum csv_encoding *encoding);
// What the first bytes of a file are most likely in, and whether they begin with a byte order mark.
enum csv_encoding csv_encoding_guess(const unsigned char *bytes, size_t count, bool *bom);
// Whether the first bytes of a file are no text in that encoding.
bool csv_is_binary(const unsigned char *bytes, size_t count, enum csv_encoding encoding);

struct csv_input {
    gzFile file;
    const char *path; // the caller's
    enum csv_encoding encoding;
    unsigned char *raw;  // not yet decoded
    size_t raw_count;    // bytes in raw
    bool raw_end, begun; // nothing more to read; the byte order mark has been looked for
    uint64_t offset;     // in the file as stored, reported to the task
    uint64_t odd_bytes;  // bytes that the encoding does not have: read as Windows-1252
    uint64_t nul_bytes;  // NUL characters: read as U+FFFD
    uint64_t left;       // bytes that may still be read of a file that grows; UINT64_MAX of others
    struct task *task;   // may be NULL
};

// Bytes of one block, stored and at most decoded. The fuzzers set it small: they read many small files, and those
// should have block ends too.
#ifndef CSV_RAW
#define CSV_RAW (256 * 1024)
#endif
enum { CSV_DECODED = 3 * CSV_RAW };

enum status csv_input_open(struct csv_input *input, const char *path, enum csv_encoding encoding, struct task *task,
                           struct error *error);
void csv_input_close(struct csv_input *input);        // safe on {0}
bool csv_input_packed(const struct csv_input *input); // what is stored is not the text itself
// From the front of a plain file: reading begins behind so many stored bytes, where a character does.
enum status csv_input_skip(struct csv_input *input, uint64_t bytes, struct error *error);
// Stored bytes, decompressed but not decoded: the sample. Fewer than `room` only at the end.
enum status csv_input_raw(struct csv_input *input, unsigned char *out, size_t room, size_t *got, struct error *error);
// The next block as UTF-8; `out` holds CSV_DECODED bytes. *got == 0 at the end and only there.
enum status csv_input_read(struct csv_input *input, char *out, size_t *got, struct error *error);

#endif
