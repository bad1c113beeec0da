// For st_mtim with nanoseconds.
#define _GNU_SOURCE
#include "datasets/follow.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/checksum.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "datasets/csv_input.h"
#include "datasets/input.h"

enum { STEP = 64 * 1024, HASHED = 4096 };

// How a line end lies in the file: one byte, or the two of UTF-16, which lie at even places.
struct line_end {
    size_t width;
    char bytes[2];
};

static struct line_end line_end_of(int fd, char end) {
    char head[HASHED];
    bool bom;
    size_t count = file_read_at(fd, head, sizeof head, 0);
    switch (csv_encoding_guess((const unsigned char *)head, count, &bom)) {
    case CSV_UTF16LE:
        return (struct line_end){2, {end, '\0'}};
    case CSV_UTF16BE:
        return (struct line_end){2, {'\0', end}};
    default:
        return (struct line_end){1, {end}};
    }
}

// Behind the last line end among the first `size` bytes; 0 when there is none.
static uint64_t last_line_end(int fd, uint64_t size, struct line_end end) {
    char bytes[STEP];
    for (uint64_t to = size - size % end.width; to > 0;) {
        uint64_t from = to > STEP ? to - STEP : 0;
        size_t at = file_read_at(fd, bytes, (size_t)(to - from), from);
        at -= at % end.width;
        while (at > 0 && memcmp(bytes + at - end.width, end.bytes, end.width) != 0)
            at -= end.width;
        if (at > 0)
            return from + at;
        to = from;
    }
    return 0;
}

static uint64_t hash_before(int fd, uint64_t end) {
    char bytes[HASHED];
    size_t count = end < HASHED ? (size_t)end : HASHED;
    size_t got = file_read_at(fd, bytes, count, end - count);
    return checksum_hash64(bytes, got, end);
}

static void take_over(struct follow *follow, int fd, const struct stat *now) {
    uint64_t size = (uint64_t)now->st_size, end = last_line_end(fd, size, line_end_of(fd, '\n'));
    follow->inode = now->st_ino;
    follow->device = now->st_dev;
    follow->size = size;
    follow->changed = now->st_mtim;
    follow->end = end > 0 ? end : last_line_end(fd, size, line_end_of(fd, '\r'));
    follow->before = hash_before(fd, follow->end);
    follow->there = true;
    input_set_end(follow->path, follow->end);
}

enum status follow_begin(struct follow *follow, const char *path, struct error *error) {
    struct stat now;
    unsigned char magic[2] = {0, 0};
    *follow = (struct follow){.path = mem_string(path)};
    if (follow->path == NULL)
        return error_memory(error, path, strlen(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum status status = STATUS_OK;
    if (fd < 0 || fstat(fd, &now) != 0 || !S_ISREG(now.st_mode))
        status = error_set(error, STATUS_INVALID, "%s: only a plain text file can be followed while it grows", path);
    else if (file_read_at(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "%s: is compressed, and such a file cannot be followed while it grows", path);
    if (status == STATUS_OK)
        take_over(follow, fd, &now);
    if (fd >= 0)
        close(fd);
    if (status != STATUS_OK)
        follow_end(follow);
    return status;
}

static enum follow_news compare(const struct follow *follow, int fd, const struct stat *now) {
    if (!follow->there || now->st_ino != follow->inode || now->st_dev != follow->device)
        return FOLLOW_REPLACED;
    if ((uint64_t)now->st_size < follow->end || hash_before(fd, follow->end) != follow->before)
        return FOLLOW_REWRITTEN;
    return FOLLOW_GROWN;
}

static bool is_same(const struct follow *follow, const struct stat *now) {
    return follow->there && now->st_ino == follow->inode && now->st_dev == follow->device &&
           (uint64_t)now->st_size == follow->size && now->st_mtim.tv_sec == follow->changed.tv_sec &&
           now->st_mtim.tv_nsec == follow->changed.tv_nsec;
}

enum follow_news follow_look(struct follow *follow) {
    struct stat now;
    int fd = open(follow->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &now) != 0 || !S_ISREG(now.st_mode)) {
        bool news = follow->there;
        follow->there = false;
        if (fd >= 0)
            close(fd);
        return news ? FOLLOW_GONE : FOLLOW_NOTHING;
    }
    enum follow_news news = is_same(follow, &now) ? FOLLOW_NOTHING : compare(follow, fd, &now);
    uint64_t end = follow->end;
    if (news != FOLLOW_NOTHING)
        take_over(follow, fd, &now);
    close(fd);
    return news == FOLLOW_GROWN && follow->end == end ? FOLLOW_NOTHING : news;
}

void follow_end(struct follow *follow) {
    if (follow->path != NULL)
        input_set_end(follow->path, UINT64_MAX);
    mem_free(follow->path);
    *follow = (struct follow){0};
}
