// The session with everything behind it, from opened data to a kept run; then its data: edits, undo, recipes, first
// rows while the rest is read, files that grow.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/train/trainer.h"
#include "datasets/table.h"
#include "tests/support/session_lab.h"

static const char iris[] = "datasets/samples/iris.csv"; // 150 rows, one of them twice
static const char wine[] = "datasets/samples/wine.csv"; // 178 rows

static void iris_is_opened_prepared_and_trained(void **state) {
    (void)state;
    assert_int_equal(session_start(lab.session, &lab.error), STATUS_STATE);
    lab_load(iris);
    assert_int_equal(dataset_rows(lab.view->dataset), 150);
    assert_non_null(lab.view->profile);
    assert_non_null(lab.view->prepared);
    assert_true(lab.view->suggested);
    assert_true(strlen(lab.view->pipeline_reasons) > 0);
    assert_non_null(lab.view->source);
    assert_int_equal(lab.view->source->classes, 3);
    // Fisher's data has one row twice
    assert_int_equal(lab.view->source->part_count[PART_TRAIN] + lab.view->source->part_count[PART_VALIDATION], 149);
    lab_set("hidden", "64,64");
    // 4·64+64 + 64·64+64 + 64·3+3 weights
    assert_int_equal(lab.view->weight_count, 4675);
    assert_true(lab.view->layer_count >= 3);
    // a product of B×I by I×O costs 2·I·O forward, as much for the weights' gradient, and as much again
    // for the input's gradient except in the first layer; activations and sums come on top
    double products = 2 * (2 * 4 * 64 + 3 * 64 * 64 + 3 * 64 * 3);
    assert_true(lab.view->flops >= products && lab.view->flops < 1.2 * products);
    lab_set("epochs", "30");
    lab_must(session_start(lab.session, &lab.error));
    assert_true(session_run_alive(lab.session));
    assert_int_equal(session_start(lab.session, &lab.error), STATUS_STATE);
    lab_wait_end();
    assert_int_equal(lab.view->state, RUN_DONE);
    const struct run_view *run = lab.view->run;
    assert_int_equal(run->curve.epoch_count, 30);
    assert_int_equal(run->curve.point_count, run->record.steps);
    assert_int_equal(run->record.epochs, 30);
    assert_true(run->record.final_row.val_accuracy > 0.85);
    assert_true(run->record.best_row.val_accuracy >= run->record.final_row.val_accuracy);
    assert_string_equal(lab.view->device.backend, "ref");
    assert_int_equal(lab.view->steps_total, run->record.steps);
    assert_int_equal(lab.view->metrics_dropped, 0);
    struct run_record kept = run->record;

    lab_open((struct session_options){0});
    assert_int_equal(lab.view->run_count, 1);
    assert_int_equal(lab.view->runs[0].id, kept.id);
    assert_int_equal(lab.view->runs[0].state, RUN_DONE);
    assert_string_equal(lab.view->runs[0].name, "mlp · iris.csv");
    assert_string_equal(lab.view->runs[0].checkpoint, kept.checkpoint);
    assert_memory_equal(&lab.view->runs[0].final_row, &kept.final_row, offsetof(struct epoch_row, train_rmse));
    assert_true(file_exists(kept.checkpoint));
    struct checkpoint_header header = {0}; // enough to evaluate and predict from alone
    lab_must(checkpoint_read_header(kept.checkpoint, &header, &lab.error));
    cJSON *extra = cJSON_Parse(header.extra);
    assert_true(cJSON_IsObject(cJSON_GetObjectItem(extra, "recipe")));
    struct encoding encoding = {0};
    lab_must(encoding_load(cJSON_GetObjectItem(extra, "encoding"), &encoding, &lab.error));
    assert_int_equal(encoding.classes, 3);
    encoding_free(&encoding);
    cJSON_Delete(extra);
    checkpoint_header_clear(&header);
    lab_must(session_overlay(lab.session, kept.id, &lab.error));
    assert_int_equal(lab.view->overlay_count, 1);
    assert_int_equal(lab.view->overlays[0]->curve.point_count, kept.steps);
    assert_int_equal(lab.view->overlays[0]->curve.epoch_count, 30);
    lab_must(session_run_delete(lab.session, kept.id, &lab.error));
    assert_int_equal(lab.view->overlay_count, 0);
    assert_int_equal(lab.view->run_count, 0);
    assert_false(file_exists(kept.checkpoint));
}

static void what_cannot_be_opened_leaves_what_is_open(void **state) {
    (void)state;
    lab_load(iris);
    const struct dataset *before = lab.view->dataset;
    const struct source *source = lab.view->source;
    lab_must(session_load(lab.session, "no/such/file.csv", NULL, &lab.error));
    assert_int_not_equal(session_wait(lab.session, &lab.error), STATUS_OK);
    assert_non_null(strstr(lab.error.text, "no/such/file.csv"));
    assert_int_equal(lab.view->message_kind, MESSAGE_ERROR);
    assert_ptr_equal(lab.view->dataset, before);
    assert_ptr_equal(lab.view->source, source);
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    lab_must(session_load(lab.session, lab.folder, NULL, &lab.error)); // a folder without data
    assert_int_not_equal(session_wait(lab.session, &lab.error), STATUS_OK);
    assert_ptr_equal(lab.view->dataset, before);
    assert_int_not_equal(session_recipe(lab.session, "no/such/recipe.json", false, &lab.error), STATUS_OK);
    assert_int_not_equal(session_set_target(lab.session, "no such column", &lab.error), STATUS_OK);
    assert_int_not_equal(session_step_set(lab.session, 99, "strategy", "mean", &lab.error), STATUS_OK);
    assert_ptr_equal(lab.view->source, source);
}

static char *recipe_now(void) {
    char *json = NULL;
    lab_must(pipeline_save(lab.view->pipeline, false, &json, &lab.error));
    return json;
}

static void edits_are_undone_and_redone(void **state) {
    (void)state;
    lab_load(wine);
    assert_false(lab.view->can_undo);
    assert_int_equal(session_undo(lab.session, &lab.error), STATUS_STATE);
    uint64_t print = lab.view->source->fingerprint;
    char *suggested = recipe_now();
    lab_must(session_step_insert(lab.session, lab.view->pipeline->count, "min-max", &lab.error));
    lab_wait_job();
    assert_false(lab.view->suggested);
    char *edited = recipe_now();
    assert_string_not_equal(suggested, edited);
    uint64_t other = lab.view->source->fingerprint;
    assert_true(other != print);
    lab_set("validation", "0.4");
    lab_wait_job();
    assert_int_equal(lab.view->source->part_count[PART_VALIDATION], 72);
    lab_set("lr", "0.01");

    lab_must(session_undo(lab.session, &lab.error));
    assert_true(lab.view->params->lr == 0.05);
    lab_must(session_undo(lab.session, &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->source->part_count[PART_VALIDATION], 36);
    assert_true(lab.view->source->fingerprint == other);
    lab_must(session_undo(lab.session, &lab.error));
    lab_wait_job();
    assert_true(lab.view->suggested);
    assert_true(lab.view->source->fingerprint == print);
    char *again = recipe_now();
    assert_string_equal(again, suggested);
    assert_true(lab.view->can_redo);
    lab_must(session_redo(lab.session, &lab.error));
    lab_must(session_redo(lab.session, &lab.error));
    lab_must(session_redo(lab.session, &lab.error));
    lab_wait_job();
    assert_true(lab.view->params->lr == 0.01);
    assert_int_equal(lab.view->source->part_count[PART_VALIDATION], 72);
    char *last = recipe_now();
    assert_string_equal(last, edited);
    assert_false(lab.view->can_redo);
    mem_free(suggested);
    mem_free(edited);
    mem_free(again);
    mem_free(last);
}

static void types_targets_and_tokens_are_read_again(void **state) {
    (void)state;
    lab_load("datasets/samples/airquality.csv");
    const struct table *table = lab.view->dataset->table;
    char first[64];
    snprintf(first, sizeof first, "%s", table->columns[0]->name);
    enum column_type type = table->columns[0]->type;
    size_t missing = table->columns[1]->missing_count;
    lab_must(session_set_type(lab.session, first, "text", &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->dataset->table->columns[0]->type, COLUMN_TEXT);
    lab_must(session_undo(lab.session, &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->dataset->table->columns[0]->type, type);
    char cell[64];
    table = lab.view->dataset->table;
    size_t row = 0;
    while (column_is_missing(table->columns[1], row))
        row++;
    char token[64];
    snprintf(token, sizeof token, "%s", column_text(table->columns[1], row, cell));
    lab_must(session_add_missing_token(lab.session, token, &lab.error));
    lab_wait_job();
    assert_true(lab.view->dataset->table->columns[1]->missing_count > missing);
    const char *target = lab.view->dataset->table->columns[2]->name;
    char name[64];
    snprintf(name, sizeof name, "%s", target);
    lab_must(session_set_target(lab.session, name, &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->dataset->table->target, 2);
    assert_non_null(lab.view->source);
    assert_string_equal(lab.view->source->target_name, name);
}

static void many_edits_in_a_row_end_with_the_last(void **state) {
    (void)state;
    lab_must(session_load(lab.session, iris, NULL, &lab.error));
    lab_must(session_load(lab.session, iris, NULL, &lab.error));
    lab_must(session_load(lab.session, wine, NULL, &lab.error));
    lab_wait_job();
    assert_int_equal(dataset_rows(lab.view->dataset), 178);
    for (int i = 0; i < 40; i++) {
        char text[16];
        snprintf(text, sizeof text, "0.%02d", 10 + i);
        lab_set("validation", text);
        if (i % 7 == 0)
            session_drain(lab.session);
    }
    lab_wait_job();
    assert_int_equal(lab.view->source->part_count[PART_VALIDATION], 88); // ceil(0.49·178)
    assert_false(lab.view->job.active);
    assert_false(lab.view->pipeline_stale);
    session_cancel(lab.session);
    lab_set("seed", "5");
    session_cancel(lab.session);
    (void)session_wait(lab.session, &lab.error);
    lab_set("seed", "6");
    lab_wait_job();
    assert_non_null(lab.view->source);
}

static void recipes_are_saved_and_read(void **state) {
    (void)state;
    char path[128], out[128];
    snprintf(path, sizeof path, "%s/recipe.json", lab.folder);
    snprintf(out, sizeof out, "%s/out.csv", lab.folder);
    lab_load(iris);
    lab_must(session_recipe(lab.session, "standardize", true, &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->pipeline->count, 1);
    lab_must(session_save_recipe(lab.session, path, &lab.error));
    lab_must(session_export(lab.session, out, &lab.error));
    lab_wait_job();
    assert_true(file_size(out) > 1000);
    lab_must(session_recipe(lab.session, "none", false, &lab.error));
    lab_wait_job();
    assert_string_equal(lab.view->params->recipe, "none");
    lab_must(session_recipe(lab.session, path, false, &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->pipeline->count, 1);
    assert_string_equal(lab.view->pipeline->steps[0]->kind->name, "standardize");
}

// A table too large to be read at once: its first rows are there while the rest is read, and nothing but them.
static void first_rows_are_shown_while_reading(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/large.csv", lab.folder);
    FILE *file = fopen(path, "w");
    fputs("a,b,c\n", file);
    for (int row = 0; row < 400000; row++)
        fprintf(file, "%d,%d.25,w%d\n", row, row, row % 5);
    fclose(file);
    lab_open((struct session_options){.previews = true, .no_profile = true});
    lab_must(session_load(lab.session, path, NULL, &lab.error));
    while (!lab.view->dataset)
        lab_wait_news();
    if (lab.view->preview) { // else the machine has read it all in a blink
        assert_int_equal(lab.view->dataset->table->rows, DATASET_PREVIEW_ROWS);
        assert_true(lab.view->dataset->partial);
        assert_null(lab.view->source);
        assert_int_equal(session_set_target(lab.session, "a", &lab.error), STATUS_STATE);
        assert_int_equal(session_read_on(lab.session, &lab.error), STATUS_STATE);
    }
    lab_wait_job();
    assert_false(lab.view->preview);
    assert_false(lab.view->dataset->partial);
    assert_int_equal(lab.view->dataset->table->rows, 400000);
    assert_non_null(lab.view->source);
    assert_int_equal(session_read_on(lab.session, &lab.error), STATUS_STATE); // all rows are here
    lab_must(session_load(lab.session, path, NULL, &lab.error));
    session_cancel(lab.session);
    enum status status = session_wait(lab.session, &lab.error); // what was open stays, or the rows so far are there
    assert_true(status == STATUS_OK || status == STATUS_CANCELLED);
    assert_non_null(lab.view->dataset);
    assert_false(lab.view->preview);
}

// New rows of a growing file come in by themselves, whole ones only; a file that was written anew is told.
static void a_growing_file_is_followed(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/grow.csv", lab.folder);
    FILE *file = fopen(path, "w");
    fputs("a,b,c\n", file);
    for (int row = 0; row < 40; row++)
        fprintf(file, "%d,%d.25,w%d\n", row, row * 3, row % 2);
    fclose(file);
    lab_load(path);
    assert_int_equal(session_timeout(lab.session), -1);
    lab_must(session_follow(lab.session, true, &lab.error));
    assert_true(session_timeout(lab.session) >= 0);
    lab_wait_job();
    assert_true(lab.view->following);
    lab_append(path, "40,1.5,w0\n41,2.5,w");
    lab_wait_table(41);
    assert_int_equal(lab.view->followed_rows, 1);
    lab_append(path, "1\n42,3.5,w1\n");
    lab_wait_table(43);
    assert_int_equal(lab.view->followed_rows, 3);
    // How its rows are shown stays, and is made again with the new ones.
    lab_must(session_filter_rows(lab.session, "c=w1", NULL, &lab.error));
    LAB_UNTIL(!lab.view->rows.job.active);
    lab_must(session_sort_rows(lab.session, 0, &lab.error));
    LAB_UNTIL(!lab.view->rows.job.active);
    lab_must(session_sort_rows(lab.session, 0, &lab.error));
    LAB_UNTIL(!lab.view->rows.job.active);
    assert_int_equal(lab.view->rows.order->count, 22);
    lab_append(path, "43,0.5,w1\n44,0.5,w0\n-1,9.5,w1\n");
    lab_wait_table(46);
    LAB_UNTIL(lab.view->rows.order->sorted == -1 && !lab.view->rows.job.active);
    assert_int_equal(lab.view->rows.order->count, 24);
    assert_string_equal(lab.view->rows.order->filter, "c=w1");
    assert_int_equal(lab.view->rows.order->sorted, -1);
    assert_int_equal(row_order_at(lab.view->rows.order, 0), 43);  // 43
    assert_int_equal(row_order_at(lab.view->rows.order, 23), 45); // -1
    assert_int_equal(truncate(path, 6 + 8 * 10), 0);
    LAB_UNTIL(lab.view->dataset->table->rows < 43);
    assert_true(lab.view->dataset->table->rows < 43);
    lab_must(session_follow(lab.session, false, &lab.error));
    assert_false(lab.view->following);
    lab_wait_job();
}

// Categories become indices for the model that reads them, and columns of 0 and 1 again for others.
static void the_model_decides_what_becomes_of_categories(void **state) {
    (void)state;
    lab_load("datasets/samples/titanic.csv"); // Class has 4 values, Sex and Age 2
    int64_t columns = lab.view->source->sample.size[0];
    assert_null(lab.view->source->categories);
    lab_set("model", "mlp_embedding");
    assert_non_null(strstr(lab.view->model_reason, "nothing to embed"));
    lab_set("embedding_from", "4");
    lab_wait_job();
    assert_non_null(lab.view->source->categories);
    assert_int_equal(lab.view->source->sample.size[0], columns - 3);
    assert_int_equal(lab.view->source->categories[columns - 4], 5);
    assert_string_equal(lab.view->layers[1].name, "embedding1");
    assert_string_equal(lab.view->layers[1].settings, "Class: 5 × 4");
    lab_set("epochs", "2");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    assert_int_equal(lab.view->state, RUN_DONE);
    lab_set("model", "mlp");
    lab_wait_job();
    assert_int_equal(lab.view->source->sample.size[0], columns);
    assert_null(lab.view->source->categories);
    assert_string_equal(lab.view->model_reason, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(iris_is_opened_prepared_and_trained),   TEST(what_cannot_be_opened_leaves_what_is_open),
        TEST(edits_are_undone_and_redone),           TEST(types_targets_and_tokens_are_read_again),
        TEST(many_edits_in_a_row_end_with_the_last), TEST(recipes_are_saved_and_read),
        TEST(first_rows_are_shown_while_reading),    TEST(a_growing_file_is_followed),
        TEST(the_model_decides_what_becomes_of_categories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
