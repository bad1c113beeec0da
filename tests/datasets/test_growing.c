// Reading only what was added gives what reading all of it gives, at every moment: the table with its types, words,
// lines and notes. What the added rows alone cannot tell leads to a full reading.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/csv_growing.h"
#include "datasets/dataset.h"
#include "datasets/follow.h"
#include "tests/support/scratch.h"
#include "tests/support/test.h"

static struct follow follow;
static struct csv_growing growing;
static struct error error;
static char path[1024];

static int tear_down(void **state) {
    (void)state;
    follow_end(&follow);
    csv_growing_clear(&growing);
    return 0;
}

static void append(const char *bytes, size_t count) {
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, bytes, count), count);
    close(fd);
}

static struct dataset *load(const struct load_options *wanted, struct csv_growing *from) {
    struct load_options options = *wanted;
    struct dataset *dataset = NULL;
    options.growing = from;
    if (dataset_open(path, &options, &dataset, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return dataset;
}

static void check_column(const struct column *a, const struct column *b) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->integer, b->integer);
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->missing_count, b->missing_count);
    assert_int_equal(a->word_count, b->word_count);
    for (size_t i = 0; i < a->word_count; i++)
        assert_string_equal(a->words[i], b->words[i]);
    assert_int_equal(a->values != NULL, b->values != NULL);
    if (a->values)
        assert_memory_equal(a->values, b->values, a->rows * sizeof *a->values);
    else
        assert_memory_equal(a->codes, b->codes, a->rows * sizeof *a->codes);
    for (size_t row = 0; row < a->rows; row++)
        assert_int_equal(column_is_missing(a, row), column_is_missing(b, row));
}

static void check_same(const struct dataset *a, const struct dataset *b) {
    assert_int_equal(a->table->rows, b->table->rows);
    assert_int_equal(a->table->column_count, b->table->column_count);
    assert_int_equal(a->table->target, b->table->target);
    for (size_t i = 0; i < a->table->column_count; i++)
        check_column(a->table->columns[i], b->table->columns[i]);
    for (size_t row = 0; row < a->table->rows; row++)
        assert_int_equal(table_line(a->table, row), table_line(b->table, row));
    assert_memory_equal(&a->dialect, &b->dialect, sizeof a->dialect);
    assert_int_equal(a->notes.count, b->notes.count);
    for (size_t i = 0; i < a->notes.count; i++) {
        assert_int_equal(a->notes.items[i].line, b->notes.items[i].line);
        assert_string_equal(a->notes.items[i].text, b->notes.items[i].text);
    }
    assert_int_equal(a->partial, b->partial);
}

// One row in many ways: words, holes, numbers, quoted cells of several lines, cells too few and too many, blank lines.
static void add_row(struct str *text, struct rng *rng, int row) {
    const char *end = rng_below(rng, 40) ? "\n" : "\r\n";
    str_format(text, "%d,%s", row, rng_below(rng, 9) ? "" : "NA");
    switch (rng_below(rng, 12)) {
    case 0:
        str_format(text, ",\"first%ssecond, \"\"%d\"\"\n\nlast\",%d", end, row, row * 3);
        break;
    case 1:
        str_add(text, ",short");
        break;
    case 2:
        str_format(text, ",long,%d,more,", row);
        break;
    case 3:
        str_format(text, ",word%d,", (int)rng_below(rng, 400));
        break;
    default:
        str_format(text, ",\"caf\xc3\xa9 %d\",%d.25", (int)rng_below(rng, 30), row % 97);
    }
    str_add(text, end);
    if (rng_below(rng, 60) == 0)
        str_add(text, end);
}

static struct str write_rows(uint64_t seed, int rows) {
    struct str text = {0};
    struct rng rng = rng_make(seed, RNG_TEST, 5);
    str_add(&text, "id,some,word,value\n");
    for (int row = 0; row < rows; row++)
        add_row(&text, &rng, row);
    return text;
}

static struct load_options options_of(uint64_t seed) {
    static const char *const tokens[] = {"word7"};
    struct load_options options = load_options_default();
    options.threads = 1 + seed % 2;
    if (seed % 3 == 0) {
        options.missing_tokens = tokens;
        options.missing_token_count = 1;
    }
    if (seed % 3 == 1)
        options.overrides[options.override_count++].column = "word", options.overrides[0].type = COLUMN_TEXT;
    return options;
}

static void begin(const struct str *text, size_t at) {
    follow_end(&follow);
    csv_growing_clear(&growing);
    snprintf(path, sizeof path, "%s", scratch_file("grow.csv", text->text, at));
    assert_int_equal(follow_begin(&follow, path, &error), STATUS_OK);
}

static void test_it_is_what_reading_all_gives(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 9; seed++) {
        struct rng rng = rng_make(seed, RNG_TEST, 6);
        struct str text = write_rows(seed, 14000);
        struct load_options options = options_of(seed);
        size_t at = 280000, looks = 0, used = 0;
        begin(&text, at);
        dataset_free(load(&options, &growing));
        assert_true(growing.filled && !growing.used);
        while (at < text.length && looks < 60) {
            size_t count = 1 + rng_below(&rng, (uint64_t)1 << rng_below(&rng, 14));
            count = count > text.length - at ? text.length - at : count;
            append(text.text + at, count);
            at += count;
            if (follow_look(&follow) != FOLLOW_GROWN)
                continue;
            struct dataset *now = load(&options, &growing), *whole = load(&options, NULL);
            check_same(now, whole);
            used += growing.used;
            looks++;
            dataset_free(now);
            dataset_free(whole);
        }
        assert_true(looks > 5 && used == looks);
        str_free(&text);
    }
}

// Each of these makes the table another one, or cannot be told from the added rows alone.
static void test_what_leads_to_a_full_reading(void **state) {
    (void)state;
    static const struct {
        const char *added;
        bool used;
    } cases[] = {
        {"7,,plain,1\n", true},
        {"7,,plain,1.5\n", true},
        {"seven,,plain,1\n", false}, // a number column is words now
        {"7,,plain,\"1,5\"\n", false},
        {"7,x,plain,1\n", false},                    // a column without cells has one
        {"7,,\"never closed,1\n8,,plain,2\n", true}, // waits
        {"7,,plain\xff,1\n", false},                 // no UTF-8
        {"7,,pla\"in,1\n", true},
        {"7.5,,plain,1\n", true}, // still numbers, no longer whole
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str text = {0};
        struct load_options options = load_options_default();
        str_add(&text, "id,some,word,value\n");
        for (int row = 0; row < 20000; row++)
            str_format(&text, "%d,,word%d,%d\n", row, row % 7, row % 50);
        begin(&text, text.length);
        dataset_free(load(&options, &growing));
        assert_true(growing.filled);
        append(cases[i].added, strlen(cases[i].added));
        assert_int_equal(follow_look(&follow), FOLLOW_GROWN);
        struct dataset *now = load(&options, &growing), *whole = load(&options, NULL);
        check_same(now, whole);
        if (growing.used != cases[i].used)
            fail_msg("%s: %s", cases[i].added, growing.used ? "read alone" : "all read");
        dataset_free(now);
        dataset_free(whole);
        str_free(&text);
    }
}

static void test_small_files_are_read_whole(void **state) {
    (void)state;
    struct str text = write_rows(3, 300);
    struct load_options options = load_options_default();
    begin(&text, text.length);
    dataset_free(load(&options, &growing));
    assert_false(growing.filled);
    str_free(&text);
}

// Where memory fails for what was added, all is read.
static void test_failing_allocations(void **state) {
    (void)state;
    struct str text = write_rows(2, 12000);
    struct load_options options = load_options_default();
    options.threads = 1;
    size_t at = text.length - 3000, failed = 0, whole_read = 0;
    begin(&text, text.length);
    struct dataset *whole = load(&options, NULL);
    for (unsigned long count = 1; count < 400; count += 1 + count / 8) {
        begin(&text, at);
        dataset_free(load(&options, &growing));
        append(text.text + at, 3000);
        follow_look(&follow);
        struct dataset *dataset = NULL;
        options.growing = &growing;
        mem_fail_at(count);
        enum status status = dataset_open(path, &options, &dataset, NULL, &error);
        mem_fail_at(0);
        assert_true(!status || status == STATUS_MEMORY);
        if (!status)
            check_same(dataset, whole);
        failed += status != STATUS_OK;
        whole_read += !status && !growing.used;
        dataset_free(dataset);
    }
    assert_true(failed > 0 && whole_read > 5);
    dataset_free(whole);
    str_free(&text);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_it_is_what_reading_all_gives),
        TEST(test_what_leads_to_a_full_reading),
        TEST(test_small_files_are_read_whole),
        TEST(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
