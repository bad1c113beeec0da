// Evaluations that the session makes for the screen: curves and thresholds against scikit-learn, checkpoints and parts,
// weights of a living run, the plane of two features, files.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_evaluate_parts.h"
#include "tests/support/fixture.h"
#include "tests/support/session_lab.h"

static const char fixture[] = "tests/fixtures/evaluate.txt";
static const char iris[] = "datasets/samples/iris.csv";
enum { VALUES_MOST = 2000 };

// ---- curves and thresholds as scikit-learn gives them ------------------------------------------------------------

static size_t read(const char *kind, const char *name, double *values) {
    return fixture_read_from(fixture, kind, name, values, VALUES_MOST);
}

static void check_list(const char *kind, const char *name, const double *have, size_t count) {
    double want[VALUES_MOST];
    assert_int_equal(read(kind, name, want), count);
    for (size_t i = 0; i < count; i++)
        if (fabs(have[i] - want[i]) > 1e-12)
            fail_msg("%s of \"%s\", value %zu: %.17g should be %.17g", kind, name, i, have[i], want[i]);
}

struct rows {
    struct run_evaluation figures;
    size_t count, classes, of_class;
};

static void read_rows(const char *name, struct rows *rows) {
    double shape[VALUES_MOST], labels[VALUES_MOST], p[VALUES_MOST];
    int32_t whole[VALUES_MOST];
    float single[VALUES_MOST];
    read("shape", name, shape);
    *rows = (struct rows){
        .figures.classify = true, .count = (size_t)shape[0], .classes = (size_t)shape[1], .of_class = (size_t)shape[2]};
    read("labels", name, labels);
    read("probabilities", name, p);
    for (size_t i = 0; i < rows->count; i++)
        whole[i] = (int32_t)labels[i];
    for (size_t i = 0; i < rows->count * rows->classes; i++)
        single[i] = (float)p[i];
    lab_must(class_metrics_open(&rows->figures.classes, rows->classes, &lab.error));
    lab_must(class_metrics_add(&rows->figures.classes, whole, single, rows->count, &lab.error));
    lab_must(class_metrics_figures(&rows->figures.classes, &rows->figures.of_classes, NULL, &lab.error));
}

static void check_table(const char *name, const struct ranking *ranking) {
    double table[VALUES_MOST], costs[VALUES_MOST];
    size_t count = read("table", name, table) / 9;
    assert_true(count == 21);
    for (size_t i = 0; i < count; i++) {
        const double *want = table + 9 * i;
        struct threshold_figures at = ranking_at(ranking, want[0], 1, 1);
        double have[] = {want[0], (double)at.true_positive, (double)at.false_positive, (double)at.false_negative,
                         (double)at.true_negative, at.precision, at.recall, at.f1, at.accuracy};
        for (int k = 0; k < 9; k++)
            if (fabs(have[k] - want[k]) > 1e-12)
                fail_msg("\"%s\" at %g, figure %d: %.17g should be %.17g", name, want[0], k, have[k], want[k]);
    }
    count = read("costs", name, costs) / 3;
    for (size_t i = 0; i < count; i++) {
        double cheapest = ranking_cheapest(ranking, costs[3 * i], costs[3 * i + 1]);
        struct threshold_figures at = ranking_at(ranking, cheapest, costs[3 * i], costs[3 * i + 1]);
        assert_true(at.cost == costs[3 * i + 2]);
    }
}

static void check_bins(const char *name, const struct class_figures *figures) {
    double have[3 * CALIBRATION_BINS];
    size_t count = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        if (figures->bins[i].rows == 0)
            continue;
        have[count++] = (double)figures->bins[i].rows;
        have[count++] = figures->bins[i].confidence;
        have[count++] = figures->bins[i].accuracy;
    }
    check_list("bins", name, have, count);
}

static void figures_are_those_of_scikit_learn(void **state) {
    static const char *const names[] = {"two", "first", "ties", "four"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct rows rows;
        struct class_curves *curves = NULL;
        read_rows(names[i], &rows);
        lab_must(class_curves_make(&rows.figures, rows.of_class, &curves, &lab.error));
        check_list("fpr", names[i], curves->roc.x, curves->roc.count);
        check_list("tpr", names[i], curves->roc.y, curves->roc.count);
        check_list("recall", names[i], curves->precision_recall.x, curves->precision_recall.count);
        check_list("precision", names[i], curves->precision_recall.y, curves->precision_recall.count);
        check_list("areas", names[i], (double[]){curves->auc, curves->average_precision}, 2);
        check_table(names[i], &curves->ranking);
        check_bins(names[i], &rows.figures.of_classes);
        check_list("balanced", names[i], &rows.figures.of_classes.balanced, 1);
        class_curves_free(curves);
        run_evaluation_clear(&rows.figures);
    }
}

// What is left of a curve of very many points stays within a slice of it, and keeps its ends.
static void long_curves_are_thinned(void **state) {
    enum { ROWS = 50000 };
    struct run_evaluation figures = {.classify = true};
    struct class_curves *curves = NULL;
    int32_t *labels = mem_alloc(ROWS, sizeof *labels);
    float *p = mem_alloc(2 * ROWS, sizeof *p);
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(i * 7919LL % ROWS < i);
        p[2 * i + 1] = (float)i / ROWS;
        p[2 * i] = 1 - p[2 * i + 1];
    }
    lab_must(class_metrics_open(&figures.classes, 2, &lab.error));
    lab_must(class_metrics_add(&figures.classes, labels, p, ROWS, &lab.error));
    lab_must(class_curves_make(&figures, 1, &curves, &lab.error));
    const struct curve_points *roc = &curves->roc;
    assert_true(roc->count <= CURVE_POINTS_MOST && roc->count > CURVE_POINTS_MOST / 8);
    assert_true(roc->x[0] == 0 && roc->y[0] == 0 && roc->x[roc->count - 1] == 1 && roc->y[roc->count - 1] == 1);
    double area = 0;
    for (size_t i = 1; i < roc->count; i++) {
        assert_true(roc->x[i] >= roc->x[i - 1] && roc->y[i] >= roc->y[i - 1]);
        area += (roc->x[i] - roc->x[i - 1]) * (roc->y[i] + roc->y[i - 1]) / 2;
    }
    assert_true(fabs(area - curves->auc) < 1e-3);
    class_curves_free(curves);
    run_evaluation_clear(&figures);
    mem_free(labels);
    mem_free(p);
}

static void failing_allocations_make_no_curves(void **state) {
    struct rows rows;
    size_t failures = 0;
    (void)state;
    read_rows("first", &rows);
    for (unsigned long after = 1; after < 12; after++) {
        struct class_curves *curves = NULL;
        mem_fail_at(after);
        enum status status = class_curves_make(&rows.figures, rows.of_class, &curves, &lab.error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || (status == STATUS_MEMORY && !curves));
        failures += status != STATUS_OK;
        class_curves_free(curves);
    }
    assert_true(failures >= 5);
    run_evaluation_clear(&rows.figures);
}

// ---- what is measured ------------------------------------------------------------------------------------------------

static const struct measurement *made(void) {
    return lab.view->evaluate.made;
}

static const struct measurement *measured(void) {
    LAB_UNTIL(!lab.view->evaluate.making);
    if (lab.view->evaluate.reason[0])
        fail_msg("%s", lab.view->evaluate.reason);
    assert_non_null(made());
    return made();
}

static void look(void) {
    lab_must(session_evaluate_seen(lab.session, true, &lab.error));
}

static void train(const char *path, const char *epochs) {
    lab_load(path);
    lab_set("epochs", epochs);
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
}

static void ask(struct evaluate_wish wish) {
    lab_must(session_evaluate(lab.session, &wish, &lab.error));
}

static void the_newest_run_is_measured(void **state) {
    (void)state;
    look();
    assert_false(lab.view->evaluate.making); // there is no run
    assert_int_equal(lab.view->evaluate.wish.run, 0);
    train(iris, "10");
    const struct measurement *one = measured(); // it was looked at while the run ended
    const struct epoch_row *last = &lab.view->run->record.final_row;
    assert_string_equal(one->wish.which, "last");
    assert_int_equal(one->wish.part, PART_VALIDATION);
    assert_true(one->figures.of_classes.accuracy == last->val_accuracy);
    assert_true(fabs(one->figures.of_classes.log_loss - last->val_loss) < 1e-6);
    assert_int_equal(one->figures.each_count, lab.view->run->record.validation_rows);
    double before = INFINITY;
    for (size_t i = 0; i < one->figures.each_count; i++) {
        const struct evaluated_row *row = &one->figures.each[one->order[i]];
        double loss = evaluated_loss(row, true);
        assert_true(loss <= before);
        before = loss;
        assert_int_equal(row->line, table_line(one->data->table, row->row));
        const struct source *source = one->source;
        uint32_t there = one->source_row[row->row];
        assert_int_equal(source->labels[there], row->label);
    }
    assert_non_null(lab.view->evaluate.curves);
    assert_int_equal(lab.view->evaluate.curves->of_class, 0);
    session_evaluate_class(lab.session, 2);
    LAB_UNTIL(lab.view->evaluate.curves != NULL);
    assert_int_equal(lab.view->evaluate.curves->of_class, 2);
    assert_true(lab.view->evaluate.curves->auc == one->figures.of_classes.each[2].auc);
}

static void parts_and_checkpoints_can_be_chosen(void **state) {
    (void)state;
    lab_load(iris);
    lab_set("patience", "50");
    lab_set("epochs", "30");
    lab_set("lr", "0.05");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    look();
    uint64_t last = measured()->step;
    ask((struct evaluate_wish){.part = PART_TRAIN});
    assert_int_equal(measured()->figures.each_count, lab.view->run->record.train_rows);
    ask((struct evaluate_wish){.all = true});
    assert_int_equal(measured()->figures.each_count, 149); // one of 150 is there twice, and dropped
    ask((struct evaluate_wish){.which = "best", .part = PART_TEST});
    assert_string_equal(measured()->wish.which, "best");
    assert_int_equal(made()->wish.part, PART_VALIDATION); // the test part has no rows
    assert_true(made()->step <= last);
    assert_string_equal(lab.view->evaluate.checkpoints[0], "last");
    assert_string_equal(lab.view->evaluate.checkpoints[1], "best");
    ask((struct evaluate_wish){.path = "datasets/samples/iris.csv"});
    assert_int_equal(measured()->figures.each_count, 150);
    assert_null(made()->source);
    assert_int_equal(dataset_rows(made()->data), 150);
    struct evaluate_wish wish = {.which = "12345"};
    assert_int_equal(session_evaluate(lab.session, &wish, &lab.error), STATUS_MISSING);
    wish = (struct evaluate_wish){.run = 77};
    assert_int_equal(session_evaluate(lab.session, &wish, &lab.error), STATUS_MISSING);
    assert_non_null(strstr(lab.error.text, "77"));
}

static void write_file(const char *name, const char *text, char path[256]) {
    snprintf(path, 256, "%s/%s", lab.folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void data_that_is_gone_is_said(void **state) {
    char *text = NULL, path[256];
    size_t size = 0;
    (void)state;
    lab_must(file_read(iris, 0, &text, &size, &lab.error));
    write_file("mine.csv", text, path);
    mem_free(text);
    train(path, "2");
    lab_open((struct session_options){0});
    remove(path);
    look();
    LAB_UNTIL(!lab.view->evaluate.making);
    assert_null(made());
    assert_non_null(strstr(lab.view->evaluate.reason, "mine.csv"));
    ask((struct evaluate_wish){.path = "datasets/samples/iris.csv"}); // other data will do
    assert_int_equal(measured()->figures.each_count, 150);
}

// ---- the living run ---------------------------------------------------------------------------------------------------

static void a_copy_of_the_weights_is_the_checkpoint(void **state) {
    (void)state;
    lab_load(iris);
    lab_set("epochs", "100000");
    lab_set("ema", "0.9");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_state(RUN_TRAINING);
    look();
    const struct measurement *one = measured();
    assert_string_equal(one->wish.which, "now");
    assert_true(one->copied > 0 && one->copied < 1);
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    lab_must(session_checkpoint(lab.session, &lab.error));
    ask((struct evaluate_wish){.part = PART_VALIDATION});
    one = measured();
    struct class_figures figures = one->figures.of_classes;
    struct evaluate_wish wish = {.part = PART_VALIDATION};
    snprintf(wish.which, sizeof wish.which, "%llu", (unsigned long long)one->step);
    assert_int_equal(one->step, lab.view->run->record.steps);
    ask(wish);
    assert_int_equal(measured()->step, (uint64_t)strtoull(wish.which, NULL, 10));
    assert_true(made()->figures.of_classes.log_loss == figures.log_loss);
    assert_true(made()->figures.of_classes.brier == figures.brier);
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
}

static void every_epoch_can_be_measured(void **state) {
    (void)state;
    lab_load(iris);
    lab_set("epochs", "100000");
    lab_must(session_start(lab.session, &lab.error));
    look();
    uint64_t first = measured()->step;
    session_evaluate_every_epoch(lab.session, true);
    LAB_UNTIL(made()->step > first);
    uint64_t second = made()->step;
    assert_true(second > first);
    LAB_UNTIL(made()->step > second);
    assert_true(made()->step > second);
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    LAB_UNTIL(text_equal(made()->wish.which, "last"));
    assert_string_equal(measured()->wish.which, "last"); // it has ended: its last checkpoint
}

// ---- the plane ------------------------------------------------------------------------------------------------------------

static void write_moons(char path[256]) {
    struct str text = {0};
    uint32_t random = 9;
    str_add(&text, "height,width,kind\n");
    for (int i = 0; i < 300; i++) {
        random = random * 1664525u + 1013904223u;
        double angle = 3.14159265 * (i / 2) / 150, noise = (random >> 8) / 16777216.0 * 0.2;
        bool second = i % 2;
        str_format(&text, "%g,%g,%s\n", 100 * (second ? 1 - cos(angle) + noise : cos(angle) + noise),
                   second ? 0.5 - sin(angle) + noise : sin(angle) - noise, second ? "b" : "a");
    }
    write_file("moons.csv", str_text(&text), path);
    str_free(&text);
}

struct answers {
    const struct boundary *boundary;
    size_t seen;
};

static enum status compare_answers(void *context, const struct kept_outputs *outputs, struct error *error) {
    struct answers *answers = context;
    (void)error;
    for (size_t i = 0; i < outputs->count; i++) {
        size_t point = outputs->first + outputs->row_of[i];
        const float *values = outputs->values + i * outputs->width;
        int32_t taken = values[1] > values[0];
        size_t up = point / BOUNDARY_WIDTH, across = point % BOUNDARY_WIDTH;
        if (fabsf(values[0] - values[1]) > 1e-4f)
            assert_int_equal(answers->boundary->taken[up][across], taken);
        assert_true(fabsf(answers->boundary->value[up][across] - values[taken]) < 1e-4f);
        answers->seen++;
    }
    return STATUS_OK;
}

// The same points as a file, through the way of new data.
static void the_plane_is_what_the_model_says(void **state) {
    char moons[256], grid[256];
    struct str text = {0};
    (void)state;
    write_moons(moons);
    train(moons, "20");
    look();
    measured();
    LAB_UNTIL(lab.view->evaluate.boundary != NULL);
    const struct boundary *boundary = lab.view->evaluate.boundary;
    assert_non_null(boundary);
    assert_string_equal(boundary->names[0], "height");
    assert_string_equal(boundary->names[1], "width");
    assert_int_equal(boundary->row_count, 300);
    str_add(&text, "height,width\n");
    for (int i = 0; i < BOUNDARY_WIDTH * BOUNDARY_HEIGHT; i++)
        str_format(&text, "%.17g,%.17g\n", plane_at(boundary, 0, i % BOUNDARY_WIDTH),
                   plane_at(boundary, 1, i / BOUNDARY_WIDTH));
    write_file("grid.csv", str_text(&text), grid);
    str_free(&text);
    struct load_options options = load_options_default();
    struct kept_data data = {.path = grid, .options = &options};
    struct answers answers = {.boundary = boundary};
    struct notes notes = {0};
    lab_must(kept_run_each(made()->kept, &data, compare_answers, &answers, &notes, NULL, &lab.error));
    assert_int_equal(answers.seen, BOUNDARY_WIDTH * BOUNDARY_HEIGHT);
    notes_free(&notes);
}

static void the_plane_follows_the_living_run(void **state) {
    char moons[256];
    (void)state;
    write_moons(moons);
    lab_load(moons);
    lab_set("epochs", "100000");
    lab_must(session_start(lab.session, &lab.error));
    look();
    measured();
    LAB_UNTIL(lab.view->evaluate.boundary != NULL);
    assert_non_null(lab.view->evaluate.boundary);
    uint64_t first = lab.view->evaluate.boundary->step;
    LAB_UNTIL(lab.view->evaluate.boundary->step > first);
    assert_true(lab.view->evaluate.boundary->step > first);
    assert_int_equal(made()->step, first); // the figures stay until they are asked for
    assert_true(lab.view->evaluate.boundary->copied > 0);
    lab_must(session_evaluate_seen(lab.session, false, &lab.error));
    double until = clock_now() + 0.35;
    while (clock_now() < until)
        lab_look(20);
    uint64_t away = lab.view->evaluate.boundary->step;
    until = clock_now() + 0.35;
    while (clock_now() < until)
        lab_look(20);
    assert_int_equal(lab.view->evaluate.boundary->step, away); // nobody looks at it
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
}

static void other_data_has_no_plane(void **state) {
    (void)state;
    train(iris, "2");
    look();
    measured();
    LAB_UNTIL(lab.view->evaluate.boundary_reason[0] != '\0');
    assert_non_null(strstr(lab.view->evaluate.boundary_reason, "4 features"));
    assert_null(lab.view->evaluate.boundary);
}

// ---- files ------------------------------------------------------------------------------------------------------------------

static size_t count_lines(const char *path, const char *first) {
    char *text = NULL;
    size_t size = 0, lines = 0;
    lab_must(file_read(path, 0, &text, &size, &lab.error));
    assert_memory_equal(text, first, strlen(first));
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    mem_free(text);
    return lines;
}

static void predictions_and_points_are_written(void **state) {
    char path[256], refused[300];
    (void)state;
    assert_int_equal(session_evaluate_export(lab.session, "x.csv", &lab.error), STATUS_STATE);
    train(iris, "2");
    look();
    size_t rows = measured()->figures.each_count;
    snprintf(path, sizeof path, "%s/out.csv", lab.folder);
    lab_must(session_evaluate_export(lab.session, path, &lab.error));
    LAB_UNTIL(file_exists(path));
    assert_int_equal(count_lines(path, "row,prediction,p_"), rows + 1);
    LAB_UNTIL(lab.view->message_kind == MESSAGE_INFO && strstr(lab.view->message, "out.csv"));
    snprintf(path, sizeof path, "%s/points.csv", lab.folder);
    lab_must(session_evaluate_points(lab.session, path, &lab.error));
    LAB_UNTIL(file_exists(path));
    assert_int_equal(count_lines(path, "threshold,true_positive,"), lab.view->evaluate.curves->ranking.count + 1);
    snprintf(refused, sizeof refused, "%s/no/such/folder/x.csv", lab.folder);
    LAB_UNTIL(session_evaluate_export(lab.session, refused, &lab.error) == STATUS_OK);
    LAB_UNTIL(lab.view->message_kind == MESSAGE_ERROR);
    assert_non_null(strstr(lab.view->message, "no/such/folder"));
    assert_non_null(made()->data); // still there for the next
}

static void measuring_can_be_stopped(void **state) {
    (void)state;
    train(iris, "2");
    look();
    assert_true(lab.view->evaluate.making);
    session_evaluate_cancel(lab.session);
    LAB_UNTIL(!lab.view->evaluate.making);
    bool stopped = strstr(lab.view->evaluate.reason, "stopped") != NULL;
    assert_true(stopped != (made() != NULL)); // it may have been done before it heard of that
    ask((struct evaluate_wish){.part = PART_VALIDATION});
    measured();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_of_scikit_learn),
        cmocka_unit_test(long_curves_are_thinned),
        cmocka_unit_test(failing_allocations_make_no_curves),
        cmocka_unit_test_setup_teardown(the_newest_run_is_measured, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(parts_and_checkpoints_can_be_chosen, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(data_that_is_gone_is_said, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_of_the_weights_is_the_checkpoint, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(every_epoch_can_be_measured, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(the_plane_is_what_the_model_says, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(the_plane_follows_the_living_run, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(other_data_has_no_plane, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(predictions_and_points_are_written, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(measuring_can_be_stopped, lab_set_up, lab_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
