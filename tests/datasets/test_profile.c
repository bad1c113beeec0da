// Figures against pandas and numpy (tests/fixtures/make_profile.py), warnings against files made to
// earn them.
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "core/base/file.h"
#include "datasets/profile.h"
#include "tests/datasets/table_files.h"

static struct profile *profile_of(const struct dataset *dataset) {
    struct profile *profile = NULL;
    struct error error;
    assert_int_equal(profile_make(dataset, &profile, NULL, &error), STATUS_OK);
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

static void figures_are_those_of_pandas(void **state) {
    (void)state;
    struct error error;
    char *text = NULL;
    size_t size;
    assert_int_equal(file_read("tests/fixtures/profile.json", 0, &text, &size, &error), STATUS_OK);
    cJSON *truth = cJSON_Parse(text);
    struct dataset *dataset = load_path("tests/fixtures/profile.csv", NULL, &error);
    assert_non_null(dataset);
    struct profile *profile = profile_of(dataset);
    assert_int_equal(profile->rows, (size_t)cJSON_GetObjectItem(truth, "rows")->valuedouble);
    assert_int_equal(profile->duplicates, (size_t)cJSON_GetObjectItem(truth, "duplicates")->valuedouble);
    const cJSON *columns = cJSON_GetObjectItem(truth, "columns");
    assert_int_equal(cJSON_GetArraySize(columns), profile->column_count);
    for (size_t i = 0; i < profile->column_count; i++)
        compare(cJSON_GetArrayItem(columns, (int)i), &profile->columns[i]);
    profile_free(profile);
    dataset_free(dataset);
    cJSON_Delete(truth);
    mem_free(text);
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
    int32_t labels[3] = {1, 1, 0};
    char *names[2] = {"cat", "dog"};
    struct image_set images = {.count = 3,
                               .channels = 2,
                               .height = 2,
                               .width = 2,
                               .pixels = pixels,
                               .labels = labels,
                               .classes = 2,
                               .class_names = names,
                               .test_from = 3};
    struct dataset dataset = {.kind = DATASET_IMAGES, .images = &images};
    struct profile *profile = profile_of(&dataset);
    assert_int_equal(profile->rows, 3);
    assert_int_equal(profile->images->duplicates, 1);
    assert_int_equal(find_warning(profile, "duplicates", NULL)->rows[0], 1);
    assert_int_equal(profile->images->class_counts[1], 2);
    assert_int_equal(profile->images->histogram[0][255], 4);
    near(profile->images->mean[1], (0.2 + 0.2 + 0.4) / 3, "channel 1", "mean");
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
        enum status status = profile_make(dataset, &profile, NULL, &error);
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
    assert_int_equal(profile_make(dataset, &profile, &task, &error), STATUS_CANCELLED);
    assert_null(profile);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_pandas),          cmocka_unit_test(warnings_name_their_rows),
        cmocka_unit_test(duplicates_name_the_later_row),        cmocka_unit_test(few_values_leave_figures_undefined),
        cmocka_unit_test(infinities_stay_out_of_the_histogram), cmocka_unit_test(image_sets_are_profiled),
        cmocka_unit_test(every_failing_allocation_is_reported), cmocka_unit_test(profiling_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
