// Small text files for tests, and loading them: each call makes a file of its own in $TMPDIR.
#ifndef TESTS_DATASETS_TABLE_FILES_H
#define TESTS_DATASETS_TABLE_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "datasets/csv.h"
#include "datasets/dataset.h"

static inline const char *temporary_path(void) {
    static char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/batchlab-test-%ld.csv", folder != NULL ? folder : "/tmp", (long)getpid());
    return path;
}

static inline const char *write_bytes(const void *bytes, size_t count) {
    const char *path = temporary_path();
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
        abort();
    return path;
}

static inline const char *write_text(const char *text) {
    return write_bytes(text, strlen(text));
}

// NULL when loading failed; the sentence is in `error`. Ended by dataset_free.
static inline struct dataset *load_path(const char *path, const struct load_options *options, struct error *error) {
    struct dataset *dataset = NULL;
    return dataset_open(path, options, &dataset, NULL, error) == STATUS_OK ? dataset : NULL;
}

static inline struct dataset *load_text(const char *text, const struct load_options *options, struct error *error) {
    return load_path(write_text(text), options, error);
}

static inline const char *cell(const struct dataset *dataset, size_t row, size_t column) {
    static char out[64];
    return column_text(dataset->table->columns[column], row, out);
}

#endif
