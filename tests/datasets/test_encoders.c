// Scalers and encoders beyond what test_steps_random.c compares: dates against pandas, cross-fitting by its formula,
// going back, stored pipelines, refusals, memory running out.
#include "tests/support/test.h"

#include "core/base/rng.h"
#include "tests/datasets/random_tables.h"

static void refused(const char *steps, struct dataset *dataset, const struct split *split, enum status status,
                    const char *sentence) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    struct pipeline *pipeline = parse_steps(steps);
    assert_int_equal(pipeline_run(pipeline, dataset, split, &prepared, NULL, &error), status);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
    pipeline_free(pipeline);
}

// ---- dates ----

enum { DATES_MOST = 400 };

static void dates_as_pandas(void **state) {
    (void)state;
    static const char *const names[] = {"when_year",    "when_month", "when_day",
                                        "when_weekday", "when_hour",  "when_day_of_year"};
    static const double first[] = {0, 1, 1, 0, 0, 1}, period[] = {0, 12, 31, 7, 24, 365.25};
    double seconds[DATES_MOST], parts[DATES_MOST][6];
    size_t rows = 0;
    FILE *file = fopen("tests/fixtures/date_parts.txt", "r");
    assert_non_null(file);
    while (fscanf(file, "%lf %lf %lf %lf %lf %lf %lf", &seconds[rows], &parts[rows][0], &parts[rows][1],
                  &parts[rows][2], &parts[rows][3], &parts[rows][4], &parts[rows][5]) == 7)
        rows++;
    fclose(file);
    assert_true(rows > 250);
    struct dataset *dataset = dataset_of(rows + 1);
    seconds[rows] = NAN;
    add_numbers(dataset, "when", seconds)->type = COLUMN_DATE;
    struct split split = split_of(rows + 1, NULL);
    struct pipeline *pipeline = parse_steps("date-parts=day-of-year=yes");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct column *column = last_stage(prepared)->columns[i];
        assert_string_equal(column->name, names[i]);
        assert_true(column->integer && column_is_missing(column, rows));
        for (size_t row = 0; row < rows; row++)
            assert_near(column_number(column, row), parts[row][i], 0);
    }
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("date-parts=day-of-year=yes:cyclic=yes");
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 11);
    for (size_t i = 1; i < 6; i++)
        for (size_t row = 0; row < rows; row++) {
            double angle = 2 * acos(-1) * (parts[row][i] - first[i]) / period[i];
            assert_near(column_number(last_stage(prepared)->columns[2 * i - 1], row), sin(angle), 1e-12);
            assert_near(column_number(last_stage(prepared)->columns[2 * i], row), cos(angle), 1e-12);
        }
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void hours_only_where_there_are_times(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(3);
    add_numbers(dataset, "when", (double[]){0, 86400, 3600})->type = COLUMN_DATE;
    struct split split = split_of(3, (int[]){1, 1, 0}); // the time of day is in a row that does not train
    struct pipeline *pipeline = parse_steps("date-parts");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_null(column_named(last_stage(prepared), "when_hour"));
    assert_string_equal(pipeline->steps[0]->summary, "1 → 4 columns");
    prepared_free(prepared);
    split_free(&split);
    split = split_of(3, NULL);
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_near(column_number(column_named(last_stage(prepared), "when_hour"), 2), 1, 0);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- target encoding ----

enum { ENCODED = 200, FOLDS = 4 };

// (Σy + m·ȳ)/(n + m) over the training rows of other folds, straight from the formula.
static double encoded_by_hand(const int *word, const double *y, const int *train, const size_t *fold, int row,
                              double m) {
    double count = 0, sum = 0, all = 0, total = 0;
    for (int i = 0; i < ENCODED; i++) {
        if (!train[i] || isnan(y[i]) || (train[row] && !isnan(y[row]) && fold[i] == fold[row]))
            continue;
        all++, total += y[i];
        if (word[i] == word[row])
            count++, sum += y[i];
    }
    return count > 0 ? (sum + m * total / all) / (count + m) : total / all;
}

static void training_rows_are_not_told_their_answer(void **state) {
    (void)state;
    static const char *const words[] = {NULL, "a", "b", "c", "rare", "unseen"};
    struct rng rng = rng_make(3, RNG_TEST, 0);
    double y[ENCODED];
    int train[ENCODED], word[ENCODED];
    const char *text[ENCODED];
    size_t fold[ENCODED];
    for (int row = 0; row < ENCODED; row++) {
        train[row] = rng_below(&rng, 4) > 0;
        word[row] = (int)rng_below(&rng, 4);
        if (rng_below(&rng, 20) == 0)
            word[row] = train[row] ? 4 : 5;
        text[row] = words[word[row]];
        y[row] = rng_below(&rng, 10) == 0 ? NAN : rng_normal(&rng) + word[row];
        struct rng folds = rng_make(11, RNG_FOLD, (uint64_t)row);
        fold[row] = (size_t)rng_below(&folds, FOLDS);
    }
    struct dataset *dataset = dataset_of(ENCODED);
    add_words(dataset, "word", text);
    add_numbers(dataset, "y", y);
    dataset->table->target = 1;
    struct split split = split_of(ENCODED, train);
    struct pipeline *pipeline = parse_steps("target-encode=m=2.5:folds=4:seed=11");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    const struct column *column = column_named(last_stage(prepared), "word");
    for (int row = 0; row < ENCODED; row++)
        assert_near(column_number(column, (size_t)row), encoded_by_hand(word, y, train, fold, row, 2.5), 1e-12);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void classes_become_columns(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(6);
    add_words(dataset, "word", (const char *const[]){"a", "a", "a", "b", "b", "new"});
    add_words(dataset, "label", (const char *const[]){"x", "x", "y", "z", "y", "x"});
    dataset->table->target = 1;
    struct split split = split_of(6, (int[]){1, 1, 1, 1, 1, 0});
    struct pipeline *pipeline = parse_steps("target-encode=m=5");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    struct error error = {0};
    const struct table *table = last_stage(prepared);
    assert_int_equal(table->column_count, 4);
    assert_string_equal(table->columns[0]->name, "word_x");
    assert_string_equal(table->columns[2]->name, "word_z");
    assert_int_equal(table->target, 3);
    for (size_t i = 0; i < 3; i++) // not seen: the share of the class in training rows
        assert_near(column_number(table->columns[i], 5), i == 2 ? 0.2 : 0.4, 1e-15);
    assert_int_equal(pipeline_apply(pipeline, dataset, &applied, NULL, &error), STATUS_OK);
    table = last_stage(applied);
    assert_near(column_number(table->columns[0], 0), (2 + 5 * 0.4) / 8,
                1e-15); // to be predicted: from all training rows
    assert_near(column_number(table->columns[2], 3), (1 + 5 * 0.2) / 7, 1e-15);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- indices ----

static void categories_become_indices(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(6);
    add_words(dataset, "few", (const char *const[]){"b", "a", "b", "a", "c", "d"});
    add_words(dataset, "many", (const char *const[]){"q", "p", NULL, "r", "s", "q"});
    add_numbers(dataset, "code", (double[]){30, 7, 7, NAN, 8, 30});
    struct split split = split_of(6, (int[]){1, 1, 1, 1, 0, 0});
    struct pipeline *pipeline = parse_steps("index=3"), *named = parse_steps("index=99:columns=code,standardize");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    const struct column *few = column_named(last_stage(prepared), "few");
    const struct column *many = column_named(last_stage(prepared), "many");
    static const double words[] = {2, 1, 0, 3, 0, 2}; // missing and "s", which no training row has, are 0
    static const double codes[] = {2, 1, 1, 0, 0, 2};
    assert_int_equal(few->type, COLUMN_CATEGORY); // two categories in training rows
    assert_int_equal(many->type, COLUMN_NUMERIC);
    assert_int_equal(many->categories, 4);
    assert_int_equal(many->missing_count, 0);
    for (size_t row = 0; row < 6; row++)
        assert_near(column_number(many, row), words[row], 0);
    prepared_free(prepared);
    prepared = run_pipeline(named, dataset, &split);
    const struct column *code = column_named(last_stage(prepared), "code"); // standardize leaves it alone
    for (size_t row = 0; row < 6; row++)
        assert_near(column_number(code, row), codes[row], 0);
    assert_int_equal(code->categories, 3);
    prepared_free(prepared);
    pipeline_free(named);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- columns ----

static void columns_are_left_out(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(3);
    add_numbers(dataset, "a", (double[]){1, 2, 3});
    add_numbers(dataset, "b,c", (double[]){1, 2, 3});
    add_numbers(dataset, "d", (double[]){1, 2, 3});
    add_numbers(dataset, "y", (double[]){1, 0, 1});
    dataset->table->target = 3;
    struct split split = split_of(3, NULL);
    struct pipeline *pipeline = parse_steps("drop-columns=a"), *keeping = parse_steps("keep-columns=d");
    char list[] = "b\\,c";
    assert_int_equal(params_set(keeping->steps[0]->kind->params, keeping->steps[0]->settings, "columns", list, &error),
                     STATUS_OK);
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    assert_int_equal(last_stage(prepared)->column_count, 3);
    assert_null(column_named(last_stage(prepared), "a"));
    assert_string_equal(pipeline->steps[0]->summary, "1 column dropped");
    prepared_free(prepared);
    prepared = run_pipeline(keeping, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 2);
    assert_string_equal(last_stage(prepared)->columns[0]->name, "b,c");
    assert_int_equal(last_stage(prepared)->target, 1);
    assert_string_equal(keeping->steps[0]->summary, "2 columns dropped");
    dataset->table->target = -1; // new data, whose target nobody named, keeps it too
    assert_int_equal(pipeline_apply(keeping, dataset, &applied, NULL, &error), STATUS_OK);
    assert_non_null(column_named(last_stage(applied), "y"));
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(keeping);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- rare categories ----

static void rare_categories_share_a_column(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(9);
    add_words(dataset, "w", (const char *const[]){"a", "a", "a", "b", "b", "c", NULL, "c", "new"});
    struct split split = split_of(9, (int[]){1, 1, 1, 1, 1, 1, 1, 0, 0});
    struct pipeline *pipeline = parse_steps("one-hot=infrequent:min-frequency=2");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    const struct table *table = last_stage(prepared);
    static const double expected[3][9] = {
        {1, 1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 1, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 1, 1, 1}};
    assert_int_equal(table->column_count, 3);
    assert_string_equal(table->columns[2]->name, "w=(infrequent)");
    for (size_t i = 0; i < 3; i++)
        for (size_t row = 0; row < 9; row++)
            assert_near(column_number(table->columns[i], row), expected[i][row], 0);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- stored, applied, gone back ----

static void check_stored(uint64_t seed, const char *steps) {
    struct error error = {0};
    int train[RANDOM_ROWS_MOST];
    char *json = NULL, *again = NULL;
    struct dataset *dataset = random_table(seed, train);
    struct split split = split_of(dataset->table->rows, train);
    struct pipeline *pipeline = parse_steps(steps), *loaded = NULL;
    struct prepared *prepared = NULL, *applied = NULL;
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) == STATUS_OK) { // else there is an infinity
        assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
        if (pipeline_load(json, "stored", &loaded, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        assert_int_equal(pipeline_save(loaded, true, &again, &error), STATUS_OK);
        assert_string_equal(json, again);
        if (pipeline_apply(loaded, dataset, &applied, NULL, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        const struct table *a = last_stage(prepared), *b = last_stage(applied);
        assert_int_equal(a->column_count, b->column_count);
        for (size_t i = 0; i < a->column_count; i++)
            for (size_t row = 0; row < a->rows; row++) {
                char x[64], y[64];
                if (train[row] && strncmp(steps, "target", 6) == 0)
                    continue; // cross-fitted where it was fitted
                assert_string_equal(column_text(a->columns[i], row, x), column_text(b->columns[i], row, y));
            }
    }
    mem_free(json);
    mem_free(again);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(loaded);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void stored_steps_do_the_same(void **state) {
    (void)state;
    static const char *const steps[] = {"robust",
                                        "max-abs",
                                        "yeo-johnson",
                                        "quantile",
                                        "quantile=normal:quantiles=9",
                                        "ordinal=value",
                                        "index",
                                        "index=3:columns=n2",
                                        "target-encode=3",
                                        "one-hot=infrequent:min-frequency=3",
                                        "missing=mean,standardize,min-max,robust,max-abs,standardize,one-hot=ignore",
                                        "one-hot=ignore:columns=n2"};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        for (uint64_t seed = 1000; seed < 1040; seed++)
            check_stored(seed, steps[i]);
}

static void check_inverse(uint64_t seed, const char *steps, double tolerance) {
    struct error error = {0};
    int train[RANDOM_ROWS_MOST];
    struct dataset *dataset = random_table(seed, train);
    struct split split = split_of(dataset->table->rows, NULL);
    struct pipeline *pipeline = parse_steps(steps);
    struct prepared *prepared = NULL;
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) == STATUS_OK) {
        struct table *table = NULL;
        assert_int_equal(table_share(last_stage(prepared), &table, &error), STATUS_OK);
        assert_int_equal(pipeline->steps[0]->kind->invert(pipeline->steps[0], table, &error), STATUS_OK);
        assert_int_equal(table->column_count, dataset->table->column_count);
        for (size_t i = 0; i < table->column_count; i++) {
            const struct column *was = dataset->table->columns[i], *is = column_named(table, was->name);
            char x[64], y[64];
            for (size_t row = 0; row < table->rows; row++) {
                assert_int_equal(column_is_missing(was, row), column_is_missing(is, row));
                if (!column_has_values(was))
                    assert_string_equal(column_text(was, row, x), column_text(is, row, y));
                else if (!column_is_missing(was, row) && isfinite(column_number(was, row)) &&
                         !(fabs(column_number(was, row) - column_number(is, row)) <=
                           tolerance * fmax(1, fabs(column_number(was, row)))))
                    fail_msg("%s of table %d, %s: %g became %g", steps, (int)seed, was->name, column_number(was, row),
                             column_number(is, row));
            }
        }
        table_free(table);
    }
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void steps_go_back(void **state) {
    (void)state;
    static const struct {
        const char *steps;
        double tolerance;
    } ways[] = {{"standardize", 1e-12}, {"min-max=low=-2:high=7", 1e-12},
                {"robust", 1e-12},      {"max-abs", 1e-12},
                {"quantile", 1e-9},     {"ordinal", 0},
                {"one-hot", 0},         {"index", 0},
                {"yeo-johnson", 1e-3}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (uint64_t seed = 2000; seed < 2040; seed++)
            check_inverse(seed, ways[i].steps, ways[i].tolerance);
}

// ---- refusals ----

static void what_cannot_be_encoded_is_said(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(4);
    add_numbers(dataset, "x", (double[]){1, -1, 3, 4});
    add_words(dataset, "w", (const char *const[]){"a", "b", "a", "c"});
    add_words(dataset, "label", (const char *const[]){"p", "q", "p", "q"});
    struct split split = split_of(4, (int[]){1, 1, 1, 0});
    refused("target-encode", dataset, &split, STATUS_INVALID, "needs a column to predict");
    dataset->table->target = 2;
    refused("log1p", dataset, &split, STATUS_NUMERIC, "made.csv line 3: column \"x\" is -1");
    refused("log1p=columns=w", dataset, &split, STATUS_INVALID, "column \"w\" is category; this step needs numbers");
    refused("robust=columns=w", dataset, &split, STATUS_INVALID, "needs numbers");
    refused("yeo-johnson=columns=w", dataset, &split, STATUS_INVALID, "needs numbers");
    refused("quantile=columns=w", dataset, &split, STATUS_INVALID, "needs numbers");
    refused("date-parts=columns=w", dataset, &split, STATUS_INVALID, "needs dates");
    refused("ordinal", dataset, &split, STATUS_INVALID,
            "made.csv line 5: column \"w\" is \"c\", which no training row has");
    refused("one-hot", dataset, &split, STATUS_INVALID,
            "made.csv line 5: column \"w\" is \"c\", which no training row has");
    refused("target-encode=columns=label", dataset, &split, STATUS_INVALID, "is to be predicted");
    refused("drop-columns", dataset, &split, STATUS_INVALID, "name the columns to drop");
    refused("drop-columns=label", dataset, &split, STATUS_INVALID, "is to be predicted");
    refused("keep-columns=z", dataset, &split, STATUS_MISSING, "there is no column \"z\" in made.csv; there are x, ");
    dataset->table->columns[0]->values[3] = -INFINITY;
    atomic_store(&dataset->table->columns[0]->finite, false); // it is another column now
    refused("max-abs", dataset, &split, STATUS_NUMERIC, "made.csv line 5: column \"x\" is infinite");
    refused("quantile", dataset, &split, STATUS_NUMERIC, "made.csv line 5: column \"x\" is infinite");
    split_free(&split);
    dataset_free(dataset);
}

// ---- suggestions ----

static void dates_and_many_words_are_suggested_for(void **state) {
    (void)state;
    enum { MANY = 300 };
    struct error error = {0};
    struct str reasons = {0};
    double when[MANY], y[MANY];
    char text[MANY][8];
    const char *word[MANY];
    for (int row = 0; row < MANY; row++) {
        when[row] = row == 7 ? NAN : 86400.0 * row;
        y[row] = row % 2;
        snprintf(text[row], sizeof text[row], "w%d", row % 150);
        word[row] = text[row];
    }
    struct dataset *dataset = dataset_of(MANY);
    add_numbers(dataset, "when", when)->type = COLUMN_DATE;
    add_words(dataset, "word", word);
    add_numbers(dataset, "y", y);
    dataset->table->target = 2;
    struct pipeline *pipeline = NULL;
    assert_int_equal(pipeline_suggest(dataset, false, 0, &pipeline, &reasons, &error), STATUS_OK);
    static const char *const kinds[] = {"date-parts", "missing", "standardize", "one-hot"};
    assert_int_equal(pipeline->count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(pipeline->steps[i]->kind->name, kinds[i]);
    assert_non_null(strstr(str_text(&reasons), "date parts: 1 column; "));
    assert_non_null(strstr(str_text(&reasons), "the rarest share one"));
    struct split split = split_of(MANY, NULL);
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 4 + 100 + 1); // no time of day: no hour
    for (size_t i = 0; i < 105; i++)
        assert_int_equal(last_stage(prepared)->columns[i]->missing_count, 0);
    prepared_free(prepared);
    pipeline_free(pipeline);
    assert_int_equal(pipeline_suggest(dataset, true, 0, &pipeline, NULL, &error),
                     STATUS_OK); // what a model cannot do without
    assert_int_equal(pipeline->count, 2);
    pipeline_free(pipeline);
    static const char *const indexed[] = {"date-parts", "index", "missing", "standardize", "one-hot"};
    str_clear(&reasons);
    assert_int_equal(pipeline_suggest(dataset, false, 10, &pipeline, &reasons, &error), STATUS_OK);
    assert_non_null(strstr(str_text(&reasons), "one-hot: for columns with fewer than 10 categories in the training rows"));
    assert_int_equal(pipeline->count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(pipeline->steps[i]->kind->name, indexed[i]);
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->column_count, 4 + 1 + 1);
    assert_int_equal(column_named(last_stage(prepared), "word")->categories, 151);
    prepared_free(prepared);
    pipeline_free(pipeline);
    assert_int_equal(pipeline_suggest(dataset, false, 151, &pipeline, NULL, &error), STATUS_OK); // it has 150
    assert_int_equal(pipeline->count, 4);
    pipeline_free(pipeline);
    split_free(&split);
    str_free(&reasons);
    dataset_free(dataset);
}

// ---- memory ----

static void no_allocation_may_fail_badly(void **state) {
    (void)state;
    int train[RANDOM_ROWS_MOST];
    static const char *const steps[] = {
        "missing,robust,max-abs,yeo-johnson,quantile=normal:quantiles=4,standardize,target-encode",
        "one-hot=infrequent:min-frequency=3:columns=w0,ordinal=value,one-hot=ignore:max-categories=2:columns=n2",
        "keep-columns=n0\\,n1\\,w0,drop-columns=n0,target-encode=columns=w0\\,n1"};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct dataset *dataset = random_table(4, train);
        struct split split = split_of(dataset->table->rows, train);
        unsigned long failures = 0;
        for (unsigned long after = 1; after < 5000; after++) {
            struct error error = {0};
            struct pipeline *pipeline = parse_steps(steps[i]);
            struct prepared *prepared = NULL;
            mem_fail_at(after);
            enum status status = pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error);
            mem_fail_at(0);
            prepared_free(prepared);
            pipeline_free(pipeline);
            if (status == STATUS_OK)
                break;
            failures++;
            if (status != STATUS_MEMORY)
                fail_msg("%s", error.text);
            assert_non_null(strstr(error.text, "out of memory"));
        }
        assert_in_range(failures, 30, 4000);
        split_free(&split);
        dataset_free(dataset);
    }
}

// ---- many rows: several threads, several blocks ----

static void large_columns_are_fitted_the_same(void **state) {
    (void)state;
    enum { MANY = 150000 };
    struct error error = {0};
    struct dataset *dataset = dataset_of(MANY);
    double *values = mem_alloc(MANY, sizeof *values);
    struct rng rng = rng_make(9, RNG_TEST, 0);
    int *train = mem_alloc(MANY, sizeof *train);
    double sum = 0, count = 0;
    for (int c = 0; c < 6; c++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", c);
        for (int row = 0; row < MANY; row++) {
            values[row] = rng_below(&rng, 10) == 0 ? NAN : (double)rng_below(&rng, 1000) + c;
            train[row] = row % 5 != 0;
            if (c == 3 && train[row] && !isnan(values[row]))
                sum += values[row], count++;
        }
        add_numbers(dataset, name, values);
    }
    struct split split = split_of(MANY, train);
    struct pipeline *pipeline = parse_steps("missing=mean,robust,standardize"),
                    *again = parse_steps("missing=mean,robust,standardize");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    char *a = NULL, *b = NULL;
    size_t row = 0;
    while (!column_is_missing(dataset->table->columns[3], row))
        row++;
    assert_near(column_number(prepared->stages[1]->columns[3], row), sum / count, 1e-9);
    prepared_free(prepared);
    cells_set_memory(1);
    prepared = run_pipeline(again, dataset, &split);
    cells_set_memory(0);
    assert_int_equal(pipeline_save(pipeline, true, &a, &error), STATUS_OK);
    assert_int_equal(pipeline_save(again, true, &b, &error), STATUS_OK);
    assert_string_equal(a, b);
    dataset->table->columns[5]->values[MANY - 1] = INFINITY; // whichever thread finds it, the first column is told
    dataset->table->columns[2]->values[1] = INFINITY;
    for (size_t i = 0; i < 6; i++)
        atomic_store(&dataset->table->columns[i]->finite, false);
    refused("max-abs", dataset, &split, STATUS_NUMERIC, "line 3: column \"x2\" is infinite");
    prepared_free(prepared);
    pipeline_free(again);
    pipeline_free(pipeline);
    mem_free(a);
    mem_free(b);
    mem_free(values);
    mem_free(train);
    split_free(&split);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_as_pandas),
        cmocka_unit_test(hours_only_where_there_are_times),
        cmocka_unit_test(training_rows_are_not_told_their_answer),
        cmocka_unit_test(classes_become_columns),
        cmocka_unit_test(categories_become_indices),
        cmocka_unit_test(columns_are_left_out),
        cmocka_unit_test(rare_categories_share_a_column),
        cmocka_unit_test(stored_steps_do_the_same),
        cmocka_unit_test(steps_go_back),
        cmocka_unit_test(what_cannot_be_encoded_is_said),
        cmocka_unit_test(dates_and_many_words_are_suggested_for),
        cmocka_unit_test(no_allocation_may_fail_badly),
        cmocka_unit_test(large_columns_are_fitted_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
