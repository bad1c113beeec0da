#include "tests/views/check.h"
#include "tests/support/evaluate_scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "views/views.h"

static struct error error;

static void must(enum status status) {
    if (status)
        fail_msg("%s", error.text);
}

// ---- made-up measurements -------------------------------------------------------------------------------------------

static double noise(uint32_t *random) { // about normal
    double sum = -2;
    for (int i = 0; i < 4; i++)
        sum += check_random(random) / 4294967296.0;
    return 1.7 * sum;
}

static const struct measurement *sorted;

static int by_loss(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    double one = evaluated_loss(&sorted->figures.each[left], sorted->figures.classify);
    double other = evaluated_loss(&sorted->figures.each[right], sorted->figures.classify);
    return one != other ? (one < other ? 1 : -1) : (left > right) - (left < right);
}

static void order(struct measurement *made) {
    size_t count = made->figures.each_count;
    made->order = mem_alloc(count + 1, sizeof *made->order);
    for (size_t i = 0; i < count; i++)
        made->order[i] = (uint32_t)i;
    sorted = made;
    qsort(made->order, count, sizeof *made->order, by_loss);
}

// Probabilities that lean to the true class, and less so to those beside it.
static void classify(struct measurement *made, const int32_t *labels, const uint64_t *rows, size_t count, double lean) {
    struct run_evaluation *figures = &made->figures;
    size_t classes = made->classes;
    float *p = mem_alloc(classes + 1, sizeof *p);
    uint32_t random = 77;
    *figures = (struct run_evaluation){.classify = true, .rows = count};
    figures->each = mem_alloc(count + 1, sizeof *figures->each);
    must(class_metrics_open(&figures->classes, classes, &error));
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        int32_t taken = 0;
        for (size_t k = 0; k < classes; k++) {
            double far = fabs((double)k - labels[i]), score = exp(1.4 * noise(&random) + lean / (1 + far * far));
            p[k] = (float)score;
            sum += score;
        }
        for (size_t k = 0; k < classes; k++) {
            p[k] = (float)(p[k] / sum);
            taken = p[k] > p[taken] ? (int32_t)k : taken;
        }
        must(class_metrics_add(&figures->classes, &labels[i], p, 1, &error));
        figures->each[figures->each_count++] = (struct evaluated_row){
            .row = rows[i], .line = rows[i] + 2, .label = labels[i], .taken = taken, .chance = p[labels[i]]};
    }
    must(class_metrics_figures(&figures->classes, &figures->of_classes, NULL, &error));
    mem_free(p);
    order(made);
}

static void predict(struct measurement *made, const struct source *source) {
    struct run_evaluation *figures = &made->figures;
    uint32_t random = 5;
    figures->each = mem_alloc(source->rows + 1, sizeof *figures->each);
    for (size_t i = 0; i < source->part_count[PART_VALIDATION]; i++) {
        uint32_t row = source->part_rows[PART_VALIDATION][i];
        double truth = (double)source->targets[row] * source->target_sd + source->target_mean;
        double predicted = source->target_mean + 0.6 * (truth - source->target_mean) + 30 * noise(&random) + 5;
        must(number_metrics_add(&figures->numbers, &truth, &predicted, 1, &error));
        figures->each[figures->each_count++] = (struct evaluated_row){
            .row = source->origin[row], .line = source->origin[row] + 2, .truth = truth, .predicted = predicted};
    }
    figures->rows = figures->each_count;
    figures->of_numbers = number_metrics_figures(&figures->numbers);
    order(made);
}

static void measure(struct scene *scene) {
    struct measurement *made = &scene->made;
    const struct source *source = made->source;
    size_t count = source->part_count[PART_VALIDATION];
    int32_t *labels = mem_alloc(count + 1, sizeof *labels);
    uint64_t *rows = mem_alloc(count + 1, sizeof *rows);
    for (size_t i = 0; i < count && source->labels; i++) {
        labels[i] = source->labels[source->part_rows[PART_VALIDATION][i]];
        rows[i] = source->origin[source->part_rows[PART_VALIDATION][i]];
    }
    if (source->labels)
        classify(made, labels, rows, count, 2.5);
    else
        predict(made, source);
    made->source_row = mem_alloc(dataset_rows(made->data) + 1, sizeof *made->source_row);
    memset(made->source_row, 0xff, dataset_rows(made->data) * sizeof *made->source_row);
    for (size_t row = 0; row < source->rows; row++)
        made->source_row[source->origin[row]] = (uint32_t)row;
    mem_free(labels);
    mem_free(rows);
}

static void show(struct scene *scene) {
    struct evaluate_view *view = &scene->snapshot.evaluate;
    struct measurement *made = &scene->made;
    made->number = 1;
    made->wish = (struct evaluate_wish){.run = 14, .which = "best", .part = PART_VALIDATION};
    made->record.id = 14;
    made->step = 1240;
    made->epoch = made->copied = NAN;
    made->seconds = 0.0123;
    *view = (struct evaluate_view){.wish = made->wish, .made = made, .of_class = made->classes == 2};
    strcpy(view->checkpoints[0], "last");
    strcpy(view->checkpoints[1], "best");
    strcpy(view->checkpoints[2], "500");
    view->checkpoint_count = 3;
    if (made->figures.classify)
        must(class_curves_make(&made->figures, view->of_class, &scene->curves, &error));
    view->curves = scene->curves;
    driver_open(&scene->driver, &view_evaluate, &scene->snapshot);
    view_evaluate.refresh(scene->driver.state, &scene->snapshot);
}

void scene_open(struct scene *scene, const char *path) {
    struct measurement *made = &scene->made;
    *scene = (struct scene){.snapshot = {.version = 1}};
    params_defaults(&train_table, &scene->params);
    scene->snapshot.params = &scene->params;
    must(dataset_open(path, NULL, &made->data, NULL, &error));
    must(pipeline_suggest(made->data, false, 0, &scene->pipeline, NULL, &error));
    must(split_make(made->data, &(struct split_settings){.kind = "auto", .validation = 0.3, .seed = 1}, &scene->split,
                    NULL, &error));
    must(pipeline_run(scene->pipeline, made->data, &scene->split, &scene->prepared, NULL, &error));
    must(source_make(made->data, scene->prepared, &scene->split, "auto", &scene->notes, &made->source, &error));
    made->classes = made->source->classes;
    made->class_names = (const char *const *)made->source->class_names;
    made->target_name = made->source->target_name;
    snprintf(made->record.name, sizeof made->record.name, "mlp · %.60s", made->data->name);
    measure(scene);
    show(scene);
    scene->snapshot.dataset = made->data;
    scene->snapshot.source = made->source;
}

void scene_open_many(struct scene *scene, size_t classes, size_t rows, bool one) {
    static const char *const hostile[] = {"\x1b[2Jclear", "a\nb", "\xe2\x80\xaereversed", "\xff\xfe", "\xe6\xbc\xa2\xe5\xad\x97"};
    struct measurement *made = &scene->made;
    *scene = (struct scene){.snapshot = {.version = 1}};
    params_defaults(&train_table, &scene->params);
    scene->snapshot.params = &scene->params;
    scene->names = mem_alloc(classes, sizeof *scene->names);
    int32_t *labels = mem_alloc(rows, sizeof *labels);
    uint64_t *numbers = mem_alloc(rows, sizeof *numbers);
    for (size_t k = 0; k < classes; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s %zu", hostile[k % 5], k);
        scene->names[k] = mem_string(name);
    }
    for (size_t i = 0; i < rows; i++) {
        labels[i] = one ? 1 : (int32_t)(i * 37 % classes);
        numbers[i] = i;
    }
    made->classes = classes;
    made->class_names = (const char *const *)scene->names;
    made->target_name = "kind";
    classify(made, labels, numbers, rows, classes > 100 ? 7 : 2);
    mem_free(labels);
    mem_free(numbers);
    snprintf(made->record.name, sizeof made->record.name, "mlp · many.csv");
    show(scene);
}

void scene_close(struct scene *scene) {
    driver_close(&scene->driver);
    for (size_t k = 0; scene->names && k < scene->made.classes; k++)
        mem_free(scene->names[k]);
    mem_free(scene->names);
    class_metrics_close(&scene->made.figures.classes);
    class_figures_free(&scene->made.figures.of_classes);
    mem_free(scene->made.figures.each);
    mem_free(scene->made.source_row);
    mem_free(scene->made.order);
    class_curves_free(scene->curves);
    mem_free(scene->boundary ? scene->boundary->rows : NULL);
    mem_free(scene->boundary);
    source_release(scene->made.source);
    prepared_free(scene->prepared);
    notes_free(&scene->notes);
    split_free(&scene->split);
    pipeline_free(scene->pipeline);
    dataset_free(scene->made.data);
}

void scene_add_plane(struct scene *scene) {
    struct boundary *made = scene->boundary = mem_alloc(1, sizeof *made);
    uint32_t random = 3;
    made->names[0] = "mean radius";
    made->names[1] = "mean texture";
    made->low[0] = made->low[1] = 5;
    made->high[0] = made->high[1] = 30;
    made->step = 1300;
    made->epoch = 9.5;
    made->seconds = 0.0031;
    made->copied = 4.2e-6;
    for (int up = 0; up < BOUNDARY_HEIGHT; up++) {
        for (int across = 0; across < BOUNDARY_WIDTH; across++) {
            double x = 25.0 * across / BOUNDARY_WIDTH + 5, y = 25.0 * up / BOUNDARY_HEIGHT + 5;
            double p = 1 / (1 + exp(-(x + y - 35) / 3));
            made->taken[up][across] = p > 0.5;
            made->value[up][across] = (float)(p > 0.5 ? p : 1 - p);
        }
    }
    made->most = 1;
    made->rows = mem_alloc(60, sizeof *made->rows);
    made->row_count = made->all_rows = 60;
    for (size_t i = 0; i < 60; i++) {
        struct boundary_row *row = &made->rows[i];
        row->label = (int32_t)(i % 2);
        row->x = 17.5 + (row->label ? 4 : -4) + 3 * noise(&random);
        row->y = 17.5 + (row->label ? 4 : -4) + 3 * noise(&random);
        row->taken = row->x + row->y > 35;
        row->part = i % 5 ? PART_TRAIN : PART_VALIDATION;
    }
    made->rows[7].x = NAN; // a missing cell
    scene->snapshot.evaluate.boundary = made;
}

const struct evaluate_state *scene_state(const struct scene *scene) {
    return scene->driver.state;
}

void scene_go_to(struct scene *scene, enum evaluate_page page) {
    for (int i = 0; scene_state(scene)->page != page; i++) {
        assert_true(i < EVALUATE_PAGE_COUNT);
        driver_key(&scene->driver, "Tab");
    }
}
