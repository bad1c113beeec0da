// A file from its first byte to its name: NAME.part, the sum, the renaming; and a set of such files.
#include "datasets/get_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/sha256.h"

enum { CHECK_BLOCK = 1 << 20 };
#define SHOW_SECONDS 0.1
#define RATE_SECONDS 3.0 // time constant of the rate shown

const char *transfer_megabytes(uint64_t bytes, char out[32]) {
    snprintf(out, 32, "%.1f MiB", (double)bytes / (1 << 20));
    return out;
}

// ---- progress -------------------------------------------------------------------------------------

static void measure(struct transfer *transfer, double now) {
    double passed = now - transfer->rate_at;
    if (passed < SHOW_SECONDS)
        return;
    double rate = (double)(transfer->done - transfer->rate_done) / passed, share = 1 - exp(-passed / RATE_SECONDS);
    transfer->rate = isnan(transfer->rate) ? rate : transfer->rate + share * (rate - transfer->rate);
    transfer->rate_at = now;
    transfer->rate_done = transfer->done;
}

void transfer_show(struct transfer *transfer, bool checking, bool last) {
    double now = clock_now();
    measure(transfer, now);
    if (!transfer->options->progress || (!last && now - transfer->shown < SHOW_SECONDS))
        return;
    transfer->shown = now;
    struct get_progress progress = {.file = transfer->file->name,
                                    .done = transfer->done,
                                    .total = transfer->file->bytes,
                                    .resumed = transfer->resumed,
                                    .rate = transfer->rate,
                                    .seconds_left = (double)(transfer->file->bytes - transfer->done) / transfer->rate,
                                    .checking = checking};
    transfer->options->progress(transfer->options->context, &progress);
}

// ---- the part -------------------------------------------------------------------------------------

static enum status part_problem(const struct transfer *transfer, const char *what, struct error *error) {
    return error_set(error, STATUS_IO, "%s: %s failed: %s", str_text(&transfer->part), what, strerror(errno));
}

enum status transfer_empty(struct transfer *transfer, struct error *error) {
    if (ftruncate(transfer->fd, 0) != 0 || lseek(transfer->fd, 0, SEEK_SET) != 0)
        return part_problem(transfer, "emptying", error);
    transfer->done = transfer->resumed = transfer->rate_done = 0;
    return STATUS_OK;
}

// Opens what an earlier call left, or begins a new one. Two calls at once would write into each other.
static enum status open_part(struct transfer *transfer, struct error *error) {
    struct stat info;
    transfer->fd = open(str_text(&transfer->part), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (transfer->fd < 0 || fstat(transfer->fd, &info) != 0)
        return part_problem(transfer, "creating", error);
    if (flock(transfer->fd, LOCK_EX | LOCK_NB) != 0)
        return error_set(error, STATUS_STATE, "%s: is being downloaded by another batchlab; wait for it",
                         str_text(&transfer->part));
    if ((uint64_t)info.st_size > transfer->file->bytes)
        return transfer_empty(transfer, error);
    transfer->done = transfer->resumed = transfer->rate_done = (uint64_t)info.st_size;
    if (lseek(transfer->fd, 0, SEEK_END) < 0)
        return part_problem(transfer, "opening", error);
    return STATUS_OK;
}

static enum status check_room(const struct transfer *transfer, struct error *error) {
    struct statvfs disk;
    char needed[32], there[32];
    uint64_t more = transfer->file->bytes - transfer->done;
    if (fstatvfs(transfer->fd, &disk) != 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= more)
        return STATUS_OK;
    return error_set(error, STATUS_IO,
                     "%s: needs %s more, and the disk has room for %s; free some or choose another "
                     "folder (-o FOLDER)",
                     str_text(&transfer->path), transfer_megabytes(more, needed),
                     transfer_megabytes((uint64_t)disk.f_bavail * disk.f_frsize, there));
}

enum status transfer_write(struct transfer *transfer, const char *bytes, size_t count, struct error *error) {
    char done[32];
    while (count > 0) {
        ssize_t written = write(transfer->fd, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return error_set(error, STATUS_IO,
                             "%s: writing failed after %s: %s; make room and give the same command again, it goes on "
                             "from there",
                             str_text(&transfer->part), transfer_megabytes(transfer->done, done), strerror(errno));
        transfer->done += (uint64_t)written;
        bytes += written;
        count -= (size_t)written;
    }
    return STATUS_OK;
}

// ---- the sum --------------------------------------------------------------------------------------

static enum status sum_file(struct transfer *transfer, int fd, char sum[65], struct error *error) {
    struct sha256 hash;
    uint64_t at = 0;
    char *block = mem_alloc(CHECK_BLOCK, 1);
    if (!block)
        return error_memory(error, transfer->file->name, CHECK_BLOCK);
    enum status status = STATUS_OK;
    sha256_begin(&hash);
    for (ssize_t got = 1; got > 0 && !status; at += (uint64_t)got) {
        got = pread(fd, block, CHECK_BLOCK, (off_t)at);
        if (got < 0)
            status = part_problem(transfer, "reading", error);
        else
            sha256_add(&hash, block, (size_t)got);
        transfer_show(transfer, true, false);
        if (!status)
            status = task_step(transfer->task, 0, error);
    }
    sha256_end(&hash, sum);
    mem_free(block);
    return status;
}

// *right: the bytes are the published ones.
static enum status check_sum(struct transfer *transfer, int fd, bool *right, struct error *error) {
    char sum[65] = "";
    enum status status = sum_file(transfer, fd, sum, error);
    *right = !status && strcmp(sum, transfer->file->sha256) == 0;
    return status;
}

static enum status wrong_sum(struct transfer *transfer, struct error *error) {
    transfer->spoiled = true;
    return error_set(error, STATUS_INVALID,
                     "%s: what came is not the official file: its SHA-256 is not %.12s…; it was removed, try again or "
                     "another mirror",
                     transfer->url, transfer->file->sha256);
}

// A part from another day may be the damaged one: then everything is fetched once more.
static enum status fetch_checked(struct transfer *transfer, struct error *error) {
    for (bool again = false;; again = true) {
        bool right = false;
        enum status status = transfer->done < transfer->file->bytes ? get_fetch(transfer, error) : STATUS_OK;
        if (!status)
            status = check_sum(transfer, transfer->fd, &right, error);
        if (status || right)
            return status;
        if (transfer->resumed == 0 || again)
            return wrong_sum(transfer, error);
        status = transfer_empty(transfer, error);
        if (status)
            return status;
    }
}

// ---- one file -------------------------------------------------------------------------------------

static enum status name_file(struct transfer *transfer, struct error *error) {
    if (fsync(transfer->fd) != 0)
        return part_problem(transfer, "writing", error);
    if (rename(str_text(&transfer->part), str_text(&transfer->path)) != 0)
        return part_problem(transfer, "renaming", error);
    return STATUS_OK;
}

static enum status get_part(struct transfer *transfer, struct error *error) {
    enum status status = open_part(transfer, error);
    if (status == STATUS_STATE)
        return status; // not ours
    if (!status)
        status = check_room(transfer, error);
    if (!status)
        status = fetch_checked(transfer, error);
    if (!status)
        status = name_file(transfer, error);
    if (!status)
        transfer_show(transfer, true, true);
    else if (transfer->fd >= 0 && (transfer->spoiled || transfer->done == 0))
        unlink(str_text(&transfer->part));
    return status;
}

// What lies there under the name is right, or not to be touched.
static enum status check_there(struct transfer *transfer, struct error *error) {
    bool right = false;
    int fd = open(str_text(&transfer->path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return part_problem(transfer, "opening", error);
    transfer->done = transfer->resumed = transfer->file->bytes;
    enum status status = STATUS_OK;
    if (file_size(str_text(&transfer->path)) == (int64_t)transfer->file->bytes)
        status = check_sum(transfer, fd, &right, error);
    close(fd);
    if (status)
        return status;
    if (right)
        transfer_show(transfer, true, true);
    return right ? STATUS_OK
                 : error_set(error, STATUS_INVALID,
                             "%s: is there already and is not the official file; move it away, or choose another "
                             "folder (-o FOLDER)",
                             str_text(&transfer->path));
}

static enum status get_file(const struct get_set *set, const struct get_file *file, const char *folder,
                            const struct get_options *options, struct task *task, struct error *error) {
    struct transfer transfer = {
        .file = file, .options = options, .task = task, .fd = -1, .rate = NAN, .rate_at = clock_now()};
    struct str url = {0};
    const char *base = options->mirror ? options->mirror : set->base;
    path_join(&url, base, file->name);
    path_join(&transfer.path, folder, file->name);
    str_format(&transfer.part, "%s.part", str_text(&transfer.path));
    transfer.url = str_text(&url);
    enum status status = STATUS_OK;
    if (url.failed || transfer.path.failed || transfer.part.failed)
        status = error_memory(error, file->name, 4096);
    else
        status = file_exists(str_text(&transfer.path)) ? check_there(&transfer, error) : get_part(&transfer, error);
    if (transfer.fd >= 0)
        close(transfer.fd);
    str_free(&transfer.path);
    str_free(&transfer.part);
    str_free(&url);
    return status;
}

// ---- a set ----------------------------------------------------------------------------------------

static enum status make_folder(const struct get_set *set, const struct get_options *options, struct str *folder,
                               struct error *error) {
    str_add(folder, options->folder ? options->folder : ".");
    if (set->count > 1) {
        str_clear(folder);
        path_join(folder, options->folder ? options->folder : ".", set->name);
    }
    if (folder->failed)
        return error_memory(error, set->name, strlen(set->name));
    return file_make_folder(str_text(folder), error);
}

enum status get_set(const struct get_set *set, const struct get_options *options, struct str *path, struct task *task,
                    struct error *error) {
    struct str folder = {0};
    enum status status = get_begin(options->mirror, error);
    if (!status)
        status = make_folder(set, options, &folder, error);
    for (size_t i = 0; i < set->count && !status; i++)
        status = get_file(set, &set->files[i], str_text(&folder), options, task, error);
    if (!status && set->count == 1)
        path_join(path, str_text(&folder), set->files[0].name);
    else if (!status)
        str_add(path, str_text(&folder));
    str_free(&folder);
    if (!status && path->failed)
        status = error_memory(error, set->name, strlen(set->name));
    return status;
}
