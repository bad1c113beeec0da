#include "core/train/sections.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/checksum.h"
#include "core/base/file.h"
#include "core/base/mem.h"

#define MAGIC "BATCHLAB"
#define VERSION 1u
#define HEADER_SIZE 28  // magic 8, version 4, sections 4, file length 8, checksum 4
#define SECTION_SIZE 16 // tag 4, checksum 4, length 8

static void put(unsigned char *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        out[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get(const unsigned char *in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

static uint32_t section_checksum(const unsigned char head[SECTION_SIZE], const void *data, size_t length) {
    uint32_t crc = checksum_crc32c(0, head, 4);
    crc = checksum_crc32c(crc, head + 8, 8);
    return checksum_crc32c(crc, data, length);
}

// ---- writing -------------------------------------------------------------------------------------------

static void write_header(FILE *stream, const struct section *sections, size_t count) {
    unsigned char head[HEADER_SIZE];
    uint64_t total = HEADER_SIZE;
    for (size_t i = 0; i < count; i++) {
        total += SECTION_SIZE + sections[i].length;
    }
    memcpy(head, MAGIC, 8);
    put(head + 8, VERSION, 4);
    put(head + 12, count, 4);
    put(head + 16, total, 8);
    put(head + 24, checksum_crc32c(0, head, 24), 4);
    fwrite(head, 1, sizeof head, stream);
}

static void write_section(FILE *stream, const struct section *section) {
    unsigned char head[SECTION_SIZE];
    memcpy(head, section->tag, 4);
    put(head + 8, section->length, 8);
    put(head + 4, section_checksum(head, section->data, section->length), 4);
    fwrite(head, 1, sizeof head, stream);
    if (section->length > 0) {
        fwrite(section->data, 1, section->length, stream);
    }
}

enum status sections_write(const char *path, const struct section *sections, size_t count, struct error *error) {
    struct file_writer writer;
    enum status status = file_create(&writer, path, error);
    if (status) {
        return status;
    }
    write_header(writer.stream, sections, count);
    for (size_t i = 0; i < count; i++) {
        write_section(writer.stream, &sections[i]);
    }
    return file_commit(&writer, error);
}

// ---- reading -------------------------------------------------------------------------------------------

static enum status damaged(const struct section_reader *reader, const char *what, struct error *error) {
    return error_set(error, STATUS_INVALID, "%s: the checkpoint is damaged (%s); take an earlier one", reader->path,
                     what);
}

static enum status check_header(const struct section_reader *reader, const unsigned char head[HEADER_SIZE],
                                struct error *error) {
    if (memcmp(head, MAGIC, 8) != 0) {
        return error_set(error, STATUS_INVALID, "%s: not a checkpoint of batchlab", reader->path);
    }
    if (checksum_crc32c(0, head, 24) != get(head + 24, 4)) {
        return damaged(reader, "its header has a wrong checksum", error);
    }
    if (get(head + 8, 4) != VERSION) {
        return error_set(error, STATUS_UNSUPPORTED, "%s: a checkpoint of format %u, this program reads format %u",
                         reader->path, (unsigned)get(head + 8, 4), VERSION);
    }
    if (get(head + 16, 8) != reader->left) {
        return error_set(error, STATUS_INVALID,
                         "%s: the checkpoint has %llu bytes where it should have %llu; it was cut "
                         "short or grew",
                         reader->path, (unsigned long long)reader->left, (unsigned long long)get(head + 16, 8));
    }
    return STATUS_OK;
}

static enum status open_file(struct section_reader *reader, struct error *error) {
    struct stat info;
    if (stat(reader->path, &info) != 0) {
        return error_set(error, STATUS_MISSING, "%s: %s", reader->path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return error_set(error, STATUS_INVALID, "%s: not a regular file; name a checkpoint", reader->path);
    }
    reader->file = fopen(reader->path, "rb");
    if (reader->file == NULL) {
        return error_set(error, STATUS_IO, "%s: opening failed: %s", reader->path, strerror(errno));
    }
    reader->left = (uint64_t)info.st_size;
    return STATUS_OK;
}

enum status sections_open(struct section_reader *reader, const char *path, struct error *error) {
    unsigned char head[HEADER_SIZE];
    *reader = (struct section_reader){.path = path};
    enum status status = open_file(reader, error);
    if (!status && fread(head, 1, sizeof head, reader->file) != sizeof head) {
        status = error_set(error, STATUS_INVALID, "%s: too short for a checkpoint of batchlab", path);
    }
    if (!status) {
        status = check_header(reader, head, error);
    }
    if (status) {
        sections_close(reader);
        return status;
    }
    reader->left -= sizeof head;
    return STATUS_OK;
}

void sections_close(struct section_reader *reader) {
    if (reader->file != NULL) {
        fclose(reader->file);
    }
    *reader = (struct section_reader){0};
}

static enum status read_head(struct section_reader *reader, const char *tag, unsigned char head[SECTION_SIZE],
                             struct error *error) {
    if (reader->left < SECTION_SIZE || fread(head, 1, SECTION_SIZE, reader->file) != SECTION_SIZE) {
        return damaged(reader, "a section is missing", error);
    }
    reader->left -= SECTION_SIZE;
    if (memcmp(head, tag, 4) != 0 || get(head + 8, 8) > reader->left) {
        return damaged(reader, "a section is out of place or too long", error);
    }
    return STATUS_OK;
}

static enum status read_payload(struct section_reader *reader, const unsigned char head[SECTION_SIZE], void *data,
                                size_t length, struct error *error) {
    if (fread(data, 1, length, reader->file) != length) {
        return damaged(reader, "it cannot be read to its end", error);
    }
    reader->left -= length;
    if (section_checksum(head, data, length) != get(head + 4, 4)) {
        return damaged(reader, "a section has a wrong checksum", error);
    }
    return STATUS_OK;
}

enum status sections_read(struct section_reader *reader, const char *tag, size_t limit, char **data, size_t *length,
                          struct error *error) {
    unsigned char head[SECTION_SIZE];
    enum status status = read_head(reader, tag, head, error);
    if (status) {
        return status;
    }
    if (get(head + 8, 8) > limit) {
        return damaged(reader, "a section is longer than possible", error);
    }
    size_t bytes = (size_t)get(head + 8, 8);
    char *payload = mem_alloc(bytes + 1, 1);
    if (payload == NULL) {
        return error_memory(error, reader->path, bytes + 1);
    }
    status = read_payload(reader, head, payload, bytes, error);
    if (status) {
        mem_free(payload);
        return status;
    }
    *data = payload;
    *length = bytes;
    return STATUS_OK;
}

enum status sections_read_into(struct section_reader *reader, const char *tag, void *data, size_t length,
                               struct error *error) {
    unsigned char head[SECTION_SIZE];
    enum status status = read_head(reader, tag, head, error);
    if (!status && get(head + 8, 8) != length) {
        status = damaged(reader, "a section has not the length that the model needs", error);
    }
    return status ? status : read_payload(reader, head, data, length, error);
}

enum status sections_end(struct section_reader *reader, struct error *error) {
    return reader->left == 0 ? STATUS_OK : damaged(reader, "something follows its last section", error);
}

// ---- numbers and texts -----------------------------------------------------------------------------------

void pack_u64(struct str *out, uint64_t value) {
    unsigned char bytes[8];
    put(bytes, value, 8);
    str_add_bytes(out, bytes, sizeof bytes);
}

void pack_text(struct str *out, const char *text) {
    pack_u64(out, strlen(text));
    str_add(out, text);
}

uint64_t unpack_u64(struct unpacker *in) {
    if (in->failed || in->left < 8) {
        in->failed = true;
        return 0;
    }
    uint64_t value = get((const unsigned char *)in->data, 8);
    in->data += 8;
    in->left -= 8;
    return value;
}

void unpack_text(struct unpacker *in, char *out, size_t size) {
    uint64_t length = unpack_u64(in);
    out[0] = '\0';
    if (in->failed || length >= size || length > in->left || memchr(in->data, '\0', (size_t)length) != NULL) {
        in->failed = true;
        return;
    }
    memcpy(out, in->data, (size_t)length);
    out[length] = '\0';
    in->data += length;
    in->left -= (size_t)length;
}
