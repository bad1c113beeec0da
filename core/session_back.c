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

// Where the run went back, what came later is not its past any more, nor are the changes that going back made.
static const struct mark *last_change(const struct curve *curve) {
    unsigned long long limit = UINT64_MAX, step;
    bool by_rolling = false;
    for (size_t i = curve->mark_count; i-- > 0;) {
        const struct mark *mark = &curve->marks[i];
        if (mark->kind == EVENT_MARK && sscanf(mark->text, ROLLED_BACK_TEXT, &step) == 1) {
            limit = step < limit ? step : limit;
            by_rolling = true;
        } else if (mark->kind == EVENT_CHANGE && !(by_rolling && mark->step == limit)) {
            if (mark->step <= limit)
                return mark;
            by_rolling = false;
        }
    }
    return NULL;
}

// Whether the parameter that was changed has its old value there: "lr 0.1→0.2".
static bool has_old_value(const struct mark *change, const struct train_params *params) {
    char name[32], now[PARAM_TEXT_SIZE];
    size_t length = strcspn(change->text, " ");
    const char *from = change->text + length + (change->text[length] == ' '), *arrow = strstr(from, "→");
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), change->text);
    const struct param *row = params_find(&train_table, name);
    if (!row || !arrow)
        return false;
    params_get(row, params, now);
    return strlen(now) == (size_t)(arrow - from) && strncmp(now, from, strlen(now)) == 0;
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

enum status session_roll_back_change(struct session *session, struct error *error) {
    char folder[900];
    const struct mark *change = session_run_alive(session) ? last_change(&session->live->curve) : NULL;
    if (!session_run_alive(session))
        return error_set(error, STATUS_STATE, "no run is alive; start one first");
    if (!change)
        return error_set(error, STATUS_STATE, "run %lld has had no live change to go back before",
                         (long long)session->live->record.id);
    snprintf(folder, sizeof folder, "%.850s/%lld", store_folder(session->store), (long long)session->live->record.id);
    struct candidate best = checkpoint_before(folder, change);
    if (!best.found)
        return error_set(error, STATUS_MISSING,
                         "there is no checkpoint from before \"%s\" at step %llu; undo sets the value back from the next step",
                         change->text, (unsigned long long)change->step);
    enum status status = session_command(session, COMMAND_ROLL_BACK, best.path, error);
    if (!status)
        session_message(session, MESSAGE_INFO, "going back to step %llu, before \"%s\" at step %llu",
                        (unsigned long long)best.step, change->text, (unsigned long long)change->step);
    return status;
}
