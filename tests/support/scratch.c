#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MOST = 8, PATHS = 4 };

static char folder[256];
static char names[NAMES_MOST][64]; // what was written, to be removed
static size_t name_count;

static void remove_all(void) {
    char path[512];
    for (size_t i = 0; i < name_count; i++) {
        snprintf(path, sizeof path, "%.255s/%.63s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void make_folder(void) {
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/batchlab-fuzz-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(folder) || atexit(remove_all) != 0)
        abort();
}

static void remember(const char *name) {
    for (size_t i = 0; i < name_count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    if (name_count == NAMES_MOST)
        abort();
    snprintf(names[name_count++], sizeof names[0], "%s", name);
}

const char *scratch_file(const char *name, const void *bytes, size_t count) {
    static char paths[PATHS][512];
    static unsigned next;
    char *path = paths[next++ % PATHS];
    if (!folder[0])
        make_folder();
    remember(name);
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
        abort();
    return path;
}
