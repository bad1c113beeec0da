// Folders and files for tests of image loaders, and opening them: everything lies in $TMPDIR, which
// the runner removes.
#ifndef TESTS_DATASETS_IMAGE_FILES_H
#define TESTS_DATASETS_IMAGE_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "datasets/dataset.h"
#include "tests/support/test.h"

// A fresh, empty folder; the caller's until the next program.
static inline void fresh_folder(char out[4096], const char *name) {
    static unsigned number;
    const char *parent = getenv("TMPDIR");
    snprintf(out, 4096, "%s/%s-%ld-%u", parent ? parent : "/tmp", name, (long)getpid(), number++);
    assert_int_equal(mkdir(out, 0700), 0);
}

static inline const char *in_folder(const char *folder, const char *name) {
    static char paths[4][4200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void put_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static inline void set_byte(const char *path, long at, unsigned char value) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputc(value, file), value);
    assert_int_equal(fclose(file), 0);
}

static inline struct dataset *open_good(const char *path) {
    struct dataset *dataset = NULL;
    struct error error = {0};
    if (dataset_open(path, NULL, &dataset, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return dataset;
}

static inline void assert_names(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

// Opening fails with that status; the sentence holds all of `parts` (NULL-terminated).
static inline void open_bad(const char *path, enum status status, const char *const *parts) {
    struct dataset *dataset = NULL;
    struct error error = {0};
    enum status got = dataset_open(path, NULL, &dataset, NULL, &error);
    if (got != status)
        fail_msg("%s: %s instead of %s: %s", path, status_name(got), status_name(status), error.text);
    assert_null(dataset);
    for (; *parts; parts++)
        assert_names(error.text, *parts);
}
#define OPEN_BAD(path, status, ...) open_bad(path, status, (const char *const[]){__VA_ARGS__, NULL})

static inline bool has_note(const struct dataset *dataset, const char *part) {
    for (size_t i = 0; i < dataset->notes.count; i++)
        if (strstr(dataset->notes.items[i].text, part))
            return true;
    return false;
}

static inline unsigned pixel(const struct image_set *images, size_t index, size_t channel, size_t row, size_t column) {
    return images->pixels[((index * images->channels + channel) * images->height + row) * images->width + column];
}

// Every allocation of opening `path` fails once: each time out of memory is said, and nothing is kept
// (the address sanitizer's test) or half open.
static inline void open_with_failing_memory(const char *path) {
    unsigned long before = mem_calls();
    dataset_free(open_good(path));
    unsigned long calls = mem_calls() - before;
    assert_true(calls > 5);
    for (unsigned long i = 1; i <= calls; i++) {
        struct dataset *dataset = NULL;
        struct error error = {0};
        mem_fail_at(i);
        enum status status = dataset_open(path, NULL, &dataset, NULL, &error);
        mem_fail_at(0);
        if (status != STATUS_MEMORY)
            fail_msg("allocation %lu of %lu: %s %s", i, calls, status_name(status), error.text);
        assert_names(error.text, "out of memory");
        assert_null(dataset);
    }
}

#endif
