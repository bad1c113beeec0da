// Rows of a CSV file as text: the habits of libcsv held off, quotes that never close, both ways of
// cutting a row.
#include "tests/support/test.h"

#include <time.h>

#include "datasets/input.h"
#include "tests/datasets/table_files.h"

static struct error error;

// Rows as "a|b|c\n…" with the line of each in front, so that a test can name them all at once.
static enum status collect(void *context, const struct csv_cell *cells, size_t count, uint64_t line, struct error *at) {
    struct str *out = context;
    (void)at;
    str_format(out, "%llu:", (unsigned long long)line);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strlen(cells[i].text), cells[i].length);
        str_format(out, "%s[%s]", i == 0 ? "" : " ", cells[i].text);
    }
    str_add_char(out, '\n');
    return STATUS_OK;
}

static struct dialect comma(void) {
    struct dialect dialect = dialect_detect();
    strcpy(dialect.delimiter, ",");
    dialect.quote = '"';
    dialect.escape = 0;
    dialect.skip = 0;
    dialect.skip_blanks = 0;
    return dialect;
}

static void rows_are(const char *text, const struct dialect *dialect, struct notes *notes, const char *expected) {
    struct str out = {0};
    if (csv_read_rows(write_text(text), dialect, notes, NULL, collect, &out, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_string_equal(str_text(&out), expected);
    str_free(&out);
}

static void blanks_and_quotes_stay_as_written(void **state) {
    (void)state;
    struct dialect dialect = comma();
    rows_are("a, b ,c\n\" x \",\t1,\"\"\n", &dialect, NULL, "1:[a] [ b ] [c]\n2:[ x ] [\t1] []\n");
    rows_are("say \"hi\",5\" disk\n\"a \"\"b\"\" c\",\"\"\"\"\n", &dialect, NULL,
             "1:[say \"hi\"] [5\" disk]\n2:[a \"b\" c] [\"]\n");
    dialect.skip_blanks = 1;
    rows_are("a , \"b, c\" , d\n 1, \" 2\",3 \n", &dialect, NULL, "1:[a] [b, c] [d]\n2:[1] [ 2] [3]\n");
}

static void cells_may_hold_line_ends(void **state) {
    (void)state;
    struct dialect dialect = comma();
    rows_are("a,b\n\"one\ntwo\",2\n\"x\r\n\r\ny\",3\nz,4", &dialect, NULL,
             "1:[a] [b]\n2:[one\ntwo] [2]\n4:[x\r\n\r\ny] [3]\n7:[z] [4]\n");
}

static void line_ends_of_all_kinds(void **state) {
    (void)state;
    struct dialect dialect = comma();
    rows_are("a,b\r\n1,2\r3,4\n5,6\r\n", &dialect, NULL, "1:[a] [b]\n2:[1] [2]\n3:[3] [4]\n4:[5] [6]\n");
    rows_are("a,b\n1,", &dialect, NULL, "1:[a] [b]\n2:[1] []\n");
    rows_are("a,b\n1,\"2\"", &dialect, NULL, "1:[a] [b]\n2:[1] [2]\n");
}

static void blank_lines_are_noted_or_rows(void **state) {
    (void)state;
    struct dialect dialect = comma();
    struct notes notes = {0};
    rows_are("a,b\n\n1,2\n\n\n3,4\n", &dialect, &notes, "1:[a] [b]\n3:[1] [2]\n6:[3] [4]\n");
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.items[0].line, 2);
    assert_non_null(strstr(notes.items[0].text, "3 blank lines"));
    notes_free(&notes);
    rows_are("a\n1\n\n3\n", &dialect, NULL, "1:[a]\n2:[1]\n3:[]\n4:[3]\n"); // one column: a missing cell
}

static void escapes_and_long_delimiters(void **state) {
    (void)state;
    struct dialect dialect = comma();
    dialect.escape = '\\';
    rows_are("\"a \\\"b\\\" c\",x\\,y\nback\\\\slash,\"n\\n\"\nline\\\nend,\"2\"\n", &dialect, NULL,
             "1:[a \"b\" c] [x,y]\n2:[back\\slash] [nn]\n3:[line\nend] [2]\n");
    dialect = comma();
    strcpy(dialect.delimiter, "||");
    rows_are("a||b|c||\"d||e\"\n1||2||3\n", &dialect, NULL, "1:[a] [b|c] [d||e]\n2:[1] [2] [3]\n");
    dialect = comma();
    dialect.quote = 0;
    rows_are("\"a,b\"\n1,2\n", &dialect, NULL, "1:[\"a] [b\"]\n2:[1] [2]\n");
    dialect.quote = '\'';
    rows_are("'a,b',\"c\n'it''s',d\n", &dialect, NULL, "1:[a,b] [\"c]\n2:[it's] [d]\n");
}

static void an_open_quote_costs_one_line(void **state) {
    (void)state;
    struct dialect dialect = comma();
    struct notes notes = {0};
    rows_are("a,b,c\n1,\"two,3\n4,5,6\n7,8,9\n", &dialect, &notes,
             "1:[a] [b] [c]\n2:[1] [\"two] [3]\n3:[4] [5] [6]\n4:[7] [8] [9]\n");
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.items[0].line, 2);
    assert_non_null(strstr(notes.items[0].text, "never closes"));
    notes_free(&notes);
    // Closed by the next quote in sight, two lines on: the count of cells gives it away.
    rows_are("a,b,c\n1,\"two,3\n4,\"5\",6\n7,8,9\n", &dialect, &notes,
             "1:[a] [b] [c]\n2:[1] [\"two] [3]\n3:[4] [5] [6]\n4:[7] [8] [9]\n");
    assert_int_equal(notes.items[0].line, 2);
    notes_free(&notes);
    // A stray quote inside a quoted cell is text, and is said.
    rows_are("a,b\n\"5\" disk\",x\n", &dialect, &notes, "1:[a] [b]\n2:[5\" disk] [x]\n");
    assert_int_equal(notes.count, 1);
    assert_int_equal(notes.items[0].line, 2);
    notes_free(&notes);
}

// An open quote is given up after 1 MiB; a million of them take linear time.
static void many_open_quotes_end_soon(void **state) {
    (void)state;
    struct str text = {0};
    struct notes notes = {0};
    struct dialect dialect = comma();
    struct str out = {0};
    str_add(&text, "a,b\n");
    for (int i = 0; i < 200000; i++)
        str_add(&text, "1,\"x\\ y\n2,3\n");
    clock_t before = clock();
    assert_int_equal(csv_read_rows(write_bytes(text.text, text.length), &dialect, &notes, NULL, collect, &out, &error),
                     STATUS_OK);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    size_t rows = 0;
    for (size_t i = 0; i < out.length; i++)
        rows += out.text[i] == '\n';
    assert_in_range(rows, 200001, 400001);
    assert_true(notes.count > 0 && notes.items[0].line == 2);
    assert_true(seconds < 30);
    notes_free(&notes);
    str_free(&out);
    str_free(&text);
}

// The short way and libcsv give the same cells: every row is made once plain and once so that it takes
// libcsv (a doubled quote in a last cell that is compared apart).
static void both_ways_of_cutting_agree(void **state) {
    (void)state;
    static const char *const cells[] = {"",        "a",    " a ",          "\"\"", "\"b\"",
                                        "\"b,c\"", "a\"b", "\"\xc3\xa9\"", "1.5",  "\t"};
    enum { CELLS = sizeof cells / sizeof *cells };
    struct dialect dialect = comma();
    struct str text = {0}, out = {0};
    for (size_t i = 0; i < CELLS * CELLS; i++) {
        str_format(&text, "%s,%s,z\n", cells[i % CELLS], cells[i / CELLS]);
        str_format(&text, "%s,%s,\"z\"\"\"\n", cells[i % CELLS], cells[i / CELLS]);
    }
    assert_int_equal(csv_read_rows(write_text(text.text), &dialect, NULL, NULL, collect, &out, &error), STATUS_OK);
    size_t compared = 0;
    for (char *line = strtok(out.text, "\n"); line != NULL; line = strtok(NULL, "\n"), compared++) {
        char *hard = strtok(NULL, "\n");
        char *plain_cells = strchr(line, ':'), *hard_cells = strchr(hard, ':');
        size_t length = strlen(plain_cells) - strlen("[z]");
        assert_memory_equal(plain_cells, hard_cells, length);
        assert_string_equal(hard_cells + length, "[z\"]");
    }
    assert_int_equal(compared, CELLS * CELLS);
    str_free(&out);
    str_free(&text);
}

// Row i of the file below; its length wanders, so that block ends fall on every kind of byte.
static void long_row(uint64_t i, struct str *wide) {
    str_clear(wide);
    for (uint64_t k = 0; k < i % 37; k++)
        str_add(wide, k % 5 == 4 ? "\xe2\x82\xac" : k % 7 == 6 ? "\r\n" : "\xc3\xa9");
}

static enum status check_long_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                                  struct error *at) {
    uint64_t *next = context;
    struct str wide = {0};
    char number[32];
    (void)line;
    (void)at;
    long_row(*next, &wide);
    snprintf(number, sizeof number, "%llu", (unsigned long long)*next);
    assert_int_equal(count, 3);
    assert_string_equal(cells[0].text, number);
    assert_string_equal(cells[1].text, str_text(&wide));
    assert_string_equal(cells[2].text, *next % 3 == 0 ? "q\"" : "z");
    str_free(&wide);
    (*next)++;
    return STATUS_OK;
}

// 8 MB through blocks of 256 KiB: quoted cells, characters and line ends across every boundary.
static void blocks_leave_no_seam(void **state) {
    (void)state;
    enum { ROWS = 150000 };
    struct dialect dialect = comma();
    struct str text = {0}, wide = {0};
    uint64_t next = 0;
    for (uint64_t i = 0; i < ROWS; i++) {
        long_row(i, &wide);
        str_format(&text, "%llu,\"%s\",%s\r\n", (unsigned long long)i, str_text(&wide), i % 3 == 0 ? "\"q\"\"\"" : "z");
    }
    assert_in_range(text.length, 6000000, 20000000);
    assert_int_equal(
        csv_read_rows(write_bytes(text.text, text.length), &dialect, NULL, NULL, check_long_row, &next, &error),
        STATUS_OK);
    assert_int_equal(next, ROWS);
    str_free(&wide);
    str_free(&text);
}

// A file that grows line by line: every reading hands out what the one before did not.
static void reading_goes_on_where_it_ended(void **state) {
    (void)state;
    static const char text[] = "\xef\xbb\xbf# made today\na,b\n1,2\n\n\"one\ntwo\",\"\"\"\"\r\n\r\n\xc3\xa4,5\n3\n";
    struct dialect dialect = comma();
    strcpy(dialect.encoding, "utf-8");
    dialect.header = 1;
    dialect.bom = true;
    dialect.skip = 1;
    struct str all = {0}, pieces = {0};
    struct csv_end whole = {0}, end = {0};
    const char *path = write_bytes(text, sizeof text - 1);
    input_set_end(path, sizeof text - 1);
    assert_int_equal(csv_read_on(path, &dialect, &whole, NULL, NULL, collect, &all, &error), STATUS_OK);
    assert_int_equal(whole.bytes, sizeof text - 1);
    const size_t in_cell = (size_t)(strstr(text, "one\n") - text) + 4; // the rest of a cell is waited for
    for (size_t i = 1; i < sizeof text; i++) {
        if (text[i - 1] != '\n')
            continue;
        size_t had = pieces.length;
        uint64_t before = end.bytes;
        input_set_end(path, i);
        assert_int_equal(csv_read_on(path, &dialect, &end, NULL, NULL, collect, &pieces, &error), STATUS_OK);
        assert_int_equal(end.bytes, i == in_cell ? before : i);
        assert_true(i != in_cell || pieces.length == had);
    }
    input_set_end(path, UINT64_MAX);
    assert_string_equal(str_text(&pieces), str_text(&all));
    assert_string_equal(str_text(&all), "2:[a] [b]\n3:[1] [2]\n5:[one\ntwo] [\"]\n8:[\xc3\xa4] [5]\n9:[3]\n");
    assert_memory_equal(&end, &whole, sizeof end);
    assert_int_equal(end.blank_lines, 2);
    str_free(&pieces);
    str_free(&all);
}

// Where it cannot, all is read again; of a file that does not grow as well.
static void reading_that_cannot_go_on_says_so(void **state) {
    (void)state;
    static const char *const texts[] = {"a,b\n1,\"2\n3,4\n", "a,b\n1,\xff\n", "a,b\r1,2\r"};
    struct dialect dialect = comma();
    strcpy(dialect.encoding, "utf-8");
    for (size_t i = 0; i < sizeof texts / sizeof *texts + 2; i++) {
        bool odd = i < sizeof texts / sizeof *texts;
        const char *path = write_text(odd ? texts[i] : "a,b\n1,2\n");
        struct str once = {0}, twice = {0};
        struct csv_end end = {0};
        if (i == sizeof texts / sizeof *texts)
            strcpy(dialect.encoding, "latin-1");
        input_set_end(path, i <= sizeof texts / sizeof *texts ? strlen(odd ? texts[i] : "a,b\n1,2\n") : UINT64_MAX);
        assert_int_equal(csv_read_on(path, &dialect, &end, NULL, NULL, collect, &once, &error), STATUS_OK);
        assert_int_equal(end.bytes, i == 0 ? 4 : 0); // an open quote waits
        assert_int_equal(csv_read_on(path, &dialect, &end, NULL, NULL, collect, &twice, &error), STATUS_OK);
        assert_string_equal(str_text(&twice), i == 0 ? "" : str_text(&once));
        input_set_end(path, UINT64_MAX);
        str_free(&once);
        str_free(&twice);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_and_quotes_stay_as_written),
        cmocka_unit_test(cells_may_hold_line_ends),
        cmocka_unit_test(line_ends_of_all_kinds),
        cmocka_unit_test(blank_lines_are_noted_or_rows),
        cmocka_unit_test(escapes_and_long_delimiters),
        cmocka_unit_test(an_open_quote_costs_one_line),
        cmocka_unit_test(many_open_quotes_end_soon),
        cmocka_unit_test(both_ways_of_cutting_agree),
        cmocka_unit_test(blocks_leave_no_seam),
        cmocka_unit_test(reading_goes_on_where_it_ended),
        cmocka_unit_test(reading_that_cannot_go_on_says_so),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(temporary_path());
    return failed;
}
