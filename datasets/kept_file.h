// What the two sides of a kept table share. Private to datasets/kept*.c.
#ifndef DATASETS_KEPT_FILE_H
#define DATASETS_KEPT_FILE_H

#include <cjson/cJSON.h>

#include "core/base/str.h"
#include "datasets/kept.h"

#define KEPT_MAGIC 0x31544b4c42u // "BLKT1"

struct kept_footer {                 // the last bytes of the file
    uint64_t magic, at, count, hash; // of the JSON
};

// What says that a kept table is that of a file: its own path (in *name the file in the cache folder) and what
// reading it depends on. False: the file is no plain one, or is not kept (several files, first rows only).
bool kept_key(const char *path, const struct load_options *options, struct str *key, struct str *name);
size_t kept_least(void);
// Removes what was used longest ago until `bytes` more are at most half of what the disk has for kept tables.
// False: they would be more.
bool kept_make_room(const char *name, uint64_t bytes);

#endif
