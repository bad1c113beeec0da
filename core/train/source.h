// Where batches come from: one data set made ready for a model — every row as real numbers or as
// 8-bit pixels — and which rows are for training, validation and test. Made by datasets/, read by
// the trainer; shared by reference count, never changed once made. Where memory is short the features are not in memory
// but in a file: whoever needs them asks for rows, and the trainer has them brought by a thread of its own (feed.h).
#ifndef CORE_TRAIN_SOURCE_H
#define CORE_TRAIN_SOURCE_H

#include <stdatomic.h>

#include "core/base/status.h"
#include "core/tensor.h"

enum part { PART_TRAIN, PART_VALIDATION, PART_TEST, PART_COUNT };
enum source_task { SOURCE_CLASSIFY, SOURCE_REGRESS };

struct source {
    _Atomic int references;
    size_t rows;
    struct shape sample;    // [features] or [channels, height, width]
    enum dtype dtype;       // DTYPE_F32 or DTYPE_U8 (pixels)
    const void *features;   // [rows, …sample]; NULL: they lie in `file`
    int file;               // where features is NULL: the rows one after the other from its start (spill.h)
    enum source_task task;
    const int32_t *labels;  // classify: [rows], 0 … classes-1
    const float *targets;   // regress: [rows], standardized: (y − target_mean)/target_sd
    size_t classes;         // classify: ≥ 2
    char **class_names;     // [classes]
    char **feature_names;   // [features], NULL for images
    uint32_t *categories;   // [features] 0: a number, else an index below that; numbers come first. NULL: all numbers
    char *target_name;      // what is predicted: a column's name, "class" for images
    double target_mean, target_sd;              // to turn predictions back
    float pixel_mean[4], pixel_sd[4];           // per channel, of v/255; measured on training rows or given
    uint32_t *part_rows[PART_COUNT];            // row numbers of each part, ascending
    size_t part_count[PART_COUNT];
    uint64_t *origin;       // [rows]: row number in the file's table, before any was dropped
    uint64_t fingerprint;   // hash of features, labels and parts: a checkpoint is refused on other data
    void *owner;            // for `destroy`
    void (*destroy)(struct source *source); // frees everything, the struct too
};

struct source *source_share(struct source *source);
void source_release(struct source *source); // NULL allowed
size_t source_row_bytes(const struct source *source); // of the features
// Features of rows first … first + count - 1, wherever they lie. Any thread.
enum status source_read(const struct source *source, size_t first, size_t count, void *to, struct error *error);
// Features of rows[count] in that order; what ascends is read from a file in long runs.
enum status source_gather(const struct source *source, const uint32_t *rows, size_t count, void *to,
                          struct error *error);

#endif
