// For mkostemp.
#define _GNU_SOURCE
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

static enum status system_error(struct error *error, const char *path, const char *what) {
    int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR)
        return error_set(error, STATUS_MISSING, "%s: no such file or folder; check the path", path);
    return error_set(error, STATUS_IO, "%s: %s failed: %s", path, what, strerror(reason));
}

// Opens a regular file of at most `limit` bytes. Not blocking: opening a pipe must not hang.
static enum status open_regular(const char *path, size_t limit, int *fd, size_t *size, struct error *error) {
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &info) != 0)
        return system_error(error, path, "opening");
    if (S_ISDIR(info.st_mode))
        return error_set(error, STATUS_INVALID, "%s: is a folder; name a file in it", path);
    if (!S_ISREG(info.st_mode))
        return error_set(error, STATUS_INVALID, "%s: is a device or pipe; name a regular file", path);
    *size = (size_t)info.st_size;
    if (limit > 0 && *size > limit)
        return error_set(error, STATUS_INVALID, "%s: has %zu bytes; at most %zu can be read", path, *size, limit);
    return STATUS_OK;
}

static enum status read_bytes(int fd, const char *path, char *data, size_t *size, struct error *error) {
    size_t done = 0;
    while (done < *size) {
        ssize_t got = read(fd, data + done, *size - done);
        if (got == 0)
            break; // the file has become shorter
        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR)
            return system_error(error, path, "reading");
    }
    *size = done;
    return STATUS_OK;
}

enum status file_read(const char *path, size_t limit, char **data, size_t *size, struct error *error) {
    int fd = -1;
    size_t bytes = 0;
    char *text = NULL;
    enum status status = open_regular(path, limit, &fd, &bytes, error);
    if (status)
        goto out;
    text = mem_alloc(bytes + 1, 1);
    if (!text) {
        error_memory(error, path, bytes + 1);
        status = STATUS_MEMORY;
        goto out;
    }
    status = read_bytes(fd, path, text, &bytes, error);
    if (status)
        goto out;
    text[bytes] = '\0';
    *data = text;
    *size = bytes;
    text = NULL;
out:
    mem_free(text);
    if (fd >= 0)
        close(fd);
    return status;
}

// Puts "PATH.tmp-PID-N" into a new string.
static char *temporary_name(const char *path) {
    static _Atomic unsigned number;
    struct str name = {0};
    str_format(&name, "%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&number, 1));
    if (name.failed)
        str_free(&name);
    return name.text;
}

// Where the bytes belong: a link stays a link, and the file it leads to is replaced. NULL: out of memory.
static char *final_path(const char *path) {
    struct stat link;
    char *resolved = lstat(path, &link) == 0 && S_ISLNK(link.st_mode) ? realpath(path, NULL) : NULL;
    char *copy = mem_string(resolved ? resolved : path);
    free(resolved);
    return copy;
}

// Of "/dev/stdout" and its kin: the descriptor that they name; -1 of other paths. Opening such a path would begin again
// at the front of a file, and replacing it would take away the file that the descriptor leads to.
static int named_descriptor(const char *path) {
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    int64_t number = -1;
    if (text_equal(path, "/dev/stdout"))
        return STDOUT_FILENO;
    if (text_equal(path, "/dev/stderr"))
        return STDERR_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (text_starts(path, folders[i]) && integer_parse(path + strlen(folders[i]), &number))
            return number >= 0 && number <= INT_MAX ? (int)number : -1;
    return -1;
}

static int open_as_it_is(const char *path) {
    int named = named_descriptor(path);
    if (named < 0)
        return open(path, O_WRONLY | O_CLOEXEC);
    fflush(stdout); // what has been printed there comes first
    return fcntl(named, F_DUPFD_CLOEXEC, 3);
}

static enum status open_target(struct file_writer *writer, const char *path, bool replace, struct error *error) {
    int fd = replace ? open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : open_as_it_is(path);
    if (fd >= 0)
        writer->stream = fdopen(fd, "wb");
    if (writer->stream)
        return STATUS_OK;
    enum status status = system_error(error, path, "creating");
    if (fd >= 0) {
        close(fd);
        if (replace)
            unlink(writer->temporary);
    }
    mem_free(writer->temporary);
    writer->temporary = NULL;
    return status;
}

enum status file_create(struct file_writer *writer, const char *path, struct error *error) {
    struct stat info;
    *writer = (struct file_writer){0};
    if (file_is_folder(path))
        return error_set(error, STATUS_INVALID, "%s: is a folder; name a file in it", path);
    bool replace = named_descriptor(path) < 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
    writer->path = replace ? final_path(path) : mem_string(path);
    writer->temporary = replace && writer->path ? temporary_name(writer->path) : NULL;
    enum status status = STATUS_OK;
    if (!writer->path || (replace && !writer->temporary))
        status = error_memory(error, path, strlen(path) + 1);
    else
        status = open_target(writer, path, replace, error);
    if (status)
        file_abort(writer);
    return status;
}

// The rename is on disk only once the folder is. A file system that cannot sync folders is no error.
static void sync_folder(const char *path) {
    struct str folder = {0};
    str_add_bytes(&folder, path, (size_t)(path_base(path) - path));
    if (folder.length == 0)
        str_add(&folder, ".");
    int fd = folder.failed ? -1 : open(folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    str_free(&folder);
}

void file_write(struct file_writer *writer, const void *bytes, size_t count) {
    if (fwrite(bytes, 1, count, writer->stream) < count && writer->reason == 0)
        writer->reason = errno;
}

enum status file_commit(struct file_writer *writer, struct error *error) {
    bool written = !ferror(writer->stream);
    if (!written)
        errno = writer->reason != 0 ? writer->reason : EIO; // of an earlier write, unless its cause was lost
    written = fflush(writer->stream) == 0 && written;
    if (written && writer->temporary) // devices and pipes cannot be synced
        written = fsync(fileno(writer->stream)) == 0;
    int reason = errno;
    if (fclose(writer->stream) != 0 && written) {
        written = false;
        reason = errno;
    }
    writer->stream = NULL;
    enum status status = STATUS_OK;
    if (!written) {
        errno = reason;
        status = system_error(error, writer->path, "writing");
    } else if (writer->temporary && rename(writer->temporary, writer->path) != 0) {
        status = system_error(error, writer->path, "renaming the finished file");
    } else if (writer->temporary) {
        sync_folder(writer->path);
        mem_free(writer->temporary);
        writer->temporary = NULL;
    }
    file_abort(writer);
    return status;
}

void file_abort(struct file_writer *writer) {
    if (writer->stream)
        fclose(writer->stream);
    if (writer->temporary)
        unlink(writer->temporary);
    mem_free(writer->temporary);
    mem_free(writer->path);
    *writer = (struct file_writer){0};
}

static enum status make_one_folder(const char *path, struct error *error) {
    if (file_is_folder(path))
        return STATUS_OK;
    if (mkdir(path, 0700) == 0 || (errno == EEXIST && file_is_folder(path)))
        return STATUS_OK;
    if (errno == EEXIST || errno == ENOTDIR)
        return error_set(error, STATUS_INVALID, "%s: a file is in the way of this folder; move it", path);
    return system_error(error, path, "making the folder");
}

enum status file_make_folder(const char *path, struct error *error) {
    char *part = mem_string(path);
    if (!part)
        return error_memory(error, path, strlen(path) + 1);
    enum status status = STATUS_OK;
    for (char *c = part + 1; part[0] && *c && !status; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        status = make_one_folder(part, error);
        *c = '/';
    }
    if (!status)
        status = make_one_folder(path, error);
    mem_free(part);
    return status;
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int64_t file_size(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

int file_nameless(const char *folder) {
    struct str name = {0};
    str_format(&name, "%s/XXXXXX", folder);
    int fd = -1;
    if (name.failed)
        errno = ENOMEM;
    else
        fd = mkostemp(name.text, O_CLOEXEC);
    if (fd >= 0)
        unlink(name.text);
    str_free(&name);
    return fd;
}

bool file_write_at(int fd, const void *bytes, size_t count, uint64_t offset) {
    for (size_t done = 0; done < count;) {
        ssize_t wrote = pwrite(fd, (const char *)bytes + done, count - done, (off_t)(offset + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote == 0)
            errno = ENOSPC;
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    return true;
}

size_t file_read_at(int fd, void *bytes, size_t count, uint64_t offset) {
    size_t done = 0;
    errno = 0;
    while (done < count) {
        ssize_t got = pread(fd, (char *)bytes + done, count - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

// XDG base directory specification 0.8: a path that is not absolute is to be ignored.
enum status file_home_path(enum file_home home, const char *name, struct str *path, struct error *error) {
    static const struct {
        const char *variable, *fallback;
    } homes[] = {
        [FILE_DATA] = {"XDG_DATA_HOME", ".local/share"},
        [FILE_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
        [FILE_CACHE] = {"XDG_CACHE_HOME", ".cache"},
        [FILE_STATE] = {"XDG_STATE_HOME", ".local/state"},
    };
    const char *base = getenv(homes[home].variable), *own = getenv("HOME");
    str_clear(path);
    if (base && base[0] == '/') {
        str_add(path, base);
    } else if (own && own[0] == '/') {
        path_join(path, own, homes[home].fallback);
    } else {
        return error_set(error, STATUS_MISSING, "neither %s nor HOME is set to a folder; set one of them",
                         homes[home].variable);
    }
    str_add(path, path->length > 0 && text_ends(path->text, "/") ? "batchlab" : "/batchlab");
    if (name && name[0]) {
        str_add_char(path, '/');
        str_add(path, name);
    }
    return path->failed ? error_memory(error, homes[home].variable, path->length + 1) : STATUS_OK;
}

enum status file_absolute(const char *path, struct str *out, struct error *error) {
    char folder[4096];
    str_clear(out);
    if (path[0] != '/') {
        if (!getcwd(folder, sizeof folder))
            return system_error(error, path, "finding the current folder");
        str_add(out, folder);
        str_add(out, text_ends(folder, "/") ? "" : "/");
    }
    str_add(out, path);
    return out->failed ? error_memory(error, path, strlen(path)) : STATUS_OK;
}

const char *path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void path_join(struct str *out, const char *folder, const char *name) {
    str_clear(out);
    str_add(out, folder);
    if (out->length > 0 && out->text[out->length - 1] != '/')
        str_add_char(out, '/');
    str_add(out, name);
}
