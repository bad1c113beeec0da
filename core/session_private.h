// The inside of the session, shared by core/session*.c and nobody else.
#ifndef CORE_SESSION_PRIVATE_H
#define CORE_SESSION_PRIVATE_H

#include <cjson/cJSON.h>

#include "core/engine/engine.h"
#include "core/job.h"
#include "core/lab/probe.h"
#include "core/session.h"
#include "core/session_kept.h"
#include "datasets/follow.h"
#include "core/train/trainer.h"

// ---- how the data was opened (session_settings.c) -------------------------------------------------------
struct load_settings { // owns its texts
    char *path;
    struct dialect dialect; // as forced, not as found
    char **tokens;
    struct type_override {
        char *column;
        enum column_type type;
        bool amount;
    } *types;
    bool only_tokens;
    char **more; // [more_count] further files of the same table
    size_t more_count;
    size_t token_count, token_capacity, type_count, type_capacity;
};
enum status load_settings_make(struct load_settings *settings, const char *path, const struct load_options *options,
                               struct error *error);
void load_settings_clear(struct load_settings *settings);
enum status load_settings_add_token(struct load_settings *settings, const char *token, struct error *error);
enum status load_settings_set_type(struct load_settings *settings, const char *column, enum column_type type,
                                   bool amount, struct error *error);
// Points into `settings`; target is borrowed too.
struct load_options load_settings_options(const struct load_settings *settings, const char *target);
cJSON *load_settings_json(const struct load_settings *settings); // NULL: no memory
enum status load_settings_parse(const cJSON *object, struct load_settings *settings, struct error *error);

// ---- settings that can be undone (session_undo.c) ---------------------------------------------------------
enum pipeline_mode { PIPELINE_AUTO, PIPELINE_NECESSARY, PIPELINE_EDITED };

struct past { // everything the person has set; texts are JSON
    struct train_params params;
    enum pipeline_mode mode;
    char *pipeline, *load;
};
struct history {
    struct past *items;
    size_t count, capacity;
};
enum { HISTORY_MOST = 100 };

// ---- a file that grows (session_follow.c) -----------------------------------------------------------------
enum status session_follow_begin(struct session *session, const char *path, struct error *error);
enum status session_refuse_several(struct error *error); // files as one table
void session_follow_loaded(struct session *session); // a reading has ended
void session_follow_look(struct session *session);   // now and then
// session_data.c: the table that is open; reads it again in the same way.
enum status session_check_table(const struct session *session, struct error *error);
// To the living run of this session; refused with a sentence where there is none, or it is only watched.
enum status session_command(struct session *session, enum command_kind kind, const char *text, struct error *error);
enum status session_reload(struct session *session, bool grown, struct error *error);

// ---- rows that join a run (session_grow.c) -----------------------------------------------------------------
struct growth { // what a run on a followed file was begun with; empty: no rows can join it
    struct train_params params;
    char *recipe;   // steps as they were fitted, JSON
    char *settings; // how the file was opened, JSON
    char *target;   // name of the column as read
    char *extra;    // of its checkpoints
    struct encoding encoding;
    size_t first_rows;  // of the table then
    struct split split; // of the rows it was offered so far
    char told[ERROR_TEXT_SIZE + 64];
    bool ended; // to be cleared when the job that reads it is over
};

// ---- background work (session_work.c) ----------------------------------------------------------------------
enum work_kind { WORK_NONE = 0, WORK_LOAD = 1, WORK_PREPARE = 2, WORK_EXPORT = 4, WORK_PROFILE = 8, WORK_GROW = 16 };

struct load_request { // what opening a file brings with it
    struct load_settings settings;
    bool keeps_target;         // the target is params.target; otherwise the file's own
    struct pipeline *pipeline; // to be used (mode edited), or NULL: as params.recipe says
    bool reload;               // the same file read in another way: pipeline and history stay
    bool grown;                // it is read in the same way, and has only grown since the last reading
    int64_t resume;            // the run to go on with once it is prepared; 0 = none
    bool same;                 // as that run, not as a new one
    struct train_params params; // of that run
    uint64_t fingerprint;
    char checkpoint[1024];
    bool fork;            // with `params`, not the checkpoint's
    size_t rows;          // of a run on a followed file: how many it had; 0: all that there are
    struct growth growth; // and what it was begun with
};

struct work { // of the job at work; the job's alone until it is over
    enum work_kind kind;
    // load
    struct load_settings load;
    char target[PARAM_TEXT_SIZE];
    struct dataset *made;
    struct csv_growing *growing; // NULL: the file is not followed
    bool previews, keeps_partial;
    const struct wake *wake;
    _Atomic(struct dataset *) preview; // made by the job, taken by the main thread
    // prepare
    const struct dataset *dataset;
    struct train_params params;
    enum pipeline_mode mode;
    struct pipeline *settings, *fitted;
    struct str reasons;
    struct split split;
    struct prepared *prepared;
    struct source *source;
    struct notes notes;
    char source_reason[ERROR_TEXT_SIZE];
    // grow, beside what prepare makes; also prepare, for a run that is gone on with on rows that came while it trained
    const struct growth *growth;
    size_t rows_most; // load
    // profile
    struct profile *profile;
    // export
    const struct table *table;
    char path[1024];
};

struct batch_work {        // of the job that plans batches, or looks at the device they would run on
    struct source *source; // NULL: look at the device
    uint64_t seed, epoch;
    size_t extra;
    struct batch_plan *plan;
    char device[PARAM_TEXT_SIZE]; // as asked: "auto"
    int threads;
    char found[32]; // its name; "" = it is not there
    uint64_t memory_free;
};

struct run_beside { // of a sweep, beside the session's own
    struct engine *engine;
    struct run_view *run; // NULL: the engine is at rest
    size_t slot;
    int threads;          // 0: it has not said yet
    uint64_t bytes;       // of the device's memory
    bool gone_wrong, stopping;
};

enum evaluate_kind { EVALUATE_MEASURE, EVALUATE_CURVES, EVALUATE_PREDICTIONS, EVALUATE_POINTS };

struct shown_measurement { // shared by the session and its jobs; counted on the main thread alone
    int references;
    struct measurement *measurement;
};

struct evaluate_work { // of a job of the Evaluate view; the job's alone until it is over
    enum evaluate_kind kind;
    struct measurement *making;      // measure
    struct shown_measurement *of;    // the others: what is shown
    size_t of_class;                 // curves
    struct class_curves *curves;     // curves: made; points: a copy for the job alone
    char path[1024];                 // predictions, points
    size_t written;                  // predictions
};

struct plane_work {
    struct shown_measurement *of;
    struct model_copy *copy; // NULL: the checkpoint that was measured
    struct boundary *boundary;
};

struct job_look { // what its rate is worked out from
    const char *stage;    // since `began`
    double began, looked; // on the clock
};
bool session_look_at_job(struct job *job, struct job_look *look, struct job_view *view); // true: the view is another

enum rows_kind { ROWS_NOTHING, ROWS_SORT, ROWS_FILTER, ROWS_FIND, ROWS_AGAIN };

struct rows_work { // of the job that sorts, filters or finds rows
    enum rows_kind kind;
    const struct table *table;
    const struct row_order *from;
    size_t column, place; // to sort by; to begin behind. Of what is found; place SIZE_MAX: nothing is
    int direction;        // of a search; of what is made again: 1 ascending, -1 descending, 0 not sorted
    char text[ROW_FILTER_SIZE];
    struct row_marks marks;
    struct row_order made;
};

struct range_work { // of the job that tries learning rates out where no run lives; the job's alone until it is over
    struct train_params params;
    struct source *source;
    struct range_curve made;
};

struct lesson_probe { // of the job that measures how sharp a minimum is; the job's alone until it is over
    struct kept_run *kept;
    struct sharpness found;
};

struct session {
    struct snapshot view;
    struct run_times times[2]; // earlier looks at them, the older one first
    bool no_profile, previews, changed;
    struct dataset *preview; // first rows of what is being read
    struct {                 // a file that grows (session_follow.c)
        bool wanted;         // files that are opened are followed
        struct follow file;
        double next, began; // on the clock: the next look; the present reading
        struct csv_growing *growing; // left by the last reading
        size_t rows;        // of the table when following began; SIZE_MAX: not read yet
    } follow;
    struct growth growth;
    struct store *store;
    struct engine *engine;
    session_listener *listener;
    void *listener_context;

    struct wake wake; // of jobs
    struct job job;
    struct work work;
    unsigned wanted; // enum work_kind bits: what is still to be done
    struct load_request request; // while WORK_LOAD is wanted or at work
    char export_path[1024];
    enum status job_status; // of the last work that failed, for session_wait
    struct error job_error;
    struct job_look look; // at the job

    struct load_settings load;
    struct dataset *dataset;
    int loaded_target; // the column the file itself had as target
    struct profile *profile;
    enum pipeline_mode mode;
    struct pipeline *pipeline, *fitted;
    struct prepared *prepared;
    struct split split;
    struct source *source;
    struct notes notes;
    struct { // waits for the data it was opened with
        int64_t run;
        bool same;
        uint64_t fingerprint;
        char checkpoint[1024];
        bool fork;            // with session->params, not the checkpoint's
        struct growth growth; // with a recipe: the data is prepared as that run's
    } resume;
    size_t fitted_rows; // that `fitted` was fitted on where rows came later; 0: all

    struct train_params params;     // what the next run gets; during a run what it was asked to have
    struct train_params run_params; // what the engine said it has
    struct model_row *layers;
    struct history undo, redo;

    struct run_view *live;
    struct run_view **overlays;
    size_t overlay_count, overlay_capacity;
    struct run_record *runs;
    size_t run_count;
    bool wants_pause, restart, store_failed;
    struct { // session_range.c
        struct range_curve shown; // what view.range points to
        struct job job;
        struct range_work work;
    } range;
    struct { // a run of another process that is shown as `live` (session_watch.c); run 0: none
        int64_t run, metrics, events; // read so far
        double next;                  // look, on the clock
    } watch;

    struct { // session_fork.c: waits for the run to end
        int64_t run;
        char changes[1024];
    } fork;
    struct { // session_beside.c
        struct run_beside *runs;
        size_t count, capacity;
        bool refused; // the system has no room for a further engine
        int own; // threads that the session's own run keeps busy; 0: its device does the work
    } beside;
    struct { // session_lab.c
        struct experiment *plan;
        struct lab_view view;
        bool loading;     // the data of an experiment that is gone on with
        bool stopping;    // the person wants it to end
        bool gone_wrong;  // the run at work told an error
        size_t slot;      // of the run at work; SIZE_MAX = none
        uint64_t fingerprint;
        struct train_params before; // what the person had set
        double began;
    } lab;
    struct { // session_lesson.c
        struct lesson_entry *shelf; // those that ship
        size_t shelf_count, shelf_capacity;
        struct lesson lesson; // that is open
        struct lesson_view view;
        struct train_params before; // what the person had set
        bool begun, stopping;       // a run of it is at work; somebody wants it to end
        struct job job;
        struct lesson_probe probe;
    } lesson;
    struct telemetry *telemetry; // of the GPU that the living run is on; session_gpu.c
    struct { // session_rows.c
        struct job job;
        struct job_look look;
        struct rows_work work, next; // next: to be begun when the job has ended
        struct row_order order;
    } rows;
    struct { // session_batches.c
        bool wanted;
        struct batch_plan *plan;
        struct job job;
        struct batch_work work;
        struct batch_work failed;     // as asked; not tried again
        char device[PARAM_TEXT_SIZE]; // looked at already, as asked
    } batches;

    char *live_extra; // what the living or last run keeps in its checkpoints
    struct {          // session_evaluate_view.c
        bool used, seen;
        bool measures, asks_copy;   // a measurement is wanted; and waits for a copy of the weights
        double asked;               // on the clock: the last COMMAND_COPY; 0: none is on its way
        struct evaluate_wish asked_for; // as it was asked, run and checkpoint may be left open
        bool alive;                 // the run was, at the last look
        uint64_t epochs;            // of the living run when it was last measured
        struct shown_measurement *made;
        uint64_t numbers; // of measurements so far
        struct class_curves *curves;
        size_t curves_tried; // the class whose curves could not be made; SIZE_MAX: none
        enum evaluate_kind writes; // EVALUATE_MEASURE: nothing is to be written
        char path[1024];
        struct job job;
        struct evaluate_work work;
        struct boundary *boundary;
        double plane_began; // on the clock
        bool plane_tried;   // of `made`
        struct job plane_job;
        struct plane_work plane;
    } evaluate;
};

// session_grow.c
void growth_clear(struct growth *growth);
void session_growth_forget(struct session *session); // no further rows join the run
enum status session_growth_begin(struct session *session, const char *recipe, const char *extra, struct error *error);
void session_growth_look(struct session *session); // the table or the wish is another now
void session_growth_end(struct session *session, const char *reason); // "was written anew"
// What a checkpoint says of it (`extra`: its JSON); empty where the file was not followed.
enum status growth_of_checkpoint(const cJSON *extra, const struct train_params *params, struct load_request *request,
                                 struct error *error);
bool growth_note_rows(cJSON *data, size_t first_rows, size_t rows); // false: no memory
// In place of preparing: the rows of a run as they were when its checkpoint was written.
enum status growth_prepare(struct work *work, struct task *task, struct error *error);
enum status growth_work(void *context, struct task *task, struct error *error); // of WORK_GROW
void session_take_grown(struct session *session);
void session_growth_failed(struct session *session, const struct error *error);
// A warning that belongs to the run; without one, to the person alone.
void session_tell_run(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

void session_publish(struct session *session); // copies what the session owns into the snapshot; counts a version
void session_tell_error(struct session *session, const struct error *error); // on the line above the footer

// session_work.c
void session_want(struct session *session, enum work_kind kind); // cancels what it makes stale
void session_take_over(struct session *session);                 // in drain: the finished job, then the next one
void session_start_work(struct session *session);
bool session_data_busy(const struct session *session); // it is being read or prepared, or is about to be
void work_clear(struct work *work);
// Of a struct work with dataset, params, mode and, when it is edited, settings: makes the split, the fitted pipeline,
// what it prepared, and the source (NULL: source_reason).
enum status work_prepare(void *work, struct task *task, struct error *error);
void load_request_clear(struct load_request *request);
void session_forget_prepared(struct session *session); // pipeline results; not the dataset
void session_forget_source(struct session *session, const char *reason);

// session_pipeline.c: the recipe text of params.recipe: auto, none, or a file that is read into `pipeline`.
enum status recipe_read(const char *text, enum pipeline_mode *mode, struct pipeline **pipeline, struct error *error);

// session_params.c
// Categories of at least so many values become indices for the model that params ask for; 0: it has no use for indices.
size_t session_index_from(const struct train_params *params);
void session_refresh_model(struct session *session);
enum status session_change_params(struct session *session, const struct train_params *params, struct error *error);

// session_rows.c
void session_drain_rows(struct session *session);
void session_cancel_rows(struct session *session);
void session_watch_gpu(struct session *session, const char *bus); // "": there is none
void session_leave_gpu(struct session *session);                  // what was read last stays shown
void session_drain_gpu(struct session *session);
void session_forget_rows(struct session *session); // before another table takes the place of this one
// The filter and the order of rows that table `old` was shown by, on the table that was read in its place: a job.
void session_rows_again(struct session *session, const struct row_order *order, const char *column);

// session_batches.c
void session_drain_batches(struct session *session);
void session_refresh_batches(struct session *session); // what follows from parameters, model and source
void session_forget_batches(struct session *session);  // other data is open
void session_close_batches(struct session *session);

// session_evaluate_view.c
void session_drain_evaluate(struct session *session);
void session_close_evaluate(struct session *session);

// session_undo.c
enum status history_record(struct session *session, struct error *error); // before a change
void history_clear(struct history *history);
const struct past *history_next(const struct history *history); // what comes back next; NULL: nothing
// Pipeline and data were as they are now.
bool history_same_data(const struct session *session, const struct past *past);
enum status history_step_back(struct session *session, struct error *error); // undone by other means: it can be redone

// session_runs.c
enum launch { LAUNCH_NEW, LAUNCH_SAME, LAUNCH_FORK }; // SAME: as the parent itself, not as a new run; FORK: a new one
                                                     // with session->params, not those of the checkpoint
// `parent` 0: from the beginning. `checkpoint`: to go on from, "" = none.
enum status session_launch(struct session *session, int64_t parent, enum launch how, const char *checkpoint,
                           struct error *error);
enum status session_check_start(const struct session *session, struct error *error);
enum status run_view_read(struct session *session, int64_t run, struct run_view *view, struct error *error);
void run_view_free(struct run_view *view); // NULL allowed
// A run of the experiment at work in `slot` with `params`, trained by `engine`; it goes on from the checkpoint of `from`
// where that has an id. Nothing shows it; *run is the caller's, who drains it.
enum status session_launch_beside(struct session *session, struct engine *engine, const struct train_params *params,
                                  size_t slot, const struct run_record *from, struct run_view **run,
                                  struct error *error);
// A change, a mark or a demanded checkpoint becomes a mark; left out when memory is short.
void curve_mark(struct curve *curve, const struct event *event);

// session_watch.c
bool session_watch_look(struct session *session); // now and then; true: there is news
void session_watch_end(struct session *session);
// session_drain.c, of one run and its engine
size_t run_read_events(struct engine *engine, struct event **events); // all that there are; the caller frees them
bool run_take_metrics(struct session *session, struct engine *engine, struct run_view *run); // true: there were some
void run_take_epoch(struct run_view *run, const struct epoch_row *row);
// Events, and the points of the curve from `from` on, into the store.
void run_keep(struct session *session, const struct run_view *run, const struct event *events, size_t count,
              size_t from);

// session_beside.c: runs of a sweep at the same time as the session's own, each with an engine of its own.
bool session_beside_room(const struct session *session); // for one more
bool session_beside_ready(struct session *session); // an engine is at rest, or could be made
// On that engine.
enum status session_beside_begin(struct session *session, const struct trial *next, const struct train_params *params,
                                 struct error *error);
size_t session_beside_alive(const struct session *session);
void session_drain_beside(struct session *session); // what has ended is concluded
void session_stop_beside(struct session *session);  // each leaves its checkpoint
void session_close_beside(struct session *session); // and waits until the store has them

// session_lab.c
// The run in `slot` has ended: that is done, failed, or open again where somebody stopped it.
void session_lab_conclude(struct session *session, size_t slot, const struct run_view *run, uint64_t bytes,
                          const struct run_times *times, bool gone_wrong);
void session_drain_lab(struct session *session); // an experiment goes on: what ended is concluded, the next run begun
void session_close_lab(struct session *session);
enum status session_check_lab(const struct session *session, struct error *error); // STATUS_STATE while one, or a lesson, is at work
enum status session_check_free(const struct session *session, struct error *error); // and while a run is

// session_range.c
void session_drain_range(struct session *session);
void session_close_range(struct session *session);
void session_show_range(struct session *session, const struct range_curve *curve, uint64_t step, bool of_run);

// session_lesson.c
void session_drain_lesson(struct session *session); // what ended is measured, the next run begun
// session_lesson_shelf.c
enum status session_sample_path(const char *name, struct str *out, struct error *error); // of what ships
void session_close_lesson(struct session *session);

// session_fork.c
void session_drain_fork(struct session *session); // the run that was to be forked has ended

// session_params.c: it decides which rows train, or what they are trained for.
bool session_shapes_data(const struct param *row);
// session_kept.c: the file of a checkpoint: "last", "best" or a step.
enum status session_find_checkpoint(const struct session *session, const struct run_record *record, const char *which,
                                    char path[1024], struct error *error);

// session_data.c
enum status session_request_of_checkpoint(const char *path, struct load_request *request, struct error *error);
// Takes the request over, in place of what waited until now: a run that was to go on among it. A `status` that is none
// to go on with drops it. Returns `status`.
enum status session_request_load(struct session *session, struct load_request *request, enum status status);

// session_drain.c
bool session_drain_run(struct session *session);
void session_take_event(struct session *session, const struct event *event); // into the curves and the snapshot
void session_refresh_rates(struct session *session);

#endif
