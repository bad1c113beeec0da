// Archives as folders: the members that a data loader asks for, unpacked into memory in one pass over the
// file (tar, plain or packed with gzip, xz, bzip2 or zstd; zip). Nothing is written to disk and no name
// becomes a path, but an archive that tries (absolute names, "..", links, devices) is refused, and so is
// one that is damaged, cut short or larger than the limits below. Any one thread.
#ifndef DATASETS_ARCHIVE_H
#define DATASETS_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"
#include "core/base/task.h"

#define ARCHIVE_MEMBERS_MOST 10000
#define ARCHIVE_MEMBER_BYTES_MOST ((size_t)1 << 30)
#define ARCHIVE_BYTES_MOST ((size_t)4 << 30) // all members together, unpacked

struct member {
    char *path; // ARCHIVE/FOLDER/NAME: for sentences and for finding it again; a member's own ".gz" is taken off
    size_t folder_length; // of FOLDER and what is before it
    unsigned char *bytes; // unpacked; NULL once dropped
    size_t size;
};
struct members {      // owned by who called archive_read_members; members_free releases it
    const char *path; // of the archive, the caller's
    struct member *items;
    size_t count, capacity;
};

// Whether a file that begins with these bytes (gzip already unpacked) is an archive.
bool archive_is(const unsigned char *head, size_t size);
// Members whose base name (without ".gz") is `wanted`, all from one folder of the archive: the one that has
// most of them. None is no error.
enum status archive_read_members(const char *path, bool (*wanted)(const char *name), struct members *members,
                                 struct task *task, struct error *error);
// By base name; NULL when there is none.
struct member *members_find(const struct members *members, const char *name);
void members_drop(const struct members *members, const char *name); // its bytes are needed no more
void members_free(struct members *members);                         // safe on {0}

#endif
