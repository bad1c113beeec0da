// The session with everything behind it: shipped data, pipeline, training, store, undo, resume.
#include "tests/support/test.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session.h"
#include "core/train/trainer.h"

static char folder[64];
static struct session *session;
static const struct snapshot *view;
static struct error error;
static const char iris[] = "datasets/samples/iris.csv"; // 150 rows, one of them twice
static const char wine[] = "datasets/samples/wine.csv"; // 178 rows

static void must(enum status status) {
    if (status)
        fail_msg("%s", error.text);
}

static void reopen(void) {
    session_close(session);
    session = NULL;
    must(session_open(&session, &(struct session_options){0}, &error));
    view = session_snapshot(session);
    must(session_set(session, "device", "ref", &error));
}

static int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/batchlab-session-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("XDG_DATA_HOME", folder, 1);
    reopen();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    session_close(session);
    session = NULL;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void open_file(const char *path) {
    must(session_load(session, path, NULL, &error));
    must(session_wait(session, &error));
}

static void wait_news(void) {
    int fds[2];
    struct pollfd polled[2];
    size_t count = session_poll_fds(session, fds);
    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (poll(polled, (nfds_t)count, 20000) < 1)
        fail_msg("no news for 20 seconds");
    session_drain(session);
}

static void wait_end(void) {
    while (session_run_alive(session))
        wait_news();
}

static void wait_state(enum run_state state) {
    while (view->state != state) {
        assert_true(session_run_alive(session));
        wait_news();
    }
}

static void set(const char *name, const char *text) {
    must(session_set(session, name, text, &error));
}

// ---- data and pipeline -------------------------------------------------------------------------------------

static void iris_is_opened_prepared_and_trained(void **state) {
    (void)state;
    assert_int_equal(session_start(session, &error), STATUS_STATE);
    open_file(iris);
    assert_int_equal(dataset_rows(view->dataset), 150);
    assert_non_null(view->profile);
    assert_non_null(view->prepared);
    assert_true(view->suggested);
    assert_true(strlen(view->pipeline_reasons) > 0);
    assert_non_null(view->source);
    assert_int_equal(view->source->classes, 3);
    // Fisher's data has one row twice
    assert_int_equal(view->source->part_count[PART_TRAIN] + view->source->part_count[PART_VALIDATION], 149);
    set("hidden", "64,64");
    // 4·64+64 + 64·64+64 + 64·3+3 weights
    assert_int_equal(view->weight_count, 4675);
    assert_true(view->layer_count >= 3);
    // a product of B×I by I×O costs 2·I·O forward, as much for the weights' gradient, and as much again
    // for the input's gradient except in the first layer; activations and sums come on top
    double products = 2 * (2 * 4 * 64 + 3 * 64 * 64 + 3 * 64 * 3);
    assert_true(view->flops >= products && view->flops < 1.2 * products);
    set("epochs", "30");
    must(session_start(session, &error));
    assert_true(session_run_alive(session));
    assert_int_equal(session_start(session, &error), STATUS_STATE);
    wait_end();
    assert_int_equal(view->state, RUN_DONE);
    const struct run_view *run = view->run;
    assert_int_equal(run->curve.epoch_count, 30);
    assert_int_equal(run->curve.point_count, run->record.steps);
    assert_int_equal(run->record.epochs, 30);
    assert_true(run->record.final_row.val_accuracy > 0.85);
    assert_true(run->record.best_row.val_accuracy >= run->record.final_row.val_accuracy);
    assert_string_equal(view->device.backend, "ref");
    assert_int_equal(view->steps_total, run->record.steps);
    assert_int_equal(view->metrics_dropped, 0);
    struct run_record kept = run->record;

    reopen();
    assert_int_equal(view->run_count, 1);
    assert_int_equal(view->runs[0].id, kept.id);
    assert_int_equal(view->runs[0].state, RUN_DONE);
    assert_string_equal(view->runs[0].name, "mlp · iris.csv");
    assert_string_equal(view->runs[0].checkpoint, kept.checkpoint);
    assert_memory_equal(&view->runs[0].final_row, &kept.final_row, offsetof(struct epoch_row, train_rmse));
    assert_true(file_exists(kept.checkpoint));
    struct checkpoint_header header = {0}; // enough to evaluate and predict from alone
    must(checkpoint_read_header(kept.checkpoint, &header, &error));
    cJSON *extra = cJSON_Parse(header.extra);
    assert_true(cJSON_IsObject(cJSON_GetObjectItem(extra, "recipe")));
    struct encoding encoding = {0};
    must(encoding_load(cJSON_GetObjectItem(extra, "encoding"), &encoding, &error));
    assert_int_equal(encoding.classes, 3);
    encoding_free(&encoding);
    cJSON_Delete(extra);
    checkpoint_header_clear(&header);
    must(session_overlay(session, kept.id, &error));
    assert_int_equal(view->overlay_count, 1);
    assert_int_equal(view->overlays[0]->curve.point_count, kept.steps);
    assert_int_equal(view->overlays[0]->curve.epoch_count, 30);
    must(session_run_delete(session, kept.id, &error));
    assert_int_equal(view->overlay_count, 0);
    assert_int_equal(view->run_count, 0);
    assert_false(file_exists(kept.checkpoint));
}

static void what_cannot_be_opened_leaves_what_is_open(void **state) {
    (void)state;
    open_file(iris);
    const struct dataset *before = view->dataset;
    const struct source *source = view->source;
    must(session_load(session, "no/such/file.csv", NULL, &error));
    assert_int_not_equal(session_wait(session, &error), STATUS_OK);
    assert_non_null(strstr(error.text, "no/such/file.csv"));
    assert_int_equal(view->message_kind, MESSAGE_ERROR);
    assert_ptr_equal(view->dataset, before);
    assert_ptr_equal(view->source, source);
    must(session_start(session, &error));
    must(session_stop(session, &error));
    wait_end();
    must(session_load(session, folder, NULL, &error)); // a folder without data
    assert_int_not_equal(session_wait(session, &error), STATUS_OK);
    assert_ptr_equal(view->dataset, before);
    assert_int_not_equal(session_recipe(session, "no/such/recipe.json", false, &error), STATUS_OK);
    assert_int_not_equal(session_set_target(session, "no such column", &error), STATUS_OK);
    assert_int_not_equal(session_step_set(session, 99, "strategy", "mean", &error), STATUS_OK);
    assert_ptr_equal(view->source, source);
}

static char *recipe_now(void) {
    char *json = NULL;
    must(pipeline_save(view->pipeline, false, &json, &error));
    return json;
}

static void edits_are_undone_and_redone(void **state) {
    (void)state;
    open_file(wine);
    assert_false(view->can_undo);
    assert_int_equal(session_undo(session, &error), STATUS_STATE);
    uint64_t print = view->source->fingerprint;
    char *suggested = recipe_now();
    must(session_step_insert(session, view->pipeline->count, "min-max", &error));
    must(session_wait(session, &error));
    assert_false(view->suggested);
    char *edited = recipe_now();
    assert_string_not_equal(suggested, edited);
    uint64_t other = view->source->fingerprint;
    assert_true(other != print);
    set("validation", "0.4");
    must(session_wait(session, &error));
    assert_int_equal(view->source->part_count[PART_VALIDATION], 72);
    set("lr", "0.01");

    must(session_undo(session, &error));
    assert_true(view->params->lr == 0.05);
    must(session_undo(session, &error));
    must(session_wait(session, &error));
    assert_int_equal(view->source->part_count[PART_VALIDATION], 36);
    assert_true(view->source->fingerprint == other);
    must(session_undo(session, &error));
    must(session_wait(session, &error));
    assert_true(view->suggested);
    assert_true(view->source->fingerprint == print);
    char *again = recipe_now();
    assert_string_equal(again, suggested);
    assert_true(view->can_redo);
    must(session_redo(session, &error));
    must(session_redo(session, &error));
    must(session_redo(session, &error));
    must(session_wait(session, &error));
    assert_true(view->params->lr == 0.01);
    assert_int_equal(view->source->part_count[PART_VALIDATION], 72);
    char *last = recipe_now();
    assert_string_equal(last, edited);
    assert_false(view->can_redo);
    mem_free(suggested);
    mem_free(edited);
    mem_free(again);
    mem_free(last);
}

static void types_targets_and_tokens_are_read_again(void **state) {
    (void)state;
    open_file("datasets/samples/airquality.csv");
    const struct table *table = view->dataset->table;
    char first[64];
    snprintf(first, sizeof first, "%s", table->columns[0]->name);
    enum column_type type = table->columns[0]->type;
    size_t missing = table->columns[1]->missing_count;
    must(session_set_type(session, first, COLUMN_TEXT, &error));
    must(session_wait(session, &error));
    assert_int_equal(view->dataset->table->columns[0]->type, COLUMN_TEXT);
    must(session_undo(session, &error));
    must(session_wait(session, &error));
    assert_int_equal(view->dataset->table->columns[0]->type, type);
    char cell[64];
    table = view->dataset->table;
    size_t row = 0;
    while (column_is_missing(table->columns[1], row))
        row++;
    char token[64];
    snprintf(token, sizeof token, "%s", column_text(table->columns[1], row, cell));
    must(session_add_missing_token(session, token, &error));
    must(session_wait(session, &error));
    assert_true(view->dataset->table->columns[1]->missing_count > missing);
    const char *target = view->dataset->table->columns[2]->name;
    char name[64];
    snprintf(name, sizeof name, "%s", target);
    must(session_set_target(session, name, &error));
    must(session_wait(session, &error));
    assert_int_equal(view->dataset->table->target, 2);
    assert_non_null(view->source);
    assert_string_equal(view->source->target_name, name);
}

static void many_edits_in_a_row_end_with_the_last(void **state) {
    (void)state;
    must(session_load(session, iris, NULL, &error));
    must(session_load(session, iris, NULL, &error));
    must(session_load(session, wine, NULL, &error));
    must(session_wait(session, &error));
    assert_int_equal(dataset_rows(view->dataset), 178);
    for (int i = 0; i < 40; i++) {
        char text[16];
        snprintf(text, sizeof text, "0.%02d", 10 + i);
        set("validation", text);
        if (i % 7 == 0)
            session_drain(session);
    }
    must(session_wait(session, &error));
    assert_int_equal(view->source->part_count[PART_VALIDATION], 88); // ceil(0.49·178)
    assert_false(view->job.active);
    assert_false(view->pipeline_stale);
    session_cancel(session);
    set("seed", "5");
    session_cancel(session);
    (void)session_wait(session, &error);
    set("seed", "6");
    must(session_wait(session, &error));
    assert_non_null(view->source);
}

static void recipes_are_saved_and_read(void **state) {
    (void)state;
    char path[128], out[128];
    snprintf(path, sizeof path, "%s/recipe.json", folder);
    snprintf(out, sizeof out, "%s/out.csv", folder);
    open_file(iris);
    must(session_recipe(session, "standardize", true, &error));
    must(session_wait(session, &error));
    assert_int_equal(view->pipeline->count, 1);
    must(session_save_recipe(session, path, &error));
    must(session_export(session, out, &error));
    must(session_wait(session, &error));
    assert_true(file_size(out) > 1000);
    must(session_recipe(session, "none", false, &error));
    must(session_wait(session, &error));
    assert_string_equal(view->params->recipe, "none");
    must(session_recipe(session, path, false, &error));
    must(session_wait(session, &error));
    assert_int_equal(view->pipeline->count, 1);
    assert_string_equal(view->pipeline->steps[0]->kind->name, "standardize");
}

// ---- runs ---------------------------------------------------------------------------------------------------

// The mean over five seeds of the share of validation rows that shipped defaults get right.
static double accuracy_of(const char *path) {
    double sum = 0;
    must(session_set(session, "device", "cpu", &error));
    open_file(path);
    for (int seed = 1; seed <= 5; seed++) {
        char text[8];
        snprintf(text, sizeof text, "%d", seed);
        set("seed", text);
        must(session_wait(session, &error)); // the split follows the seed
        must(session_start(session, &error));
        wait_end();
        sum += view->run->record.final_row.val_accuracy;
    }
    return sum / 5;
}

static void shipped_defaults_learn_shipped_data(void **state) {
    (void)state;
    assert_true(accuracy_of(iris) >= 0.93);
    assert_true(accuracy_of("datasets/samples/breast_cancer.csv") >= 0.95);
}

static void live_changes_reach_the_run_and_the_store(void **state) {
    (void)state;
    open_file(wine);
    set("epochs", "1000000");
    must(session_start(session, &error));
    must(session_pause(session, &error));
    wait_state(RUN_PAUSED);
    assert_int_equal(session_set(session, "hidden", "3", &error), STATUS_STATE);
    assert_non_null(strstr(error.text, "hidden"));
    must(session_nudge(session, "batch", 1, &error));
    must(session_nudge(session, "batch", 1, &error)); // both count, though the engine has seen neither
    must(session_nudge(session, "lr", -1, &error));
    must(session_mark(session, "look here", &error));
    must(session_one_step(session, &error));
    size_t points = view->run->curve.point_count;
    while (view->run->curve.point_count == points)
        wait_news();
    while (view->run->curve.mark_count < 4)
        wait_news();
    assert_int_equal(view->params->batch, 128);
    assert_true(view->params->lr == 0.025);
    assert_string_equal(view->run->curve.marks[0].text, "batch 32→64");
    assert_string_equal(view->run->curve.marks[3].text, "look here");
    must(session_set(session, "batch", "5000", &error)); // more than there are rows: the run says no
    while (view->message_kind != MESSAGE_WARNING)
        wait_news();
    assert_int_equal(view->params->batch, 128);
    must(session_undo(session, &error)); // of the refused one: nothing to send
    must(session_undo(session, &error));
    while (view->run->curve.mark_count < 5)
        wait_news();
    assert_true(view->params->lr == 0.05);
    must(session_pause(session, &error));
    wait_state(RUN_TRAINING);
    must(session_checkpoint(session, &error));
    while (view->run->curve.mark_count < 6)
        wait_news();
    assert_int_equal(view->run->curve.marks[5].kind, EVENT_CHECKPOINT);
    must(session_roll_back(session, &error));
    wait_state(RUN_PAUSED);
    int64_t first = view->run->record.id;
    must(session_restart(session, &error));
    while (view->run->record.id == first)
        wait_news();
    must(session_stop(session, &error));
    wait_end();
    assert_int_equal(view->run_count, 2);
    assert_int_equal(view->runs[0].state, RUN_STOPPED);
    assert_int_equal(view->runs[1].params.batch, 32); // as started
    must(session_overlay(session, first, &error));
    assert_int_equal(view->overlays[0]->curve.mark_count >= 6, 1);
    assert_string_equal(view->overlays[0]->curve.marks[0].text, "batch 32→64");
    must(session_overlay(session, first, &error));
    assert_int_equal(view->overlay_count, 0);
}

static void a_resumed_run_has_the_bits_of_one_that_never_stopped(void **state) {
    (void)state;
    open_file(iris);
    must(session_recipe(session, "standardize", true, &error));
    must(session_wait(session, &error));
    set("epochs", "1000"); // long enough to be stopped before its end
    set("hidden", "16");
    must(session_start(session, &error));
    wait_end();
    size_t steps = view->run->curve.point_count;
    struct step_metrics *whole = mem_copy(view->run->curve.points, steps * sizeof *whole);
    struct epoch_row last = view->run->record.final_row;

    must(session_start(session, &error));
    must(session_pause(session, &error));
    wait_state(RUN_PAUSED);
    must(session_one_step(session, &error));
    must(session_stop(session, &error));
    wait_end();
    assert_int_equal(view->state, RUN_STOPPED);
    int64_t stopped = view->run->record.id;
    size_t done = view->run->curve.point_count;
    reopen();
    open_file(wine); // something else is open meanwhile
    must(session_resume(session, stopped, &error));
    must(session_wait(session, &error));
    assert_string_equal(view->dataset->name, "iris.csv");
    assert_int_equal(view->params->epochs, 1000);
    wait_end();
    assert_int_equal(view->state, RUN_DONE);
    assert_int_equal(view->run->record.parent, stopped);
    assert_int_equal(done + view->run->curve.point_count, steps);
    for (size_t i = 0; i < view->run->curve.point_count; i++) {
        const struct step_metrics *a = &view->run->curve.points[i], *b = &whole[done + i];
        assert_int_equal(a->step, b->step);
        assert_memory_equal(&a->loss, &b->loss, sizeof a->loss);
        assert_memory_equal(&a->gradient_norm, &b->gradient_norm, sizeof a->gradient_norm);
    }
    const struct epoch_row *end = &view->run->record.final_row;
    assert_memory_equal(&end->train_loss, &last.train_loss, sizeof last.train_loss);
    assert_memory_equal(&end->val_loss, &last.val_loss, sizeof last.val_loss);
    assert_int_equal(session_resume(session, 999, &error), STATUS_MISSING);
    mem_free(whole);
}

static void changed_data_is_not_resumed(void **state) {
    (void)state;
    char path[128], command[256];
    snprintf(path, sizeof path, "%s/mine.csv", folder);
    snprintf(command, sizeof command, "cp %s '%s'", iris, path);
    assert_int_equal(system(command), 0);
    open_file(path);
    set("epochs", "100000");
    must(session_start(session, &error));
    must(session_stop(session, &error));
    wait_end();
    int64_t run = view->run->record.id;
    snprintf(command, sizeof command, "sed -i '3s/^[0-9.]*/9.9/' '%s'", path);
    assert_int_equal(system(command), 0);
    must(session_resume(session, run, &error));
    assert_int_equal(session_wait(session, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "changed"));
    assert_false(session_run_alive(session));
    assert_int_equal(view->run_count, 1);
}

static void closing_while_training_keeps_the_run(void **state) {
    (void)state;
    open_file(iris);
    set("epochs", "1000000");
    must(session_start(session, &error));
    while (view->run->curve.point_count < 50)
        wait_news();
    int64_t run = view->run->record.id;
    reopen();
    assert_int_equal(view->runs[0].id, run);
    assert_int_equal(view->runs[0].state, RUN_STOPPED);
    assert_true(view->runs[0].steps >= 50);
    assert_true(file_exists(view->runs[0].checkpoint));
    struct step_metrics *points;
    size_t count;
    struct store *store;
    must(store_open(&store, NULL, &error));
    must(store_run_metrics(store, run, &points, &count, &error));
    assert_int_equal(count, view->runs[0].steps); // every step is there
    mem_free(points);
    store_close(store);
    session_close(session);
    must(session_open(&session, &(struct session_options){.no_profile = true}, &error));
    must(session_load(session, iris, NULL, &error));
    session_close(session); // with a job at work
    session = NULL;
}

static void train_until_killed(void) {
    if (session_open(&session, &(struct session_options){.no_profile = true}, &error))
        _exit(1);
    view = session_snapshot(session);
    set("device", "ref");
    open_file(iris);
    set("epochs", "1000000");
    set("checkpoint_every", "1");
    must(session_start(session, &error));
    while (view->run->curve.epoch_count < 3)
        wait_news();
    raise(SIGKILL);
}

static void a_run_whose_process_was_killed_can_be_resumed(void **state) {
    (void)state;
    session_close(session);
    session = NULL;
    pid_t child = fork();
    if (child == 0) {
        train_until_killed();
        _exit(1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    reopen();
    assert_int_equal(view->run_count, 1);
    assert_int_equal(view->runs[0].state, RUN_STOPPED);
    must(session_resume(session, view->runs[0].id, &error));
    must(session_wait(session, &error));
    assert_true(session_run_alive(session));
    while (view->run->curve.point_count == 0)
        wait_news();
    assert_true(view->run->curve.points[0].step > 1);
    assert_int_equal(view->run->record.parent, 1);
}

static void what_cannot_run_is_refused_in_words(void **state) {
    (void)state;
    open_file(iris);
    assert_int_equal(session_set(session, "batch", "0", &error), STATUS_INVALID);
    assert_int_equal(session_set(session, "lr", "nan", &error), STATUS_INVALID);
    assert_int_equal(session_set(session, "lr", "-1", &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "learning rate"));
    set("batch", "121");
    assert_int_equal(session_start(session, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "120"));
    set("batch", "120");
    set("model", "lenet5");
    assert_true(strlen(view->model_reason) > 0);
    assert_int_equal(session_start(session, &error), STATUS_INVALID);
    assert_int_equal(view->run_count, 0);
    assert_int_equal(session_pause(session, &error), STATUS_STATE);
    assert_int_equal(session_stop(session, &error), STATUS_STATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

// A table too large to be read at once: its first rows are there while the rest is read, and nothing but them.
static void test_first_rows_are_shown_while_reading(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/large.csv", folder);
    FILE *file = fopen(path, "w");
    fputs("a,b,c\n", file);
    for (int row = 0; row < 400000; row++)
        fprintf(file, "%d,%d.25,w%d\n", row, row, row % 5);
    fclose(file);
    session_close(session);
    must(session_open(&session, &(struct session_options){.previews = true, .no_profile = true}, &error));
    view = session_snapshot(session);
    must(session_load(session, path, NULL, &error));
    while (!view->dataset)
        wait_news();
    if (view->preview) { // else the machine has read it all in a blink
        assert_int_equal(view->dataset->table->rows, DATASET_PREVIEW_ROWS);
        assert_true(view->dataset->partial);
        assert_null(view->source);
        assert_int_equal(session_set_target(session, "a", &error), STATUS_STATE);
        assert_int_equal(session_read_on(session, &error), STATUS_STATE);
    }
    must(session_wait(session, &error));
    assert_false(view->preview);
    assert_false(view->dataset->partial);
    assert_int_equal(view->dataset->table->rows, 400000);
    assert_non_null(view->source);
    assert_int_equal(session_read_on(session, &error), STATUS_STATE); // all rows are here
    must(session_load(session, path, NULL, &error));
    session_cancel(session);
    enum status status = session_wait(session, &error); // what was open stays, or the rows so far are there
    assert_true(status == STATUS_OK || status == STATUS_CANCELLED);
    assert_non_null(view->dataset);
    assert_false(view->preview);
}

static void wait_rows(size_t rows) {
    for (int round = 0; round < 400 && !(view->source && view->dataset->table->rows == rows); round++) {
        usleep(20000);
        session_drain(session);
    }
    assert_int_equal(view->dataset->table->rows, rows);
}

static void add_text(const char *path, const char *text) {
    FILE *file = fopen(path, "a");
    fputs(text, file);
    fclose(file);
}

// New rows of a growing file come in by themselves, whole ones only; a file that was written anew is told.
static void test_a_growing_file_is_followed(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/grow.csv", folder);
    FILE *file = fopen(path, "w");
    fputs("a,b,c\n", file);
    for (int row = 0; row < 40; row++)
        fprintf(file, "%d,%d.25,w%d\n", row, row * 3, row % 2);
    fclose(file);
    open_file(path);
    assert_int_equal(session_timeout(session), -1);
    must(session_follow(session, true, &error));
    assert_true(session_timeout(session) >= 0);
    must(session_wait(session, &error));
    assert_true(view->following);
    add_text(path, "40,1.5,w0\n41,2.5,w");
    wait_rows(41);
    assert_int_equal(view->followed_rows, 1);
    add_text(path, "1\n42,3.5,w1\n");
    wait_rows(43);
    assert_int_equal(view->followed_rows, 3);
    assert_int_equal(truncate(path, 6 + 8 * 10), 0);
    for (int round = 0; round < 400 && view->dataset->table->rows >= 43; round++) {
        usleep(20000);
        session_drain(session);
    }
    assert_true(view->dataset->table->rows < 43);
    must(session_follow(session, false, &error));
    assert_false(view->following);
    must(session_wait(session, &error));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(iris_is_opened_prepared_and_trained),
        TEST(what_cannot_be_opened_leaves_what_is_open),
        TEST(edits_are_undone_and_redone),
        TEST(types_targets_and_tokens_are_read_again),
        TEST(many_edits_in_a_row_end_with_the_last),
        TEST(recipes_are_saved_and_read),
        TEST(shipped_defaults_learn_shipped_data),
        TEST(live_changes_reach_the_run_and_the_store),
        TEST(a_resumed_run_has_the_bits_of_one_that_never_stopped),
        TEST(changed_data_is_not_resumed),
        TEST(closing_while_training_keeps_the_run),
        TEST(a_run_whose_process_was_killed_can_be_resumed),
        TEST(what_cannot_run_is_refused_in_words),
        cmocka_unit_test_setup_teardown(test_a_growing_file_is_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_rows_are_shown_while_reading, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
