// Several text tables as one: whatever table is cut into files, the files give the table back (a property test
// over random tables and cuts, the oracle being the loader of one file); what is different in a file is noted
// with its name; what is no table with these columns is refused.
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/csv_files.h"
#include "tests/datasets/image_files.h"

enum { KINDS = 12, COLUMNS_MOST = 6, ROWS_MOST = 60 };

static struct error error;

static uint32_t draw(struct rng *rng, uint32_t below) {
    return (uint32_t)rng_below(rng, below);
}

// ---- random tables --------------------------------------------------------------------------------------

// Kinds of which a few rows somewhere show what all others leave open: only all files together tell what the column is.
static void add_cell(struct str *text, struct rng *rng, uint32_t kind, bool telling) {
    int number = (int)draw(rng, 1000) - 500;
    if (draw(rng, 8) == 0)
        return; // missing
    switch (kind) {
    case 0: // whole numbers
        str_format(text, "%d", number);
        break;
    case 1: // whole numbers, and others
        str_format(text, telling ? "%d.5" : "%d", number);
        break;
    case 2: // numbers, and words
        str_format(text, telling ? "w%d" : "%d", number);
        break;
    case 3: // day or month first?
        str_format(text, "%02u/%02u/2020", telling ? 13 + draw(rng, 15) : 1 + draw(rng, 12), 1 + draw(rng, 12));
        break;
    case 4: // thousands or decimals?
        str_format(text, telling ? "\"1,%03u.25\"" : "\"1,%03u\"", draw(rng, 1000));
        break;
    case 5: // codes
        str_format(text, telling ? "00%u" : "%u", 1 + draw(rng, 9));
        break;
    case 6: // few words
        str_format(text, "\"%c, %c\"", 'a' + (char)draw(rng, 3), 'x');
        break;
    case 7: // many words
        str_format(text, "word-%u", draw(rng, 5000));
        break;
    case 8: // ISO dates, and times
        str_format(text, telling ? "2021-03-%02uT10:00:00" : "2021-03-%02u", 1 + draw(rng, 28));
        break;
    case 9: // nothing for long
        if (telling)
            str_format(text, "%s", draw(rng, 2) ? "7" : "x");
        break;
    case 10: // booleans
        str_add(text, draw(rng, 2) ? "yes" : "no");
        break;
    default: // always missing
        break;
    }
}

struct sheet {                                                          // cells as text
    uint32_t columns, rows, kinds[COLUMNS_MOST], telling[COLUMNS_MOST]; // telling: the first of three such rows
    struct str cells[ROWS_MOST][COLUMNS_MOST];
};

static void sheet_make(struct sheet *sheet, uint64_t seed) {
    struct rng rng = rng_make(seed, RNG_SHUFFLE, 3);
    *sheet = (struct sheet){.columns = 2 + draw(&rng, COLUMNS_MOST - 1), .rows = 6 + draw(&rng, ROWS_MOST - 5)};
    for (uint32_t i = 0; i < sheet->columns; i++)
        sheet->kinds[i] = draw(&rng, KINDS), sheet->telling[i] = draw(&rng, sheet->rows);
    for (uint32_t row = 0; row < sheet->rows; row++)
        for (uint32_t i = 0; i < sheet->columns; i++)
            add_cell(&sheet->cells[row][i], &rng, sheet->kinds[i], row - sheet->telling[i] < 3);
}

static void sheet_free(struct sheet *sheet) {
    for (uint32_t row = 0; row < sheet->rows; row++)
        for (uint32_t i = 0; i < sheet->columns; i++)
            str_free(&sheet->cells[row][i]);
}

// Rows from … to - 1, the columns turned round by `turn`.
static const char *sheet_write(const struct sheet *sheet, uint32_t from, uint32_t to, uint32_t turn, bool header,
                               const char *path) {
    struct str text = {0};
    for (uint32_t i = 0; header && i < sheet->columns; i++)
        str_format(&text, "%sname %u", i ? "," : "", (i + turn) % sheet->columns);
    if (header)
        str_add_char(&text, '\n');
    for (uint32_t row = from; row < to; row++)
        for (uint32_t i = 0; i < sheet->columns; i++)
            str_format(&text, "%s%s", str_text(&sheet->cells[row][(i + turn) % sheet->columns]),
                       i + 1 == sheet->columns ? "\n" : ",");
    put_file(path, str_text(&text), text.length);
    str_free(&text);
    return path;
}

static struct load_options plain(void) {
    struct load_options options = load_options_default();
    strcpy(options.dialect.delimiter, ",");
    options.dialect.quote = '"';
    options.dialect.escape = 0;
    options.dialect.header = 1;
    options.dialect.skip = 0;
    options.dialect.skip_blanks = 0;
    return options;
}

static struct dataset *opened(const char *path, const struct load_options *options) {
    struct dataset *dataset = NULL;
    if (dataset_open(path, options, &dataset, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return dataset;
}

static void same_column(const struct column *a, const struct column *b, uint64_t seed) {
    char x[64], y[64];
    assert_string_equal(a->name, b->name);
    if (a->type != b->type || a->integer != b->integer || a->missing_count != b->missing_count)
        fail_msg("seed %llu, %s: %s %d %zu and %s %d %zu", (unsigned long long)seed, a->name, column_type_name(a->type),
                 a->integer, a->missing_count, column_type_name(b->type), b->integer, b->missing_count);
    assert_int_equal(a->word_count, b->word_count);
    for (size_t i = 0; i < a->word_count; i++)
        assert_string_equal(a->words[i], b->words[i]);
    for (size_t row = 0; row < a->rows; row++)
        if (column_is_missing(a, row) != column_is_missing(b, row) ||
            strcmp(column_text(a, row, x), column_text(b, row, y)) != 0)
            fail_msg("seed %llu, %s, row %zu: '%s' and '%s'", (unsigned long long)seed, a->name, row,
                     column_text(a, row, x), column_text(b, row, y));
}

static void same_table(const struct table *a, const struct table *b, uint64_t seed) {
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->column_count, b->column_count);
    assert_int_equal(a->target, b->target);
    for (size_t i = 0; i < a->column_count; i++)
        same_column(a->columns[i], b->columns[i], seed);
}

// Cuts a sheet into files and compares.
static void cut_and_compare(const char *folder, uint64_t seed, uint32_t most) {
    static struct sheet sheet;
    struct rng rng = rng_make(seed, RNG_SHUFFLE, 4);
    struct load_options options = plain();
    char paths[8][4200];
    const char *more[8];
    uint32_t count = 2 + draw(&rng, most - 1), cuts[9] = {0};
    sheet_make(&sheet, seed);
    const char *whole = sheet_write(&sheet, 0, sheet.rows, 0, true, in_folder(folder, "whole"));
    for (uint32_t i = 1; i <= count; i++) { // at least one row each
        uint32_t room = sheet.rows - cuts[i - 1] - (count - i);
        cuts[i] = i == count ? sheet.rows : cuts[i - 1] + 1 + draw(&rng, room < 2 ? 1 : room - 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/piece-%u", folder, i);
        sheet_write(&sheet, cuts[i], cuts[i + 1], i == 0 ? 0 : draw(&rng, sheet.columns), true, paths[i]);
        more[i] = paths[i];
    }
    struct dataset *expected = opened(whole, &options);
    options.more = more + 1;
    options.more_count = count - 1;
    struct dataset *got = opened(paths[0], &options);
    same_table(got->table, expected->table, seed);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t row = cuts[i]; row < cuts[i + 1]; row++) {
            assert_string_equal(table_file(got->table, row), paths[i]);
            assert_int_equal(table_line(got->table, row), row - cuts[i] + 2);
        }
    dataset_free(expected);
    dataset_free(got);
    sheet_free(&sheet);
}

static void pieces_give_the_whole(void **state) {
    char folder[4096];
    (void)state;
    fresh_folder(folder, "pieces");
    for (uint64_t seed = 1; seed <= 400; seed++)
        cut_and_compare(folder, seed, 5);
}

static void pieces_give_the_whole_when_memory_is_short(void **state) {
    char folder[4096];
    (void)state;
    fresh_folder(folder, "short");
    cells_set_memory(1);
    for (uint64_t seed = 1000; seed <= 1020; seed++)
        cut_and_compare(folder, seed, 5);
    cells_set_memory(0);
}

// ---- files that are told apart --------------------------------------------------------------------------

static const char *put(const char *folder, const char *name, const char *text) {
    const char *path = in_folder(folder, name);
    put_file(path, text, strlen(text));
    return path;
}

static void assert_noted(const struct dataset *dataset, const char *file, const char *column, const char *text) {
    for (size_t i = 0; i < dataset->notes.count; i++) {
        const struct note *note = &dataset->notes.items[i];
        if (note->file && text_ends(note->file, file) && text_equal(note->column, column) && strstr(note->text, text))
            return;
    }
    for (size_t i = 0; i < dataset->notes.count; i++)
        print_error("%s: %s\n", dataset->notes.items[i].file, dataset->notes.items[i].text);
    fail_msg("no note on %s says \"%s\"", file, text);
}

static const char *text_of(const struct dataset *dataset, size_t row, const char *column) {
    static char out[64];
    int index = table_find(dataset->table, column);
    assert_true(index >= 0);
    return column_text(dataset->table->columns[index], row, out);
}

static void differences_are_noted_with_the_file(void **state) {
    char folder[4096];
    (void)state;
    fresh_folder(folder, "different");
    put(folder, "day-1.csv", "id,x,name,y\n1,1.5,ann,0\n2,2,bob,1\n");
    put(folder, "day-2.csv", "y;name;x;extra\n0;carl;3;a\n1;dora;4;b\n");      // separator, order, missing, extra
    put(folder, "day-10.csv", "3,5,J\xf6rg,1\n4,6,R\xe9mi,0\n5,7,Zo\xeb,0\n"); // encoding, no header
    put(folder, "day-11.csv", "id,x,name,y\n");                                // no rows
    put(folder, "day-12.csv", "id,x,name,y\n6,eight,eve,1\n");                 // a word where numbers were
    put(folder, "notes.txt", "not,a,table\n");                                 // not of the folder's tables
    put(folder, ".hidden.csv", "a,b\n1,2\n");
    struct dataset *dataset = opened(folder, NULL);
    assert_int_equal(dataset->table->rows, 8);
    assert_non_null(strstr(dataset->name, "(5 files)"));
    assert_string_equal(dataset->table->name, dataset->name);
    assert_noted(dataset, "day-2.csv", NULL, "separated by ';', in day-1.csv by ','");
    assert_noted(dataset, "day-2.csv", NULL, "another order than in day-1.csv");
    assert_noted(dataset, "day-2.csv", "id", "no such column; it is missing");
    assert_noted(dataset, "day-2.csv", "extra", "day-1.csv has no such column; it was left out");
    assert_noted(dataset, "day-10.csv", NULL, "no header; its columns were taken in the order of day-1.csv");
    assert_noted(dataset, "day-10.csv", NULL, "written in latin-1, day-1.csv in utf-8");
    assert_noted(dataset, "day-11.csv", NULL, "a header but no rows");
    assert_noted(dataset, "day-12.csv", "x", "words, without them it was numbers");
    assert_string_equal(text_of(dataset, 2, "id"), ""); // day-2 comes before day-10
    assert_string_equal(text_of(dataset, 2, "name"), "carl");
    assert_string_equal(text_of(dataset, 4, "name"), "J\xc3\xb6rg");
    assert_string_equal(text_of(dataset, 4, "id"), "3");
    assert_string_equal(text_of(dataset, 7, "x"), "eight");
    assert_string_equal(dataset->table->columns[dataset->table->target]->name, "y");
    assert_non_null(strstr(table_file(dataset->table, 4), "/day-10.csv"));
    assert_int_equal(table_line(dataset->table, 4), 1);
    assert_non_null(strstr(table_file(dataset->table, 7), "/day-12.csv"));
    dataset_free(dataset);
}

static void rows_know_their_file_through_picks_and_copies(void **state) {
    char folder[4096];
    uint32_t picked[] = {1, 2, 4};
    struct table *copy = NULL;
    (void)state;
    fresh_folder(folder, "picks");
    put(folder, "a.csv", "p,q\n1,2\n\n3,4\n"); // a blank line: the second row lies on line 4
    put(folder, "b.csv", "p,q\n5,6\n7,8\n9,10\n");
    struct dataset *dataset = opened(folder, NULL);
    assert_int_equal(table_share(dataset->table, &copy, &error), STATUS_OK);
    dataset_free(dataset);
    assert_int_equal(table_pick(copy, picked, 3, &error), STATUS_OK);
    assert_non_null(strstr(table_file(copy, 0), "/a.csv"));
    assert_int_equal(table_line(copy, 0), 4);
    assert_non_null(strstr(table_file(copy, 1), "/b.csv"));
    assert_int_equal(table_line(copy, 1), 2);
    assert_int_equal(table_line(copy, 2), 4);
    table_free(copy);
    dataset = opened(in_folder(folder, "a.csv"), NULL); // one file: sentences call it by its name
    assert_null(dataset->table->files);
    assert_string_equal(table_file(dataset->table, 1), "a.csv");
    dataset_free(dataset);
}

static void options_count_for_every_file(void **state) {
    char folder[4096];
    (void)state;
    fresh_folder(folder, "options");
    const char *first = put(folder, "a.csv", "k,v,w\n1,?,5\n2,7,6\n"),
               *second = put(folder, "b.csv", "v,k\n8,3\n?,4\n");
    struct load_options options = load_options_default();
    static const char *const token = "?";
    options.more = &second;
    options.more_count = 1;
    options.missing_tokens = &token;
    options.missing_token_count = 1;
    options.overrides[0].column = "k";
    options.overrides[0].type = COLUMN_CATEGORY;
    options.overrides[1].column = "w"; // which the second file lacks
    options.overrides[1].type = COLUMN_TEXT;
    options.override_count = 2;
    options.target = "w";
    struct dataset *dataset = opened(first, &options);
    const struct table *table = dataset->table;
    assert_string_equal(dataset->name, "a.csv + 1 file");
    assert_int_equal(table->columns[0]->type, COLUMN_CATEGORY);
    assert_int_equal(table->columns[1]->type, COLUMN_NUMERIC);
    assert_int_equal(table->columns[1]->missing_count, 2);
    assert_int_equal(table->columns[2]->type, COLUMN_TEXT);
    assert_int_equal(table->columns[2]->missing_count, 2);
    assert_int_equal(table->target, 2);
    dataset_free(dataset);
    options.target = "nothing";
    assert_int_equal(dataset_open(first, &options, &dataset, NULL, &error), STATUS_MISSING);
    assert_names(error.text, "a.csv: there is no column \"nothing\"; there are ");
}

static void one_file_named_twice_is_noted(void **state) {
    char folder[4096];
    (void)state;
    fresh_folder(folder, "twice");
    const char *path = put(folder, "a.csv", "p,q\n1,2\n3,4\n");
    struct load_options options = load_options_default();
    options.more = &path;
    options.more_count = 1;
    struct dataset *dataset = opened(path, &options);
    assert_int_equal(dataset->table->rows, 4);
    assert_noted(dataset, "a.csv", NULL, "named twice");
    dataset_free(dataset);
}

// ---- which files ----------------------------------------------------------------------------------------

static void patterns_and_folders_come_in_natural_order(void **state) {
    static const char *const names[] = {"p-1.csv", "p-02.csv", "p-3.tsv", "p-10.csv", "p-10b.csv", "q.csv"};
    char folder[4096], pattern[4200];
    (void)state;
    fresh_folder(folder, "order");
    for (size_t i = 6; i-- > 0;)
        put(folder, names[i], "a,b\n1,2\n");
    assert_int_equal(mkdir(in_folder(folder, "r.csv"), 0700), 0); // a folder is no table
    struct path_list list = {0};
    assert_int_equal(path_list_add(&list, folder, &error), STATUS_OK);
    assert_int_equal(list.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(path_base(list.items[i]), names[i]);
    path_list_free(&list);
    snprintf(pattern, sizeof pattern, "%s/p-*.csv", folder);
    assert_int_equal(path_list_add(&list, pattern, &error), STATUS_OK);
    assert_int_equal(list.count, 4);
    assert_string_equal(path_base(list.items[3]), "p-10b.csv");
    path_list_free(&list);
    assert_false(path_is_pattern(put(folder, "[1].csv", "a,b\n1,2\n"))); // a file that is called so
    snprintf(pattern, sizeof pattern, "%s/q*", folder);                  // one file is that file
    struct dataset *dataset = opened(pattern, NULL);
    assert_string_equal(dataset->name, "q.csv");
    dataset_free(dataset);
}

static void refused(const char *path, const char *more, const char *const *parts) {
    struct load_options options = load_options_default();
    struct dataset *dataset = NULL;
    options.more = &more;
    options.more_count = more != NULL;
    assert_int_not_equal(dataset_open(path, &options, &dataset, NULL, &error), STATUS_OK);
    assert_null(dataset);
    for (; *parts; parts++)
        assert_names(error.text, *parts);
}
#define REFUSES(path, more, ...) refused(path, more, (const char *const[]){__VA_ARGS__, NULL})

static void what_is_no_such_table_is_refused(void **state) {
    char folder[4096], empty[4096], pattern[4200];
    (void)state;
    fresh_folder(folder, "refused");
    fresh_folder(empty, "none");
    char a[4200], b[4200];
    snprintf(a, sizeof a, "%s", put(folder, "a.csv", "p,q,r\n1,2,3\n4,5,6\n"));
    snprintf(b, sizeof b, "%s", put(folder, "b.csv", "p,x,y,z\n1,2,3,4\n4,5,6,7\n"));
    REFUSES(a, b, "b.csv: has 1 of the 3 columns of ", "a.csv", "'p', 'q', 'r'");
    REFUSES(folder, NULL, "b.csv: has 1 of the 3 columns");
    REFUSES(empty, NULL, "no data set was found in this folder", "text tables (.csv");
    REFUSES(a, empty, "no data set was found in this folder");
    snprintf(pattern, sizeof pattern, "%s/x*.csv", folder);
    REFUSES(pattern, NULL, "x*.csv: no file fits this pattern");
    REFUSES(a, in_folder(folder, "gone.csv"), "gone.csv: no such file or folder");
    REFUSES(a, put(folder, "empty.csv", ""), "empty.csv", "empty");
    unsigned char image[3073] = {0};
    put_file(in_folder(folder, "data_batch_1.bin"), image, sizeof image);
    REFUSES(a, in_folder(folder, "data_batch_1.bin"), "data_batch_1.bin: is no text table");
}

static void failing_allocations_end_in_a_sentence(void **state) {
    char folder[4096];
    unsigned long failures = 0;
    (void)state;
    fresh_folder(folder, "failing");
    put(folder, "a.csv", "id,x,c\n1,1.5,red\n2,2,blue\n");
    put(folder, "b.csv", "c;x;id\ngreen;late;3\n");
    for (unsigned long after = 1;; after++, failures++) {
        struct dataset *dataset = NULL;
        unsigned long calls = mem_calls();
        mem_fail_at(after);
        enum status status = dataset_open(folder, NULL, &dataset, NULL, &error);
        mem_fail_at(0);
        calls = mem_calls() - calls;
        dataset_free(dataset);
        if (status == STATUS_OK && calls < after)
            break;
        if (status != STATUS_MEMORY && status != STATUS_OK)
            fail_msg("allocation %lu: %s", after, error.text);
    }
    assert_in_range(failures, 200, 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_give_the_whole),
        cmocka_unit_test(pieces_give_the_whole_when_memory_is_short),
        cmocka_unit_test(differences_are_noted_with_the_file),
        cmocka_unit_test(rows_know_their_file_through_picks_and_copies),
        cmocka_unit_test(options_count_for_every_file),
        cmocka_unit_test(one_file_named_twice_is_noted),
        cmocka_unit_test(patterns_and_folders_come_in_natural_order),
        cmocka_unit_test(what_is_no_such_table_is_refused),
        cmocka_unit_test(failing_allocations_end_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
