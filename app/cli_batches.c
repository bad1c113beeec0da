// batchlab batches: the split, the batches of one epoch row by row, and what batch sizes cost.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "app/json.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/nn/model.h"
#include "core/session_batch_plan.h"
#include "core/train/loss.h"
#include "core/train/memory.h"
#include "datasets/pipeline.h"
#include "views/text.h"

enum { BATCHES_SHOWN = 20 };

struct batches {
    struct train_params params;
    struct load_options options;
    int64_t epoch; // 1 is the first
    struct dataset *dataset;
    struct pipeline *pipeline;
    struct split split;
    struct split_view view;
    struct prepared *prepared;
    struct source *source;
    struct notes notes;
    struct batch_plan *plan;
};

static void clear(struct batches *batches) {
    batch_plan_free(batches->plan);
    source_release(batches->source);
    prepared_free(batches->prepared);
    notes_free(&batches->notes);
    split_view_close(&batches->view);
    split_free(&batches->split);
    pipeline_free(batches->pipeline);
    dataset_free(batches->dataset);
}

static enum status read_flags(const struct arguments *arguments, struct batches *batches, struct error *error) {
    const char *epoch = arguments->flags[FLAG_EPOCH];
    enum status status = STATUS_OK;
    params_defaults(&train_table, &batches->params);
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        status =
            params_set(&train_table, &batches->params, arguments->settings[i].name, arguments->settings[i].text, error);
    batches->epoch = 1;
    if (!status && epoch)
        status = cli_number(epoch, "--epoch", &batches->epoch, error);
    if (!status)
        status = cli_check_steps(arguments, error);
    return status ? status : cli_load_options(arguments, &batches->options, error);
}

static enum status make(const struct arguments *arguments, struct batches *batches, struct error *error) {
    const struct train_params *params = &batches->params;
    const char *task = loss_task_name(params->loss);
    size_t batch = (size_t)params->batch;
    enum status status = dataset_open(arguments->files[0], &batches->options, &batches->dataset, NULL, error);
    if (status)
        return status;
    cli_notes(arguments->files[0], &batches->dataset->notes);
    struct split_settings settings = split_settings_of(params);
    status = split_make(batches->dataset, &settings, &batches->split, NULL, error);
    if (!status)
        status = split_view_open(&batches->view, batches->dataset, &batches->split, error);
    size_t index_from = model_embeds(params) ? (size_t)params->embedding_from : 0;
    if (!status)
        status = cli_read_pipeline(arguments, &batches->view.dataset, index_from, &batches->pipeline, error);
    if (!status)
        status =
            pipeline_run(batches->pipeline, &batches->view.dataset, &batches->split, &batches->prepared, NULL, error);
    if (!status && batches->split.note[0])
        fprintf(stderr, "batchlab: %s\n", batches->split.note);
    if (!status)
        status = source_make(&batches->view.dataset, batches->prepared, &batches->split, task, &batches->notes,
                             &batches->source, error);
    if (!status)
        status = batch_plan_make(batches->source, (uint64_t)params->seed, (uint64_t)batches->epoch - 1,
                                 batch & (batch - 1) ? batch : 0, &batches->plan, NULL, error);
    return status;
}

static size_t updates(const struct batches *batches, size_t size) {
    size_t rows = batches->plan->rows, full = rows / size;
    return full + (rows % size && (full == 0 || !batches->params.drop_last));
}

static uint64_t memory_of(struct batches *batches, size_t size) {
    struct train_memory memory;
    struct error error; // there is no such model: nothing is known of its memory
    bool failed = train_memory_plan(&batches->params, batches->source, size, true, &memory, &error) != STATUS_OK;
    return failed ? 0 : train_memory_total(&memory);
}

// ---- as text ----------------------------------------------------------------------------------------------

static int width_of(const struct batch_slot *slot) {
    int width = text_width(slot->label, false);
    return width > 7 ? width : 7;
}

static void print_batches(const struct batches *batches) {
    const struct batch_plan *plan = batches->plan;
    size_t size = (size_t)batches->params.batch, count = updates(batches, size), counts[BATCH_SLOTS];
    printf("\n   batch     rows");
    for (size_t i = 0; i < plan->slot_count; i++)
        printf("  %*s%s", width_of(&plan->slots[i]) - text_width(plan->slots[i].label, false), "",
               plan->slots[i].label);
    putchar('\n');
    for (size_t i = 0; i < count && i < BATCHES_SHOWN; i++) {
        size_t from = i * size, to = from + size < plan->rows ? from + size : plan->rows;
        batch_plan_counts(plan, from, to, counts);
        printf("%8zu %8zu", i + 1, to - from);
        for (size_t k = 0; k < plan->slot_count; k++)
            printf("  %*.1f %%", width_of(&plan->slots[k]) - 2, 100 * (double)counts[k] / (double)(to - from));
        putchar('\n');
    }
    if (count > BATCHES_SHOWN)
        printf("… %zu more; --json prints all, with their rows\n", count - BATCHES_SHOWN);
}

static void print_sizes(struct batches *batches) {
    printf("\n%8s %10s %14s %9s %9s\n", "size", "updates", "memory, bytes", "noise", "theory");
    for (int i = 0; i < BATCH_POWERS && ((size_t)1 << i) <= batches->plan->rows; i++) {
        size_t size = (size_t)1 << i;
        double measured = batch_plan_measured(batches->plan, size), theory = batch_plan_error(batches->plan, size);
        printf("%8zu %10zu %14" PRIu64 " %7.2f %% %7.2f %%\n", size, updates(batches, size), memory_of(batches, size),
               100 * measured, 100 * theory);
    }
}

static void print_all(struct batches *batches) {
    const size_t *parts = batches->source->part_count;
    size_t size = (size_t)batches->params.batch, rest = batches->plan->rows % size;
    printf("%s: %zu rows to train on, %zu for validation, %zu for test; %s\n", batches->dataset->name,
           parts[PART_TRAIN], parts[PART_VALIDATION], parts[PART_TEST], batches->split.how);
    printf("epoch %" PRId64 ", seed %" PRId64 ": %zu %s of %zu", batches->epoch, batches->params.seed,
           updates(batches, size), updates(batches, size) == 1 ? "batch" : "batches", size);
    if (rest)
        printf(batches->params.drop_last ? ", %zu row%s left out" : ", the last one of %zu row%s", rest,
               rest == 1 ? "" : "s");
    putchar('\n');
    print_batches(batches);
    print_sizes(batches);
}

// ---- as JSON, one object a line ------------------------------------------------------------------------------

static void json_start(const struct batches *batches) {
    const struct batch_plan *plan = batches->plan;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "start");
    json_number(object, "epoch", (double)batches->epoch);
    json_number(object, "seed", (double)batches->params.seed);
    json_number(object, "batch", (double)batches->params.batch);
    json_number(object, "batches", (double)updates(batches, (size_t)batches->params.batch));
    cJSON_AddStringToObject(object, "split", batches->split.how);
    cJSON *rows = cJSON_AddObjectToObject(object, "rows");
    for (int part = 0; part < PART_COUNT; part++)
        json_number(rows, part_name((enum part)part), (double)batches->source->part_count[part]);
    cJSON *classes = cJSON_AddArrayToObject(object, plan->ranges ? "ranges" : "classes");
    for (size_t i = 0; i < plan->slot_count; i++) {
        cJSON *slot = cJSON_CreateObject();
        cJSON_AddStringToObject(slot, "name", plan->slots[i].label);
        for (int part = 0; part < PART_COUNT; part++)
            json_number(slot, part_name((enum part)part), (double)plan->slots[i].counts[part]);
        cJSON_AddItemToArray(classes, slot);
    }
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_batch(const struct batches *batches, size_t index) {
    const struct batch_plan *plan = batches->plan;
    size_t size = (size_t)batches->params.batch, from = index * size, counts[BATCH_SLOTS];
    size_t to = from + size < plan->rows ? from + size : plan->rows;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "batch");
    json_number(object, "batch", (double)(index + 1));
    batch_plan_counts(plan, from, to, counts);
    cJSON *shown = cJSON_AddArrayToObject(object, "counts"), *rows = cJSON_AddArrayToObject(object, "rows");
    for (size_t i = 0; i < plan->slot_count; i++)
        cJSON_AddItemToArray(shown, cJSON_CreateNumber((double)counts[i]));
    for (size_t i = from; i < to; i++)
        cJSON_AddItemToArray(rows, cJSON_CreateNumber((double)(plan->source->origin[plan->order[i]] + 1)));
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_size(struct batches *batches, size_t size) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "size");
    json_number(object, "size", (double)size);
    json_number(object, "updates", (double)updates(batches, size));
    json_number(object, "memory", (double)memory_of(batches, size));
    json_number(object, "noise", batch_plan_measured(batches->plan, size));
    json_number(object, "theory", batch_plan_error(batches->plan, size));
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_all(struct batches *batches) {
    json_start(batches);
    for (size_t i = 0; i < updates(batches, (size_t)batches->params.batch); i++)
        json_batch(batches, i);
    for (int i = 0; i < BATCH_POWERS && ((size_t)1 << i) <= batches->plan->rows; i++)
        json_size(batches, (size_t)1 << i);
}

int cli_batches(const struct arguments *arguments) {
    struct batches batches = {.epoch = 1};
    struct error error;
    if (read_flags(arguments, &batches, &error))
        return cli_usage(&error);
    enum status status = make(arguments, &batches, &error);
    if (!status && arguments->flags[FLAG_JSON])
        json_all(&batches);
    else if (!status)
        print_all(&batches);
    clear(&batches);
    return status ? cli_fail(&error) : EXIT_DONE;
}
