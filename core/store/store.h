// Runs kept in SQLite (WAL) at $XDG_DATA_HOME/batchlab/runs.db, checkpoints in files beside it under
// runs/N/. Only the main thread touches the store. Several processes may have it open: the one that
// trains a run holds a lock in its folder, so that a run whose process is gone is known at the next
// open and shown as stopped (failed when it left no checkpoint). The layout is schema.h, with a
// version that is migrated forward. Times are seconds since 1970. Errors name the store's path.
#ifndef CORE_STORE_STORE_H
#define CORE_STORE_STORE_H

#include "core/engine/event.h"
#include "core/params.h"

struct store;

struct run_record {
    int64_t id, parent;      // parent: the run it was forked from or resumed; 0 = none
    uint64_t begun;          // the step at which it began: of the checkpoint it was forked from or resumed at
    double started, ended;   // ended 0 while it lives
    enum run_state state;
    char name[128];          // "mlp · breast_cancer.csv"
    char data_path[1024];
    char model[64], device[128], precision[8];
    struct train_params params; // as started
    uint64_t steps, samples, epochs;
    double seconds;
    struct epoch_row final_row, best_row; // best: highest val accuracy / lowest val rmse, else loss
    bool classify;
    uint64_t train_rows, validation_rows, test_rows;
    char checkpoint[1024];   // the last one, "" = none
    char note[256];
    int64_t experiment; // the race or sweep it belongs to; 0 = none
    uint64_t slot;      // its place there
};

struct experiment_record {
    int64_t id;
    double created;
    char kind[16], name[128]; // "race", "breast_cancer.csv"
    char state[16];           // open, done, stopped
    char *plan;               // JSON; mem_free
};
struct experiment_slot {
    uint64_t slot;
    int64_t run;
    char outcome[16]; // done, failed; "" while it is not known
    double ended;     // of the run; 0 while it lives
};

enum status store_open(struct store **store, const char *path, struct error *error); // NULL: the usual place
void store_close(struct store *store);
const char *store_folder(const struct store *store); // where run folders are

enum status store_begin(struct store *store, struct error *error); // one transaction per drain
enum status store_commit(struct store *store, struct error *error); // a failed one is rolled back
void store_rollback(struct store *store);                           // allowed when there is none
// Moves what was committed into the database file proper, when it is time: takes milliseconds, so at a moment when
// nobody waits. Commits do so themselves only where that has not been called for long.
void store_tidy(struct store *store);
// Sets run->id, makes the run's folder and locks it until store_run_update ends the run. recipe and
// encoding are JSON; NULL = none. A run of an experiment fills its slot in the same moment: the run that was there
// before stays a run, but is the experiment's no longer.
enum status store_run_add(struct store *store, struct run_record *run, const char *recipe, const char *encoding,
                          struct error *error); // sets run->id
enum status store_run_update(struct store *store, const struct run_record *run, struct error *error);
// A run that has ended lives again, here: takes its lock and keeps `run` as it is. STATUS_STATE while it lives elsewhere.
enum status store_run_reopen(struct store *store, const struct run_record *run, struct error *error);
// Which process trains the run, and whether that one is detached from any terminal; false: none does.
struct run_owner {
    int64_t process;
    bool detached;
};
bool store_run_owner(const struct store *store, int64_t id, struct run_owner *owner);
void store_detached(struct store *store); // runs begun or reopened from now on have no terminal
enum status store_event(struct store *store, int64_t run, const struct event *event, struct error *error);
enum status store_metrics(struct store *store, int64_t run, const struct step_metrics *metrics, size_t count,
                          struct error *error);

enum status store_run(struct store *store, int64_t id, struct run_record *run, struct error *error);
enum status store_runs(struct store *store, struct run_record **runs, size_t *count, struct error *error); // newest first; mem_free
enum status store_run_recipe(struct store *store, int64_t id, char **recipe, char **encoding, struct error *error);
enum status store_run_epochs(struct store *store, int64_t id, struct epoch_row **rows, size_t *count, struct error *error);
// Those that were kept after *after, which becomes the place to read on from; `after` NULL: all.
enum status store_run_metrics(struct store *store, int64_t id, int64_t *after, struct step_metrics **metrics,
                              size_t *count, struct error *error);
enum status store_run_events(struct store *store, int64_t id, int64_t *after, struct event **events, size_t *count,
                             struct error *error);
enum status store_run_note(struct store *store, int64_t id, const char *note, struct error *error);
// And its folder. STATUS_STATE while it lives, in whichever process.
enum status store_run_delete(struct store *store, int64_t id, struct error *error);

// ---- experiments: runs that belong together (store_experiments.c) ------------------------------------------
// Sets record->id and locks the experiment for this process, as store_experiment_lock does.
enum status store_experiment_add(struct store *store, struct experiment_record *record, struct error *error);
// STATUS_STATE while another process works on it. Held until store_experiment_unlock or store_close.
enum status store_experiment_lock(struct store *store, int64_t id, struct error *error);
void store_experiment_unlock(struct store *store, int64_t id);
enum status store_experiment(struct store *store, int64_t id, struct experiment_record *record, struct error *error);
// Newest first; plans are left out (NULL). mem_free the list.
enum status store_experiments(struct store *store, struct experiment_record **records, size_t *count,
                              struct error *error);
enum status store_experiment_state(struct store *store, int64_t id, const char *state, struct error *error);
enum status store_experiment_outcome(struct store *store, int64_t id, uint64_t slot, const char *outcome,
                                     struct error *error);
// Filled slots, ascending; mem_free.
enum status store_experiment_slots(struct store *store, int64_t id, struct experiment_slot **slots, size_t *count,
                                   struct error *error);

#endif
