#include "views/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define WIDE_RIGHT 0u // code of the right half of a wide character

static const struct canvas_cell blank = {.code = ' '};

enum status canvas_resize(struct canvas *canvas, int width, int height, struct error *error) {
    width = width < 1 ? 1 : width > CANVAS_MOST ? CANVAS_MOST : width;
    height = height < 1 ? 1 : height > CANVAS_MOST ? CANVAS_MOST : height;
    size_t count = (size_t)width * (size_t)height;
    if (width != canvas->width || height != canvas->height) {
        struct canvas_cell *cells = mem_alloc(count, sizeof *cells);
        if (!cells)
            return error_memory(error, "the screen", count * sizeof *cells);
        mem_free(canvas->cells);
        canvas->cells = cells;
        canvas->width = width;
        canvas->height = height;
    }
    canvas_clear(canvas);
    return STATUS_OK;
}

void canvas_free(struct canvas *canvas) {
    mem_free(canvas->cells);
    *canvas = (struct canvas){0};
}

void canvas_clear(struct canvas *canvas) {
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = blank;
    canvas->clip = canvas_area(canvas);
    canvas->cursor_shown = false;
    if (canvas->pictures) {
        canvas->pictures->count = 0;
        str_clear(&canvas->pictures->pixels);
    }
}

void canvas_pictures_free(struct canvas_pictures *pictures) {
    mem_free(pictures->items);
    str_free(&pictures->pixels);
    *pictures = (struct canvas_pictures){0};
}

struct rect canvas_area(const struct canvas *canvas) {
    return (struct rect){0, 0, canvas->width, canvas->height};
}

struct rect canvas_clip(struct canvas *canvas, struct rect rect) {
    struct rect old = canvas->clip;
    canvas->clip = rect_intersect(old, rect);
    return old;
}

void canvas_unclip(struct canvas *canvas, struct rect old) {
    canvas->clip = old;
}

static struct canvas_cell *cell_at(const struct canvas *canvas, int x, int y) {
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

// Coordinates that text may run through without overflowing; anything beyond is far outside every canvas.
static bool drawable(int x, int y) {
    return x > -(1 << 20) && x < 1 << 20 && y > -(1 << 20) && y < 1 << 20;
}

static void set_cell(struct canvas *canvas, int x, int y, struct style style, uint32_t code, const uint32_t *marks) {
    if (!rect_contains(canvas->clip, x, y))
        return;
    struct canvas_cell *cell = cell_at(canvas, x, y);
    *cell = (struct canvas_cell){.code = code, .style = style};
    if (marks)
        memcpy(cell->marks, marks, sizeof cell->marks);
}

// A wide character of which only one half is inside the clip shows as a blank there.
static void set_glyph(struct canvas *canvas, int x, int y, struct style style, const struct text_glyph *glyph) {
    if (glyph->replaced && (style.fg == INK_DEFAULT || style.fg == INK_TEXT))
        style.fg = INK_WARNING;
    if (glyph->count == 1 && glyph->width == 2) {
        bool whole = rect_contains(canvas->clip, x, y) && rect_contains(canvas->clip, x + 1, y);
        set_cell(canvas, x, y, style, whole ? glyph->codes[0] : ' ', whole ? glyph->marks : NULL);
        set_cell(canvas, x + 1, y, style, whole ? WIDE_RIGHT : ' ', NULL);
        return;
    }
    for (int i = 0; i < glyph->count; i++)
        set_cell(canvas, x + i, y, style, glyph->codes[i], i == 0 ? glyph->marks : NULL);
}

int canvas_text_bytes(struct canvas *canvas, int x, int y, struct style style, const char *text, size_t bytes) {
    struct text_glyph glyph;
    int columns = 0;
    for (size_t at = 0, step; (step = text_next(text + at, bytes - at, canvas->ascii, &glyph)) > 0; at += step) {
        if (drawable(x, y) && columns < 1 << 20)
            set_glyph(canvas, x + columns, y, style, &glyph);
        columns += glyph.width;
    }
    return columns;
}

int canvas_text(struct canvas *canvas, int x, int y, struct style style, const char *text) {
    return canvas_text_bytes(canvas, x, y, style, text, strlen(text));
}

int canvas_print(struct canvas *canvas, int x, int y, struct style style, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return canvas_text(canvas, x, y, style, text);
}

void canvas_put(struct canvas *canvas, int x, int y, struct style style, uint32_t code) {
    char bytes[4];
    size_t length = utf8_encode(code, bytes);
    canvas_text_bytes(canvas, x, y, style, bytes, length);
}

void canvas_field(struct canvas *canvas, int x, int y, int width, enum text_align align, struct style style,
                  const char *text) {
    char cut[1024];
    if (width <= 0 || !drawable(x, y))
        return;
    text_cut(text, width, canvas->ascii, cut, sizeof cut);
    int used = text_width(cut, canvas->ascii), room = used < width ? width - used : 0;
    int before = align == TEXT_RIGHT ? room : align == TEXT_CENTER ? room / 2 : 0;
    canvas_fill(canvas, (struct rect){x, y, width, 1}, style, ' ');
    // The original, not the copy: what the copy spells out as \x1b keeps its warning color only when drawn from here.
    if (used == text_width(text, canvas->ascii))
        canvas_text(canvas, x + before, y, style, text);
    else
        canvas_text(canvas, x + before, y, style, cut);
}

// The bytes of the next line: up to the last blank that fits, or as much as fits of a long word.
static size_t wrap_line(const char *text, size_t length, int width, bool ascii, size_t *next) {
    size_t line = strcspn(text, "\n");
    line = line < length ? line : length;
    size_t fits = text_fit(text, line, width, ascii, NULL), end = fits;
    if (fits < line && text[fits] != ' ') {
        while (end > 0 && text[end - 1] != ' ')
            end--;
        if (end == 0)
            end = fits > 0 ? fits : line;
    }
    *next = end;
    while (*next < line && text[*next] == ' ')
        ++*next;
    if (*next == line && line < length)
        ++*next;
    while (end > 0 && text[end - 1] == ' ')
        end--;
    return end;
}

int canvas_wrap(struct canvas *canvas, struct rect rect, int skip, struct style style, const char *text) {
    size_t length = strlen(text), at = 0, next;
    int lines = 0;
    if (rect.width <= 0 || !drawable(rect.x, rect.y))
        return 0;
    for (; at < length; at += next, lines++) {
        size_t line = wrap_line(text + at, length - at, rect.width, canvas->ascii, &next);
        if (lines >= skip && lines - skip < rect.height)
            canvas_text_bytes(canvas, rect.x, rect.y + lines - skip, style, text + at, line);
    }
    return lines;
}

int canvas_wrap_lines(int width, const char *text) {
    size_t length = strlen(text), next;
    int lines = 0;
    for (size_t at = 0; width > 0 && at < length; at += next, lines++)
        wrap_line(text + at, length - at, width, false, &next);
    return lines;
}

void canvas_fill(struct canvas *canvas, struct rect rect, struct style style, uint32_t code) {
    struct rect inside = rect_intersect(rect, canvas->clip);
    if (code != ' ' && canvas->ascii)
        code = text_ascii_of(code);
    for (int y = inside.y; y < inside.y + inside.height; y++)
        for (int x = inside.x; x < inside.x + inside.width; x++)
            *cell_at(canvas, x, y) = (struct canvas_cell){.code = code, .style = style};
}

void canvas_paint(struct canvas *canvas, struct rect rect, struct style style) {
    struct rect inside = rect_intersect(rect, canvas->clip);
    for (int y = inside.y; y < inside.y + inside.height; y++)
        for (int x = inside.x; x < inside.x + inside.width; x++)
            cell_at(canvas, x, y)->style = style;
}

void canvas_paint_back(struct canvas *canvas, struct rect rect, color bg) {
    struct rect inside = rect_intersect(rect, canvas->clip);
    for (int y = inside.y; y < inside.y + inside.height; y++)
        for (int x = inside.x; x < inside.x + inside.width; x++)
            cell_at(canvas, x, y)->style.bg = bg;
}

void canvas_hline(struct canvas *canvas, int x, int y, int length, struct style style) {
    canvas_fill(canvas, (struct rect){x, y, length, 1}, style, 0x2500);
}

void canvas_vline(struct canvas *canvas, int x, int y, int length, struct style style) {
    canvas_fill(canvas, (struct rect){x, y, 1, length}, style, 0x2502);
}

static void box_title(struct canvas *canvas, struct rect rect, struct style line, const char *title,
                      struct style title_style, const char *note) {
    char cut[512];
    int room = rect.width - 4, used = 0; // corners, and a line cell inside each
    if (title && title[0] && room >= 3) {
        text_cut(title, room - 2, canvas->ascii, cut, sizeof cut);
        canvas_put(canvas, rect.x + 1, rect.y, line, ' ');
        used = canvas_text(canvas, rect.x + 2, rect.y, title_style, cut) + 2;
        canvas_put(canvas, rect.x + used, rect.y, line, ' ');
    }
    if (!note || !note[0] || room - used < 4)
        return;
    text_cut(note, room - used - 2, canvas->ascii, cut, sizeof cut);
    int width = text_width(cut, canvas->ascii), x = rect.x + rect.width - width - 2;
    canvas_put(canvas, x - 1, rect.y, line, ' ');
    canvas_text(canvas, x, rect.y, style_back(style_ink(INK_DIM), line.bg), cut);
    canvas_put(canvas, x + width, rect.y, line, ' ');
}

struct rect canvas_box(struct canvas *canvas, struct rect rect, struct style line, const char *title,
                       struct style title_style, const char *note) {
    bool far = !drawable(rect.x, rect.y) || !drawable(rect.width, rect.height);
    if (rect.width < 2 || rect.height < 2 || far)
        return rect_inset(rect, 1, 1);
    int right = rect.x + rect.width - 1, bottom = rect.y + rect.height - 1;
    canvas_hline(canvas, rect.x + 1, rect.y, rect.width - 2, line);
    canvas_hline(canvas, rect.x + 1, bottom, rect.width - 2, line);
    canvas_vline(canvas, rect.x, rect.y + 1, rect.height - 2, line);
    canvas_vline(canvas, right, rect.y + 1, rect.height - 2, line);
    canvas_put(canvas, rect.x, rect.y, line, 0x256D);
    canvas_put(canvas, right, rect.y, line, 0x256E);
    canvas_put(canvas, rect.x, bottom, line, 0x2570);
    canvas_put(canvas, right, bottom, line, 0x256F);
    box_title(canvas, rect, line, title, title_style, note);
    return rect_inset(rect, 1, 1);
}

struct rect canvas_pane(struct canvas *canvas, struct rect rect, bool focused, const char *title, const char *note) {
    if (canvas->record)
        snprintf(canvas->pane, sizeof canvas->pane, "%s", title ? title : "");
    struct style line = style_ink(focused ? INK_ACCENT : INK_FAINT);
    return canvas_box(canvas, rect, line, title, focused ? style_bold(INK_ACCENT) : style_bold(INK_TITLE), note);
}

void canvas_cursor(struct canvas *canvas, int x, int y) {
    if (!rect_contains(canvas->clip, x, y))
        return;
    canvas->cursor_shown = true;
    canvas->cursor_x = x;
    canvas->cursor_y = y;
}
