#include "views/widgets/thumbnail.h"

#include <math.h>

#include "core/base/mem.h"
#include "datasets/dataset.h"

struct picture picture_of(const struct image_set *images, const uint8_t *pixels) {
    return (struct picture){.pixels = pixels,
                            .width = (int)images->width,
                            .height = (int)images->height,
                            .channels = images->channels >= 3 ? 3 : 1,
                            .step_x = 1,
                            .step_y = images->width,
                            .step_channel = images->height * images->width};
}

struct picture picture_at(const struct image_set *images, uint64_t index) {
    return picture_of(images, images->pixels + (size_t)index * images->channels * images->height * images->width);
}

void thumbnail_size(const struct picture *picture, int most_width, int most_height, int zoom, int *width, int *height) {
    double across = picture->width * (double)zoom, down = picture->height * (double)zoom / 2, scale = 1;
    scale = fmin(scale, most_width / across);
    scale = fmin(scale, most_height / down);
    *width = (int)fmax(1, floor(across * scale + 1e-9));
    *height = (int)fmax(1, ceil(down * scale - 1e-9));
    *height = *height > most_height && most_height > 0 ? most_height : *height;
}

// The mean over the source pixels that fall under target pixel i of `count`, at least one.
static void source_range(int i, int count, int pixels, int *from, int *to) {
    *from = (int)((long long)i * pixels / count);
    *to = (int)((long long)(i + 1) * pixels / count);
    if (*to <= *from)
        *to = *from + 1;
}

static color average(const struct picture *picture, int x, int y, int width, int height) {
    int x0, x1, y0, y1;
    unsigned sums[3] = {0}, count = 0;
    source_range(x, width, picture->width, &x0, &x1);
    source_range(y, height, picture->height, &y0, &y1);
    for (int v = y0; v < y1; v++) {
        for (int u = x0; u < x1; u++, count++) {
            const uint8_t *pixel = picture->pixels + (size_t)u * picture->step_x + (size_t)v * picture->step_y;
            for (size_t c = 0; c < 3; c++)
                sums[c] += pixel[picture->channels < 3 ? 0 : c * picture->step_channel];
        }
    }
    return color_rgb(sums[0] / count, sums[1] / count, sums[2] / count);
}

static double luma(color rgb) {
    return (0.299 * (rgb >> 16 & 255u) + 0.587 * (rgb >> 8 & 255u) + 0.114 * (rgb & 255u)) / 255;
}

// For terminals that show pixels; without memory for it the half blocks stay.
static void keep(struct canvas_pictures *pictures, struct rect rect, const struct picture *picture) {
    if (!vec_reserve(&pictures->items, &pictures->capacity, pictures->count + 1, sizeof *pictures->items))
        return;
    size_t at = pictures->pixels.length;
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++)
            for (size_t c = 0; c < 3; c++)
                str_add_char(&pictures->pixels, (char)picture->pixels[(size_t)x * picture->step_x + (size_t)y * picture->step_y +
                                                                      (picture->channels < 3 ? 0 : c * picture->step_channel)]);
    if (!pictures->pixels.failed)
        pictures->items[pictures->count++] = (struct canvas_picture){rect, picture->width, picture->height, at};
}

void thumbnail_draw(struct canvas *canvas, struct rect rect, const struct picture *picture) {
    static const char shades[] = " .:-=+*#%@";
    if (rect_empty(rect) || picture->width <= 0 || picture->height <= 0)
        return;
    struct rect seen = rect_intersect(rect, canvas->clip);
    bool whole = seen.width == rect.width && seen.height == rect.height;
    if (canvas->pictures && whole && !canvas->ascii && !canvas->mono)
        keep(canvas->pictures, rect, picture);
    for (int y = seen.y - rect.y; y < seen.y - rect.y + seen.height; y++) {
        for (int x = seen.x - rect.x; x < seen.x - rect.x + seen.width; x++) {
            color upper = average(picture, x, 2 * y, rect.width, 2 * rect.height);
            color lower = average(picture, x, 2 * y + 1, rect.width, 2 * rect.height);
            if (canvas->ascii) {
                long shade = lround((luma(upper) + luma(lower)) / 2 * 9);
                canvas_put(canvas, rect.x + x, rect.y + y, style_ink(INK_TEXT), (uint32_t)shades[shade]);
            } else {
                canvas_put(canvas, rect.x + x, rect.y + y, style_on(upper, lower), 0x2580);
            }
        }
    }
}
