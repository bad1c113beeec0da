// For st_mtim with nanoseconds.
#define _GNU_SOURCE
#include "datasets/kept_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/sha256.h"
#include "datasets/input.h"

enum { UNFINISHED_SECONDS = 3600 }; // a file that is still being written for so long has been given up

static _Atomic size_t least = KEPT_LEAST;

void kept_set_least(size_t bytes) {
    atomic_store(&least, bytes);
}

size_t kept_least(void) {
    return atomic_load(&least);
}

// ---- the key --------------------------------------------------------------------------------------

static bool add_file(struct str *key, const char *path) {
    struct stat stat_of;
    if (stat(path, &stat_of) != 0 || !S_ISREG(stat_of.st_mode))
        return false;
    str_format(key, "%s\n%llu %lld.%09ld %llu\n", path, (unsigned long long)stat_of.st_size,
               (long long)stat_of.st_mtim.tv_sec, stat_of.st_mtim.tv_nsec, (unsigned long long)stat_of.st_ino);
    return true;
}

static void add_options(struct str *key, const struct load_options *options) {
    const struct dialect *dialect = &options->dialect;
    str_format(key, "'%s' %d %d %d '%s' %d %zu %d %d %d %d\n", dialect->delimiter, dialect->quote, dialect->escape,
               dialect->header, dialect->encoding, dialect->skip_blanks, dialect->skip, dialect->decimal,
               dialect->thousands, dialect->date_order, options->only_tokens);
    for (size_t i = 0; i < options->missing_token_count; i++)
        str_format(key, "token %zu %s\n", strlen(options->missing_tokens[i]), options->missing_tokens[i]);
    for (size_t i = 0; i < options->override_count; i++)
        str_format(key, "type %d %d %zu %s\n", options->overrides[i].type, options->overrides[i].amount,
                   strlen(options->overrides[i].column), options->overrides[i].column);
    if (options->target != NULL)
        str_format(key, "target %s\n", options->target);
}

static bool name_of(const struct str *key, struct str *name) {
    struct sha256 hash;
    struct error error;
    struct str base = {0};
    char digits[65];
    sha256_begin(&hash);
    sha256_add(&hash, str_text(key), key->length);
    sha256_end(&hash, digits);
    str_format(&base, "tables/%.40s", digits);
    bool good = !base.failed && file_home_path(FILE_CACHE, str_text(&base), name, &error) == STATUS_OK;
    str_free(&base);
    return good && !name->failed;
}

bool kept_key(const char *path, const struct load_options *options, struct str *key, struct str *name) {
    if (kept_least() == SIZE_MAX || options->more_count > 0 || options->seen != NULL || options->rows_most > 0 ||
        input_end(path) != UINT64_MAX)
        return false;
    char *whole = realpath(path, NULL);
    bool good = whole != NULL && add_file(key, whole) && add_file(key, "/proc/self/exe");
    free(whole); // realpath's own
    if (good)
        add_options(key, options);
    return good && !key->failed && name_of(key, name);
}

// ---- room -----------------------------------------------------------------------------------------

struct kept {
    char name[256];
    uint64_t bytes;
    time_t used;
};
struct kept_list {
    struct kept *items;
    size_t count, capacity;
};

static void look(struct kept_list *list, const char *folder, const char *name) {
    struct str path = {0};
    struct stat stat_of;
    path_join(&path, folder, name);
    bool there = !path.failed && stat(path.text, &stat_of) == 0 && S_ISREG(stat_of.st_mode);
    if (there && strstr(name, ".tmp-") != NULL) {
        if (time(NULL) - stat_of.st_mtim.tv_sec > UNFINISHED_SECONDS)
            unlink(path.text);
    } else if (there && vec_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items)) {
        struct kept *kept = &list->items[list->count++];
        snprintf(kept->name, sizeof kept->name, "%s", name);
        kept->bytes = (uint64_t)stat_of.st_size;
        kept->used = stat_of.st_mtim.tv_sec;
    }
    str_free(&path);
}

static void list_folder(struct kept_list *list, const char *folder) {
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        look(list, folder, entry->d_name);
    if (directory != NULL)
        closedir(directory);
}

static int longest_unused(const void *a, const void *b) {
    const struct kept *x = a, *y = b;
    return (x->used > y->used) - (x->used < y->used);
}

static bool make_room(const char *folder, struct kept_list *list, uint64_t bytes) {
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return false;
    uint64_t taken = 0, left = (uint64_t)disk.f_bavail * disk.f_frsize;
    for (size_t i = 0; i < list->count; i++)
        taken += list->items[i].bytes;
    uint64_t most = (left + taken) / 2;
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, longest_unused);
    for (size_t i = 0; i < list->count && taken + bytes > most && bytes <= most; i++) {
        struct str path = {0};
        path_join(&path, folder, list->items[i].name);
        if (!path.failed && unlink(path.text) == 0)
            taken -= list->items[i].bytes;
        str_free(&path);
    }
    return taken + bytes <= most;
}

bool kept_make_room(const char *name, uint64_t bytes) {
    struct kept_list list = {0};
    struct str folder = {0};
    struct error error;
    str_add_bytes(&folder, name, (size_t)(path_base(name) - name - 1));
    bool good = !folder.failed && file_make_folder(folder.text, &error) == STATUS_OK;
    if (good) {
        list_folder(&list, folder.text);
        good = make_room(folder.text, &list, bytes);
    }
    mem_free(list.items);
    str_free(&folder);
    return good;
}
