#include "views/widgets/tabs.h"

#include <string.h>

// How much of the tabs there is room for: titles apart, titles side by side, or the title of the active one alone.
enum fit { FIT_WIDE, FIT_CLOSE, FIT_KEYS };

static int tab_width(const struct tab *tab, bool titled) {
    int key = tab->key ? 1 : 0;
    return 2 + key + (titled ? text_width(tab->title, true) + key : 0);
}

// From where the tab begins to where the next one does: side by side they share an edge.
static int tab_step(const struct tab *tab, enum fit fit, bool active) {
    return tab_width(tab, fit != FIT_KEYS || active) - (fit == FIT_CLOSE ? 1 : 0);
}

static int total_width(const struct tab *tabs, size_t count, enum fit fit, size_t active) {
    int total = fit == FIT_CLOSE ? 1 : 0;
    for (size_t i = 0; i < count; i++)
        total += tab_step(&tabs[i], fit, i == active);
    return total;
}

static enum fit fit_of(struct rect row, const struct tab *tabs, size_t count, size_t active) {
    enum fit fit = FIT_WIDE;
    while (fit < FIT_KEYS && total_width(tabs, count, fit, active) > row.width)
        fit++;
    return fit;
}

static void draw_tab(struct canvas *canvas, int x, int y, const struct tab *tab, bool titled, bool active) {
    color bg = active ? INK_SELECTED : INK_DEFAULT;
    struct style title = style_on(active ? INK_SELECTED_TEXT : INK_TEXT, bg);
    struct style edge = style_on(active ? INK_ACCENT : INK_FAINT, INK_DEFAULT);
    int width = tab_width(tab, titled), at = x + 1;
    if (active) {
        canvas_fill(canvas, (struct rect){x + 1, y, width - 2, 1}, title, ' ');
        canvas_put(canvas, x, y, edge, canvas->ascii ? '[' : 0x2590);
        canvas_put(canvas, x + width - 1, y, edge, canvas->ascii ? ']' : 0x258C);
        title.attributes |= STYLE_BOLD;
    }
    if (tab->key) {
        canvas_put(canvas, at, y, style_back(style_ink(active ? INK_SELECTED_TEXT : INK_DIM), bg),
                   (uint32_t)(unsigned char)tab->key);
        at += titled ? 2 : 1;
    }
    if (titled)
        canvas_text(canvas, at, y, title, tab->title);
}

int tabs_draw(struct canvas *canvas, struct rect row, const struct tab *tabs, size_t count, size_t active) {
    struct rect old = canvas_clip(canvas, row);
    enum fit fit = fit_of(row, tabs, count, active);
    int x = row.x;
    for (size_t i = 0; i < count; i++) {
        draw_tab(canvas, x, row.y, &tabs[i], fit != FIT_KEYS || i == active, i == active);
        x += tab_step(&tabs[i], fit, i == active);
    }
    canvas_unclip(canvas, old);
    int used = total_width(tabs, count, fit, active);
    return used < row.width ? used : row.width;
}

size_t tabs_hit(struct rect row, const struct tab *tabs, size_t count, size_t active, int x) {
    enum fit fit = fit_of(row, tabs, count, active);
    int at = row.x;
    for (size_t i = 0; i < count; i++) {
        int step = tab_step(&tabs[i], fit, i == active);
        if (x >= at && x < at + step && x < row.x + row.width)
            return i;
        at += step;
    }
    return count;
}
