#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/store/store_private.h"

void run_folder(const struct store *store, int64_t run, char *out, size_t size) {
    snprintf(out, size, "%s/%lld", store->folder, (long long)run);
}

static void lock_path(const struct store *store, int64_t run, char *out, size_t size) {
    snprintf(out, size, "%s/%lld/alive", store->folder, (long long)run);
}

enum status lock_file(struct store *store, const char *path, int64_t key, struct error *error) {
    if (!vec_reserve(&store->locks, &store->lock_capacity, store->lock_count + 1, sizeof *store->locks) ||
        !vec_reserve(&store->locked_runs, &store->locked_capacity, store->lock_count + 1, sizeof *store->locked_runs))
        return error_memory(error, "locks of living runs", sizeof(int64_t) * (store->lock_count + 1));
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) != 0) {
        enum status status = errno == EWOULDBLOCK && file >= 0 ? STATUS_STATE : STATUS_IO;
        error_set(error, status, "cannot lock %s: %s; point XDG_DATA_HOME at a folder that can be locked", path,
                  strerror(errno));
        if (file >= 0)
            close(file);
        return status;
    }
    store->locks[store->lock_count] = file;
    store->locked_runs[store->lock_count++] = key;
    return STATUS_OK;
}

enum status lock_take(struct store *store, int64_t run, struct error *error) {
    char path[1200];
    run_folder(store, run, path, sizeof path);
    enum status status = file_make_folder(path, error);
    if (status)
        return status;
    lock_path(store, run, path, sizeof path);
    status = lock_file(store, path, run, error);
    int file = status ? -1 : store->locks[store->lock_count - 1];
    if (!status && ftruncate(file, 0) == 0) // who it is, for people and for store_run_owner
        dprintf(file, "%lld%s\n", (long long)getpid(), store->detached ? " detached" : "");
    return status;
}

void lock_drop(struct store *store, int64_t run) {
    for (size_t i = 0; i < store->lock_count; i++) {
        if (store->locked_runs[i] != run)
            continue;
        char path[1200];
        lock_path(store, run, path, sizeof path);
        if (run > 0)
            unlink(path);
        close(store->locks[i]);
        store->lock_count--;
        store->locks[i] = store->locks[store->lock_count];
        store->locked_runs[i] = store->locked_runs[store->lock_count];
        return;
    }
}

bool store_run_owner(const struct store *store, int64_t id, struct run_owner *owner) {
    char path[1200], text[64] = "";
    lock_path(store, id, path, sizeof path);
    if (!lock_is_held(store, id))
        return false;
    FILE *file = fopen(path, "re");
    bool known = file && fgets(text, sizeof text, file);
    if (file)
        fclose(file);
    owner->process = known ? strtoll(text, NULL, 10) : 0;
    owner->detached = strstr(text, "detached") != NULL;
    return owner->process > 0;
}

void store_detached(struct store *store) {
    store->detached = true;
}

bool lock_is_held(const struct store *store, int64_t run) {
    char path[1200];
    lock_path(store, run, path, sizeof path);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return false;
    bool held = flock(file, LOCK_EX | LOCK_NB) != 0;
    close(file);
    return held;
}
