// Pictures in half blocks, 1×2 pixels a cell; in ASCII as shades. Stateless.
#ifndef VIEWS_WIDGETS_THUMBNAIL_H
#define VIEWS_WIDGETS_THUMBNAIL_H

#include <stdint.h>

#include "views/canvas.h"

// Bytes in any order: pixel (x, y) of channel c is pixels[x * step_x + y * step_y + c * step_channel].
struct picture {
    const uint8_t *pixels;
    int width, height, channels; // 1 = grey, 3 = red green blue
    size_t step_x, step_y, step_channel;
};

struct image_set;
// Pixels that lie as those of the set do: a picture of it, one changed, a mean. Borrowed.
struct picture picture_of(const struct image_set *images, const uint8_t *pixels);
struct picture picture_at(const struct image_set *images, uint64_t index); // a picture of the set

// The largest cell size within `most_*` that keeps the picture's shape (a cell is 1 wide, 2 high), at most one
// pixel per half cell × `zoom`.
void thumbnail_size(const struct picture *picture, int most_width, int most_height, int zoom, int *width, int *height);
// Scaled to fill `rect` (area average when smaller, nearest when larger).
void thumbnail_draw(struct canvas *canvas, struct rect rect, const struct picture *picture);

#endif
