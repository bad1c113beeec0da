#include "views/widgets/tabs.h"

#include <string.h>

static int tab_width(const struct tab *tab, bool titled) {
    int key = tab->key ? 1 : 0;
    return 2 + key + (titled ? text_width(tab->title, true) + key : 0);
}

// Inactive titles are shown only when all of them fit.
static bool titles_fit(struct rect row, const struct tab *tabs, size_t count) {
    int total = 0;
    for (size_t i = 0; i < count; i++)
        total += tab_width(&tabs[i], true);
    return total <= row.width;
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
    bool all = titles_fit(row, tabs, count);
    int x = row.x;
    for (size_t i = 0; i < count; i++) {
        draw_tab(canvas, x, row.y, &tabs[i], all || i == active, i == active);
        x += tab_width(&tabs[i], all || i == active);
    }
    canvas_unclip(canvas, old);
    return x - row.x < row.width ? x - row.x : row.width;
}

size_t tabs_hit(struct rect row, const struct tab *tabs, size_t count, size_t active, int x) {
    bool all = titles_fit(row, tabs, count);
    int at = row.x;
    for (size_t i = 0; i < count; i++) {
        int width = tab_width(&tabs[i], all || i == active);
        if (x >= at && x < at + width && x < row.x + row.width)
            return i;
        at += width;
    }
    return count;
}
