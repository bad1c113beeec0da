#include "core/nn/window.h"

#include <stdio.h>

enum status window_configure(struct layer *layer, int64_t channels, const int window[2], const int stride[2],
                             const int padding[2], struct error *error) {
    layer->out = shape_make(3, (int64_t[]){channels, 0, 0});
    for (int i = 0; i < 2; i++) {
        if (window[i] < 1 || stride[i] < 1 || padding[i] < 0) {
            return error_set(error, STATUS_INVALID,
                             "%s: window %d, stride %d, padding %d; windows and strides start at 1, paddings at 0",
                             layer->name, window[i], stride[i], padding[i]);
        }
        int64_t room = layer->in.size[1 + i] + 2 * (int64_t)padding[i] - window[i];
        if (room < 0) {
            return error_set(error, STATUS_INVALID, "%s: a %d×%d window does not fit on a %lld×%lld map", layer->name,
                             window[0], window[1], (long long)layer->in.size[1], (long long)layer->in.size[2]);
        }
        layer->out.size[1 + i] = room / stride[i] + 1;
    }
    return STATUS_OK;
}

static int add_pair(char *out, size_t room, const char *before, const int pair[2]) {
    if (pair[0] == pair[1]) {
        return snprintf(out, room, "%s%d", before, pair[0]);
    }
    return snprintf(out, room, "%s%d×%d", before, pair[0], pair[1]);
}

char *window_text(const int window[2], const int stride[2], const int padding[2], char out[64]) {
    int length = snprintf(out, 64, "%d×%d", window[0], window[1]);
    if (stride[0] != 1 || stride[1] != 1) {
        length += add_pair(out + length, 64 - (size_t)length, ", stride ", stride);
    }
    if (length < 64 && (padding[0] > 0 || padding[1] > 0)) {
        add_pair(out + length, 64 - (size_t)length, ", padding ", padding);
    }
    return out;
}
