// A file that grows: what is read of it are its whole lines at any moment, and what has become of it is told.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/dataset.h"
#include "datasets/follow.h"
#include "datasets/input.h"
#include "tests/support/scratch.h"
#include "tests/support/test.h"

static struct follow follow;
static struct error error;
static char path[1024];

static int set_up(void **state) {
    (void)state;
    snprintf(path, sizeof path, "%s", scratch_file("grow.csv", "a,b\n1,2\n", 8));
    return follow_begin(&follow, path, &error);
}

static int tear_down(void **state) {
    (void)state;
    follow_end(&follow);
    return 0;
}

static void append(const char *bytes, size_t count) {
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, bytes, count), count);
    close(fd);
}

static void append_text(const char *text) {
    append(text, strlen(text));
}

static struct dataset *load(const char *from) {
    struct dataset *dataset = NULL;
    if (dataset_open(from, NULL, &dataset, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return dataset;
}

static size_t rows_now(void) {
    struct dataset *dataset = load(path);
    size_t rows = dataset->table->rows;
    dataset_free(dataset);
    return rows;
}

static void test_half_a_line_waits(void **state) {
    (void)state;
    assert_int_equal(rows_now(), 1);
    append_text("3,4");
    assert_int_equal(follow_look(&follow), FOLLOW_NOTHING);
    assert_int_equal(rows_now(), 1);
    append_text("5\r");
    assert_int_equal(follow_look(&follow), FOLLOW_NOTHING);
    append_text("\n6");
    assert_int_equal(follow_look(&follow), FOLLOW_GROWN);
    assert_int_equal(follow_look(&follow), FOLLOW_NOTHING);
    struct dataset *dataset = load(path);
    assert_int_equal(dataset->table->rows, 2);
    assert_true(column_number(dataset->table->columns[1], 1) == 45);
    dataset_free(dataset);
    append_text(",7\n8,9\n"); // not looked at: every reading sees the same
    assert_int_equal(rows_now(), 2);
    follow_end(&follow);
    assert_int_equal(rows_now(), 4);
}

static void test_what_became_of_it(void **state) {
    (void)state;
    append_text("3,4\n");
    assert_int_equal(follow_look(&follow), FOLLOW_GROWN);
    assert_int_equal(truncate(path, 8), 0);
    assert_int_equal(follow_look(&follow), FOLLOW_REWRITTEN);
    assert_int_equal(rows_now(), 1);
    int fd = open(path, O_WRONLY | O_TRUNC); // shorter, then longer than before, between two looks
    assert_int_equal(write(fd, "a,b\n7,7\n8,8\n9,9\n", 16), 16);
    close(fd);
    assert_int_equal(follow_look(&follow), FOLLOW_REWRITTEN);
    assert_int_equal(rows_now(), 3);
    char old[1100];
    snprintf(old, sizeof old, "%s.1", path);
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(follow_look(&follow), FOLLOW_GONE);
    assert_int_equal(follow_look(&follow), FOLLOW_NOTHING);
    FILE *file = fopen(path, "w");
    fputs("a,b\n5,6\n", file);
    fclose(file);
    assert_int_equal(follow_look(&follow), FOLLOW_REPLACED);
    assert_int_equal(rows_now(), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(old, path), 0);
    assert_int_equal(follow_look(&follow), FOLLOW_REPLACED);
    assert_int_equal(rows_now(), 3);
}

static void test_what_cannot_be_followed(void **state) {
    (void)state;
    struct follow other = {0};
    assert_int_equal(follow_begin(&other, "/tmp", &error), STATUS_INVALID);
    assert_int_equal(follow_begin(&other, "/tmp/there is no such file", &error), STATUS_INVALID);
    const char *packed = scratch_file("grow.csv.gz", "\x1f\x8b\x08\x00", 4);
    assert_int_equal(follow_begin(&other, packed, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "compressed"));
}

static void check_prefix(const struct table *now, const struct table *whole) {
    char a[64], b[64];
    assert_true(now->rows <= whole->rows);
    assert_int_equal(now->column_count, whole->column_count);
    for (size_t row = 0; row < now->rows; row++)
        for (size_t i = 0; i < now->column_count; i++)
            assert_string_equal(column_text(now->columns[i], row, a), column_text(whole->columns[i], row, b));
}

// Any way of writing it, in pieces that cut characters, quotes and line ends: at every look a prefix, at the end all.
static void test_any_pieces(void **state) {
    (void)state;
    struct str text = {0};
    for (int row = 0; row < 300; row++)
        str_format(&text, "%d,\"caf\xc3\xa9 \"\"%d\"\"\",%d.5%s", row, row % 3, row * 7, row % 4 ? "\n" : "\r\n");
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct rng rng = rng_make(seed, RNG_SAMPLE, 0);
        char whole_path[1024];
        struct str all = {0};
        str_format(&all, "id,word,value\n%s", text.text);
        snprintf(whole_path, sizeof whole_path, "%s", scratch_file("whole.csv", all.text, all.length));
        follow_end(&follow);
        struct dataset *whole = load(whole_path);
        snprintf(path, sizeof path, "%s", scratch_file("grow.csv", all.text, 24));
        assert_int_equal(follow_begin(&follow, path, &error), STATUS_OK);
        size_t last = 0;
        for (size_t at = 24; at < all.length;) {
            size_t count = 1 + rng_below(&rng, 1 << rng_below(&rng, 12));
            if (count > all.length - at)
                count = all.length - at;
            append(all.text + at, count);
            at += count;
            enum follow_news news = follow_look(&follow);
            assert_true(news == FOLLOW_NOTHING || news == FOLLOW_GROWN);
            if (news == FOLLOW_NOTHING || rng_below(&rng, 4) > 0)
                continue;
            struct dataset *now = load(path);
            assert_true(now->table->rows >= last);
            last = now->table->rows;
            check_prefix(now->table, whole->table);
            dataset_free(now);
        }
        struct dataset *now = load(path);
        assert_int_equal(now->table->rows, whole->table->rows);
        check_prefix(now->table, whole->table);
        assert_int_equal(now->notes.count, whole->notes.count);
        dataset_free(now);
        dataset_free(whole);
        str_free(&all);
    }
    str_free(&text);
}

// ---- rows of several lines -------------------------------------------------------------------------------

enum { MANY = 240 };

struct written { // a file in the making: its bytes, and where every row ends
    struct str bytes;
    size_t ends[MANY];
};

static void add_encoded(struct str *out, const char *text, bool wide) {
    static const char gurmukhi[] = "\xe0\xa8\x8a"; // U+0A0A: its bytes in UTF-16 are those of a line end
    for (const char *at = text; *at; at++) {
        bool special = *at == '%' && wide;
        if (special)
            str_add_bytes(out, "\x0a\x0a", 2);
        else if (*at == '%')
            str_add(out, gurmukhi);
        else if (wide)
            str_add_bytes(out, (char[]){*at, '\0'}, 2);
        else
            str_add_char(out, *at);
    }
}

// Rows as a program may log them: lines within quotes, doubled quotes, blank lines between, cells too many and too few.
static struct written write_log(uint64_t seed, bool wide) {
    struct written log = {0};
    struct rng rng = rng_make(seed, RNG_TEST, 3);
    if (wide)
        str_add_bytes(&log.bytes, "\xff\xfe", 2);
    add_encoded(&log.bytes, "id,word,value\n", wide);
    for (int row = 0; row < MANY; row++) {
        struct str text = {0};
        const char *end = rng_below(&rng, 3) ? "\n" : "\r\n";
        str_format(&text, "%d,", row);
        uint64_t kind = row < 20 ? 2 : rng_below(&rng, 8);
        if (kind == 0)
            str_format(&text, "\"one%stwo, \"\"%d\"\"\n\nfive\",%d", end, row, row * 3);
        else if (kind == 1)
            str_format(&text, "\"%%\nthe end\",%d.5", row);
        else if (kind == 3)
            str_add(&text, "short");
        else if (kind == 4)
            str_format(&text, "long,%d,more,\"and\nmore\"", row);
        else
            str_format(&text, "\"plain %%\",%d", row);
        str_add(&text, end);
        add_encoded(&log.bytes, str_text(&text), wide);
        log.ends[row] = log.bytes.length;
        if (row > 20 && rng_below(&rng, 9) == 0)
            add_encoded(&log.bytes, end, wide);
        str_free(&text);
    }
    return log;
}

// Exactly the rows that are whole are read at every look, whether by one reader or by many.
static void check_log(const struct written *log, uint64_t seed) {
    struct rng rng = rng_make(seed, RNG_TEST, 4);
    struct load_options options = load_options_default();
    options.dialect.delimiter[0] = ',';
    options.dialect.quote = '"';
    options.dialect.header = 1;
    options.dialect.skip = 0;
    char whole_path[1024];
    snprintf(whole_path, sizeof whole_path, "%s", scratch_file("whole.csv", log->bytes.text, log->bytes.length));
    follow_end(&follow);
    struct dataset *whole = load(whole_path);
    assert_int_equal(whole->table->rows, MANY);
    size_t at = log->ends[5];
    snprintf(path, sizeof path, "%s", scratch_file("grow.csv", log->bytes.text, at));
    assert_int_equal(follow_begin(&follow, path, &error), STATUS_OK);
    while (at < log->bytes.length) {
        size_t count = 1 + rng_below(&rng, 1 << rng_below(&rng, 9)), rows = 0;
        count = count > log->bytes.length - at ? log->bytes.length - at : count;
        append(log->bytes.text + at, count);
        at += count;
        follow_look(&follow);
        options.threads = 1 + rng_below(&rng, 3);
        options.piece_bytes = 16 + rng_below(&rng, 2000);
        struct dataset *now = NULL;
        if (dataset_open(path, &options, &now, NULL, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        while (rows < MANY && log->ends[rows] <= at)
            rows++;
        if (now->table->rows != rows)
            fail_msg("seed %d: %zu rows where %zu are whole", (int)seed, now->table->rows, rows);
        check_prefix(now->table, whole->table);
        dataset_free(now);
    }
    dataset_free(whole);
}

static void test_half_a_quoted_cell_waits(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        bool wide = seed % 2 == 0;
        struct written log = write_log(seed, wide);
        check_log(&log, seed);
        str_free(&log.bytes);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_half_a_line_waits), TEST(test_what_became_of_it),        TEST(test_what_cannot_be_followed),
        TEST(test_any_pieces),        TEST(test_half_a_quoted_cell_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
