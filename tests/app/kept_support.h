// A run trained by the real program, and its answers: for tests of eval and predict. Everything fails the test.
#ifndef TESTS_APP_KEPT_SUPPORT_H
#define TESTS_APP_KEPT_SUPPORT_H

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/test.h"

#define SAMPLE(name) "datasets/samples/" name

struct trained {
    char run[24];
    cJSON *done; // the last line of train --json
};

static inline const cJSON *json_get(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item)
        fail_msg("there is no %s", name);
    return item;
}

static inline double json_figure(const cJSON *object, const char *name) {
    const cJSON *item = json_get(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

static inline struct trained train_run(const char *const *argv) {
    struct child program = child_run_with(NULL, argv);
    struct trained trained = {.done = NULL};
    child_assert_done(&program);
    char *last = strrchr(program.out, '{');
    while (last && last > program.out && last[-1] != '\n')
        last--;
    trained.done = cJSON_Parse(last);
    assert_non_null(trained.done);
    snprintf(trained.run, sizeof trained.run, "%.0f", json_figure(trained.done, "run"));
    child_free(&program);
    return trained;
}
#define TRAIN(...) train_run((const char *const[]){"train", __VA_ARGS__, "--json", NULL})

static inline cJSON *eval_json(const char *const *argv) {
    struct child program = child_run_with(NULL, argv);
    child_assert_done(&program);
    cJSON *object = cJSON_Parse(program.out);
    assert_non_null(object);
    child_free(&program);
    return object;
}
#define EVAL(...) eval_json((const char *const[]){"eval", __VA_ARGS__, "--json", NULL})

// Standard output of predict, line after line; free(lines.text).
struct answer {
    char *text;
    char *lines[4000];
    size_t count;
};
static inline struct answer predict_lines(const char *const *argv) {
    struct child program = child_run_with(NULL, argv);
    struct answer answer = {.count = 0};
    child_assert_done(&program);
    answer.text = strdup(program.out);
    for (char *line = strtok(answer.text, "\n"); line && answer.count < 4000; line = strtok(NULL, "\n"))
        answer.lines[answer.count++] = line;
    child_free(&program);
    return answer;
}
#define PREDICT(...) predict_lines((const char *const[]){"predict", __VA_ARGS__, NULL})

#endif
