// What is found in files whose dialect is known, part by part; that parts given by hand stay; and that
// a dialect in which Python's csv module wrote a file reads the same cells (tests/fixtures/dialects.json).
#include "tests/support/test.h"

#include <cjson/cJSON.h>

#include "core/base/file.h"
#include "tests/datasets/table_files.h"

static struct error error;

static struct dialect sniff(const char *text) {
    struct dialect dialect = dialect_detect();
    if (csv_sniff(write_text(text), &dialect, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return dialect;
}

static void delimiters_are_found(void **state) {
    (void)state;
    static const char *const delimiters[] = {",", ";", "\t", "|", ":", " "};
    for (size_t i = 0; i < 6; i++) {
        struct str text = {0};
        const char *d = delimiters[i];
        str_format(&text, "name%samount%scity\n", d, d);
        for (int row = 0; row < 8; row++)
            str_format(&text, "n%d%s%d.5%s%s\n", row, d, row * 3, d, row % 2 ? "Oslo" : "Rome");
        struct dialect dialect = sniff(text.text);
        assert_string_equal(dialect.delimiter, d);
        assert_int_equal(dialect.quote, '"');
        assert_int_equal(dialect.header, 1);
        assert_int_equal(dialect.skip, 0);
        assert_string_equal(dialect.line_ending, "lf");
        str_free(&text);
    }
}

// Commas inside numbers and inside quotes do not mislead.
static void other_delimiters_in_cells_do_not_mislead(void **state) {
    (void)state;
    assert_string_equal(sniff("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n7,5;8,5;9,5\n").delimiter, ";");
    assert_string_equal(
        sniff("when\tnote\n2020-01-01 10:00:00\tred, green\n2020-01-02 11:30:00\tblue, red, pink\n").delimiter, "\t");
    assert_string_equal(sniff("n,text\n1,\"a; b; c\"\n2,\"d; e\"\n3,\"f; g; h\"\n").delimiter, ",");
}

static void quotes_and_escapes_are_found(void **state) {
    (void)state;
    struct dialect single = sniff("a,b\n'x, y',1\n'z, w',2\n'it''s',3\n");
    assert_int_equal(single.quote, '\'');
    struct dialect doubled = sniff("a,b\n\"say \"\"hi\"\"\",1\n\"x, y\",2\n");
    assert_int_equal(doubled.quote, '"');
    assert_int_equal(doubled.escape, 0);
    struct dialect escaped = sniff("a,b\n\"say \\\"hi, you\\\" to\",1\n\"x, \\\"y\\\", z\",2\n\"q\",3\n");
    assert_int_equal(escaped.quote, '"');
    assert_int_equal(escaped.escape, '\\');
    assert_int_equal(sniff("a,b\nO'Neil,1\nD'Arcy,2\n").quote, '"');
}

static void headers_are_found(void **state) {
    (void)state;
    assert_int_equal(sniff("1,2\n3,4\n").header, 0);
    assert_int_equal(sniff("x,y\n3,4\n").header, 1);
    assert_int_equal(sniff("when,who\n2020-01-01,me\n2020-01-02,you\n").header, 1);
    assert_int_equal(sniff("red,big\nred,small\nblue,big\nred,small\n").header, 0);
    assert_int_equal(sniff("color,size\nred,small\nblue,big\nred,small\nblue,big\n").header, 1);
    assert_int_equal(sniff("0,1,2\n5.1,3.5,x\n4.9,3.0,y\n").header, 1); // numbered columns
    assert_int_equal(sniff("only\n").header, 1);
}

static void lines_before_the_table_are_skipped(void **state) {
    (void)state;
    assert_int_equal(sniff("# made by hand\n# in 2021\n\na,b,c\n1,2,3\n4,5,6\n7,8,9\n").skip, 3);
    assert_int_equal(sniff("Report, second part\na,b,c\n1,2,3\n4,5,6\n7,8,9\n").skip, 1);
    // titles that a spreadsheet padded to the width of the table
    assert_int_equal(sniff("Spending in June,,\n,,\nwho,what,price\nann,pen,1\nbob,cup,2\ncy,map,3\n").skip, 2);
    assert_int_equal(sniff("who,what,price\nann,,\nbob,cup,2\ncy,map,3\n").skip, 0);
    // a header with a quote too many is no title
    assert_int_equal(sniff("a,\"b,c\n\"x, y\",2,3\n\"z, w\",5,6\n\"p, q\",8,9\n\"r, s\",8,9\n").skip, 0);
    assert_int_equal(sniff("mpg cyl\n\"Mazda RX4\" 21 6\n\"Fiat 128\" 32 4\n").skip, 0); // R's row names
}

static void line_ends_are_found(void **state) {
    (void)state;
    assert_string_equal(sniff("a,b\r\n1,2\r\n").line_ending, "crlf");
    assert_string_equal(sniff("a,b\r1,2\r").line_ending, "cr");
    assert_string_equal(sniff("a,b\r\n1,2\n3,4\n").line_ending, "mixed");
}

static void encodings_are_found(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        const char *encoding;
        bool bom;
    } files[] = {
        {"a,b\nx,1\n", 8, "utf-8", false},
        {"\xef\xbb\xbf"
         "a,b\nx,1\n",
         11, "utf-8", true},
        {"a,b\nZ\xc3\xbcrich,1\n", 13, "utf-8", false},
        {"a,b\nZ\xfcrich,1\n", 12, "latin-1", false},
        {"a,b\n5 \x80,1\n", 10, "windows-1252", false},
        {"\xff\xfe"
         "a\0,\0b\0\n\0x\0,\0001\0\n\0",
         18, "utf-16le", true},
        {"\xfe\xff\0a\0,\0b\0\n\0x\0,\0001\0\n", 18, "utf-16be", true},
        {"a\0,\0b\0\n\0x\0,\0001\0\n\0", 16, "utf-16le", false},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct dialect dialect = dialect_detect();
        assert_int_equal(csv_sniff(write_bytes(files[i].bytes, files[i].count), &dialect, NULL, &error), STATUS_OK);
        assert_string_equal(dialect.encoding, files[i].encoding);
        assert_int_equal(dialect.bom, files[i].bom);
        assert_string_equal(dialect.delimiter, ",");
    }
}

static void given_parts_stay(void **state) {
    (void)state;
    struct dialect dialect = dialect_detect();
    strcpy(dialect.delimiter, ";");
    dialect.quote = 0;
    dialect.header = 0;
    dialect.skip = 1;
    strcpy(dialect.encoding, "latin1");
    assert_int_equal(csv_sniff(write_text("x,y\na,b;c\n\"1,2;3\"\n"), &dialect, NULL, &error), STATUS_OK);
    assert_string_equal(dialect.delimiter, ";");
    assert_int_equal(dialect.quote, 0);
    assert_int_equal(dialect.header, 0);
    assert_int_equal(dialect.skip, 1);
    assert_string_equal(dialect.encoding, "latin-1");
    struct dialect wrong = dialect_detect();
    strcpy(wrong.encoding, "klingon");
    assert_int_equal(csv_sniff(write_text("a,b\n1,2\n"), &wrong, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "klingon"));
}

static void ambiguity_is_said(void **state) {
    (void)state;
    struct dialect dialect = dialect_detect();
    struct str evidence = {0};
    assert_int_equal(csv_sniff(write_text("ab cd:ef\ngh ij:kl\nmn op:qr\n"), &dialect, &evidence, &error), STATUS_OK);
    assert_non_null(strstr(evidence.text, "ambiguous"));
    str_clear(&evidence);
    dialect = dialect_detect();
    assert_int_equal(csv_sniff(write_text("a,b\n1,\"x\n2,y\n3,z\n"), &dialect, &evidence, &error), STATUS_OK);
    assert_non_null(strstr(evidence.text, "ambiguous: 1 cell begins with a \""));
    str_free(&evidence);
    struct notes notes = {0};
    dialect = dialect_detect();
    assert_int_equal(csv_sniff_noted(write_text("ab cd:ef\ngh ij:kl\nmn op:qr\n"), &dialect, &notes, &error),
                     STATUS_OK);
    assert_true(notes.count > 0 && text_starts(notes.items[0].text, "ambiguous"));
    notes_free(&notes);
}

// Every part of the dialect has its line.
static void evidence_of_each_part(void **state) {
    (void)state;
    struct dialect dialect = dialect_detect();
    struct str evidence = {0};
    const char *text = "made, by hand\r\nid;name;note\r\n1;Z\xfcrich;'a; b'\r\n2;Bern;'it''s'\r\n3;Rom;'c; d'\r\n";
    assert_int_equal(csv_sniff(write_text(text), &dialect, &evidence, &error), STATUS_OK);
    static const char *const lines[] = {"encoding latin-1: the bytes are no UTF-8",
                                        "delimiter ';': 4 of 5 rows have 3 cells",
                                        "quote ', inner quotes doubled: 3 cells begin with one",
                                        "line ends crlf: 0 LF, 5 CRLF, 0 CR",
                                        "1 line before the table",
                                        "header yes"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strstr(evidence.text, lines[i]) == NULL)
            fail_msg("'%s' is not in '%s'", lines[i], evidence.text);
    str_free(&evidence);
}

// ---- files written by Python's csv module ---------------------------------------------------------

struct reading {
    const cJSON *rows;
    int next;
};

static enum status compare_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                               struct error *at) {
    struct reading *reading = context;
    (void)at;
    const cJSON *row = cJSON_GetArrayItem(reading->rows, reading->next++);
    if ((size_t)cJSON_GetArraySize(row) != count)
        fail_msg("line %llu: %zu cells, expected %d", (unsigned long long)line, count, cJSON_GetArraySize(row));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(cells[i].text, cJSON_GetArrayItem(row, (int)i)->valuestring);
    return STATUS_OK;
}

static void python_files_read_the_same(void **state) {
    (void)state;
    char *text = NULL;
    size_t size;
    assert_int_equal(file_read("tests/fixtures/dialects.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *files = cJSON_Parse(text);
    const cJSON *file;
    int count = 0;
    cJSON_ArrayForEach(file, files) {
        struct reading reading = {.rows = cJSON_GetObjectItem(file, "rows")};
        struct dialect dialect = dialect_detect();
        const char *path = write_text(cJSON_GetObjectItem(file, "text")->valuestring);
        assert_int_equal(csv_sniff(path, &dialect, NULL, &error), STATUS_OK);
        assert_string_equal(dialect.delimiter, cJSON_GetObjectItem(file, "delimiter")->valuestring);
        assert_int_equal(csv_read_rows(path, &dialect, NULL, NULL, compare_row, &reading, &error), STATUS_OK);
        assert_int_equal(reading.next, cJSON_GetArraySize(reading.rows));
        count++;
    }
    assert_in_range(count, 50, 200);
    cJSON_Delete(files);
    mem_free(text);
}

// ---- the same, messy: preambles, encodings, ragged rows, mixed line ends … --------------------------

static const char *text_at(const cJSON *file, const char *name) {
    const cJSON *item = cJSON_GetObjectItem(file, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static void add_encoded(struct str *bytes, uint32_t code, const char *encoding) {
    char utf8[4];
    if (strcmp(encoding, "utf-8") == 0) {
        str_add_bytes(bytes, utf8, utf8_encode(code, utf8));
    } else if (text_starts(encoding, "utf-16")) {
        bool little = strcmp(encoding, "utf-16le") == 0;
        str_add_char(bytes, (char)(little ? code & 255 : code >> 8));
        str_add_char(bytes, (char)(little ? code >> 8 : code & 255));
    } else {
        str_add_char(bytes, (char)(code == 0x20ac ? 0x80 : code));
    }
}

static const char *write_encoded(const cJSON *file) {
    struct str bytes = {0};
    const char *text = text_at(file, "text"), *encoding = text_at(file, "encoding");
    size_t left = strlen(text);
    uint32_t code;
    if (cJSON_IsTrue(cJSON_GetObjectItem(file, "bom")))
        add_encoded(&bytes, 0xfeff, encoding);
    for (size_t used; (used = utf8_decode(text, left, &code)) > 0; text += used, left -= used)
        add_encoded(&bytes, code, encoding);
    const char *path = write_bytes(bytes.text, bytes.length);
    str_free(&bytes);
    return path;
}

struct matching {
    const cJSON *rows;
    int next;
    bool wrong;
};

static enum status match_row(void *context, const struct csv_cell *cells, size_t count, uint64_t line,
                             struct error *at) {
    struct matching *matching = context;
    (void)line, (void)at;
    const cJSON *row = cJSON_GetArrayItem(matching->rows, matching->next++);
    matching->wrong = matching->wrong || (size_t)cJSON_GetArraySize(row) != count;
    for (size_t i = 0; i < count && !matching->wrong; i++)
        matching->wrong = strcmp(cells[i].text, cJSON_GetArrayItem(row, (int)i)->valuestring) != 0;
    return STATUS_OK;
}

static void messy_files_are_read_as_written(void **state) {
    (void)state;
    char *text = NULL;
    size_t size;
    assert_int_equal(file_read("tests/fixtures/messy_dialects.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *files = cJSON_Parse(text);
    const cJSON *file;
    int count = 0, encodings = 0, delimiters = 0, headers = 0, cells = 0;
    cJSON_ArrayForEach(file, files) {
        struct matching matching = {.rows = cJSON_GetObjectItem(file, "rows")};
        struct dialect dialect = dialect_detect();
        const char *path = write_encoded(file);
        assert_int_equal(csv_sniff(path, &dialect, NULL, &error), STATUS_OK);
        assert_int_equal(csv_read_rows(path, &dialect, NULL, NULL, match_row, &matching, &error), STATUS_OK);
        count++;
        encodings += strcmp(dialect.encoding, text_at(file, "encoding")) == 0 &&
                     dialect.bom == (bool)cJSON_IsTrue(cJSON_GetObjectItem(file, "bom"));
        delimiters += strcmp(dialect.delimiter, text_at(file, "delimiter")) == 0;
        headers += dialect.header == (int)cJSON_IsTrue(cJSON_GetObjectItem(file, "header"));
        cells += !matching.wrong && matching.next == cJSON_GetArraySize(matching.rows);
    }
    // some cannot be told even by a person: a table of four rows of words, with or without names
    assert_in_range(count, 200, 300);
    assert_int_equal(encodings, count);
    assert_in_range(delimiters * 100, count * 99, count * 100);
    assert_in_range(headers * 100, count * 97, count * 100);
    assert_in_range(cells * 100, count * 98, count * 100);
    cJSON_Delete(files);
    mem_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delimiters_are_found),
        cmocka_unit_test(other_delimiters_in_cells_do_not_mislead),
        cmocka_unit_test(quotes_and_escapes_are_found),
        cmocka_unit_test(headers_are_found),
        cmocka_unit_test(lines_before_the_table_are_skipped),
        cmocka_unit_test(line_ends_are_found),
        cmocka_unit_test(encodings_are_found),
        cmocka_unit_test(given_parts_stay),
        cmocka_unit_test(ambiguity_is_said),
        cmocka_unit_test(evidence_of_each_part),
        cmocka_unit_test(python_files_read_the_same),
        cmocka_unit_test(messy_files_are_read_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
