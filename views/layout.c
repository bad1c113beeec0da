#include "views/layout.h"

static int least(int a, int b) {
    return a < b ? a : b;
}

static int most(int a, int b) {
    return a > b ? a : b;
}

// a + b that stays put at the ends, so that absurd rectangles cannot overflow.
static int add(int a, int b) {
    long long sum = (long long)a + b;
    return sum > 1000000000 ? 1000000000 : sum < -1000000000 ? -1000000000 : (int)sum;
}

bool rect_empty(struct rect rect) {
    return rect.width <= 0 || rect.height <= 0;
}

bool rect_contains(struct rect rect, int x, int y) {
    return x >= rect.x && y >= rect.y && x < add(rect.x, rect.width) && y < add(rect.y, rect.height);
}

struct rect rect_intersect(struct rect a, struct rect b) {
    int x = most(a.x, b.x), y = most(a.y, b.y);
    int right = least(add(a.x, most(a.width, 0)), add(b.x, most(b.width, 0)));
    int bottom = least(add(a.y, most(a.height, 0)), add(b.y, most(b.height, 0)));
    return (struct rect){x, y, most(add(right, -x), 0), most(add(bottom, -y), 0)};
}

struct rect rect_inset(struct rect rect, int columns, int rows) {
    return (struct rect){add(rect.x, columns), add(rect.y, rows), most(add(rect.width, -2 * columns), 0),
                         most(add(rect.height, -2 * rows), 0)};
}

struct rect rect_center(struct rect area, int width, int height) {
    width = most(least(width, area.width), 0);
    height = most(least(height, area.height), 0);
    return (struct rect){add(area.x, (most(area.width, 0) - width) / 2), add(area.y, (most(area.height, 0) - height) / 2),
                         width, height};
}

struct rect rect_take_top(struct rect *area, int rows) {
    struct rect taken = *area;
    taken.height = most(least(rows, area->height), 0);
    area->y = add(area->y, taken.height);
    area->height = most(area->height - taken.height, 0);
    return taken;
}

struct rect rect_take_bottom(struct rect *area, int rows) {
    struct rect taken = *area;
    taken.height = most(least(rows, area->height), 0);
    area->height = most(area->height - taken.height, 0);
    taken.y = add(area->y, area->height);
    return taken;
}

struct rect rect_take_left(struct rect *area, int columns) {
    struct rect taken = *area;
    taken.width = most(least(columns, area->width), 0);
    area->x = add(area->x, taken.width);
    area->width = most(area->width - taken.width, 0);
    return taken;
}

struct rect rect_take_right(struct rect *area, int columns) {
    struct rect taken = *area;
    taken.width = most(least(columns, area->width), 0);
    area->width = most(area->width - taken.width, 0);
    taken.x = add(area->x, area->width);
    return taken;
}

// Earlier parts get their minimum first; a part without a cell takes its gap with it.
static int serve_minimums(int length, const struct layout_part *parts, size_t count, int gap, int *sizes) {
    int room = length;
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        int before = first ? 0 : gap, wanted = most(parts[i].min, parts[i].weight > 0);
        sizes[i] = wanted > 0 && room > before ? least(wanted, room - before) : 0;
        if (sizes[i] == 0)
            continue;
        room -= before + sizes[i];
        first = false;
    }
    return room;
}

static bool can_grow(const struct layout_part *part, int size) {
    return part->weight > 0 && size > 0 && (part->max <= 0 || size < part->max);
}

// Raises parts toward a common size per weight, the part that is furthest behind first: every part ends at
// max(min, share), which is what a reader of min and weight expects.
static void share_room(int room, const struct layout_part *parts, size_t count, int *sizes) {
    for (; room > 0; room--) {
        size_t behind = count;
        for (size_t i = 0; i < count; i++) {
            if (!can_grow(&parts[i], sizes[i]))
                continue;
            if (behind == count ||
                (long long)(sizes[i] + 1) * parts[behind].weight < (long long)(sizes[behind] + 1) * parts[i].weight)
                behind = i;
        }
        if (behind == count)
            return;
        sizes[behind]++;
    }
}

void layout_split(int length, const struct layout_part *parts, size_t count, int gap, int *sizes) {
    int room = serve_minimums(most(length, 0), parts, count, most(gap, 0), sizes);
    share_room(room, parts, count, sizes);
}

static void layout_place(struct rect area, const struct layout_part *parts, size_t count, int gap, struct rect *out,
                         bool down) {
    int sizes[LAYOUT_PARTS_MOST];
    int at = down ? area.y : area.x;
    layout_split(down ? area.height : area.width, parts, count, gap, sizes);
    for (size_t i = 0; i < count; i++) {
        out[i] = down ? (struct rect){area.x, at, most(area.width, 0), sizes[i]}
                      : (struct rect){at, area.y, sizes[i], most(area.height, 0)};
        at = add(at, sizes[i] > 0 ? sizes[i] + most(gap, 0) : 0);
    }
}

void layout_rows(struct rect area, const struct layout_part *parts, size_t count, int gap, struct rect *out) {
    layout_place(area, parts, count, gap, out, true);
}

void layout_columns(struct rect area, const struct layout_part *parts, size_t count, int gap, struct rect *out) {
    layout_place(area, parts, count, gap, out, false);
}
