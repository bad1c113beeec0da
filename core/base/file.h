// Files: reading whole, writing atomically, the XDG folders. Errors name the path.
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/status.h"
#include "core/base/str.h"

// Reads all of a regular file into `*data` (caller frees with mem_free; one NUL byte follows the
// `*size` bytes). Refuses folders, devices and files over `limit` bytes (0: no limit).
enum status file_read(const char *path, size_t limit, char **data, size_t *size, struct error *error);

// An atomic writer: bytes go to PATH.tmp-PID-N beside the target; commit syncs and renames it (and
// syncs the folder); abort removes it. A crash leaves the old file whole. A link is followed; a device
// or pipe is written to as the bytes come, and so is what a path like "/dev/stdout" names, whatever it leads to.
struct file_writer {
    FILE *stream; // write here with stdio; check errors at commit
    char *path, *temporary; // temporary NULL: written to as it is
    int reason;             // errno of a write that failed, kept by file_write; else 0
};
enum status file_create(struct file_writer *writer, const char *path, struct error *error);
// A large piece at once; why it could not be written is told at commit.
void file_write(struct file_writer *writer, const void *bytes, size_t count);
enum status file_commit(struct file_writer *writer, struct error *error); // closes in every case
void file_abort(struct file_writer *writer);                              // safe after commit and on {0}

enum status file_make_folder(const char *path, struct error *error); // mkdir -p, mode 0700 for new ones
bool file_exists(const char *path);
bool file_is_folder(const char *path);
int64_t file_size(const char *path); // -1 when there is none

// A file without a name in the folder, which is there: gone when it is closed or the program ends. -1: errno says why.
int file_nameless(const char *folder);
// All of `count` bytes at that place of the file. False: errno says why not.
bool file_write_at(int fd, const void *bytes, size_t count, uint64_t offset);
// How many there are of the `count` bytes at that place: fewer only where the file ends (errno 0) or cannot be read.
size_t file_read_at(int fd, void *bytes, size_t count, uint64_t offset);

enum file_home { FILE_DATA, FILE_CONFIG, FILE_CACHE, FILE_STATE };
// $XDG_DATA_HOME/batchlab and its kin ("~/.local/share/batchlab" by default), not created here.
// The environment is read at every call, so tests can point it elsewhere.
enum status file_home_path(enum file_home home, const char *name, struct str *path, struct error *error);
// PATH as it reads from any folder: the current one is put before it unless it begins with '/'.
enum status file_absolute(const char *path, struct str *out, struct error *error);
const char *path_base(const char *path); // the part after the last '/'
void path_join(struct str *out, const char *folder, const char *name); // replaces what `out` held

#endif
