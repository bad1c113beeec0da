// `batchlab predict`: a line for every row, in its order, whatever becomes of the row.
#include "tests/app/kept_support.h"

#include "core/base/str.h"

static void line_is(const struct answer *answer, size_t line, const char *text) {
    if (line >= answer->count || strcmp(answer->lines[line], text) != 0)
        fail_msg("line %zu: \"%s\" in place of \"%s\"", line, line < answer->count ? answer->lines[line] : "", text);
}

// The pipeline of training and the stream of new data are two ways to the same numbers.
static void files_predict_as_the_rows_of_training(const char *sample) {
    struct trained run = TRAIN(sample, "--epochs", "3", "--seed", "4");
    struct answer own = PREDICT(run.run, "--part", "all", "--proba"), file = PREDICT(run.run, sample, "--proba");
    assert_true(own.count > 50 && file.count >= own.count);
    assert_string_equal(strchr(own.lines[0], ',') + 1, file.lines[0]);
    for (size_t i = 1; i < own.count; i++) { // rows that were left out in training have no line in `own`
        size_t row = (size_t)strtoul(own.lines[i], NULL, 10);
        assert_true(row >= 1 && row < file.count);
        assert_string_equal(strchr(own.lines[i], ',') + 1, file.lines[row]);
    }
    free(own.text);
    free(file.text);
    cJSON_Delete(run.done);
}

static void new_data_predicts_as_training_would(void **state) {
    (void)state;
    files_predict_as_the_rows_of_training(SAMPLE("titanic.csv"));
    files_predict_as_the_rows_of_training(SAMPLE("digits.csv"));
    files_predict_as_the_rows_of_training(SAMPLE("fashion-mnist"));
}

static void numbers_come_back_in_their_own_unit(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("diabetes.csv"), "--epochs", "10", "--seed", "4");
    cJSON *figures = EVAL(run.run, "--part", "all");
    struct answer answer = PREDICT(run.run, SAMPLE("diabetes.csv"), "--keep", "progression,age");
    double squares = 0;
    assert_string_equal(answer.lines[0], "progression,age,prediction");
    assert_int_equal(answer.count, 443);
    for (size_t i = 1; i < answer.count; i++) {
        double truth = strtod(answer.lines[i], NULL), value = strtod(strrchr(answer.lines[i], ',') + 1, NULL);
        squares += (value - truth) * (value - truth);
    }
    assert_true(fabs(sqrt(squares / 442) / json_figure(figures, "rmse") - 1) < 1e-5);
    free(answer.text);
    cJSON_Delete(figures);
    struct child program = CHILD_RUN("predict", run.run, SAMPLE("diabetes.csv"), "--proba");
    REFUSED(program, 1, "a number, which has no probabilities");
    child_free(&program);
    cJSON_Delete(run.done);
}

// Columns in another order, more of them, no target: the same predictions.
static void columns_are_matched_by_name(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "20", "--seed", "2");
    struct answer plain = PREDICT(run.run, SAMPLE("iris.csv"), "--proba");
    struct str text = {0};
    size_t size = 0;
    char *sample = child_read(SAMPLE("iris.csv"), &size), *line = sample, room[5][64];
    for (int at = 0; sscanf(line, "%63[^,],%63[^,],%63[^,],%63[^,],%63[^\n]%n", room[0], room[1], room[2], room[3],
                            room[4], &at) == 5;
         line += at + 1)
        str_format(&text, "note;%s;%s;%s;%s\n", room[3], room[1], room[2], room[0]);
    const char *path = child_file("turned.csv", str_text(&text));
    struct answer turned = PREDICT(run.run, path, "--proba");
    assert_int_equal(plain.count, 151);
    assert_int_equal(turned.count, 151);
    for (size_t i = 0; i < plain.count; i++)
        line_is(&turned, i, plain.lines[i]);
    struct child_options piped = {.input = str_text(&text), .input_length = text.length};
    const char *out = child_path("out.csv");
    struct child program = child_run_with(&piped, (const char *const[]){"predict", run.run, "-", "-o", out, NULL});
    child_assert_done(&program);
    assert_string_equal(program.out, "");
    child_free(&program);
    program = child_run_with(&piped, (const char *const[]){"predict", run.run, "-", "-o", "-", NULL});
    child_assert_done(&program);
    char *file = child_read(out, &size);
    assert_string_equal(program.out, file);
    child_free(&program);
    free(file);
    free(sample);
    free(plain.text);
    free(turned.text);
    str_free(&text);
    cJSON_Delete(run.done);
}

static void rows_that_cannot_be_used_keep_their_place(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "20", "--seed", "2");
    const char *path = child_file("holes.csv", "petal_width,petal_length,sepal_length,sepal_width,id\n"
                                               "0.2,1.4,5.1,3.5,a\n,1.4,5.1,3.5,b\nwide,1.4,5.1,3.5,c\n"
                                               "0.2,inf,5.1,3.5,d\n0.2,1e300,5.1,3.5,=e\n2.5,6,6.3,3.3,\"f,f\"\n");
    struct answer answer = PREDICT(run.run, path, "--keep", "id,petal_width");
    line_is(&answer, 0, "id,petal_width,prediction");
    line_is(&answer, 1, "a,0.2,setosa");
    line_is(&answer, 2, "b,,");
    line_is(&answer, 3, "c,,");
    line_is(&answer, 4, "d,0.2,");
    line_is(&answer, 5, "'=e,0.2,");
    line_is(&answer, 6, "\"f,f\",2.5,virginica");
    assert_int_equal(answer.count, 7);
    free(answer.text);
    answer = PREDICT(run.run, path);
    line_is(&answer, 1, "setosa");
    line_is(&answer, 2, "\"\"");
    assert_int_equal(answer.count, 7);
    free(answer.text);
    answer = PREDICT(run.run, path, "--proba");
    line_is(&answer, 0, "prediction,p_setosa,p_versicolor,p_virginica");
    line_is(&answer, 2, ",,,");
    free(answer.text);
    struct child program = CHILD_RUN("predict", run.run, path);
    child_assert_done(&program);
    assert_non_null(strstr(program.err, "holes.csv:3: no prediction: column \"petal_width\" is missing"));
    assert_non_null(strstr(program.err, "holes.csv:4: no prediction"));
    assert_non_null(strstr(program.err, "holes.csv:5: no prediction: step 2 (standardize)"));
    assert_non_null(strstr(program.err, "holes.csv:6: no prediction: column \"petal_length\""));
    assert_non_null(strstr(program.err, "1 cell is no number as in training"));
    assert_non_null(strstr(program.err, "2 predictions for 6 rows"));
    child_free(&program);
    cJSON_Delete(run.done);
}

// Rows that training drops for a hole, and categories that it was told not to take.
static void data_without_a_usable_row_has_no_prediction(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "1");
    const char *path = child_file("holes.csv", "sepal_length,sepal_width,petal_length,petal_width\n,3,4,1\nx,3,4,2\n");
    struct answer answer = PREDICT(run.run, path);
    assert_int_equal(answer.count, 3);
    line_is(&answer, 1, "\"\"");
    line_is(&answer, 2, "\"\"");
    free(answer.text);
    cJSON_Delete(run.done);
}

static void steps_that_refuse_rows_refuse_them_one_by_one(void **state) {
    (void)state;
    struct str text = {0};
    str_add(&text, "size,color,y\n");
    for (int i = 0; i < 120; i++)
        str_format(&text, "%d,%s,%s\n", i % 12, i % 3 ? "red" : "blue", i % 12 < 6 ? "small" : "large");
    struct trained run = TRAIN(child_file("colors.csv", str_text(&text)), "--epochs", "5", "--steps",
                               "missing=drop-row:columns=color,standardize,one-hot=error");
    str_clear(&text);
    str_add(&text, "size,color\n");
    for (int i = 0; i < 100; i++)
        str_format(&text, "%d,%s\n", i % 12, i == 41 ? "" : i == 77 || i == 78 ? "green" : "red");
    const char *path = child_file("more.csv", str_text(&text));
    struct answer answer = PREDICT(run.run, path, "--keep", "size");
    assert_int_equal(answer.count, 101);
    for (size_t i = 0; i < 100; i++) {
        bool empty = answer.lines[i + 1][strlen(answer.lines[i + 1]) - 1] == ',';
        assert_int_equal(empty, i == 41 || i == 77 || i == 78);
        assert_int_equal(strtol(answer.lines[i + 1], NULL, 10), (long)i % 12);
    }
    free(answer.text);
    struct child program = CHILD_RUN("predict", run.run, path, "-o", child_path("o.csv"));
    child_assert_done(&program);
    assert_non_null(strstr(program.err, "more.csv:43: no prediction: step 3 (one-hot)"));
    assert_non_null(strstr(program.err, "more.csv:79: no prediction: step 3 (one-hot)"));
    assert_non_null(strstr(program.err, "\"green\""));
    child_free(&program);
    cJSON_Delete(run.done); // a hole stays one, also where a later step would make numbers of it
    run = TRAIN(child_path("colors.csv"), "--epochs", "5", "--steps",
                "missing=drop-row:columns=color,standardize,one-hot=ignore");
    program = CHILD_RUN("predict", run.run, path, "-o", child_path("o.csv"));
    child_assert_done(&program);
    assert_non_null(strstr(program.err, "more.csv:43: no prediction: column \"color\" is missing"));
    assert_non_null(strstr(program.err, "99 predictions for 100 rows"));
    child_free(&program);
    str_free(&text);
    cJSON_Delete(run.done);
}

static void class_names_are_written_for_spreadsheets(void **state) {
    (void)state;
    struct str text = {0};
    str_add(&text, "x,y\n");
    for (int i = 0; i < 80; i++)
        str_format(&text, "%d,%s\n", i % 8, i % 8 < 4 ? "=cmd()" : "\"a, \"\"b\"\"\"");
    const char *path = child_file("evil.csv", str_text(&text));
    struct trained run = TRAIN(path, "--epochs", "30", "--lr", "0.2");
    struct answer answer = PREDICT(run.run, path, "--proba");
    line_is(&answer, 0, "prediction,p_=cmd(),\"p_a, \"\"b\"\"\"");
    assert_int_equal(strncmp(answer.lines[1], "'=cmd(),", 8), 0);
    assert_int_equal(strncmp(answer.lines[8], "\"a, \"\"b\"\"\",", 11), 0);
    free(answer.text);
    str_free(&text);
    cJSON_Delete(run.done);
}

static void what_is_not_there_is_said(void **state) {
    (void)state;
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "1");
    struct child program = CHILD_RUN("predict", run.run, SAMPLE("wine.csv"), "-o", child_path("never.csv"));
    REFUSED(program, 1, "there is no column \"sepal_length\"");
    child_free(&program);
    program = CHILD_RUN("predict", run.run, SAMPLE("iris.csv"), "--keep", "specie");
    REFUSED(program, 1, "there is no column \"specie\" in iris.csv; did you mean \"species\"?");
    child_free(&program);
    program = CHILD_RUN("predict", run.run, SAMPLE("fashion-mnist"));
    REFUSED(program, 1, "holds images and the model was trained on a table");
    child_free(&program);
    program = CHILD_RUN("predict", run.run, "nowhere.csv");
    REFUSED(program, 1, "nowhere.csv");
    child_free(&program);
    program = CHILD_RUN("predict", run.run, child_file("empty.csv", "a,b\n"));
    REFUSED(program, 1, "no rows");
    child_free(&program);
    program = CHILD_RUN("predict", "99999", SAMPLE("iris.csv"));
    REFUSED(program, 1, "there is no run 99999");
    child_free(&program);
    program = CHILD_RUN("predict", run.run, SAMPLE("iris.csv"), "-o", "/nowhere/at/all.csv");
    REFUSED(program, 1, "/nowhere/at/all.csv");
    child_free(&program);
    struct child_options full = {.output = "/dev/full"};
    program = child_run_with(&full, (const char *const[]){"predict", run.run, SAMPLE("iris.csv"), NULL});
    assert_int_equal(program.status, 1);
    assert_non_null(strstr(program.err, "/dev/stdout: writing failed: No space left"));
    child_free(&program);
    FILE *never = fopen(child_path("never.csv"), "r");
    assert_null(never); // a failure leaves no half a file
    cJSON_Delete(run.done);
}

// Reading all of it takes more than the limit; what the program takes with a small file is some 130 MiB of it.
static void memory_does_not_grow_with_the_file(void **state) {
    (void)state;
    enum { ROWS = 900000 };
    struct trained run = TRAIN(SAMPLE("iris.csv"), "--epochs", "1", "--seed", "2");
    const char *path = child_path("large.csv"), *out = child_path("large.out.csv");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("sepal_length,sepal_width,petal_length,petal_width,note,number\n", file);
    for (int i = 0; i < ROWS; i++)
        fprintf(file, "%d.%d,3.%d,1.4,0.%d,row %d of many words that are all different,%d\n", 4 + i % 4, i % 10, i % 7,
                i % 5, i, i);
    assert_int_equal(fclose(file), 0);
    struct child_options limited = {.memory = (size_t)160 << 20};
    struct child program =
        child_run_with(&limited, (const char *const[]){"predict", run.run, path, "-o", out, "--threads", "1", NULL});
    child_assert_done(&program);
    child_free(&program);
    size_t size = 0, lines = 0;
    char *text = child_read(out, &size);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, ROWS + 1);
    free(text);
    cJSON_Delete(run.done);
}

// Of a table whose towns have 30 values, half of which are rich.
static const char *towns_file(const char *name, size_t rows, bool unseen) {
    struct str text = {0};
    str_add(&text, "size,town,color,rich\n");
    for (size_t i = 0; i < rows; i++) {
        size_t town = (i * 7 + i / 30) % 30;
        str_format(&text, "%zu,%s%zu,%s,%s\n", i % 10, unseen ? "new" : "town", town, i % 3 ? "red" : "blue",
                   town < 15 ? "yes" : "no");
    }
    if (unseen)
        str_add(&text, "3,,red,yes\n");
    const char *path = child_file(name, str_text(&text));
    str_free(&text);
    return path;
}

// Of a column that only an embedding has: what is learned of towns decides; towns that training never met share the row
// of those that are missing.
static void categories_of_many_values_are_embedded(void **state) {
    (void)state;
    const char *path = towns_file("towns.csv", 600, false), *strange = towns_file("strange.csv", 20, true);
    const char *const losses[] = {"auto", "binary"};
    for (size_t i = 0; i < 2; i++) {
        struct trained run = TRAIN(path, "--model", "mlp_embedding", "--epochs", "30", "--seed", "3", "--loss", losses[i]);
        cJSON *figures = EVAL(run.run, path);
        struct answer answer = PREDICT(run.run, strange, "--keep", "size,color", "--proba");
        assert_true(json_figure(figures, "accuracy") > 0.98);
        assert_int_equal(answer.count, 22);
        line_is(&answer, 0, "size,color,prediction,p_no,p_yes");
        const char *missing = strchr(strchr(answer.lines[21], ',') + 1, ','); // behind 3,red
        assert_string_equal(strchr(strchr(answer.lines[14], ',') + 1, ','), missing); // 3,red of a new town
        for (size_t line = 1; line < answer.count; line++) {
            double yes = strtod(strrchr(answer.lines[line], ',') + 1, NULL);
            assert_true(yes > 0.001 && yes < 0.999); // nothing is known of it
        }
        free(answer.text);
        cJSON_Delete(figures);
        cJSON_Delete(run.done);
    }
    struct child program = CHILD_RUN("train", path, "--model", "mlp_embedding", "--embedding-from", "31");
    REFUSED(program, 1, "nothing to embed; lower --embedding-from");
    child_free(&program);
    program = CHILD_RUN("train", path, "--loss", "binary", "--epochs", "1");
    child_assert_done(&program);
    assert_non_null(strstr(program.out, "loss binary: one logit, the log odds of yes\n"));
    child_free(&program);
    program = CHILD_RUN("train", SAMPLE("iris.csv"), "--loss", "binary");
    REFUSED(program, 1, "loss binary tells two classes apart, and the target has 3");
    child_free(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_data_predicts_as_training_would),
        cmocka_unit_test(numbers_come_back_in_their_own_unit),
        cmocka_unit_test(columns_are_matched_by_name),
        cmocka_unit_test(rows_that_cannot_be_used_keep_their_place),
        cmocka_unit_test(data_without_a_usable_row_has_no_prediction),
        cmocka_unit_test(steps_that_refuse_rows_refuse_them_one_by_one),
        cmocka_unit_test(class_names_are_written_for_spreadsheets),
        cmocka_unit_test(categories_of_many_values_are_embedded),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(memory_does_not_grow_with_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
