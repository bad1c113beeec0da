// CIFAR-10 and CIFAR-100 binary files (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html):
// records of one label byte (CIFAR-100: coarse, then fine) and 3072 pixel bytes — the red, green and
// blue planes of 32×32, row-major. A folder with the official names, or one file of whole records.
#include <fnmatch.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/images.h"
#include "datasets/input.h"

enum { SIDE = 32, PIXELS = 3 * SIDE * SIDE, RECORDS_AT_ONCE = 256, NAMES_BYTES_MOST = 64 * 1024 };

struct cifar {
    const char *title;
    const char *train, *test; // shell patterns of the official file names
    const char *names_file;
    size_t label_bytes;       // the last one is used
    unsigned limits[2];       // each label byte is below its limit
    const char *const *names; // when names_file is absent; NULL: numbers
};

static const char *const cifar10_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                            "dog",      "frog",       "horse", "ship", "truck"};
static const struct cifar cifar10 = {.title = "CIFAR-10",
                                     .train = "data_batch_*.bin",
                                     .test = "test_batch.bin",
                                     .names_file = "batches.meta.txt",
                                     .label_bytes = 1,
                                     .limits = {10},
                                     .names = cifar10_names};
static const struct cifar cifar100 = {.title = "CIFAR-100",
                                      .train = "train.bin",
                                      .test = "test.bin",
                                      .names_file = "fine_label_names.txt",
                                      .label_bytes = 2,
                                      .limits = {20, 100}};

static size_t record_bytes(const struct cifar *kind) {
    return kind->label_bytes + PIXELS;
}

static size_t class_count(const struct cifar *kind) {
    return kind->limits[kind->label_bytes - 1];
}

// ---- how sure -------------------------------------------------------------------------------------

static bool labels_fit(const struct cifar *kind, const unsigned char *head, size_t size) {
    for (size_t at = 0; at < size; at += record_bytes(kind))
        for (size_t i = 0; i < kind->label_bytes && at + i < size; i++)
            if (head[at + i] >= kind->limits[i])
                return false;
    return true;
}

// A file that is cut short is still ours by its name, so that the person hears what is wrong with it
// (and not that of the other kind whose records happen to fit).
static int score(const struct cifar *kind, const char *path, const unsigned char *head, size_t size) {
    if (!head)
        return folder_has(path, kind->train) || folder_has(path, kind->test) ? 95 : 0;
    const char *name = path_base(path);
    bool named = fnmatch(kind->train, name, 0) == 0 || fnmatch(kind->test, name, 0) == 0;
    int64_t bytes = input_size(path);
    bool whole = bytes > 0 && (uint64_t)bytes % record_bytes(kind) == 0;
    if (whole && labels_fit(kind, head, size))
        return named ? 95 : 85;
    return named ? 90 : 0;
}

static int score_cifar10(const char *path, const unsigned char *head, size_t size) {
    return score(&cifar10, path, head, size);
}

static int score_cifar100(const char *path, const unsigned char *head, size_t size) {
    return score(&cifar100, path, head, size);
}

static bool wants(const struct cifar *kind, const char *name) {
    return fnmatch(kind->train, name, 0) == 0 || fnmatch(kind->test, name, 0) == 0 ||
           text_equal(kind->names_file, name);
}

static bool wants_cifar10(const char *name) {
    return wants(&cifar10, name);
}

static bool wants_cifar100(const char *name) {
    return wants(&cifar100, name);
}

// ---- the files ------------------------------------------------------------------------------------

struct parts {                     // the files to read, in order
    const struct members *members; // of an archive; NULL: files
    struct file_list files;
    size_t *records; // [files.count]
    size_t total, test_from;
    uint64_t bytes;
};

static void parts_free(struct parts *parts) {
    file_list_free(&parts->files);
    mem_free(parts->records);
}

static enum status count_records(const struct cifar *kind, const char *path, const struct members *members,
                                 size_t *records, uint64_t *bytes, struct error *error) {
    struct packed_file file = {0};
    size_t whole = record_bytes(kind);
    enum status status = packed_open(&file, path, members, NULL, error);
    uint64_t size = file.file_bytes;
    if (!status && file.packed)
        status = error_set(error, STATUS_UNSUPPORTED, "%s: is gzip; unpack it first (gunzip)", path);
    if (!status && size % whole != 0)
        status = error_set(error, STATUS_INVALID,
                           "%s: is cut short: %llu bytes, where record %llu ends at byte %llu (%s records have %zu "
                           "bytes); copy or download it again",
                           path, (unsigned long long)size, (unsigned long long)(size / whole + 1),
                           (unsigned long long)((size / whole + 1) * whole), kind->title, whole);
    packed_close(&file);
    *records = (size_t)(size / whole);
    *bytes += size;
    return status;
}

static enum status list_folder(const struct cifar *kind, const char *folder, struct parts *parts, size_t *train,
                               struct error *error) {
    enum status status = file_list_add(&parts->files, folder, parts->members, kind->train, error);
    *train = parts->files.count;
    if (!status && *train == 0)
        return error_set(error, STATUS_MISSING,
                         "%s: has %s but no %s to train on; put the training files beside it, or open %s alone", folder,
                         kind->test, kind->train, kind->test);
    struct file_list test = {0};
    if (!status)
        status = file_list_add(&test, folder, parts->members, kind->test, error);
    if (!status && test.count > 0) {
        if (vec_reserve(&parts->files.names, &parts->files.capacity, *train + 1, sizeof *test.names)) {
            parts->files.names[parts->files.count++] = test.names[0];
            test.count = 0; // the name has moved
        } else {
            status = error_memory(error, folder, sizeof *test.names);
        }
    }
    file_list_free(&test);
    return status ? status : file_list_join(&parts->files, folder, parts->members, error);
}

static enum status list_file(const char *path, struct parts *parts, struct error *error) {
    char *copy = mem_string(path);
    if (!copy || !vec_reserve(&parts->files.names, &parts->files.capacity, 1, sizeof *parts->files.names)) {
        mem_free(copy);
        return error_memory(error, path, strlen(path) + 1);
    }
    parts->files.names[parts->files.count++] = copy;
    return STATUS_OK;
}

static enum status find_parts(const struct cifar *kind, const char *path, struct parts *parts, struct error *error) {
    size_t train = 1;
    bool folder = parts->members || file_is_folder(path);
    enum status status = folder ? list_folder(kind, path, parts, &train, error) : list_file(path, parts, error);
    if (status)
        return status;
    parts->records = mem_alloc(parts->files.count, sizeof *parts->records);
    if (!parts->records)
        return error_memory(error, path, parts->files.count * sizeof *parts->records);
    for (size_t i = 0; i < parts->files.count && !status; i++) {
        status = count_records(kind, parts->files.names[i], parts->members, &parts->records[i], &parts->bytes, error);
        parts->total += parts->records[i];
        if (i < train)
            parts->test_from = parts->total;
    }
    return status;
}

// ---- the records ----------------------------------------------------------------------------------

static enum status take_record(const struct cifar *kind, const char *path, size_t number, const unsigned char *record,
                               struct image_set *images, size_t index, struct error *error) {
    for (size_t i = 0; i < kind->label_bytes; i++)
        if (record[i] >= kind->limits[i])
            return error_set(error, STATUS_INVALID,
                             "%s: record %zu has the label %u, but %s labels are 0 to %u; the file is damaged or no %s "
                             "file",
                             path, number, record[i], kind->title, kind->limits[i] - 1, kind->title);
    images->labels[index] = record[kind->label_bytes - 1];
    memcpy(images->pixels + index * PIXELS, record + kind->label_bytes, PIXELS);
    return STATUS_OK;
}

static enum status read_part(const struct cifar *kind, const struct parts *parts, size_t index, unsigned char *block,
                             struct image_set *images, size_t first, struct task *task, struct error *error) {
    struct packed_file file = {0};
    const char *path = parts->files.names[index];
    size_t records = parts->records[index];
    enum status status = packed_open(&file, path, parts->members, task, error);
    for (size_t done = 0; done < records && !status;) {
        size_t count = records - done < RECORDS_AT_ONCE ? records - done : RECORDS_AT_ONCE, got = 0;
        status = packed_read(&file, block, count * record_bytes(kind), &got, error);
        if (!status && got < count * record_bytes(kind))
            status = error_set(error, STATUS_IO, "%s: ends in record %zu of %zu; it became shorter while it was read",
                               path, done + got / record_bytes(kind) + 1, records);
        for (size_t i = 0; i < count && !status; i++)
            status =
                take_record(kind, path, done + i + 1, block + i * record_bytes(kind), images, first + done + i, error);
        done += count;
    }
    packed_close(&file);
    members_drop(parts->members, path);
    return status;
}

static enum status read_parts(const struct cifar *kind, const struct parts *parts, struct image_set *images,
                              struct task *task, struct error *error) {
    enum status status = STATUS_OK;
    unsigned char *block = mem_alloc(RECORDS_AT_ONCE, record_bytes(kind));
    if (!block)
        return error_memory(error, "reading records", RECORDS_AT_ONCE * record_bytes(kind));
    for (size_t i = 0, first = 0; i < parts->files.count && !status; first += parts->records[i++])
        status = read_part(kind, parts, i, block, images, first, task, error);
    mem_free(block);
    return status;
}

// ---- class names ----------------------------------------------------------------------------------

static enum status default_names(const struct cifar *kind, struct image_set *images, struct notes *notes,
                                 struct error *error) {
    enum status status = STATUS_OK;
    if (!kind->names)
        status = images_number_classes(images, error);
    for (size_t i = 0; kind->names && i < images->classes && !status; i++)
        status = images_name_class(images, i, kind->names[i], error);
    if (status)
        return status;
    return notes_add(notes, 0, NULL, error, "There is no %s beside the images: the classes have %s.", kind->names_file,
                     kind->names ? "their official names" : "numbers for names");
}

static enum status parse_names(char *text, const char *path, struct image_set *images, struct error *error) {
    enum status status = STATUS_OK;
    size_t count = 0;
    char *rest = NULL;
    for (char *name = strtok_r(text, "\r\n", &rest); name && !status; name = strtok_r(NULL, "\r\n", &rest)) {
        if (count < images->classes)
            status = images_name_class(images, count, name, error);
        count++;
    }
    if (!status && count != images->classes)
        return error_set(error, STATUS_INVALID,
                         "%s: has %zu class names where %zu are needed, one a line; mend or remove it", path, count,
                         images->classes);
    return status;
}

static enum status read_names(const char *path, const struct members *members, char **text, struct error *error) {
    size_t size = 0;
    if (!members)
        return file_read(path, NAMES_BYTES_MOST, text, &size, error);
    const struct member *member = members_find(members, path);
    size = member->size < NAMES_BYTES_MOST ? member->size : NAMES_BYTES_MOST;
    *text = mem_alloc(size + 1, 1);
    if (!*text)
        return error_memory(error, path, size + 1);
    memcpy(*text, member->bytes, size);
    return STATUS_OK;
}

static enum status name_classes(const struct cifar *kind, const struct parts *parts, struct image_set *images,
                                struct notes *notes, struct error *error) {
    struct str path = {0};
    char *text = NULL;
    const char *any_file = parts->files.names[0];
    enum status status = STATUS_OK;
    str_add_bytes(&path, any_file, (size_t)(path_base(any_file) - any_file));
    str_add(&path, kind->names_file);
    if (path.failed) {
        status = error_memory(error, kind->names_file, strlen(any_file));
        goto out;
    }
    if (!has_file(str_text(&path), parts->members)) {
        status = default_names(kind, images, notes, error);
        goto out;
    }
    status = read_names(str_text(&path), parts->members, &text, error);
    if (!status)
        status = parse_names(text, str_text(&path), images, error);
out:
    mem_free(text);
    str_free(&path);
    return status;
}

// ---- loading --------------------------------------------------------------------------------------

static enum status load(const struct cifar *kind, const char *path, const struct members *members,
                        struct dataset *dataset, struct task *task, struct error *error) {
    struct parts parts = {.members = members};
    dataset->kind = DATASET_IMAGES;
    enum status status = find_parts(kind, path, &parts, error);
    if (status)
        goto out;
    dataset->file_bytes = members ? dataset->file_bytes : parts.bytes;
    task_begin(task, "Reading", "bytes", parts.bytes);
    dataset->images = images_make(parts.total, 3, SIDE, SIDE, class_count(kind), error);
    if (!dataset->images) {
        status = error->status;
        goto out;
    }
    dataset->images->test_from = parts.test_from;
    status = read_parts(kind, &parts, dataset->images, task, error);
    if (!status)
        status = name_classes(kind, &parts, dataset->images, &dataset->notes, error);
    if (!status && parts.test_from == parts.total)
        status =
            notes_add(&dataset->notes, 0, NULL, error, "There is no test part (%s): only training images.", kind->test);
out:
    parts_free(&parts);
    return status;
}

static enum status load_cifar10(const char *path, const struct load_options *options, struct dataset *dataset,
                                struct task *task, struct error *error) {
    (void)options;
    return load(&cifar10, path, NULL, dataset, task, error);
}

static enum status load_cifar10_members(const struct members *members, struct dataset *dataset, struct task *task,
                                        struct error *error) {
    return load(&cifar10, members->path, members, dataset, task, error);
}

static enum status load_cifar100(const char *path, const struct load_options *options, struct dataset *dataset,
                                 struct task *task, struct error *error) {
    (void)options;
    return load(&cifar100, path, NULL, dataset, task, error);
}

static enum status load_cifar100_members(const struct members *members, struct dataset *dataset, struct task *task,
                                         struct error *error) {
    return load(&cifar100, members->path, members, dataset, task, error);
}

const struct loader loader_cifar10 = {
    .name = "cifar10",
    .help = "CIFAR-10: a folder with data_batch_*.bin and test_batch.bin, or one such file",
    .score = score_cifar10,
    .load = load_cifar10,
    .wants = wants_cifar10,
    .load_members = load_cifar10_members,
};

const struct loader loader_cifar100 = {
    .name = "cifar100",
    .help = "CIFAR-100: a folder with train.bin and test.bin, or one such file",
    .score = score_cifar100,
    .load = load_cifar100,
    .wants = wants_cifar100,
    .load_members = load_cifar100_members,
};
