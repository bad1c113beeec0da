// A large table that is opened again comes from what was kept: the same table, whatever it is, and only as long as
// the file, the way of reading and what was kept are what they were.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"
#include "datasets/kept.h"
#include "tests/support/scratch.h"
#include "tests/support/test.h"

enum { ROWS = 40000 };
static char cache[256], path[1024];

static int set_up(void **state) {
    (void)state;
    snprintf(cache, sizeof cache, "/tmp/batchlab-kept-XXXXXX");
    assert_non_null(mkdtemp(cache));
    setenv("XDG_CACHE_HOME", cache, 1);
    kept_set_least(1);
    struct str text = {0};
    str_add(&text, "id;day;kind;free;value\n");
    for (int row = 0; row < ROWS; row++) {
        if (row % 1000 == 3)
            str_add(&text, "\n");
        str_format(&text, "%d;2026-01-%02d;%s;\"no. %d\n\";", row, row % 28 + 1, row % 3 ? "a" : "caf\xc3\xa9", row);
        if (row % 17)
            str_format(&text, "%.17g\n", row / 7.0);
        else
            str_add(&text, row % 2 ? "inf\n" : "\n");
    }
    str_add(&text, "1;2\n");
    snprintf(path, sizeof path, "%s", scratch_file("large.csv", text.text, text.length));
    str_free(&text);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[512];
    kept_wait();
    kept_set_least(KEPT_LEAST);
    cells_set_memory(0);
    snprintf(command, sizeof command, "rm -r '%s'", cache);
    return system(command);
}

// The kept files; the last one's path goes to `last`.
static int kept_files(char last[1024]) {
    char folder[512];
    int count = 0;
    snprintf(folder, sizeof folder, "%s/batchlab/tables", cache);
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.') {
            snprintf(last, 1024, "%s/%.255s", folder, entry->d_name);
            count++;
        }
    if (directory != NULL)
        closedir(directory);
    return count;
}

static struct dataset *open_with(const struct load_options *options) {
    struct dataset *dataset = NULL;
    struct error error = {0};
    if (dataset_open(path, options, &dataset, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    kept_wait();
    return dataset;
}

static void check_same(const struct dataset *a, const struct dataset *b) {
    const struct table *x = a->table, *y = b->table;
    assert_int_equal(x->rows, y->rows);
    assert_int_equal(x->column_count, y->column_count);
    assert_int_equal(x->target, y->target);
    assert_string_equal(x->name, y->name);
    assert_memory_equal(&a->dialect, &b->dialect, sizeof a->dialect);
    assert_int_equal(a->notes.count, b->notes.count);
    assert_int_equal(a->file_bytes, b->file_bytes);
    for (size_t i = 0; i < a->notes.count; i++) {
        assert_string_equal(a->notes.items[i].text, b->notes.items[i].text);
        assert_int_equal(a->notes.items[i].line, b->notes.items[i].line);
    }
    for (size_t i = 0; i < x->column_count; i++) {
        const struct column *c = x->columns[i], *d = y->columns[i];
        assert_string_equal(c->name, d->name);
        assert_int_equal(c->type, d->type);
        assert_int_equal(c->integer, d->integer);
        assert_int_equal(c->missing_count, d->missing_count);
        assert_int_equal(c->word_count, d->word_count);
        for (size_t row = 0; row < x->rows; row++) {
            char one[64], other[64];
            assert_int_equal(column_is_missing(c, row), column_is_missing(d, row));
            assert_string_equal(column_text(c, row, one), column_text(d, row, other));
        }
    }
    for (size_t row = 0; row < x->rows; row++)
        assert_int_equal(table_line(x, row), table_line(y, row));
}

static bool in_file(const struct dataset *dataset) {
    return dataset->table->columns[0]->file != NULL;
}

static void test_the_same_table_comes_back(void **state) {
    (void)state;
    char file[1024];
    struct dataset *read = open_with(NULL);
    assert_int_equal(kept_files(file), 1);
    assert_true(read->notes.count > 0);
    struct stat before, after;
    assert_int_equal(stat(file, &before), 0);
    struct dataset *kept = open_with(NULL);
    check_same(read, kept);
    assert_int_equal(kept_files(file), 1);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); // it was not written again
    assert_false(in_file(kept));
    cells_set_memory(1);
    struct dataset *far = open_with(NULL);
    assert_true(in_file(far));
    check_same(read, far);
    dataset_free(far);
    dataset_free(kept);
    dataset_free(read);
}

static void test_another_way_of_reading_is_another_table(void **state) {
    (void)state;
    char file[1024];
    struct load_options options = load_options_default();
    dataset_free(open_with(NULL));
    options.overrides[0].column = "id";
    options.overrides[0].type = COLUMN_TEXT;
    options.override_count = 1;
    struct dataset *dataset = open_with(&options);
    assert_int_equal(dataset->table->columns[0]->type, COLUMN_TEXT);
    assert_int_equal(kept_files(file), 2);
    dataset_free(dataset);
    options = load_options_default();
    options.rows_most = 10;
    dataset = open_with(&options);
    assert_int_equal(dataset->table->rows, 10);
    assert_int_equal(kept_files(file), 2);
    dataset_free(dataset);
    dataset = open_with(NULL);
    assert_int_equal(dataset->table->rows, ROWS + 1);
    dataset_free(dataset);
}

static void test_a_changed_file_is_read(void **state) {
    (void)state;
    dataset_free(open_with(NULL));
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "7", 1, (off_t)strlen("id;day;kind;free;value\n")), 1);
    struct timespec times[2] = {{1000, 1}, {1000, 1}}; // whatever the clock's grain
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
    struct dataset *dataset = open_with(NULL);
    assert_true(column_number(dataset->table->columns[0], 0) == 7);
    dataset_free(dataset);
}

// Damage of any byte: what is opened is the table, or it was read again; in a file, a sentence.
static void test_damage_is_noticed(void **state) {
    (void)state;
    char file[1024];
    struct error error;
    struct dataset *read = open_with(NULL);
    uint64_t seed = 7;
    for (int round = 0; round < 40; round++) {
        assert_int_equal(kept_files(file), 1);
        struct stat size;
        assert_int_equal(stat(file, &size), 0);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        off_t at = round < 8 ? size.st_size - 1 - 8 * round : (off_t)((seed >> 20) % (uint64_t)size.st_size);
        int fd = open(file, O_RDWR);
        unsigned char byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (unsigned char)(1u << (seed >> 60 & 7));
        if (round % 10 == 9)
            assert_int_equal(ftruncate(fd, at), 0);
        else
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        cells_set_memory(round % 2 ? 1 : 0);
        struct dataset *again = open_with(NULL);
        struct column_scan scan;
        enum status status = STATUS_OK;
        for (size_t i = 0; i < again->table->column_count; i++) {
            const struct column *column = again->table->columns[i];
            assert_int_equal(column_scan_open(&scan, column, &error), STATUS_OK);
            for (size_t block = 0; block < column_blocks(column) && status == STATUS_OK; block++) {
                struct column_cells cells;
                status = column_scan_read(&scan, block, &cells, &error);
            }
            column_scan_close(&scan);
        }
        if (status == STATUS_OK)
            assert_int_equal(again->table->rows, read->table->rows);
        else
            assert_non_null(strstr(error.text, "is damaged and was removed; open the data again"));
        if (status == STATUS_OK && round < 12)
            check_same(read, again);
        dataset_free(again);
        cells_set_memory(0);
        dataset_free(open_with(NULL)); // a whole one lies there again
    }
    dataset_free(read);
}

// A file that was written to while it was read is not kept under what it is now.
static void test_a_file_changed_while_it_was_read_is_not_kept(void **state) {
    (void)state;
    char file[1024];
    struct error error;
    const struct load_options options = load_options_default();
    for (int changed = 1; changed >= 0; changed--) {
        kept_set_least(SIZE_MAX);
        struct dataset *dataset = open_with(&options), none = {0};
        kept_set_least(1);
        struct str key = {0};
        bool found = true;
        assert_int_equal(kept_read(path, &options, &key, &none, &found, NULL, &error), STATUS_OK);
        assert_false(found);
        assert_true(key.length > 0);
        if (changed) {
            FILE *stream = fopen(path, "a");
            fputs("7;2026-01-01;a;b;1\n", stream);
            assert_int_equal(fclose(stream), 0);
        }
        kept_write(path, &options, &key, dataset);
        kept_wait();
        assert_int_equal(kept_files(file), changed ? 0 : 1);
        str_free(&key);
        dataset_free(dataset);
    }
}

static void test_small_tables_are_not_kept(void **state) {
    (void)state;
    char file[1024];
    kept_set_least(KEPT_LEAST);
    dataset_free(open_with(NULL));
    assert_int_equal(kept_files(file), 0);
    kept_set_least(SIZE_MAX);
    dataset_free(open_with(NULL));
    assert_int_equal(kept_files(file), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_same_table_comes_back),
        TEST(test_another_way_of_reading_is_another_table),
        TEST(test_a_changed_file_is_read),
        TEST(test_damage_is_noticed),
        TEST(test_a_file_changed_while_it_was_read_is_not_kept),
        TEST(test_small_tables_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
