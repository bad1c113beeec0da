#include "core/job.h"

#include <time.h>

static const long tick_nanoseconds = 100000000;

static void *run(void *context) {
    struct job *job = context;
    job->status = job->work(job->context, &job->task, &job->error);
    pthread_mutex_lock(&job->lock);
    job->over = true;
    pthread_cond_signal(&job->ended);
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->finished, true);
    wake_signal(job->wake);
    return NULL;
}

static struct timespec next_tick(void) {
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_nsec += tick_nanoseconds;
    if (when.tv_nsec >= 1000000000) {
        when.tv_nsec -= 1000000000;
        when.tv_sec++;
    }
    return when;
}

static void *tick(void *context) {
    struct job *job = context;
    pthread_mutex_lock(&job->lock);
    while (!job->over) {
        struct timespec when = next_tick();
        pthread_cond_timedwait(&job->ended, &job->lock, &when);
        wake_signal(job->wake);
    }
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static void join(struct job *job) {
    pthread_join(job->thread, NULL);
    pthread_join(job->ticker, NULL);
    pthread_cond_destroy(&job->ended);
    pthread_mutex_destroy(&job->lock);
    job->active = false;
}

static void end_ticker(struct job *job) {
    pthread_mutex_lock(&job->lock);
    job->over = true;
    pthread_cond_signal(&job->ended);
    pthread_mutex_unlock(&job->lock);
    pthread_join(job->ticker, NULL);
}

enum status job_start(struct job *job, job_work *work, void *context, const struct wake *wake, struct error *error) {
    atomic_store(&job->finished, false);
    atomic_store(&job->task.cancelled, false);
    task_begin(&job->task, "Starting", "", 0);
    job->work = work;
    job->context = context;
    job->wake = wake;
    job->status = STATUS_OK;
    job->over = false;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->ended, NULL);
    bool ticking = pthread_create(&job->ticker, NULL, tick, job) == 0;
    job->active = ticking && pthread_create(&job->thread, NULL, run, job) == 0;
    if (job->active)
        return STATUS_OK;
    if (ticking)
        end_ticker(job);
    pthread_cond_destroy(&job->ended);
    pthread_mutex_destroy(&job->lock);
    return error_set(error, STATUS_MEMORY,
                     "a thread for the work cannot be started; the system has no room for another");
}

bool job_take(struct job *job) {
    if (!job->active || !atomic_load(&job->finished))
        return false;
    join(job);
    return true;
}

void job_cancel(struct job *job) {
    if (job->active)
        task_cancel(&job->task);
}

void job_close(struct job *job) {
    job_cancel(job);
    if (job->active)
        join(job);
}
