#include "core/lab/lesson.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

// ---- figures ------------------------------------------------------------------------------------------------

#define FIGURE(field) {#field, offsetof(struct lesson_figures, field)}
static const struct {
    const char *name;
    size_t offset;
} figures_table[] = {FIGURE(steps),        FIGURE(samples),       FIGURE(seconds),   FIGURE(train_loss),
                     FIGURE(train_accuracy), FIGURE(val_loss),    FIGURE(val_accuracy), FIGURE(best_accuracy),
                     FIGURE(best_loss),    FIGURE(noise),         FIGURE(gradient),  FIGURE(rate),
                     FIGURE(diverged),     FIGURE(first_loss),   FIGURE(sharpness)};
enum { FIGURES = sizeof figures_table / sizeof *figures_table };

static int find_figure(const char *name) {
    for (int i = 0; i < FIGURES; i++)
        if (strcmp(figures_table[i].name, name) == 0)
            return i;
    return -1;
}

double lesson_figure(const struct lesson_figures *figures, const char *name) {
    int i = find_figure(name);
    return i < 0 ? (double)NAN : *(const double *)((const char *)figures + figures_table[i].offset);
}

void lesson_measure(const struct reach_step *steps, const float *gradients, size_t count, size_t first_epoch,
                    struct lesson_figures *figures) {
    double sum = 0, squares = 0;
    size_t used = 0;
    for (size_t i = count / 2 + 1; i < count; i++) {
        double off = (double)steps[i].loss - (double)steps[i - 1].loss;
        squares += off * off;
        used++;
    }
    figures->noise = used > 0 ? sqrt(squares / (double)used / 2) : (double)NAN;
    for (size_t i = 0; i < first_epoch && i < count; i++)
        sum += (double)gradients[i];
    figures->gradient = first_epoch > 0 && count > 0 ? sum / (double)(first_epoch < count ? first_epoch : count)
                                                     : (double)NAN;
}

// ---- conditions ---------------------------------------------------------------------------------------------

struct operand {
    double factor;
    int run, figure; // run -1: the number alone
};

static const char *skip(const char *at) {
    while (*at == ' ')
        at++;
    return at;
}

// "2.5", "small.steps" or "2 * small.steps".
static bool read_operand(const struct lesson *lesson, const char **at, struct operand *out) {
    char run[32] = "", figure[32] = "";
    const char *text = skip(*at);
    *out = (struct operand){.factor = 1, .run = -1};
    if (isdigit((unsigned char)*text)) {
        char *end;
        out->factor = strtod(text, &end);
        text = skip(end);
        if (*text != '*')
            return *at = text, true;
        text = skip(text + 1);
    }
    int used = 0;
    if (sscanf(text, "%31[a-z0-9_].%31[a-z_]%n", run, figure, &used) != 2)
        return false;
    for (size_t i = 0; i < lesson->run_count; i++)
        if (strcmp(lesson->runs[i].name, run) == 0)
            out->run = (int)i;
    out->figure = find_figure(figure);
    *at = skip(text + used);
    return out->run >= 0 && out->figure >= 0;
}

static double value_of(const struct operand *operand, const struct lesson_figures *figures) {
    return operand->run < 0 ? operand->factor
                            : operand->factor *
                                  lesson_figure(&figures[operand->run], figures_table[operand->figure].name);
}

// `figures` NULL: only whether it can be read; then *holds is not set.
static bool read_condition(const struct lesson *lesson, const char *text, const struct lesson_figures *figures,
                           bool *holds) {
    bool all = true;
    for (;;) {
        struct operand left, right;
        if (!read_operand(lesson, &text, &left))
            return false;
        char sign = *text;
        if (sign != '<' && sign != '>')
            return false;
        text++;
        if (!read_operand(lesson, &text, &right))
            return false;
        if (figures)
            all = all && (sign == '<' ? value_of(&left, figures) < value_of(&right, figures)
                                         : value_of(&left, figures) > value_of(&right, figures));
        if (*text == '\0')
            break;
        if (*text++ != '&')
            return false;
    }
    if (figures)
        *holds = all;
    return true;
}

bool lesson_holds(const struct lesson *lesson, size_t answer, const struct lesson_figures *figures) {
    bool holds = false;
    return read_condition(lesson, lesson->answers[answer].condition, figures, &holds) && holds;
}

void lesson_right(const struct lesson *lesson, const struct lesson_figures *figures, char out[LESSON_ANSWERS_MOST + 1]) {
    size_t count = 0;
    for (size_t i = 0; i < lesson->answer_count; i++)
        if (lesson_holds(lesson, i, figures))
            out[count++] = lesson->answers[i].letter;
    out[count] = '\0';
}

// Operand by operand, as it was written.
char *lesson_explain(const struct lesson *lesson, size_t answer, const struct lesson_figures *figures, char *out,
                     size_t size) {
    const char *text = lesson->answers[answer].condition;
    struct str said = {0};
    for (struct operand operand; *text;) {
        const char *from = text;
        if (!read_operand(lesson, &text, &operand))
            break;
        size_t length = (size_t)(text - from);
        while (length > 0 && from[length - 1] == ' ')
            length--;
        str_add_bytes(&said, from, length);
        if (operand.run >= 0)
            str_format(&said, " (%.4g)", lesson_figure(&figures[operand.run], figures_table[operand.figure].name));
        if (*text)
            str_format(&said, " %c", *text++);
    }
    snprintf(out, size, "%s", str_text(&said));
    str_free(&said);
    return out;
}

bool lesson_asks(const struct lesson *lesson, const char *figure) {
    for (size_t i = 0; i < lesson->answer_count; i++) {
        const char *text = lesson->answers[i].condition;
        for (struct operand operand; *text && read_operand(lesson, &text, &operand); text += *text != '\0')
            if (operand.run >= 0 && strcmp(figures_table[operand.figure].name, figure) == 0)
                return true;
    }
    return false;
}

// ---- reading ------------------------------------------------------------------------------------------------

void lesson_free(struct lesson *lesson) {
    char *texts[] = {lesson->title, lesson->data, lesson->about,    lesson->params,
                     lesson->look,  lesson->question, lesson->because};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mem_free(texts[i]);
    for (size_t i = 0; i < lesson->run_count; i++)
        mem_free(lesson->runs[i].params);
    for (size_t i = 0; i < lesson->answer_count; i++) {
        mem_free(lesson->answers[i].text);
        mem_free(lesson->answers[i].condition);
    }
    *lesson = (struct lesson){0};
}

static enum status check_params(const char *text, struct error *error) {
    char name[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    struct train_params params;
    enum status status = STATUS_OK;
    params_defaults(&train_table, &params);
    while (!status && assignment_next(&text, name, value))
        status = params_set(&train_table, &params, name, value, error);
    return status;
}

static enum status take_run(struct lesson *lesson, const char *name, const char *value, struct error *error) {
    struct lesson_run *run = &lesson->runs[lesson->run_count];
    if (lesson->run_count == LESSON_RUNS_MOST)
        return error_set(error, STATUS_INVALID, "a lesson has at most %d runs", LESSON_RUNS_MOST);
    if (sscanf(name, "%31[a-z0-9_]", run->name) != 1 || strlen(run->name) != strlen(name))
        return error_set(error, STATUS_INVALID, "a run needs a name of small letters, as in \"run small: batch=8\"");
    enum status status = check_params(value, error);
    if (status)
        return status;
    run->params = mem_string(value);
    lesson->run_count++;
    return run->params ? STATUS_OK : error_memory(error, "a lesson", strlen(value));
}

static enum status take_answer(struct lesson *lesson, const char *letter, const char *value, struct error *error) {
    struct lesson_answer *answer = &lesson->answers[lesson->answer_count];
    const char *bar = strchr(value, '|');
    if (lesson->answer_count == LESSON_ANSWERS_MOST || strlen(letter) != 1 || !islower((unsigned char)letter[0]) || !bar)
        return error_set(error, STATUS_INVALID,
                         "an answer is a small letter, its text, and when it is right: \"answer a: fewer | large.steps < "
                         "small.steps\", at most %d of them",
                         LESSON_ANSWERS_MOST);
    if (!read_condition(lesson, bar + 1, NULL, NULL))
        return error_set(error, STATUS_INVALID,
                         "\"%.200s\" is no condition on the runs above it, such as large.steps < 2 * small.steps",
                         skip(bar + 1));
    size_t length = (size_t)(bar - value);
    while (length > 0 && value[length - 1] == ' ')
        length--;
    answer->letter = letter[0];
    answer->text = mem_copy(value, length + 1);
    answer->condition = mem_string(skip(bar + 1));
    lesson->answer_count++;
    if (!answer->text || !answer->condition)
        return error_memory(error, "a lesson", strlen(value));
    answer->text[length] = '\0';
    return STATUS_OK;
}

static enum status take(struct lesson *lesson, const char *key, const char *value, struct error *error) {
    const struct {
        const char *name;
        char **text;
    } texts[] = {{"title", &lesson->title}, {"data", &lesson->data},         {"about", &lesson->about}, {"params", &lesson->params},
                 {"look", &lesson->look},   {"question", &lesson->question}, {"because", &lesson->because}};
    if (text_starts(key, "run "))
        return take_run(lesson, skip(key + 4), value, error);
    if (text_starts(key, "answer "))
        return take_answer(lesson, skip(key + 7), value, error);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].name, key) != 0)
            continue;
        enum status status = texts[i].text == &lesson->params ? check_params(value, error) : STATUS_OK;
        if (status)
            return status;
        mem_free(*texts[i].text);
        *texts[i].text = mem_string(value);
        return *texts[i].text ? STATUS_OK : error_memory(error, "a lesson", strlen(value));
    }
    return error_set(error, STATUS_INVALID, "\"%.60s\" is nothing that a lesson has", key);
}

// One line with those that go on with it, joined by blanks; returns what follows. `line`: its number.
static const char *next_line(const char *at, struct str *out, size_t *line) {
    str_clear(out);
    do {
        size_t length = strcspn(at, "\n");
        const char *from = at;
        while (length > 0 && (*from == ' ' || *from == '\t')) {
            from++;
            length--;
        }
        if (out->length > 0)
            str_add(out, " ");
        str_add_bytes(out, from, length - (length > 0 && from[length - 1] == '\r'));
        at += strcspn(at, "\n");
        at += *at == '\n';
        ++*line;
    } while (*at == ' ' || *at == '\t');
    return at;
}

static enum status take_line(struct lesson *lesson, const char *text, struct error *error) {
    char key[64];
    const char *colon = strchr(text, ':');
    if (text[0] == '\0' || text[0] == '#')
        return STATUS_OK;
    if (!colon || colon - text >= (ptrdiff_t)sizeof key)
        return error_set(error, STATUS_INVALID, "a line of a lesson is \"KEY: TEXT\"");
    snprintf(key, sizeof key, "%.*s", (int)(colon - text), text);
    return take(lesson, key, skip(colon + 1), error);
}

static enum status complete(struct lesson *lesson, struct error *error) {
    char **texts[] = {&lesson->about, &lesson->params, &lesson->look, &lesson->because};
    if (!lesson->title || !lesson->data || !lesson->question || lesson->run_count == 0 || lesson->answer_count < 2)
        return error_set(error, STATUS_INVALID, "a lesson needs a title, data, a run, a question and two answers");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!*texts[i] && !(*texts[i] = mem_string("")))
            return error_memory(error, "a lesson", 1);
    return STATUS_OK;
}

enum status lesson_parse(const char *text, const char *name, struct lesson *lesson, struct error *error) {
    struct str line = {0};
    size_t number = 0;
    enum status status = STATUS_OK;
    *lesson = (struct lesson){0};
    while (*text && !status) {
        size_t began = number + 1;
        text = next_line(text, &line, &number);
        status = line.failed ? error_memory(error, "a lesson", line.length) : take_line(lesson, str_text(&line), error);
        if (status)
            error_prefix(error, "%s:%zu", name, began);
    }
    if (!status && (status = complete(lesson, error)))
        error_prefix(error, "%s", name);
    str_free(&line);
    if (status)
        lesson_free(lesson);
    return status;
}
