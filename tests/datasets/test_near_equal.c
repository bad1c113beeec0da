// Near-equal words: keys and distances against their definitions, what is proposed, and merges as confirmed.
#include "tests/datasets/steps_fixture.h"

#include "core/base/rng.h"
#include "datasets/near_equal.h"

static void key_is(const char *word, const char *fingerprint, const char *bigrams) {
    struct str key = {0};
    near_fingerprint(word, &key);
    assert_string_equal(str_text(&key), fingerprint);
    str_clear(&key);
    near_ngram(word, 2, &key);
    assert_string_equal(str_text(&key), bigrams);
    str_free(&key);
}

// Expected: OpenRefine's keys, made by a few lines of Python (unicodedata, sorted, set) from their description.
static void keys_as_defined(void **state) {
    (void)state;
    key_is("Paris", "paris", "arispari");
    key_is("  paris\t!", "paris", "arispari");
    key_is("Cruise, Tom", "cruise tom", "cretisomrusetoui");
    key_is("Tom   Cruise", "cruise tom", "crismcomrusetoui");
    key_is("ÉCOLE Spéciale", "ecole speciale", "alcicoecesialeolpesp");
    key_is("...", "", "");
    key_is("a", "a", "a");
    key_is("Straße", "strasse", "asrasesssttr");
    key_is("Ærø", "aero", "aeerro");
    key_is("ΑΘΗΝΑ", "αθηνα", "αθηνθηνα");
    key_is("to be or not to be", "be not or to", "beeonooborotrntott");
    key_is("Łódź-Widzew", "lodzwidzew", "dzewidloodwizezw");
    key_is("МОСКВА", "москва", "ваквмоосск");
    key_is("São  Paulo", "paulo sao", "aoaulooppasaul");
    key_is("Mc-Donald's 24", "24 mcdonalds", "24alcddodsldmcnaons2");
    key_is("naïve façade", "facade naive", "acadaicadeeffaivnave");
}

static struct column *column_of(const char *const *words, size_t count) {
    struct error error;
    struct column *column = column_make("w", COLUMN_CATEGORY, count, &error);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(column_word(column, words[i], strlen(words[i]), &column->codes[i], &error), STATUS_OK);
    return column;
}

static void many_rows_come_first(void **state) {
    (void)state;
    struct error error;
    struct near_groups groups;
    static const char *const words[] = {"b ", "B", "b", "x", "new york", "New York", "York New", "!", "?"};
    struct column *column = column_of(words, 9);
    size_t counts[] = {1, 2, 2, 50, 3, 9, 3, 4, 4};
    struct near_options options = {NEAR_FINGERPRINT, 2, 1};
    assert_int_equal(near_equal_groups(column, counts, &options, &groups, NULL, &error), STATUS_OK);
    assert_int_equal(groups.count, 2); // words without a letter are no group
    assert_int_equal(groups.items[0].rows, 15);
    assert_int_equal(groups.items[0].count, 3);
    assert_string_equal(column->words[groups.items[0].codes[0]], "New York");
    assert_string_equal(column->words[groups.items[0].codes[1]], "York New"); // as many rows, smaller
    assert_string_equal(column->words[groups.items[1].codes[0]], "B");
    near_groups_free(&groups);
    counts[5] = 0; // not among the rows that count
    assert_int_equal(near_equal_groups(column, counts, &options, &groups, NULL, &error), STATUS_OK);
    assert_int_equal(groups.items[0].count, 2);
    near_groups_free(&groups);
    column_release(column);
}

// Groups are what all pairs within the distance join, by another implementation of the distance.
static void distances_as_by_all_pairs(void **state) {
    (void)state;
    enum { WORDS = 150 };
    static const char *const letters[] = {"a", "b", "é", "c"};
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct error error;
        struct rng rng = rng_make(seed, RNG_TEST, 0);
        struct near_groups groups;
        struct near_options options = {NEAR_DISTANCE, 2, 1 + seed % 4};
        char text[WORDS][64];
        const char *words[WORDS];
        size_t group[WORDS], joined = 0, found = 0, length[WORDS];
        for (size_t i = 0; i < WORDS; i++) {
            text[i][0] = '\0';
            length[i] = 1 + rng_below(&rng, 12);
            for (size_t j = 0; j < length[i]; j++)
                strcat(text[i], letters[rng_below(&rng, 4)]);
            words[i] = text[i];
            group[i] = i;
        }
        for (size_t i = 0; i < WORDS; i++) { // labels spread until nothing changes
            for (size_t j = 0; j < WORDS; j++) {
                bool near = length[i] > 2 * options.distance && length[j] > 2 * options.distance &&
                            text_distance(words[i], words[j]) <= options.distance;
                size_t from = group[i] > group[j] ? group[i] : group[j], to = group[i] < group[j] ? group[i] : group[j];
                for (size_t k = 0; near && from != to && k < WORDS; k++)
                    group[k] = group[k] == from ? to : group[k];
            }
        }
        struct column *column = column_of(words, WORDS);
        size_t counts[WORDS];
        for (size_t code = 0; code < WORDS; code++)
            counts[code] = 1;
        assert_int_equal(near_equal_groups(column, counts, &options, &groups, NULL, &error), STATUS_OK);
        for (size_t i = 0; i < groups.count; i++) {
            size_t label = WORDS;
            for (size_t j = 0; j < groups.items[i].count; j++) {
                size_t row = 0; // the first row that has the word
                while (column->codes[row] != groups.items[i].codes[j])
                    row++;
                assert_true(label == WORDS || label == group[row]);
                label = group[row];
                found++;
            }
        }
        for (size_t row = 0; row < WORDS; row++) { // words that are not alone, each once
            bool first = column->codes[row] == column->word_count, other = false;
            for (size_t k = 0; k < WORDS; k++)
                other = other || (group[k] == group[row] && column->codes[k] != column->codes[row]);
            for (size_t k = 0; k < row && !first; k++)
                first = column->codes[k] == column->codes[row];
            joined += other && !first;
        }
        assert_int_equal(found, joined);
        near_groups_free(&groups);
        column_release(column);
    }
}

static void digits_are_never_near(void **state) {
    (void)state;
    struct error error;
    struct near_groups groups;
    static const char *const words[] = {"Room 101", "Room 102", "Rooms 101", "ab", "ac"};
    struct column *column = column_of(words, 5);
    struct near_options options = {NEAR_DISTANCE, 2, 1};
    assert_int_equal(near_equal_groups(column, (size_t[]){1, 1, 1, 1, 1}, &options, &groups, NULL, &error), STATUS_OK);
    assert_int_equal(groups.count, 1);
    assert_int_equal(groups.items[0].count, 2);
    assert_int_equal(groups.items[0].codes[0], 0);
    assert_int_equal(groups.items[0].codes[1], 2);
    near_groups_free(&groups);
    column_release(column);
}

// ---- the step ----

static struct dataset *cities(void) {
    struct dataset *dataset = dataset_of(8);
    add_words(
        dataset, "city",
        (const char *const[]){"York, New", "New York", NULL, "new york", "New York", "A=B, C", "a=b c", "new  york"});
    return dataset;
}

// What is proposed is what the step, read from its own proposal, then does.
static void proposals_can_be_confirmed(void **state) {
    (void)state;
    struct dataset *dataset = cities();
    struct split split = split_of(8, (int[]){1, 1, 1, 1, 1, 1, 1, 0});
    struct pipeline *pipeline = parse_steps("near-equal");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    assert_ptr_equal(last_stage(prepared)->columns[0], dataset->table->columns[0]);
    assert_int_equal(prepared->ledger.cells, 0);
    assert_int_equal(prepared->ledger.count, 3);
    assert_string_equal(prepared->ledger.entries[0].after, "New York (2), York, New (1), new york (1)");
    assert_string_equal(prepared->ledger.entries[1].after, "A=B, C (1), a=b c (1)");
    char *ready = mem_string(prepared->ledger.entries[2].after);
    prepared_free(prepared);
    pipeline_free(pipeline);
    assert_string_equal(ready, "near-equal=merges=York\\\\\\, New\\=New York\\,new york\\=New York\\,"
                               "a\\\\\\=b c\\=A\\\\\\=B\\\\\\, C:columns=city");
    pipeline = parse_steps(ready);
    mem_free(ready);
    prepared = run_pipeline(pipeline, dataset, &split);
    const struct column *column = last_stage(prepared)->columns[0];
    char room[64];
    assert_int_equal(column->word_count, 3);
    assert_int_equal(column->missing_count, 1);
    assert_string_equal(column_text(column, 0, room), "New York");
    assert_string_equal(column_text(column, 6, room), "A=B, C");
    assert_string_equal(column_text(column, 7, room), "new  york"); // not proposed, not merged
    assert_int_equal(prepared->ledger.cells, 3);
    assert_int_equal(prepared->ledger.entries[0].line, 2);
    assert_string_equal(prepared->ledger.entries[0].before, "York, New");
    assert_string_equal(prepared->ledger.entries[0].after, "New York");
    prepared_free(prepared);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
}

static void long_proposals_become_several_steps(void **state) {
    (void)state;
    enum { MANY = 40 };
    char text[MANY][32];
    const char *words[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof text[i], "%s number %d", i % 2 == 0 ? "Village" : "village", i / 2);
        words[i] = text[i];
    }
    struct dataset *dataset = dataset_of(MANY);
    add_words(dataset, "w", words);
    struct split split = split_of(MANY, NULL);
    struct pipeline *pipeline = parse_steps("near-equal");
    struct prepared *prepared = run_pipeline(pipeline, dataset, &split);
    struct str steps = {0};
    for (size_t i = MANY / 2; i < prepared->ledger.count; i++)
        str_format(&steps, "%s%s", steps.length > 0 ? "," : "", prepared->ledger.entries[i].after);
    prepared_free(prepared);
    pipeline_free(pipeline);
    pipeline = parse_steps(str_text(&steps));
    assert_true(pipeline->count >= 3);
    prepared = run_pipeline(pipeline, dataset, &split);
    assert_int_equal(last_stage(prepared)->columns[0]->word_count, MANY / 2);
    prepared_free(prepared);
    pipeline_free(pipeline);
    str_free(&steps);
    split_free(&split);
    dataset_free(dataset);
}

static void broken_merges_are_refused(void **state) {
    (void)state;
    static const char *const broken[][2] = {
        {"near-equal=merges=a", "FROM=TO"},
        {"near-equal=merges=a\\=b\\,c", "goes on with \"c\""},
        {"near-equal=merges=a\\=b\\=c", "goes on with \"a=b=c\""},
        {"near-equal=merges=a\\=", "a word is empty"},
        {"near-equal=merges=\\=b", "a word is empty"},
        {"near-equal=merges=a\\=b\\,a\\=c", "names \"a\" twice"},
        {"near-equal=merges=a\\=b\\,b\\=c", "makes \"a\" into \"b\", which is itself merged"},
        {"near-equal=columns=n", "column \"n\" is numeric; this step needs words"},
    };
    struct dataset *dataset = cities();
    add_numbers(dataset, "n", (double[]){1, 2, 3, 4, 5, 6, 7, 8});
    struct split split = split_of(8, NULL);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct error error = {0};
        struct prepared *prepared = NULL;
        struct pipeline *pipeline = parse_steps(broken[i][0]);
        assert_int_not_equal(pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error), STATUS_OK);
        if (strstr(error.text, broken[i][1]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", broken[i][1], error.text);
        pipeline_free(pipeline);
    }
    split_free(&split);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_as_defined),
        cmocka_unit_test(many_rows_come_first),
        cmocka_unit_test(distances_as_by_all_pairs),
        cmocka_unit_test(digits_are_never_near),
        cmocka_unit_test(proposals_can_be_confirmed),
        cmocka_unit_test(long_proposals_become_several_steps),
        cmocka_unit_test(broken_merges_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
