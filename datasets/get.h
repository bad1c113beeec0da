// Downloads of official archives: the table of what can be had, and fetching it. The only network code of
// the program. A file arrives as NAME.part, is checked against its published SHA-256 and only then gets its
// name; a part that a broken connection left is gone on with. One download per call, on any one thread.
#ifndef DATASETS_GET_H
#define DATASETS_GET_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/base/task.h"

struct get_file {
    const char *name, *sha256;
    uint64_t bytes;
};
struct get_set {
    const char *name, *help;
    const char *base;    // where the files lie: BASE/NAME
    const char *made_by; // whom to thank
    const struct get_file *files;
    size_t count; // more than one: they go into a folder of the set's name
};

size_t get_set_count(void);
const struct get_set *get_set_at(size_t index);
const struct get_set *get_set_find(const char *name); // NULL: not known

struct get_progress { // of one file
    const char *file;
    uint64_t done, total, resumed; // bytes; `resumed` of them were there before
    double rate, seconds_left;     // bytes a second over the last seconds; NAN while unknown
    bool checking;                 // all is there and is being compared with its checksum
};

struct get_options {
    const char *folder;   // made when it is not there; NULL: the current one
    const char *mirror;   // instead of the set's base; https, or http on this machine; NULL: the official place
    double stall_seconds; // without a byte until the connection is given up; 0: 30
    void (*progress)(void *context, const struct get_progress *progress); // about ten times a second; may be NULL
    void *context;
};

// What is there already and right is not fetched again; what is there and is something else is left alone
// and refused. `path` (an empty string) gets what batchlab opens: the archive, or the folder of the files.
// After a failure the part is kept only where going on with it makes sense, and the sentence says so.
enum status get_set(const struct get_set *set, const struct get_options *options, struct str *path, struct task *task,
                    struct error *error);

#endif
