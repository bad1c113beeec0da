// Groups of runs in the store: slots and the runs that fill them, one process at a time; what was added since the last
// look is read on from there; a store of before there were groups has them from then on.
#include <sqlite3.h>

#include "core/base/mem.h"
#include "core/store/schema.h"
#include "tests/store/store_support.h"

static int64_t add_group(struct store *store, const char *plan) {
    struct experiment_record group = {.kind = "sweep", .name = "iris.csv", .plan = (char *)plan};
    must(store_experiment_add(store, &group, &error));
    assert_string_equal(group.state, "open");
    return group.id;
}

static int64_t fill(struct store *store, int64_t group, uint64_t slot, enum run_state state) {
    struct run_record run = record_of(state);
    run.experiment = group;
    run.slot = slot;
    must(store_run_add(store, &run, NULL, NULL, &error));
    must(store_run_update(store, &run, &error)); // it has ended
    return run.id;
}

static size_t slots_of(struct store *store, int64_t group, struct experiment_slot out[4]) {
    struct experiment_slot *slots = NULL;
    size_t count = 0;
    must(store_experiment_slots(store, group, &slots, &count, &error));
    assert_true(count <= 4);
    if (count > 0)
        memcpy(out, slots, count * sizeof *slots);
    mem_free(slots);
    return count;
}

static void a_slot_has_one_run_and_a_run_one_slot(void **state) {
    (void)state;
    struct store *store = open_store();
    struct experiment_slot slots[4];
    struct run_record run;
    int64_t group = add_group(store, "{\"over\":{}}"), other = add_group(store, "{}");
    int64_t late = fill(store, group, 7, RUN_DONE), first = fill(store, group, 2, RUN_STOPPED);
    fill(store, other, 2, RUN_DONE);
    must(store_experiment_outcome(store, group, 7, "done", &error));
    assert_int_equal(slots_of(store, group, slots), 2);
    assert_true(slots[0].slot == 2 && slots[0].run == first && slots[0].outcome[0] == '\0');
    assert_true(slots[1].slot == 7 && slots[1].run == late);
    assert_string_equal(slots[1].outcome, "done");
    int64_t again = fill(store, group, 2, RUN_DONE); // what was broken off, anew
    assert_int_equal(slots_of(store, group, slots), 2);
    assert_int_equal(slots[0].run, again);
    must(store_run(store, again, &run, &error));
    assert_true(run.experiment == group && run.slot == 2);
    must(store_run(store, first, &run, &error)); // it stays a run
    assert_int_equal(run.experiment, 0);
    must(store_run_delete(store, late, &error));
    assert_int_equal(slots_of(store, group, slots), 1);
    store_close(store);
}

static void groups_come_back(void **state) {
    (void)state;
    struct store *store = open_store();
    struct experiment_record *list, found;
    size_t count;
    int64_t group = add_group(store, "{\"a\":\"'\"}"), newer = add_group(store, "{}");
    must(store_experiment_state(store, group, "stopped", &error));
    store_close(store);
    store = open_store();
    must(store_experiment(store, group, &found, &error));
    assert_string_equal(found.plan, "{\"a\":\"'\"}");
    assert_string_equal(found.state, "stopped");
    assert_string_equal(found.kind, "sweep");
    assert_string_equal(found.name, "iris.csv");
    mem_free(found.plan);
    must(store_experiments(store, &list, &count, &error));
    assert_int_equal(count, 2);
    assert_true(list[0].id == newer && list[1].id == group && !list[0].plan);
    mem_free(list);
    assert_int_equal(store_experiment(store, 99, &found, &error), STATUS_MISSING);
    assert_non_null(strstr(error.text, "no group 99"));
    store_close(store);
}

static void one_process_works_on_a_group(void **state) {
    (void)state;
    struct store *store = open_store(), *other = open_store();
    int64_t group = add_group(store, "{}");
    must(store_experiment_lock(store, group, &error)); // it has it
    assert_int_equal(store_experiment_lock(other, group, &error), STATUS_STATE);
    assert_non_null(strstr(error.text, "another process"));
    store_experiment_unlock(store, group);
    must(store_experiment_lock(other, group, &error));
    assert_int_equal(store_experiment_lock(store, group, &error), STATUS_STATE);
    store_close(other);
    must(store_experiment_lock(store, group, &error));
    store_close(store);
}

static void what_came_since_is_read_on(void **state) {
    (void)state;
    struct store *store = open_store();
    struct run_record run = record_of(RUN_TRAINING), other = record_of(RUN_TRAINING);
    must(store_run_add(store, &run, NULL, NULL, &error));
    must(store_run_add(store, &other, NULL, NULL, &error));
    int64_t points_read = 0, events_read = 0;
    for (uint64_t round = 0; round < 3; round++) {
        struct step_metrics written[2] = {{.step = 2 * round + 1}, {.step = 2 * round + 2}}, *points = NULL;
        struct event mark = {.kind = EVENT_MARK, .step = round}, *events = NULL;
        size_t count = 0;
        if (round < 2) {
            must(store_metrics(store, run.id, written, 2, &error));
            must(store_event(store, run.id, &mark, &error));
        }
        must(store_metrics(store, other.id, written, 2, &error)); // of another run: not to be seen
        must(store_event(store, other.id, &mark, &error));
        must(store_run_metrics(store, run.id, &points_read, &points, &count, &error));
        assert_int_equal(count, round < 2 ? 2 : 0);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(points[i].step, written[i].step);
        mem_free(points);
        must(store_run_events(store, run.id, &events_read, &events, &count, &error));
        assert_int_equal(count, round < 2 ? 1 : 0);
        assert_true(count == 0 || events[0].step == round);
        mem_free(events);
    }
    store_close(store);
}

static void a_store_of_version_1_goes_on(void **state) {
    (void)state;
    sqlite3 *database;
    struct store *store;
    struct run_record run;
    struct experiment_slot slots[4];
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, schema_migrations[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "INSERT INTO run (started, ended, state, name, data_path, model, device, precision, "
                                  "steps, samples, epochs, seconds, classify, train_rows, validation_rows, test_rows, "
                                  "checkpoint, note) VALUES (1, 2, 'done', 'old', 'd.csv', 'mlp', 'cpu', 'f32', 5, 6, "
                                  "7, 8, 1, 9, 10, 11, '', 'kept'); PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(database);
    store = open_store();
    must(store_run(store, 1, &run, &error));
    assert_string_equal(run.note, "kept");
    assert_true(run.steps == 5 && run.experiment == 0);
    int64_t group = add_group(store, "{}"), filled = fill(store, group, 0, RUN_DONE);
    assert_int_equal(slots_of(store, group, slots), 1);
    assert_int_equal(slots[0].run, filled);
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_slot_has_one_run_and_a_run_one_slot),
        TEST(groups_come_back),
        TEST(one_process_works_on_a_group),
        TEST(what_came_since_is_read_on),
        TEST(a_store_of_version_1_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
