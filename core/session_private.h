// The inside of the session, shared by core/session*.c and nobody else.
#ifndef CORE_SESSION_PRIVATE_H
#define CORE_SESSION_PRIVATE_H

#include <cjson/cJSON.h>

#include "core/engine/engine.h"
#include "core/job.h"
#include "core/session.h"
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
void session_follow_loaded(struct session *session); // a reading has ended
void session_follow_look(struct session *session);   // now and then
// session_data.c: the table that is open; reads it again in the same way.
enum status session_check_table(const struct session *session, struct error *error);
enum status session_reload(struct session *session, struct error *error);

// ---- background work (session_work.c) ----------------------------------------------------------------------
enum work_kind { WORK_NONE = 0, WORK_LOAD = 1, WORK_PREPARE = 2, WORK_EXPORT = 4, WORK_PROFILE = 8 };

struct load_request { // what opening a file brings with it
    struct load_settings settings;
    bool keeps_target;         // the target is params.target; otherwise the file's own
    struct pipeline *pipeline; // to be used (mode edited), or NULL: as params.recipe says
    bool reload;               // the same file read in another way: pipeline and history stay
    int64_t resume;            // the run to go on with once it is prepared; 0 = none
    struct train_params params; // of that run
    uint64_t fingerprint;
    char checkpoint[1024];
};

struct work { // of the job at work; the job's alone until it is over
    enum work_kind kind;
    // load
    struct load_settings load;
    char target[PARAM_TEXT_SIZE];
    struct dataset *made;
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

struct session {
    struct snapshot view;
    bool no_profile, previews, changed;
    struct dataset *preview; // first rows of what is being read
    struct {                 // a file that grows (session_follow.c)
        bool wanted;         // files that are opened are followed
        struct follow file;
        double next, began; // on the clock: the next look; the present reading
        size_t rows;        // of the table when following began; SIZE_MAX: not read yet
    } follow;
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
    const char *stage; // of the job, since `stage_began`
    double stage_began, job_looked;

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
        uint64_t fingerprint;
        char checkpoint[1024];
    } resume;

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

    struct { // session_batches.c
        bool wanted;
        struct batch_plan *plan;
        struct job job;
        struct batch_work work;
        struct batch_work failed;     // as asked; not tried again
        char device[PARAM_TEXT_SIZE]; // looked at already, as asked
    } batches;
};

void session_publish(struct session *session); // copies what the session owns into the snapshot; counts a version
void session_tell_error(struct session *session, const struct error *error); // on the line above the footer

// session_work.c
void session_want(struct session *session, enum work_kind kind); // cancels what it makes stale
void session_take_over(struct session *session);                 // in drain: the finished job, then the next one
void session_start_work(struct session *session);
void work_clear(struct work *work);
void load_request_clear(struct load_request *request);
void session_forget_prepared(struct session *session); // pipeline results; not the dataset
void session_forget_source(struct session *session, const char *reason);

// session_pipeline.c: the recipe text of params.recipe: auto, none, or a file that is read into `pipeline`.
enum status recipe_read(const char *text, enum pipeline_mode *mode, struct pipeline **pipeline, struct error *error);

// session_params.c
void session_refresh_model(struct session *session);
enum status session_change_params(struct session *session, const struct train_params *params, struct error *error);

// session_batches.c
void session_drain_batches(struct session *session);
void session_refresh_batches(struct session *session); // what follows from parameters, model and source
void session_forget_batches(struct session *session);  // other data is open
void session_close_batches(struct session *session);

// session_undo.c
enum status history_record(struct session *session, struct error *error); // before a change
void history_clear(struct history *history);

// session_runs.c
enum status session_launch(struct session *session, int64_t parent, const char *checkpoint, struct error *error);
void run_view_free(struct run_view *view); // NULL allowed
// A change, a mark or a demanded checkpoint becomes a mark; left out when memory is short.
void curve_mark(struct curve *curve, const struct event *event);

// session_drain.c
bool session_drain_run(struct session *session);
void session_refresh_rates(struct session *session);

#endif
