// What writing and reading checkpoints share: the blocks of numbers in a file, in their order. Private to
// core/train/checkpoint*.c.
#ifndef CORE_TRAIN_CHECKPOINT_PARTS_H
#define CORE_TRAIN_CHECKPOINT_PARTS_H

#include "core/base/str.h"
#include "core/train/state.h"

enum { CHECKPOINT_BLOCKS = 5 };
extern const char *const checkpoint_tags[CHECKPOINT_BLOCKS];
extern const enum slot checkpoint_slots[CHECKPOINT_BLOCKS];
int checkpoint_blocks(const struct trainer *trainer);               // that its file has
size_t checkpoint_count(const struct trainer *trainer, int block);  // floats
void checkpoint_free(float *blocks[CHECKPOINT_BLOCKS]);
// A line for the whole and one for each layer: what must agree before weights can be taken over.
void checkpoint_layers(struct str *out, const struct trainer *trainer);

#endif
