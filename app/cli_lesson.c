// batchlab lesson: the list of lessons, or one of them: its runs, what to look at, its question, and whether the answer
// agrees with what was measured.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "app/cli_wait.h"
#include "app/json.h"
#include "core/session.h"

enum { LINE = 78 };

static int list(bool json) {
    struct session *session = NULL;
    struct session_options options = {.no_profile = true};
    struct error error;
    enum status status = session_open(&session, &options, &error);
    if (!status)
        status = session_lessons(session, &error);
    const struct snapshot *snapshot = status ? NULL : session_snapshot(session);
    for (size_t i = 0; snapshot && i < snapshot->lesson_count; i++) {
        const struct lesson_entry *entry = &snapshot->lessons[i];
        cJSON *object = cJSON_CreateObject();
        json_number(object, "lesson", (double)entry->number);
        cJSON_AddStringToObject(object, "title", entry->lesson.title);
        cJSON_AddStringToObject(object, "data", entry->lesson.data);
        if (json)
            json_print_line(object);
        else
            printf("%3" PRId64 "  %s\n", entry->number, entry->lesson.title);
        cJSON_Delete(object);
    }
    session_close(session);
    return status ? cli_fail(&error) : EXIT_DONE;
}

// ---- running ------------------------------------------------------------------------------------------------

// "loss 0.1234", padded; what was not measured is a dash.
static void print_figure(const char *name, double value, int width, const char *format) {
    char text[32] = "-";
    if (!isnan(value))
        snprintf(text, sizeof text, format, value);
    printf("  %s %-*s", name, width, text);
}

static void tell_run(const struct lesson_view *view, size_t index, bool json) {
    static const char *const names[] = {"steps",     "seconds",  "train_loss",   "train_accuracy", "val_loss", "val_accuracy",
                                        "best_loss", "noise", "gradient", "diverged"};
    const struct lesson_run *run = &view->lesson->runs[index];
    const struct lesson_figures *figures = &view->outcomes[index].figures;
    int64_t id = view->outcomes[index].run;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "run");
    cJSON_AddStringToObject(object, "name", run->name);
    json_number(object, "run", (double)id);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_number(object, names[i], lesson_figure(figures, names[i]));
    if (!isnan(figures->sharpness))
        json_number(object, "sharpness", figures->sharpness);
    if (json) {
        json_print_line(object);
    } else {
        printf("  run %-5" PRId64 " %-10s %-28s %6.0f steps %6.2f s", id, run->name, run->params, figures->steps, figures->seconds);
        print_figure("loss", figures->train_loss, 8, "%.4g");
        print_figure("validation", figures->val_loss, 8, "%.4g");
        print_figure("accuracy", 100 * figures->val_accuracy, 7, "%.1f %%");
        print_figure("noise", figures->noise, 7, "%.3g");
        if (!isnan(figures->sharpness))
            print_figure("sharpness", figures->sharpness, 7, "%.3g");
        puts(figures->diverged > 0 ? "  diverged" : "");
    }
    fflush(stdout);
    cJSON_Delete(object);
}

// Whether a run has ended and its figures are whole.
static bool told(const struct lesson_view *view, size_t index) {
    return view->outcomes[index].ended && !(view->probing && view->at == index);
}

static enum status run_all(struct session *session, bool json, struct error *error) {
    const struct lesson_view *view = session_snapshot(session)->lesson;
    size_t next = 0;
    enum status status = session_lesson_begin(session, error);
    while (!status && view->active) {
        if (cli_interrupted())
            session_lesson_cancel(session);
        session_drain(session);
        for (; next < view->lesson->run_count && told(view, next); next++)
            tell_run(view, next, json);
        if (view->active)
            status = cli_wait_news(session, error);
    }
    if (!status && view->reason[0])
        status = error_set(error, cli_interrupted() ? STATUS_CANCELLED : STATUS_STATE, "%s", view->reason);
    return status;
}

// ---- the question ---------------------------------------------------------------------------------------------

static void print_wrapped(const char *text) {
    size_t column = 0;
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, " ");
        if (column > 0 && column + 1 + length > LINE) {
            putchar('\n');
            column = 0;
        }
        printf("%s%.*s", column > 0 ? " " : "", (int)length, at);
        column += length + (column > 0);
        at += length;
        at += strspn(at, " ");
    }
    putchar('\n');
}

static const char *ask(const struct lesson *lesson, const struct arguments *arguments, bool json, char typed[16]) {
    const char *given = arguments->flags[FLAG_ANSWER];
    if (json || given)
        return given;
    if (!isatty(STDIN_FILENO))
        return NULL;
    printf("your answer (%c to %c): ", lesson->answers[0].letter, lesson->answers[lesson->answer_count - 1].letter);
    fflush(stdout);
    if (!fgets(typed, 16, stdin))
        return NULL;
    typed[strcspn(typed, "\n")] = '\0';
    return typed;
}

// NULL: none is given.
static enum status check_answer(const struct lesson *lesson, const char *given, struct error *error) {
    bool known = given == NULL;
    for (size_t i = 0; i < lesson->answer_count && !known; i++)
        known = given[0] == lesson->answers[i].letter && given[1] == '\0';
    return known ? STATUS_OK
                 : error_set(error, STATUS_INVALID, "--answer \"%.20s\": must be a small letter from %c to %c", given,
                             lesson->answers[0].letter, lesson->answers[lesson->answer_count - 1].letter);
}

static int judge(const struct lesson_view *view, const char *given, bool json) {
    const struct lesson *lesson = view->lesson;
    const char *right = view->right;
    struct lesson_figures figures[LESSON_RUNS_MOST];
    char why[512];
    bool correct = given && strchr(right, given[0]) && given[0] && given[1] == '\0';
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "answer");
    cJSON_AddStringToObject(object, "measured", right);
    if (given)
        cJSON_AddStringToObject(object, "given", given);
    if (given)
        cJSON_AddBoolToObject(object, "right", correct);
    if (json)
        json_print_line(object);
    cJSON_Delete(object);
    if (json)
        return EXIT_DONE;
    if (given)
        printf("%s\n", correct ? "Right: that is what was measured." : "Not this time: the curves say otherwise.");
    for (size_t i = 0; i < lesson->run_count; i++)
        figures[i] = view->outcomes[i].figures;
    for (size_t i = 0; i < lesson->answer_count; i++)
        if (strchr(right, lesson->answers[i].letter))
            printf("measured: %c) %s  [%s]\n", lesson->answers[i].letter, lesson->answers[i].text,
                   lesson_explain(lesson, i, figures, why, sizeof why));
    if (!right[0])
        puts("None of the answers holds for what was measured here: look at the runs again.");
    print_wrapped(lesson->because);
    return EXIT_DONE;
}

static int teach(struct session *session, const struct arguments *arguments, bool json) {
    const struct lesson_view *view = session_snapshot(session)->lesson;
    const struct lesson *lesson = view->lesson;
    struct error error;
    char typed[16];
    cli_catch_interrupts();
    if (!json) {
        printf("%s\n\n", lesson->title);
        print_wrapped(lesson->about);
        putchar('\n');
    }
    if (run_all(session, json, &error))
        return cli_fail(&error);
    if (!json) {
        putchar('\n');
        print_wrapped(lesson->look);
        putchar('\n');
        print_wrapped(lesson->question);
        for (size_t i = 0; i < lesson->answer_count; i++)
            printf("  %c) %s\n", lesson->answers[i].letter, lesson->answers[i].text);
    }
    return judge(view, ask(lesson, arguments, json, typed), json);
}

int cli_lesson(const struct arguments *arguments) {
    struct session *session = NULL;
    struct session_options options = {.no_profile = true};
    struct error error;
    bool json = arguments->flags[FLAG_JSON] != NULL;
    if (arguments->file_count == 0 && arguments->flags[FLAG_ANSWER])
        return error_set(&error, STATUS_INVALID, "--answer is to a lesson; name one, such as batchlab lesson 1"),
               cli_usage(&error);
    if (arguments->file_count == 0)
        return list(json);
    int exit_status = EXIT_FAILED;
    if (session_open(&session, &options, &error) || session_lesson_open(session, arguments->files[0], &error))
        exit_status = cli_fail(&error);
    else if (check_answer(session_snapshot(session)->lesson->lesson, arguments->flags[FLAG_ANSWER], &error))
        exit_status = cli_usage(&error);
    else
        exit_status = teach(session, arguments, json);
    session_close(session);
    return exit_status;
}
