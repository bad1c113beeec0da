// The inside of the Evaluate view's jobs, shared by core/session_evaluate_*.c and nobody else.
#ifndef CORE_SESSION_EVALUATE_PARTS_H
#define CORE_SESSION_EVALUATE_PARTS_H

#include "core/session_evaluate.h"
#include "core/session_predict.h"
#include "core/session_private.h"

// ---- session_evaluate_which.c ---------------------------------------------------------------------------------------
const struct run_record *evaluate_find_run(const struct session *session, int64_t id); // 0: the newest; NULL: none
bool evaluate_is_living(const struct session *session, int64_t run); // in this session
// What is asked for with nothing left open.
enum status evaluate_resolve(const struct session *session, const struct evaluate_wish *asked,
                             struct evaluate_wish *wish, struct error *error);
bool evaluate_same_wish(const struct evaluate_wish *a, const struct evaluate_wish *b);
void evaluate_list_checkpoints(struct session *session); // of the run in the snapshot's wish, into the snapshot

// ---- session_evaluate_measure.c: on a job's thread ----------------------------------------------------------------
// Of a measurement with wish, record and kept set, and data and source where they are at hand.
enum status measurement_fill(struct measurement *measurement, struct task *task, struct error *error);
void measurement_free(struct measurement *measurement); // NULL allowed

// ---- session_evaluate_plane.c ---------------------------------------------------------------------------------------
// Which columns of the data the plane lies in; else why there is none.
enum status plane_check(const struct measurement *of, int columns[2], struct error *error);
// `copy` NULL: the checkpoint that was measured. boundary_free.
enum status plane_make(const struct measurement *of, const struct model_copy *copy, struct boundary **boundary,
                       struct task *task, struct error *error);
double plane_at(const struct boundary *boundary, int axis, int index); // the middle of a field of the grid

// ---- session_evaluate_write.c: files --------------------------------------------------------------------------------
enum status write_predictions(const struct measurement *measurement, const char *path, struct predict_counts *counts,
                              struct task *task, struct error *error);
enum status write_points(const struct measurement *measurement, const struct class_curves *curves, const char *path,
                         struct task *task, struct error *error);

#endif
