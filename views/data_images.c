// The Data view of an image set: a grid of thumbnails, one picture large, classes and channels.
#include <stdio.h>

#include "views/data_parts.h"
#include "views/widgets/bars.h"
#include "views/widgets/histogram.h"
#include "views/widgets/thumbnail.h"

size_t images_shown(const struct image_set *images, int only_class) {
    if (only_class < 0)
        return images->count;
    size_t shown = 0;
    for (size_t i = 0; i < images->count; i++)
        shown += images->labels[i] == only_class;
    return shown;
}

size_t images_at(const struct image_set *images, int only_class, size_t index) {
    if (only_class < 0)
        return index;
    for (size_t i = 0; i < images->count; i++)
        if (images->labels[i] == only_class && index-- == 0)
            return i;
    return 0;
}

// ---- the grid -------------------------------------------------------------------------------------------

struct grid_shape {
    int width, height;   // of one thumbnail, without its label
    int across, down;
    size_t first;        // index of the first one shown
};

static struct grid_shape shape_of(const struct image_grid *grid, const struct image_set *images, struct rect area) {
    struct grid_shape shape;
    struct picture picture = picture_at(images, 0);
    int most = area.width >= 100 ? 20 : area.width >= 60 ? 14 : 10;
    thumbnail_size(&picture, most, most / 2, 1, &shape.width, &shape.height);
    shape.across = area.width / (shape.width + 2) > 0 ? area.width / (shape.width + 2) : 1;
    shape.down = area.height / (shape.height + 1) > 0 ? area.height / (shape.height + 1) : 1;
    size_t page_row = grid->chosen / (size_t)shape.across;
    size_t top = page_row < (size_t)shape.down ? 0 : page_row - (size_t)shape.down + 1;
    shape.first = top * (size_t)shape.across;
    return shape;
}

static void draw_one(const struct image_set *images, size_t index, bool chosen, struct canvas *canvas,
                     struct rect cell) {
    struct picture picture = picture_at(images, index);
    struct rect label = rect_take_bottom(&cell, 1);
    thumbnail_draw(canvas, cell, &picture);
    struct style style = chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_DIM);
    canvas_field(canvas, label.x, label.y, label.width, TEXT_CENTER, style, images->class_names[images->labels[index]]);
}

static void draw_large(const struct image_grid *grid, const struct image_set *images, struct canvas *canvas,
                       struct rect area) {
    size_t index = images_at(images, grid->only_class, grid->chosen);
    struct picture picture = picture_at(images, index);
    struct rect label = rect_take_bottom(&area, 1);
    int width, height;
    thumbnail_size(&picture, area.width, area.height, 8, &width, &height);
    thumbnail_draw(canvas, rect_center(area, width, height), &picture);
    canvas_print(canvas, label.x + 1, label.y, style_ink(INK_TEXT), "image %zu: %s", index + 1,
                 images->class_names[images->labels[index]]);
}

void images_draw(const struct image_grid *grid, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area) {
    const struct image_set *images = snapshot->dataset->images;
    size_t shown = images_shown(images, grid->only_class);
    char title[96], note[64];
    snprintf(title, sizeof title, "%.60s",
             grid->only_class < 0 ? "all classes" : images->class_names[grid->only_class]);
    snprintf(note, sizeof note, "%zu of %zu", shown ? grid->chosen + 1 : 0, shown);
    struct rect inside = rect_inset(canvas_pane(canvas, area, true, title, note), 1, 0);
    if (!shown)
        return;
    if (grid->large) {
        draw_large(grid, images, canvas, inside);
        return;
    }
    struct grid_shape shape = shape_of(grid, images, inside);
    for (int i = 0; i < shape.across * shape.down && shape.first + (size_t)i < shown; i++) {
        size_t index = shape.first + (size_t)i;
        struct rect cell = {inside.x + i % shape.across * (shape.width + 2),
                            inside.y + i / shape.across * (shape.height + 1), shape.width, shape.height + 1};
        draw_one(images, images_at(images, grid->only_class, index), index == grid->chosen, canvas, cell);
    }
}

bool images_request(struct image_grid *grid, const struct image_set *images, struct rect area, enum request request) {
    size_t shown = images_shown(images, grid->only_class);
    struct grid_shape shape = shape_of(grid, images, rect_inset(area, 2, 1));
    size_t row = grid->large ? 1 : (size_t)shape.across, page = row * (size_t)shape.down, before = grid->chosen;
    if (!shown)
        return false;
    if (request == REQUEST_RIGHT)
        grid->chosen++;
    else if (request == REQUEST_LEFT && grid->chosen)
        grid->chosen--;
    else if (request == REQUEST_DOWN)
        grid->chosen += row;
    else if (request == REQUEST_UP)
        grid->chosen -= grid->chosen >= row ? row : 0;
    else if (request == REQUEST_PAGE_DOWN)
        grid->chosen += page;
    else if (request == REQUEST_PAGE_UP)
        grid->chosen -= grid->chosen >= page ? page : grid->chosen;
    else if (request == REQUEST_TOP || request == REQUEST_FIRST_COLUMN)
        grid->chosen = 0;
    else if (request == REQUEST_BOTTOM || request == REQUEST_LAST_COLUMN)
        grid->chosen = shown - 1;
    if (grid->chosen >= shown)
        grid->chosen = shown - 1;
    return grid->chosen != before;
}

// ---- classes and channels -------------------------------------------------------------------------------

#define CLASSES_DRAWN 64

static void draw_classes(const struct image_set *images, const struct image_profile *profile, struct canvas *canvas,
                         struct rect area) {
    struct bar bars[CLASSES_DRAWN];
    char texts[CLASSES_DRAWN][TEXT_NUMBER_SIZE];
    size_t count = images->classes < CLASSES_DRAWN ? images->classes : CLASSES_DRAWN;
    for (size_t i = 0; i < count; i++)
        bars[i] = (struct bar){.label = images->class_names[i],
                               .value = (double)profile->class_counts[i],
                               .text = text_integer((int64_t)profile->class_counts[i], NUMBER_SCREEN, texts[i]),
                               .ink = theme_class_ink(i)};
    bars_draw(canvas, area, bars, count);
}

static void draw_channels(const struct image_set *images, const struct image_profile *profile, struct canvas *canvas,
                          struct rect area) {
    static const char *const color_names[] = {"red", "green", "blue", "alpha"};
    struct rect old = canvas_clip(canvas, area);
    for (size_t i = 0; i < images->channels && !rect_empty(area); i++) {
        struct rect row = rect_take_top(&area, 1);
        canvas_print(canvas, row.x, row.y, style_ink(INK_TEXT), "%-5s mean %.3f sd %.3f",
                     images->channels >= 3 ? color_names[i] : "gray", profile->mean[i], profile->sd[i]);
        double counts[256];
        for (size_t j = 0; j < 256; j++)
            counts[j] = (double)profile->histogram[i][j];
        struct histogram_chart chart = {.counts = counts, .bins = 256, .low = 0, .high = 255, .ink = INK_BAR};
        histogram_draw(canvas, rect_take_top(&area, area.height > 8 ? 3 : 1), &chart);
    }
    canvas_unclip(canvas, old);
}

void images_pane_draw(const struct image_grid *grid, const struct snapshot *snapshot, struct canvas *canvas,
                      struct rect area) {
    const struct image_set *images = snapshot->dataset->images;
    (void)grid;
    int channel_rows = (int)images->channels * (area.height > 30 ? 4 : 2) + 2;
    struct rect channels = rect_take_bottom(&area, channel_rows);
    struct rect classes = rect_inset(canvas_pane(canvas, area, false, "classes", "c filters"), 1, 0);
    struct rect below = rect_inset(canvas_pane(canvas, channels, false, "channels (v/255)", NULL), 1, 0);
    if (!snapshot->profile || !snapshot->profile->images) {
        canvas_text(canvas, classes.x, classes.y, style_ink(INK_DIM), "counting …");
        return;
    }
    draw_classes(images, snapshot->profile->images, canvas, classes);
    draw_channels(images, snapshot->profile->images, canvas, below);
}
