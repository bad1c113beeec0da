#include "views/widgets/gauge.h"

#include <math.h>

// Left-filling blocks of 1 … 8 eighths.
static uint32_t eighths(int count) {
    return count >= 8 ? 0x2588u : 0x2588u + 8u - (uint32_t)count;
}

void gauge_fill(struct canvas *canvas, int x, int y, int width, double share, enum ink ink) {
    struct style full = style_ink(ink);
    share = share > 0 ? share < 1 ? share : 1 : 0;
    int parts = canvas->ascii ? 1 : 8;
    int filled = (int)lround(share * width * parts);
    if (share > 0 && filled == 0)
        filled = 1;
    for (int i = 0; i < width && filled > i * parts; i++)
        canvas_put(canvas, x + i, y, full, canvas->ascii ? '#' : eighths(filled - i * parts));
}

void gauge_bar(struct canvas *canvas, int x, int y, int width, double share, enum ink ink) {
    struct style ends = style_ink(INK_FAINT);
    if (width >= 5) {
        canvas_put(canvas, x, y, ends, canvas->ascii ? '[' : 0x2595);
        canvas_put(canvas, x + width - 1, y, ends, canvas->ascii ? ']' : 0x258F);
        x++;
        width -= 2;
    }
    bool unknown = isnan(share);
    canvas_fill(canvas, (struct rect){x, y, width, 1}, ends, canvas->ascii ? '.' : unknown ? 0x2591 : ' ');
    if (!unknown)
        gauge_fill(canvas, x, y, width, share, ink);
}

void gauge_draw(struct canvas *canvas, struct rect row, const char *label, double share, const char *text,
                enum ink ink) {
    int label_width = label ? text_width(label, canvas->ascii) : 0, text_columns = text_width(text, canvas->ascii);
    int x = row.x, bar = row.width - label_width - text_columns - (label_width > 0) - (text_columns > 0);
    struct rect old = canvas_clip(canvas, row);
    if (label_width > 0)
        x += canvas_text(canvas, x, row.y, style_ink(INK_DIM), label) + 1;
    if (bar >= 3) {
        gauge_bar(canvas, x, row.y, bar, share, ink);
        x += bar + 1;
    }
    canvas_text(canvas, x, row.y, style_ink(INK_TEXT), text);
    canvas_unclip(canvas, old);
}

static enum ink ink_at(const double *edges, const enum ink *inks, size_t count, double at, size_t *part) {
    for (*part = 0; *part + 1 < count && at >= edges[*part];)
        ++*part;
    return inks[*part];
}

#define STACK_MOST 64

void gauge_stack(struct canvas *canvas, int x, int y, int width, const double *shares, const enum ink *inks,
                 size_t count) {
    double edges[STACK_MOST], sum = 0;
    count = count < STACK_MOST ? count : STACK_MOST;
    for (size_t i = 0; i < count; i++) {
        sum += shares[i] > 0 ? shares[i] : 0;
        edges[i] = sum;
    }
    for (int i = 0; i < width && sum > 0; i++) {
        size_t left, right;
        double scale = sum / width;
        if (canvas->ascii) {
            ink_at(edges, inks, count, (i + 0.5) * scale, &left);
            canvas_put(canvas, x + i, y, style_ink(inks[left]), 'a' + (uint32_t)left % 26);
            continue;
        }
        enum ink first = ink_at(edges, inks, count, (i + 1 / 16.0) * scale, &left);
        enum ink last = ink_at(edges, inks, count, (i + 15 / 16.0) * scale, &right);
        int filled = left == right ? 8 : (int)lround((edges[left] / scale - i) * 8);
        filled = filled < 1 ? 1 : filled > 8 ? 8 : filled;
        canvas_put(canvas, x + i, y, style_on(first, filled == 8 ? INK_DEFAULT : (color)last), eighths(filled));
    }
}
