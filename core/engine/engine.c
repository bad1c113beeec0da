#include "core/engine/engine.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/lanes.h"
#include "core/engine/runner.h"

struct engine {
    pthread_t thread;
    struct lanes lanes;
    struct task task;         // of the evaluation at work
    struct runner runner;     // the thread's own
    _Atomic int state;        // enum run_state; main sets it in engine_start, the thread at any other time
    _Atomic unsigned waiting; // commands in the queue: looked at between steps without the lock
    pthread_mutex_t lock;     // of what follows
    pthread_cond_t news;
    struct command commands[COMMANDS_MOST];
    size_t first, count;
    bool quit;
    struct engine_run next; // of the COMMAND_START in the queue; owns a reference of the source
    char *next_extra;
    struct source *rows; // of the COMMAND_ROWS in the queue; owned
    char *rows_extra;
};

enum run_state engine_state(const struct engine *engine) {
    return (enum run_state)atomic_load(&engine->state);
}

// ---- the thread -------------------------------------------------------------------------------------

static void enter(struct engine *engine, enum run_state state) {
    uint64_t step = runner_steps(&engine->runner);
    if (!run_is_alive(state) || state == RUN_PAUSED)
        runner_keep_best(&engine->runner);
    if (!run_is_alive(state))
        runner_close(&engine->runner);
    atomic_store(&engine->state, state);
    lanes_event(&engine->lanes, (struct event){.kind = EVENT_STATE, .step = step, .state = state});
}

static void fail(struct engine *engine, const struct error *error) {
    runner_tell(&engine->runner, EVENT_ERROR, error->text);
    enter(engine, RUN_FAILED);
}

static void begin(struct engine *engine) {
    struct error error;
    pthread_mutex_lock(&engine->lock);
    engine->runner.run = engine->next;
    char *extra = engine->next_extra;
    engine->next = (struct engine_run){0};
    engine->next_extra = NULL;
    pthread_mutex_unlock(&engine->lock);
    engine->runner.run.extra = extra;
    enter(engine, RUN_OPENING);
    enum status status = runner_open(&engine->runner, &error);
    engine->runner.run.extra = NULL;
    mem_free(extra);
    if (status)
        fail(engine, &error);
    else
        enter(engine, RUN_TRAINING);
}

// NULL when a later command has brought newer ones.
static void take_rows(struct engine *engine, struct source **rows, char **extra) {
    pthread_mutex_lock(&engine->lock);
    *rows = engine->rows;
    *extra = engine->rows_extra;
    engine->rows = NULL;
    engine->rows_extra = NULL;
    pthread_mutex_unlock(&engine->lock);
}

static void offer_rows(struct engine *engine, bool alive) {
    struct source *rows;
    char *extra;
    take_rows(engine, &rows, &extra);
    if (rows && alive)
        runner_offer(&engine->runner, rows, extra);
    source_release(rows);
    mem_free(extra);
}

static void step(struct engine *engine, bool then_pause) {
    struct error error;
    enum runner_outcome outcome;
    enum status status;
    do
        status = runner_step(&engine->runner, then_pause ? 1 : STEPS_MOST, &outcome, &error);
    while (then_pause && !status && outcome == RUNNER_WAITED && !atomic_load(&engine->task.cancelled));
    if (status) {
        fail(engine, &error);
    } else if (outcome == RUNNER_FINISHED) {
        runner_finish(&engine->runner);
        enter(engine, RUN_DONE);
    } else if ((then_pause || outcome == RUNNER_DIVERGED) && engine_state(engine) != RUN_PAUSED) {
        enter(engine, RUN_PAUSED);
    }
    if (then_pause)
        wake_signal(engine->lanes.wake); // nothing may follow that would
}

static void stop(struct engine *engine) {
    runner_save_last(&engine->runner);
    enter(engine, RUN_STOPPED);
}

static void roll_back(struct engine *engine, const char *path) {
    if (engine_state(engine) != RUN_PAUSED)
        enter(engine, RUN_PAUSED);
    runner_roll_back(&engine->runner, path);
}

// What was meant for a run that has ended meanwhile is let go; the state alone would not tell, since
// the next start may be in the queue behind it.
static void obey(struct engine *engine, const struct command *command) {
    enum run_state state = engine_state(engine);
    if (command->kind == COMMAND_START) {
        begin(engine);
        return;
    }
    // Still opening: its START is behind this command in the queue, so the command was for the run before.
    if (!run_is_alive(state) || state == RUN_OPENING) {
        if (command->kind == COMMAND_ROWS)
            offer_rows(engine, false);
        return;
    }
    switch (command->kind) {
    case COMMAND_PAUSE:
        if (state == RUN_TRAINING)
            enter(engine, RUN_PAUSED);
        break;
    case COMMAND_RESUME:
        if (state == RUN_PAUSED) {
            runner_wind(&engine->runner);
            enter(engine, RUN_TRAINING);
        }
        break;
    case COMMAND_STEP:
        if (state == RUN_PAUSED)
            runner_wind(&engine->runner);
        step(engine, true);
        break;
    case COMMAND_SET:
        runner_set(&engine->runner, command->name, command->text);
        break;
    case COMMAND_CHECKPOINT:
        runner_save_now(&engine->runner);
        break;
    case COMMAND_COPY:
        runner_copy(&engine->runner);
        break;
    case COMMAND_MARK:
        runner_tell(&engine->runner, EVENT_MARK, command->text);
        break;
    case COMMAND_TELL:
        runner_tell(&engine->runner, EVENT_WARNING, command->text);
        break;
    case COMMAND_ROWS:
        offer_rows(engine, true);
        break;
    case COMMAND_ROLL_BACK:
        roll_back(engine, command->text);
        break;
    case COMMAND_RANGE_TEST:
        runner_range_test(&engine->runner);
        runner_wind(&engine->runner);
        wake_signal(engine->lanes.wake);
        break;
    case COMMAND_STOP:
    case COMMAND_QUIT:
    case COMMAND_START:
        stop(engine);
        break;
    }
}

// Until there is a command, the end, or the next step is due (`rest` seconds from now; infinite: never).
static void wait_for_command(struct engine *engine, double rest) {
    double until = clock_wall() + fmin(rest, 3600);
    struct timespec due = {.tv_sec = (time_t)until, .tv_nsec = (long)((until - floor(until)) * 1e9)};
    int outcome = 0;
    while (outcome == 0 && engine->count == 0 && !engine->quit)
        outcome = isinf(rest) ? pthread_cond_wait(&engine->news, &engine->lock)
                              : pthread_cond_timedwait(&engine->news, &engine->lock, &due);
}

// False: none is there. Waits for one while there is nothing to train, or no step is due.
static bool next_command(struct engine *engine, struct command *command) {
    bool training = engine_state(engine) == RUN_TRAINING;
    bool rests = training && trainer_params(engine->runner.trainer)->pace > 0;
    double rest = rests ? runner_rest(&engine->runner, clock_now()) : training ? 0 : INFINITY;
    if (rest <= 0 && atomic_load_explicit(&engine->waiting, memory_order_acquire) == 0)
        return false;
    pthread_mutex_lock(&engine->lock);
    if (rest > 0)
        wait_for_command(engine, rest);
    bool there = true;
    if (engine->quit) {
        command->kind = COMMAND_QUIT;
    } else if (engine->count > 0) {
        *command = engine->commands[engine->first];
        engine->first = (engine->first + 1) % COMMANDS_MOST;
        engine->count--;
        atomic_fetch_sub(&engine->waiting, 1);
    } else {
        there = false;
    }
    pthread_mutex_unlock(&engine->lock);
    return there;
}

static void *work(void *context) {
    struct engine *engine = context;
    struct command command;
    for (;;) {
        if (!next_command(engine, &command)) {
            step(engine, false);
            continue;
        }
        // A start that was still in the queue when the end came opens nothing.
        if (command.kind == COMMAND_QUIT)
            break;
        obey(engine, &command);
    }
    if (run_is_alive(engine_state(engine)))
        stop(engine);
    return NULL;
}

// ---- the main thread ----------------------------------------------------------------------------------

enum status engine_open(struct engine **out, const struct wake *wake, struct error *error) {
    struct engine *engine = mem_alloc(1, sizeof *engine);
    if (!engine)
        return error_memory(error, "the engine", sizeof *engine);
    enum status status = lanes_open(&engine->lanes, wake, error);
    if (status) {
        mem_free(engine);
        return status;
    }
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->news, NULL);
    engine->runner = (struct runner){.lanes = &engine->lanes, .task = &engine->task};
    if (pthread_create(&engine->thread, NULL, work, engine) == 0) {
        *out = engine;
        return STATUS_OK;
    }
    pthread_cond_destroy(&engine->news);
    pthread_mutex_destroy(&engine->lock);
    lanes_close(&engine->lanes);
    mem_free(engine);
    return error_set(error, STATUS_MEMORY, "the engine's thread cannot be started; the system has no room for another");
}

static void quit(struct engine *engine) {
    pthread_mutex_lock(&engine->lock);
    engine->quit = true;
    atomic_fetch_add(&engine->waiting, 1);
    pthread_cond_signal(&engine->news);
    pthread_mutex_unlock(&engine->lock);
    task_cancel(&engine->task);
}

void engine_close(struct engine *engine) {
    if (!engine)
        return;
    quit(engine);
    lanes_stop_waiting(&engine->lanes);
    pthread_join(engine->thread, NULL);
    source_release(engine->next.source);
    mem_free(engine->next_extra);
    source_release(engine->rows);
    mem_free(engine->rows_extra);
    pthread_cond_destroy(&engine->news);
    pthread_mutex_destroy(&engine->lock);
    lanes_close(&engine->lanes);
    mem_free(engine);
}

const struct wake *engine_wake(const struct engine *engine) {
    return engine->lanes.wake;
}

// Under the lock.
static enum status push(struct engine *engine, const struct command *command, struct error *error) {
    if (engine->quit)
        return error_set(error, STATUS_STATE, "the engine has ended");
    if (engine->count == COMMANDS_MOST)
        return error_set(error, STATUS_STATE, "%d commands are waiting for the step at work: try again in a moment",
                         COMMANDS_MOST);
    engine->commands[(engine->first + engine->count) % COMMANDS_MOST] = *command;
    engine->count++;
    atomic_fetch_add_explicit(&engine->waiting, 1, memory_order_release);
    pthread_cond_signal(&engine->news);
    return STATUS_OK;
}

enum status engine_start(struct engine *engine, const struct engine_run *run, struct error *error) {
    if (run_is_alive(engine_state(engine)))
        return error_set(error, STATUS_STATE, "a run is alive: stop it before starting another");
    char *extra = run->extra ? mem_string(run->extra) : NULL;
    if (run->extra && !extra)
        return error_memory(error, "recipe and encoding of the run", strlen(run->extra));
    pthread_mutex_lock(&engine->lock);
    enum status status = push(engine, &(struct command){.kind = COMMAND_START}, error);
    if (!status) {
        engine->next = *run;
        engine->next.source = source_share(run->source);
        engine->next.extra = NULL;
        engine->next_extra = extra;
        atomic_store(&engine->task.cancelled, false);
        atomic_store(&engine->state, RUN_OPENING);
        lanes_set_times(&engine->lanes, &(struct run_times){0});
    }
    pthread_mutex_unlock(&engine->lock);
    if (status)
        mem_free(extra);
    return status;
}

enum status engine_command(struct engine *engine, const struct command *command, struct error *error) {
    if (command->kind == COMMAND_QUIT) {
        quit(engine);
        return STATUS_OK;
    }
    if (command->kind == COMMAND_ROWS)
        return error_set(error, STATUS_INVALID, "rows are given with engine_change_source");
    if (command->kind == COMMAND_START)
        return error_set(error, STATUS_INVALID, "a run is begun with engine_start, which says what to run");
    if (!run_is_alive(engine_state(engine)))
        return error_set(error, STATUS_STATE, "no run is alive; start one first");
    pthread_mutex_lock(&engine->lock);
    enum status status = push(engine, command, error);
    pthread_mutex_unlock(&engine->lock);
    if (!status && command->kind == COMMAND_STOP)
        task_cancel(&engine->task);
    return status;
}

enum status engine_change_source(struct engine *engine, struct source *source, const char *extra, struct error *error) {
    if (!run_is_alive(engine_state(engine)))
        return error_set(error, STATUS_STATE, "no run is alive; start one first");
    char *copy = extra ? mem_string(extra) : NULL;
    if (extra && !copy)
        return error_memory(error, "recipe and encoding of the run", strlen(extra));
    pthread_mutex_lock(&engine->lock);
    enum status status = push(engine, &(struct command){.kind = COMMAND_ROWS}, error);
    if (!status) {
        source_release(engine->rows);
        mem_free(engine->rows_extra);
        engine->rows = source_share(source);
        engine->rows_extra = copy;
    }
    pthread_mutex_unlock(&engine->lock);
    if (status)
        mem_free(copy);
    return status;
}

struct model_copy *engine_copy(struct engine *engine) {
    return lanes_take_copy(&engine->lanes);
}

size_t engine_events(struct engine *engine, struct event *events, size_t most) {
    return lanes_read_events(&engine->lanes, events, most);
}

size_t engine_metrics(struct engine *engine, struct step_metrics *metrics, size_t most) {
    return ring_pop(&engine->lanes.metrics, metrics, most);
}

uint64_t engine_dropped(const struct engine *engine) {
    return ring_dropped(&engine->lanes.metrics);
}

struct run_times engine_times(struct engine *engine) {
    return lanes_read_times(&engine->lanes);
}
