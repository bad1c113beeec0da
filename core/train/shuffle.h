// The order of an epoch for features that lie in a file because memory is short. Rows read one by one in the sampler's
// order would cost a seek and a page of the disk each; here all is read and written in long runs. One pass over the
// file deals the training rows out to buckets of a second file: bucket b gets those of the places [b·m, (b + 1)·m) of
// the order; then one bucket after the other is brought into memory and its rows are handed out as the order says.
// That is the shuffle of Rao (1961) and Sandelius (1962), with buckets drawn from the permutation itself instead of
// one by one: so the order is bit for bit that of a set in memory, and as uniform, however many buckets there are.
// While one epoch is handed out the next one can be dealt, a little at a time, so that nobody waits for it: there are
// two such files, each as large as the training rows, used again and again.
// Owns its file and memory, all taken when it is opened; borrows the source. One thread at a time.
#ifndef CORE_TRAIN_SHUFFLE_H
#define CORE_TRAIN_SHUFFLE_H

#include <stdatomic.h>

#include "core/train/sampler.h"
#include "core/train/source.h"

struct deal {               // the rows of one epoch in a file of buckets
    struct sampler sampler; // for its order
    int file;               // -1: none
    bool reserved;          // the disk has room for it
    uint64_t epoch;         // UINT64_MAX: none
    size_t from;            // the first bucket that is there
    size_t next;            // row of the source that is dealt next; beyond the last: all are in the file
};

struct shuffle {
    const struct source *source;
    const _Atomic bool *stop;
    struct deal deals[2];
    int current;       // which of them is handed out; the other is the next epoch, perhaps
    bool no_room;      // the disk has none for a second file
    size_t count, row; // training rows; bytes of a row
    size_t bucket_rows, buckets;
    size_t loaded;       // the bucket in memory; SIZE_MAX: none
    char *bucket;        // [bucket_rows] rows as they lie in the file: ascending
    uint32_t *lies;      // [bucket_rows] which of them is the i-th of the order
    uint64_t *keys;      // [2][bucket_rows] scratch
    uint16_t *bucket_of; // [rows of the source] while dealing, which one epoch at a time is
    char *room;          // [buckets][room_rows] rows on their way to the file
    size_t room_rows, run_rows;
    uint32_t *waiting, *written; // [buckets] rows in the room; in the file
    char *run;                   // [run_rows] of the source's file
};

// About `memory` bytes for everything that does not grow by the row. Once *stop is true, what takes long ends with
// STATUS_CANCELLED.
enum status shuffle_open(struct shuffle *shuffle, const struct source *source, uint64_t seed, size_t memory,
                         const _Atomic bool *stop, struct error *error);
void shuffle_close(struct shuffle *shuffle); // safe on {0} and after a failure
// Brings the rows from `position` of the epoch's order on into memory; *count: how many are there now, at least 1.
enum status shuffle_bring(struct shuffle *shuffle, uint64_t epoch, size_t position, size_t *count, struct error *error);
// Deals some rows of an epoch that comes later out. False: there is nothing more to do for it now, or it cannot be done
// (then shuffle_bring will tell why). The rows brought before stay.
bool shuffle_ahead(struct shuffle *shuffle, uint64_t epoch);
// One of them: its features, and its number in the source. Good until the next shuffle_bring.
const void *shuffle_row(const struct shuffle *shuffle, size_t position, uint32_t *number);

#endif
