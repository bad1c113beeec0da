// Batch plans, the memory that batch sizes need, and the device they would run on.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session_private.h"
#include "core/train/memory.h"

// ---- on the job's thread -----------------------------------------------------------------------------------

static enum status plan(void *context, struct task *task, struct error *error) {
    struct batch_work *work = context;
    return batch_plan_make(work->source, work->seed, work->epoch, work->extra, &work->plan, task, error);
}

// A device that is not there has no memory: training will say so in words.
static enum status look(void *context, struct task *task, struct error *error) {
    struct batch_work *work = context;
    struct backend *backend = NULL;
    struct backend_options options = {.threads = work->threads};
    struct device_info info = {0};
    (void)task;
    if (backend_open(work->device, &options, &backend, error))
        return STATUS_OK;
    backend->api->describe(backend, &info);
    snprintf(work->found, sizeof work->found, "%s", backend->api->name);
    work->memory_free = info.memory_free;
    backend_close(backend);
    return STATUS_OK;
}

// ---- memory --------------------------------------------------------------------------------------------------

static void add_size(struct batches_view *view, size_t size) {
    if (view->size_count < sizeof view->sizes / sizeof *view->sizes)
        view->sizes[view->size_count++] = (struct batch_size){.size = size};
}

static void list_sizes(struct session *session) {
    struct batches_view *view = &session->view.batches;
    size_t rows = session->source->part_count[PART_TRAIN], present = (size_t)session->params.batch;
    bool listed = false;
    view->size_count = 0;
    for (int i = 0; i < BATCH_POWERS && ((size_t)1 << i) <= rows; i++) {
        size_t size = (size_t)1 << i;
        if (!listed && present < size)
            add_size(view, present);
        listed = listed || present <= size;
        add_size(view, size);
    }
    if (!listed)
        add_size(view, present);
}

void session_refresh_batches(struct session *session) {
    struct batches_view *view = &session->view.batches;
    struct error error;
    view->size_count = 0;
    view->bytes_fixed = 0;
    if (!session->batches.wanted || !session->source)
        return;
    list_sizes(session);
    bool reuses = strcmp(view->device, "cpu") == 0 || !view->device[0];
    for (size_t i = 0; i < view->size_count; i++) {
        struct train_memory memory;
        if (train_memory_plan(&session->params, session->source, view->sizes[i].size, reuses, &memory, &error))
            break; // the Model view says why there is no model
        view->sizes[i].bytes = train_memory_total(&memory);
        view->bytes_fixed = view->sizes[i].bytes - memory.step;
    }
}

// ---- the job ---------------------------------------------------------------------------------------------------

static void clear_work(struct batch_work *work) {
    source_release(work->source);
    batch_plan_free(work->plan);
    *work = (struct batch_work){0};
}

static bool is_power(size_t size) {
    return size <= (size_t)1 << (BATCH_POWERS - 1) && (size & (size - 1)) == 0;
}

// What the plan must be of; the source is borrowed.
static struct batch_work wanted_plan(const struct session *session) {
    size_t batch = (size_t)session->params.batch;
    return (struct batch_work){.source = session->source,
                               .seed = (uint64_t)session->params.seed,
                               .epoch = session->view.batches.epoch,
                               .extra = is_power(batch) ? 0 : batch};
}

static bool same_plan(const struct batch_work *a, const struct batch_work *b) {
    return a->source == b->source && a->seed == b->seed && a->epoch == b->epoch && a->extra == b->extra;
}

static bool have_plan(const struct session *session, const struct batch_work *wanted) {
    const struct batch_plan *made = session->batches.plan;
    struct batch_work have = {0};
    if (made)
        have =
            (struct batch_work){.source = made->source, .seed = made->seed, .epoch = made->epoch, .extra = made->extra};
    return same_plan(&have, wanted) || same_plan(&session->batches.failed, wanted);
}

static void take_plan(struct session *session, enum status status) {
    struct batch_work *work = &session->batches.work;
    struct batches_view *view = &session->view.batches;
    struct batch_work wanted = wanted_plan(session);
    view->reason[0] = '\0';
    if (status == STATUS_OK && !same_plan(work, &wanted))
        return; // something else is wanted by now
    if (status == STATUS_OK) {
        batch_plan_free(session->batches.plan);
        session->batches.plan = work->plan;
        work->plan = NULL;
    } else if (status != STATUS_CANCELLED) {
        session->batches.failed = *work;
        snprintf(view->reason, sizeof view->reason, "%s", session->batches.job.error.text);
    }
}

static void take_device(struct session *session) {
    struct batch_work *work = &session->batches.work;
    memcpy(session->view.batches.device, work->found, sizeof work->found);
    session->view.batches.memory_free = work->memory_free;
    session_refresh_batches(session);
}

static void start(struct session *session, struct batch_work work) {
    struct error error;
    session->batches.work = work;
    if (work.source)
        source_share(work.source);
    else
        memcpy(session->batches.device, work.device, sizeof work.device);
    if (job_start(&session->batches.job, work.source ? plan : look, &session->batches.work, &session->wake, &error)) {
        snprintf(session->view.batches.reason, sizeof session->view.batches.reason, "%s", error.text);
        session->batches.failed = work;
        clear_work(&session->batches.work);
    }
    session_publish(session);
}

static void take_over(struct session *session) {
    if (!job_take(&session->batches.job))
        return;
    if (session->batches.work.source)
        take_plan(session, session->batches.job.status);
    else
        take_device(session);
    clear_work(&session->batches.work);
    session_publish(session);
}

// A device is looked at only while no run has it.
void session_drain_batches(struct session *session) {
    if (!session->batches.wanted)
        return;
    take_over(session);
    struct batch_work wanted = wanted_plan(session);
    bool missing = wanted.source && !have_plan(session, &wanted);
    if (session->batches.job.active) {
        session_publish(session); // its progress
        if (session->batches.work.source && missing && !same_plan(&session->batches.work, &wanted))
            job_cancel(&session->batches.job);
        return;
    }
    if (missing) {
        start(session, wanted);
    } else if (strcmp(session->batches.device, session->params.device) != 0 && !session_run_alive(session)) {
        struct batch_work device = {.threads = (int)session->params.threads};
        memcpy(device.device, session->params.device, sizeof device.device);
        start(session, device);
    }
}

void session_forget_batches(struct session *session) {
    batch_plan_free(session->batches.plan);
    session->batches.plan = NULL;
    session->batches.failed = (struct batch_work){0};
    session->view.batches.reason[0] = '\0';
    session->view.batches.epoch = 0;
    session->view.batches.size_count = 0;
}

void session_close_batches(struct session *session) {
    job_close(&session->batches.job);
    clear_work(&session->batches.work);
    session_forget_batches(session);
}

enum status session_plan_batches(struct session *session, uint64_t epoch, struct error *error) {
    (void)error;
    bool first = !session->batches.wanted;
    session->batches.wanted = true;
    session->view.batches.epoch = epoch;
    if (first)
        session_refresh_batches(session);
    session_drain_batches(session);
    session_publish(session);
    return STATUS_OK;
}
