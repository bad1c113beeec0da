// Read-ahead: a thread that has the training rows of a source ready one after the other, in the order of the epochs
// (where the features lie in a file by shuffle.h, else by a sampler), before the trainer asks for them. Between the two lies a ring of a fixed number of
// rows: where it is full the thread waits (training is what takes the time), where it is empty the trainer does
// (reading is). The trainer names the rows it wants by epoch and position; ones that do not follow on those before, as
// after a checkpoint was loaded, make the thread begin there. It reads on into the next epoch, so that none begins with
// a wait that could have been shorter, but not beyond the last one. The feed owns thread and ring and shares the
// source. All functions are for one other thread; feed_times for any.
#ifndef CORE_TRAIN_FEED_H
#define CORE_TRAIN_FEED_H

#include <stdbool.h>

#include "core/train/source.h"

struct feed;

struct feed_place {
    uint64_t epoch, epochs; // which one, from 0; how many there are
    size_t position;        // in its order
};

struct feed_span {        // rows one after the other; good until the next feed_take
    const void *features; // [count, …sample]
    const void *truth;    // labels or targets, [count]
    size_t count;
};

struct feed_times {          // seconds
    double reading, waiting; // the thread: bringing rows; with a full ring
};

// A ring of `places` rows, at least 16. Starts the thread, which reads nothing before the first call of the two below.
enum status feed_open(struct feed **feed, struct source *source, uint64_t seed, size_t places, struct error *error);
void feed_close(struct feed *feed); // ends the thread, wherever it is; NULL allowed
// Waits up to `seconds` until `count` rows from there on, or half a ring, are ready. What made reading
// fail (a full disk) is the error of this and of feed_take, until other rows are asked for.
enum status feed_wait(struct feed *feed, struct feed_place place, size_t count, double seconds, bool *ready,
                      struct error *error);
// At least one row and at most `most`: waits until there is one. Gives back what was taken before.
enum status feed_take(struct feed *feed, struct feed_place place, size_t most, struct feed_span *span,
                      struct error *error);
size_t feed_most_ready(const struct feed *feed); // of rows that feed_wait can say are ready
struct feed_times feed_times(struct feed *feed);

// Memory for shuffling, in bytes: an eighth of what is left, from 4 to 256 MB, unless it was set (tests; 0: as usual).
void feed_set_memory(size_t bytes);

#endif
