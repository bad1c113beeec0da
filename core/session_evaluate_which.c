// Which run and which weights the Evaluate view measures, and what else the run has kept.
#include "core/session_evaluate_parts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

const struct run_record *evaluate_find_run(const struct session *session, int64_t id) {
    if (session->live && (id == 0 || session->live->record.id == id))
        return &session->live->record;
    for (size_t i = 0; i < session->run_count; i++)
        if (id == 0 || session->runs[i].id == id)
            return &session->runs[i];
    return NULL;
}

bool evaluate_is_living(const struct session *session, int64_t run) {
    return session->live && session->live->record.id == run && session_run_alive(session);
}

static bool has_rows(const struct run_record *run, enum part part) {
    const uint64_t rows[] = {run->train_rows, run->validation_rows, run->test_rows};
    return rows[part] > 0;
}

// A part without rows gives way to one that has some.
static enum part part_of(const struct run_record *run, enum part wanted) {
    static const enum part others[] = {PART_VALIDATION, PART_TEST, PART_TRAIN};
    for (size_t i = 0; i < PART_COUNT && !has_rows(run, wanted); i++)
        if (has_rows(run, others[i]))
            return others[i];
    return wanted;
}

enum status evaluate_resolve(const struct session *session, const struct evaluate_wish *asked, struct evaluate_wish *wish,
                           struct error *error) {
    const struct run_record *run = evaluate_find_run(session, asked->run);
    *wish = *asked;
    if (!run)
        return error_set(error, STATUS_MISSING, "there is no run %lld any more; choose another in Runs",
                         (long long)asked->run);
    bool living = evaluate_is_living(session, run->id), now = text_equal(wish->which, "now");
    wish->run = run->id;
    if (!wish->which[0] || (now && !living))
        snprintf(wish->which, sizeof wish->which, "%s", living ? "now" : "last");
    if (!wish->path[0] && !wish->all)
        wish->part = part_of(run, wish->part);
    return STATUS_OK;
}

bool evaluate_same_wish(const struct evaluate_wish *a, const struct evaluate_wish *b) {
    bool same_rows = a->path[0] || b->path[0] ? text_equal(a->path, b->path)
                                              : a->all == b->all && (a->all || a->part == b->part);
    return a->run == b->run && text_equal(a->which, b->which) && same_rows;
}

static void add_checkpoint(struct evaluate_view *view, const char *name) {
    if (view->checkpoint_count < EVALUATE_CHECKPOINTS_MOST)
        snprintf(view->checkpoints[view->checkpoint_count++], EVALUATE_WHICH_SIZE, "%s", name);
}

static int compare_steps(const void *a, const void *b) {
    unsigned long long left = strtoull(a, NULL, 10), right = strtoull(b, NULL, 10);
    return (left > right) - (left < right);
}

static void add_steps(struct evaluate_view *view, const char *folder) {
    size_t first = view->checkpoint_count;
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries));) {
        unsigned long long step;
        char name[EVALUATE_WHICH_SIZE], whole[48];
        if (sscanf(entry->d_name, "step-%llu.ckpt", &step) != 1)
            continue;
        snprintf(name, sizeof name, "%llu", step);
        snprintf(whole, sizeof whole, "step-%llu.ckpt", step);
        if (text_equal(whole, entry->d_name))
            add_checkpoint(view, name);
    }
    if (entries)
        closedir(entries);
    qsort(view->checkpoints[first], view->checkpoint_count - first, EVALUATE_WHICH_SIZE, compare_steps);
}

void evaluate_list_checkpoints(struct session *session) {
    struct evaluate_view *view = &session->view.evaluate;
    const struct run_record *run = evaluate_find_run(session, view->wish.run);
    char folder[1024];
    view->checkpoint_count = 0;
    if (!run)
        return;
    if (evaluate_is_living(session, run->id))
        add_checkpoint(view, "now");
    if (session_kept_checkpoint(session, run, "last"))
        add_checkpoint(view, "last");
    if (session_kept_checkpoint(session, run, "best"))
        add_checkpoint(view, "best");
    snprintf(folder, sizeof folder, "%.990s/%lld", store_folder(session->store), (long long)run->id);
    add_steps(view, folder);
}
