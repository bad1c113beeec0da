// One piece of long work on a thread of its own, with progress and a way to stop it. The owner (the
// main thread) starts it, sees by job_take that it is over, and then has its result. One at a time.
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <pthread.h>

#include "core/base/task.h"
#include "core/base/wake.h"

// Runs on the job's thread; `context` is the job's alone until job_take.
typedef enum status job_work(void *context, struct task *task, struct error *error);

struct job { // {0} is one that is not at work
    pthread_t thread, ticker;
    bool active;
    pthread_mutex_t lock; // of `over`, which ends the ticker
    pthread_cond_t ended;
    bool over;
    _Atomic bool finished;
    struct task task;
    job_work *work;
    void *context;
    const struct wake *wake; // signaled ten times a second (there is progress to show) and at the end
    enum status status;
    struct error error;
};

enum status job_start(struct job *job, job_work *work, void *context, const struct wake *wake, struct error *error);
// True once, when the work is over: status and error hold its result and the job can start anew.
bool job_take(struct job *job);
void job_cancel(struct job *job); // returns at once
void job_close(struct job *job);  // cancels and waits

#endif
