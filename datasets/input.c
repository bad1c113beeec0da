#include "datasets/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { PIECE = 256 * 1024, WAIT_MILLISECONDS = 50, WRITER_WAITS = 40, SPOOLS_MOST = 16 };

// Sixteen pipes are more than a command line names; their files go with the program.
static struct spool {
    bool standard; // standard input; else the pipe with these numbers
    dev_t device;
    ino_t inode;
    int fd;
    uint64_t bytes;
} spools[SPOOLS_MOST];
static size_t spool_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// ---- paths ----------------------------------------------------------------------------------------

const char *input_path(const char *path) {
    return text_equal(path, "-") ? INPUT_STANDARD : path;
}

static bool is_standard(const char *path) {
    return text_equal(path, INPUT_STANDARD) || text_equal(path, "/dev/fd/0") || text_equal(path, "/proc/self/fd/0");
}

static const struct spool *find_spool(const char *path, const struct stat *info) {
    for (size_t i = 0; i < spool_count; i++) {
        const struct spool *spool = &spools[i];
        bool same = spool->standard
                        ? is_standard(path)
                        : S_ISFIFO(info->st_mode) && spool->device == info->st_dev && spool->inode == info->st_ino;
        if (same)
            return spool;
    }
    return NULL;
}

static bool must_spool(const char *path, const struct stat *info) {
    return S_ISFIFO(info->st_mode) || (is_standard(path) && (S_ISREG(info->st_mode) || S_ISSOCK(info->st_mode)));
}

// A file for standard input needs no copy, unless somebody has read from it before.
static bool is_whole_file(const struct stat *info) {
    return S_ISREG(info->st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) == 0;
}

static bool look(const char *path, struct stat *info) {
    *info = (struct stat){0};
    return (is_standard(path) ? fstat(STDIN_FILENO, info) : stat(path, info)) == 0;
}

int64_t input_size(const char *path) {
    struct stat info;
    path = input_path(path);
    bool there = look(path, &info);
    pthread_mutex_lock(&lock);
    const struct spool *spool = find_spool(path, &info);
    int64_t bytes = spool ? (int64_t)spool->bytes : there && S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
    pthread_mutex_unlock(&lock);
    return bytes;
}

// ---- a file without a name ------------------------------------------------------------------------

// In the cache folder, or where temporary files go when there can be none. `folder` tells which.
static enum status make_file(struct str *folder, int *fd, struct error *error) {
    const char *temporary = getenv("TMPDIR");
    enum status status = file_home_path(FILE_CACHE, "", folder, error);
    if (!status)
        status = file_make_folder(str_text(folder), error);
    *fd = status ? -1 : file_nameless(str_text(folder));
    if (status == STATUS_MEMORY)
        return status;
    if (*fd < 0) {
        str_clear(folder);
        str_add(folder, temporary && *temporary ? temporary : "/tmp");
        *fd = file_nameless(str_text(folder));
    }
    if (*fd >= 0)
        return STATUS_OK;
    if (folder->failed)
        return error_memory(error, "the name of a file", 1);
    return error_set(error, STATUS_IO, "%s: no file can be made there for what comes through a pipe: %s",
                     str_text(folder), strerror(errno));
}

static enum status add_bytes(struct spool *spool, const char *bytes, size_t count, const char *folder,
                             struct error *error) {
    if (!file_write_at(spool->fd, bytes, count, spool->bytes))
        return error_set(error, STATUS_IO,
                         "%s: what comes through the pipe does not fit there: %s; free some space or set "
                         "XDG_CACHE_HOME to a larger disk",
                         folder, strerror(errno));
    spool->bytes += count;
    return STATUS_OK;
}

// ---- from the pipe to the file --------------------------------------------------------------------

struct tap { // the pipe
    const char *path;
    int fd;
    bool waiting; // nobody has been seen writing into it yet
    int waits;
};

// What can be had within a moment. *ended: there will be no more.
static enum status tap_read(struct tap *tap, char *block, size_t *got, bool *ended, struct error *error) {
    struct pollfd ready = {.fd = tap->fd, .events = POLLIN};
    *got = 0;
    int found = poll(&ready, 1, WAIT_MILLISECONDS);
    if (found == 0 && !tap->waiting)
        return STATUS_OK;
    ssize_t count = read(tap->fd, block, PIECE);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) { // somebody is there, but has nothing to say
        tap->waiting = false;
        return STATUS_OK;
    }
    if (count < 0)
        return error_set(error, STATUS_IO, "%s: reading failed: %s", tap->path, strerror(errno));
    if (count == 0 && tap->waiting && found == 0) {
        if (++tap->waits < WRITER_WAITS)
            return STATUS_OK;
        return error_set(error, STATUS_INVALID,
                         "%s: is a pipe into which nobody writes; start what fills it, then open it again", tap->path);
    }
    tap->waiting = tap->waiting && count == 0;
    *ended = count == 0;
    *got = (size_t)count;
    return STATUS_OK;
}

static enum status tap_open(struct tap *tap, const char *path, struct error *error) {
    bool read_from = lseek(STDIN_FILENO, 0, SEEK_CUR) > 0;
    *tap = (struct tap){.path = path};
    tap->fd = is_standard(path) && read_from ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    tap->waiting = tap->fd >= 0;
    if (tap->fd < 0 && is_standard(path)) // a socket, or a file read from already: as it was handed over
        tap->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (tap->fd >= 0)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: opening failed: %s", path, strerror(errno));
}

static enum status pour(struct tap *tap, struct spool *spool, const char *folder, struct task *task,
                        struct error *error) {
    char *block = mem_alloc(PIECE, 1);
    if (!block)
        return error_memory(error, tap->path, PIECE);
    task_begin(task, "Reading the pipe", "bytes", 0);
    enum status status = STATUS_OK;
    for (bool ended = false; !ended && !status;) {
        size_t got = 0;
        status = tap_read(tap, block, &got, &ended, error);
        if (!status)
            status = add_bytes(spool, block, got, folder, error);
        if (!status)
            status = task_step(task, got, error);
    }
    mem_free(block);
    if (!status && spool->bytes == 0)
        status = error_set(error, STATUS_INVALID, "%s: is empty; nothing came through the pipe", tap->path);
    return status;
}

static enum status fill_spool(const char *path, struct spool *spool, struct task *task, struct error *error) {
    struct tap tap = {.fd = -1};
    struct str folder = {0};
    enum status status = tap_open(&tap, path, error);
    if (!status)
        status = make_file(&folder, &spool->fd, error);
    if (!status)
        status = pour(&tap, spool, str_text(&folder), task, error);
    if (tap.fd >= 0)
        close(tap.fd);
    str_free(&folder);
    return status;
}

static enum status make_spool(const char *path, const struct stat *info, struct task *task, struct error *error) {
    struct spool spool = {.standard = is_standard(path), .device = info->st_dev, .inode = info->st_ino, .fd = -1};
    enum status status = STATUS_OK;
    if (spool_count == SPOOLS_MOST)
        return error_set(error, STATUS_UNSUPPORTED, "%s: at most %d pipes can be read", path, SPOOLS_MOST);
    if (is_whole_file(info)) {
        spool.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        spool.bytes = (uint64_t)info->st_size;
    } else {
        status = fill_spool(path, &spool, task, error);
    }
    if (!status)
        spools[spool_count++] = spool;
    else if (spool.fd >= 0)
        close(spool.fd);
    return status;
}

// A descriptor with a position of its own; where the system has no /proc, one that shares it.
static enum status open_spool(const char *path, const struct spool *spool, int *fd, uint64_t *bytes,
                              struct error *error) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", spool->fd);
    *fd = open(name, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        *fd = fcntl(spool->fd, F_DUPFD_CLOEXEC, 3);
    if (*fd < 0 || lseek(*fd, 0, SEEK_SET) != 0)
        return error_set(error, STATUS_IO, "%s: what came through the pipe cannot be read again: %s", path,
                         strerror(errno));
    *bytes = spool->bytes;
    return STATUS_OK;
}

// ---- opening --------------------------------------------------------------------------------------

static enum status open_file(const char *path, int *fd, uint64_t *bytes, struct error *error) {
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &info) != 0) {
        int reason = errno;
        if (reason == ENOENT || reason == ENOTDIR)
            return error_set(error, STATUS_MISSING, "%s: no such file; check the path", path);
        if (reason == EACCES)
            return error_set(error, STATUS_IO, "%s: permission denied; make it readable (chmod +r)", path);
        return error_set(error, STATUS_IO, "%s: opening failed: %s", path, strerror(reason));
    }
    if (S_ISDIR(info.st_mode))
        return error_set(error, STATUS_INVALID, "%s: is a folder; name a file in it", path);
    if (!S_ISREG(info.st_mode))
        return error_set(error, STATUS_INVALID, "%s: is a device; name a file, or - for what comes through a pipe",
                         path);
    *bytes = (uint64_t)info.st_size;
    return STATUS_OK;
}

static enum status refuse_keyboard(struct error *error) {
    return error_set(error, STATUS_INVALID,
                     "%s: is a terminal; pipe a file into it (… | batchlab cat -), or name the file", INPUT_STANDARD);
}

enum status input_open(const char *path, int *fd, uint64_t *bytes, struct task *task, struct error *error) {
    struct stat info;
    *fd = -1;
    *bytes = 0;
    path = input_path(path);
    bool there = look(path, &info);
    pthread_mutex_lock(&lock);
    enum status status = STATUS_OK;
    const struct spool *spool = find_spool(path, &info);
    if (!spool && is_standard(path) && isatty(STDIN_FILENO))
        status = refuse_keyboard(error);
    else if (!spool && there && must_spool(path, &info))
        status = make_spool(path, &info, task, error);
    if (!status && !spool)
        spool = find_spool(path, &info);
    if (!status)
        status = spool ? open_spool(path, spool, fd, bytes, error) : open_file(path, fd, bytes, error);
    pthread_mutex_unlock(&lock);
    if (status && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

// ---- files that grow --------------------------------------------------------------------------------

static struct {
    pthread_mutex_t lock;
    char path[4096]; // "" when there is none
    uint64_t end;
} growing = {.lock = PTHREAD_MUTEX_INITIALIZER};

void input_set_end(const char *path, uint64_t end) {
    pthread_mutex_lock(&growing.lock);
    bool fits = snprintf(growing.path, sizeof growing.path, "%s", end == UINT64_MAX ? "" : path) <
                (int)sizeof growing.path;
    growing.end = fits ? end : UINT64_MAX;
    pthread_mutex_unlock(&growing.lock);
}

uint64_t input_end(const char *path) {
    pthread_mutex_lock(&growing.lock);
    uint64_t end = growing.path[0] != '\0' && strcmp(path, growing.path) == 0 ? growing.end : UINT64_MAX;
    pthread_mutex_unlock(&growing.lock);
    return end;
}
