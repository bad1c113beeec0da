// The session: what the screen and the command line share. It opens data, keeps the pipeline, starts
// and steers runs, and drains what engine and jobs report into the store and into a snapshot. Long
// work (reading, profiling, preparing) runs as a job on a thread of its own; the session takes over
// its result in session_drain. Everything here belongs to the main thread and none of it waits,
// except session_wait and session_close. The snapshot is owned by the session; what it points to
// stays the same until the next call of session_drain or of a function that changes it.
// An edit that comes while its data is being prepared cancels that work and begins it anew; work that
// fails leaves what was open as it was. Opening another file clears the history of undo and redo.
// A store that cannot be written while a run lives is told once, and the run goes on.
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "core/backend/backend.h"
#include "core/backend/telemetry.h"
#include "core/base/long_array.h"
#include "core/engine/event.h"
#include "core/nn/model.h"
#include "core/session_batch_plan.h"
#include "core/session_chosen.h"
#include "core/session_evaluated.h"
#include "core/session_lab.h"
#include "core/session_lesson.h"
#include "core/store/store.h"
#include "datasets/pipeline.h"
#include "datasets/profile.h"
#include "datasets/row_order.h"

struct session;

// ---- the snapshot: everything that views read --------------------------------------------------------
struct mark { // a live change, fork, checkpoint or the person's own, shown on the curves
    uint64_t step, samples;
    double epoch, seconds;
    enum event_kind kind; // EVENT_CHANGE, EVENT_MARK, EVENT_CHECKPOINT, EVENT_ROWS
    char text[96];        // "batch 128→512"
};

struct curve { // every point of one run, never thinned; arrays grow at the end only
    struct step_metrics *points;
    struct long_array points_kept; // how they are: only what is newer need be in memory
    struct epoch_row *epochs;
    struct mark *marks;
    struct noise_row *noise; // where the run measured its noise scale
    size_t noise_count, noise_capacity;
    struct layer_row *layers; // where it looked into its layers: of every one that has weights, in order, each time
    size_t layer_count, layer_capacity;
    size_t point_count, point_capacity, epoch_count, epoch_capacity, mark_count, mark_capacity;
};

struct run_view {
    struct run_record record;
    struct curve curve;
    bool pinned;
    bool live; // the run of this session's engine, now or last
};

struct noise_gauge { // what the noise scale says about the present batch size
    bool known;           // there is an estimate, resolved or not: |G|² came out above 0
    double ratio;         // batch / noise scale
    double left;          // share of the speed-up of larger batches that is still to be had
    double steps, samples; // a batch twice as large: steps and samples it takes to get as far, relative to now
    double seconds;        // and time; NaN: the step times are not known
    bool measured;         // that step time was measured, not drawn on from others
};

struct job_view {
    bool active;
    const char *stage, *unit; // "Reading", "bytes"
    char subject[128];        // "adult.csv"
    uint64_t done, total;     // total 0 = unknown
    double rate, seconds_left; // units per second; NaN = unknown
};

enum message_kind { MESSAGE_NONE, MESSAGE_INFO, MESSAGE_WARNING, MESSAGE_ERROR };

struct model_row { // one layer, for the Model view
    char name[32], kind[24], settings[96];
    struct layer_figures figures;
};

struct batches_view {              // for the Batches view; empty until session_plan_batches
    const struct batch_plan *plan; // of the data that is open; NULL: reason says why, unless it is in the making
    bool making;                   // a newer one is on its way: of other data, another seed or epoch
    double made;                   // the share of it that is done
    uint64_t epoch;                // wanted; 0 is the first
    char reason[ERROR_TEXT_SIZE];
    struct batch_size {
        size_t size;
        uint64_t bytes;        // that training takes on the device; 0 = unknown
    } sizes[BATCH_POWERS + 1]; // 1, 2, 4 … up to the training rows, and the present size; ascending
    size_t size_count;
    uint64_t bytes_fixed; // of bytes: what does not depend on the batch size
    char device[32];      // "cpu"; "" = not looked yet
    uint64_t memory_free; // there, before a run; 0 = unknown
};

struct rows_view {                 // of the table that is open
    const struct row_order *order; // never NULL: zeroed = all rows as read
    struct job_view job;           // the sort, filter or search at work
    uint64_t orders, finds;        // how often `order` became another, and a search found something:
    size_t found_row, found_column; // the place in `order`, and the column
};

#define SNAPSHOT_SCHEDULE 121

struct snapshot {
    uint64_t version; // grows with every visible change
    // data (NULL until something is open)
    const struct dataset *dataset; // dataset->partial: the first rows, while the rest is read or when it was stopped
    bool following;                // the file is read again when it has grown
    bool rows_join;                // they join the run that lives
    int64_t followed_rows;         // more than when following began; less than 0 when it was written anew
    bool preview;                  // `dataset` is what the job at work has read so far; nothing else of it is there
    const struct profile *profile;   // NULL while it is being made
    const struct split *split;
    const struct pipeline *pipeline; // settings as edited
    const struct pipeline *fitted;   // as last run; what `prepared` came from
    const struct prepared *prepared; // NULL before the first run of the pipeline
    const struct source *source;     // NULL when it cannot be made; source_reason says why
    char source_reason[ERROR_TEXT_SIZE];
    const struct notes *source_notes;
    bool pipeline_stale;             // an edit is being worked in
    char pipeline_reasons[2048];     // of the suggested pipeline, one line a step
    bool suggested;                  // the pipeline is the suggestion, untouched
    // parameters and model
    const struct train_params *params; // what the next run gets; during a run, what it has now
    const struct model_row *layers;    // of params on this source; NULL when model_reason says why
    size_t layer_count;
    size_t weight_count;
    double flops;                      // forward and backward, one sample
    char model_reason[ERROR_TEXT_SIZE];
    double schedule[SNAPSHOT_SCHEDULE]; // learning rate from epoch 0 to the last, evenly spaced
    struct batches_view batches;
    struct rows_view rows;
    struct evaluate_view evaluate;
    // the run
    enum run_state state;
    const struct run_view *run;        // the live or last one; NULL before the first
    const struct run_view *const *overlays;
    size_t overlay_count;
    uint64_t steps_total;
    double seconds_left;               // NaN = unknown
    double samples_per_s;              // now
    double microseconds_per_step;      // now
    const struct noise_row *noise;     // the newest of the run that is shown; NULL: none
    struct noise_gauge gauge;          // of it
    const struct range_curve *range;   // the last range test; NULL: none since the run was begun
    uint64_t range_step, range_count;  // its step; how many there were in this session
    bool range_of_run;                 // of the run at that step; false: of a model that nobody has trained
    bool range_active;                 // one of the latter is at work
    struct run_times times;            // of the last seconds; when the run has ended, of all of it
    struct { // what the run runs on; empty name = nothing yet
        char backend[32], name[128], detail[128], precision[8];
        int threads;
        uint64_t bytes;
        struct telemetry_reading gpu; // number 0: not read, or it runs on none
    } device;
    const struct run_record *runs;     // every run of the store, newest first
    size_t run_count;
    struct chosen_runs chosen;         // by the person, to be compared or reported
    uint64_t metrics_dropped;
    const struct lab_view *lab;        // the race or sweep that is open; NULL = none
    const struct lesson_entry *lessons; // those that ship, once session_lessons has read them
    size_t lesson_count;
    const struct lesson_view *lesson;  // the one that is open; NULL = none
    struct job_view job;
    // the line above the footer
    enum message_kind message_kind;
    char message[ERROR_TEXT_SIZE];
    bool can_undo, can_redo;
};

// ---- opening and draining -----------------------------------------------------------------------------
struct session_options {
    const char *store_path; // NULL: the usual place
    bool detached;          // this process has no terminal: others may take its runs over
    bool no_profile;        // the command line trains without one
    bool previews;          // the screen: large tables show their first rows while they are read, and a cancelled
                            // reading leaves the rows so far
    bool follow;            // files that are opened are followed while they grow (follow.h)
};
enum status session_open(struct session **session, const struct session_options *options, struct error *error);
void session_close(struct session *session); // stops and saves a living run; NULL allowed
// Descriptors to poll for reading; returns how many (at most 2). While a job is at work one of them
// becomes readable ten times a second, so that its progress is seen.
size_t session_poll_fds(const struct session *session, int fds[2]);
// Takes over finished jobs, events and metrics; writes the store. True when the snapshot changed.
bool session_drain(struct session *session);
const char *session_folder(const struct session *session); // where the folders of runs are
const struct snapshot *session_snapshot(const struct session *session);
struct source *session_source(const struct session *session); // snapshot.source, to be shared; NULL: there is none
// Drains until no job is at work; the error of the last that failed, if any. Data that no model can use
// is no error: source is NULL then, and source_reason says why. For the command line and tests.
enum status session_wait(struct session *session, struct error *error);
// Called in session_drain for every event of the engine, in order (the command line prints them).
typedef void session_listener(void *context, const struct event *event);
void session_listen(struct session *session, session_listener *listener, void *context);
void session_message(struct session *session, enum message_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void session_clear_message(struct session *session);

// ---- data: all start a job and return at once; on failure nothing that is open is lost ------------------
enum status session_load(struct session *session, const char *path, const struct load_options *options,
                         struct error *error);
void session_cancel(struct session *session); // the job at work
// Whether the file that is open is followed while it grows: read again, in session_drain, whenever whole lines have
// come. A living run keeps its own rows.
enum status session_follow(struct session *session, bool on, struct error *error);
// Milliseconds until session_drain should be called though nothing is to be read; -1 = never.
int session_timeout(const struct session *session);
// A table whose reading was stopped: reads it again, to its end.
enum status session_read_on(struct session *session, struct error *error);
enum status session_set_target(struct session *session, const char *column, struct error *error);
enum status session_set_type(struct session *session, const char *column, const char *type, struct error *error);
enum status session_add_missing_token(struct session *session, const char *token, struct error *error);

// Rows of the table as they are shown (datasets/row_order.h). Made by a job of its own: what is shown stays until it is
// done, asking for something else gives it up, and session_cancel cancels it. Another table is shown as read.
enum status session_sort_rows(struct session *session, size_t column, struct error *error); // again: descending
enum status session_filter_rows(struct session *session, const char *text, const struct row_marks *marks, // copied
                                struct error *error);
enum status session_find_row(struct session *session, const char *text, size_t from, int direction,
                             struct error *error);
void session_all_rows(struct session *session); // as read, at once

// ---- pipeline: every edit can be undone and fits again by a job -------------------------------------------
enum status session_step_insert(struct session *session, size_t index, const char *kind, struct error *error);
enum status session_step_remove(struct session *session, size_t index, struct error *error);
enum status session_step_move(struct session *session, size_t from, size_t to, struct error *error);
enum status session_step_switch(struct session *session, size_t index, struct error *error);
enum status session_step_set(struct session *session, size_t index, const char *name, const char *text,
                             struct error *error);
enum status session_suggest(struct session *session, bool necessary_only, struct error *error);
// text: "auto", "none", the path of a recipe, or steps as pipeline_parse reads them when `inline_steps`.
enum status session_recipe(struct session *session, const char *text, bool inline_steps, struct error *error);
enum status session_save_recipe(struct session *session, const char *path, struct error *error);
enum status session_export(struct session *session, const char *path, struct error *error); // prepared rows as CSV

// ---- parameters and runs -----------------------------------------------------------------------------------
// While a run lives, live parameters go to the engine; others are refused with a sentence.
enum status session_set(struct session *session, const char *name, const char *text, struct error *error);
// params_used, with what the model "auto" is for the data that is open.
bool session_uses(const struct snapshot *snapshot, const struct param *row, char *why);
enum status session_nudge(struct session *session, const char *name, int direction, struct error *error);
// Refused while the data is being read or prepared (not while it is profiled).
enum status session_start(struct session *session, struct error *error);
enum status session_pause(struct session *session, struct error *error);  // or go on, when paused
enum status session_one_step(struct session *session, struct error *error);
enum status session_stop(struct session *session, struct error *error);
enum status session_restart(struct session *session, struct error *error); // same seed, from the beginning
enum status session_checkpoint(struct session *session, struct error *error);
enum status session_mark(struct session *session, const char *text, struct error *error);
enum status session_roll_back(struct session *session, struct error *error); // to the last checkpoint
// To the nearest checkpoint from before the last live change, whose value comes back with it. Paused there.
enum status session_roll_back_change(struct session *session, struct error *error);
// Tries learning rates out: on the living run, which is then as it was; where none lives, on a model with the present
// parameters that nobody has trained, by a job of its own. The curve is then snapshot.range.
enum status session_range_test(struct session *session, struct error *error);
// Opens the run's data and recipe again (a job) and goes on from its last checkpoint, as a new run
// whose parent it is.
enum status session_resume(struct session *session, int64_t run, struct error *error);
// The same, but it stays that run, with its curve, where its last checkpoint is its last step (it was stopped, not
// killed); otherwise as session_resume. For a run that changes from one process to another.
enum status session_continue(struct session *session, int64_t run, struct error *error);
// Shows a run of the store in place of the session's own, and what is added to it while another process trains it.
// It cannot be steered from here. A run begun or opened takes its place.
enum status session_watch(struct session *session, int64_t run, struct error *error);
bool session_watching(const struct session *session);
// A run alive in another process; false: none. `run` 0 stands for the newest that is detached and becomes its number.
bool session_run_owner(const struct session *session, int64_t *run, struct run_owner *owner);
// A new run that begins where a checkpoint of `run` ("last", "best" or the number of a step) stands, with its weights,
// moments and place in the epoch, and with other parameters: "lr=0.01,batch=64" ("" = none). The living run ends, saved,
// and is forked where it stands. Parameters that decide which rows train cannot change.
enum status session_fork(struct session *session, int64_t run, const char *which, const char *changes,
                         struct error *error);
bool session_run_alive(const struct session *session);

// From now on snapshot.batches is kept in line with data, parameters and this epoch (0 is the first). Made by
// a job of its own; the plan before it stays until it is there.
enum status session_plan_batches(struct session *session, uint64_t epoch, struct error *error);

// ---- evaluation: by jobs of their own; what was measured before stays until the new one is there ---------------
// What is in force from now on and measured at once; a run or a checkpoint that is not there is refused, and nothing
// changes. What goes wrong later is in snapshot.evaluate.reason.
enum status session_evaluate(struct session *session, const struct evaluate_wish *wish, struct error *error);
// The view is looked at, or no longer: measures what the wish stands for by now, where it is another thing than was
// measured, and keeps the plane of two features in step with the living run. STATUS_OK where there is no run.
enum status session_evaluate_seen(struct session *session, bool seen, struct error *error);
void session_evaluate_cancel(struct session *session);
void session_evaluate_every_epoch(struct session *session, bool on);
void session_evaluate_class(struct session *session, size_t of_class); // whose curves are shown
// The predictions of what was measured, with probabilities, as `batchlab predict` writes them; a job, told when done.
enum status session_evaluate_export(struct session *session, const char *path, struct error *error);
// The points of the curves, or of truth and prediction, as CSV.
enum status session_evaluate_points(struct session *session, const char *path, struct error *error);

enum status session_refresh_runs(struct session *session, struct error *error);
struct whole_run { // of the store, with all that is kept of it but its checkpoints; whole_run_clear
    struct run_record record;
    struct step_metrics *points;
    struct epoch_row *epochs;
    struct event *events;
    char *recipe, *encoding; // JSON; NULL = none
    size_t point_count, epoch_count, event_count;
};
enum status session_run_whole(const struct session *session, int64_t run, struct whole_run *whole, struct error *error);
void whole_run_clear(struct whole_run *whole); // safe on {0}
enum status session_overlay(struct session *session, int64_t run, struct error *error); // on, or off again
enum status session_run_delete(struct session *session, int64_t run, struct error *error);
enum status session_choose_run(struct session *session, int64_t run, struct error *error); // or let it go
enum status session_run_note(struct session *session, int64_t run, const char *note, struct error *error);

enum status session_undo(struct session *session, struct error *error);
// Where undo would take a live change of the living run back, and there is a checkpoint from before it, the person can
// choose: set the value back from here on (session_undo), or go back to before it (session_undo_back), weights and all;
// the run is then paused there. False: there is nothing to choose.
struct undo_choice {
    char change[96];     // "batch 128→256"
    uint64_t step, back; // of the change; of the checkpoint
};
bool session_undo_choice(const struct session *session, struct undo_choice *choice);
enum status session_undo_back(struct session *session, struct error *error);
enum status session_redo(struct session *session, struct error *error);

#endif
