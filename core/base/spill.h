// Where bytes go that do not fit in memory: files without a name in the cache folder, gone when they are closed or
// the program ends. Any thread; reads and writes at different places of one file may run side by side.
#ifndef CORE_BASE_SPILL_H
#define CORE_BASE_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

enum status spill_open(int *fd, struct error *error); // close() ends it
// Room for `bytes` from the start of the file on, so that a full disk is told before the work and not in its middle.
enum status spill_reserve(int fd, uint64_t bytes, struct error *error);
enum status spill_write(int fd, const void *bytes, size_t count, uint64_t offset, struct error *error);
enum status spill_read(int fd, void *bytes, size_t count, uint64_t offset, struct error *error);

#endif
