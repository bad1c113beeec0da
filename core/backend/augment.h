// How pictures are changed on their way into a batch: what is drawn for one, and a fast way to carry it out in
// main memory (the cpu backend's and the feed's; core/backend/ref_ops.inc.h is the specification, gather.cu the
// GPU's). Everything is drawn from (seed, epoch, row of the data set) alone, so a picture in an epoch is the
// same whatever the batch size, the threads or the device. No allocation, no state, any thread.
#ifndef CORE_BACKEND_AUGMENT_H
#define CORE_BACKEND_AUGMENT_H

#include "core/backend/backend.h"

struct augment_drawn { // for one picture; steps are done in this order
    int64_t crop[2];   // y, x: −padding … padding
    int64_t shift[2];  // y, x: −translation … translation
    bool flip;
    double brightness, contrast; // 0 and 1 where they do not change
    int64_t cut[2], cut_size;    // top, left of the square that is cut out, may begin outside; size 0: none
};

bool augment_any(const struct augment *augment); // is a picture changed at all?
// The draws of program.h, OP_GATHER.
struct augment_drawn augment_draw(const struct augment *augment, uint64_t seed, uint64_t epoch, uint64_t row,
                                  int64_t height, int64_t width);
// Where pixel `to` of a side of `size` comes from before flipping: −1 = from nowhere, it is 0 after normalization.
int64_t augment_from(int64_t to, int64_t size, int64_t shift, int64_t crop, bool reflect);
// What v/255 becomes before it is normalized: contrast around the set's mean color, brightness, within 0 … 1.
double augment_tone(double pixel, double mean, const struct augment_drawn *drawn);

struct picture_kind { // all pictures of a set
    int64_t channels, height, width;
    bool pixels;                                              // 8 bits, else f32
    float mean[IMAGE_CHANNELS_MOST], sd[IMAGE_CHANNELS_MOST]; // of pixels
    float table[IMAGE_CHANNELS_MOST][256];                    // what each pixel value becomes, unchanged
};

void picture_kind_ready(struct picture_kind *kind); // fills the table from the rest
// One picture [channels][height][width] into y, the same shape, normalized. `augment` NULL: as it is.
void picture_make(const struct picture_kind *kind, const void *picture, const struct augment *augment,
                  const struct augment_drawn *drawn, float *y);

#endif
