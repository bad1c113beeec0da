// A text file that grows while it is open: a log that another program appends to. Of a followed file readers see
// only what lay before its last whole line's end when it was looked at last (input_set_end): half-written lines wait,
// and every pass of a reading sees the same bytes. One file is followed at a time; call from one thread.
#ifndef DATASETS_FOLLOW_H
#define DATASETS_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/base/status.h"

struct follow {
    char *path;      // owned; NULL: nothing is followed
    uint64_t inode, device, size;
    struct timespec changed;
    uint64_t end;    // what may be read
    uint64_t before; // hash of the last bytes before `end`
    bool there;
};

enum follow_news {
    FOLLOW_NOTHING,
    FOLLOW_GROWN,     // whole lines were added
    FOLLOW_REWRITTEN, // cut shorter, or what had been read is no longer what it was
    FOLLOW_REPLACED,  // another file has its name
    FOLLOW_GONE,      // there is no file now; told once
};

// Refused: what is no plain file, and compressed files, whose end cannot be seen.
enum status follow_begin(struct follow *follow, const char *path, struct error *error);
// What has become of the file since; from then on readers see its new whole lines.
enum follow_news follow_look(struct follow *follow);
void follow_end(struct follow *follow); // readers see all of the file again; safe on {0}

#endif
