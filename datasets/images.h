// What the image loaders share: an image set with room for its records, a reader of plain or gzip
// files that says how many bytes it found, and the files of a folder by pattern. The caller owns
// what is made here and frees it with the function named beside it. Any one thread.
#ifndef DATASETS_IMAGES_H
#define DATASETS_IMAGES_H

#include "datasets/archive.h"
#include "datasets/dataset.h"

#include <zlib.h>

// All pixels and labels 0, class_names[] all NULL, test_from = count. NULL: no memory, or the sizes
// overflow, and `error` says which.
struct image_set *images_make(size_t count, size_t channels, size_t height, size_t width, size_t classes,
                              struct error *error);
struct image_set *images_share(struct image_set *images); // one more reference
void images_free(struct image_set *images);               // drops a reference; NULL allowed
enum status images_name_class(struct image_set *images, size_t index, const char *name, struct error *error);
// Every class gets its index as a name.
enum status images_number_classes(struct image_set *images, struct error *error);

// A plain or gzip file, read from the front. `struct packed_file file = {0}` is a closed one.
struct packed_file {
    gzFile stream;
    const char *path;            // the caller's
    uint64_t file_bytes;         // as stored
    bool packed;                 // it is gzip
    const unsigned char *memory; // a member of an archive: [file_bytes], not the file's
    size_t memory_at;
    struct task *task; // told about every byte read, may be NULL
};
// Refuses folders, devices and empty files with a sentence; pipes are spooled (input.h).
// With `members` (NULL: none) the path is that of a member.
enum status packed_open(struct packed_file *file, const char *path, const struct members *members, struct task *task,
                        struct error *error);
// Reads up to `bytes` into `to`; *got is smaller only where the file (or its gzip stream) ends.
enum status packed_read(struct packed_file *file, void *to, size_t bytes, size_t *got, struct error *error);
void packed_close(struct packed_file *file);

struct file_list { // base names, in natural order: data_batch_2.bin before data_batch_10.bin
    char **names;
    size_t count, capacity;
};
// Adds the names in `folder` (of `members`, where there are any) that the shell pattern fits.
enum status file_list_add(struct file_list *list, const char *folder, const struct members *members,
                          const char *pattern, struct error *error);
void file_list_free(struct file_list *list);
bool folder_has(const char *folder, const char *pattern);
// Names become paths: FOLDER/NAME, or where the member lies.
enum status file_list_join(struct file_list *list, const char *folder, const struct members *members,
                           struct error *error);
bool has_file(const char *path, const struct members *members);

#endif
