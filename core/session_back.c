// Going back on the living run: to its last checkpoint, or to the nearest one from before the last live change.
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "core/session_private.h"
#include "core/train/trainer.h"

enum status session_roll_back(struct session *session, struct error *error) {
    if (session_run_alive(session) && !session->live->record.checkpoint[0])
        return error_set(error, STATUS_MISSING, "run %lld has no checkpoint yet; restart begins it again instead",
                         (long long)session->live->record.id);
    return session_command(session, COMMAND_ROLL_BACK, session->live ? session->live->record.checkpoint : "", error);
}

// ---- the change ----------------------------------------------------------------------------------------------------

struct change_text { // of a mark: "lr 0.1→0.2"
    const struct param *row; // NULL: it is none that is known
    char from[PARAM_TEXT_SIZE], to[PARAM_TEXT_SIZE];
};

static struct change_text change_text(const struct mark *mark) {
    struct change_text text = {.row = NULL};
    char name[32];
    const char *blank = strchr(mark->text, ' '), *arrow = blank ? strstr(blank, "→") : NULL;
    if (!arrow || blank - mark->text >= (ptrdiff_t)sizeof name)
        return text;
    snprintf(name, sizeof name, "%.*s", (int)(blank - mark->text), mark->text);
    snprintf(text.from, sizeof text.from, "%.*s", (int)(arrow - blank - 1), blank + 1);
    snprintf(text.to, sizeof text.to, "%s", arrow + strlen("→"));
    text.row = params_find(&train_table, name);
    return text;
}

static bool has_value(const struct param *row, const struct train_params *params, const char *value) {
    char text[PARAM_TEXT_SIZE];
    return strcmp(params_get(row, params, text), value) == 0;
}

// The one that led from `then` to `now`; both NULL: any.
static bool is_meant(const struct mark *mark, const struct train_params *then, const struct train_params *now) {
    struct change_text text = change_text(mark);
    return !then || (text.row && !params_equal(text.row, then, now) && has_value(text.row, then, text.from) &&
                     has_value(text.row, now, text.to));
}

// Where the run went back, what came later is not its past any more, nor are the changes that going back made.
static const struct mark *last_change(const struct curve *curve, const struct train_params *then,
                                      const struct train_params *now) {
    unsigned long long limit = UINT64_MAX, step;
    bool by_rolling = false;
    for (size_t i = curve->mark_count; i-- > 0;) {
        const struct mark *mark = &curve->marks[i];
        if (mark->kind == EVENT_MARK && sscanf(mark->text, ROLLED_BACK_TEXT, &step) == 1) {
            limit = step < limit ? step : limit;
            by_rolling = true;
        } else if (mark->kind == EVENT_CHANGE && !(by_rolling && mark->step == limit)) {
            if (mark->step <= limit && is_meant(mark, then, now))
                return mark;
            by_rolling = false;
        }
    }
    return NULL;
}

static bool has_old_value(const struct mark *change, const struct train_params *params) {
    struct change_text text = change_text(change);
    return text.row && has_value(text.row, params, text.from);
}

// ---- the checkpoint before it ----------------------------------------------------------------------------------------

struct candidate {
    char path[1024];
    uint64_t step;
    bool found;
};

static void consider(struct candidate *best, const char *folder, const char *name, const struct mark *change) {
    struct checkpoint_header header = {0};
    struct error error; // what cannot be read is no candidate
    char path[sizeof best->path];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        checkpoint_read_header(path, &header, &error))
        return;
    bool before = header.step < change->step || (header.step == change->step && has_old_value(change, &header.params));
    if (before && (!best->found || header.step > best->step)) {
        best->found = true;
        best->step = header.step;
        memcpy(best->path, path, sizeof path);
    }
    checkpoint_header_clear(&header);
}

static struct candidate checkpoint_before(const char *folder, const struct mark *change) {
    struct candidate best = {.found = false};
    DIR *entries = opendir(folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries));) {
        const char *end = strrchr(entry->d_name, '.');
        if (end && strcmp(end, ".ckpt") == 0)
            consider(&best, folder, entry->d_name, change);
    }
    if (entries)
        closedir(entries);
    return best;
}

static struct candidate find_before(const struct session *session, const struct mark *change) {
    char folder[900];
    snprintf(folder, sizeof folder, "%.850s/%lld", store_folder(session->store), (long long)session->live->record.id);
    return checkpoint_before(folder, change);
}

static enum status go_back(struct session *session, const struct candidate *to, const struct mark *change,
                           struct error *error) {
    enum status status = session_command(session, COMMAND_ROLL_BACK, to->path, error);
    if (!status)
        session_message(session, MESSAGE_INFO, "going back to step %llu, before \"%s\" at step %llu",
                        (unsigned long long)to->step, change->text, (unsigned long long)change->step);
    return status;
}

enum status session_roll_back_change(struct session *session, struct error *error) {
    const struct mark *change = session_run_alive(session) ? last_change(&session->live->curve, NULL, NULL) : NULL;
    if (!session_run_alive(session))
        return error_set(error, STATUS_STATE, "no run is alive; start one first");
    if (!change)
        return error_set(error, STATUS_STATE, "run %lld has had no live change to go back before",
                         (long long)session->live->record.id);
    struct candidate best = find_before(session, change);
    if (!best.found)
        return error_set(error, STATUS_MISSING,
                         "there is no checkpoint from before \"%s\" at step %llu; undo sets the value back from the next step",
                         change->text, (unsigned long long)change->step);
    return go_back(session, &best, change, error);
}

// ---- undo ------------------------------------------------------------------------------------------------------------

// The mark of the live change that undo would take back; NULL: it would take back something else.
static const struct mark *undone_change(const struct session *session) {
    const struct past *then = history_next(&session->undo);
    if (!then || !session_run_alive(session) || !history_same_data(session, then))
        return NULL;
    return last_change(&session->live->curve, &then->params, &session->params);
}

bool session_undo_choice(const struct session *session, struct undo_choice *choice) {
    const struct mark *change = undone_change(session);
    struct candidate best = {.found = false};
    if (change)
        best = find_before(session, change);
    if (!best.found)
        return false;
    *choice = (struct undo_choice){.step = change->step, .back = best.step};
    snprintf(choice->change, sizeof choice->change, "%s", change->text);
    return true;
}

enum status session_undo_back(struct session *session, struct error *error) {
    const struct mark *change = undone_change(session);
    struct candidate best = {.found = false};
    if (change)
        best = find_before(session, change);
    if (!best.found)
        return error_set(error, STATUS_STATE, "undo would take back no live change that there is a checkpoint from before");
    enum status status = history_step_back(session, error);
    return status ? status : go_back(session, &best, change, error);
}
