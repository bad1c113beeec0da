// A file cut into pieces of any size and read by any number of threads is the table that one reader finds: cells,
// lines, notes and dialect, for files with every trouble that real ones have.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/cell_number.h"
#include "datasets/csv_input.h"
#include "datasets/csv_pieces.h"
#include "datasets/csv_reader.h"
#include "datasets/dataset.h"
#include "tests/support/scratch.h"
#include "tests/support/test.h"

// Whatever vector instructions there are: BATCHLAB_KERNELS.
static const char *const sets[] = {"portable", "avx2", "avx512"};

// ---- files ----

static uint32_t draw(struct rng *rng, uint32_t below) {
    return (uint32_t)rng_below(rng, below);
}

enum trouble { CLEAN, QUOTES, LINES_IN_CELLS, RAGGED, STRAY, UNCLOSED, BLANK_LINES, MIXED_ENDS, TRAILING, TROUBLES };

static void add_word(struct str *text, struct rng *rng) {
    static const char *const words[] = {"a", "Paris", "x y", "NA", "", "São Paulo", "7", "北京", "-", "1e3"};
    str_add(text, words[draw(rng, sizeof words / sizeof *words)]);
}

static void add_quoted(struct str *text, struct rng *rng, bool lines) {
    static const char *const parts[] = {",", "\"\"", "z", " ", "\"\"\"\""}, *const ends[] = {"\n", "\r\n", "\r"};
    str_add_char(text, '"');
    for (uint32_t i = draw(rng, 4); i > 0; i--) {
        add_word(text, rng);
        if (lines && draw(rng, 3) == 0)
            str_add(text, ends[draw(rng, 3)]);
        else
            str_add(text, parts[draw(rng, 5)]);
    }
    str_add_char(text, '"');
}

static void add_cell(struct str *text, struct rng *rng, unsigned troubles, uint32_t column) {
    if ((troubles >> STRAY & 1) && draw(rng, 40) == 0)
        str_add(text, draw(rng, 2) ? "5\" pipe" : "\"in\"side\"");
    else if ((troubles >> UNCLOSED & 1) && draw(rng, 150) == 0)
        str_add(text, "\"open");
    else if ((troubles >> QUOTES & 1) && draw(rng, 4) == 0)
        add_quoted(text, rng, troubles >> LINES_IN_CELLS & 1);
    else if (column == 0)
        str_format(text, "%u", draw(rng, 5000));
    else if (column == 1)
        str_format(text, "%d.%03u", (int)draw(rng, 200) - 100, draw(rng, 1000));
    else if (column == 2)
        str_format(text, "20%02u-%02u-%02u", draw(rng, 30), 1 + draw(rng, 12), 1 + draw(rng, 28));
    else
        add_word(text, rng);
}

static void make_file(struct str *text, uint64_t seed) {
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    struct rng rng = rng_make(seed, RNG_SHUFFLE, 7);
    unsigned troubles = draw(&rng, 1 << TROUBLES);
    uint32_t columns = 1 + draw(&rng, 6), rows = 20 + draw(&rng, 400), end = draw(&rng, 3);
    str_clear(text);
    for (uint32_t i = 0; i < columns; i++)
        str_format(text, "%sname%u", i ? "," : "", i);
    str_add(text, ends[end]);
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t width = columns;
        if ((troubles >> RAGGED & 1) && draw(&rng, 20) == 0)
            width = 1 + draw(&rng, columns + 2);
        for (uint32_t i = 0; i < width; i++) {
            if (i)
                str_add_char(text, ',');
            add_cell(text, &rng, troubles, i);
        }
        if ((troubles >> TRAILING & 1) && draw(&rng, 3) > 0)
            str_add_char(text, ',');
        if ((troubles >> MIXED_ENDS & 1) && draw(&rng, 5) == 0)
            end = draw(&rng, 3);
        if (row + 1 < rows || draw(&rng, 2))
            str_add(text, ends[end]);
        if ((troubles >> BLANK_LINES & 1) && draw(&rng, 15) == 0)
            str_add(text, ends[end]);
    }
}

// ---- comparing ----

static void same_column(const struct column *a, const struct column *b, uint64_t seed) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->integer, b->integer);
    assert_int_equal(a->missing_count, b->missing_count);
    assert_int_equal(a->word_count, b->word_count);
    for (size_t i = 0; i < a->word_count; i++)
        assert_string_equal(a->words[i], b->words[i]);
    for (size_t row = 0; row < a->rows; row++) {
        char x[64], y[64];
        if (column_is_missing(a, row) != column_is_missing(b, row) ||
            strcmp(column_text(a, row, x), column_text(b, row, y)) != 0)
            fail_msg("file %llu, column %s, row %zu: '%s' and '%s'", (unsigned long long)seed, a->name, row,
                     column_text(a, row, x), column_text(b, row, y));
    }
}

static void same_data(const struct dataset *a, const struct dataset *b, uint64_t seed) {
    if (a->table->rows != b->table->rows)
        fail_msg("file %llu: %zu rows and %zu", (unsigned long long)seed, a->table->rows, b->table->rows);
    assert_int_equal(a->table->column_count, b->table->column_count);
    assert_string_equal(a->dialect.line_ending, b->dialect.line_ending);
    for (size_t row = 0; row < a->table->rows; row++)
        assert_int_equal(table_line(a->table, row), table_line(b->table, row));
    for (size_t i = 0; i < a->table->column_count; i++)
        same_column(a->table->columns[i], b->table->columns[i], seed);
    if (a->notes.count != b->notes.count)
        fail_msg("file %llu: %zu notes and %zu", (unsigned long long)seed, a->notes.count, b->notes.count);
    for (size_t i = 0; i < a->notes.count; i++) {
        assert_int_equal(a->notes.items[i].line, b->notes.items[i].line);
        assert_string_equal(a->notes.items[i].text, b->notes.items[i].text);
    }
}

static struct dataset *open_with(const char *path, size_t threads, size_t piece) {
    struct error error;
    struct dataset *dataset = NULL;
    struct load_options options = load_options_default();
    options.threads = threads;
    options.piece_bytes = piece;
    strcpy(options.dialect.delimiter, ",");
    options.dialect.quote = '"';
    options.dialect.escape = 0;
    options.dialect.header = 1;
    options.dialect.skip = 0;
    options.dialect.skip_blanks = 0;
    if (dataset_open(path, &options, &dataset, NULL, &error) != STATUS_OK)
        return NULL;
    return dataset;
}

static void any_pieces_and_threads_give_the_same_table(void **state) {
    static const size_t pieces[] = {1, 7, 64, 500, 4096}, threads[] = {1, 2, 3, 8};
    struct str text = {0};
    (void)state;
    size_t opened = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        make_file(&text, seed);
        const char *path = scratch_file("pieces.csv", text.text, text.length);
        struct dataset *whole = open_with(path, 1, (size_t)1 << 30);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
            setenv("BATCHLAB_KERNELS", sets[(seed * 5 + i) % 3], 1);
            struct dataset *cut = open_with(path, threads[(seed + i) % 4], pieces[i]);
            assert_int_equal(whole == NULL, cut == NULL);
            if (whole != NULL)
                same_data(whole, cut, seed);
            dataset_free(cut);
        }
        unsetenv("BATCHLAB_KERNELS");
        opened += whole != NULL;
        dataset_free(whole);
    }
    assert_true(opened > 140);
    str_free(&text);
}

// ---- one piece against one reader ----

static struct dialect comma(char quote, int blanks) {
    struct dialect dialect = {.delimiter = ",", .quote = quote, .encoding = "utf-8", .skip_blanks = blanks};
    return dialect;
}

// The cells of a text, read byte by byte or from an index, each with its line.
static void read_all(struct csv_reader *reader, struct str *out) {
    struct error error;
    for (;;) {
        struct csv_row row;
        assert_int_equal(csv_reader_next(reader, &row, &error), STATUS_OK);
        if (row.count == 0)
            break;
        str_format(out, "%llu:", (unsigned long long)row.line);
        for (size_t i = 0; i < row.count; i++) {
            assert_int_equal(strlen(row.cells[i].text), row.cells[i].length);
            str_format(out, "[%s]", row.cells[i].text);
        }
    }
    str_format(out, "blank %llu, unclosed %llu, ends %llu %llu %llu", (unsigned long long)reader->blank_lines,
               (unsigned long long)reader->unclosed, (unsigned long long)reader->unix_ends,
               (unsigned long long)reader->windows_ends, (unsigned long long)reader->mac_ends);
}

static void an_index_cuts_as_bytes_do(void **state) {
    struct str text = {0}, slow = {0}, fast = {0};
    struct csv_index index = {0};
    struct error error;
    (void)state;
    for (uint64_t seed = 1; seed <= 1200; seed++) {
        struct dialect dialect = comma(seed % 5 == 0 ? 0 : '"', seed % 3 == 0);
        struct csv_reader reader;
        make_file(&text, seed);
        str_clear(&slow);
        str_clear(&fast);
        setenv("BATCHLAB_KERNELS", sets[seed % 3], 1);
        assert_int_equal(csv_reader_open_text(&reader, "t", text.text, text.length, false, &dialect, &error),
                         STATUS_OK);
        reader.width = 4;
        read_all(&reader, &slow);
        csv_reader_close(&reader);
        char *bytes = mem_alloc(text.length + NUMBER_PADDING, 1);
        memcpy(bytes, text.text, text.length);
        assert_int_equal(
            csv_reader_open_piece(&reader, "t", bytes, text.length, &index, true, true, &dialect, NULL, &error),
            STATUS_OK);
        assert_non_null(reader.index);
        reader.width = 4;
        read_all(&reader, &fast);
        csv_reader_close(&reader);
        mem_free(bytes);
        assert_string_equal(fast.text, slow.text);
    }
    unsetenv("BATCHLAB_KERNELS");
    csv_index_free(&index);
    str_free(&text);
    str_free(&slow);
    str_free(&fast);
}

// ---- pieces ----

// Pieces put together are the text, and in a file without stray quotes each ends where a row ends.
static void pieces_are_the_text(void **state) {
    struct str text = {0}, joined = {0};
    struct error error;
    struct dialect dialect = comma('"', 0);
    (void)state;
    for (size_t row = 0; row < 3000; row++)
        str_format(&text, "%zu,\"a \"\"b\"\"\n%zu, c\",x\r\n", row, row);
    const char *path = scratch_file("text.csv", text.text, text.length);
    for (size_t least = 1; least < 40000; least = least * 3 + 1) {
        struct csv_pieces pieces;
        struct csv_text piece = {0};
        size_t count = 0;
        bool found = true, last = false;
        str_clear(&joined);
        assert_int_equal(csv_pieces_open(&pieces, path, &dialect, least, NULL, &error), STATUS_OK);
        while (found) {
            assert_int_equal(csv_pieces_take(&pieces, &piece, &found, &error), STATUS_OK);
            if (!found)
                break;
            assert_false(last);
            last = piece.last;
            assert_int_equal(piece.index, count++);
            assert_memory_equal(piece.bytes + piece.length - 4, ",x\r\n", 4);
            str_add_bytes(&joined, piece.bytes, piece.length);
        }
        csv_pieces_close(&pieces);
        mem_free(piece.bytes);
        assert_int_equal(joined.length, text.length);
        assert_memory_equal(joined.text, text.text, text.length);
        assert_true(count >= text.length / (least + 40));
    }
    str_free(&text);
    str_free(&joined);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_cuts_as_bytes_do),
        cmocka_unit_test(pieces_are_the_text),
        cmocka_unit_test(any_pieces_and_threads_give_the_same_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
