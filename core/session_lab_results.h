// What the runs of a race or a sweep gave: read from the store or taken from a run that has just ended, and what
// follows from all of them. Private to core/session_lab*.
#ifndef CORE_SESSION_LAB_RESULTS_H
#define CORE_SESSION_LAB_RESULTS_H

#include "core/session.h"

struct run_summary { // borrowed
    const struct run_record *record;
    const struct curve *curve;
    uint64_t bytes;
    bool failed;
};

enum status lab_view_make(struct lab_view *view, const struct experiment *plan, struct error *error);
void lab_view_clear(struct lab_view *view);
void lab_view_refresh(struct lab_view *view); // what follows from all runs
// Every slot that the store knows to have ended.
enum status lab_view_read(struct lab_view *view, struct store *store, struct error *error);
// The slot's run is at work.
void lab_view_begin(struct lab_view *view, size_t slot, int64_t run, const struct train_params *params);
// Short of memory, curves are left out.
// A trial that cannot be begun has ended too: failed, without a run.
void lab_view_refuse(struct lab_view *view, size_t slot, const struct train_params *params, const struct error *error);
void lab_view_conclude(struct lab_view *view, size_t slot, const struct run_summary *summary);
bool lab_view_next(const struct lab_view *view, struct trial *next);

#endif
