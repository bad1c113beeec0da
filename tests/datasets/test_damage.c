// Small files of every format, cut off at every byte and with bits turned over: each read ends in a sentence
// or in data that another read, in other pieces and with more threads, gives again. None crashes (the
// sanitizers' test) or takes long.
#include <math.h>
#include <zlib.h>

#include "core/base/checksum.h"
#include "core/base/clock.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"
#include "tests/datasets/image_files.h"

#define SECONDS_MOST 2.0 // of one read
#define EVERY_BIT_BELOW 1024
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRIDE ((size_t)5) // of the damages, where every read takes several times as long
#else
#define STRIDE ((size_t)1)
#endif

// ---- what was read, as one number -------------------------------------------------------------------------

static uint64_t add(uint64_t sum, const void *bytes, size_t count) {
    return checksum_hash64(bytes, count, sum);
}

static uint64_t add_text(uint64_t sum, const char *text) {
    return text == NULL ? add(sum, "\xff", 1) : add(sum, text, strlen(text) + 1);
}

static enum status add_block(void *context, const struct column_cells *cells, struct error *error) {
    uint64_t *sum = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        unsigned char missing = cells_missing(cells, i);
        *sum = add(*sum, &missing, 1);
        if (!missing && cells->values != NULL)
            *sum = add(*sum, &cells->values[i], sizeof cells->values[i]);
        else if (!missing)
            *sum = add(*sum, &cells->codes[i], sizeof cells->codes[i]);
    }
    return STATUS_OK;
}

static uint64_t add_table(uint64_t sum, const struct table *table) {
    struct error error;
    sum = add(sum, &table->target, sizeof table->target);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = table->columns[i];
        assert_int_equal(column->rows, table->rows);
        sum = add_text(add_text(sum, column->name), column_type_name(column->type));
        for (size_t code = 0; code < column->word_count; code++)
            sum = add_text(sum, column->words[code]);
        assert_int_equal(column_each(column, add_block, &sum, &error), STATUS_OK);
    }
    for (size_t row = 0; row < table->rows; row++) {
        uint64_t line = table_line(table, row);
        assert_true(row == 0 || line > table_line(table, row - 1));
        sum = add(sum, &line, sizeof line);
    }
    return sum;
}

static uint64_t add_images(uint64_t sum, const struct image_set *images) {
    size_t shape[] = {images->count, images->channels, images->height,
                      images->width, images->classes,  images->test_from};
    sum = add(sum, shape, sizeof shape);
    for (size_t i = 0; i < images->count; i++)
        assert_true(images->labels[i] >= 0 && (size_t)images->labels[i] < images->classes);
    for (size_t i = 0; i < images->classes; i++)
        sum = add_text(sum, images->class_names[i]);
    sum = add(sum, images->labels, images->count * sizeof *images->labels);
    return add(sum, images->pixels, images->count * images->channels * images->height * images->width);
}

static uint64_t sum_of(const struct dataset *dataset) {
    uint64_t sum = add_text(0, dataset->format);
    sum = dataset->kind == DATASET_TABLE ? add_table(sum, dataset->table) : add_images(sum, dataset->images);
    for (size_t i = 0; i < dataset->notes.count; i++) {
        const struct note *note = &dataset->notes.items[i];
        sum = add_text(add_text(add(sum, &note->line, sizeof note->line), note->column), note->text);
    }
    return sum;
}

// ---- a read, and another ------------------------------------------------------------------------------------

static struct {
    const char *name; // of the sample
    const char *what; // was done to it
    size_t at;
    bool sealed;          // checksums tell damage: what is read is what was written
    uint64_t whole;       // the sum of the sample
    size_t read, refused; // how many reads ended how
    double slowest;
} now;

static void judge(double began, enum status status, const struct error *error) {
    double seconds = clock_now() - began;
    now.slowest = fmax(now.slowest, seconds);
    if (seconds > SECONDS_MOST)
        fail_msg("%s, %s at %zu: took %.1f s", now.name, now.what, now.at, seconds);
    if (status != STATUS_OK && (error->status != status || strlen(error->text) < 10))
        fail_msg("%s, %s at %zu: refused without a sentence: \"%s\"", now.name, now.what, now.at, error->text);
    if (status == STATUS_MEMORY)
        fail_msg("%s, %s at %zu: asks for too much memory: %s", now.name, now.what, now.at, error->text);
}

static void read_twice(const char *path) {
    struct load_options options = load_options_default(), pieces = options;
    struct dataset *first = NULL, *second = NULL;
    struct error one = {0}, two = {0};
    pieces.piece_bytes = 61;
    options.threads = 1;
    pieces.threads = now.at % 16 == 0 ? 2 : 1;
    double began = clock_now();
    enum status status = dataset_open(path, &options, &first, NULL, &one);
    judge(began, status, &one);
    began = clock_now();
    enum status again = dataset_open(path, &pieces, &second, NULL, &two);
    judge(began, again, &two);
    if (status != again || (status == STATUS_OK && sum_of(first) != sum_of(second)) || strcmp(one.text, two.text) != 0)
        fail_msg("%s, %s at %zu: two reads differ: \"%s\", \"%s\"", now.name, now.what, now.at, one.text, two.text);
    if (status == STATUS_OK && now.read == 0)
        now.whole = sum_of(first);
    if (status == STATUS_OK && now.sealed && sum_of(first) != now.whole)
        fail_msg("%s, %s at %zu: read, but not what was written", now.name, now.what, now.at);
    now.read += status == STATUS_OK;
    now.refused += status != STATUS_OK;
    dataset_free(first);
    dataset_free(second);
}

// A recipe that is read is written so that it reads back the same.
static void read_recipe(const char *path) {
    struct error error = {0};
    struct pipeline *pipeline = NULL, *again = NULL;
    char *text = NULL, *json = NULL, *same = NULL;
    size_t size;
    assert_int_equal(file_read(path, 0, &text, &size, &error), STATUS_OK);
    double began = clock_now();
    enum status status = pipeline_load(text, path, &pipeline, &error);
    judge(began, status, &error);
    if (status == STATUS_OK) {
        assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
        if (pipeline_load(json, path, &again, &error) != STATUS_OK)
            fail_msg("%s, %s at %zu: %s", now.name, now.what, now.at, error.text);
        assert_int_equal(pipeline_save(again, true, &same, &error), STATUS_OK);
        assert_string_equal(json, same);
    }
    now.read += status == STATUS_OK;
    now.refused += status != STATUS_OK;
    mem_free(text);
    mem_free(json);
    mem_free(same);
    pipeline_free(pipeline);
    pipeline_free(again);
}

// ---- damage -------------------------------------------------------------------------------------------------

// A new file each time: some file systems wait for the disk when one is emptied and written anew.
static void write_anew(const char *path, const void *bytes, size_t count) {
    unlink(path);
    put_file(path, bytes, count);
}

// Damages the file at `path`; `read` reads `open`, which is that file or the set it belongs to.
static void damage(const char *name, const char *path, const char *open, void (*read)(const char *path)) {
    char *bytes = NULL;
    size_t size;
    struct error error;
    assert_int_equal(file_read(path, 0, &bytes, &size, &error), STATUS_OK);
    assert_in_range(size, 1, 4096);
    memset(&now, 0, sizeof now);
    now.name = name;
    now.what = "whole";
    now.sealed = strstr(name, ".gz") || strstr(name, ".tar."); // a zip seals its members, not their names
    read(open);
    if (now.read != 1)
        fail_msg("%s cannot be read whole", name);
    struct rng rng = rng_make(size, RNG_TEST, 0);
    now.what = "cut off";
    for (now.at = 0; now.at < size; now.at += STRIDE) {
        write_anew(path, bytes, now.at);
        read(open);
    }
    now.what = "a bit turned over";
    for (size_t bit = 0; bit < size * 8; bit += (size <= EVERY_BIT_BELOW ? 1 : 8) * STRIDE) {
        size_t turned = size <= EVERY_BIT_BELOW ? bit : bit + rng_below(&rng, 8);
        now.at = turned / 8;
        bytes[now.at] = (char)(bytes[now.at] ^ 1 << turned % 8);
        write_anew(path, bytes, size);
        read(open);
        bytes[now.at] = (char)(bytes[now.at] ^ 1 << turned % 8);
    }
    write_anew(path, bytes, size);
    mem_free(bytes);
    print_message("%-24s %5zu bytes: %5zu read, %5zu refused, slowest %.1f ms\n", name, size, now.read, now.refused,
                  1000 * now.slowest);
}

static void damage_bytes(const char *name, const char *file, const void *bytes, size_t count) {
    char folder[4096], path[4200];
    fresh_folder(folder, "damage");
    snprintf(path, sizeof path, "%s/%s", folder, file);
    put_file(path, bytes, count);
    damage(name, path, path, read_twice);
}

// The first `most` bytes of a file, up to the end of a line.
static char *lines_of(const char *path, size_t most, size_t *size) {
    char *bytes = NULL;
    struct error error;
    assert_int_equal(file_read(path, 0, &bytes, size, &error), STATUS_OK);
    if (*size > most) {
        for (*size = most; bytes[*size - 1] != '\n';)
            --*size;
    }
    return bytes;
}

static size_t pack(const void *bytes, size_t count, unsigned char *out, size_t room) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)bytes;
    stream.avail_in = (unsigned)count;
    stream.next_out = out;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t packed = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

// ---- text tables ----------------------------------------------------------------------------------------------

static const char quoted[] = "id,text,\"a \"\"name\"\"\",when\r\n"
                             "1,\"two\nlines\",3.5,2020-01-02\r\n"
                             "2,\"a, comma\",-1e3,2020-02-03T04:05:06Z\r\n"
                             "3,\"\",NA,\r\n"
                             "4,\"\xc3\xbc \xe2\x82\xac\",inf,2021-12-31\r\n"
                             "5,plain,\"7\",2022-01-01,extra\r\n"
                             "6,short\r\n";
static const char german[] = "Bericht vom 1.1.\n\nName;Betrag;Datum;K\xc3\xbcrzel\n"
                             "Anna;1.234,56;31.12.2020;x\nBert;-7,5;01.02.2021;y\nCleo;;15.03.2021;x\n"
                             "Dora;99;16.04.2021;007\n";

static void text_tables(void **state) {
    size_t size;
    (void)state;
    char *bytes = lines_of("datasets/samples/iris.csv", 1200, &size);
    damage_bytes("iris.csv", "iris.csv", bytes, size);
    mem_free(bytes);
    bytes = lines_of("datasets/samples/airquality.csv", 1300, &size);
    damage_bytes("airquality.csv", "airquality.csv", bytes, size);
    mem_free(bytes);
    bytes = lines_of("datasets/samples/titanic.csv", 250, &size);
    damage_bytes("titanic.csv", "titanic.csv", bytes, size);
    mem_free(bytes);
    bytes = lines_of("datasets/samples/messy.csv", 300, &size);
    damage_bytes("messy.csv", "messy.csv", bytes, size);
    mem_free(bytes);
    damage_bytes("quoted", "quoted.csv", quoted, sizeof quoted - 1);
    damage_bytes("German", "german.csv", german, sizeof german - 1);
}

static void text_tables_in_utf16(void **state) {
    unsigned char wide[2 * sizeof quoted + 2];
    static const char plain[] = "a,b\n1,x\n2,\"y\nz\"\n3,\n";
    (void)state;
    for (int big = 0; big < 2; big++) {
        size_t count = 0;
        wide[count++] = big ? 0xfe : 0xff;
        wide[count++] = big ? 0xff : 0xfe;
        for (size_t i = 0; i < sizeof plain - 1; i++) {
            wide[count++] = big ? 0 : (unsigned char)plain[i];
            wide[count++] = big ? (unsigned char)plain[i] : 0;
        }
        damage_bytes(big ? "UTF-16, big end first" : "UTF-16", "wide.csv", wide, count);
    }
}

static void packed_tables(void **state) {
    unsigned char packed[4096];
    size_t size;
    (void)state;
    damage_bytes("quoted.csv.gz", "quoted.csv.gz", packed, pack(quoted, sizeof quoted - 1, packed, sizeof packed));
    char *bytes = lines_of("datasets/samples/airquality.csv", 4096, &size);
    damage_bytes("airquality.csv.gz", "airquality.csv.gz", packed, pack(bytes, size, packed, sizeof packed));
    mem_free(bytes);
}

// ---- images -------------------------------------------------------------------------------------------------

enum { IDX_IMAGES = 6, IDX_HEIGHT = 5, IDX_WIDTH = 4 };

static void idx_files(void **state) {
    unsigned char images[16 + IDX_IMAGES * IDX_HEIGHT * IDX_WIDTH] = {0, 0, 8, 3,          0, 0, 0, IDX_IMAGES,
                                                                      0, 0, 0, IDX_HEIGHT, 0, 0, 0, IDX_WIDTH};
    unsigned char labels[8 + IDX_IMAGES] = {0, 0, 8, 1, 0, 0, 0, IDX_IMAGES}, packed[4096];
    char folder[4096], first[4200], second[4200];
    (void)state;
    for (size_t i = 16; i < sizeof images; i++)
        images[i] = (unsigned char)(i * i);
    for (size_t i = 8; i < sizeof labels; i++)
        labels[i] = (unsigned char)(i % 3);
    for (int gz = 0; gz < 2; gz++) {
        fresh_folder(folder, "damage");
        snprintf(first, sizeof first, "%s/train-images-idx3-ubyte%s", folder, gz ? ".gz" : "");
        snprintf(second, sizeof second, "%s/train-labels-idx1-ubyte%s", folder, gz ? ".gz" : "");
        if (gz) {
            put_file(first, packed, pack(images, sizeof images, packed, sizeof packed));
            put_file(second, packed, pack(labels, sizeof labels, packed, sizeof packed));
        } else {
            put_file(first, images, sizeof images);
            put_file(second, labels, sizeof labels);
        }
        damage(gz ? "idx images.gz" : "idx images", first, first, read_twice);
        damage(gz ? "idx labels.gz" : "idx labels", second, first, read_twice);
        damage(gz ? "idx labels.gz, folder" : "idx labels, folder", second, folder, read_twice);
    }
}

static void cifar_files(void **state) {
    static unsigned char record[3074];
    (void)state;
    for (size_t i = 0; i < sizeof record; i++)
        record[i] = (unsigned char)(i * 7 + i / 256);
    record[0] = 3;
    damage_bytes("CIFAR-10", "data_batch_1.bin", record, 3073);
    record[1] = 42;
    damage_bytes("CIFAR-100", "train.bin", record, 3074);
}

static void archives(void **state) {
    static const char *const names[] = {"cifar.tar.gz", "cifar.zip",  "idx.tar.bz2",
                                        "idx.tar.gz",   "idx.tar.xz", "idx.zip"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256], *bytes = NULL;
        size_t size;
        struct error error;
        snprintf(path, sizeof path, "tests/fuzz/corpus/archive/%s", names[i]);
        assert_int_equal(file_read(path, 0, &bytes, &size, &error), STATUS_OK);
        damage_bytes(names[i], names[i], bytes, size);
        mem_free(bytes);
    }
}

// ---- recipes --------------------------------------------------------------------------------------------------

// As written for a run: settings and what was fitted.
static void recipes(void **state) {
    struct error error;
    struct pipeline *pipeline = NULL;
    struct split split = {0};
    struct prepared *prepared = NULL;
    char folder[4096], path[4200], *json = NULL;
    (void)state;
    struct dataset *dataset = open_good("datasets/samples/airquality.csv");
    struct split_settings settings = {.kind = "random", .validation = 0.2, .seed = 1};
    if (split_make(dataset, &settings, &split, NULL, &error) ||
        pipeline_parse("missing=median,outliers,min-max,one-hot", &pipeline, &error) ||
        pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error))
        fail_msg("%s", error.text);
    for (int fitted = 0; fitted < 2; fitted++) {
        assert_int_equal(pipeline_save(pipeline, fitted, &json, &error), STATUS_OK);
        fresh_folder(folder, "damage");
        snprintf(path, sizeof path, "%s/recipe.json", folder);
        put_file(path, json, strlen(json));
        damage(fitted ? "fitted recipe" : "recipe", path, path, read_recipe);
        mem_free(json);
    }
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_tables), cmocka_unit_test(text_tables_in_utf16), cmocka_unit_test(packed_tables),
        cmocka_unit_test(idx_files),   cmocka_unit_test(cifar_files),          cmocka_unit_test(archives),
        cmocka_unit_test(recipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
