// batchlab lesson: the list of lessons, or one of them: its runs, what to look at, its question, and whether the answer
// agrees with what was measured.
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "app/cli_lab.h"
#include "app/cli_wait.h"
#include "app/json.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/lab/lesson.h"
#include "core/session.h"

enum { LESSONS_MOST = 100, LESSON_BYTES = 1 << 16, LINE = 78 };

static enum status samples_path(const char *name, struct str *out, struct error *error) {
    char folder[2048];
    enum status status = samples_folder(folder, sizeof folder, error);
    if (!status)
        path_join(out, folder, name);
    return status ? status : out->failed ? error_memory(error, name, 0) : STATUS_OK;
}

// ---- finding ------------------------------------------------------------------------------------------------

struct shelf {
    char names[LESSONS_MOST][64]; // "1-what-a-batch-is.txt", in order
    size_t count;
    struct str folder;
};

static int by_number(const void *a, const void *b) {
    int64_t x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
    return x != y ? (x > y) - (x < y) : strcmp(a, b);
}

static enum status open_shelf(struct shelf *shelf, struct error *error) {
    enum status status = samples_path("lessons", &shelf->folder, error);
    DIR *folder = status ? NULL : opendir(str_text(&shelf->folder));
    if (!status && !folder)
        return error_set(error, STATUS_MISSING, "%s: there are no lessons", str_text(&shelf->folder));
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        if (text_ends(entry->d_name, ".txt") && strlen(entry->d_name) < 64 && shelf->count < LESSONS_MOST)
            strcpy(shelf->names[shelf->count++], entry->d_name);
    if (folder)
        closedir(folder);
    qsort(shelf->names, shelf->count, sizeof shelf->names[0], by_number);
    return status;
}

static enum status read_lesson(const char *path, struct lesson *lesson, struct error *error) {
    char *text = NULL;
    size_t size = 0;
    enum status status = file_read(path, LESSON_BYTES, &text, &size, error);
    if (!status)
        status = lesson_parse(text, path_base(path), lesson, error);
    mem_free(text);
    return status;
}

// A number, or the path of a lesson of one's own.
static enum status find_lesson(const char *which, struct lesson *lesson, struct error *error) {
    struct shelf shelf = {.count = 0};
    struct str path = {0};
    int64_t number = 0;
    if (!integer_parse(which, &number))
        return read_lesson(which, lesson, error);
    enum status status = open_shelf(&shelf, error);
    size_t i = 0;
    while (i < shelf.count && strtoll(shelf.names[i], NULL, 10) != number)
        i++;
    if (!status && i == shelf.count)
        status = error_set(error, STATUS_MISSING, "there is no lesson %" PRId64 "; batchlab lesson lists them", number);
    if (!status) {
        path_join(&path, str_text(&shelf.folder), shelf.names[i]);
        status = read_lesson(str_text(&path), lesson, error);
    }
    str_free(&path);
    str_free(&shelf.folder);
    return status;
}

static int list(bool json) {
    struct shelf shelf = {.count = 0};
    struct str path = {0};
    struct error error;
    enum status status = open_shelf(&shelf, &error);
    for (size_t i = 0; i < shelf.count && !status; i++) {
        struct lesson lesson;
        path_join(&path, str_text(&shelf.folder), shelf.names[i]);
        status = read_lesson(str_text(&path), &lesson, &error);
        if (status)
            break;
        cJSON *object = cJSON_CreateObject();
        json_number(object, "lesson", (double)strtoll(shelf.names[i], NULL, 10));
        cJSON_AddStringToObject(object, "title", lesson.title);
        cJSON_AddStringToObject(object, "data", lesson.data);
        if (json)
            json_print_line(object);
        else
            printf("%3lld  %s\n", strtoll(shelf.names[i], NULL, 10), lesson.title);
        cJSON_Delete(object);
        lesson_free(&lesson);
    }
    str_free(&path);
    str_free(&shelf.folder);
    return status ? cli_fail(&error) : EXIT_DONE;
}

// ---- running ------------------------------------------------------------------------------------------------

static enum status set_params(struct session *session, const char *text, struct error *error) {
    char name[PARAM_TEXT_SIZE], value[PARAM_TEXT_SIZE];
    enum status status = STATUS_OK;
    while (!status && assignment_next(&text, name, value))
        status = session_set(session, name, value, error);
    return status;
}

// Every run begins from the lesson's own parameters: nothing of the run before stays.
static enum status set_all(struct session *session, const struct lesson *lesson, size_t run, struct error *error) {
    struct train_params defaults;
    enum status status = STATUS_OK;
    params_defaults(&train_table, &defaults);
    for (size_t i = 0; i < train_table.count && !status; i++) {
        char text[PARAM_TEXT_SIZE];
        const struct param *row = &train_table.rows[i];
        if (!params_equal(row, &defaults, session_snapshot(session)->params) && !text_equal(row->name, "target"))
            status = session_set(session, row->name, params_get(row, &defaults, text), error);
    }
    if (!status)
        status = set_params(session, lesson->params, error);
    return status ? status : set_params(session, lesson->runs[run].params, error);
}

static enum status follow(struct session *session, struct error *error) {
    bool stopping = false;
    while (session_run_alive(session)) {
        session_drain(session);
        const struct snapshot *snapshot = session_snapshot(session);
        bool stuck = snapshot->state == RUN_PAUSED; // it diverged
        if ((stuck || cli_interrupted()) && !stopping) {
            stopping = true;
            enum status status = session_stop(session, error);
            if (status)
                return status;
        }
        if (session_run_alive(session) && cli_wait_news(session, error))
            return error->status;
    }
    return cli_interrupted() ? error_set(error, STATUS_CANCELLED, "the lesson was stopped") : STATUS_OK;
}

static double lowest(const struct curve *curve) {
    double value = NAN;
    for (size_t i = 0; i < curve->epoch_count; i++)
        value = fmin(value, curve->epochs[i].val_loss);
    return value;
}

static void measure(const struct run_view *run, struct lesson_figures *figures) {
    const struct run_record *record = &run->record;
    const struct curve *curve = &run->curve;
    const struct epoch_row *last = &record->final_row;
    bool any = record->epochs > 0;
    *figures = (struct lesson_figures){.steps = (double)record->steps,
                                       .samples = (double)record->samples,
                                       .seconds = record->seconds,
                                       .train_loss = any ? last->train_loss : (double)NAN,
                                       .train_accuracy = any ? last->train_accuracy : (double)NAN,
                                       .val_loss = any ? last->val_loss : (double)NAN,
                                       .val_accuracy = any ? last->val_accuracy : (double)NAN,
                                       .best_accuracy = any ? record->best_row.val_accuracy : (double)NAN,
                                       .best_loss = lowest(curve),
                                       .rate = any ? last->samples_per_s : (double)NAN,
                                       .first_loss = any ? curve->epochs[0].train_loss : (double)NAN,
                                       .diverged = record->state != RUN_DONE,
                                       .sharpness = NAN};
    struct reach_step *steps = mem_alloc(curve->point_count + 1, sizeof *steps);
    float *gradients = mem_alloc(curve->point_count + 1, sizeof *gradients);
    for (size_t i = 0; steps && gradients && i < curve->point_count; i++) {
        steps[i] = (struct reach_step){.step = curve->points[i].step, .loss = curve->points[i].loss,
                                       .batch = curve->points[i].batch};
        gradients[i] = curve->points[i].gradient_norm;
    }
    if (steps && gradients)
        lesson_measure(steps, gradients, curve->point_count, any ? (size_t)curve->epochs[0].step : 0, figures);
    mem_free(steps);
    mem_free(gradients);
}

// "loss 0.1234", padded; what was not measured is a dash.
static void print_figure(const char *name, double value, int width, const char *format) {
    char text[32] = "-";
    if (!isnan(value))
        snprintf(text, sizeof text, format, value);
    printf("  %s %-*s", name, width, text);
}

static void tell_run(const struct lesson *lesson, size_t index, const struct run_record *record,
                     const struct lesson_figures *figures, bool json) {
    static const char *const names[] = {"steps",     "seconds",  "train_loss",   "train_accuracy", "val_loss", "val_accuracy",
                                        "best_loss", "noise", "gradient", "diverged"};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "run");
    cJSON_AddStringToObject(object, "name", lesson->runs[index].name);
    json_number(object, "run", (double)record->id);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_number(object, names[i], lesson_figure(figures, names[i]));
    if (!isnan(figures->sharpness))
        json_number(object, "sharpness", figures->sharpness);
    if (json) {
        json_print_line(object);
    } else {
        printf("  run %-5" PRId64 " %-10s %-28s %6.0f steps %6.2f s", record->id, lesson->runs[index].name,
               lesson->runs[index].params, figures->steps, figures->seconds);
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

static enum status run_all(struct session *session, const struct lesson *lesson, struct lesson_figures *figures,
                           bool json, struct error *error) {
    struct str path = {0};
    enum status status = samples_path(lesson->data, &path, error);
    if (!status)
        status = session_load(session, str_text(&path), NULL, error);
    if (!status)
        status = session_wait(session, error);
    for (size_t i = 0; i < lesson->run_count && !status; i++) {
        status = set_all(session, lesson, i, error);
        if (!status)
            status = session_wait(session, error);
        if (!status)
            status = session_start(session, error);
        if (!status)
            status = follow(session, error);
        if (status)
            break;
        const struct run_view *run = session_snapshot(session)->run;
        char note[64];
        snprintf(note, sizeof note, "lesson, %s", lesson->runs[i].name);
        status = session_run_note(session, run->record.id, note, error);
        measure(run, &figures[i]);
        if (!status && lesson_asks(lesson, "sharpness") && run->record.state == RUN_DONE)
            status = cli_run_sharpness(session, run->record.id, &figures[i].sharpness, error);
        tell_run(lesson, i, &run->record, &figures[i], json);
    }
    str_free(&path);
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

// Several answers may hold; none may, when the machine or chance has it so.
static int judge(const struct lesson *lesson, const struct lesson_figures *figures, const char *given, bool json) {
    char right[LESSON_ANSWERS_MOST + 1] = "";
    bool correct = false;
    size_t count = 0;
    for (size_t i = 0; i < lesson->answer_count; i++) {
        if (!lesson_holds(lesson, i, figures))
            continue;
        right[count++] = lesson->answers[i].letter;
        correct |= given && given[0] == lesson->answers[i].letter && given[1] == '\0';
    }
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
    for (size_t i = 0; i < lesson->answer_count; i++)
        if (strchr(right, lesson->answers[i].letter))
            printf("measured: %c) %s  [%s]\n", lesson->answers[i].letter, lesson->answers[i].text,
                   lesson->answers[i].condition);
    if (count == 0)
        puts("None of the answers holds for what was measured here: look at the runs again.");
    print_wrapped(lesson->because);
    return EXIT_DONE;
}

static int teach(const struct lesson *lesson, const struct arguments *arguments, bool json) {
    struct session *session = NULL;
    struct lesson_figures figures[LESSON_RUNS_MOST];
    struct session_options options = {.no_profile = true};
    struct error error;
    char typed[16];
    if (session_open(&session, &options, &error))
        return cli_fail(&error);
    cli_catch_interrupts();
    if (!json) {
        printf("%s\n\n", lesson->title);
        print_wrapped(lesson->about);
        putchar('\n');
    }
    enum status status = run_all(session, lesson, figures, json, &error);
    session_close(session);
    if (status)
        return cli_fail(&error);
    if (!json) {
        putchar('\n');
        print_wrapped(lesson->look);
        putchar('\n');
        print_wrapped(lesson->question);
        for (size_t i = 0; i < lesson->answer_count; i++)
            printf("  %c) %s\n", lesson->answers[i].letter, lesson->answers[i].text);
    }
    return judge(lesson, figures, ask(lesson, arguments, json, typed), json);
}

int cli_lesson(const struct arguments *arguments) {
    struct lesson lesson;
    struct error error;
    bool json = arguments->flags[FLAG_JSON] != NULL;
    if (arguments->file_count == 0 && arguments->flags[FLAG_ANSWER])
        return error_set(&error, STATUS_INVALID, "--answer is to a lesson; name one, such as batchlab lesson 1"),
               cli_usage(&error);
    if (arguments->file_count == 0)
        return list(json);
    if (find_lesson(arguments->files[0], &lesson, &error))
        return cli_fail(&error);
    int exit_status = check_answer(&lesson, arguments->flags[FLAG_ANSWER], &error) ? cli_usage(&error)
                                                                                   : teach(&lesson, arguments, json);
    lesson_free(&lesson);
    return exit_status;
}
