// IDX files (LeCun, Cortes, Burges: http://yann.lecun.com/exdb/mnist/): magic 00 00, type 08 (unsigned
// byte), number of dimensions, big-endian sizes, then the bytes. MNIST and its kin: images in one
// file [count][height][width], labels in another [count]; plain or gzip; a folder with the official
// names, or one images file with its labels beside it.
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/images.h"

enum { DIMENSIONS_MOST = 3, SIDE_MOST = 1 << 14, DIGIT_CLASSES = 10 };

// Deflate packs at most 1032 bytes into one (zlib.net/zlib_tech.html): more cannot be in the file.
#define DEFLATE_MOST 1032

static const char *const train_patterns[] = {"*train-images?idx3-ubyte", "*train-images?idx3-ubyte.gz"};
static const char *const test_patterns[] = {"*t10k-images?idx3-ubyte", "*t10k-images?idx3-ubyte.gz",
                                            "*test-images?idx3-ubyte", "*test-images?idx3-ubyte.gz"};
static const char *const fashion_names[DIGIT_CLASSES] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                                         "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

// ---- how sure -------------------------------------------------------------------------------------

static uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool has_any(const char *folder, const char *const *patterns, size_t count) {
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = folder_has(folder, patterns[i]);
    return found;
}

static bool named_idx(const char *path) {
    return fnmatch("*idx[13]-ubyte", path_base(path), 0) == 0 || fnmatch("*idx[13]-ubyte.gz", path_base(path), 0) == 0;
}

// A file of ours whose content is not is still opened by us, so that the person hears what is wrong.
static int score(const char *path, const unsigned char *head, size_t size) {
    if (!head)
        return has_any(path, train_patterns, 2) || has_any(path, test_patterns, 4) ? 95 : 0;
    bool magic =
        size >= 4 && head[0] == 0 && head[1] == 0 && head[2] >= 0x08 && head[2] <= 0x0e && head[3] >= 1 && head[3] <= 4;
    if (magic)
        return named_idx(path) ? 98 : 80;
    return named_idx(path) ? 70 : 0;
}

// ---- one file -------------------------------------------------------------------------------------

struct idx {
    struct packed_file file;
    size_t dimensions, sizes[DIMENSIONS_MOST];
    uint64_t header, data; // bytes
};

static enum status check_magic(const char *path, const unsigned char *magic, size_t dimensions, struct error *error) {
    if (magic[0] != 0 || magic[1] != 0)
        return error_set(
            error, STATUS_INVALID,
            "%s: begins with %02x %02x %02x %02x, an IDX file with 00 00 08 %02zx; it is damaged or no IDX "
            "file",
            path, magic[0], magic[1], magic[2], magic[3], dimensions);
    if (magic[2] != 0x08)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: holds values of type %02x; only unsigned bytes (type 08) can be read", path, magic[2]);
    if (magic[3] == dimensions)
        return STATUS_OK;
    if (magic[3] == 1 && dimensions == 3)
        return error_set(error, STATUS_INVALID, "%s: holds labels; open the images file beside it, or the folder",
                         path);
    return error_set(error, STATUS_INVALID, "%s: has %u dimensions where %s have %zu; name the right file", path,
                     magic[3], dimensions == 1 ? "labels" : "images", dimensions);
}

static enum status check_sizes(struct idx *idx, struct error *error) {
    const char *path = idx->file.path;
    size_t product = 1;
    for (size_t i = 0; i < idx->dimensions; i++) {
        if (idx->sizes[i] == 0)
            return error_set(error, STATUS_INVALID, "%s: its header says 0 %s; there is nothing to learn from", path,
                             i == 0   ? "records"
                             : i == 1 ? "rows of pixels"
                                      : "columns of pixels");
        if (i > 0 && idx->sizes[i] > SIDE_MOST)
            return error_set(error, STATUS_INVALID,
                             "%s: its header says images %zu pixels wide or high; at most %d can "
                             "be read, and the header is probably damaged",
                             path, idx->sizes[i], SIDE_MOST);
        if (!size_multiply(product, idx->sizes[i], &product))
            return error_set(error, STATUS_INVALID, "%s: its header says more bytes than there can be; it is damaged",
                             path);
    }
    idx->data = product;
    uint64_t stored = idx->file.file_bytes, promised = idx->header + idx->data;
    if (!idx->file.packed && stored != promised)
        return error_set(
            error, STATUS_INVALID,
            "%s: its header promises %zu records, %llu bytes in all, but the file has %llu; record %llu is "
            "the last whole one; copy or download it again",
            path, idx->sizes[0], (unsigned long long)promised, (unsigned long long)stored,
            stored < idx->header ? 0 : (unsigned long long)((stored - idx->header) / (product / idx->sizes[0])));
    if (idx->file.packed && promised / DEFLATE_MOST > stored)
        return error_set(error, STATUS_INVALID,
                         "%s: its header promises %llu bytes, which cannot come out of %llu packed ones; it is damaged",
                         path, (unsigned long long)promised, (unsigned long long)stored);
    return STATUS_OK;
}

// Reads and checks the header; the stream then stands at the first record. Closed by packed_close.
static enum status idx_open(struct idx *idx, const char *path, const struct members *members, size_t dimensions,
                            struct task *task, struct error *error) {
    unsigned char head[4 + 4 * DIMENSIONS_MOST];
    size_t got = 0;
    *idx = (struct idx){.dimensions = dimensions, .header = 4 + 4 * dimensions};
    enum status status = packed_open(&idx->file, path, members, task, error);
    if (!status)
        status = packed_read(&idx->file, head, 4, &got, error);
    if (!status && got == 4)
        status = check_magic(path, head, dimensions, error);
    size_t more = 0;
    if (!status && got == 4)
        status = packed_read(&idx->file, head + 4, 4 * dimensions, &more, error);
    if (!status && got + more < idx->header)
        status = error_set(error, STATUS_INVALID,
                           "%s: ends after %zu bytes, inside its header of %llu; copy or "
                           "download it again",
                           path, got + more, (unsigned long long)idx->header);
    for (size_t i = 0; i < dimensions && !status; i++)
        idx->sizes[i] = big_endian(head + 4 + 4 * i);
    return status ? status : check_sizes(idx, error);
}

// All records, and nothing behind them: reading on also makes gzip check its sum.
static enum status idx_read(struct idx *idx, unsigned char *to, struct error *error) {
    size_t got = 0, extra = 0;
    unsigned char byte;
    enum status status = packed_read(&idx->file, to, (size_t)idx->data, &got, error);
    if (!status && got < idx->data)
        return error_set(
            error, STATUS_INVALID,
            "%s: ends after %llu bytes where its header promises %llu; record %llu of %zu is cut off; copy "
            "or download it again",
            idx->file.path, (unsigned long long)(idx->header + got), (unsigned long long)(idx->header + idx->data),
            (unsigned long long)(got / (idx->data / idx->sizes[0]) + 1), idx->sizes[0]);
    if (!status)
        status = packed_read(&idx->file, &byte, 1, &extra, error);
    if (!status && extra > 0)
        return error_set(error, STATUS_INVALID,
                         "%s: goes on after the %llu bytes that its header promises; the header is damaged",
                         idx->file.path, (unsigned long long)(idx->header + idx->data));
    return status;
}

// ---- which files ----------------------------------------------------------------------------------

// "…/train-images-idx3-ubyte.gz" → "…/train-labels-idx1-ubyte", with .gz or without: what is there.
static enum status labels_path(const char *images, const struct members *members, struct str *path,
                               struct error *error) {
    const char *name = path_base(images), *word = strstr(name, "images");
    if (!word)
        return error_set(
            error, STATUS_MISSING,
            "%s: its labels are found by name, with \"labels\" where the images file has \"images\"; rename "
            "both files",
            images);
    str_add_bytes(path, images, (size_t)(word - images));
    str_add(path, "labels");
    const char *rest = word + strlen("images"), *digit = strstr(rest, "idx3");
    if (digit) {
        str_add_bytes(path, rest, (size_t)(digit - rest));
        str_add(path, "idx1");
        rest = digit + strlen("idx3");
    }
    str_add_bytes(path, rest, strlen(rest) - (text_ends(rest, ".gz") ? 3 : 0));
    size_t plain = path->length;
    if (!path->failed && !members && !file_exists(str_text(path)))
        str_add(path, ".gz");
    if (path->failed)
        return error_memory(error, images, plain);
    if (!has_file(str_text(path), members))
        return error_set(error, STATUS_MISSING, "%s: there are no labels for it; put %s beside it", images,
                         path_base(str_text(path)));
    return STATUS_OK;
}

// The one file that fits (plain goes before gzip); empty when there is none.
static enum status find_images(const char *folder, const struct members *members, const char *const *patterns,
                               size_t count, struct str *path, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && !status && path->length == 0; i++) {
        struct file_list list = {0};
        status = file_list_add(&list, folder, members, patterns[i], error);
        if (!status && list.count > 1)
            status = error_set(error, STATUS_INVALID, "%s: has several images files (%s, %s); open the one you mean",
                               folder, list.names[0], list.names[1]);
        if (!status && list.count == 1)
            status = file_list_join(&list, folder, members, error);
        if (!status && list.count == 1)
            str_add(path, list.names[0]);
        file_list_free(&list);
    }
    if (!status && path->failed)
        status = error_memory(error, folder, strlen(folder));
    return status;
}

struct pair { // images and labels of one part
    struct str images, labels;
    struct idx image_file, label_file;
};

static void pair_free(struct pair *pair) {
    packed_close(&pair->image_file.file);
    packed_close(&pair->label_file.file);
    str_free(&pair->images);
    str_free(&pair->labels);
}

// Opens both files of a part and checks that they belong together. `pair->images` is filled in.
static enum status pair_open(struct pair *pair, const struct members *members, struct task *task, struct error *error) {
    enum status status = idx_open(&pair->image_file, str_text(&pair->images), members, 3, task, error);
    if (!status)
        status = labels_path(str_text(&pair->images), members, &pair->labels, error);
    if (!status)
        status = idx_open(&pair->label_file, str_text(&pair->labels), members, 1, task, error);
    if (!status && pair->image_file.sizes[0] != pair->label_file.sizes[0])
        status = error_set(error, STATUS_INVALID,
                           "%s: has %zu labels for the %zu images in %s; they do not belong "
                           "together",
                           str_text(&pair->labels), pair->label_file.sizes[0], pair->image_file.sizes[0],
                           path_base(str_text(&pair->images)));
    return status;
}

// ---- classes --------------------------------------------------------------------------------------

static bool says_fashion(const char *text) {
    for (; *text; text++)
        if (strncasecmp(text, "fashion", strlen("fashion")) == 0)
            return true;
    return false;
}

// The last two parts of the real path: "FashionMNIST/raw", "fashion-mnist/train-images-idx3-ubyte.gz".
static bool is_fashion(const char *path) {
    char real[PATH_MAX];
    const char *end = realpath(path, real);
    if (!end)
        return false;
    char *slash = strrchr(real, '/');
    const char *from = real;
    for (char *at = real; at < slash; at++)
        if (*at == '/')
            from = at;
    return says_fashion(from);
}

static bool is_fashion_member(const struct members *members) {
    return members && members->count > 0 && says_fashion(members->items[0].path + strlen(members->path));
}

// MNIST and most of its kin have ten classes; EMNIST has up to 62. A single damaged label byte must not
// become a hundred classes: more than ten are believed only where most of them occur.
static enum status count_classes(const unsigned char *labels, size_t count, bool ten, const char *path, size_t *classes,
                                 struct error *error) {
    bool seen[256] = {false};
    size_t first = count, distinct = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        distinct += !seen[labels[i]];
        seen[labels[i]] = true;
        most = labels[i] > most ? labels[i] : most;
        if (labels[i] >= DIGIT_CLASSES && first == count)
            first = i;
    }
    *classes = most < DIGIT_CLASSES ? DIGIT_CLASSES : most + 1;
    if (first == count || (!ten && 2 * distinct > *classes))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "%s: record %zu has the label %u, but labels are 0 to %d here; the file is "
                     "damaged",
                     path, first + 1, labels[first], DIGIT_CLASSES - 1);
}

static enum status name_classes(struct image_set *images, bool fashion, struct error *error) {
    enum status status = fashion ? STATUS_OK : images_number_classes(images, error);
    for (size_t i = 0; fashion && i < images->classes && !status; i++)
        status = images_name_class(images, i, fashion_names[i], error);
    return status;
}

// ---- loading --------------------------------------------------------------------------------------

struct parts {
    const struct members *members; // of an archive; NULL: files
    struct pair train, test;
    size_t test_count; // 0: no test part
};

static enum status open_parts(const char *path, struct parts *parts, struct task *task, struct error *error) {
    bool folder = parts->members || file_is_folder(path);
    enum status status = STATUS_OK;
    if (folder)
        status = find_images(path, parts->members, train_patterns, 2, &parts->train.images, error);
    else
        str_add(&parts->train.images, path);
    if (!status && parts->train.images.failed)
        status = error_memory(error, path, strlen(path));
    if (!status && parts->train.images.length == 0)
        status = error_set(error, STATUS_MISSING,
                           "%s: has test images but no train-images-idx3-ubyte; put the training "
                           "files beside them, or open the test images alone",
                           path);
    if (!status)
        status = pair_open(&parts->train, parts->members, task, error);
    if (!status && folder)
        status = find_images(path, parts->members, test_patterns, 4, &parts->test.images, error);
    if (status || parts->test.images.length == 0)
        return status;
    status = pair_open(&parts->test, parts->members, task, error);
    const struct idx *train = &parts->train.image_file, *test = &parts->test.image_file;
    if (!status && (train->sizes[1] != test->sizes[1] || train->sizes[2] != test->sizes[2]))
        status = error_set(error, STATUS_INVALID,
                           "%s: its images are %zu×%zu, those in %s are %zu×%zu; they do not belong "
                           "together",
                           str_text(&parts->test.images), test->sizes[1], test->sizes[2],
                           path_base(str_text(&parts->train.images)), train->sizes[1], train->sizes[2]);
    parts->test_count = test->sizes[0];
    return status;
}

// The labels come first: they say how many classes there are.
static enum status read_labels(struct parts *parts, bool ten, unsigned char *labels, size_t *classes,
                               struct error *error) {
    size_t train = parts->train.image_file.sizes[0], more = 0;
    enum status status = idx_read(&parts->train.label_file, labels, error);
    if (!status)
        status = count_classes(labels, train, ten, str_text(&parts->train.labels), classes, error);
    if (status || parts->test_count == 0)
        return status;
    status = idx_read(&parts->test.label_file, labels + train, error);
    if (!status)
        status = count_classes(labels + train, parts->test_count, ten, str_text(&parts->test.labels), &more, error);
    *classes = more > *classes ? more : *classes;
    return status;
}

static enum status read_images(struct parts *parts, struct image_set *images, struct error *error) {
    size_t train = parts->train.image_file.sizes[0];
    enum status status = idx_read(&parts->train.image_file, images->pixels, error);
    if (status || parts->test_count == 0)
        return status;
    return idx_read(&parts->test.image_file, images->pixels + train * images->height * images->width, error);
}

static uint64_t bytes_to_read(const struct parts *parts) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < (parts->test_count > 0 ? 2u : 1u); i++) {
        const struct pair *pair = i == 0 ? &parts->train : &parts->test;
        bytes += pair->image_file.header + pair->image_file.data + pair->label_file.header + pair->label_file.data;
    }
    return bytes;
}

static enum status read_all(struct parts *parts, bool fashion, struct dataset *dataset, struct error *error) {
    const size_t *sizes = parts->train.image_file.sizes;
    size_t count = sizes[0] + parts->test_count, classes = 0;
    unsigned char *labels = mem_alloc(count, 1);
    if (!labels)
        return error_memory(error, "labels", count);
    enum status status = read_labels(parts, fashion, labels, &classes, error);
    if (status)
        goto out;
    dataset->images = images_make(count, 1, sizes[1], sizes[2], classes, error);
    if (!dataset->images) {
        status = error->status;
        goto out;
    }
    dataset->images->test_from = sizes[0];
    for (size_t i = 0; i < count; i++)
        dataset->images->labels[i] = labels[i];
    status = read_images(parts, dataset->images, error);
    if (!status)
        status = name_classes(dataset->images, fashion, error);
out:
    mem_free(labels);
    return status;
}

static enum status load_parts(const char *path, const struct members *members, struct dataset *dataset,
                              struct task *task, struct error *error) {
    struct parts parts = {.members = members};
    dataset->kind = DATASET_IMAGES;
    enum status status = open_parts(path, &parts, task, error);
    if (!status && !members)
        dataset->file_bytes = parts.train.image_file.file.file_bytes + parts.train.label_file.file.file_bytes +
                              parts.test.image_file.file.file_bytes + parts.test.label_file.file.file_bytes;
    if (!status) {
        task_begin(task, "Reading", "bytes", bytes_to_read(&parts));
        status = read_all(&parts, is_fashion(path) || is_fashion_member(members), dataset, error);
    }
    if (!status && parts.test_count == 0)
        status = notes_add(&dataset->notes, 0, NULL, error, "There is no test part (%s): only training images.",
                           "t10k-images-idx3-ubyte");
    pair_free(&parts.train);
    pair_free(&parts.test);
    return status;
}

static enum status load(const char *path, const struct load_options *options, struct dataset *dataset,
                        struct task *task, struct error *error) {
    (void)options;
    return load_parts(path, NULL, dataset, task, error);
}

static enum status load_members(const struct members *members, struct dataset *dataset, struct task *task,
                                struct error *error) {
    return load_parts(members->path, members, dataset, task, error);
}

static bool wants(const char *name) {
    return fnmatch("*idx[13]-ubyte", name, 0) == 0;
}

const struct loader loader_idx = {
    .name = "idx",
    .help = "MNIST, Fashion-MNIST: a folder with train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz, "
            "or one images file with its labels beside it",
    .score = score,
    .load = load,
    .wants = wants,
    .load_members = load_members,
};
