// Tables that grow at their end: which part a new row falls into, and the source that a run goes on with. What was
// fitted and the parts of old rows stay, in however many pieces the rows come.
#include <math.h>

#include "tests/datasets/table_files.h"
#include "tests/support/test.h"

#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"

enum { FIRST = 120, ALL = 1200 };

static struct error error;

static const char *const colors[] = {"red", "green", "blue", "grey"};

// Rows by a seed: x real with holes, color, group, day (rising), part, y. New rows have a color and groups that the
// first ones do not.
static void write_rows(struct str *text, size_t rows, bool numbers) {
    str_add(text, "x,color,group,day,part,y\n");
    for (size_t row = 0; row < rows; row++) {
        struct rng rng = rng_make(5, RNG_TEST, row);
        bool fresh = row >= FIRST;
        double x = rng_normal(&rng);
        if (rng_below(&rng, 9) > 0)
            str_format(text, "%.6f", x);
        str_format(text, ",%s,g%d", fresh && rng_below(&rng, 5) == 0 ? "violet" : colors[rng_below(&rng, 4)],
                   (int)rng_below(&rng, fresh ? 60 : 20));
        str_format(text, ",%zu,%s", row / 3,
                   (const char *[]){"train", "train", "validation", "test"}[rng_below(&rng, 4)]);
        if (numbers)
            str_format(text, ",%.4f\n", 3 * x + rng_normal(&rng));
        else
            str_format(text, ",%s\n", x > 0 ? "yes" : "no");
    }
}

static struct dataset *rows_of(size_t rows, bool numbers) {
    struct str text = {0};
    write_rows(&text, rows, numbers);
    struct dataset *dataset = load_text(str_text(&text), NULL, &error);
    if (!dataset)
        fail_msg("%s", error.text);
    assert_int_equal(dataset->table->rows, rows);
    dataset->table->target = 5;
    str_free(&text);
    return dataset;
}

static struct split grown(const struct dataset *dataset, const struct split_settings *settings,
                          const struct split *old) {
    struct split split = {0};
    if (split_grow(dataset, settings, old, &split, NULL, &error))
        fail_msg("%s: %s", settings->kind, error.text);
    assert_int_equal(split.rows, dataset->table->rows);
    assert_memory_equal(split.part, old->part, old->rows);
    return split;
}

static void shares_of(const struct split *split, size_t from, double shares[PART_COUNT]) {
    for (int part = 0; part < PART_COUNT; part++)
        shares[part] = 0;
    for (size_t row = from; row < split->rows; row++)
        shares[split->part[row]] += 1.0 / (double)(split->rows - from);
}

static const struct {
    const char *kind, *column;
    size_t folds;
} kinds[] = {
    {"auto", "", 1},
    {"random", "", 1},
    {"stratified", "", 1},
    {"random", "", 4},
    {"stratified", "", 5},
    {"group", "group", 1},
    {"stratified_group", "group", 1},
    {"group", "group", 3},
    {"time", "day", 1},
    {"time", "", 1},
    {"ordered", "", 1},
    {"column", "part", 1},
    {"column", "part", 3},
};

static struct split_settings settings_of(size_t i) {
    return (struct split_settings){.kind = kinds[i].kind,
                                   .column = kinds[i].column,
                                   .validation = 0.2,
                                   .test = 0.1,
                                   .seed = 7,
                                   .folds = kinds[i].folds,
                                   .fold = 2};
}

static void test_parts_do_not_depend_on_the_pieces(void **state) {
    (void)state;
    struct dataset *first = rows_of(FIRST, false), *some = rows_of(500, false), *all = rows_of(ALL, false);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct split_settings settings = settings_of(i);
        struct split made = {0};
        if (split_make(first, &settings, &made, NULL, &error))
            fail_msg("%s: %s", settings.kind, error.text);
        struct split half = grown(some, &settings, &made), twice = grown(all, &settings, &half),
                     once = grown(all, &settings, &made), none = grown(first, &settings, &made);
        assert_memory_equal(once.part, twice.part, ALL);
        assert_memory_equal(none.part, made.part, FIRST);
        split_free(&made);
        split_free(&half);
        split_free(&twice);
        split_free(&once);
        split_free(&none);
    }
    dataset_free(first);
    dataset_free(some);
    dataset_free(all);
}

static void test_new_rows_fall_by_the_rule(void **state) {
    (void)state;
    struct dataset *first = rows_of(FIRST, false), *all = rows_of(ALL, false);
    const struct column *group = all->table->columns[2], *named = all->table->columns[4];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct split_settings settings = settings_of(i);
        struct split made = {0};
        double shares[PART_COUNT];
        assert_int_equal(split_make(first, &settings, &made, NULL, &error), STATUS_OK);
        struct split split = grown(all, &settings, &made);
        shares_of(&split, FIRST, shares);
        if (settings.column[0] == '\0' && strcmp(settings.kind, "time") != 0 && strcmp(settings.kind, "ordered") != 0) {
            double validation = settings.folds > 1 ? 0.9 / (double)settings.folds : 0.2; // 4 sd of 1080 draws: 0.05
            assert_true(shares[PART_TEST] > 0.06 && shares[PART_TEST] < 0.14);
            assert_true(fabs(shares[PART_VALIDATION] - validation) < 0.05);
        }
        if (strcmp(settings.kind, "time") == 0 || strcmp(settings.kind, "ordered") == 0)
            assert_true(shares[PART_TEST] > 0.999); // all later than the last test row
        for (size_t row = 0; row < ALL && strstr(settings.kind, "group"); row++)
            for (size_t other = row + 1; other < ALL; other++)
                if (column_code(group, row) == column_code(group, other))
                    assert_int_equal(split.part[row], split.part[other]);
        for (size_t row = 0; row < ALL && strcmp(settings.kind, "column") == 0; row++) {
            bool test = strcmp(named->words[column_code(named, row)], "test") == 0;
            assert_int_equal(split.part[row] == PART_TEST, test);
        }
        split_free(&made);
        split_free(&split);
    }
    dataset_free(first);
    dataset_free(all);
}

static void test_a_moment_between_others(void **state) {
    (void)state;
    struct split_settings settings = {.kind = "time", .column = "day", .validation = 0.25, .test = 0.25};
    struct dataset *first = load_text("day,y\n1,0\n2,1\n3,0\n4,1\n", NULL, &error);
    struct split made = {0};
    assert_int_equal(split_make(first, &settings, &made, NULL, &error), STATUS_OK);
    assert_memory_equal(made.part, ((uint8_t[]){0, 0, 1, 2}), 4);
    struct dataset *all = load_text("day,y\n1,0\n2,1\n3,0\n4,1\n9,0\n3.5,1\n2.5,0\n,1\n3,1\n4,0\n", NULL, &error);
    struct split split = grown(all, &settings, &made);
    assert_memory_equal(split.part, ((uint8_t[]){0, 0, 1, 2, 2, 1, 0, 0, 1, 2}), 10);
    split_free(&split);
    assert_int_equal(split_grow(first, &settings, &(struct split){.part = made.part, .rows = 5}, &split, NULL, &error),
                     STATUS_INVALID);
    assert_non_null(strstr(error.text, "has 4 rows now and had 5"));
    split_free(&made);
    dataset_free(first);
    dataset_free(all);
}

// ---- pipelines and sources -------------------------------------------------------------------------------

struct made { // of the first rows
    struct dataset *dataset;
    struct split split;
    struct pipeline *fitted;
    struct encoding encoding;
    struct source *source;
};

static struct made make(const char *steps, const struct split_settings *settings, bool numbers) {
    struct made made = {.dataset = rows_of(FIRST, numbers)};
    struct split_view view;
    struct prepared *prepared = NULL;
    struct notes notes = {0};
    if (split_make(made.dataset, settings, &made.split, NULL, &error) ||
        split_view_open(&view, made.dataset, &made.split, &error) || pipeline_parse(steps, &made.fitted, &error) ||
        pipeline_run(made.fitted, &view.dataset, &made.split, &prepared, NULL, &error) ||
        source_make(&view.dataset, prepared, &made.split, "auto", &notes, &made.source, &error) ||
        encoding_of(made.source, &made.encoding, &error))
        fail_msg("%s: %s", steps, error.text);
    split_view_close(&view);
    prepared_free(prepared);
    notes_free(&notes);
    return made;
}

static void made_free(struct made *made) {
    encoding_free(&made->encoding);
    source_release(made->source);
    pipeline_free(made->fitted);
    split_free(&made->split);
    dataset_free(made->dataset);
}

// The source of `dataset`, whose first rows `made` was made of; NULL and a sentence where it is refused.
static struct source *grow(const struct made *made, const struct dataset *dataset,
                           const struct split_settings *settings, struct notes *notes) {
    struct split split = {0};
    struct split_view view = {0};
    struct prepared *prepared = NULL;
    struct source *source = NULL;
    if (!split_grow(dataset, settings, &made->split, &split, NULL, &error) &&
        !split_view_open(&view, dataset, &split, &error) &&
        !pipeline_grow(made->fitted, &view.dataset, &split, FIRST, &prepared, NULL, &error))
        (void)(source_grow(&view.dataset, prepared, &split, &made->encoding, notes, &source, &error) == STATUS_OK);
    split_view_close(&view);
    split_free(&split);
    prepared_free(prepared);
    return source;
}

static char *state_of(const struct made *made) {
    char *json = NULL;
    assert_int_equal(pipeline_save(made->fitted, true, &json, &error), STATUS_OK);
    return json;
}

static int part_of_row(const struct source *source, size_t row) {
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < source->part_count[part]; i++)
            if (source->part_rows[part][i] == row)
                return part;
    fail();
    return -1;
}

// Every old row that the run has is there, in its part, with the same numbers.
static void check_old_rows(const struct source *old, const struct source *now, const char *steps) {
    size_t row = 0, width = (size_t)old->sample.size[0];
    for (size_t i = 0; i < old->rows; i++) {
        while (row < now->rows && now->origin[row] < old->origin[i])
            row++;
        if (row == now->rows || now->origin[row] != old->origin[i])
            fail_msg("%s: row %zu is gone", steps, (size_t)old->origin[i]);
        assert_int_equal(part_of_row(old, i), part_of_row(now, row));
        assert_memory_equal((const float *)old->features + i * width, (const float *)now->features + row * width,
                            width * sizeof(float));
        if (old->labels)
            assert_int_equal(old->labels[i], now->labels[row]);
        else
            assert_true(old->targets[i] == now->targets[row]);
    }
}

static const char *const pipelines[] = {
    "missing=median,standardize,one-hot=ignore",
    "missing=mean:indicator=yes,outliers=clip:factor=1,min-max,one-hot=infrequent:min-frequency=3",
    "missing=median,outliers=drop:factor=1:columns=x,standardize,one-hot=ignore",
    "missing=drop-row,quantile=normal:quantiles=9,ordinal=value",
    "missing=median,target-encode,standardize",
    "missing=most-frequent,yeo-johnson,drop-columns=part,one-hot=ignore",
};

static void test_what_was_fitted_stays(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pipelines / sizeof pipelines[0]; i++) {
        for (int numbers = 0; numbers < 2; numbers++) {
            struct split_settings settings = settings_of(i % 2 ? 5 : 1);
            struct dataset *all = rows_of(ALL, numbers), *same = rows_of(FIRST, numbers);
            struct made made = make(pipelines[i], &settings, numbers);
            struct notes notes = {0};
            char *before = state_of(&made);
            struct source *nothing = grow(&made, same, &settings, &notes), *more = grow(&made, all, &settings, &notes);
            if (!nothing || !more)
                fail_msg("%s: %s", pipelines[i], error.text);
            assert_true(nothing->fingerprint == made.source->fingerprint);
            assert_true(more->fingerprint != made.source->fingerprint);
            if (more->rows <= ALL / 2)
                fail_msg("%s: %zu rows", pipelines[i], more->rows);
            check_old_rows(made.source, more, pipelines[i]);
            char *after = state_of(&made);
            assert_string_equal(before, after);
            mem_free(before);
            mem_free(after);
            source_release(nothing);
            source_release(more);
            notes_free(&notes);
            made_free(&made);
            dataset_free(all);
            dataset_free(same);
        }
    }
}

// A new row is encoded as prediction would, its target among what was learned never.
static void test_new_rows_are_encoded_as_fitted(void **state) {
    (void)state;
    struct split_settings settings = settings_of(1);
    struct made made = make("missing=median,drop-columns=group\\,part,target-encode,standardize", &settings, false);
    struct dataset *all = rows_of(ALL, false);
    struct notes notes = {0};
    struct prepared *prepared = NULL;
    struct source *more = grow(&made, all, &settings, &notes), *encoded = NULL;
    assert_non_null(more);
    assert_int_equal(pipeline_apply(made.fitted, all, &prepared, NULL, &error), STATUS_OK);
    assert_int_equal(source_encode(all, prepared, &made.encoding, &encoded, &error), STATUS_OK);
    size_t width = (size_t)more->sample.size[0], later = made.source->rows;
    assert_int_equal(more->rows, encoded->rows);
    assert_memory_equal((const float *)more->features + later * width, (const float *)encoded->features + later * width,
                        (ALL - later) * width * sizeof(float));
    source_release(more);
    source_release(encoded);
    prepared_free(prepared);
    notes_free(&notes);
    dataset_free(all);
    made_free(&made);
}

static void test_rows_that_do_not_fit(void **state) {
    (void)state;
    struct split_settings settings = settings_of(1);
    static const struct {
        const char *steps, *row, *sentence;
        size_t left_out;
    } rows[] = {
        {"missing=median,drop-columns=group\\,part,one-hot=ignore", "1,red,g1,1,train,perhaps", "class there", 1},
        {"missing=median,drop-columns=group\\,part,one-hot=ignore", "1,red,g1,1,train,", "missing there", 1},
        {"missing=median,drop-columns=group\\,part,one-hot=ignore", "inf,red,g1,1,train,yes", "infinite", 0},
        {"missing=median,drop-columns=group\\,part,one-hot=error", "1,violet,g1,1,train,yes", "violet", 0},
        {"missing=median,drop-columns=group\\,part,one-hot=ignore", "what,red,g1,1,train,yes", "\"x\"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made made = make(rows[i].steps, &settings, false);
        struct str text = {0};
        struct notes notes = {0};
        write_rows(&text, FIRST, false);
        str_format(&text, "%s\n", rows[i].row);
        struct dataset *dataset = load_text(str_text(&text), NULL, &error);
        assert_non_null(dataset);
        dataset->table->target = 5;
        struct source *source = grow(&made, dataset, &settings, &notes);
        const char *said = source && notes.count ? notes.items[0].text : error.text;
        assert_int_equal(source != NULL, rows[i].left_out > 0);
        if (strstr(said, rows[i].sentence) == NULL)
            fail_msg("%s: \"%s\"", rows[i].row, said);
        if (source)
            assert_int_equal(source->rows, FIRST);
        source_release(source);
        notes_free(&notes);
        dataset_free(dataset);
        str_free(&text);
        made_free(&made);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_do_not_depend_on_the_pieces), cmocka_unit_test(test_new_rows_fall_by_the_rule),
        cmocka_unit_test(test_a_moment_between_others),           cmocka_unit_test(test_what_was_fitted_stays),
        cmocka_unit_test(test_new_rows_are_encoded_as_fitted),    cmocka_unit_test(test_rows_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
