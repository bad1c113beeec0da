#include "views/widgets/bars.h"

#include <math.h>

#include "views/widgets/gauge.h"

struct bars_shape {
    int label, text, bar; // columns
    double most;
};

static const char *value_text(const struct bar *bar, char number[TEXT_NUMBER_SIZE]) {
    return bar->text ? bar->text : text_real(bar->value, 6, NUMBER_SCREEN, number);
}

static struct bars_shape measure(const struct bar *bars, size_t count, int width, bool ascii) {
    char number[TEXT_NUMBER_SIZE];
    struct bars_shape shape = {0};
    for (size_t i = 0; i < count; i++) {
        int label = text_width(bars[i].label, ascii), text = text_width(value_text(&bars[i], number), ascii);
        shape.label = label > shape.label ? label : shape.label;
        shape.text = text > shape.text ? text : shape.text;
        shape.most = fmax(shape.most, bars[i].value);
    }
    shape.label = shape.label > width / 3 ? width / 3 : shape.label;
    shape.bar = width - shape.label - shape.text - 2;
    return shape;
}

void bars_draw(struct canvas *canvas, struct rect rect, const struct bar *bars, size_t count) {
    if (rect_empty(rect))
        return;
    bool cut = count > (size_t)rect.height;
    size_t shown = cut ? (size_t)rect.height - 1 : count;
    struct bars_shape shape = measure(bars, shown, rect.width, canvas->ascii);
    struct rect old = canvas_clip(canvas, rect);
    for (size_t i = 0; i < shown; i++) {
        char number[TEXT_NUMBER_SIZE];
        int y = rect.y + (int)i, x = rect.x + shape.label + 1;
        const char *text = value_text(&bars[i], number);
        canvas_field(canvas, rect.x, y, shape.label, TEXT_LEFT, style_ink(INK_TEXT), bars[i].label);
        if (shape.bar > 0 && shape.most > 0)
            gauge_fill(canvas, x, y, shape.bar, bars[i].value / shape.most, bars[i].ink);
        canvas_field(canvas, rect.x + rect.width - shape.text, y, shape.text, TEXT_RIGHT, style_ink(INK_NUMBER), text);
    }
    if (cut)
        canvas_print(canvas, rect.x, rect.y + (int)shown, style_ink(INK_DIM), "… %zu more", count - shown);
    canvas_unclip(canvas, old);
}
