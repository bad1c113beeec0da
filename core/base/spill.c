// For fallocate, which finds out whether the disk has room.
#define _GNU_SOURCE
#include "core/base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/file.h"

enum status spill_open(int *fd, struct error *error) {
    struct str path = {0};
    enum status status = file_home_path(FILE_CACHE, "cells", &path, error);
    if (status == STATUS_OK)
        status = file_make_folder(str_text(&path), error);
    if (status == STATUS_OK && (*fd = file_nameless(str_text(&path))) < 0)
        status = errno == ENOMEM ? error_memory(error, "a path", path.length)
                                 : error_set(error, STATUS_IO,
                                             "%s: no file can be made there: %s; memory is short and data goes there",
                                             str_text(&path), strerror(errno));
    str_free(&path);
    return status;
}

enum status spill_reserve(int fd, uint64_t bytes, struct error *error) {
    int failed;
    do
        failed = fallocate(fd, 0, 0, (off_t)bytes) == 0 ? 0 : errno;
    while (failed == EINTR);
    if (failed != ENOSPC && failed != EDQUOT && failed != EFBIG) // where it cannot be asked, writing will tell
        return STATUS_OK;
    return error_set(
        error, STATUS_IO,
        "the cache folder: there is no room for %llu MB of what does not fit in memory: %s; free some room, "
        "or set XDG_CACHE_HOME to a folder on a larger disk",
        (unsigned long long)(bytes / 1000000 + 1), strerror(failed));
}

enum status spill_write(int fd, const void *bytes, size_t count, uint64_t offset, struct error *error) {
    if (file_write_at(fd, bytes, count, offset))
        return STATUS_OK;
    return error_set(error, STATUS_IO,
                     "the cache folder: writing what does not fit in memory failed: %s; free some room, or set "
                     "XDG_CACHE_HOME to a folder on a larger disk",
                     strerror(errno));
}

enum status spill_read(int fd, void *bytes, size_t count, uint64_t offset, struct error *error) {
    if (file_read_at(fd, bytes, count, offset) == count)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "the cache folder: what was put there cannot be read: %s; open the data again",
                     errno != 0 ? strerror(errno) : "the file is too short");
}
