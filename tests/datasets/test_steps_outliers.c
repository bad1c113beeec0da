// The steps "outliers" and "infinities": fences against the published rules (tests/fixtures/steps_outliers.json), the
// isolation forest against its formula and against scikit-learn's (forest.json), the ledger, storing, refusals.
#include "tests/datasets/steps_fixture.h"

#include "core/base/rng.h"
#include "datasets/steps/forest.h"

static void as_published(void **state) {
    (void)state;
    check_fixture("tests/fixtures/steps_outliers.json", 24);
}

// ---- forest ----

static void ways_as_published(void **state) {
    (void)state;
    assert_near(forest_way(0), 0, 0);
    assert_near(forest_way(1), 0, 0);
    assert_near(forest_way(2), 1, 0);
    assert_near(forest_way(3), 2 * (log(2) + 0.5772156649015329) - 4.0 / 3, 1e-15);
    assert_near(forest_way(256), 10.244770920119917, 1e-12); // scikit-learn's _average_path_length([256])
}

// x ≤ 1: leaf of 3; else y ≤ 5: leaf of 1; else leaf of 2. And a tree that is a leaf of 6.
static double score_of(const struct forest *forest, const double *row) {
    double score;
    forest_score(forest, row, 1, &score);
    return score;
}

static void scores_as_published(void **state) {
    (void)state;
    struct forest_node cut[] = {{.split = 1, .column = 0, .right = 2},
                                {.split = forest_way(3), .size = 3},
                                {.split = 5, .column = 1, .right = 4},
                                {.split = 0, .size = 1},
                                {.split = 1, .size = 2}};
    struct forest_node whole[] = {{.split = forest_way(6), .size = 6}};
    struct forest_tree trees[] = {{cut, 5}, {whole, 1}};
    struct forest forest = {trees, 1, 2, 6};
    double c6 = 2 * (log(5) + 0.5772156649015329) - 2 * 5.0 / 6, c3 = 2 * (log(2) + 0.5772156649015329) - 4.0 / 3;
    assert_near(score_of(&forest, (double[]){1, 9}), pow(2, -(1 + c3) / c6), 1e-15);
    assert_near(score_of(&forest, (double[]){1.5, 5}), pow(2, -2 / c6), 1e-15);
    assert_near(score_of(&forest, (double[]){INFINITY, INFINITY}), pow(2, -(2 + 1) / c6), 1e-15);
    forest.tree_count = 2;
    assert_near(score_of(&forest, (double[]){1.5, 5}), pow(2, -(2 + c6) / 2 / c6), 1e-15);
}

static void check_tree(const struct forest_tree *tree, size_t at, size_t depth, size_t *rows, size_t deepest) {
    const struct forest_node *node = &tree->nodes[at];
    assert_true(at < tree->count && depth <= deepest);
    if (node->right == 0) {
        assert_true(node->size >= 1);
        assert_true(node->size == 1 || depth == deepest); // rows of this test are all different
        *rows += node->size;
        return;
    }
    assert_true(node->column < 3 && node->right > at + 1);
    check_tree(tree, at + 1, depth + 1, rows, deepest);
    check_tree(tree, node->right, depth + 1, rows, deepest);
}

static double *fixture_rows(const cJSON *rows, size_t count) {
    double *made = mem_alloc(count * 3, sizeof *made);
    const cJSON *row, *cell;
    size_t at = 0;
    cJSON_ArrayForEach(row, rows) cJSON_ArrayForEach(cell, row) made[at++] = cell->valuedouble;
    assert_int_equal(at, count * 3);
    return made;
}

static double area_under_curve(const double *scores, const cJSON *label, size_t count) {
    const cJSON *a, *b;
    double wins = 0, pairs = 0;
    size_t i = 0;
    cJSON_ArrayForEach(a, label) {
        size_t j = 0;
        cJSON_ArrayForEach(b, label) {
            if (a->valueint == 1 && b->valueint == 0) {
                wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                pairs++;
            }
            j++;
        }
        i++;
    }
    assert_int_equal(i, count);
    return wins / pairs;
}

// Each of the scores, as the mean over 20 forests, and how they rank.
static void as_scikit_learn(void **state) {
    (void)state;
    struct error error = {0};
    char *text = NULL;
    size_t size;
    enum { SEEDS = 20, TREES = 100, SAMPLE = 256 };
    assert_int_equal(file_read("tests/fixtures/forest.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *made = cJSON_Parse(text);
    size_t count = array_size(cJSON_GetObjectItem(made, "rows"));
    double *rows = fixture_rows(cJSON_GetObjectItem(made, "rows"), count), area = 0;
    double *scores = mem_alloc(count, sizeof *scores), *means = mem_alloc(count, sizeof *means);
    double *samples = mem_alloc((size_t)TREES * SAMPLE * 3, sizeof *samples);
    uint32_t *order = mem_alloc(count, sizeof *order);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct forest forest = {0};
        for (size_t tree = 0; tree < TREES; tree++) {
            struct rng rng = rng_make(seed, RNG_TEST, tree);
            for (size_t i = 0; i < count; i++)
                order[i] = (uint32_t)i;
            rng_shuffle(&rng, order, count);
            for (size_t i = 0; i < SAMPLE; i++)
                memcpy(samples + (tree * SAMPLE + i) * 3, rows + order[i] * 3, 3 * sizeof *rows);
        }
        assert_int_equal(forest_grow(&forest, samples, TREES, SAMPLE, 3, seed, NULL, &error), STATUS_OK);
        for (size_t tree = 0; tree < TREES; tree++) {
            size_t total = 0;
            check_tree(&forest.trees[tree], 0, 0, &total, 8);
            assert_int_equal(total, SAMPLE);
        }
        forest_score(&forest, rows, count, scores);
        for (size_t i = 0; i < count; i++)
            means[i] += scores[i] / SEEDS;
        area += area_under_curve(scores, cJSON_GetObjectItem(made, "label"), count) / SEEDS;
        forest_free(&forest);
    }
    double expected = cJSON_GetObjectItem(made, "auc_mean")->valuedouble;
    double sd = cJSON_GetObjectItem(made, "auc_sd")->valuedouble, bias = 0, square = 0;
    const cJSON *score;
    size_t i = 0;
    cJSON_ArrayForEach(score, cJSON_GetObjectItem(made, "score_mean")) {
        double difference = means[i++] - score->valuedouble;
        bias += difference / (double)count;
        square += difference * difference / (double)count;
    }
    print_message("  area %.4f, scikit-learn %.4f; scores differ by %.4f, root mean square %.4f\n", area, expected,
                  bias, sqrt(square));
    assert_true(fabs(area - expected) < 4 * sd / sqrt(SEEDS / 2.0));
    assert_true(fabs(bias) < 0.001 && sqrt(square) < 0.005);
    mem_free(order);
    mem_free(samples);
    mem_free(means);
    mem_free(scores);
    mem_free(rows);
    cJSON_Delete(made);
    mem_free(text);
}

// ---- the step ----

enum { MANY = 300 };

// Rows 0, 100 and 200 are far off in both columns together; row 200 does not train.
static struct dataset *cloud(void) {
    double a[MANY], b[MANY];
    struct rng rng = rng_make(5, RNG_TEST, 0);
    for (int row = 0; row < MANY; row++) {
        a[row] = rng_normal(&rng);
        b[row] = a[row] + 0.1 * rng_normal(&rng);
        if (row % 100 == 0) {
            a[row] = 9;
            b[row] = -9;
        }
    }
    a[7] = NAN;
    b[8] = INFINITY;
    struct dataset *dataset = dataset_of(MANY);
    add_numbers(dataset, "a", a);
    add_numbers(dataset, "b", b);
    return dataset;
}

static struct split all_but_200(void) {
    struct split split = split_of(MANY, NULL);
    split.part[200] = PART_TEST;
    return split;
}

static void forests_flag_drop_and_empty(void **state) {
    (void)state;
    struct dataset *dataset = cloud();
    struct split split = all_but_200();
    struct pipeline *pipeline = parse_steps("outliers=flag:method=forest:score=0.7");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    const struct column *flag = column_named(last_stage(prepared), "outlier");
    size_t flagged = 0;
    for (size_t row = 0; row < MANY; row++) {
        bool far = row % 100 == 0;
        flagged += column_number(flag, row) == 1;
        assert_true(!far || column_number(flag, row) == 1);
    }
    assert_true(flagged >= 3 && flagged <= 9);
    assert_int_equal(prepared->ledger.cells, flagged);
    assert_int_equal(prepared->ledger.entries[0].line, 2);
    assert_memory_equal(prepared->ledger.entries[0].before, "score 0.", 8);
    assert_string_equal(prepared->ledger.entries[0].reason, "isolation score above the threshold of training rows");
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("outliers=drop:method=forest:share=0.01"); // of 299 rows: three
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->rows, MANY - 3);
    assert_int_equal(table_origin(last_stage(prepared), 0), 1);
    assert_int_equal(table_origin(last_stage(prepared), 198 - 1), 200); // rows that do not train stay
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps("outliers=missing:method=forest:score=0.7");
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_true(column_is_missing(last_stage(prepared)->columns[0], 100));
    assert_true(column_is_missing(last_stage(prepared)->columns[1], 200));
    size_t left = last_stage(prepared)->columns[0]->missing_count + last_stage(prepared)->columns[1]->missing_count;
    assert_true(prepared->ledger.cells == 2 * flagged);
    assert_true(prepared->ledger.cells == left - 1); // row 7 had a hole before
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

// A forest that was saved gives the same scores to the bit, and the same text again; so does the same seed.
static void forests_are_kept_exactly(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = cloud();
    struct split split = all_but_200();
    char *json = NULL, *again = NULL, *other = NULL, *seeded = NULL;
    struct pipeline *pipeline = parse_steps("outliers=flag:method=forest:share=0.05"), *loaded = NULL;
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
    if (pipeline_load(json, "stored", &loaded, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_int_equal(pipeline_save(loaded, true, &again, &error), STATUS_OK);
    assert_string_equal(json, again);
    if (pipeline_apply(loaded, dataset, &applied, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    for (size_t row = 0; row < MANY; row++)
        assert_near(column_number(last_stage(applied)->columns[2], row),
                    column_number(last_stage(prepared)->columns[2], row), 0);
    prepared_free(prepared);
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(pipeline_save(pipeline, true, &other, &error), STATUS_OK);
    assert_string_equal(json, other);
    prepared_free(prepared);
    prepared_free(applied);
    pipeline_free(loaded);
    pipeline_free(pipeline);
    pipeline = parse_steps("outliers=flag:method=forest:share=0.05:seed=2");
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(pipeline_save(pipeline, true, &seeded, &error), STATUS_OK);
    assert_string_not_equal(strstr(json, "trees\":\t["), strstr(seeded, "trees\":\t["));
    prepared_free(prepared);
    pipeline_free(pipeline);
    mem_free(json);
    mem_free(again);
    mem_free(other);
    mem_free(seeded);
    split_free(&split);
    dataset_free(dataset);
}

static void broken_forests_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *rest, *sentence;
    } broken[] = {
        {"", "\"threshold\" must be a number"},
        {",\"threshold\":0.5", "\"trees\" must be an array"},
        {",\"threshold\":0.5,\"trees\":[],\"sample\":4", "\"trees\" must be an array"},
        {",\"threshold\":0.5,\"trees\":[\". 4\"]", "\"sample\" must be"},
        {",\"threshold\":0.5,\"sample\":4,\"trees\":[\". 4\",3]", "tree 2 of"},
        {",\"threshold\":0.5,\"sample\":4,\"trees\":[\"0 1.5 . 4\"]", "tree 1 of"},
        {",\"threshold\":0.5,\"sample\":4,\"trees\":[\"1 1.5 . 4 . 1\"]", "tree 1 of"},
        {",\"threshold\":0.5,\"sample\":4,\"trees\":[\"0 1.5 . 4 . 1 . 2\"]", "tree 1 of"},
        {",\"threshold\":0.5,\"sample\":4,\"trees\":[\"0 inf . 4 . 1\"]", "tree 1 of"},
        {",\"threshold\":0.5,\"sample\":4,\"trees\":[\"0 1 . 4.5 . 1\"]", "tree 1 of"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct error error = {0};
        struct pipeline *pipeline = NULL;
        struct str json = {0};
        str_format(
            &json,
            "{\"version\":1,\"steps\":[{\"step\":\"outliers\",\"method\":\"forest\",\"action\":\"flag\",\"state\":"
            "{\"columns\":[{\"name\":\"a\",\"type\":\"numeric\",\"low\":0,\"high\":1,\"to_low\":0,\"to_high\":0,"
            "\"spread\":1}]%s}}]}",
            broken[i].rest);
        assert_int_equal(pipeline_load(str_text(&json), "r.json", &pipeline, &error), STATUS_INVALID);
        if (strstr(error.text, broken[i].sentence) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", broken[i].sentence, error.text);
        str_free(&json);
    }
}

static void what_cannot_be_done_is_said(void **state) {
    (void)state;
    struct dataset *dataset = dataset_of(4);
    add_numbers(dataset, "outlier", (double[]){1, 2, 3, 4});
    steps_refused("outliers=clip:method=forest", dataset, "finds whole rows, which cannot be moved to a fence");
    steps_refused("outliers=flag:flag=", dataset, "set \"flag\"");
    steps_refused("outliers=flag", dataset, "there is a column \"outlier\" already");
    add_numbers(dataset, "x", (double[]){1, 2, 3, INFINITY});
    steps_refused("outliers=flag:method=z:flag=far", dataset,
            "leave method z without a measure; use method iqr, or put a step \"infinities\"");
    dataset_free(dataset);
    dataset = dataset_of(2);
    add_words(dataset, "w", (const char *const[]){"a", "b"});
    steps_refused("outliers=flag:method=forest", dataset, "no numeric column for an isolation forest");
    dataset_free(dataset);
}

static void without_spread_nothing_is_far(void **state) {
    (void)state;
    static const char *const steps[] = {"outliers=clip", "outliers=clip:method=z",
                                        "outliers=winsorize:method=modified-z"};
    struct dataset *dataset = dataset_of(4);
    add_numbers(dataset, "x", (double[]){3, 3, 3, 90});
    struct split split = split_of(4, (int[]){1, 1, 1, 0});
    for (size_t i = 0; i < 3; i++) {
        struct pipeline *pipeline = parse_steps(steps[i]);
        struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
        assert_ptr_equal(last_stage(prepared)->columns[0], dataset->table->columns[0]);
        assert_int_equal(prepared->ledger.cells, 0);
        assert_string_equal(prepared->ledger.entries[0].after, "left alone");
        prepared_free(prepared);
        pipeline_free(pipeline);
    }
    split_free(&split);
    dataset_free(dataset);
}

// ---- infinities ----

static void infinities_become_missing(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(4), *fresh = dataset_of(1);
    add_numbers(dataset, "x", (double[]){1, INFINITY, NAN, -INFINITY});
    add_numbers(dataset, "y", (double[]){1, 2, 3, 4});
    add_numbers(fresh, "x", (double[]){INFINITY});
    add_numbers(fresh, "y", (double[]){2});
    struct split split = split_of(4, (int[]){1, 0, 1, 1});
    struct pipeline *pipeline = parse_steps("infinities,missing=median");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split), *applied = NULL;
    const struct table *table = prepared->stages[1];
    assert_int_equal(table->columns[0]->missing_count, 3);
    assert_ptr_equal(table->columns[1], dataset->table->columns[1]);
    assert_near(column_number(last_stage(prepared)->columns[0], 3), 1, 0);
    assert_int_equal(prepared->ledger.entries[0].line, 3);
    assert_string_equal(prepared->ledger.entries[1].before, "-inf");
    assert_string_equal(prepared->ledger.entries[1].after, "");
    assert_string_equal(pipeline->steps[0]->summary, "2 cells");
    if (pipeline_apply(pipeline, fresh, &applied, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_near(column_number(last_stage(applied)->columns[0], 0), 1, 0);
    prepared_free(applied);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(fresh);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_published),
        cmocka_unit_test(ways_as_published),
        cmocka_unit_test(scores_as_published),
        cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(forests_flag_drop_and_empty),
        cmocka_unit_test(forests_are_kept_exactly),
        cmocka_unit_test(broken_forests_are_refused),
        cmocka_unit_test(what_cannot_be_done_is_said),
        cmocka_unit_test(without_spread_nothing_is_far),
        cmocka_unit_test(infinities_become_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
