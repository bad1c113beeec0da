// Reading a canvas: cells as they must be shown, text dumps, differences. Declared in views/canvas.h.
#include <stdio.h>
#include <string.h>

#include "views/canvas.h"

static const struct canvas_cell *cell_at(const struct canvas *canvas, int x, int y) {
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

static bool is_wide(const struct canvas_cell *cell) {
    return cell->code >= 0x1100 && text_code_width(cell->code) == 2;
}

struct canvas_cell canvas_at(const struct canvas *canvas, int x, int y) {
    if (!rect_contains(canvas_area(canvas), x, y))
        return (struct canvas_cell){.code = ' '};
    struct canvas_cell cell = *cell_at(canvas, x, y);
    bool orphan = false;
    if (cell.code == 0)
        orphan = x == 0 || !is_wide(cell_at(canvas, x - 1, y));
    else if (is_wide(&cell))
        orphan = x + 1 >= canvas->width || cell_at(canvas, x + 1, y)->code != 0;
    if (orphan)
        cell = (struct canvas_cell){.code = ' ', .style = cell.style};
    return cell;
}

bool canvas_cell_equal(const struct canvas_cell *a, const struct canvas_cell *b) {
    return memcmp(a, b, sizeof *a) == 0; // only 32-bit members: no padding
}

void canvas_copy(struct canvas *to, const struct canvas *from) {
    memcpy(to->cells, from->cells, (size_t)from->width * (size_t)from->height * sizeof *from->cells);
    to->cursor_shown = from->cursor_shown;
    to->cursor_x = from->cursor_x;
    to->cursor_y = from->cursor_y;
    to->ascii = from->ascii;
}

static void add_code(struct str *out, uint32_t code) {
    char bytes[4];
    str_add_bytes(out, bytes, utf8_encode(code, bytes));
}

static void dump_row(const struct canvas *canvas, int y, struct str *out) {
    int end = canvas->width;
    while (end > 0 && canvas_at(canvas, end - 1, y).code == ' ')
        end--;
    for (int x = 0; x < end; x++) {
        struct canvas_cell cell = canvas_at(canvas, x, y);
        if (cell.code == 0)
            continue;
        add_code(out, cell.code);
        for (int i = 0; i < TEXT_MARKS && cell.marks[i]; i++)
            add_code(out, cell.marks[i]);
    }
    str_add_char(out, '\n');
}

void canvas_dump_text(const struct canvas *canvas, struct str *out) {
    for (int y = 0; y < canvas->height; y++)
        dump_row(canvas, y, out);
}

static void add_color(struct str *out, color value) {
    if (value & COLOR_IS_RGB)
        str_format(out, "#%06x", (unsigned)(value & 0xFFFFFFu));
    else
        str_add(out, ink_name((enum ink)value));
}

static void add_style(struct str *out, struct style style) {
    static const struct {
        uint32_t bit;
        const char *name;
    } attributes[] = {{STYLE_BOLD, "+bold"},           {STYLE_DIM, "+dim"},         {STYLE_ITALIC, "+italic"},
                      {STYLE_UNDERLINE, "+underline"}, {STYLE_REVERSE, "+reverse"}, {STYLE_STRIKE, "+strike"}};
    add_color(out, style.fg);
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (style.attributes & attributes[i].bit)
            str_add(out, attributes[i].name);
    if (style.bg != INK_DEFAULT) {
        str_add(out, " on ");
        add_color(out, style.bg);
    }
}

static bool same_style(struct style a, struct style b) {
    return a.fg == b.fg && a.bg == b.bg && a.attributes == b.attributes;
}

// A blank without background or line looks the same in every ink: dumped as the default.
static struct style visible_style(const struct canvas *canvas, int x, int y) {
    struct canvas_cell cell = canvas_at(canvas, x, y);
    bool shows = cell.code != ' ' || (cell.style.attributes & (STYLE_UNDERLINE | STYLE_REVERSE | STYLE_STRIKE));
    if (!shows)
        cell.style = style_on(INK_DEFAULT, cell.style.bg);
    return cell.style;
}

void canvas_dump_styles(const struct canvas *canvas, struct str *out) {
    for (int y = 0; y < canvas->height; y++) {
        bool any = false;
        for (int x = 0, end; x < canvas->width; x = end) {
            struct style style = visible_style(canvas, x, y);
            for (end = x + 1; end < canvas->width && same_style(visible_style(canvas, end, y), style);)
                end++;
            if (same_style(style, (struct style){0}))
                continue;
            if (any)
                str_add(out, ", ");
            else
                str_format(out, "%3d: ", y);
            any = true;
            str_format(out, end - x > 1 ? "%d-%d " : "%d ", x, end - 1);
            add_style(out, style);
        }
        if (any)
            str_add_char(out, '\n');
    }
}

static bool differs(const struct canvas *before, const struct canvas *after, int x, int y) {
    struct canvas_cell old = canvas_at(before, x, y), new = canvas_at(after, x, y);
    return !canvas_cell_equal(&old, &new);
}

// Runs never start or end inside a wide character of the new canvas.
static size_t diff_row(const struct canvas *before, const struct canvas *after, int y, canvas_run *run, void *data) {
    size_t count = 0;
    for (int x = 0; x < after->width;) {
        if (!differs(before, after, x, y)) {
            x++;
            continue;
        }
        int start = x > 0 && canvas_at(after, x, y).code == 0 ? x - 1 : x;
        while (x < after->width && differs(before, after, x, y))
            x++;
        while (x < after->width && canvas_at(after, x, y).code == 0)
            x++;
        count += (size_t)(x - start);
        run(data, start, y, x - start);
    }
    return count;
}

size_t canvas_diff(const struct canvas *before, const struct canvas *after, canvas_run *run, void *data) {
    size_t count = 0, row_bytes = (size_t)after->width * sizeof *after->cells;
    bool same_size = before && before->width == after->width && before->height == after->height;
    for (int y = 0; y < after->height; y++) {
        if (!same_size) {
            run(data, 0, y, after->width);
            count += (size_t)after->width;
        } else if (memcmp(cell_at(before, 0, y), cell_at(after, 0, y), row_bytes) != 0) {
            count += diff_row(before, after, y, run, data);
        }
    }
    return count;
}
