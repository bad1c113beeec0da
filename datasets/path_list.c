// Which files a path means.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/csv_files.h"

bool path_is_pattern(const char *path) {
    return strpbrk(path, "*?[") != NULL && !file_exists(path);
}

// Runs of digits by their value, all else byte by byte.
static int natural(const void *a, const void *b) {
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    while (*left != '\0' && *right != '\0') {
        size_t zeros_left = strspn(left, "0"), zeros_right = strspn(right, "0");
        size_t length_left = strspn(left + zeros_left, "0123456789");
        size_t length_right = strspn(right + zeros_right, "0123456789");
        bool numbers = isdigit((unsigned char)*left) && isdigit((unsigned char)*right);
        if (numbers && length_left != length_right)
            return length_left < length_right ? -1 : 1;
        int order = numbers ? memcmp(left + zeros_left, right + zeros_right, length_left)
                            : (unsigned char)*left - (unsigned char)*right;
        if (order != 0)
            return order;
        left += numbers ? zeros_left + length_left : 1;
        right += numbers ? zeros_right + length_right : 1;
    }
    if (*left != *right)
        return (unsigned char)*left - (unsigned char)*right;
    return strcmp(*(char *const *)a, *(char *const *)b); // "01" and "1"
}

static void sort_from(struct path_list *list, size_t from) {
    if (list->count > from + 1)
        qsort(list->items + from, list->count - from, sizeof *list->items, natural);
}

static enum status add(struct path_list *list, const char *path, struct error *error) {
    char *copy = mem_string(path);
    if (copy == NULL || !vec_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items)) {
        mem_free(copy);
        return error_memory(error, "the names of files", strlen(path));
    }
    list->items[list->count++] = copy;
    return STATUS_OK;
}

static bool is_table(const char *name) {
    static const char *const endings[] = {".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (name[0] != '.' && text_ends(name, endings[i]))
            return true;
    return false;
}

static enum status add_folder(struct path_list *list, const char *folder, struct error *error) {
    size_t before = list->count;
    enum status status = STATUS_OK;
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return error_set(error, STATUS_IO, "%s: this folder may not be read: %s", folder, strerror(errno));
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(stream)) != NULL;) {
        struct str path = {0};
        if (!is_table(entry->d_name))
            continue;
        path_join(&path, folder, entry->d_name);
        status = path.failed ? error_memory(error, folder, strlen(folder)) : STATUS_OK;
        if (status == STATUS_OK && !file_is_folder(str_text(&path)))
            status = add(list, str_text(&path), error);
        str_free(&path);
    }
    closedir(stream);
    sort_from(list, before);
    return status;
}

static enum status add_pattern(struct path_list *list, const char *pattern, struct error *error) {
    size_t before = list->count;
    glob_t found;
    enum status status = STATUS_OK;
    int problem = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (problem == GLOB_NOSPACE)
        return error_memory(error, pattern, strlen(pattern));
    for (size_t i = 0; problem == 0 && i < found.gl_pathc && status == STATUS_OK; i++)
        if (!file_is_folder(found.gl_pathv[i]))
            status = add(list, found.gl_pathv[i], error);
    if (problem == 0)
        globfree(&found);
    sort_from(list, before);
    if (status == STATUS_OK && list->count == before)
        return error_set(error, STATUS_MISSING, "%s: no file fits this pattern; check the spelling", pattern);
    return status;
}

enum status path_list_add(struct path_list *list, const char *path, struct error *error) {
    if (path_is_pattern(path))
        return add_pattern(list, path, error);
    return file_is_folder(path) ? add_folder(list, path, error) : add(list, path, error);
}

void path_list_free(struct path_list *list) {
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->items[i]);
    mem_free(list->items);
    *list = (struct path_list){0};
}
