// A file of checksummed sections: "BATCHLAB", version, number of sections, length of the whole file,
// CRC-32C of these; then per section a four-letter tag, the CRC-32C of tag, length and payload, the
// length, the payload. Little-endian. Every byte lies under a checksum, and no length is believed
// before it was compared with what is left of the file and with what the reader expects.
// Writing is atomic. A reader is one thread's; close it in every case.
#ifndef CORE_TRAIN_SECTIONS_H
#define CORE_TRAIN_SECTIONS_H

#include <stdio.h>

#include "core/base/str.h"
#include "core/base/status.h"

struct section {
    char tag[5];
    const void *data; // borrowed
    size_t length;
};

enum status sections_write(const char *path, const struct section *sections, size_t count, struct error *error);

struct section_reader {
    FILE *file;
    const char *path; // borrowed
    uint64_t left;    // bytes of the file not read yet
};

enum status sections_open(struct section_reader *reader, const char *path, struct error *error);
void sections_close(struct section_reader *reader); // safe on {0}
// Reads the next section, which must be `tag` and at most `limit` bytes long. *data is the caller's
// (mem_free), one NUL byte follows it.
enum status sections_read(struct section_reader *reader, const char *tag, size_t limit, char **data, size_t *length,
                          struct error *error);
// The same, straight into `data` of exactly `length` bytes.
enum status sections_read_into(struct section_reader *reader, const char *tag, void *data, size_t length,
                               struct error *error);
enum status sections_end(struct section_reader *reader, struct error *error); // nothing may follow

// ---- numbers and texts inside a section ------------------------------------------------------------

void pack_u64(struct str *out, uint64_t value);
void pack_text(struct str *out, const char *text);

struct unpacker { // reads past the end give 0 and "", and set `failed`
    const char *data;
    size_t left;
    bool failed;
};
uint64_t unpack_u64(struct unpacker *in);
// A NUL-terminated copy of the next text in `out`; one that does not fit or holds a NUL fails.
void unpack_text(struct unpacker *in, char *out, size_t size);

#endif
