#include "core/train/feed.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/train/shuffle.h"

#define STACK_BYTES ((size_t)1 << 20)
#define STEP_ROWS ((size_t)1024) // brought at a time, at most

static _Atomic size_t memory_set;

enum phase { PHASE_IDLE, PHASE_READING, PHASE_WAITING, PHASES }; // of the thread

// Rows are counted from the beginning of epoch `first_epoch` on, without end; the ring holds number n at n % places.
struct feed {
    struct source *source;
    struct shuffle shuffle;   // the thread's own; of features in a file
    struct sampler sampler;   // the thread's own; of features in memory
    size_t places, row, rows; // row: bytes; rows: of an epoch
    char *features;           // [places][row]
    uint32_t *truth;          // [places] labels or targets, bit for bit
    pthread_t thread;
    _Atomic bool stop;          // what the thread does is no longer wanted
    pthread_mutex_t lock;       // of what follows
    pthread_cond_t news, ready; // for the thread; for the trainer
    bool quit, failed;
    struct error error;  // failed
    uint64_t generation; // 0: nothing was asked for yet; grows with every beginning somewhere else
    uint64_t first_epoch, epochs;
    uint64_t given, filled; // numbers below `given` are done with; those below `filled` are there
    enum phase phase;
    double since, spent[PHASES];
};

void feed_set_memory(size_t bytes) {
    atomic_store(&memory_set, bytes);
}

static size_t memory_for_shuffling(void) {
    const uint64_t least = (uint64_t)4 << 20, most = (uint64_t)256 << 20;
    uint64_t usual = mem_left() / 8;
    size_t set = atomic_load(&memory_set);
    return set > 0 ? set : (size_t)(usual < least ? least : usual > most ? most : usual);
}

// ---- the thread -------------------------------------------------------------------------------------

// Under the lock, like everything here but bring.
static void enter(struct feed *feed, enum phase phase) {
    double now = clock_now();
    feed->spent[feed->phase] += now - feed->since;
    feed->phase = phase;
    feed->since = now;
}

static uint64_t last_row(const struct feed *feed) {
    return (feed->epochs - feed->first_epoch) * feed->rows;
}

// None while there is room for a few only: the thread is not woken for every batch.
static size_t rows_wanted(const struct feed *feed) {
    uint64_t end = feed->given + feed->places, last = last_row(feed);
    size_t few = feed->places / 4 < STEP_ROWS ? feed->places / 4 : STEP_ROWS;
    end = end < last ? end : last;
    uint64_t room = end > feed->filled ? end - feed->filled : 0;
    if (room < few && end < last)
        return 0;
    return room < STEP_ROWS ? (size_t)room : STEP_ROWS;
}

// The epoch after that of the rows brought last, where there is one that could be dealt out meanwhile.
static bool epoch_ahead(const struct feed *feed, uint64_t *epoch) {
    *epoch = feed->first_epoch + (feed->filled + feed->rows - 1) / feed->rows;
    return !feed->source->features && feed->filled < last_row(feed) && *epoch < feed->epochs;
}

static void put(struct feed *feed, uint64_t at, const void *features, uint32_t number) {
    const struct source *source = feed->source;
    const void *truth = source->labels ? (const void *)source->labels : source->targets;
    size_t place = (size_t)(at % feed->places);
    memcpy(feed->features + place * feed->row, features, feed->row);
    memcpy(feed->truth + place, (const char *)truth + number * sizeof *feed->truth, sizeof *feed->truth);
}

static void bring_from_memory(struct feed *feed, uint64_t epoch, size_t position, uint64_t at, size_t *count) {
    bool fresh;
    sampler_seek(&feed->sampler, epoch, position);
    const uint32_t *order = sampler_order(&feed->sampler, &fresh);
    *count = feed->rows - position < *count ? feed->rows - position : *count;
    for (size_t i = 0; i < *count; i++) {
        uint32_t number = order[position + i];
        put(feed, at + i, (const char *)feed->source->features + number * feed->row, number);
    }
}

// Without the lock: up to *count rows from number `at` on into the ring.
static enum status bring(struct feed *feed, uint64_t first_epoch, uint64_t at, size_t *count, struct error *error) {
    size_t position = (size_t)(at % feed->rows), there = 0;
    if (feed->source->features) {
        bring_from_memory(feed, first_epoch + at / feed->rows, position, at, count);
        return STATUS_OK;
    }
    enum status status = shuffle_bring(&feed->shuffle, first_epoch + at / feed->rows, position, &there, error);
    *count = there < *count ? there : *count;
    for (size_t i = 0; i < *count && !status; i++) {
        uint32_t number;
        const void *features = shuffle_row(&feed->shuffle, position + i, &number);
        put(feed, at + i, features, number);
    }
    return status;
}

static void *work(void *context) {
    struct feed *feed = context;
    struct error error;
    uint64_t generation = 0, epoch, ready_ahead = UINT64_MAX;
    pthread_mutex_lock(&feed->lock);
    while (!feed->quit) {
        if (generation != feed->generation) {
            generation = feed->generation;
            ready_ahead = UINT64_MAX;
            feed->failed = false;
            atomic_store(&feed->stop, false);
        }
        size_t count = generation == 0 || feed->failed ? 0 : rows_wanted(feed);
        if (count == 0 && generation > 0 && !feed->failed && epoch_ahead(feed, &epoch) && epoch != ready_ahead) {
            enter(feed, PHASE_READING);
            pthread_mutex_unlock(&feed->lock);
            if (!shuffle_ahead(&feed->shuffle, epoch))
                ready_ahead = epoch;
            pthread_mutex_lock(&feed->lock);
            continue;
        }
        if (count == 0) {
            bool over = generation == 0 || feed->failed || feed->filled >= last_row(feed);
            enter(feed, over ? PHASE_IDLE : PHASE_WAITING);
            pthread_cond_wait(&feed->news, &feed->lock);
            continue;
        }
        enter(feed, PHASE_READING);
        uint64_t first_epoch = feed->first_epoch, at = feed->filled;
        pthread_mutex_unlock(&feed->lock);
        enum status status = bring(feed, first_epoch, at, &count, &error);
        pthread_mutex_lock(&feed->lock);
        if (generation != feed->generation || feed->quit)
            continue;
        if (status) {
            feed->failed = true;
            feed->error = error;
        } else {
            feed->filled += count;
        }
        pthread_cond_signal(&feed->ready);
    }
    pthread_mutex_unlock(&feed->lock);
    return NULL;
}

// ---- opening and closing ----------------------------------------------------------------------------

static enum status take_memory(struct feed *feed, struct error *error) {
    feed->features = mem_alloc(feed->places, feed->row);
    feed->truth = mem_alloc(feed->places, sizeof *feed->truth);
    if (feed->features && feed->truth)
        return STATUS_OK;
    return error_memory(error, "rows that are read ahead", feed->places * feed->row);
}

static void release(struct feed *feed) {
    shuffle_close(&feed->shuffle);
    sampler_close(&feed->sampler);
    pthread_cond_destroy(&feed->ready);
    pthread_cond_destroy(&feed->news);
    pthread_mutex_destroy(&feed->lock);
    source_release(feed->source);
    mem_free(feed->features);
    mem_free(feed->truth);
    mem_free(feed);
}

// Address space may be what is short: the usual stack takes as much of it as the ring.
static enum status start(struct feed *feed, struct error *error) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    int failed = pthread_create(&feed->thread, &small, work, feed);
    pthread_attr_destroy(&small);
    return failed ? error_set(error, STATUS_MEMORY,
                              "no thread can be started to read rows ahead; the system has no room for another")
                  : STATUS_OK;
}

enum status feed_open(struct feed **out, struct source *source, uint64_t seed, size_t places, struct error *error) {
    struct feed *feed = mem_alloc(1, sizeof *feed);
    if (!feed)
        return error_memory(error, "reading ahead", sizeof *feed);
    feed->source = source_share(source);
    feed->places = places;
    feed->row = source_row_bytes(source);
    feed->rows = source->part_count[PART_TRAIN];
    feed->since = clock_now();
    pthread_mutex_init(&feed->lock, NULL);
    pthread_cond_init(&feed->news, NULL);
    pthread_cond_init(&feed->ready, NULL);
    enum status status = take_memory(feed, error);
    if (!status && source->features)
        status = sampler_open(&feed->sampler, source->part_rows[PART_TRAIN], feed->rows, seed, error);
    else if (!status)
        status = shuffle_open(&feed->shuffle, source, seed, memory_for_shuffling(), &feed->stop, error);
    if (!status)
        status = start(feed, error);
    if (status) {
        release(feed);
        return status;
    }
    *out = feed;
    return STATUS_OK;
}

void feed_close(struct feed *feed) {
    if (!feed)
        return;
    pthread_mutex_lock(&feed->lock);
    feed->quit = true;
    atomic_store(&feed->stop, true);
    pthread_cond_signal(&feed->news);
    pthread_mutex_unlock(&feed->lock);
    pthread_join(feed->thread, NULL);
    release(feed);
}

// ---- the trainer's side: under the lock ---------------------------------------------------------------

static void begin_at(struct feed *feed, struct feed_place place) {
    feed->generation++;
    feed->failed = false;
    feed->first_epoch = place.epoch;
    feed->given = feed->filled = place.position;
    atomic_store(&feed->stop, true);
}

// The number of the row at a place. Rows that were skipped (the rest of an epoch) are given back.
static uint64_t go_to(struct feed *feed, struct feed_place place) {
    uint64_t number = (place.epoch - feed->first_epoch) * feed->rows + place.position;
    bool follows = feed->generation > 0 && place.epoch >= feed->first_epoch && number >= feed->given &&
                   number <= feed->filled + feed->places;
    if (!follows) {
        begin_at(feed, place);
        number = place.position;
    }
    feed->epochs = place.epochs;
    feed->given = number;
    if (rows_wanted(feed) > 0)
        pthread_cond_signal(&feed->news);
    return number;
}

static size_t rows_ready(const struct feed *feed, uint64_t number) {
    return feed->filled > number ? (size_t)(feed->filled - number) : 0;
}

enum status feed_wait(struct feed *feed, struct feed_place place, size_t count, double seconds, bool *ready,
                      struct error *error) {
    double until = clock_wall() + seconds;
    struct timespec due = {.tv_sec = (time_t)until, .tv_nsec = (long)((until - floor(until)) * 1e9)};
    int outcome = 0;
    assert(place.epoch < place.epochs && place.position < feed->rows);
    count = count < feed->places / 2 ? count : feed->places / 2;
    pthread_mutex_lock(&feed->lock);
    uint64_t number = go_to(feed, place);
    while (seconds > 0 && outcome == 0 && !feed->failed && rows_ready(feed, number) < count)
        outcome = pthread_cond_timedwait(&feed->ready, &feed->lock, &due);
    *ready = rows_ready(feed, number) >= count;
    bool failed = feed->failed && !*ready;
    if (failed)
        *error = feed->error;
    pthread_mutex_unlock(&feed->lock);
    return failed ? error->status : STATUS_OK;
}

enum status feed_take(struct feed *feed, struct feed_place place, size_t most, struct feed_span *span,
                      struct error *error) {
    pthread_mutex_lock(&feed->lock);
    uint64_t number = go_to(feed, place);
    while (!feed->failed && rows_ready(feed, number) == 0)
        pthread_cond_wait(&feed->ready, &feed->lock);
    size_t count = rows_ready(feed, number), first = (size_t)(number % feed->places);
    if (count == 0)
        *error = feed->error;
    pthread_mutex_unlock(&feed->lock);
    if (count == 0)
        return error->status;
    count = count < most ? count : most;
    span->count = count < feed->places - first ? count : feed->places - first;
    span->features = feed->features + first * feed->row;
    span->truth = feed->truth + first;
    return STATUS_OK;
}

size_t feed_most_ready(const struct feed *feed) {
    return feed->places / 2;
}

struct feed_times feed_times(struct feed *feed) {
    pthread_mutex_lock(&feed->lock);
    enter(feed, feed->phase);
    struct feed_times times = {.reading = feed->spent[PHASE_READING], .waiting = feed->spent[PHASE_WAITING]};
    pthread_mutex_unlock(&feed->lock);
    return times;
}
