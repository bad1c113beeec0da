// What is fitted knows training rows alone: for every kind of step there is, other cells in all other rows change not
// one byte of the fitted state.
#include "tests/support/test.h"

#include "core/base/rng.h"
#include "tests/datasets/steps_support.h"

enum { ROWS = 80 };

static const char *const words[] = {"red", "green", "blue", "violet", "black", "Red ", "grey", "gray"};

static void add_dates(struct dataset *dataset, const char *name, const double *values) {
    struct column *column = add_numbers(dataset, name, values);
    column->type = COLUMN_DATE;
    column->integer = false;
}

// Rows by a seed. With `other`, every row that does not train gets other cells, among them cells of training rows, far
// larger numbers, and words that no training row has; with `infinite`, also infinities.
static struct dataset *rows_of(uint64_t seed, const int *train, bool other, bool infinite) {
    struct rng rng = rng_make(seed, RNG_TEST, 0), changed = rng_make(seed, RNG_TEST, 1);
    double count[ROWS], real[ROWS], same[ROWS], date[ROWS];
    const char *word[ROWS], *label[ROWS];
    for (int row = 0; row < ROWS; row++) {
        count[row] = rng_below(&rng, 6) == 0 ? NAN : (double)rng_below(&rng, 7);
        real[row] = rng_normal(&rng) * 100;
        same[row] = 3;
        date[row] = rng_below(&rng, 9) == 0 ? NAN : (double)rng_below(&rng, 20000) * 86400;
        word[row] = rng_below(&rng, 6) == 0 ? NULL : words[rng_below(&rng, 4)];
        label[row] = rng_below(&rng, 2) == 0 ? "yes" : "no";
        if (train[row] || !other)
            continue;
        count[row] = rng_below(&changed, 2) == 0 ? NAN : (double)rng_below(&changed, 1000000);
        real[row] = infinite && rng_below(&changed, 4) == 0 ? INFINITY : 1e6 * rng_normal(&changed);
        same[row] = (double)rng_below(&changed, 9);
        date[row] = rng_uniform(&changed) * 4e9;
        word[row] = rng_below(&changed, 4) == 0 ? NULL : words[rng_below(&changed, 8)];
        label[row] = rng_below(&changed, 5) == 0 ? "perhaps" : rng_below(&changed, 2) == 0 ? "yes" : "no";
        if (rng_below(&changed, 3) == 0) { // the first row trains
            count[row] = count[0], real[row] = real[0], same[row] = same[0], date[row] = date[0];
            word[row] = word[0], label[row] = label[0];
        }
    }
    struct dataset *dataset = dataset_of(ROWS);
    add_numbers(dataset, "count", count);
    add_numbers(dataset, "real", real);
    add_numbers(dataset, "same", same);
    add_dates(dataset, "date", date);
    add_words(dataset, "word", word);
    add_words(dataset, "label", label);
    dataset->table->target = 5;
    return dataset;
}

// The saved state; freed with mem_free.
static char *state_of(const char *steps, uint64_t seed, bool other, bool infinite) {
    struct error error = {0};
    int train[ROWS];
    char *json = NULL;
    struct rng rng = rng_make(seed, RNG_TEST, 2);
    for (int row = 0; row < ROWS; row++)
        train[row] = row == 0 || row == 40 || rng_below(&rng, 3) > 0;
    struct dataset *dataset = rows_of(seed, train, other, infinite);
    struct split split = split_of(ROWS, train);
    struct pipeline *pipeline = parse_steps(steps);
    struct prepared *prepared = NULL;
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("\"%s\": %s", steps, error.text);
    assert_int_equal(pipeline_save(pipeline, true, &json, &error), STATUS_OK);
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
    return json;
}

static void check_steps(const char *steps, bool infinite) {
    for (uint64_t seed = 0; seed < 6; seed++) {
        char *as_read = state_of(steps, seed, false, false), *changed = state_of(steps, seed, true, infinite);
        if (strcmp(as_read, changed) != 0)
            fail_msg("\"%s\" was fitted on rows that do not train", steps);
        mem_free(as_read);
        mem_free(changed);
    }
}

// Settings that a kind needs, or that are worth trying too; other kinds are tried as they come.
static const struct {
    const char *kind, *steps;
} tried[] = {
    {"drop-duplicates", "drop-duplicates"},
    {"drop-duplicates", "drop-duplicates=columns=word\\,count"},
    {"missing", "missing"},
    {"missing", "missing=mean:indicator=yes"},
    {"missing", "missing=most-frequent"},
    {"missing", "missing=knn:neighbors=3:columns=count\\,real"},
    {"missing", "missing=previous"},
    {"missing", "missing=linear"},
    {"missing", "missing=drop-column:most=0.05"},
    {"missing", "missing=drop-row,standardize,one-hot=ignore"},
    {"outliers", "outliers"},
    {"outliers", "outliers=drop:factor=1,standardize"},
    {"outliers", "outliers=winsorize:method=z"},
    {"outliers", "outliers=missing:method=modified-z,standardize"},
    {"outliers", "outliers=flag:method=forest:trees=5:sample=16"},
    {"smooth", "smooth,standardize"},
    {"smooth", "smooth=rolling-median,outliers"},
    {"smooth", "smooth=exponential,outliers"},
    {"near-equal", "near-equal=distance"},
    {"check", "check=low=0:unique=yes:not_missing=yes:flag=bad:columns=count,standardize"},
    {"one-hot", "one-hot=ignore"},
    {"one-hot", "one-hot=infrequent:min-frequency=0.2"},
    {"one-hot", "one-hot=ignore:max-categories=2:columns=count"},
    {"ordinal", "ordinal=value"},
    {"index", "index,standardize"},
    {"index", "index=5,one-hot=ignore"}, // training rows have 4 words, others more
    {"index", "index=5:columns=word\\,count"},
    {"target-encode", "target-encode"},
    {"target-encode", "target-encode=2:columns=word\\,count"},
    {"drop-columns", "drop-columns=real,standardize"},
    {"keep-columns", "keep-columns=real\\,word,standardize"},
    {"log1p", "log1p=columns=count,standardize"},
    {"yeo-johnson", "yeo-johnson"},
    {"quantile", "quantile"},
    {"quantile", "quantile=normal:quantiles=5"},
    {"standardize", "missing=median,outliers,yeo-johnson,standardize,date-parts,one-hot=infrequent:min-frequency=3"},
};

static void every_kind_of_step(void **state) {
    (void)state;
    for (size_t i = 0; i < step_kind_count(); i++) {
        const struct step_kind *kind = step_kind_at(i);
        bool found = kind->images;
        for (size_t j = 0; j < sizeof tried / sizeof tried[0]; j++) {
            if (strcmp(tried[j].kind, kind->name) != 0)
                continue;
            check_steps(tried[j].steps, false);
            found = true;
        }
        if (!found)
            check_steps(kind->name, false);
    }
}

// Steps behind each other: what one makes of other rows, the next must not learn.
static void steps_in_a_row(void **state) {
    (void)state;
    static const char *const pipelines[] = {
        "drop-duplicates,outliers=clip,missing=mean:indicator=yes,standardize,one-hot=ignore",
        "drop-duplicates=columns=word\\,count,outliers=drop:factor=1,outliers=clip,missing=median,min-max,"
        "one-hot=ignore:drop=first",
        "missing=drop-row,outliers=clip:factor=0,missing=most-frequent,standardize,one-hot=ignore:columns=word\\,label",
        "outliers=clip:factor=3,missing=constant:value=5,missing=constant:value=none:indicator=yes,one-hot=ignore,min-"
        "max",
        "outliers=clip,missing=knn:neighbors=2,standardize,one-hot=ignore",
        "smooth=hampel:limit=1,outliers=clip,missing=linear,standardize,one-hot=ignore",
        "outliers=winsorize:method=iqr,outliers=flag:method=forest:share=0.1,missing,standardize,one-hot=ignore",
        "infinities,outliers=missing:method=modified-z:columns=real,outliers=flag:method=z,missing,standardize,"
        "one-hot=ignore",
    };
    for (size_t i = 0; i < sizeof pipelines / sizeof pipelines[0]; i++)
        check_steps(pipelines[i], true); // fences and "infinities" take infinite cells
}

// The comparison above would be worth nothing if states were always equal.
static void other_training_rows_do_change_it(void **state) {
    (void)state;
    static const char *const learned[] = {"missing=mean", "outliers", "min-max",     "standardize",  "robust",
                                          "max-abs",      "quantile", "yeo-johnson", "target-encode"};
    for (size_t i = 0; i < sizeof learned / sizeof learned[0]; i++) {
        char *one = state_of(learned[i], 1, false, false), *two = state_of(learned[i], 2, false, false);
        assert_string_not_equal(one, two);
        mem_free(one);
        mem_free(two);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_of_step), cmocka_unit_test(steps_in_a_row),
                                       cmocka_unit_test(other_training_rows_do_change_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
