// A run of the store as evaluation and prediction need it: parameters, fitted pipeline, encoding, how its data was
// opened, and the file with its weights. Opened on the main thread (the store is there), then any one thread may run
// it over data, and a view can do so in a job.
#ifndef CORE_SESSION_KEPT_H
#define CORE_SESSION_KEPT_H

#include "core/session.h"
#include "datasets/csv_stream.h"

struct load_settings;

struct kept_run {
    struct run_record record;
    char checkpoint[1024];
    uint64_t step;              // of the checkpoint
    struct train_params params; // of the checkpoint; device, threads and precision may be set by the caller
    uint64_t fingerprint;       // of the data it was trained on
    struct load_settings *settings;
    struct pipeline *pipeline; // fitted
    struct encoding encoding;
    struct column_kind *kinds; // of the columns as read; none in runs kept by older versions
    size_t kind_count;
    const struct model_copy *copy; // what is asked in place of the checkpoint; NULL: the checkpoint. Borrowed
};

// `which`: "last", "best" (the best epoch's, where the run kept it), or the number of a step with a checkpoint. Missing
// runs and checkpoints are STATUS_MISSING with what there is.
enum status session_kept_run(struct session *session, int64_t run, const char *which, struct kept_run **kept,
                             struct error *error);
// The living run with its weights as they were copied (borrowed until the kept run is freed).
enum status session_kept_live(struct session *session, const struct model_copy *copy, struct kept_run **kept,
                              struct error *error);
// A checkpoint as `which` above names it.
bool session_kept_checkpoint(const struct session *session, const struct run_record *record, const char *which);
void kept_run_free(struct kept_run *kept); // NULL allowed

struct kept_rows { // the run's own rows; kept_rows_clear
    struct dataset *dataset;
    struct source *source;
};
void kept_rows_clear(struct kept_rows *rows);
// Those of the run, as they were when it was trained; refused when its data has changed.
enum status kept_run_rows(const struct kept_run *kept, struct kept_rows *rows, struct notes *notes, struct task *task,
                          struct error *error);

struct kept_data {
    const char *path;                   // new data; NULL: the run's own rows
    const struct load_options *options; // of new data; what it leaves open is as the run's data was read
    enum part part;                     // of the run's own rows
    bool all;                           // all of them, in the order of the file
    struct kept_rows *rows; // of the run's own rows: used where they are there, else made and left there; NULL: made anew
};

// Some rows that follow each other, with what the model gives for them.
struct kept_outputs {
    size_t first, rows;     // these rows of the data (of a part: of its rows), from 0
    size_t count;           // of them that the model could be asked about
    const uint32_t *row_of; // [count] which: row first + row_of[i]; ascending
    const float *values;    // [count][width] probabilities, or numbers in the target's own unit
    size_t width;
    const int32_t *labels;     // [count] classify: the true class, -1 where it is not known; else NULL
    const double *truth;       // [count] regress: the true number, NaN where it is not known; else NULL
    const struct table *table; // as read; NULL: images
    const uint32_t *table_row; // [rows] row of the table, or of the pictures; NULL: row i is table_first + i
    size_t table_first;
};
typedef enum status kept_visit(void *context, const struct kept_outputs *outputs, struct error *error);

// All rows of the data in order, a few thousand at once. The run's own rows are refused when its data has changed.
// `notes` gets what was found in reading and every row that could not be used.
enum status kept_run_each(const struct kept_run *kept, const struct kept_data *data, kept_visit *visit, void *context,
                          struct notes *notes, struct task *task, struct error *error);

#endif
