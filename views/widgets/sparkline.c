#include "views/widgets/sparkline.h"

#include <math.h>

struct spark {
    const double *values;
    size_t count, first;
    int width;
    bool whole;
};

// The maximum of the values that fall into column i, NaN when there is none.
static double column_value(const struct spark *spark, int i) {
    size_t from = spark->first + (size_t)i, to = from + 1;
    if (spark->whole) {
        from = spark->count * (size_t)i / (size_t)spark->width;
        to = spark->count * ((size_t)i + 1) / (size_t)spark->width;
        to = to > from ? to : from + 1;
    }
    double most = NAN;
    for (; from < to && from < spark->count; from++)
        if (!(spark->values[from] <= most) && isfinite(spark->values[from]))
            most = spark->values[from];
    return most;
}

static void fit(const struct spark *spark, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (int i = 0; i < spark->width; i++) {
        double value = column_value(spark, i);
        *low = value < *low ? value : *low;
        *high = value > *high ? value : *high;
    }
}

void sparkline_draw(struct canvas *canvas, int x, int y, int width, const double *values, size_t count, double low,
                    double high, bool whole, enum ink ink) {
    static const char ascii[8] = "_.-=+*%#";
    if (width <= 0)
        return;
    size_t skipped = !whole && count > (size_t)width ? count - (size_t)width : 0;
    struct spark spark = {values, count, skipped, width, whole && count > (size_t)width};
    if (!(low < high))
        fit(&spark, &low, &high);
    for (int i = 0; i < width; i++) {
        double value = column_value(&spark, i);
        if (isnan(value))
            continue;
        double share = high > low ? (value - low) / (high - low) : 0.5;
        int level = (int)lround((share < 0 ? 0 : share > 1 ? 1 : share) * 7);
        canvas_put(canvas, x + i, y, style_ink(ink), canvas->ascii ? (uint32_t)ascii[level] : 0x2581 + (uint32_t)level);
    }
}
