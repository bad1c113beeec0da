// What convolution and pooling share: a window that moves over padded images. Arrays are [height, width].
#ifndef CORE_NN_WINDOW_H
#define CORE_NN_WINDOW_H

#include "core/nn/layer.h"

// Sets layer->out to [channels, …] for a window moving over layer->in [C,H,W]; refuses a window that
// is larger than the padded image, and strides and paddings that make no sense.
enum status window_configure(struct layer *layer, int64_t channels, const int window[2], const int stride[2],
                             const int padding[2], struct error *error);
char *window_text(const int window[2], const int stride[2], const int padding[2], char out[64]); // "5×5, stride 2": strides of 1 are left out

#endif
