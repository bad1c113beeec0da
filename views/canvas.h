// A grid of styled cells in memory. Views draw here and only here; term.c puts it on the screen, tests
// dump it as text. The canvas owns its cells: canvas_resize makes them, canvas_free releases them.
// Every drawing function accepts any coordinates and writes only inside the clip rectangle; text is
// UTF-8, goes through views/text.h, and so can never carry a control character. One thread at a time.
//
// In ASCII mode the same calls come out as ASCII: box lines as + - |, blocks as #, known signs as their
// nearest letter, anything else as '?'. Callers need not care, except for braille (widgets/dots.h).
#ifndef VIEWS_CANVAS_H
#define VIEWS_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "views/layout.h"
#include "views/text.h"
#include "views/theme.h"

#define CANVAS_MOST 4096 // rows or columns; larger sizes are cut to this

struct canvas_cell {
    uint32_t code;               // ' ' when blank; 0 = right half of the wide character to the left
    uint32_t marks[TEXT_MARKS];  // combining marks on it; 0 = no more
    struct style style;
};

struct canvas_picture { // pixels that the cells of `rect` show in half blocks
    struct rect rect;
    int width, height;
    size_t at; // of its first byte in `pixels`: red, green, blue, row by row
};
struct canvas_pictures {
    struct canvas_picture *items;
    size_t count, capacity;
    struct str pixels;
};
void canvas_pictures_free(struct canvas_pictures *pictures);

struct plot_record; // widgets/plot_record.h

struct canvas {
    int width, height;
    struct canvas_cell *cells; // row by row
    struct rect clip;
    bool ascii;
    bool mono; // no colors are shown: what color alone would tell apart needs letters
    bool cursor_shown; // the terminal's cursor: only edit lines show it
    int cursor_x, cursor_y;
    struct canvas_pictures *pictures; // those of this frame are kept in it for the terminal; NULL: it shows none. Borrowed
    struct plot_record *record; // gets the plots, which then are not drawn; NULL: they are. Borrowed
    char pane[96];              // title of the pane that was drawn last, where there is a record
};

// All cells blank, clip = everything, cursor hidden. On failure the canvas keeps its old size.
enum status canvas_resize(struct canvas *canvas, int width, int height, struct error *error);
void canvas_free(struct canvas *canvas);
void canvas_clear(struct canvas *canvas); // blank in the default style, clip = everything, cursor hidden
struct rect canvas_area(const struct canvas *canvas);

// Narrows the clip to its intersection with `rect` and returns the old one for canvas_unclip.
struct rect canvas_clip(struct canvas *canvas, struct rect rect);
void canvas_unclip(struct canvas *canvas, struct rect old);

void canvas_put(struct canvas *canvas, int x, int y, struct style style, uint32_t code); // one character
void canvas_fill(struct canvas *canvas, struct rect rect, struct style style, uint32_t code);
void canvas_paint(struct canvas *canvas, struct rect rect, struct style style); // style only, text stays
void canvas_paint_back(struct canvas *canvas, struct rect rect, color bg);      // background only

// Draw at (x, y) to the right and return the columns the whole text takes, drawn or clipped.
int canvas_text(struct canvas *canvas, int x, int y, struct style style, const char *text);
int canvas_text_bytes(struct canvas *canvas, int x, int y, struct style style, const char *text, size_t bytes);
int canvas_print(struct canvas *canvas, int x, int y, struct style style, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
// Draws into exactly `width` columns: cut with an ellipsis, padded with blanks, aligned.
void canvas_field(struct canvas *canvas, int x, int y, int width, enum text_align align, struct style style,
                  const char *text);
// Wraps at blanks into `rect` from `skip` lines on; returns the lines the whole text needs.
int canvas_wrap(struct canvas *canvas, struct rect rect, int skip, struct style style, const char *text);
int canvas_wrap_lines(int width, const char *text); // the lines that it needs

void canvas_hline(struct canvas *canvas, int x, int y, int length, struct style style);
void canvas_vline(struct canvas *canvas, int x, int y, int length, struct style style);
// A frame along the inside edge of `rect`; returns the room inside it. `title` (NULL = none) stands in
// the top line on the left, `note` (NULL = none) on the right; each is cut when there is no room.
struct rect canvas_box(struct canvas *canvas, struct rect rect, struct style line, const char *title,
                       struct style title_style, const char *note);
// A pane is a box in the program's own styles: accent lines and bold title when focused.
struct rect canvas_pane(struct canvas *canvas, struct rect rect, bool focused, const char *title, const char *note);

void canvas_cursor(struct canvas *canvas, int x, int y); // shown there, if inside the clip

// The cell as a reader must see it: an orphaned half of a wide character reads as a blank. Outside the
// canvas: a blank.
struct canvas_cell canvas_at(const struct canvas *canvas, int x, int y);
bool canvas_cell_equal(const struct canvas_cell *a, const struct canvas_cell *b);

// The text, one line per row without blanks at its end.
void canvas_dump_text(const struct canvas *canvas, struct str *out);
// The styles as runs, one line per row that has any: "  3: 0-11 title+bold, 14 error on panel".
void canvas_dump_styles(const struct canvas *canvas, struct str *out);

// Calls `run` for every horizontal run of cells that differ between two canvases of one size;
// `before` NULL or of another size: every row whole. Returns the number of differing cells.
typedef void canvas_run(void *data, int x, int y, int length);
size_t canvas_diff(const struct canvas *before, const struct canvas *after, canvas_run *run, void *data);
void canvas_copy(struct canvas *to, const struct canvas *from); // same size

#endif
