// The run store: what goes in comes out; files that are older, newer or no store; runs that go with their folders.
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "tests/store/store_support.h"

static void assert_same(double a, double b) {
    if (isnan(a) || isnan(b))
        assert_true(isnan(a) && isnan(b));
    else
        assert_memory_equal(&a, &b, sizeof a);
}

static void assert_epoch(const struct epoch_row *a, const struct epoch_row *b) {
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->samples, b->samples);
    assert_int_equal(a->batch, b->batch);
    const double left[] = {a->seconds,  a->lr,           a->train_loss, a->train_accuracy, a->train_rmse,
                           a->val_loss, a->val_accuracy, a->val_rmse,   a->samples_per_s};
    const double right[] = {b->seconds,  b->lr,           b->train_loss, b->train_accuracy, b->train_rmse,
                            b->val_loss, b->val_accuracy, b->val_rmse,   b->samples_per_s};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        assert_same(left[i], right[i]);
}

static void assert_record(const struct run_record *a, const struct run_record *b) {
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->parent, b->parent);
    assert_same(a->started, b->started);
    assert_same(a->ended, b->ended);
    assert_int_equal(a->state, b->state);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->data_path, b->data_path);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->device, b->device);
    assert_string_equal(a->precision, b->precision);
    for (size_t i = 0; i < train_table.count; i++)
        assert_true(params_equal(&train_table.rows[i], &a->params, &b->params));
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->samples, b->samples);
    assert_int_equal(a->epochs, b->epochs);
    assert_same(a->seconds, b->seconds);
    assert_epoch(&a->final_row, &b->final_row);
    assert_epoch(&a->best_row, &b->best_row);
    assert_int_equal(a->classify, b->classify);
    assert_int_equal(a->train_rows, b->train_rows);
    assert_int_equal(a->validation_rows, b->validation_rows);
    assert_int_equal(a->test_rows, b->test_rows);
    assert_string_equal(a->checkpoint, b->checkpoint);
    assert_string_equal(a->note, b->note);
}

static void every_field_of_a_run_comes_back(void **state) {
    (void)state;
    struct store *store = open_store();
    struct run_record run = record_of(RUN_TRAINING), child = record_of(RUN_DONE), found;
    must(store_run_add(store, &run, "{\"version\":1}", "{\"é\":2}", &error));
    child.parent = run.id;
    must(store_run_add(store, &child, NULL, NULL, &error));
    assert_int_not_equal(run.id, child.id);
    run.state = RUN_DONE;
    run.ended = run.started + 5;
    run.steps = 999;
    run.final_row = epoch_of(9);
    snprintf(run.checkpoint, sizeof run.checkpoint, "%s/1/last.ckpt", store_folder(store));
    must(store_run_update(store, &run, &error));
    store_close(store);

    store = open_store();
    must(store_run(store, run.id, &found, &error));
    assert_record(&run, &found);
    char *recipe, *encoding;
    must(store_run_recipe(store, run.id, &recipe, &encoding, &error));
    assert_string_equal(recipe, "{\"version\":1}");
    assert_string_equal(encoding, "{\"é\":2}");
    mem_free(recipe);
    mem_free(encoding);
    must(store_run_recipe(store, child.id, &recipe, &encoding, &error));
    assert_null(recipe);
    assert_null(encoding);

    must(store_run_note(store, child.id, "a 'better' note", &error));
    struct run_record *runs;
    size_t count;
    must(store_runs(store, &runs, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(runs[0].id, child.id); // newest first
    assert_string_equal(runs[0].note, "a 'better' note");
    assert_record(&runs[1], &run);
    mem_free(runs);
    assert_int_equal(store_run(store, 999, &found, &error), STATUS_MISSING);
    assert_non_null(strstr(error.text, "999"));
    assert_int_equal(store_run_note(store, 999, "x", &error), STATUS_MISSING);
    store_close(store);
}

static void assert_started(const struct event *event) {
    assert_string_equal(event->started.backend, "cpu");
    assert_string_equal(event->started.device, "chip");
    assert_string_equal(event->started.detail, "fast");
    assert_string_equal(event->started.precision, "bf16");
    assert_int_equal(event->started.threads, 2);
    assert_true(event->started.bytes == 1ull << 40);
    assert_int_equal(event->started.train_rows, 5);
    assert_int_equal(event->started.validation_rows, 6);
    assert_int_equal(event->started.test_rows, 7);
    assert_int_equal(event->started.steps_total, 8);
}

static void fill_metrics(struct step_metrics metrics[100]) {
    for (uint32_t i = 0; i < 100; i++)
        metrics[i] = (struct step_metrics){.step = i + 1,
                                           .samples = 25 * i,
                                           .epoch = i / 40.0,
                                           .seconds = i * 1e-5,
                                           .lr = 0.1f,
                                           .loss = i == 50 ? NAN : 1.0f / (float)(i + 1),
                                           .accuracy_or_rmse = 0.5f,
                                           .gradient_norm = 2.0f,
                                           .update_ratio = 1e-3f,
                                           .batch = 25};
}

static void assert_series(struct store *store, int64_t run, const struct epoch_row *epoch,
                          const struct step_metrics metrics[100]) {
    size_t count;
    struct epoch_row *epochs;
    must(store_run_epochs(store, run, &epochs, &count, &error));
    assert_int_equal(count, 1);
    assert_epoch(&epochs[0], epoch);
    mem_free(epochs);
    struct step_metrics *points;
    must(store_run_metrics(store, run, NULL, &points, &count, &error));
    assert_int_equal(count, 100);
    assert_memory_equal(points, metrics, 100 * sizeof *metrics);
    mem_free(points);
}

static void events_and_metrics_come_back(void **state) {
    (void)state;
    struct store *store = open_store();
    struct run_record run = record_of(RUN_TRAINING), other = record_of(RUN_TRAINING);
    must(store_run_add(store, &run, NULL, NULL, &error));
    must(store_run_add(store, &other, NULL, NULL, &error));
    struct event started = {.kind = EVENT_STARTED,
                            .wall = 1.5,
                            .step = 0,
                            .started = {.backend = "cpu",
                                        .device = "chip",
                                        .detail = "fast",
                                        .precision = "bf16",
                                        .threads = 2,
                                        .bytes = 1ull << 40,
                                        .train_rows = 5,
                                        .validation_rows = 6,
                                        .test_rows = 7,
                                        .steps_total = 8}};
    struct event change = {
        .kind = EVENT_CHANGE, .wall = 2.5, .step = 10, .change = {.name = "lr", .from = "0.1", .to = "0.2"}};
    struct event epoch = {.kind = EVENT_EPOCH, .wall = 3.5, .step = 40, .epoch = epoch_of(1)};
    struct event failed = {.kind = EVENT_STATE, .wall = 4.5, .step = 41, .state = RUN_FAILED};
    struct event sentence = {.kind = EVENT_ERROR, .wall = 4.75, .step = 41, .text = "step 41: the loss is nan"};
    struct event rows = started;
    rows.kind = EVENT_ROWS;
    rows.started.added_rows = 120;
    const struct event *all[] = {&started, &change, &epoch, &failed, &sentence, &rows};
    must(store_begin(store, &error));
    for (size_t i = 0; i < 6; i++)
        must(store_event(store, run.id, all[i], &error));
    must(store_event(store, other.id, &change, &error));
    struct step_metrics metrics[100];
    fill_metrics(metrics);
    must(store_metrics(store, run.id, metrics, 60, &error));
    must(store_metrics(store, run.id, metrics + 60, 40, &error));
    must(store_metrics(store, run.id, metrics, 0, &error));
    must(store_commit(store, &error));
    store_close(store);

    store = open_store();
    struct event *events;
    size_t count;
    must(store_run_events(store, run.id, NULL, &events, &count, &error));
    assert_int_equal(count, 7); // and the line that says the run was left alive
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(events[i].kind, all[i]->kind);
        assert_same(events[i].wall, all[i]->wall);
        assert_int_equal(events[i].step, all[i]->step);
    }
    assert_started(&events[0]);
    assert_string_equal(events[1].change.name, "lr");
    assert_string_equal(events[1].change.from, "0.1");
    assert_string_equal(events[1].change.to, "0.2");
    assert_epoch(&events[2].epoch, &epoch.epoch);
    assert_int_equal(events[3].state, RUN_FAILED);
    assert_string_equal(events[4].text, sentence.text);
    assert_started(&events[5]);
    assert_int_equal(events[5].started.added_rows, 120);
    mem_free(events);
    assert_series(store, run.id, &epoch.epoch, metrics);
    store_close(store);
}

static void an_empty_file_is_migrated_and_a_newer_one_refused(void **state) {
    (void)state;
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "PRAGMA user_version = 0; CREATE TABLE alien (x)", NULL, NULL, NULL), 0);
    sqlite3_close(database);
    struct store *store = open_store();
    struct run_record run = record_of(RUN_DONE);
    must(store_run_add(store, &run, NULL, NULL, &error));
    store_close(store);

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_true(sqlite3_column_int(statement, 0) >= 1);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_exec(database, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    assert_int_equal(store_open(&store, path, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "999"));
}

static void a_file_that_is_no_store_is_refused_and_left_alone(void **state) {
    (void)state;
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 2000; i++)
        fputs("not a database\n", file);
    fclose(file);
    struct store *store = NULL;
    assert_int_equal(store_open(&store, path, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(file_size(path), 30000);
}

static void deleting_a_run_takes_its_folder(void **state) {
    (void)state;
    struct store *store = open_store();
    struct run_record run = record_of(RUN_TRAINING), child = record_of(RUN_TRAINING), found;
    must(store_run_add(store, &run, NULL, NULL, &error));
    child.parent = run.id;
    must(store_run_add(store, &child, NULL, NULL, &error));
    struct event epoch = {.kind = EVENT_EPOCH, .epoch = epoch_of(1)};
    struct step_metrics point = {.step = 1};
    must(store_event(store, run.id, &epoch, &error));
    must(store_metrics(store, run.id, &point, 1, &error));
    assert_int_equal(store_run_delete(store, run.id, &error), STATUS_STATE);
    run.state = RUN_STOPPED;
    must(store_run_update(store, &run, &error));
    char inner[1200], outside[128], link[1300];
    snprintf(inner, sizeof inner, "%s/%d", store_folder(store), (int)run.id);
    snprintf(outside, sizeof outside, "%s/kept", folder);
    snprintf(link, sizeof link, "%s/link", inner);
    assert_true(file_is_folder(inner));
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(symlink(outside, link), 0);
    snprintf(link, sizeof link, "%s/deep", inner);
    assert_int_equal(mkdir(link, 0700), 0);
    must(store_run_delete(store, run.id, &error));
    assert_false(file_exists(inner));
    assert_true(file_is_folder(outside));
    assert_int_equal(store_run(store, run.id, &found, &error), STATUS_MISSING);
    must(store_run(store, child.id, &found, &error));
    assert_int_equal(found.parent, 0);
    assert_int_equal(store_run_delete(store, run.id, &error), STATUS_MISSING);
    struct run_record next = record_of(RUN_DONE);
    child.state = RUN_FAILED;
    must(store_run_update(store, &child, &error));
    must(store_run_delete(store, child.id, &error));
    must(store_run_add(store, &next, NULL, NULL, &error));
    assert_true(next.id > child.id); // numbers are never used twice
    store_close(store);

    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                                        "SELECT (SELECT count(*) FROM event WHERE run = 1) + (SELECT count(*) FROM "
                                        "epoch WHERE run = 1) + (SELECT count(*) FROM metrics WHERE run = 1) + "
                                        "(SELECT count(*) FROM parameter WHERE run = 1)",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

static void the_usual_place_is_under_xdg_data_home(void **state) {
    (void)state;
    setenv("XDG_DATA_HOME", folder, 1);
    struct store *store = NULL;
    must(store_open(&store, NULL, &error));
    char expected[160];
    snprintf(expected, sizeof expected, "%s/batchlab/runs", folder);
    assert_string_equal(store_folder(store), expected);
    snprintf(expected, sizeof expected, "%s/batchlab/runs.db", folder);
    assert_true(file_exists(expected));
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_field_of_a_run_comes_back),
        TEST(events_and_metrics_come_back),
        TEST(an_empty_file_is_migrated_and_a_newer_one_refused),
        TEST(a_file_that_is_no_store_is_refused_and_left_alone),
        TEST(deleting_a_run_takes_its_folder),
        TEST(the_usual_place_is_under_xdg_data_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
