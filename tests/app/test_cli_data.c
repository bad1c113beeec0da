// The commands that read data or list things: help and version, sniff, cat, profile, prepare, devices.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "app/cli.h"
#include "core/base/version.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#define SAMPLE(name) "datasets/samples/" name

static void assert_prints(const struct child *program, const char *text) {
    child_assert_done(program);
    if (strcmp(program->out, text) != 0)
        fail_msg("\"%s\" in place of \"%s\"", program->out, text);
}

static cJSON *parse_one(const struct child *program) {
    child_assert_done(program);
    assert_string_equal(strchr(program->out, '\n'), "\n"); // one line
    cJSON *object = cJSON_Parse(program->out);
    assert_non_null(object);
    return object;
}

static const cJSON *get(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item)
        fail_msg("there is no %s", name);
    return item;
}

static double number(const cJSON *object, const char *name) {
    const cJSON *item = get(object, name);
    if (!cJSON_IsNumber(item))
        fail_msg("%s is no number", name);
    return item->valuedouble;
}

static void assert_text(const cJSON *object, const char *name, const char *text) {
    const char *value = cJSON_GetStringValue(get(object, name));
    assert_non_null(value);
    assert_string_equal(value, text);
}

// ---- help and version ---------------------------------------------------------------------------------------

static void assert_lists(const char *help, const char *flag) {
    if (!strstr(help, flag))
        fail_msg("the help lacks %s", flag);
}

static void test_help_of_every_command_comes_from_the_tables(void **state) {
    (void)state;
    static const char *const names[] = {"train", "resume", "runs", "devices", "profile", "prepare", "sniff", "cat", "batches", "eval", "predict"};
    struct child all = CHILD_RUN("--help");
    child_assert_done(&all);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct child program = CHILD_RUN(names[i], "--help");
        char usage[64];
        child_assert_done(&program);
        assert_string_equal(program.err, "");
        snprintf(usage, sizeof usage, "usage: batchlab %s", names[i]);
        assert_int_equal(strncmp(program.out, usage, strlen(usage)), 0);
        assert_lists(program.out, cli_find(names[i])->help);
        assert_lists(program.out, "-h, --help");
        assert_lists(all.out, usage + strlen("usage: "));
        child_free(&program);
    }
    child_free(&all);
    struct child train = CHILD_RUN("train", "-h");
    for (size_t i = 0; i < train_table.count; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "--%s", train_table.rows[i].name);
        for (char *c = flag; *c; c++)
            *c = *c == '_' ? '-' : *c;
        assert_lists(train.out, flag);
        assert_lists(train.out, train_table.rows[i].help);
    }
    child_free(&train);
}

static void test_version_and_manual(void **state) {
    (void)state;
    struct child program = CHILD_RUN("--version");
    assert_prints(&program, "batchlab " BATCHLAB_VERSION "\n");
    child_free(&program);
    program = CHILD_RUN("train", "-V");
    assert_prints(&program, "batchlab " BATCHLAB_VERSION "\n");
    child_free(&program);
    program = CHILD_RUN("--man");
    child_assert_done(&program);
    assert_int_equal(strncmp(program.out, ".TH BATCHLAB 1", 14), 0);
    assert_non_null(strstr(program.out, "\\-\\-weight\\-decay"));
    child_free(&program);
}

static void test_words_that_are_no_command(void **state) {
    (void)state;
    struct child program = CHILD_RUN("trian", "a.csv");
    REFUSED(program, 2, "\"trian\"", "did you mean batchlab train?");
    child_free(&program);
    program = CHILD_RUN("--jsn");
    REFUSED(program, 2, "--jsn: there is no such flag");
    child_free(&program);
    program = CHILD_RUN("train", SAMPLE("iris.csv"), "--epoch", "3");
    REFUSED(program, 2, "did you mean --epochs?");
    child_free(&program);
}

static void test_the_screen_needs_a_terminal(void **state) {
    (void)state;
    struct child program = CHILD_RUN(SAMPLE("iris.csv"));
    REFUSED(program, 1, "terminal", "batchlab train FILE");
    child_free(&program);
}

// ---- sniff and cat ------------------------------------------------------------------------------------------

static void test_cat_names_ragged_rows(void **state) {
    (void)state;
    const char *path = child_file("ragged.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n");
    struct child program = CHILD_RUN("cat", path);
    assert_prints(&program, "a,b\n1,2\n3,\n4,5,6\n7,8\n");
    assert_non_null(strstr(program.err, "ragged.csv:3: 1 cell where the first row has 2; empty ones were added\n"));
    assert_non_null(strstr(program.err, "ragged.csv:4: 3 cells where the first row has 2\n"));
    child_free(&program);
}

// What a column leaves open is said with its line by every command that reads it, and flags settle it.
static void test_columns_say_what_they_leave_open(void **state) {
    (void)state;
    const char *path =
        child_file("open.csv", "n,when,price,ok\n\"1,234\",01/02/2020,$5,yes\n\"2,500\",03/04/2020,$7,no\n"
                               "12,05/06/2020,?,no\n7,01/01/2020,$1,yes\n");
    const char *out = child_path("open-out.csv");
    struct child programs[] = {CHILD_RUN("profile", path, "--json"),
                               CHILD_RUN("prepare", path, "--steps", "standardize", "-o", out)};
    for (size_t i = 0; i < 2; i++) {
        child_assert_done(&programs[i]);
        assert_non_null(strstr(programs[i].err, "open.csv:2: column \"n\": no cell tells whether '1,234'"));
        assert_non_null(strstr(programs[i].err, "open.csv:2: column \"when\": no cell tells whether the day"));
    }
    cJSON *profile = parse_one(&programs[0]);
    const cJSON *columns = get(profile, "columns");
    assert_true(number(cJSON_GetArrayItem(columns, 0), "max") == 2500);
    assert_text(cJSON_GetArrayItem(columns, 2), "type", "category");
    assert_text(cJSON_GetArrayItem(columns, 3), "type", "category");
    assert_true(cJSON_IsTrue(get(cJSON_GetArrayItem(columns, 3), "boolean")));
    cJSON_Delete(profile);
    child_free(&programs[0]);
    child_free(&programs[1]);
    struct child settled = CHILD_RUN("profile", path, "--json", "--decimal", ",", "--dates", "day-first", "--type",
                                     "price=amount", "--na", "?", "--na", "ok=no");
    child_assert_done(&settled);
    assert_null(strstr(settled.err, "no cell tells"));
    profile = parse_one(&settled);
    columns = get(profile, "columns");
    assert_true(number(cJSON_GetArrayItem(columns, 0), "max") == 12);
    assert_text(cJSON_GetArrayItem(columns, 2), "type", "numeric");
    assert_true(number(cJSON_GetArrayItem(columns, 2), "max") == 7);
    assert_true(number(cJSON_GetArrayItem(columns, 2), "missing") == 1);
    assert_true(number(cJSON_GetArrayItem(columns, 3), "missing") == 2);
    cJSON_Delete(profile);
    child_free(&settled);
}

static void test_sniff(void **state) {
    (void)state;
    const char *plain = child_file("plain.csv", "name,age\nann,31\nbob,27\ncy,45\n");
    struct child program = CHILD_RUN("sniff", plain, "--json");
    child_assert_done(&program);
    assert_true(text_starts(program.out, // the keys of DESIGN in their order, and then why
                            "{\"delimiter\":\",\",\"quote\":\"\\\"\",\"escape\":null,\"header\":true,"
                            "\"encoding\":\"utf-8\",\"bom\":false,\"skip\":0,\"line_ending\":\"lf\","
                            "\"evidence\":[\"encoding utf-8"));
    child_free(&program);
    program = CHILD_RUN("sniff", plain);
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "delimiter ',': 4 of 4 rows have 2 cells\n"));
    child_free(&program);
    const char *odd = child_file("odd.csv", "\xef\xbb\xbf"
                                            "1;2,5\r\n3;4,5\r\n5;6,5\r\n7;8,25\r\n");
    program = CHILD_RUN("sniff", odd, "--json");
    cJSON *dialect = parse_one(&program);
    assert_text(dialect, "delimiter", ";");
    assert_true(cJSON_IsFalse(get(dialect, "header")));
    assert_true(cJSON_IsTrue(get(dialect, "bom")));
    assert_text(dialect, "line_ending", "crlf");
    cJSON_Delete(dialect);
    child_free(&program);
    program = CHILD_RUN("sniff", plain, "--json", "--delimiter", ";", "--header", "no"); // what is forced stays
    dialect = parse_one(&program);
    assert_text(dialect, "delimiter", ";");
    assert_true(cJSON_IsFalse(get(dialect, "header")));
    cJSON_Delete(dialect);
    child_free(&program);
}

static void test_cat_prints_cells_as_text(void **state) {
    (void)state;
    // RFC 4180: doubled quotes, delimiters and line ends inside quotes; 007 and 1.50 are text here
    const char *path = child_file("cells.csv", "id,note,x\n007,\"a \"\"b\"\", c\",1.50\n008,\"two\nlines\",\n");
    struct child program = CHILD_RUN("cat", path, "--format", "json");
    child_assert_done(&program);
    cJSON *rows = cJSON_Parse(program.out);
    static const char *const cells[3][3] = {
        {"id", "note", "x"}, {"007", "a \"b\", c", "1.50"}, {"008", "two\nlines", ""}};
    assert_int_equal(cJSON_GetArraySize(rows), 3);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(cJSON_GetArrayItem(rows, i), j)), cells[i][j]);
    cJSON_Delete(rows);
    child_free(&program);
    program = CHILD_RUN("cat", path, "--format", "jsonl");
    assert_prints(&program, "[\"id\",\"note\",\"x\"]\n[\"007\",\"a \\\"b\\\", c\",\"1.50\"]\n"
                            "[\"008\",\"two\\u000alines\",\"\"]\n");
    child_free(&program);
    program = CHILD_RUN("cat", path);
    assert_prints(&program, "id,note,x\n007,\"a \"\"b\"\", c\",1.50\n008,\"two\nlines\",\n");
    child_free(&program);
    program = CHILD_RUN("cat", path, "--format", "xml");
    REFUSED(program, 2, "--format \"xml\"", "csv, json or jsonl");
    child_free(&program);
}

static void test_cat_of_ragged_rows(void **state) {
    (void)state;
    const char *path = child_file("ragged.csv", "a,b,c\n1,2\n3,4,5,6\n7,8,9\n");
    struct child program = CHILD_RUN("cat", path, "--format", "jsonl");
    assert_prints(&program,
                  "[\"a\",\"b\",\"c\"]\n[\"1\",\"2\",\"\"]\n[\"3\",\"4\",\"5\",\"6\"]\n[\"7\",\"8\",\"9\"]\n");
    child_free(&program);
    program = CHILD_RUN("cat", path, "--format", "jsonl", "--raw");
    assert_prints(&program, "[\"a\",\"b\",\"c\"]\n[\"1\",\"2\"]\n[\"3\",\"4\",\"5\",\"6\"]\n[\"7\",\"8\",\"9\"]\n");
    child_free(&program);
}

static void test_cat_with_a_given_dialect(void **state) {
    (void)state;
    const char *path = child_file("given.txt", "# made by hand\nx::'it''s'::caf\xe9\ny::z::w\n");
    struct child program = CHILD_RUN("cat", path, "--format", "jsonl", "--delimiter", "::", "--quote", "'",
                                     "--escape=none", "--encoding=latin-1", "--skip", "1", "--header=no");
    assert_prints(&program, "[\"x\",\"it's\",\"caf\xc3\xa9\"]\n[\"y\",\"z\",\"w\"]\n");
    child_free(&program);
}

// ---- profile ------------------------------------------------------------------------------------------------

static const cJSON *column(const cJSON *profile, const char *name) {
    const cJSON *item;
    cJSON_ArrayForEach(item, get(profile, "columns")) {
        if (strcmp(cJSON_GetStringValue(get(item, "name")), name) == 0)
            return item;
    }
    fail_msg("there is no column %s", name);
    return NULL;
}

static void near_to(const cJSON *object, const char *name, double value) {
    if (fabs(number(object, name) - value) > 1e-12 * fmax(1, fabs(value)))
        fail_msg("%s is %.17g in place of %.17g", name, number(object, name), value);
}

// The page takes the place of the text; --json still prints. An old page stays whole when a new one cannot be written.
static void test_profile_page(void **state) {
    (void)state;
    const char *path = child_file("page.csv", "n,kind\n1,red\n2,blue\n,red\n");
    char page[512];
    snprintf(page, sizeof page, "%s.html", path);
    struct child program = CHILD_RUN("profile", path, "--html", page);
    assert_int_equal(program.status, 0);
    assert_string_equal(program.out, "");
    child_free(&program);
    struct error error;
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(file_read(page, 0, &text, &size, &error), STATUS_OK);
    assert_non_null(strstr(text, "</html>"));
    mem_free(text);
    program = CHILD_RUN("profile", path, "--json", "--html", page, "--warn-missing", "0.9");
    cJSON *profile = parse_one(&program);
    assert_int_equal(cJSON_GetArraySize(get(profile, "warnings")), 0);
    cJSON_Delete(profile);
    child_free(&program);
    program = CHILD_RUN("profile", path, "--html", "/nowhere/at/all.html");
    assert_int_equal(program.status, 1);
    assert_non_null(strstr(program.err, "/nowhere/at/all.html"));
    child_free(&program);
    program = CHILD_RUN("profile", path, "--warn-mising", "0.9");
    assert_int_equal(program.status, 2);
    assert_non_null(strstr(program.err, "--warn-missing"));
    child_free(&program);
}

static void test_profile(void **state) {
    (void)state;
    const char *path = child_file("profile.csv", "n,kind\n1,x\n2,y\n3,x\n4,x\n,y\n-5,x\n0,z\n0,z\n");
    struct child program = CHILD_RUN("profile", path, "--json");
    cJSON *profile = parse_one(&program);
    assert_int_equal(number(profile, "rows"), 8);
    assert_int_equal(number(profile, "duplicates"), 1);
    const cJSON *n = column(profile, "n"), *kind = column(profile, "kind");
    assert_text(n, "type", "numeric");
    assert_int_equal(number(n, "missing"), 1);
    assert_int_equal(number(n, "distinct"), 6);
    assert_int_equal(number(n, "zeros"), 2);
    assert_int_equal(number(n, "negatives"), 1);
    assert_int_equal(number(n, "infinite"), 0);
    near_to(n, "mean", 5.0 / 7); // of -5 0 0 1 2 3 4
    near_to(n, "sd", sqrt((55 - 25.0 / 7) / 6));
    near_to(n, "min", -5);
    near_to(n, "q25", 0); // at index 1.5
    near_to(n, "median", 1);
    near_to(n, "q75", 2.5); // at index 4.5
    near_to(n, "max", 4);
    near_to(n, "mad", 1); // of 6 1 1 0 1 2 3
    number(n, "skew");
    number(n, "kurtosis");
    assert_true(cJSON_IsNull(get(kind, "mean")));
    const cJSON *top = cJSON_GetArrayItem(get(kind, "top"), 0);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(top, 0)), "x");
    assert_int_equal(cJSON_GetArrayItem(top, 1)->valueint, 4);
    const cJSON *warning = cJSON_GetArrayItem(get(profile, "warnings"), 0);
    assert_non_null(warning);
    get(warning, "column");
    assert_true(cJSON_IsString(get(warning, "kind")) && cJSON_IsString(get(warning, "message")));
    assert_true(cJSON_IsArray(get(warning, "rows")));
    cJSON_Delete(profile);
    child_free(&program);
    program = CHILD_RUN("profile", path);
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "8 rows, 1 duplicates, 1 missing cells"));
    child_free(&program);
}

// ---- prepare ------------------------------------------------------------------------------------------------

static void assert_file(const char *path, const char *text) {
    char *found = child_read(path, NULL);
    assert_string_equal(found, text);
    free(found);
}

static void test_prepare_writes_what_the_steps_say(void **state) {
    (void)state;
    const char *in = child_file("in.csv", "x,kind,y\n0,b,p\n,a,q\n10,b,p\n10,b,p\n5,a,q\n");
    const char *out = child_path("out.csv");
    struct child program = CHILD_RUN("prepare", in, "--steps", "drop-duplicates,missing=median,min-max,one-hot",
                                     "--target", "y", "-o", out, "--json");
    cJSON *result = parse_one(&program);
    // x: 0 . 10 5 -> median 5; (x - 0)/10. The target stays as it is.
    assert_file(out, "x,kind=a,kind=b,y\n0,0,1,p\n0.5,1,0,q\n1,0,1,p\n0.5,1,0,q\n");
    assert_int_equal(number(get(result, "rows"), "in"), 5);
    assert_int_equal(number(get(result, "rows"), "out"), 4);
    assert_int_equal(number(result, "columns"), 4);
    assert_int_equal(cJSON_GetArraySize(get(result, "steps")), 4);
    assert_text(cJSON_GetArrayItem(get(result, "steps"), 1), "step", "missing");
    const cJSON *line, *ledger = get(result, "ledger");
    bool dropped = false, filled = false;
    cJSON_ArrayForEach(line, ledger) {
        const char *step = cJSON_GetStringValue(get(line, "step"));
        if (text_equal(step, "drop-duplicates") && number(line, "line") == 5)
            dropped = true;
        if (text_equal(step, "missing") && number(line, "line") == 3) {
            assert_text(line, "column", "x");
            assert_text(line, "after", "5");
            get(line, "reason");
            filled = true;
        }
    }
    assert_true(dropped && filled);
    cJSON_Delete(result);
    child_free(&program);
}

static void test_prepare_with_a_recipe(void **state) {
    (void)state;
    const char *in = child_file("in.csv", "a,b,y\n1,10,p\n,20,q\n3,,p\n4,40,q\n");
    const char *out = child_path("out.csv");
    const char *recipe =
        child_file("r.json", "{\"version\":1,\"steps\":[{\"step\":\"missing\",\"columns\":[\"a\"],"
                             "\"strategy\":\"mean\"},{\"step\":\"missing\",\"strategy\":\"drop-row\"}]}");
    struct child program = CHILD_RUN("prepare", in, "--recipe", recipe, "-o", out);
    child_assert_done(&program);
    assert_string_equal(program.out, "");                                 // words go to standard error
    assert_file(out, "a,b,y\n1,10,p\n2.6666666666666665,20,q\n4,40,q\n"); // 8/3
    child_free(&program);
    program = CHILD_RUN("prepare", in, "--recipe", child_path("none.json"), "-o", out);
    REFUSED(program, 1, "none.json");
    child_free(&program);
    recipe = child_file("r.json", "{\"version\":1,\"steps\":[{\"step\":\"sing\"}]}");
    program = CHILD_RUN("prepare", in, "--recipe", recipe, "-o", out);
    REFUSED(program, 1, "r.json", "sing");
    child_free(&program);
}

static void test_prepare_fits_on_a_share_of_the_rows(void **state) {
    (void)state;
    struct str text = {0};
    str_add(&text, "x,y\n");
    for (int i = 0; i < 100; i++)
        str_format(&text, "%d,%d\n", i * i, i % 2);
    const char *in = child_file("fit.csv", str_text(&text)), *one = child_path("one.csv"), *two = child_path("two.csv");
    str_free(&text);
    struct child program = CHILD_RUN("prepare", in, "--steps", "min-max", "--fit-rows", "all", "-o", one);
    child_assert_done(&program);
    child_free(&program);
    program = CHILD_RUN("prepare", in, "--steps", "min-max", "--fit-rows", "0.05", "-o", two);
    child_assert_done(&program);
    child_free(&program);
    char *all = child_read(one, NULL), *share = child_read(two, NULL);
    assert_string_not_equal(all, share); // five rows hardly hold both the least and the greatest
    assert_int_equal(strncmp(all, "x,y\n0,0\n", 8), 0);
    free(all);
    free(share);
    program = CHILD_RUN("prepare", in, "--fit-rows", "1.5", "-o", one);
    REFUSED(program, 2, "--fit-rows \"1.5\"");
    child_free(&program);
    program = CHILD_RUN("prepare", in, "--steps", "missing=sometimes", "-o", one);
    REFUSED(program, 2, "sometimes");
    child_free(&program);
    program = CHILD_RUN("prepare", in);
    REFUSED(program, 2, "-o OUT.csv");
    child_free(&program);
}

// ---- devices and runs ---------------------------------------------------------------------------------------

// --strict: rules that are broken make it fail with the count and the first lines, and nothing is written.
static void test_prepare_strict(void **state) {
    (void)state;
    const char *in = child_file("rules.csv", "x,code\n1,AB\n-2,AB\n3,abc\n-4,A\n-5,B\n");
    const char *out = child_path("rules-out.csv");
    const char *steps = "check=low=0:columns=x,check=^[A-Z]{2}$:columns=code";
    struct child program = CHILD_RUN("prepare", in, "--type", "code=category", "--steps", steps, "-o", out);
    child_assert_done(&program);
    assert_non_null(strstr(program.err, "3 cells break a rule"));
    assert_file(out, "x,code\n1,AB\n-2,AB\n3,abc\n-4,A\n-5,B\n");
    child_free(&program);
    assert_int_equal(remove(out), 0);
    program = CHILD_RUN("prepare", in, "--type", "code=category", "--steps", steps, "-o", out, "--strict");
    REFUSED(program, 1, "rules.csv: 6 cells break a rule: line 3 column \"x\" is \"-2\", not at least 0; line 5 "
                                  "column \"x\" is \"-4\", not at least 0; line 6 column \"x\" is \"-5\", not at least 0; "
                                  "and 3 more");
    assert_true(access(out, F_OK) != 0);
    child_free(&program);
    program = CHILD_RUN("prepare", in, "--type", "code=category", "--steps", steps, "-o", out, "--strict", "--json");
    assert_non_null(strstr(program.out, "\"line\":4,\"column\":\"code\",\"before\":\"abc\",\"after\":\"matching ^[A-Z]{2}$\""));
    child_free(&program);
    program = CHILD_RUN("prepare", in, "--type", "code=category", "--steps", "check=low=-9:columns=x", "-o", out, "--strict");
    child_assert_done(&program);
    child_free(&program);
}

static void test_devices(void **state) {
    (void)state;
    static const char *const names[] = {"cuda", "cpu", "ref"};
    struct child program = CHILD_RUN("devices", "--json");
    child_assert_done(&program);
    char *rest = program.out;
    for (size_t i = 0; i < 3; i++) {
        char *line = strsep(&rest, "\n");
        cJSON *device = cJSON_Parse(line);
        assert_text(device, "backend", names[i]);
        bool available = cJSON_IsTrue(get(device, "available"));
        if (i > 0)
            assert_true(available);
        if (available) {
            assert_true(strlen(cJSON_GetStringValue(get(device, "name"))) > 0);
            assert_true(number(device, "memory") > 0 && number(device, "threads") >= 0);
            assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(get(device, "precisions"), 0)), "f32");
        } else {
            assert_true(strlen(cJSON_GetStringValue(get(device, "reason"))) > 10);
        }
        cJSON_Delete(device);
    }
    assert_string_equal(rest, "");
    child_free(&program);
}

static void test_no_runs_yet(void **state) {
    (void)state;
    struct child program = CHILD_RUN("runs", "--json");
    assert_prints(&program, "");
    child_free(&program);
    program = CHILD_RUN("runs");
    assert_prints(&program, "");
    assert_non_null(strstr(program.err, "batchlab train FILE"));
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_of_every_command_comes_from_the_tables),
        cmocka_unit_test(test_version_and_manual),
        cmocka_unit_test(test_words_that_are_no_command),
        cmocka_unit_test(test_the_screen_needs_a_terminal),
        cmocka_unit_test(test_cat_names_ragged_rows),
        cmocka_unit_test(test_columns_say_what_they_leave_open),
        cmocka_unit_test(test_sniff),
        cmocka_unit_test(test_cat_prints_cells_as_text),
        cmocka_unit_test(test_cat_of_ragged_rows),
        cmocka_unit_test(test_cat_with_a_given_dialect),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_profile_page),
        cmocka_unit_test(test_prepare_writes_what_the_steps_say),
        cmocka_unit_test(test_prepare_with_a_recipe),
        cmocka_unit_test(test_prepare_fits_on_a_share_of_the_rows),
        cmocka_unit_test(test_prepare_strict),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_no_runs_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
