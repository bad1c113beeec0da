// For fallocate, which gives room in a file back to the disk.
#define _GNU_SOURCE
#include "datasets/cells_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "core/base/spill.h"

// ---- how much memory --------------------------------------------------------------------------------

static _Atomic size_t limit, taken;

// Half of what machine, control group and address space leave.
static size_t usual_limit(void) {
    uint64_t left = mem_left() / 2;
    return left > SIZE_MAX ? SIZE_MAX : (size_t)left;
}

void cells_set_memory(size_t bytes) {
    atomic_store(&limit, bytes);
}

size_t cells_memory(void) {
    size_t now = atomic_load(&limit);
    if (now == 0) {
        now = usual_limit();
        atomic_store(&limit, now);
    }
    return now;
}

size_t cells_in_memory(void) {
    return atomic_load(&taken);
}

void cells_count(ptrdiff_t bytes) {
    atomic_fetch_add(&taken, (size_t)bytes); // wraps to a subtraction
}

// ---- the file -----------------------------------------------------------------------------------------

static struct {
    pthread_mutex_t lock; // of all of this
    int fd;
    bool open;
    uint64_t end;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static enum status open_shared(struct error *error) {
    enum status status = spill_open(&shared.fd, error);
    shared.open = status == STATUS_OK;
    return status;
}

// Room for `bytes` at the end of the file.
static enum status take_room(size_t bytes, uint64_t *offset, struct error *error) {
    enum status status = STATUS_OK;
    pthread_mutex_lock(&shared.lock);
    if (!shared.open)
        status = open_shared(error);
    *offset = shared.end;
    if (status == STATUS_OK)
        shared.end += bytes;
    pthread_mutex_unlock(&shared.lock);
    return status;
}

// ---- stored bytes -----------------------------------------------------------------------------------------

enum status cells_store(size_t bytes, size_t step, cells_fill *fill, void *context, int *fd, struct error *error) {
    char *room = mem_alloc(step, 1);
    enum status status = room == NULL ? error_memory(error, "a block of cells", step) : spill_open(fd, error);
    for (size_t at = 0; at < bytes && status == STATUS_OK; at += step) {
        size_t count = bytes - at < step ? bytes - at : step;
        status = fill(context, at, room, count, error);
        if (status == STATUS_OK)
            status = spill_write(*fd, room, count, at, error);
    }
    mem_free(room);
    return status;
}

// ---- files of kept tables -------------------------------------------------------------------------------

struct cell_store {
    _Atomic int references;
    int fd;
    char *name;
};

struct cell_store *cell_store_open(int fd, const char *name, struct error *error) {
    struct cell_store *store = mem_alloc(1, sizeof *store);
    char *copy = mem_string(name);
    if (store == NULL || copy == NULL) {
        error_memory(error, name, sizeof *store);
        mem_free(store);
        mem_free(copy);
        close(fd);
        return NULL;
    }
    atomic_init(&store->references, 1);
    store->fd = fd;
    store->name = copy;
    return store;
}

void cell_store_release(struct cell_store *store) {
    if (store == NULL || atomic_fetch_sub(&store->references, 1) > 1)
        return;
    close(store->fd);
    mem_free(store->name);
    mem_free(store);
}

enum status cell_store_read(const struct cell_store *store, void *bytes, size_t count, uint64_t offset,
                            struct error *error) {
    return spill_read(store->fd, bytes, count, offset, error);
}

struct cell_file *cell_file_of(struct cell_store *store, size_t cell, uint64_t offset, size_t count,
                               const uint64_t *hashes, struct error *error) {
    struct cell_file *file = cell_file_make(cell, error);
    if (file == NULL)
        return NULL;
    file->offsets = mem_alloc(count + 1, sizeof *file->offsets);
    file->hashes = mem_alloc(count + 1, sizeof *file->hashes);
    if (file->offsets == NULL || file->hashes == NULL) {
        error_memory(error, store->name, count * sizeof *file->offsets);
        cell_file_free(file);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        file->offsets[i] = offset + i * (file->block_bytes + CELLS_MISSING_BYTES);
        file->hashes[i] = hashes[i];
    }
    file->count = file->capacity = count;
    file->store = store;
    atomic_fetch_add(&store->references, 1);
    return file;
}

// ---- columns' parts -------------------------------------------------------------------------------------

struct cell_file *cell_file_make(size_t cell, struct error *error) {
    struct cell_file *file = mem_alloc(1, sizeof *file);
    if (file == NULL)
        error_memory(error, "a column", sizeof *file);
    else
        file->block_bytes = cell * COLUMN_BLOCK;
    return file;
}

void cell_file_free(struct cell_file *file) {
    if (file == NULL)
        return;
    for (size_t i = 0; file->store == NULL && i < file->count;
         i++) // where a file system cannot do it, the room waits for the program's end
        (void)!fallocate(shared.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)file->offsets[i],
                         (off_t)(file->block_bytes + CELLS_MISSING_BYTES));
    cell_store_release(file->store);
    mem_free(file->hashes);
    mem_free(file->offsets);
    mem_free(file);
}

enum status cell_file_add(struct cell_file *file, const void *cells, const uint64_t *missing, struct error *error) {
    static const uint64_t none[COLUMN_BLOCK / 64];
    uint64_t offset;
    if (!vec_reserve(&file->offsets, &file->capacity, file->count + 1, sizeof *file->offsets))
        return error_memory(error, "a column", file->count * sizeof *file->offsets);
    enum status status = take_room(file->block_bytes + CELLS_MISSING_BYTES, &offset, error);
    if (status == STATUS_OK)
        status = spill_write(shared.fd, cells, file->block_bytes, offset, error);
    if (status == STATUS_OK)
        status = spill_write(shared.fd, missing == NULL ? none : missing, CELLS_MISSING_BYTES,
                             offset + file->block_bytes, error);
    if (status == STATUS_OK)
        file->offsets[file->count++] = offset;
    return status;
}

// A whole block that somebody has changed since it was written.
static enum status check_block(const struct cell_file *file, size_t block, size_t cells, const void *values,
                               const uint64_t *missing, struct error *error) {
    if (file->hashes == NULL || cells < COLUMN_BLOCK)
        return STATUS_OK;
    uint64_t hash = checksum_hash64(missing, CELLS_MISSING_BYTES, checksum_hash64(values, file->block_bytes, 0));
    if (hash == file->hashes[block])
        return STATUS_OK;
    unlink(file->store->name);
    return error_set(error, STATUS_IO, "%s: is damaged and was removed; open the data again", file->store->name);
}

enum status cell_file_read(const struct cell_file *file, size_t block, size_t first, size_t count, void *cells,
                           uint64_t *missing, struct error *error) {
    size_t cell = file->block_bytes / COLUMN_BLOCK;
    uint64_t offset = file->offsets[block];
    int fd = file->store == NULL ? shared.fd : file->store->fd;
    enum status status = spill_read(fd, cells, count * cell, offset + first * cell, error);
    if (status == STATUS_OK)
        status = spill_read(fd, missing, (count + 63) / 64 * 8, offset + file->block_bytes + first / 8, error);
    return status == STATUS_OK ? check_block(file, block, count, cells, missing, error) : status;
}
