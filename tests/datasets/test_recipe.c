// Recipes: they read back as they were written, and whatever is not one is refused in words.
#include "tests/support/test.h"

#include "datasets/steps/state.h"
#include "tests/datasets/steps_support.h"

static struct pipeline *loaded(const char *json) {
    struct error error = {0};
    struct pipeline *pipeline = NULL;
    if (pipeline_load(json, "r.json", &pipeline, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return pipeline;
}

static void refused(const char *json, const char *sentence) {
    struct error error = {0};
    struct pipeline *pipeline = NULL;
    if (pipeline_load(json, "r.json", &pipeline, &error) == STATUS_OK)
        fail_msg("was read: %s", json);
    assert_null(pipeline);
    if (strncmp(error.text, "r.json: ", 8) != 0 || strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
}

static const char *setting(const struct pipeline *pipeline, size_t index, const char *name, char *out) {
    const struct step *step = pipeline->steps[index];
    return params_get(params_find(step->kind->params, name), step->settings, out);
}

static void the_documented_recipe_is_read(void **state) {
    (void)state;
    char text[PARAM_TEXT_SIZE];
    struct pipeline *pipeline = loaded(
        "{\"version\":1,\"steps\":[{\"step\":\"missing\",\"columns\":[\"age\"],\"strategy\":\"median\"},"
        "{\"step\":\"standardize\"},{\"step\":\"one-hot\",\"unknown\":\"ignore\"}]}");
    assert_int_equal(pipeline->count, 3);
    assert_string_equal(pipeline->steps[0]->kind->name, "missing");
    assert_string_equal(setting(pipeline, 0, "columns", text), "age");
    assert_string_equal(setting(pipeline, 0, "strategy", text), "median");
    assert_string_equal(setting(pipeline, 1, "columns", text), "");
    assert_string_equal(setting(pipeline, 2, "unknown", text), "ignore");
    assert_true(pipeline->steps[2]->enabled && !pipeline->steps[2]->fitted);
    pipeline_free(pipeline);
}

static void settings_survive_to_the_bit(void **state) {
    (void)state;
    struct error error = {0};
    char *json = NULL, *again = NULL, text[PARAM_TEXT_SIZE];
    struct pipeline *pipeline = loaded(
        "{\"steps\":[{\"step\":\"min_max\",\"low\":0.1,\"high\":0.30000000000000004,\"clip\":true,\"enabled\":false,"
        "\"columns\":[\"a,b\",\"c\\\\d\",\" e \",\"\\u00e9\",\"quote\\\"\"]},"
        "{\"step\":\"missing\",\"strategy\":\"drop_row\"},{\"value\":3.5,\"step\":\"missing\",\"strategy\":\"constant\"},"
        "{\"step\":\"outliers\",\"factor\":1e-7,\"action\":\"drop\"}],\"version\":1}");
    assert_int_equal(pipeline_save(pipeline, false, &json, &error), STATUS_OK);
    struct pipeline *back = loaded(json);
    assert_int_equal(pipeline_save(back, false, &again, &error), STATUS_OK);
    assert_string_equal(json, again);
    const char *list = setting(back, 0, "columns", text);
    static const char *const names[] = {"a,b", "c\\d", " e ", "\xc3\xa9", "quote\""};
    char name[PARAM_TEXT_SIZE];
    for (size_t i = 0; i < 5; i++) {
        assert_true(column_list_next(&list, name));
        assert_string_equal(name, names[i]);
    }
    assert_false(column_list_next(&list, name));
    assert_false(back->steps[0]->enabled);
    assert_string_equal(setting(back, 0, "high", (char[PARAM_TEXT_SIZE]){0}), "0.30000000000000004");
    assert_string_equal(setting(back, 1, "strategy", (char[PARAM_TEXT_SIZE]){0}), "drop-row");
    assert_string_equal(setting(back, 2, "value", (char[PARAM_TEXT_SIZE]){0}), "3.5");
    assert_string_equal(setting(back, 3, "factor", (char[PARAM_TEXT_SIZE]){0}), "1e-07");
    mem_free(json);
    mem_free(again);
    pipeline_free(back);
    pipeline_free(pipeline);
}

#define STEPS(text) "{\"version\":1,\"steps\":[" text "]}"

static void what_is_no_recipe_is_refused(void **state) {
    (void)state;
    refused("", "is not JSON: line 1, column 1");
    refused("{\"version\":1,\n \"steps\":[}", "line 2, column ");
    refused(STEPS("") " x", "is not JSON");
    refused("[1]", "an object {\"version\":1,\"steps\":[…]}, and this is an array");
    refused("{\"steps\":[]}", "\"version\" must be 1");
    refused("{\"version\":2,\"steps\":[]}", "\"version\" must be 1");
    refused("{\"version\":\"1\",\"steps\":[]}", "\"version\" must be 1");
    refused("{\"version\":1}", "\"steps\" must be an array");
    refused("{\"version\":1,\"steps\":{}}", "\"steps\" must be an array");
    refused("{\"version\":1,\"steps\":[],\"step\":[]}", "\"step\" does not belong in a recipe");
    refused("{\"version\":1,\"steps\":[],\"steps\":[]}", "each once");
    refused(STEPS("7"), "step 1: must be an object like {\"step\":\"standardize\"}, and is a number");
    refused(STEPS("{}"), "step 1: needs a \"step\"");
    refused(STEPS("{\"step\":null}"), "needs a \"step\"");
    refused(STEPS("{\"step\":\"standardise\"}"), "there is no step \"standardise\"; did you mean \"standardize\"?");
    refused(STEPS("{\"step\":\"pca\"}"), "there is no step \"pca\"; there are drop-duplicates, infinities, missing, outliers");
    refused(STEPS("{\"step\":\"missing\"},{\"step\":\"missing\",\"strategi\":\"mean\"}"),
            "step 2: \"missing\": there is no parameter \"strategi\"; did you mean \"strategy\"?");
    refused(STEPS("{\"step\":\"missing\",\"strategy\":\"guess\"}"), "must be one of median, mean");
    refused(STEPS("{\"step\":\"missing\",\"strategy\":3}"), "\"strategy\" must be a text, and is a number");
    refused(STEPS("{\"step\":\"missing\",\"strategy\":[]}"), "must be a text, and is an array");
    refused(STEPS("{\"step\":\"missing\",\"indicator\":\"yes\"}"), "\"indicator\" must be true or false, and is a text");
    refused(STEPS("{\"step\":\"missing\",\"enabled\":1}"), "\"enabled\" must be true or false");
    refused(STEPS("{\"step\":\"outliers\",\"factor\":\"3\"}"), "\"factor\" must be a number, and is a text");
    refused(STEPS("{\"step\":\"outliers\",\"factor\":NaN}"), "is not JSON");
    refused(STEPS("{\"step\":\"outliers\",\"factor\":1e999}"), "\"factor\" must be a finite number");
    refused(STEPS("{\"step\":\"outliers\",\"factor\":-1}"), "must be from 0 to 1000");
    refused(STEPS("{\"step\":\"outliers\",\"factor\":1,\"factor\":2}"), "\"factor\" is given twice");
    refused(STEPS("{\"step\":\"standardize\",\"columns\":\"age\"}"), "\"columns\" must be an array of column names");
    refused(STEPS("{\"step\":\"standardize\",\"columns\":[]}"), "leave it out");
    refused(STEPS("{\"step\":\"standardize\",\"columns\":[1]}"), "must hold column names only, and holds a number");
    refused(STEPS("{\"step\":\"standardize\",\"columns\":[\"\"]}"), "an empty one");
}

#define STATE(kind, columns) STEPS("{\"step\":\"" kind "\",\"state\":{\"columns\":" columns "}}")

static void damaged_states_are_refused(void **state) {
    (void)state;
    refused(STEPS("{\"step\":\"standardize\",\"state\":[]}"), "\"state\" must be an object");
    refused(STEPS("{\"step\":\"standardize\",\"state\":{}}"), "array \"columns\"");
    refused(STATE("standardize", "[3]"), "object with a \"name\"");
    refused(STATE("standardize", "[{\"name\":\"a\"}]"), "\"type\" must be");
    refused(STATE("standardize", "[{\"name\":\"a\",\"type\":\"numeric\",\"mean\":0}]"), "\"sd\" of column \"a\"");
    refused(STATE("standardize", "[{\"name\":\"a\",\"type\":\"numeric\",\"mean\":0,\"sd\":0}]"), "greater than 0");
    refused(STATE("standardize", "[{\"name\":\"a\",\"type\":\"numeric\",\"mean\":1e999,\"sd\":1}]"), "finite");
    refused(STATE("min-max", "[{\"name\":\"a\",\"type\":\"numeric\",\"min\":2,\"max\":1}]"), "greater than its \"max\"");
    refused(STATE("outliers", "[{\"name\":\"a\",\"type\":\"numeric\",\"low\":2,\"high\":1,\"to_low\":2,\"to_high\":1,\"spread\":1}]"), "greater");
    refused(STATE("missing", "[{\"name\":\"a\",\"type\":\"category\",\"fill\":0,\"holes\":0,\"empty\":0}]"), "one word");
    refused(STATE("one-hot", "[{\"name\":\"a\",\"type\":\"category\",\"missing\":0,\"words\":[\"b\",\"a\"]}]"), "sorted");
    refused(STATE("one-hot", "[{\"name\":\"a\",\"type\":\"numeric\",\"missing\":0,\"words\":[\"10\",\"9\"]}]"), "sorted");
    refused(STATE("one-hot", "[{\"name\":\"a\",\"type\":\"numeric\",\"missing\":0,\"words\":[\"x\"]}]"), "sorted");
    refused(STATE("one-hot", "[{\"name\":\"a\",\"type\":\"category\",\"missing\":0,\"words\":[1]}]"), "texts only");
    refused(STATE("normalize-images", "[]"), "1 to 4 channels");
}

// `count` times `piece` between `before` and `after`.
static void refused_repeat(const char *before, const char *piece, size_t count, const char *after, const char *sentence) {
    struct str text = {0};
    str_add(&text, before);
    for (size_t i = 0; i < count; i++)
        str_add(&text, piece);
    str_add(&text, after);
    refused(str_text(&text), sentence);
    str_free(&text);
}

static void hostile_texts_are_refused(void **state) {
    (void)state;
    refused_repeat("", "[", 200000, "", "is not JSON");
    refused_repeat("{\"version\":1,\"steps\":", "{\"a\":", 200000, "", "is not JSON");
    refused_repeat("{\"version\":1,\"steps\":[", "{\"step\":\"missing\"},", 100000, "{}]}", "at most 1000");
    refused_repeat("{\"version\":1,\"steps\":[{\"step\":\"standardize\",\"columns\":[", "\"column\",", 100000, "1]}]}",
                   "more columns than fit");
    refused_repeat("{\"version\":1,\"steps\":[{\"step\":\"", "x", 1000000, "\"}]}", "there is no step \"xxx");
}

static void the_short_form_is_read(void **state) {
    (void)state;
    struct error error = {0};
    char text[PARAM_TEXT_SIZE];
    struct pipeline *pipeline = parse_steps(
        "missing=constant:value=a\\:b\\,c:columns=x\\,y, standardize ,one_hot,outliers=factor=3:action=drop,drop_duplicates");
    assert_int_equal(pipeline->count, 5);
    assert_string_equal(setting(pipeline, 0, "strategy", text), "constant");
    assert_string_equal(setting(pipeline, 0, "value", text), "a:b,c");
    assert_string_equal(setting(pipeline, 0, "columns", text), "x,y");
    assert_string_equal(pipeline->steps[2]->kind->name, "one-hot");
    assert_string_equal(setting(pipeline, 3, "factor", text), "3");
    assert_string_equal(setting(pipeline, 3, "action", text), "drop");
    pipeline_free(pipeline);
    pipeline = parse_steps("");
    assert_int_equal(pipeline->count, 0);
    pipeline_free(pipeline);
    static const struct {
        const char *text, *sentence;
    } wrong[] = {
        {"missing,,one-hot", "a step is empty"},
        {"missing=", "strategy (empty): must be one of"},
        {"standardize,misssing", "did you mean \"missing\"?"},
        {"missing=median:3", "\"3\" must be NAME=VALUE"},
        {"outliers=clip:factor=nan", "step 1 (outliers): factor nan"},
        {"outliers=clip:faktor=3", "did you mean \"factor\"?"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(pipeline_parse(wrong[i].text, &pipeline, &error), STATUS_INVALID);
        if (strstr(error.text, wrong[i].sentence) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", wrong[i].sentence, error.text);
    }
}

static void every_step_can_be_described(void **state) {
    (void)state;
    assert_true(step_kind_count() >= 17);
    for (size_t i = 0; i < step_kind_count(); i++) {
        const struct step_kind *kind = step_kind_at(i);
        assert_ptr_equal(step_kind_find(kind->name), kind);
        assert_non_null(kind->label);
        assert_non_null(kind->help);
        for (size_t row = 0; row < kind->params->count; row++)
            assert_non_null(kind->params->rows[row].help);
    }
    assert_ptr_equal(step_kind_find("drop_duplicates"), step_kind_find("drop-duplicates"));
    assert_null(step_kind_find("drop"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_recipe_is_read), cmocka_unit_test(settings_survive_to_the_bit),
        cmocka_unit_test(what_is_no_recipe_is_refused),  cmocka_unit_test(damaged_states_are_refused),
        cmocka_unit_test(hostile_texts_are_refused),     cmocka_unit_test(the_short_form_is_read),
        cmocka_unit_test(every_step_can_be_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
