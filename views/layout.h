// Rectangles of cells and how they are divided: pure arithmetic, no allocation, any thread.
// A rectangle with a width or height of 0 or less is empty; every function accepts any rectangle and
// returns one whose sides are >= 0.
#ifndef VIEWS_LAYOUT_H
#define VIEWS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

struct rect {
    int x, y, width, height; // cells; (0,0) is the top left corner
};

bool rect_empty(struct rect rect);
bool rect_contains(struct rect rect, int x, int y);
struct rect rect_intersect(struct rect a, struct rect b);
struct rect rect_inset(struct rect rect, int columns, int rows); // smaller on every side
struct rect rect_center(struct rect area, int width, int height); // cut to the area

// Cut so many rows or columns off `area` and return them; what is left stays in `area`.
struct rect rect_take_top(struct rect *area, int rows);
struct rect rect_take_bottom(struct rect *area, int rows);
struct rect rect_take_left(struct rect *area, int columns);
struct rect rect_take_right(struct rect *area, int columns);

// One part of a division. It gets at least `min` cells while there is room (earlier parts are served
// first), at most `max` (0 = no limit), and a share of the rest by `weight` (0 = stays at min).
struct layout_part {
    int min, max, weight;
};

#define LAYOUT_PARTS_MOST 32

// Divides `length` into `count` (<= LAYOUT_PARTS_MOST) sizes with `gap` cells between neighbors.
// The sizes and gaps never sum to more than `length`; parts that do not fit get 0 and no gap.
void layout_split(int length, const struct layout_part *parts, size_t count, int gap, int *sizes);
void layout_rows(struct rect area, const struct layout_part *parts, size_t count, int gap, struct rect *out);
void layout_columns(struct rect area, const struct layout_part *parts, size_t count, int gap, struct rect *out);

#endif
