// Archives made with libarchive's writer and opened as data: the same pictures whatever packs them; names
// that point outside, links, sizes that lie, damage at every byte and truncation at every length refused.
#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include "core/base/str.h"
#include "datasets/images.h"
#include "tests/datasets/image_files.h"
#include "tests/support/cifar_maker.h"

enum { RECORD = 1 + SHAPE_PIXELS, TAR = 512 };

struct packing {
    const char *name;
    int (*format)(struct archive *), (*filter)(struct archive *);
    bool store; // zip without compression
};
static const struct packing packings[] = {
    {"a.tar", archive_write_set_format_gnutar, NULL, false},
    {"a.tar.gz", archive_write_set_format_ustar, archive_write_add_filter_gzip, false},
    {"a.tgz", archive_write_set_format_pax_restricted, archive_write_add_filter_gzip, false},
    {"a.tar.xz", archive_write_set_format_gnutar, archive_write_add_filter_xz, false},
    {"a.tar.bz2", archive_write_set_format_gnutar, archive_write_add_filter_bzip2, false},
    {"a.tar.zst", archive_write_set_format_gnutar, archive_write_add_filter_zstd, false},
    {"a.zip", archive_write_set_format_zip, NULL, false},
    {"stored.zip", archive_write_set_format_zip, NULL, true},
};
enum { PACKINGS = sizeof packings / sizeof *packings };

static struct archive *begin(const char *path, const struct packing *packing) {
    struct archive *archive = archive_write_new();
    assert_non_null(archive);
    assert_int_equal(packing->format(archive), ARCHIVE_OK);
    if (packing->filter)
        assert_int_equal(packing->filter(archive), ARCHIVE_OK);
    if (packing->store)
        assert_int_equal(archive_write_zip_set_compression_store(archive), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(archive, 1);
    assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
    return archive;
}

static void end(struct archive *archive) {
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

static void add(struct archive *archive, const char *name, const void *bytes, size_t size) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)size);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(archive, bytes, size), size);
    archive_entry_free(entry);
}

static void add_special(struct archive *archive, const char *name, mode_t type, const char *to, bool hard) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, 0);
    if (hard)
        archive_entry_set_hardlink(entry, to);
    else if (to)
        archive_entry_set_symlink(entry, to);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    archive_entry_free(entry);
}

// A path of its own: in_folder's are good for four calls.
static const char *archive_in(const char *folder, const char *name) {
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static unsigned char *slurp(const char *path, size_t *size) {
    *size = (size_t)file_size(path);
    unsigned char *bytes = malloc(*size + 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void add_file(struct archive *archive, const char *name, const char *path) {
    size_t size = 0;
    unsigned char *bytes = slurp(path, &size);
    add(archive, name, bytes, size);
    free(bytes);
}

static void add_from(struct archive *archive, const char *inside, const char *folder, const char *name) {
    char path[4200];
    snprintf(path, sizeof path, "%s%s", inside, name);
    add_file(archive, path, in_folder(folder, name));
}

// The members in an order that no loader would choose, as the official archives have them.
static void pack_cifar(const char *path, const struct packing *packing, const char *folder) {
    struct archive *archive = begin(path, packing);
    const char *inside = "cifar-10-batches-bin/";
    add_special(archive, inside, AE_IFDIR, NULL, false);
    add_from(archive, inside, folder, "data_batch_2.bin");
    add_from(archive, inside, folder, "batches.meta.txt");
    add_from(archive, inside, folder, "test_batch.bin");
    add(archive, "cifar-10-batches-bin/readme.html", "<html>", 6);
    add_from(archive, inside, folder, "data_batch_1.bin");
    end(archive);
}

static void check_shapes(const struct dataset *dataset, uint64_t seed, size_t count, size_t test_from) {
    const struct image_set *images = dataset->images;
    uint8_t drawn[SHAPE_PIXELS];
    assert_string_equal(dataset->format, "cifar10");
    assert_int_equal(images->count, count);
    assert_int_equal(images->test_from, test_from);
    for (size_t i = 0; i < count; i++) {
        shape_draw(seed, i, SHAPE_SIDE, drawn);
        assert_int_equal(images->labels[i], shape_label(seed, i));
        assert_memory_equal(images->pixels + i * SHAPE_PIXELS, drawn, SHAPE_PIXELS);
    }
    for (size_t i = 0; i < SHAPE_CLASSES; i++)
        assert_string_equal(images->class_names[i], shape_names[i]);
}

static void every_packing_gives_the_same_pictures(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "archive");
    assert_true(cifar_write_folder(folder, 3, 2, 300, 150)); // larger than a block
    for (size_t i = 0; i < PACKINGS; i++) {
        const char *path = archive_in(folder, packings[i].name);
        pack_cifar(path, &packings[i], folder);
        struct dataset *dataset = open_good(path);
        check_shapes(dataset, 3, 750, 600);
        assert_string_equal(dataset->name, packings[i].name);
        assert_int_equal(dataset->file_bytes, file_size(path));
        assert_int_equal(dataset->notes.count, 0);
        dataset_free(dataset);
    }
}

static void cifar100_is_known_by_its_members(void **state) {
    (void)state;
    static unsigned char train[3 * 3074], test[3074];
    char folder[4096];
    for (unsigned i = 0; i < 3; i++) {
        train[i * 3074] = (unsigned char)i;
        train[i * 3074 + 1] = (unsigned char)(40 + i);
        train[i * 3074 + 2] = (unsigned char)(200 + i);
    }
    test[1] = 99;
    fresh_folder(folder, "archive");
    struct archive *archive = begin(in_folder(folder, "cifar-100-binary.tar.gz"), &packings[1]);
    add(archive, "cifar-100-binary/test.bin", test, sizeof test);
    add(archive, "cifar-100-binary/train.bin", train, sizeof train);
    end(archive);
    struct dataset *dataset = open_good(in_folder(folder, "cifar-100-binary.tar.gz"));
    assert_string_equal(dataset->format, "cifar100");
    assert_int_equal(dataset->images->classes, 100);
    assert_int_equal(dataset->images->count, 4);
    assert_int_equal(dataset->images->test_from, 3);
    assert_int_equal(dataset->images->labels[2], 42);
    assert_int_equal(dataset->images->labels[3], 99);
    assert_int_equal(pixel(dataset->images, 1, 0, 0, 0), 201);
    assert_true(has_note(dataset, "fine_label_names.txt"));
    dataset_free(dataset);
}

// MNIST's files are packed one by one; archives of them are made with either form inside.
static void idx_sets_are_read_plain_or_packed(void **state) {
    (void)state;
    static const char *const parts[] = {"t10k-labels-idx1-ubyte", "train-images-idx3-ubyte", "t10k-images-idx3-ubyte",
                                        "train-labels-idx1-ubyte"};
    for (int packed = 0; packed < 2; packed++) {
        char folder[4096], name[100];
        uint8_t drawn[3 * SHAPE_IDX_SIDE * SHAPE_IDX_SIDE];
        fresh_folder(folder, "archive");
        assert_true(idx_write_pair(folder, "train", 5, 0, 50, packed));
        assert_true(idx_write_pair(folder, "t10k", 5, 50, 20, packed));
        struct archive *archive = begin(in_folder(folder, "a.zip"), &packings[6]);
        add(archive, "readme.txt", "x", 1);
        for (size_t i = 0; i < 4; i++) {
            snprintf(name, sizeof name, "%s%s", parts[i], packed ? ".gz" : "");
            add_from(archive, packed ? "./Fashion/raw/" : "", folder, name);
            if (!packed) // as some pages pack them: each once more in a folder of its own
                add_from(archive, "more/one/", folder, name);
            if (!packed && i == 2)
                add(archive, "other/train-images-idx3-ubyte", "x", 1);
        }
        end(archive);
        struct dataset *dataset = NULL;
        struct error error = {0};
        const char *path = in_folder(folder, "a.zip");
        if (dataset_open(path, NULL, &dataset, NULL, &error))
            fail_msg("%s", error.text);
        assert_string_equal(dataset->format, "idx");
        assert_int_equal(dataset->images->count, 70);
        assert_int_equal(dataset->images->test_from, 50);
        assert_string_equal(dataset->images->class_names[9], packed ? "Ankle boot" : "9");
        for (size_t i = 0; i < 70; i++) {
            shape_draw(5, i, SHAPE_IDX_SIDE, drawn);
            assert_int_equal(dataset->images->labels[i], shape_label(5, i));
            assert_memory_equal(dataset->images->pixels + i * 784, drawn, 784);
        }
        dataset_free(dataset);
    }
}

static void what_is_wrong_with_a_member_names_archive_and_member(void **state) {
    (void)state;
    static unsigned char records[2 * RECORD];
    char folder[4096];
    fresh_folder(folder, "archive");
    const char *path = in_folder(folder, "a.tar.gz");
    records[RECORD] = 10;
    struct archive *archive = begin(path, &packings[1]);
    add(archive, "in/data_batch_1.bin", records, sizeof records);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "a.tar.gz/in/data_batch_1.bin", "record 2 ", "label 10");
    archive = begin(path, &packings[1]);
    add(archive, "in/data_batch_1.bin", records, RECORD + 5);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "a.tar.gz/in/data_batch_1.bin", "is cut short", "record 2 ends");
    archive = begin(path, &packings[1]);
    add(archive, "data_batch_1.bin", "", 0);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "a.tar.gz/data_batch_1.bin", "is empty");
    archive = begin(path, &packings[1]);
    add(archive, "test_batch.bin", records, RECORD);
    end(archive);
    OPEN_BAD(path, STATUS_MISSING, "a.tar.gz", "no data_batch_*.bin to train on");
    archive = begin(path, &packings[1]);
    add(archive, "data_batch_1.bin", records, RECORD);
    add(archive, "batches.meta.txt", "a\nb\n", 4);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "batches.meta.txt", "2 class names", "10 are needed");
    archive = begin(path, &packings[1]);
    add(archive, "train-images-idx3-ubyte", "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1x", 17);
    end(archive);
    OPEN_BAD(path, STATUS_MISSING, "there are no labels", "train-labels-idx1-ubyte");
    archive = begin(path, &packings[1]);
    add(archive, "train-images-idx3-ubyte.gz", "\x1f\x8b\x08 no gzip", 11);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "a.tar.gz/train-images-idx3-ubyte", "gzip data is damaged");
}

static void archives_without_a_data_set_are_refused(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "archive");
    for (size_t i = 0; i < PACKINGS; i++) {
        const char *path = in_folder(folder, packings[i].name);
        struct archive *archive = begin(path, &packings[i]);
        add(archive, "folder/table.csv", "a,b\n1,2\n", 8);
        end(archive);
        OPEN_BAD(path, STATUS_INVALID, packings[i].name, "no data set", "CIFAR-10", "Unpack it");
    }
    const char *path = in_folder(folder, "cifar-10-python.tar.gz");
    struct archive *archive = begin(path, &packings[1]);
    add(archive, "cifar-10-batches-py/data_batch_1", "pickle", 6);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "Python version", "binary one is needed");
    path = in_folder(folder, "empty.zip");
    end(begin(path, &packings[6]));
    OPEN_BAD(path, STATUS_INVALID, "empty.zip", "missing or empty");
    path = in_folder(folder, "a.zip");
    put_file(path, "PK\3\4 and so on", 14);
    OPEN_BAD(path, STATUS_INVALID, "a.zip", "damaged or cut short");
    path = in_folder(folder, "a.csv.xz");
    archive = begin(path, &(struct packing){"", archive_write_set_format_raw, archive_write_add_filter_xz, false});
    add(archive, "a.csv", "a,b\n1,2\n", 8);
    end(archive);
    OPEN_BAD(path, STATUS_UNSUPPORTED, "a.csv.xz", "no tar archive");
}

// ---- names, links and sizes -----------------------------------------------------------------------

static void names_that_point_outside_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {"/data_batch_1.bin", "../data_batch_1.bin", "a/../../data_batch_1.bin", "a/..",
                                        "../x"};
    static unsigned char record[RECORD];
    char folder[4096];
    fresh_folder(folder, "archive");
    const char *path = in_folder(folder, "a.tar");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct archive *archive = begin(path, &packings[0]);
        add(archive, "data_batch_2.bin", record, RECORD);
        add(archive, names[i], record, RECORD);
        end(archive);
        OPEN_BAD(path, STATUS_INVALID, "a.tar", "points outside", names[i]);
    }
    struct archive *archive = begin(path, &packings[0]);
    add(archive, "..a/b..c/...data_batch_1.bin", record, RECORD); // dots alone are no harm
    add(archive, "..a/b..c/data_batch_1.bin", record, RECORD);
    end(archive);
    dataset_free(open_good(path));
    archive = begin(path, &packings[0]);
    add(archive, "../\x1b[31m\n", record, RECORD); // nothing of it reaches the terminal
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "\"../?[31m?\"");
}

static void links_and_devices_are_refused(void **state) {
    (void)state;
    static unsigned char record[RECORD];
    static const struct {
        mode_t type;
        const char *to;
        bool hard;
    } kinds[] = {{AE_IFLNK, "/etc/passwd", false},
                 {AE_IFREG, "data_batch_2.bin", true},
                 {AE_IFCHR, NULL, false},
                 {AE_IFIFO, NULL, false}};
    char folder[4096];
    fresh_folder(folder, "archive");
    const char *path = in_folder(folder, "a.tar");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct archive *archive = begin(path, &packings[0]);
        add(archive, "data_batch_2.bin", record, RECORD);
        add_special(archive, "data_batch_1.bin", kinds[i].type, kinds[i].to, kinds[i].hard);
        end(archive);
        OPEN_BAD(path, STATUS_INVALID, "a.tar", "\"data_batch_1.bin\" is a link or a device");
    }
}

static void too_many_members_and_too_long_names_are_refused(void **state) {
    (void)state;
    char folder[4096], name[1200];
    fresh_folder(folder, "archive");
    const char *path = in_folder(folder, "a.tar.gz");
    struct archive *archive = begin(path, &packings[1]);
    for (int i = 0; i <= ARCHIVE_MEMBERS_MOST; i++) {
        snprintf(name, sizeof name, "m%d", i);
        add(archive, name, "", 0);
    }
    end(archive);
    OPEN_BAD(path, STATUS_UNSUPPORTED, "a.tar.gz", "more than 10000 members");
    archive = begin(path, &packings[2]);
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = i % 50 == 49 ? '/' : 'n';
    name[sizeof name - 1] = '\0';
    add(archive, name, "", 0);
    end(archive);
    OPEN_BAD(path, STATUS_INVALID, "longer than 1024 bytes");
}

// A tar header by hand, so that its size may say anything.
static void tar_header(unsigned char header[TAR], const char *name, const char *size) {
    unsigned sum = 0;
    memset(header, 0, TAR);
    memcpy(header, name, strlen(name));
    memcpy(header + 100, "0000644", 8);
    memcpy(header + 108, "0000000\0000000000", 16);
    memcpy(header + 124, size, 12);
    memcpy(header + 136, "00000000000\0        0", 21);
    memcpy(header + 257, "ustar\00000", 8);
    for (int i = 0; i < TAR; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    header[155] = ' ';
}

static void sizes_that_lie_are_refused_before_memory_is_taken(void **state) {
    (void)state;
    static const struct {
        const char *name, *size, *says;
        enum status status;
    } lies[] = {
        {"data_batch_1.bin", "77777777777", "has more than 1 GiB", STATUS_UNSUPPORTED},                  // 8 GiB - 1
        {"data_batch_1.bin", "\x80\0\0\0\x10\0\0\0\0\0\0\0", "has more than 1 GiB", STATUS_UNSUPPORTED}, // 2^60
        {"data_batch_1.bin", "07777777777", "damaged or cut short", STATUS_INVALID}, // 1 GiB - 1, in a file of 4 KiB
        {"data_batch_1.bin", "00000006002", "damaged or cut short", STATUS_INVALID}, // one byte too many
        {"unwanted", "77777777777", "damaged or cut short", STATUS_INVALID},
        {"data_batch_1.bin", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a.tar", STATUS_INVALID}, // below 0
    };
    static unsigned char bytes[TAR + RECORD];
    char folder[4096];
    fresh_folder(folder, "archive");
    const char *path = in_folder(folder, "a.tar");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        tar_header(bytes, lies[i].name, lies[i].size);
        put_file(path, bytes, sizeof bytes);
        OPEN_BAD(path, lies[i].status, "a.tar", lies[i].says);
    }
}

// ---- damage ---------------------------------------------------------------------------------------

// Opening gives a sentence that names the file, or a set of whole pictures.
static struct dataset *open_anyhow(const char *path) {
    struct dataset *dataset = NULL;
    struct error error = {0};
    enum status status = dataset_open(path, NULL, &dataset, NULL, &error);
    if (status == STATUS_OK)
        return dataset;
    assert_null(dataset);
    assert_int_equal(error.status, status);
    assert_names(error.text, path_base(path));
    return NULL;
}

// A small set: two training pictures and one for the test, in as few bytes as pictures allow.
static void pack_small(const char *path, const struct packing *packing) {
    static unsigned char records[2 * RECORD];
    for (int i = 0; i < RECORD; i++)
        records[i] = (unsigned char)(i == 0 ? 3 : i / 64);
    records[RECORD] = 7;
    struct archive *archive = begin(path, packing);
    add(archive, "b/data_batch_1.bin", records, sizeof records);
    add(archive, "b/test_batch.bin", records, RECORD);
    end(archive);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "archive");
    for (size_t i = 0; i < PACKINGS; i++) {
        size_t size = 0;
        const char *path = in_folder(folder, packings[i].name);
        pack_small(path, &packings[i]);
        unsigned char *bytes = slurp(path, &size);
        dataset_free(open_good(path));
        size_t step = size > 3000 ? 61 : 1; // plain ones are large
        for (size_t length = 0; length < size; length += step) {
            // a tar file may lose the last of the zeros that follow its end
            bool spare = i == 0 && length >= size - TAR;
            put_file(path, bytes, length);
            struct dataset *dataset = open_anyhow(path);
            if (dataset && !spare)
                fail_msg("%s: %zu of %zu bytes were taken for the whole", packings[i].name, length, size);
            dataset_free(dataset);
        }
        free(bytes);
    }
}

// With a sum over everything (gzip, xz, bzip2, zstd when its writer adds one) damage is found or harmless;
// elsewhere pictures may change, but never more than that.
static void every_flipped_byte_is_found_or_harmless(void **state) {
    (void)state;
    char folder[4096];
    fresh_folder(folder, "archive");
    for (size_t i = 0; i < PACKINGS; i++) {
        size_t size = 0;
        const char *path = in_folder(folder, packings[i].name);
        pack_small(path, &packings[i]);
        unsigned char *bytes = slurp(path, &size);
        struct dataset *whole = open_good(path);
        bool summed = i >= 1 && i <= 4;
        for (size_t at = 0; at<size; at += size> 3000 ? 41 : 1) {
            bytes[at] ^= (unsigned char)(1u << at % 8);
            put_file(path, bytes, size);
            bytes[at] ^= (unsigned char)(1u << at % 8);
            struct dataset *dataset = open_anyhow(path);
            if (dataset && summed) {
                assert_int_equal(dataset->images->count, whole->images->count);
                assert_memory_equal(dataset->images->pixels, whole->images->pixels, 3 * (size_t)SHAPE_PIXELS);
                assert_memory_equal(dataset->images->labels, whole->images->labels, 3 * sizeof(int32_t));
            } else if (dataset && dataset->kind == DATASET_IMAGES) {
                for (size_t k = 0; k < dataset->images->count; k++)
                    assert_true((size_t)dataset->images->labels[k] < dataset->images->classes);
            }
            dataset_free(dataset);
        }
        dataset_free(whole);
        free(bytes);
    }
}

static void opening_can_be_cancelled_and_may_run_out_of_memory(void **state) {
    (void)state;
    char folder[4096];
    struct task task = {0};
    struct dataset *dataset = NULL;
    struct error error;
    fresh_folder(folder, "archive");
    assert_true(cifar_write_folder(folder, 3, 2, 20, 10));
    for (size_t i = 1; i < PACKINGS; i += 5) {
        const char *path = archive_in(folder, packings[i].name);
        pack_cifar(path, &packings[i], folder);
        assert_int_equal(dataset_open(path, NULL, &dataset, &task, &error), STATUS_OK);
        assert_int_equal(atomic_load(&task.done), atomic_load(&task.total));
        dataset_free(dataset);
        dataset = NULL;
        task_cancel(&task);
        assert_int_equal(dataset_open(path, NULL, &dataset, &task, &error), STATUS_CANCELLED);
        assert_null(dataset);
        task = (struct task){0};
        open_with_failing_memory(path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing_gives_the_same_pictures),
        cmocka_unit_test(cifar100_is_known_by_its_members),
        cmocka_unit_test(idx_sets_are_read_plain_or_packed),
        cmocka_unit_test(what_is_wrong_with_a_member_names_archive_and_member),
        cmocka_unit_test(archives_without_a_data_set_are_refused),
        cmocka_unit_test(names_that_point_outside_are_refused),
        cmocka_unit_test(links_and_devices_are_refused),
        cmocka_unit_test(too_many_members_and_too_long_names_are_refused),
        cmocka_unit_test(sizes_that_lie_are_refused_before_memory_is_taken),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_byte_is_found_or_harmless),
        cmocka_unit_test(opening_can_be_cancelled_and_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
