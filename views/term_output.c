#include "views/term_output.h"

#include <string.h>

#define BRIDGE 4      // equal cells that are rewritten rather than jumped over: a jump costs as much
#define ERASE_LEAST 6 // trailing blanks that are cheaper to erase than to write

struct frame {
    struct term_output *output;
    const struct canvas *canvas;
};

void term_output_free(struct term_output *output) {
    canvas_free(&output->last);
    str_free(&output->bytes);
    term_pictures_free(&output->pictures);
}

void term_output_restart(struct term_output *output) {
    output->whole = true;
    output->resolved_valid = false;
}

// ---- pen -----------------------------------------------------------------------------------------

static void add_parameter(struct str *out, bool *first, unsigned value) {
    str_format(out, *first ? "%u" : ";%u", value);
    *first = false;
}

static void add_pen_color(struct str *out, bool *first, uint32_t value, bool back) {
    unsigned base = back ? 40 : 30;
    if (value == PEN_DEFAULT) {
        add_parameter(out, first, base + 9);
    } else if (value & COLOR_IS_RGB) {
        add_parameter(out, first, base + 8);
        str_format(out, ";2;%u;%u;%u", value >> 16 & 255u, value >> 8 & 255u, value & 255u);
    } else if (value < 8) {
        add_parameter(out, first, base + value);
    } else if (value < 16) {
        add_parameter(out, first, base + 60 + value - 8);
    } else {
        add_parameter(out, first, base + 8);
        str_format(out, ";5;%u", value);
    }
}

// Attributes cannot all be taken back one by one everywhere, so losing one resets the pen.
static void set_pen(struct term_output *output, struct pen pen) {
    static const struct {
        uint32_t bit;
        unsigned code;
    } attributes[] = {{STYLE_BOLD, 1}, {STYLE_DIM, 2}, {STYLE_ITALIC, 3}, {STYLE_UNDERLINE, 4}, {STYLE_REVERSE, 7},
                      {STYLE_STRIKE, 9}};
    struct pen *now = &output->pen;
    struct str *out = &output->bytes;
    bool first = true;
    if (now->fg == pen.fg && now->bg == pen.bg && now->attributes == pen.attributes)
        return;
    str_add(out, "\033[");
    if (now->attributes & ~pen.attributes) {
        add_parameter(out, &first, 0);
        *now = (struct pen){PEN_DEFAULT, PEN_DEFAULT, 0};
    }
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (pen.attributes & ~now->attributes & attributes[i].bit)
            add_parameter(out, &first, attributes[i].code);
    if (pen.fg != now->fg)
        add_pen_color(out, &first, pen.fg, false);
    if (pen.bg != now->bg)
        add_pen_color(out, &first, pen.bg, true);
    str_add_char(out, 'm');
    *now = pen;
}

static struct pen pen_of(struct term_output *output, struct style style) {
    if (!output->resolved_valid || memcmp(&style, &output->style, sizeof style) != 0) {
        output->style = style;
        output->resolved = theme_resolve(output->theme, output->depth, style);
        output->resolved_valid = true;
    }
    return output->resolved;
}

// ---- cursor and cells ------------------------------------------------------------------------------

static void move_cursor(struct term_output *output, int x, int y) {
    struct str *out = &output->bytes;
    if (output->x == x && output->y == y)
        return;
    if (output->x == -1 || output->y != y) {
        if (output->x != -1 && y == output->y + 1 && x == 0)
            str_add(out, "\r\n");
        else if (x == 0)
            str_format(out, "\033[%dH", y + 1);
        else
            str_format(out, "\033[%d;%dH", y + 1, x + 1);
    } else if (x > output->x) {
        int by = x - output->x;
        str_format(out, by == 1 ? "\033[C" : "\033[%dC", by);
    } else if (x == 0) {
        str_add_char(out, '\r');
    } else {
        int by = output->x - x;
        if (by <= 3)
            str_add_bytes(out, "\b\b\b", (size_t)by);
        else
            str_format(out, "\033[%dD", by);
    }
    output->x = x;
    output->y = y;
}

// Terminals disagree on how wide emoji sequences, private characters and some marks are.
static bool is_uncertain(const struct canvas_cell *cell) {
    return cell->marks[0] || cell->code >= 0x1F000 || (cell->code >= 0xE000 && cell->code <= 0xF8FF);
}

static void put_cell(struct term_output *output, const struct canvas_cell *cell, int x, int y, int width) {
    char bytes[4];
    move_cursor(output, x, y);
    set_pen(output, pen_of(output, cell->style));
    str_add_bytes(&output->bytes, bytes, utf8_encode(cell->code, bytes));
    for (int i = 0; i < TEXT_MARKS && cell->marks[i]; i++)
        str_add_bytes(&output->bytes, bytes, utf8_encode(cell->marks[i], bytes));
    output->x = x + text_code_width(cell->code);
    if (output->x >= width || is_uncertain(cell))
        output->x = -1;
}

static bool is_plain_blank(struct term_output *output, const struct canvas_cell *cell) {
    struct pen pen = pen_of(output, cell->style);
    return cell->code == ' ' && pen.bg == PEN_DEFAULT &&
           !(pen.attributes & (STYLE_REVERSE | STYLE_UNDERLINE | STYLE_STRIKE));
}

// Where the blanks at the end of row y begin.
static int blank_from(struct term_output *output, const struct canvas *canvas, int y) {
    int x = canvas->width;
    while (x > 0) {
        struct canvas_cell cell = canvas_at(canvas, x - 1, y);
        if (!is_plain_blank(output, &cell))
            break;
        x--;
    }
    return x;
}

static void erase_to_end(struct term_output *output, int x, int y) {
    struct pen plain = {PEN_DEFAULT, PEN_DEFAULT, 0};
    move_cursor(output, x, y);
    set_pen(output, plain);
    str_add(&output->bytes, "\033[K");
}

static bool can_bridge(struct term_output *output, const struct canvas *canvas, int from, int to, int y) {
    for (int x = from; x < to; x++) {
        struct canvas_cell cell = canvas_at(canvas, x, y);
        struct pen pen = pen_of(output, cell.style);
        if (cell.code < ' ' || cell.code > 0x7E || memcmp(&pen, &output->pen, sizeof pen) != 0)
            return false;
    }
    return true;
}

static void send_run(void *data, int x, int y, int length) {
    struct frame *frame = data;
    struct term_output *output = frame->output;
    const struct canvas *canvas = frame->canvas;
    int end = x + length;
    if (output->y == y && output->x >= 0 && x > output->x && x - output->x <= BRIDGE &&
        can_bridge(output, canvas, output->x, x, y))
        x = output->x;
    int blank = end == canvas->width ? blank_from(output, canvas, y) : end;
    blank = blank < x ? x : blank;
    bool erase = end - blank >= ERASE_LEAST;
    for (int stop = erase ? blank : end; x < stop; x++) {
        struct canvas_cell cell = canvas_at(canvas, x, y);
        if (cell.code != 0)
            put_cell(output, &cell, x, y, canvas->width);
    }
    if (erase)
        erase_to_end(output, blank, y);
}

// ---- frames --------------------------------------------------------------------------------------

static enum status start_whole(struct term_output *output, const struct canvas *canvas, struct error *error) {
    enum status status = canvas_resize(&output->last, canvas->width, canvas->height, error);
    if (status != STATUS_OK)
        return status;
    term_pictures_restart(&output->pictures, &output->bytes);
    str_add(&output->bytes, "\033[0m\033[?25l\033[H\033[2J");
    output->pen = (struct pen){PEN_DEFAULT, PEN_DEFAULT, 0};
    output->x = output->y = 0;
    output->cursor_shown = false;
    output->whole = false;
    return STATUS_OK;
}

static void place_cursor(struct term_output *output, const struct canvas *canvas) {
    if (canvas->cursor_shown)
        move_cursor(output, canvas->cursor_x, canvas->cursor_y);
    if (canvas->cursor_shown != output->cursor_shown)
        str_add(&output->bytes, canvas->cursor_shown ? "\033[?25h" : "\033[?25l");
    output->cursor_shown = canvas->cursor_shown;
}

// A cell that no canvas has, so that it is sent again.
static void uncover(void *data, struct rect rect) {
    struct canvas *last = data;
    rect = rect_intersect(rect, canvas_area(last));
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            last->cells[(size_t)y * (size_t)last->width + (size_t)x].code = UINT32_MAX;
}

enum status term_output_frame(struct term_output *output, const struct canvas *canvas, struct error *error) {
    struct frame frame = {output, canvas};
    bool resized = output->last.width != canvas->width || output->last.height != canvas->height;
    size_t before = output->bytes.length;
    enum status status = STATUS_OK;
    bool wrap = output->synchronized && (output->whole || resized);
    if (wrap)
        str_add(&output->bytes, "\033[?2026h");
    if (output->whole || resized)
        status = start_whole(output, canvas, error);
    if (status != STATUS_OK)
        return status;
    term_pictures_begin(&output->pictures, canvas, &output->bytes, uncover, &output->last);
    size_t changed = canvas_diff(&output->last, canvas, send_run, &frame);
    if (term_pictures_end(&output->pictures, canvas, &output->bytes))
        output->x = -1;
    place_cursor(output, canvas);
    if (wrap)
        str_add(&output->bytes, "\033[?2026l");
    if (output->bytes.failed) {
        size_t needed = output->bytes.length - before;
        str_free(&output->bytes);
        term_output_restart(output);
        return error_memory(error, "a frame", needed);
    }
    if (changed > 0)
        canvas_copy(&output->last, canvas);
    return STATUS_OK;
}
