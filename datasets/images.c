#include "datasets/images.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/input.h"

#define PACKED_BLOCK ((size_t)1 << 20)

// ---- image sets -----------------------------------------------------------------------------------

struct image_set *images_make(size_t count, size_t channels, size_t height, size_t width, size_t classes,
                              struct error *error) {
    size_t bytes = 0;
    if (!size_multiply(channels, height, &bytes) || !size_multiply(bytes, width, &bytes) ||
        !size_multiply(bytes, count, &bytes)) {
        error_set(error, STATUS_INVALID, "%zu images of %zu×%zu×%zu are more than this machine can address", count,
                  channels, height, width);
        return NULL;
    }
    struct image_set *images = mem_alloc(1, sizeof *images);
    if (images) {
        *images = (struct image_set){.references = 1,
                                     .count = count,
                                     .channels = channels,
                                     .height = height,
                                     .width = width,
                                     .classes = classes,
                                     .test_from = count};
        images->pixels = mem_alloc(bytes, 1);
        images->labels = mem_alloc(count, sizeof *images->labels);
        images->class_names = mem_alloc(classes, sizeof *images->class_names);
    }
    if (!images || !images->pixels || !images->labels || !images->class_names) {
        error_memory(error, "images", bytes);
        images_free(images);
        return NULL;
    }
    return images;
}

struct image_set *images_share(struct image_set *images) {
    atomic_fetch_add(&images->references, 1);
    return images;
}

void images_free(struct image_set *images) {
    if (!images || atomic_fetch_sub(&images->references, 1) > 1)
        return;
    for (size_t i = 0; images->class_names && i < images->classes; i++)
        mem_free(images->class_names[i]);
    mem_free(images->class_names);
    mem_free(images->labels);
    mem_free(images->pixels);
    mem_free(images);
}

enum status images_name_class(struct image_set *images, size_t index, const char *name, struct error *error) {
    char *copy = mem_string(name);
    if (!copy)
        return error_memory(error, "a class name", strlen(name) + 1);
    mem_free(images->class_names[index]);
    images->class_names[index] = copy;
    return STATUS_OK;
}

enum status images_number_classes(struct image_set *images, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < images->classes && !status; i++) {
        char name[24];
        snprintf(name, sizeof name, "%zu", i);
        status = images_name_class(images, i, name, error);
    }
    return status;
}

// ---- plain or gzip files --------------------------------------------------------------------------

static enum status open_member(struct packed_file *file, const struct members *members, struct error *error) {
    const struct member *member = members_find(members, file->path);
    if (!member)
        return error_set(error, STATUS_MISSING, "%s: has no %s", members->path, path_base(file->path));
    if (member->size == 0)
        return error_set(error, STATUS_INVALID, "%s: is empty (0 bytes)", member->path);
    file->memory = member->bytes;
    file->file_bytes = member->size;
    return STATUS_OK;
}

enum status packed_open(struct packed_file *file, const char *path, const struct members *members, struct task *task,
                        struct error *error) {
    *file = (struct packed_file){.path = path, .task = task};
    if (members)
        return open_member(file, members, error);
    int fd = -1;
    enum status status = input_open(path, &fd, &file->file_bytes, task, error);
    if (!status && file->file_bytes == 0)
        status = error_set(error, STATUS_INVALID, "%s: is empty (0 bytes); copy or download it again", path);
    if (!status) {
        file->stream = gzdopen(fd, "rb");
        if (file->stream)
            fd = -1; // now the stream's
        else
            status = error_memory(error, path, sizeof *file);
    }
    if (!status) {
        gzbuffer(file->stream, 1u << 17);
        file->packed = gzdirect(file->stream) == 0;
    }
    if (fd >= 0)
        close(fd);
    return status;
}

// gzread forgets what it delivered of a block when the stream ends inside it; its position does not.
static enum status read_block(struct packed_file *file, void *to, size_t bytes, size_t *got, struct error *error) {
    if (file->memory) {
        size_t left = (size_t)file->file_bytes - file->memory_at;
        *got = bytes < left ? bytes : left;
        memcpy(to, file->memory + file->memory_at, *got);
        file->memory_at += *got;
        return STATUS_OK;
    }
    z_off_t before = gztell(file->stream);
    int count = gzread(file->stream, to, (unsigned)bytes), problem = Z_OK;
    int reason = errno;
    const char *text = gzerror(file->stream, &problem);
    *got = (size_t)(gztell(file->stream) - before);
    if (count >= 0 || problem == Z_BUF_ERROR)
        return STATUS_OK;
    if (problem == Z_ERRNO)
        return error_set(error, STATUS_IO, "%s: reading failed: %s", file->path, strerror(reason));
    if (problem == Z_MEM_ERROR)
        return error_memory(error, "unpacking", bytes);
    return error_set(error, STATUS_INVALID, "%s: the compressed data is damaged (%s); copy or download it again",
                     file->path, text);
}

enum status packed_read(struct packed_file *file, void *to, size_t bytes, size_t *got, struct error *error) {
    enum status status = STATUS_OK;
    *got = 0;
    while (*got < bytes && !status) {
        size_t wanted = bytes - *got < PACKED_BLOCK ? bytes - *got : PACKED_BLOCK, count = 0;
        status = read_block(file, (unsigned char *)to + *got, wanted, &count, error);
        *got += count;
        if (!status)
            status = task_step(file->task, count, error);
        if (count < wanted)
            break;
    }
    return status;
}

void packed_close(struct packed_file *file) {
    if (file->stream)
        gzclose_r(file->stream);
    *file = (struct packed_file){0};
}

// ---- the files of a folder ------------------------------------------------------------------------

static const char *next_match(DIR *folder, const char *pattern) {
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL)
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
            return entry->d_name;
    return NULL;
}

bool folder_has(const char *folder, const char *pattern) {
    DIR *stream = opendir(folder);
    bool found = stream && next_match(stream, pattern);
    if (stream)
        closedir(stream);
    return found;
}

static int natural_order(const void *a, const void *b) {
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    size_t left_length = strlen(left), right_length = strlen(right);
    if (left_length != right_length)
        return left_length < right_length ? -1 : 1;
    return strcmp(left, right);
}

static enum status list_name(struct file_list *list, const char *name, struct error *error) {
    char *copy = mem_string(name);
    if (copy && vec_reserve(&list->names, &list->capacity, list->count + 1, sizeof *list->names)) {
        list->names[list->count++] = copy;
        return STATUS_OK;
    }
    mem_free(copy);
    return error_memory(error, name, strlen(name) + 1);
}

static enum status list_members(struct file_list *list, const struct members *members, const char *pattern,
                                struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < members->count && !status; i++)
        if (fnmatch(pattern, path_base(members->items[i].path), FNM_PERIOD) == 0)
            status = list_name(list, path_base(members->items[i].path), error);
    return status;
}

static enum status list_folder(struct file_list *list, const char *folder, const char *pattern, struct error *error) {
    DIR *stream = opendir(folder);
    if (!stream)
        return error_set(error, STATUS_IO, "%s: this folder cannot be read: %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    const char *name;
    while (!status && (name = next_match(stream, pattern)) != NULL)
        status = list_name(list, name, error);
    closedir(stream);
    return status;
}

enum status file_list_add(struct file_list *list, const char *folder, const struct members *members,
                          const char *pattern, struct error *error) {
    enum status status =
        members ? list_members(list, members, pattern, error) : list_folder(list, folder, pattern, error);
    if (list->count > 1)
        qsort(list->names, list->count, sizeof *list->names, natural_order);
    return status;
}

enum status file_list_join(struct file_list *list, const char *folder, const struct members *members,
                           struct error *error) {
    for (size_t i = 0; i < list->count; i++) {
        struct str path = {0};
        if (members)
            str_add(&path, members_find(members, list->names[i])->path);
        else
            path_join(&path, folder, list->names[i]);
        char *copy = path.failed ? NULL : mem_string(str_text(&path));
        str_free(&path);
        if (!copy)
            return error_memory(error, folder, strlen(folder));
        mem_free(list->names[i]);
        list->names[i] = copy;
    }
    return STATUS_OK;
}

bool has_file(const char *path, const struct members *members) {
    return members ? members_find(members, path) != NULL : file_exists(path);
}

void file_list_free(struct file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->names[i]);
    mem_free(list->names);
    *list = (struct file_list){0};
}
