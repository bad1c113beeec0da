// Figures against pandas and numpy (tests/fixtures/make_profile.py), warnings against files made to
// earn them.
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "core/base/file.h"
#include "datasets/profile_parts.h"
#include "tests/datasets/table_files.h"

static struct profile *profile_of(const struct dataset *dataset) {
    struct profile *profile = NULL;
    struct error error;
    assert_int_equal(profile_make(dataset, NULL, &profile, NULL, &error), STATUS_OK);
    return profile;
}

static void near(double found, double expected, const char *column, const char *figure) {
    double allowed = 1e-9 * fmax(fabs(expected), 1e-12);
    if (!(fabs(found - expected) <= allowed))
        fail_msg("%s %s: %.17g, expected %.17g", column, figure, found, expected);
}

static void compare(const cJSON *truth, const struct column_profile *found) {
    const struct {
        const char *name;
        double value;
    } figures[] = {{"missing", (double)found->missing},
                   {"distinct", (double)found->distinct},
                   {"mean", found->mean},
                   {"sd", found->sd},
                   {"min", found->min},
                   {"q25", found->q25},
                   {"median", found->median},
                   {"q75", found->q75},
                   {"max", found->max},
                   {"mad", found->mad},
                   {"skew", found->skew},
                   {"kurtosis", found->kurtosis},
                   {"zeros", (double)found->zeros},
                   {"negatives", (double)found->negatives},
                   {"outliers", (double)found->outliers}};
    const char *name = cJSON_GetObjectItem(truth, "name")->valuestring;
    assert_string_equal(name, found->column->name);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        const cJSON *item = cJSON_GetObjectItem(truth, figures[i].name);
        double scale = strcmp(figures[i].name, "skew") == 0 || strcmp(figures[i].name, "kurtosis") == 0 ? 1 : 0;
        if (item != NULL && scale > 0)
            near(figures[i].value + 10, item->valuedouble + 10, name, figures[i].name); // of order 1, may be near 0
        else if (item != NULL)
            near(figures[i].value, item->valuedouble, name, figures[i].name);
    }
    const cJSON *histogram = cJSON_GetObjectItem(truth, "histogram");
    for (int i = 0; cJSON_IsArray(histogram) && i < HISTOGRAM_BINS; i++)
        near((double)found->histogram.bins[i], cJSON_GetArrayItem(histogram, i)->valuedouble, name, "bin");
    const cJSON *top = cJSON_GetObjectItem(truth, "top");
    for (int i = 0; top != NULL && i < cJSON_GetArraySize(top); i++) {
        const cJSON *pair = cJSON_GetArrayItem(top, i);
        assert_string_equal(cJSON_GetArrayItem(pair, 0)->valuestring, found->top[i].word);
        near((double)found->top[i].count, cJSON_GetArrayItem(pair, 1)->valuedouble, name, "top");
    }
}

// A matrix of the fixture has the names of its columns alone; rows follow in the table's order.
static void compare_matrix(const cJSON *matrices, const struct profile *profile, enum profile_matrix which) {
    const cJSON *truth = cJSON_GetObjectItem(matrices, matrix_names[which]),
                *rows = cJSON_GetObjectItem(truth, "values");
    const struct matrix *found = &profile->matrices[which];
    assert_int_equal(cJSON_GetArraySize(rows), found->rows);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(truth, "columns")), found->columns);
    assert_false(found->about);
    for (size_t i = 0; i < found->rows; i++)
        for (size_t j = 0; j < found->columns; j++) {
            const cJSON *item = cJSON_GetArrayItem(cJSON_GetArrayItem(rows, (int)i), (int)j);
            const char *name = profile->columns[found->row_of[i]].column->name;
            double value = found->values[i * found->columns + j];
            assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(truth, "columns"), (int)j)->valuestring,
                                profile->columns[found->column_of[j]].column->name);
            if (cJSON_IsNull(item))
                assert_true(isnan(value));
            else
                near(value + 2, item->valuedouble + 2, name, matrix_names[which]); // of order 1, may be near 0
        }
}

static void compare_relations(const cJSON *truth, const struct profile *profile) {
    for (int i = 0; i < MATRICES; i++)
        compare_matrix(cJSON_GetObjectItem(truth, "matrices"), profile, (enum profile_matrix)i);
    const cJSON *pair, *together = cJSON_GetObjectItem(truth, "together");
    size_t found = 0;
    cJSON_ArrayForEach(pair, together) {
        for (size_t i = 0; i < profile->together_count; i++) {
            const struct missing_pair *item = &profile->together[i];
            if (strcmp(profile->columns[item->a].column->name, cJSON_GetArrayItem(pair, 0)->valuestring) == 0 &&
                strcmp(profile->columns[item->b].column->name, cJSON_GetArrayItem(pair, 1)->valuestring) == 0) {
                assert_int_equal(item->both, cJSON_GetArrayItem(pair, 2)->valueint);
                found++;
            }
        }
    }
    assert_int_equal(found, profile->together_count);
    assert_int_equal(found, 5); // the sixth has no row
    const cJSON *classes = cJSON_GetObjectItem(truth, "classes");
    assert_int_equal(cJSON_GetArraySize(classes), profile->class_count);
    for (size_t i = 0; i < profile->class_count; i++) {
        const cJSON *item = cJSON_GetArrayItem(classes, (int)i);
        assert_string_equal(profile->classes[i].name, cJSON_GetArrayItem(item, 0)->valuestring);
        assert_int_equal(profile->classes[i].count, cJSON_GetArrayItem(item, 1)->valueint);
    }
}

static cJSON *read_truth(void) {
    struct error error;
    char *text = NULL;
    size_t size;
    assert_int_equal(file_read("tests/fixtures/profile.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *truth = cJSON_Parse(text);
    mem_free(text);
    return truth;
}

static void compare_all(size_t memory, size_t threads) {
    struct error error;
    cJSON *truth = read_truth();
    cells_set_memory(memory);
    profile_set_threads(threads);
    struct dataset *dataset = load_path("tests/fixtures/profile.csv", NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    assert_int_equal(profile->rows, (size_t)cJSON_GetObjectItem(truth, "rows")->valuedouble);
    assert_int_equal(profile->duplicates, (size_t)cJSON_GetObjectItem(truth, "duplicates")->valuedouble);
    const cJSON *columns = cJSON_GetObjectItem(truth, "columns");
    assert_int_equal(cJSON_GetArraySize(columns), profile->column_count);
    for (size_t i = 0; i < profile->column_count; i++)
        compare(cJSON_GetArrayItem(columns, (int)i), &profile->columns[i]);
    compare_relations(truth, profile);
    profile_free(profile);
    dataset_free(dataset);
    cJSON_Delete(truth);
    cells_set_memory(0);
    profile_set_threads(0);
}

static void figures_are_those_of_pandas(void **state) {
    (void)state;
    compare_all(0, 1);
}

static void figures_are_the_same_on_several_threads(void **state) {
    (void)state;
    compare_all(0, 4);
}

// Too little memory to sort any column: they are passed over several times.
static void figures_are_the_same_with_little_memory(void **state) {
    (void)state;
    compare_all(1, 1);
    compare_all(1, 3);
}

// Every kind of order and of number, with gaps, infinities and ties: sorted in memory against several passes.
static void passes_give_what_sorting_gives(void **state) {
    (void)state;
    struct error error;
    for (unsigned round = 0; round < 40; round++) {
        struct str text = {0};
        size_t rows = round < 5 ? round + 1 : 40 * round;
        unsigned random = 99 + round;
        str_add(&text, "up,down,ties,wide,signs,holes\n");
        for (size_t i = 0; i < rows; i++) {
            random = random * 1664525u + 1013904223u;
            unsigned any = random >> 8;
            str_format(&text, "%g,%g,%u,%.9g,%s%u.5,", (double)(i / 3) * 0.25, -(double)i, any % 7,
                       ldexp((double)any, (int)(any % 61) - 30), any % 5 == 0 ? "-" : "", any % 1000);
            str_format(&text, any % 4 == 0 ? "\n" : any % 97 == 0 ? "-inf\n" : "%u\n", any % 50);
        }
        struct dataset *dataset = load_text(text.text, NULL, &error);
        assert_non_null(dataset);
        for (size_t i = 0; i < dataset->table->column_count; i++) {
            struct column_profile sorted, passed;
            const struct column *column = dataset->table->columns[i];
            assert_int_equal(profile_column(column, &sorted, &error), STATUS_OK);
            cells_set_memory(1);
            assert_int_equal(profile_column(column, &passed, &error), STATUS_OK);
            cells_set_memory(0);
            const double a[] = {sorted.min, sorted.q25, sorted.median, sorted.q75, sorted.max, sorted.mad};
            const double b[] = {passed.min, passed.q25, passed.median, passed.q75, passed.max, passed.mad};
            for (size_t k = 0; k < sizeof a / sizeof *a; k++)
                assert_true(a[k] == b[k] || (isnan(a[k]) && isnan(b[k])));
            if (!isnan(sorted.kurtosis))
                near(passed.kurtosis + 10, sorted.kurtosis + 10, column->name, "kurtosis");
            if (isfinite(sorted.mean))
                near(passed.mean, sorted.mean, column->name, "mean");
            assert_int_equal(sorted.distinct, passed.distinct);
            assert_int_equal(sorted.outliers, passed.outliers);
            assert_int_equal(sorted.zeros + 1000 * sorted.negatives + 1000000 * sorted.infinite,
                             passed.zeros + 1000 * passed.negatives + 1000000 * passed.infinite);
            assert_int_equal(sorted.constant + 2 * sorted.monotone + 4 * sorted.id_like,
                             passed.constant + 2 * passed.monotone + 4 * passed.id_like);
            assert_memory_equal(&sorted.histogram, &passed.histogram, sizeof sorted.histogram);
            assert_int_equal(sorted.top_count, passed.top_count);
            for (size_t k = 0; k < sorted.top_count; k++) {
                assert_string_equal(sorted.top[k].word, passed.top[k].word);
                assert_int_equal(sorted.top[k].count, passed.top[k].count);
            }
            column_profile_clear(&sorted);
            column_profile_clear(&passed);
        }
        dataset_free(dataset);
        str_free(&text);
    }
}

static struct profile *profile_with(const char *text, size_t memory, struct dataset **dataset) {
    struct error error;
    cells_set_memory(memory);
    *dataset = load_text(text, NULL, &error);
    assert_non_null(*dataset);
    assert_int_equal((*dataset)->table->columns[0]->file != NULL, memory == 1);
    struct profile *profile = profile_of(*dataset);
    cells_set_memory(0);
    return profile;
}

static void columns_in_a_file_have_the_same_figures(void **state) {
    (void)state;
    struct str text = {0};
    struct dataset *in_memory, *in_file;
    unsigned random = 5;
    str_add(&text, "a,b,c,w,target\n");
    for (int i = 0; i < 40000; i++) {
        random = random * 1664525u + 1013904223u;
        unsigned any = random >> 8;
        const char *gap = any % 11 == 0 ? "" : "0.5";
        str_format(&text, "%u,%u%s,%s,%c,%c\n", any % 1000, any % 77, any % 2 ? ".25" : "", gap, 'k' + (any >> 4) % 6,
                   any % 1000 > 500 ? 'y' : 'n');
    }
    str_add(&text, "3,4,0.5,k,n\n3,4,0.5,k,n\n");
    struct profile *a = profile_with(text.text, 0, &in_memory), *b = profile_with(text.text, 1, &in_file);
    assert_int_equal(a->duplicates, b->duplicates);
    assert_in_range(a->duplicates, 1, 40001);
    for (size_t i = 0; i < a->column_count; i++) {
        near((double)b->columns[i].distinct, (double)a->columns[i].distinct, "distinct", "file");
        if (isnan(a->columns[i].mean))
            continue; // words
        near(b->columns[i].mean, a->columns[i].mean, "mean", "file");
        near(b->columns[i].mad, a->columns[i].mad, "mad", "file");
    }
    for (size_t which = 0; which < MATRICES; which++)
        for (size_t i = 0; i < a->matrices[which].rows * a->matrices[which].columns; i++)
            if (!isnan(a->matrices[which].values[i]))
                near(b->matrices[which].values[i] + 2, a->matrices[which].values[i] + 2, matrix_names[which], "file");
    assert_int_equal(a->warning_count, b->warning_count);
    for (size_t i = 0; i < a->warning_count; i++) {
        assert_string_equal(a->warnings[i].message, b->warnings[i].message);
        assert_int_equal(a->warnings[i].row_count, b->warnings[i].row_count);
        assert_memory_equal(a->warnings[i].rows, b->warnings[i].rows, a->warnings[i].row_count * sizeof(uint32_t));
    }
    profile_free(a);
    profile_free(b);
    dataset_free(in_memory);
    dataset_free(in_file);
    str_free(&text);
}

// 100 000 different numbers in a table for 2048, of which number k < 20 occurs 3000 - 100 k times more.
static void different_values_are_counted_about(void **state) {
    (void)state;
    struct tally tally;
    struct error error;
    assert_int_equal(tally_make(&tally, 4096, &error), STATUS_OK);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(tally_add(&tally, i * 0.1, &error), STATUS_OK);
        if (i % 5000 == 0)
            assert_int_equal(tally.lost == 0, i == 0);
        for (int k = 0; k < 20 && i % 100 < 30 - k; k++)
            assert_int_equal(tally_add(&tally, -1 - k, &error), STATUS_OK);
    }
    assert_in_range(tally_distinct(&tally), 97000, 103000); // the standard error is 0.8 %
    struct tally_entry best[20];
    assert_int_equal(tally_best(&tally, best, 20), 20);
    for (int k = 0; k < 20; k++) {
        uint64_t truth = 1000 * (uint64_t)(30 - k);
        assert_true(sort_value(best[k].key) == -1 - k);
        assert_true(best[k].count <= truth && best[k].count + tally.lost >= truth);
    }
    tally_free(&tally);
}

static const struct warning *find_warning(const struct profile *profile, const char *kind, const char *column) {
    for (size_t i = 0; i < profile->warning_count; i++)
        if (strcmp(profile->warnings[i].kind, kind) == 0 &&
            (column == NULL ? profile->warnings[i].column == NULL
                            : profile->warnings[i].column != NULL && strcmp(profile->warnings[i].column, column) == 0))
            return &profile->warnings[i];
    return NULL;
}

// 40 rows with one trouble a column, and what must (and must not) be said about it.
static void warnings_name_their_rows(void **state) {
    (void)state;
    struct str text = {0};
    struct error error;
    str_add(&text, "id,same,gap,token,nines,zeros,blood,plain,target\n");
    for (int i = 0; i < 40; i++)
        str_format(&text, "%d,7,%s,%s,%d,%s,%d,%d,%s\n", 100 + i, i == 3 || i == 5 || i == 8 ? "" : "1.5",
                   i == 4  ? "?"
                   : i % 2 ? "2.5"
                           : "3.5",
                   i == 6 || i == 7 ? -999 : i % 7, i == 9 ? "inf" : "0.25", i == 2 || i == 11 ? 0 : 90 + i, i % 5,
                   i < 36 ? "no" : "yes");
    struct dataset *dataset = load_text(text.text, NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    assert_non_null(find_warning(profile, "id", "id"));
    assert_non_null(find_warning(profile, "constant", "same"));
    const struct warning *missing = find_warning(profile, "missing", "gap");
    assert_non_null(missing);
    assert_int_equal(missing->row_count, 3);
    assert_int_equal(missing->rows[2], 8);
    const struct warning *token = find_warning(profile, "suspect_token", "token");
    assert_non_null(token);
    assert_int_equal(token->row_count, 1);
    assert_int_equal(token->rows[0], 4);
    assert_non_null(find_warning(profile, "type", "token"));
    const struct warning *nines = find_warning(profile, "sentinel", "nines");
    assert_non_null(nines);
    assert_int_equal(nines->row_count, 2);
    assert_int_equal(nines->rows[1], 7);
    assert_non_null(find_warning(profile, "infinite", "zeros"));
    const struct warning *zeros = find_warning(profile, "sentinel", "blood");
    assert_non_null(zeros);
    assert_int_equal(zeros->rows[0], 2);
    assert_null(find_warning(profile, "sentinel", "plain"));
    assert_null(find_warning(profile, "duplicates", NULL));
    assert_non_null(find_warning(profile, "imbalance", "target"));
    profile_free(profile);
    dataset_free(dataset);
    str_free(&text);
}

// Columns of words that are numbers with one sign around them; two signs, units beside bare numbers and words are none.
static void amounts_are_proposed(void **state) {
    (void)state;
    struct error error;
    struct dataset *dataset = load_text("price,share,minus,mixed,unit,word,plain\n"
                                        "$1.5,12 %,(3),$1,5 kg,$1,1\n"
                                        "\"$1,200\",3 %,4,\xe2\x82\xac"
                                        "2,7,free,2\n",
                                        NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    const struct warning *price = find_warning(profile, "amounts", "price");
    assert_non_null(price);
    assert_non_null(strstr(price->message, "--type 'price=amount'"));
    assert_non_null(find_warning(profile, "amounts", "share"));
    assert_non_null(find_warning(profile, "amounts", "minus"));
    static const char *const none[] = {"mixed", "unit", "word", "plain"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(find_warning(profile, "amounts", none[i]));
    profile_free(profile);
    dataset_free(dataset);
}

static void thresholds_can_be_changed(void **state) {
    (void)state;
    struct error error;
    struct profile_limits limits;
    struct profile *profile = NULL;
    struct dataset *dataset = load_text("a,b\n1,x\n,y\n3,x\n4,x\n", NULL, &error);
    assert_non_null(dataset);
    params_defaults(&profile_params, &limits);
    assert_int_equal(profile_make(dataset, &limits, &profile, NULL, &error), STATUS_OK);
    assert_non_null(find_warning(profile, "missing", "a"));
    assert_non_null(find_warning(profile, "imbalance", "b")); // 3 of 4
    profile_free(profile);
    assert_int_equal(params_set(&profile_params, &limits, "warn_missing", "0.3", &error), STATUS_OK);
    assert_int_equal(params_set(&profile_params, &limits, "warn-imbalance", "0.8", &error), STATUS_OK);
    assert_int_equal(profile_make(dataset, &limits, &profile, NULL, &error), STATUS_OK);
    assert_null(find_warning(profile, "missing", "a"));
    assert_null(find_warning(profile, "imbalance", "b"));
    profile_free(profile);
    dataset_free(dataset);
}

// y = 2 x + 1, z falls as x rises, p and q are missing together, the target is x above 20.
static void pairs_are_warned_of(void **state) {
    (void)state;
    struct str text = {0};
    struct error error;
    str_add(&text, "x,y,z,p,q,w,target\n");
    for (int i = 0; i < 40; i++)
        str_format(&text, "%d,%d,%g,%s,%s,%s,%s\n", i * 7 % 40, 2 * (i * 7 % 40) + 1, exp(-(i * 7 % 40)),
                   i % 9 ? "1.5" : "", i % 9 ? i % 2 ? "0.25" : "8" : "", i * 7 % 40 > 20 ? "u" : "v",
                   i * 7 % 40 > 20 ? "yes" : "no");
    struct dataset *dataset = load_text(text.text, NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    const struct warning *both = find_warning(profile, "missing_together", "p");
    assert_non_null(both);
    assert_int_equal(both->row_count, 5);
    assert_int_equal(both->rows[1], 9);
    assert_non_null(find_warning(profile, "correlation", "y"));
    const struct warning *falls = find_warning(profile, "correlation", "z");
    assert_non_null(falls);
    assert_non_null(strstr(falls->message, "Spearman -1.000"));
    assert_non_null(find_warning(profile, "leak", "w"));
    assert_null(find_warning(profile, "association", "w")); // with the target: said once
    assert_string_equal(profile->columns[profile->associations[0].column].column->name, "w");
    assert_int_equal(profile->associations[0].kind, ASSOCIATION_CRAMER);
    profile_free(profile);
    dataset_free(dataset);
    str_free(&text);
}

static void duplicates_name_the_later_row(void **state) {
    (void)state;
    struct error error;
    struct dataset *dataset = load_text("a,b\n1,x\n2,\n1,x\n2,\n2,y\n", NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    assert_int_equal(profile->duplicates, 2);
    const struct warning *warning = find_warning(profile, "duplicates", NULL);
    assert_non_null(warning);
    assert_int_equal(warning->row_count, 2);
    assert_int_equal(warning->rows[0], 2);
    assert_int_equal(warning->rows[1], 3);
    profile_free(profile);
    dataset_free(dataset);
}

// Columns with 0, 1, 2 and 3 values: what is not defined is NaN, and null in JSON.
static void few_values_leave_figures_undefined(void **state) {
    (void)state;
    struct error error;
    struct dataset *dataset = load_text("a,b,c,d\n,1,1,1\n,,3,3\n,,,8\n", NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    const struct column_profile *columns = profile->columns;
    assert_int_equal(columns[0].missing, 3);
    assert_true(isnan(columns[0].mean) && isnan(columns[0].min) && isnan(columns[0].mad));
    assert_true(columns[1].mean == 1 && isnan(columns[1].sd) && columns[1].q25 == 1);
    assert_true(columns[2].mean == 2 && fabs(columns[2].sd - sqrt(2)) < 1e-15 && isnan(columns[2].skew));
    assert_true(columns[3].mean == 4 && !isnan(columns[3].skew) && isnan(columns[3].kurtosis));
    assert_true(columns[3].q25 == 2 && columns[3].median == 3 && columns[3].q75 == 5.5 && columns[3].mad == 2);
    struct str json = {0};
    assert_int_equal(profile_json(dataset, profile, &json, &error), STATUS_OK);
    cJSON *root = cJSON_Parse(json.text);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "columns"), 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(first, "mean")));
    assert_string_equal(cJSON_GetObjectItem(first, "type")->valuestring, "numeric");
    assert_int_equal(cJSON_GetObjectItem(root, "rows")->valueint, 3);
    cJSON_Delete(root);
    str_free(&json);
    profile_free(profile);
    dataset_free(dataset);
}

static void infinities_stay_out_of_the_histogram(void **state) {
    (void)state;
    struct error error;
    struct dataset *dataset = load_text("a,b\n1,-inf\n2,0\ninf,inf\n3,1\n", NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    const struct column_profile *a = &profile->columns[0], *b = &profile->columns[1];
    assert_int_equal(a->infinite, 1);
    assert_int_equal(b->infinite, 2);
    assert_true(isinf(a->mean) && isnan(b->mean) && isnan(a->sd));
    assert_true(a->histogram.low == 1 && a->histogram.high == 3 && a->median == 2.5);
    assert_int_equal(a->histogram.bins[0] + a->histogram.bins[32] + a->histogram.bins[63], 3);
    profile_free(profile);
    dataset_free(dataset);
}

// Sets made by hand: the mean of channel c is exact, two images are equal.
static void image_sets_are_profiled(void **state) {
    (void)state;
    uint8_t pixels[3 * 2 * 4] = {0,  255, 0,  255, 51, 51, 51, 51, 0,   255, 0,   255,
                                 51, 51,  51, 51,  9,  9,  9,  9,  102, 102, 102, 102};
    int32_t labels[3] = {1, 0, 0};
    char *names[2] = {"cat", "dog"};
    struct image_set images = {.count = 3,
                               .channels = 2,
                               .height = 2,
                               .width = 2,
                               .pixels = pixels,
                               .labels = labels,
                               .classes = 2,
                               .class_names = names,
                               .test_from = 1};
    struct dataset dataset = {.kind = DATASET_IMAGES, .images = &images};
    struct profile *profile = profile_of(&dataset);
    assert_int_equal(profile->rows, 3);
    assert_int_equal(profile->images->duplicates, 1);
    assert_int_equal(find_warning(profile, "duplicates", NULL)->rows[0], 1);
    assert_int_equal(profile->images->class_counts[1], 1);
    assert_int_equal(profile->images->histogram[0][255], 4);
    near(profile->images->mean[1], (0.2 + 0.2 + 0.4) / 3, "channel 1", "mean");
    assert_int_equal(profile->images->pair_count, 1);
    assert_int_equal(profile->images->pairs[0].image, 1);
    assert_int_equal(profile->images->pairs[0].earlier, 0);
    assert_int_equal(find_warning(profile, "conflict", NULL)->rows[0], 1);
    assert_int_equal(find_warning(profile, "leak", NULL)->rows[0], 1);
    assert_int_equal(profile->images->darkest[0].image, 2);
    assert_int_equal(profile->images->brightest[0].image, 0);
    near(profile->images->darkest[0].mean, (4 * 9 + 4 * 102) / (8 * 255.0), "darkest", "mean");
    assert_true(profile->images->class_means[0] == 4.5f && profile->images->class_means[1] == 132.0f);
    near(profile->images->sd[1], sqrt((2 * pow(0.2 - 0.8 / 3, 2) + pow(0.4 - 0.8 / 3, 2)) / 3), "channel 1", "sd");
    profile_free(profile);
}

static void every_failing_allocation_is_reported(void **state) {
    (void)state;
    struct error error;
    struct dataset *dataset =
        load_text("a,b,c\n1,x,2020-01-01\n1,x,2020-01-01\n-999,?,\n,x,2021-01-01\n", NULL, &error);
    assert_non_null(dataset);
    size_t failures = 0;
    for (unsigned long after = 1;; after++) {
        struct profile *profile = NULL;
        mem_fail_at(after);
        enum status status = profile_make(dataset, NULL, &profile, NULL, &error);
        mem_fail_at(0);
        profile_free(profile);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_MEMORY);
        failures++;
    }
    assert_in_range(failures, 20, 1000);
    dataset_free(dataset);
}

static void profiling_can_be_stopped(void **state) {
    (void)state;
    struct error error;
    struct task task = {0};
    struct profile *profile = NULL;
    struct dataset *dataset = load_text("a,b\n1,x\n2,y\n", NULL, &error);
    assert_non_null(dataset);
    task_cancel(&task);
    assert_int_equal(profile_make(dataset, NULL, &profile, &task, &error), STATUS_CANCELLED);
    assert_null(profile);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_pandas),
        cmocka_unit_test(warnings_name_their_rows),
        cmocka_unit_test(figures_are_the_same_on_several_threads),
        cmocka_unit_test(figures_are_the_same_with_little_memory),
        cmocka_unit_test(passes_give_what_sorting_gives),
        cmocka_unit_test(columns_in_a_file_have_the_same_figures),
        cmocka_unit_test(different_values_are_counted_about),
        cmocka_unit_test(amounts_are_proposed),
        cmocka_unit_test(thresholds_can_be_changed),
        cmocka_unit_test(pairs_are_warned_of),
        cmocka_unit_test(duplicates_name_the_later_row),
        cmocka_unit_test(few_values_leave_figures_undefined),
        cmocka_unit_test(infinities_stay_out_of_the_histogram),
        cmocka_unit_test(image_sets_are_profiled),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(profiling_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
