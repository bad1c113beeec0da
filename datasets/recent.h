// What the screen opened last: $XDG_STATE_HOME/batchlab/recent, a path a line, the newest first. Any thread; two programs
// that add at the same time may lose one of the two.
#ifndef DATASETS_RECENT_H
#define DATASETS_RECENT_H

#include "core/base/status.h"

#include <stddef.h>

enum { RECENT_MOST = 12, RECENT_PATH_SIZE = 1024 };

struct recent {
    char paths[RECENT_MOST][RECENT_PATH_SIZE]; // absolute
    size_t count;
};

void recent_read(struct recent *recent); // those that are still there; none where they cannot be read
// Puts PATH first. One that a line cannot hold is passed over, and so is standard input.
enum status recent_add(const char *path, struct error *error);

#endif
