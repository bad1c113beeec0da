// Pipelines: what is fitted on which rows, the ledger, prediction, inverting, refusals, memory running out.
#include "tests/support/test.h"

#include "core/base/rng.h"
#include "datasets/images.h"
#include "tests/datasets/steps_support.h"

static void refused(const char *steps, struct dataset *dataset, enum status status, const char *sentence) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    struct split split = split_of(dataset_rows(dataset), NULL);
    struct pipeline *pipeline = parse_steps(steps);
    assert_int_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), status);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
    assert_null(prepared);
    pipeline_free(pipeline);
    split_free(&split);
}

enum { ROWS = 60 };

// Rows by a seed; with `other`, every row that does not train gets other cells, among them cells that
// equal training rows, infinities that may be clipped, and new words.
static struct dataset *random_rows(uint64_t seed, const int *train, bool other) {
    static const char *const words[] = {"red", "green", "blue", "violet", "black"};
    struct rng rng = rng_make(seed, RNG_TEST, 0), changed = rng_make(seed, RNG_TEST, 1);
    double a[ROWS], b[ROWS], c[ROWS];
    const char *word[ROWS], *label[ROWS];
    for (int row = 0; row < ROWS; row++) {
        a[row] = rng_below(&rng, 5) == 0 ? NAN : (double)rng_below(&rng, 6);
        b[row] = rng_normal(&rng) * 100;
        c[row] = rng_below(&rng, 3) == 0 ? 1 : 0;
        word[row] = rng_below(&rng, 6) == 0 ? NULL : words[rng_below(&rng, 3)];
        label[row] = rng_below(&rng, 2) == 0 ? "yes" : "no";
        if (train[row] || !other)
            continue;
        a[row] = rng_below(&changed, 2) == 0 ? NAN : 1e6 * rng_normal(&changed);
        b[row] = rng_below(&changed, 4) == 0 ? INFINITY : rng_normal(&changed);
        c[row] = 7;
        word[row] = words[rng_below(&changed, 5)];
        if (row > 0 && rng_below(&changed, 3) == 0) {
            a[row] = a[0], b[row] = b[0], c[row] = c[0], word[row] = word[0], label[row] = label[0];
        }
    }
    struct dataset *dataset = dataset_of(ROWS);
    add_numbers(dataset, "a", a);
    add_numbers(dataset, "b", b);
    add_numbers(dataset, "c", c);
    add_words(dataset, "word", word);
    add_words(dataset, "label", label);
    dataset->table->target = 4;
    return dataset;
}

// ---- rows dropped ----

static void duplicates_keep_training_rows_first(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "x", (double[]){1, 2, 1, NAN, NAN, 1});
    struct split split = split_of(6, (int[]){0, 1, 1, 0, 0, 1});
    struct pipeline *pipeline = parse_steps("drop-duplicates");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    const struct table *table = last_stage(prepared);
    assert_int_equal(table->rows, 3); // 2, the first training 1, the first missing
    assert_int_equal(table_origin(table, 0), 1);
    assert_int_equal(table_origin(table, 1), 2);
    assert_int_equal(table_origin(table, 2), 3);
    assert_int_equal(prepared->ledger.rows, 3);
    assert_int_equal(prepared->ledger.entries[0].kind, LEDGER_ROW_DROPPED);
    assert_int_equal(prepared->ledger.entries[0].line, 2);
    assert_string_equal(prepared->ledger.entries[0].after, "same as line 4");
    assert_string_equal(pipeline->steps[0]->summary, "3 rows");
    prepared_free(prepared);
    split_free(&split);
    split = split_of(6, NULL); // all train: plainly the first of each
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(table_origin(last_stage(prepared), 0), 0);
    assert_int_equal(last_stage(prepared)->rows, 3);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void outliers_leave_other_rows_alone(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(8);
    add_numbers(dataset, "x", (double[]){1, 2, 3, 4, 5, 1000, 1000, INFINITY});
    struct split split = split_of(8, (int[]){1, 1, 1, 1, 1, 1, 0, 0});
    struct pipeline *pipeline = parse_steps("outliers=drop");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->rows, 7);
    assert_int_equal(prepared->ledger.entries[0].line, 7);
    assert_string_equal(prepared->ledger.entries[0].after, "x 1000");
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("outliers=clip"); // quartiles 2.25 and 4.75, fences −1.5 and 8.5
    prepared = run_pipeline(pipeline, dataset, &split);
    const struct column *column = last_stage(prepared)->columns[0];
    assert_near(column_number(column, 5), 8.5, 0);
    assert_near(column_number(column, 7), 8.5, 0);
    assert_string_equal(pipeline->steps[0]->summary, "3 cells");
    assert_string_equal(prepared->ledger.entries[2].before, "inf");
    assert_string_equal(prepared->ledger.entries[2].after, "8.5");
    assert_int_equal(prepared->ledger.entries[2].line, 9);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void a_constant_majority_has_no_fences(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "gain", (double[]){0, 0, 0, 0, 0, 5000});
    struct split split = split_of(6, NULL);
    struct pipeline *pipeline = parse_steps("outliers=clip");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_near(column_number(last_stage(prepared)->columns[0], 5), 5000, 0);
    assert_string_equal(prepared->ledger.entries[0].after, "left alone");
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- cells, columns, stages ----

static struct dataset *small(void) {
    struct dataset *dataset = dataset_of(5);
    add_numbers(dataset, "age", (double[]){30, NAN, 50, 41, 22});
    add_words(dataset, "job", (const char *const[]){"cook", "baker", NULL, "cook", "baker"});
    add_numbers(dataset, "empty", (double[]){NAN, NAN, NAN, NAN, 3});
    add_words(dataset, "label", (const char *const[]){"y", NULL, "n", "y", "n"});
    dataset->table->target = 3;
    return dataset;
}

static void missing_fills_and_says_so(void **state) {
    (void)state;
    struct dataset *dataset = small();
    struct split split = split_of(5, (int[]){1, 1, 1, 1, 0});
    struct pipeline *pipeline = parse_steps("missing=median,standardize,one-hot");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(prepared->stage_count, 4);
    const struct table *filled = prepared->stages[1];
    assert_null(column_named(filled, "empty")); // its only value is not in a training row
    assert_near(column_number(column_named(filled, "age"), 1), 41, 0);
    assert_string_equal(column_text(column_named(filled, "job"), 2, (char[64]){0}), "cook");
    assert_int_equal(column_named(filled, "label")->missing_count, 1);                      // the target is left alone
    assert_ptr_equal(column_named(filled, "label"), column_named(dataset->table, "label")); // and shared
    assert_int_equal(filled->target, 2);
    assert_string_equal(pipeline->steps[0]->summary, "2 cells, 1 column dropped");
    assert_string_equal(pipeline->steps[1]->summary, "1 column");
    assert_string_equal(pipeline->steps[2]->summary, "1 → 2 columns");
    const struct ledger_entry *entry = &prepared->ledger.entries[0];
    assert_int_equal(entry->kind, LEDGER_CELL);
    assert_int_equal(entry->line, 3);
    assert_int_equal(entry->origin, 1);
    assert_string_equal(entry->column, "age");
    assert_string_equal(entry->before, "");
    assert_string_equal(entry->after, "41");
    assert_string_equal(entry->reason, "median of training rows");
    assert_string_equal(last_stage(prepared)->columns[1]->name, "job=baker");
    assert_int_equal(last_stage(prepared)->target, 3);
    prepared_free(prepared);
    pipeline->steps[0]->enabled = false; // then missing is a category, and numbers keep their holes
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_ptr_equal(prepared->stages[1]->columns[0], dataset->table->columns[0]);
    assert_non_null(column_named(last_stage(prepared), "job=(missing)"));
    assert_int_equal(column_named(last_stage(prepared), "age")->missing_count, 1);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void named_columns_reach_the_target(void **state) {
    (void)state;
    struct dataset *dataset = small();
    struct split split = split_of(5, NULL);
    struct pipeline *pipeline = parse_steps("missing=constant:value=q:columns=label\\,job");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(column_named(last_stage(prepared), "label")->missing_count, 0);
    assert_int_equal(column_named(last_stage(prepared), "age")->missing_count, 1);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- new data ----

static struct pipeline *stored_and_loaded(const struct pipeline *pipeline) {
    struct error error = {0};
    struct pipeline *loaded = NULL;
    char *json = NULL, *again = NULL;
    assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
    if (pipeline_load(json, "stored", &loaded, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_int_equal(pipeline_save(loaded, true, &again, &error), STATUS_OK);
    assert_string_equal(json, again);
    mem_free(json);
    mem_free(again);
    return loaded;
}

static void stored_pipelines_give_the_same_bits(void **state) {
    (void)state;
    struct error error = {0};
    int train[ROWS];
    for (int row = 0; row < ROWS; row++)
        train[row] = row % 4 != 0;
    struct dataset *dataset = random_rows(11, train, false);
    struct split split = split_of(ROWS, train);
    struct pipeline *pipeline = parse_steps(
        "outliers=clip,missing=mean:indicator=yes,min-max=high=0.3:columns=a,standardize=columns=b,one-hot=ignore");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    struct pipeline *loaded = stored_and_loaded(pipeline);
    if (pipeline_apply(loaded, dataset, &applied, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    const struct table *a = last_stage(prepared), *b = last_stage(applied);
    assert_int_equal(a->column_count, b->column_count);
    for (size_t i = 0; i < a->column_count; i++) {
        assert_string_equal(a->columns[i]->name, b->columns[i]->name);
        for (size_t row = 0; row < ROWS && column_has_values(a->columns[i]); row++) {
            double x = column_number(a->columns[i], row), y = column_number(b->columns[i], row);
            assert_memory_equal(&x, &y, sizeof x);
        }
    }
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(loaded);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void prediction_drops_no_row(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(6), *fresh = dataset_of(3);
    add_numbers(dataset, "x", (double[]){1, 2, 3, 4, 4, 900});
    add_words(dataset, "code", (const char *const[]){"1", "2", "1", "2", "2", "1"});
    add_numbers(fresh, "code", (double[]){2, 2, 1}); // read as numbers this time
    add_numbers(fresh, "x", (double[]){900, 900, NAN});
    struct split split = split_of(6, NULL);
    struct pipeline *pipeline = parse_steps("drop-duplicates,outliers=drop,missing=mean,one-hot");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    assert_int_equal(last_stage(prepared)->rows, 4);
    if (pipeline_apply(pipeline, fresh, &applied, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_int_equal(last_stage(applied)->rows, 3);
    assert_near(column_number(column_named(last_stage(applied), "x"), 2), 2.5, 0);
    assert_near(column_number(column_named(last_stage(applied), "code=2"), 0), 1, 0);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("missing=drop-row");
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(pipeline_apply(pipeline, fresh, &applied, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "made.csv line 4: column \"x\" is missing"));
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("standardize");
    assert_int_equal(pipeline_apply(pipeline, fresh, &applied, NULL, &error), STATUS_STATE);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(fresh);
    dataset_free(dataset);
}

static void new_data_must_have_the_columns(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = small(), *fresh = dataset_of(1);
    add_words(fresh, "age", (const char *const[]){"old"});
    add_words(fresh, "job", (const char *const[]){"pilot"});
    struct split split = split_of(5, NULL);
    struct pipeline *pipeline = parse_steps("missing=median:columns=age\\,empty,standardize=columns=age");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    assert_int_equal(pipeline_apply(pipeline, fresh, &applied, NULL, &error), STATUS_INVALID);
    assert_non_null(
        strstr(error.text, "line 2: column \"age\" was numeric when the pipeline was fitted, \"old\" is not"));
    table_remove(fresh->table, 0);
    assert_int_equal(pipeline_apply(pipeline, fresh, &applied, NULL, &error), STATUS_MISSING);
    assert_non_null(strstr(error.text, "\"age\""));
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("missing,one-hot=columns=job\\,label");
    prepared = run_pipeline(pipeline, dataset, &split); // its target may be absent, its words may not be new
    add_numbers(fresh, "age", (double[]){3});
    add_numbers(fresh, "empty", (double[]){3});
    assert_int_equal(pipeline_apply(pipeline, fresh, &applied, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "line 2: column \"job\" is \"pilot\", which no training row has"));
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(fresh);
    dataset_free(dataset);
}

// ---- inverting ----

static void scaling_and_encoding_go_back(void **state) {
    (void)state;
    struct error error = {0};
    static const char *const pipelines[] = {"standardize", "min-max=low=-3:high=8", "one-hot",
                                            "one-hot=error:drop=first",
                                            "one-hot=error:drop=if-binary:columns=job\\,age"};
    for (size_t i = 0; i < sizeof pipelines / sizeof pipelines[0]; i++) {
        struct dataset *dataset = small();
        struct split split = split_of(5, NULL);
        struct pipeline *pipeline = parse_steps(pipelines[i]);
        struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
        struct table *table = NULL;
        char room[64];
        assert_int_equal(table_share(last_stage(prepared), &table, &error), STATUS_OK);
        assert_true(pipeline->steps[0]->kind->reversible);
        assert_int_equal(pipeline->steps[0]->kind->invert(pipeline->steps[0], table, &error), STATUS_OK);
        assert_int_equal(table->column_count, 4);
        for (size_t row = 0; row < 5; row++) {
            const struct column *age = column_named(table, "age"), *was = dataset->table->columns[0];
            assert_int_equal(column_is_missing(age, row), column_is_missing(was, row));
            assert_true(column_is_missing(age, row) ||
                        fabs(column_number(age, row) - column_number(was, row)) < 1e-12 * 50);
            assert_string_equal(column_text(column_named(table, "job"), row, room),
                                column_text(dataset->table->columns[1], row, (char[64]){0}));
        }
        table_free(table);
        prepared_free(prepared);
        pipeline_free(pipeline);
        split_free(&split);
        dataset_free(dataset);
    }
}

// ---- refusals ----

static void what_cannot_be_done_is_said(void **state) {
    (void)state;
    struct dataset *dataset = small();
    refused("standardize,min-max=columns=agee", dataset, STATUS_MISSING,
            "step 2 (min-max): there is no column \"agee\" in made.csv; did you mean \"age\"?");
    refused("standardize=columns=job", dataset, STATUS_INVALID, "column \"job\" is category; this step needs numbers");
    refused("missing=constant", dataset, STATUS_INVALID, "set \"value\"");
    refused("missing=constant:value=x:columns=age", dataset, STATUS_INVALID, "cannot be filled with \"x\"");
    refused("missing=drop-row:indicator=yes", dataset, STATUS_INVALID, "indicator");
    refused("min-max=low=2:high=1", dataset, STATUS_INVALID, "low must be less than high");
    refused("normalize-images", dataset, STATUS_UNSUPPORTED, "works on images, and made.csv holds a table");
    column_set_missing(dataset->table->columns[0], 4, &(struct error){0}); // now every row has a hole
    refused("missing=drop-row,standardize", dataset, STATUS_INVALID, "step 2 (standardize): no training row");
    add_words(dataset, "age=(missing)", (const char *const[]){"a", "a", "a", "a", "b"});
    refused("one-hot=columns=age", dataset, STATUS_INVALID, "there is a column \"age=(missing)\" already");
    add_numbers(dataset, "huge", (double[]){-1.7e308, 1.7e308, 0, 1, INFINITY});
    refused("standardize=columns=huge", dataset, STATUS_NUMERIC, "made.csv line 6: column \"huge\" is infinite there");
    refused("missing=mean:columns=huge", dataset, STATUS_NUMERIC, "infinite");
    dataset->table->columns[5]->values[4] = 2;
    refused("min-max=columns=huge", dataset, STATUS_NUMERIC, "too far apart");
    refused("standardize=columns=huge", dataset, STATUS_NUMERIC, "too large");
    dataset_free(dataset);
}

static void infinities_outside_training_are_refused_too(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(3);
    add_numbers(dataset, "x", (double[]){1, 2, INFINITY});
    struct split split = split_of(3, (int[]){1, 1, 0});
    struct pipeline *pipeline = parse_steps("standardize");
    struct prepared *prepared = NULL;
    assert_int_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), STATUS_NUMERIC);
    assert_non_null(strstr(error.text, "line 4: column \"x\""));
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void a_cancelled_task_ends_it(void **state) {
    (void)state;
    struct error error = {0};
    struct task task = {0};
    struct dataset *dataset = small();
    struct split split = split_of(5, NULL);
    struct pipeline *pipeline = parse_steps("missing,standardize");
    struct prepared *prepared = NULL;
    task_cancel(&task);
    assert_int_equal(pipeline_run(pipeline, dataset, &split, &prepared, &task, &error), STATUS_CANCELLED);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// ---- images ----

static struct dataset *images_of(size_t count, size_t test_from) {
    struct error error;
    struct dataset *dataset = mem_alloc(1, sizeof *dataset);
    dataset->kind = DATASET_IMAGES;
    dataset->name = mem_string("pictures");
    dataset->images = images_make(count, 3, 2, 2, 2, &error);
    dataset->images->test_from = test_from;
    assert_int_equal(images_number_classes(dataset->images, &error), STATUS_OK);
    for (size_t i = 0; i < count * 12; i++)
        dataset->images->pixels[i] = (uint8_t)(i * 37 % 256);
    for (size_t i = 0; i < count; i++)
        dataset->images->labels[i] = (int32_t)(i % 2);
    return dataset;
}

static void images_are_measured_on_training_images(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = images_of(6, 6);
    struct split split = split_of(6, (int[]){1, 0, 1, 1, 0, 1});
    struct pipeline *pipeline = parse_steps("normalize-images");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    for (size_t channel = 0; channel < 3; channel++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < 6; i++)
            for (size_t at = 0; at < 4; at++) {
                double v = dataset->images->pixels[i * 12 + channel * 4 + at] / 255.0;
                sum += split.part[i] == PART_TRAIN ? v : 0;
                squares += split.part[i] == PART_TRAIN ? v * v : 0;
            }
        assert_near(prepared->pixel_mean[channel], sum / 16, 1e-6);
        assert_near(prepared->pixel_sd[channel], sqrt(squares / 16 - sum / 16 * sum / 16), 1e-6);
    }
    assert_string_equal(pipeline->steps[0]->summary, "3 channels");
    struct pipeline *loaded = stored_and_loaded(pipeline);
    assert_int_equal(pipeline_apply(loaded, dataset, &applied, NULL, &error), STATUS_OK);
    assert_memory_equal(applied->pixel_mean, prepared->pixel_mean, sizeof prepared->pixel_mean);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(loaded);
    pipeline_free(pipeline);
    pipeline = parse_steps("normalize-images=given:mean=0.4914\\, 0.4822\\, 0.4465:sd=0.2023\\,0.1994\\,0.2010");
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_true(prepared->pixel_mean[1] == 0.4822f && prepared->pixel_sd[2] == 0.2010f);
    prepared_free(prepared);
    pipeline_free(pipeline);
    refused("normalize-images=given:mean=0.5:sd=1", dataset, STATUS_INVALID, "3 numbers");
    refused("normalize-images=given:mean=0\\,0\\,0:sd=1\\,1\\,0", dataset, STATUS_INVALID, "greater than 0");
    refused("normalize-images=given:mean=0\\,0\\,x:sd=1\\,1\\,1", dataset, STATUS_INVALID, "mean \"0,0,x\"");
    refused("standardize", dataset, STATUS_UNSUPPORTED, "works on tables, and pictures holds images");
    split_free(&split);
    dataset_free(dataset);
}

// ---- editing, suggesting ----

static void steps_move(void **state) {
    (void)state;
    struct error error;
    struct pipeline *pipeline = parse_steps("missing,standardize,one-hot,min-max"), *copy = NULL;
    pipeline_move(pipeline, 0, 2);
    pipeline_move(pipeline, 3, 1);
    pipeline_remove(pipeline, 2);
    assert_int_equal(pipeline->count, 3);
    assert_string_equal(pipeline->steps[0]->kind->name, "standardize");
    assert_string_equal(pipeline->steps[1]->kind->name, "min-max");
    assert_string_equal(pipeline->steps[2]->kind->name, "missing");
    pipeline->steps[1]->enabled = false;
    assert_int_equal(params_set(pipeline->steps[1]->kind->params, pipeline->steps[1]->settings, "high", "7", &error),
                     STATUS_OK);
    assert_int_equal(pipeline_copy(pipeline, &copy, &error), STATUS_OK);
    char *a = NULL, *b = NULL;
    assert_int_equal(pipeline_save(pipeline, false, &a, &error), STATUS_OK);
    assert_int_equal(pipeline_save(copy, false, &b, &error), STATUS_OK);
    assert_string_equal(a, b);
    assert_false(copy->steps[1]->enabled);
    mem_free(a);
    mem_free(b);
    pipeline_free(copy);
    pipeline_free(pipeline);
}

static void suggestions_fit_the_data(void **state) {
    (void)state;
    struct error error = {0};
    struct str reasons = {0};
    struct dataset *dataset = small();
    struct pipeline *pipeline = NULL;
    assert_int_equal(pipeline_suggest(dataset, false, 0, &pipeline, &reasons, &error), STATUS_OK);
    assert_int_equal(pipeline->count, 3);
    assert_string_equal(pipeline->steps[0]->kind->name, "missing");
    assert_string_equal(pipeline->steps[1]->kind->name, "standardize");
    assert_string_equal(pipeline->steps[2]->kind->name, "one-hot");
    size_t lines = 0;
    for (const char *at = str_text(&reasons); *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 3);
    pipeline_free(pipeline);
    str_clear(&reasons);
    add_numbers(dataset, "endless", (double[]){1, 2, INFINITY, 4, 5});
    assert_int_equal(pipeline_suggest(dataset, false, 0, &pipeline, &reasons, &error), STATUS_OK);
    struct split split = split_of(5, NULL);
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_true(isfinite(column_number(column_named(last_stage(prepared), "endless"), 2)));
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    str_free(&reasons);
    dataset_free(dataset);
}

// ---- memory ----

static void allocations_of(const char *steps, unsigned long least) {
    struct dataset *dataset = small();
    struct split split = split_of(5, (int[]){1, 1, 1, 1, 0});
    unsigned long failures = 0;
    for (unsigned long after = 1; after < 5000; after++) {
        struct error error = {0};
        struct pipeline *pipeline = parse_steps(steps);
        struct prepared *prepared = NULL;
        mem_fail_at(after);
        enum status status = pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error);
        mem_fail_at(0);
        if (status == STATUS_OK) {
            prepared_free(prepared);
            pipeline_free(pipeline);
            break;
        }
        failures++;
        assert_int_equal(status, STATUS_MEMORY);
        assert_non_null(strstr(error.text, "out of memory"));
        assert_null(prepared);
        assert_int_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error),
                         STATUS_OK); // nothing is broken
        prepared_free(prepared);
        pipeline_free(pipeline);
    }
    assert_in_range(failures, least, 4000);
    split_free(&split);
    dataset_free(dataset);
}

static void no_allocation_may_fail_badly(void **state) {
    (void)state;
    allocations_of(
        "drop-duplicates=columns=age\\,job,outliers=clip,missing=median:indicator=yes,min-max,standardize,one-hot",
        100);
    allocations_of("missing=previous,outliers=flag:method=z,smooth,check=not_missing=yes:unique=yes:flag=bad", 50);
    allocations_of("missing=knn,outliers=winsorize,outliers=flag:method=forest:trees=3:share=0.3,near-equal", 50);
    allocations_of("near-equal=distance,near-equal=merges=baker\\=cook,infinities,missing=drop-row,check=set=x", 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duplicates_keep_training_rows_first),
        cmocka_unit_test(outliers_leave_other_rows_alone),
        cmocka_unit_test(a_constant_majority_has_no_fences),
        cmocka_unit_test(missing_fills_and_says_so),
        cmocka_unit_test(named_columns_reach_the_target),
        cmocka_unit_test(stored_pipelines_give_the_same_bits),
        cmocka_unit_test(prediction_drops_no_row),
        cmocka_unit_test(new_data_must_have_the_columns),
        cmocka_unit_test(scaling_and_encoding_go_back),
        cmocka_unit_test(what_cannot_be_done_is_said),
        cmocka_unit_test(infinities_outside_training_are_refused_too),
        cmocka_unit_test(a_cancelled_task_ends_it),
        cmocka_unit_test(images_are_measured_on_training_images),
        cmocka_unit_test(steps_move),
        cmocka_unit_test(suggestions_fit_the_data),
        cmocka_unit_test(no_allocation_may_fail_badly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
