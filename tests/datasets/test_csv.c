// The CSV loader: types, ragged rows, names, encodings, bad and big input, failing allocations, damage at
// every byte.
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "core/base/file.h"
#include "tests/datasets/table_files.h"

static struct error error;

// ---- tables ---------------------------------------------------------------------------------------

static struct dataset *loaded(const char *text) {
    struct dataset *dataset = load_text(text, NULL, &error);
    if (dataset == NULL)
        fail_msg("%s", error.text);
    return dataset;
}

static void columns_are(const struct dataset *dataset, const char *expected) {
    struct str out = {0};
    for (size_t i = 0; i < dataset->table->column_count; i++) {
        const struct column *column = dataset->table->columns[i];
        str_format(&out, "%s%s:%s%s/%zu", i == 0 ? "" : " ", column->name, column_type_name(column->type),
                   column->integer ? "(int)" : "", column->missing_count);
    }
    assert_string_equal(out.text, expected);
    str_free(&out);
}

static void types_are_inferred(void **state) {
    (void)state;
    struct dataset *dataset = loaded("n,x,c,d,code,big,inf,none,mixed\n"
                                     "1,1.5,red,2020-01-01,007,9007199254740993,inf,,1\n"
                                     "2,NA,blue,2020-02-30,010,1,-Infinity,,x\n"
                                     "-3,2e3,,n/a,100,2,1,NaN,3\n");
    columns_are(dataset, "n:numeric(int)/0 x:numeric/1 c:category/1 d:category/1 code:category/0 big:category/0 "
                         "inf:numeric/0 none:numeric/3 mixed:category/0");
    assert_string_equal(cell(dataset, 0, 4), "007");
    assert_string_equal(cell(dataset, 0, 5), "9007199254740993");
    assert_true(isinf(dataset->table->columns[6]->values[1]));
    assert_int_equal(dataset->table->target, 8);
    size_t said = 0;
    for (size_t i = 0; i < dataset->notes.count; i++)
        said += dataset->notes.items[i].column != NULL && (strcmp(dataset->notes.items[i].column, "code") == 0 ||
                                                           strcmp(dataset->notes.items[i].column, "big") == 0);
    assert_int_equal(said, 2);
    dataset_free(dataset);
}

// The guess from the first rows fails a thousand rows later: those columns are read again.
static void late_surprises_change_the_type(void **state) {
    (void)state;
    struct str text = {0};
    str_add(&text, "a,b,c,d,e\n");
    for (int i = 0; i < 3000; i++)
        str_format(&text, "%d,%s,%s,%d,%s\n", i, i == 2500 ? "oops" : "1.50", i == 2999 ? "x" : "2020-01-01", i % 3,
                   i < 2000 ? "" : "2021-05-05");
    struct dataset *dataset = loaded(text.text);
    columns_are(dataset, "a:numeric(int)/0 b:category/0 c:category/0 d:numeric(int)/0 e:date/2000");
    assert_string_equal(cell(dataset, 0, 1), "1.50"); // as written, not 1.5
    assert_string_equal(cell(dataset, 2500, 1), "oops");
    assert_string_equal(cell(dataset, 2999, 2), "x");
    assert_string_equal(cell(dataset, 2999, 4), "2021-05-05");
    assert_int_equal(table_line(dataset->table, 2999), 3001);
    dataset_free(dataset);
    str_free(&text);
}

static const struct note *note_at(const struct dataset *dataset, uint64_t line) {
    for (size_t i = 0; i < dataset->notes.count; i++)
        if (dataset->notes.items[i].line == line)
            return &dataset->notes.items[i];
    return NULL;
}

static void ragged_rows_are_mended_and_noted(void **state) {
    (void)state;
    struct dataset *dataset = loaded("a,b,c\n1,2,3\n4,5\n6,7,8,extra,more\n9,10,11,,\n");
    columns_are(dataset, "a:numeric(int)/0 b:numeric(int)/0 c:numeric(int)/1");
    assert_non_null(strstr(note_at(dataset, 3)->text, "2 cells where 3"));
    assert_non_null(strstr(note_at(dataset, 4)->text, "'extra', 'more'"));
    assert_non_null(note_at(dataset, 5));
    assert_int_equal(dataset->table->rows, 4);
    dataset_free(dataset);
    dataset = loaded("a,b,\n1,2,\n3,4,\n");
    columns_are(dataset, "a:numeric(int)/0 b:numeric(int)/0");
    dataset_free(dataset);
    dataset = loaded("1,2,\n3,4,\n5,6,\n");
    assert_int_equal(dataset->table->column_count, 2);
    dataset_free(dataset);
    dataset = loaded("x,y\nrow1,1,2\nrow2,3,4\nrow3,5,6\n"); // R: no name for the row names
    columns_are(dataset, "column_1:category/0 x:numeric(int)/0 y:numeric(int)/0");
    dataset_free(dataset);
}

static void names_are_made_unique(void **state) {
    (void)state;
    struct dataset *dataset = loaded("a,a,a_2, b ,,a\n1,2,3,4,5,6\n7,8,9,1,2,3\n");
    columns_are(dataset,
                "a:numeric(int)/0 a_3:numeric(int)/0 a_2:numeric(int)/0 b:numeric(int)/0 column_5:numeric(int)/0 "
                "a_4:numeric(int)/0");
    dataset_free(dataset);
}

static void choices_of_the_person_count(void **state) {
    (void)state;
    static const char *const tokens[] = {"?", "-999"};
    struct load_options options = load_options_default();
    const char *text = "n,code,when,label,z\n?,007,2020-01-01,1,3\n-999,x,2020-01-01,2,4\n5,8,bad,1,5\n";
    options.missing_tokens = tokens;
    options.missing_token_count = 2;
    options.overrides[0].column = "code";
    options.overrides[0].type = COLUMN_NUMERIC;
    options.overrides[1].column = "when";
    options.overrides[1].type = COLUMN_DATE;
    options.overrides[2].column = "z";
    options.overrides[2].type = COLUMN_CATEGORY;
    options.override_count = 3;
    struct dataset *dataset = load_text(text, &options, &error);
    assert_non_null(dataset);
    columns_are(dataset, "n:numeric(int)/2 code:numeric(int)/1 when:date/1 label:numeric(int)/0 z:category/0");
    assert_int_equal(dataset->table->target, 3); // "label" before the last column
    assert_non_null(strstr(note_at(dataset, 3)->text, "1 cell is no number"));
    dataset_free(dataset);
    options.target = "when";
    dataset = load_text(text, &options, &error);
    assert_int_equal(dataset->table->target, 2);
    dataset_free(dataset);
    options.target = "lable";
    assert_null(load_text(text, &options, &error));
    assert_int_equal(error.status, STATUS_MISSING);
    assert_non_null(strstr(error.text, "\"label\""));
}

static void the_messy_sample_is_understood(void **state) {
    (void)state;
    char *text = NULL;
    size_t size;
    assert_int_equal(file_read("datasets/samples/messy.truth.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *truth = cJSON_Parse(text);
    struct dataset *dataset = load_path("datasets/samples/messy.csv", NULL, &error);
    assert_non_null(dataset);
    assert_int_equal(dataset->table->rows, cJSON_GetObjectItem(truth, "rows")->valueint);
    assert_string_equal(dataset->dialect.encoding, cJSON_GetObjectItem(truth, "encoding")->valuestring);
    assert_string_equal(dataset->dialect.line_ending, cJSON_GetObjectItem(truth, "line_ending")->valuestring);
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(truth, "missing")) {
        int column = table_find(dataset->table, item->string);
        assert_int_equal(dataset->table->columns[column]->missing_count, item->valueint);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(truth, "types")) {
        int column = table_find(dataset->table, item->string);
        assert_string_equal(column_type_name(dataset->table->columns[column]->type), item->valuestring);
    }
    static const char *const noted[] = {"short_lines", "long_lines"};
    for (size_t i = 0; i < 2; i++)
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(truth, noted[i]))
            assert_non_null(note_at(dataset, (uint64_t)item->valuedouble));
    dataset_free(dataset);
    cJSON_Delete(truth);
    mem_free(text);
}

// ---- encodings and compression --------------------------------------------------------------------

static void encodings_give_the_same_table(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
    } files[] = {
        {"\xef\xbb\xbf"
         "c,n\nZ\xc3\xbcri,1\n\xe2\x82\xac,2\n",
         21},
        {"\xff\xfe"
         "c\0,\0n\0\n\0Z\0\xfc\0r\0i\0,\0001\0\n\0\xac\x20,\0002\0\n\0",
         32},
        {"\xfe\xff\0c\0,\0n\0\n\0Z\0\xfc\0r\0i\0,\0001\0\n\x20\xac\0,\0002\0\n", 32},
        {"c,n\nZ\xfcri,1\n\x80,2\n", 15},
    };
    for (size_t i = 0; i < 4; i++) {
        struct dataset *dataset = load_path(write_bytes(files[i].bytes, files[i].count), NULL, &error);
        if (dataset == NULL)
            fail_msg("%zu: %s", i, error.text);
        columns_are(dataset, "c:category/0 n:numeric(int)/0");
        assert_string_equal(cell(dataset, 0, 0), "Z\xc3\xbcri");
        assert_string_equal(cell(dataset, 1, 0), "\xe2\x82\xac");
        dataset_free(dataset);
    }
}

static void stray_bytes_are_read_and_counted(void **state) {
    (void)state;
    struct str text = {0};
    str_add(&text, "c,n\n\xc3\xa9t\xc3\xa9,1\n");
    for (int i = 0; i < 60000; i++) // beyond the bytes that the encoding is judged by
        str_format(&text, "abc,%d\n", i);
    str_add(&text, "\x80 5,7\n");
    struct dataset *dataset = loaded(text.text);
    assert_string_equal(dataset->dialect.encoding, "utf-8");
    assert_string_equal(cell(dataset, 60001, 0), "\xe2\x82\xac 5");
    assert_non_null(strstr(note_at(dataset, 0)->text, "1 bytes"));
    dataset_free(dataset);
    str_free(&text);
}

static void gzip_is_unpacked(void **state) {
    (void)state;
    const char *path = temporary_path();
    gzFile file = gzopen(path, "wb");
    gzputs(file, "a,b\n1,x\n2,y\n");
    gzclose(file);
    struct dataset *dataset = load_path(path, NULL, &error);
    assert_non_null(dataset);
    columns_are(dataset, "a:numeric(int)/0 b:category/0");
    dataset_free(dataset);
    char *bytes = NULL;
    size_t size;
    assert_int_equal(file_read(path, 0, &bytes, &size, &error), STATUS_OK);
    struct dialect dialect = dialect_detect();
    assert_int_equal(csv_sniff(write_bytes(bytes, size - 9), &dialect, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "cut short"));
    mem_free(bytes);
}

// ---- bad input ------------------------------------------------------------------------------------

static void refused(const void *bytes, size_t count, const char *words) {
    const char *path = write_bytes(bytes, count);
    struct load_options options = load_options_default();
    struct dataset dataset = {0};
    memset(&error, 0, sizeof error);
    assert_int_equal(loader_csv.load(path, &options, &dataset, NULL, &error), STATUS_INVALID);
    table_free(dataset.table);
    notes_free(&dataset.notes);
    if (strstr(error.text, words) == NULL || strstr(error.text, path) == NULL)
        fail_msg("%s", error.text);
}

static void bad_files_get_a_sentence(void **state) {
    (void)state;
    refused("", 0, "empty");
    refused("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "binary");
    refused("a,b,c\n", 6, "no rows");
    refused("\n\n\n", 3, "");
    struct load_options options = load_options_default();
    struct dataset dataset = {0};
    assert_int_equal(loader_csv.load("/tmp", &options, &dataset, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "folder"));
    assert_int_equal(loader_csv.load("/tmp/no/such.csv", &options, &dataset, NULL, &error), STATUS_MISSING);
    notes_free(&dataset.notes);
}

static void small_tables_are_fine(void **state) {
    (void)state;
    struct dataset *dataset = loaded("x\n1\n2\n\n4\n");
    columns_are(dataset, "x:numeric(int)/1");
    dataset_free(dataset);
    dataset = loaded("a,b\n,\nNA,\n");
    columns_are(dataset, "a:numeric/2 b:numeric/2");
    dataset_free(dataset);
    dataset = loaded("1,2\n");
    columns_are(dataset, "column_1:numeric(int)/0 column_2:numeric(int)/0");
    dataset_free(dataset);
}

// A line of 1 GB that takes no space on disk: holes read as NUL, so it is written as text in gzip.
static void an_endless_line_gets_a_sentence(void **state) {
    (void)state;
    const char *path = temporary_path();
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    gzFile file = gzopen(path, "wb1");
    for (int i = 0; i < 1024; i++)
        gzwrite(file, block, sizeof block);
    gzclose(file);
    assert_null(load_path(path, NULL, &error));
    assert_int_equal(error.status, STATUS_INVALID);
    assert_non_null(strstr(error.text, ":1: this row is longer than 64 MiB"));
}

static void loading_can_be_stopped(void **state) {
    (void)state;
    struct task task = {0};
    struct dataset *dataset = NULL;
    task_cancel(&task);
    assert_int_equal(dataset_open(write_text("a,b\n1,2\n"), NULL, &dataset, &task, &error), STATUS_CANCELLED);
    assert_null(dataset);
}

static void progress_reaches_the_size_of_the_file(void **state) {
    (void)state;
    struct task task = {0};
    struct dataset *dataset = NULL;
    const char *text = "a,b\n1,2\n3,4\n";
    assert_int_equal(dataset_open(write_text(text), NULL, &dataset, &task, &error), STATUS_OK);
    assert_int_equal(task.done, strlen(text));
    assert_int_equal(task.total, strlen(text));
    dataset_free(dataset);
}

// ---- damage ---------------------------------------------------------------------------------------

static const char messy[] =
    "# note\ncode;n,x;when;\"te\"\"xt\"\n007;1,5;2020-01-01;\"multi\nline\"\n\n008;2;NA;'q'\n"
    "009;3;2020-02-01\n010;4;2020-03-01;\xc3\xa9;long\n011;\"5;6\n012;7;2021-01-01;\"5\" disk\"\r\n";

static void every_failing_allocation_is_reported(void **state) {
    (void)state;
    struct load_options options = load_options_default();
    const char *path = write_text(messy);
    unsigned long failures = 0, recovered = 0;
    for (unsigned long after = 1;; after++, failures++) {
        struct dataset dataset = {0};
        unsigned long calls = mem_calls();
        mem_fail_at(after);
        enum status status = loader_csv.load(path, &options, &dataset, NULL, &error);
        mem_fail_at(0);
        calls = mem_calls() - calls;
        table_free(dataset.table);
        notes_free(&dataset.notes);
        if (status == STATUS_OK && calls < after)
            break;                        // no allocation failed any more
        recovered += status == STATUS_OK; // libcsv tries again with less when its buffer cannot grow
        if (status != STATUS_MEMORY && status != STATUS_OK)
            fail_msg("allocation %lu: %s", after, error.text);
    }
    assert_true(recovered < failures / 4);
    assert_in_range(failures, 100, 5000);
}

static void check_whole(const struct dataset *dataset) {
    const struct table *table = dataset->table;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = table->columns[i];
        size_t missing = 0;
        assert_int_equal(column->rows, table->rows);
        for (size_t row = 0; row < column->rows; row++) {
            missing += column_is_missing(column, row);
            if (column->codes != NULL && !column_is_missing(column, row))
                assert_true(column->codes[row] < column->word_count);
        }
        assert_int_equal(missing, column->missing_count);
    }
}

static void damage_at_every_byte_is_survived(void **state) {
    (void)state;
    char copy[sizeof messy];
    size_t opened = 0, size = sizeof messy - 1;
    for (size_t i = 0; i < size * 9; i++) {
        struct load_options options = load_options_default();
        struct dataset dataset = {0};
        memcpy(copy, messy, sizeof messy);
        if (i >= size)
            copy[i % size] = (char)(copy[i % size] ^ 1 << (i / size - 1));
        const char *path = write_bytes(copy, i < size ? i : size);
        enum status status = loader_csv.load(path, &options, &dataset, NULL, &error);
        if (status == STATUS_OK) {
            check_whole(&dataset);
            opened++;
        } else {
            assert_int_equal(status, STATUS_INVALID);
            assert_true(strlen(error.text) > 20);
        }
        table_free(dataset.table);
        notes_free(&dataset.notes);
    }
    assert_in_range(opened, size * 7, size * 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_inferred),
        cmocka_unit_test(late_surprises_change_the_type),
        cmocka_unit_test(ragged_rows_are_mended_and_noted),
        cmocka_unit_test(names_are_made_unique),
        cmocka_unit_test(choices_of_the_person_count),
        cmocka_unit_test(the_messy_sample_is_understood),
        cmocka_unit_test(encodings_give_the_same_table),
        cmocka_unit_test(stray_bytes_are_read_and_counted),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(bad_files_get_a_sentence),
        cmocka_unit_test(small_tables_are_fine),
        cmocka_unit_test(an_endless_line_gets_a_sentence),
        cmocka_unit_test(loading_can_be_stopped),
        cmocka_unit_test(progress_reaches_the_size_of_the_file),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(damage_at_every_byte_is_survived),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(temporary_path());
    return failed;
}
