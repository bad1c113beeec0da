// Colors by meaning. What is drawn names an ink (a role: "training", "error"); the theme turns it into
// a color at the last moment, and the terminal's depth into something it can show. Everything here is
// const data and pure functions; nothing is owned; any thread.
#ifndef VIEWS_THEME_H
#define VIEWS_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// X(enumerator, name). The names appear in golden screens.
#define THEME_INKS(X)                                                                                                  \
    X(INK_DEFAULT, "default") /* the terminal's own foreground or background */                                        \
    X(INK_TEXT, "text")                                                                                                \
    X(INK_DIM, "dim") /* secondary text, units, axes */                                                                \
    X(INK_FAINT, "faint") /* box lines, grid, empty part of a gauge */                                                 \
    X(INK_ACCENT, "accent") /* the focused pane, the active tab, a key in the footer */                                \
    X(INK_TITLE, "title")                                                                                              \
    X(INK_GOOD, "good")                                                                                                \
    X(INK_WARNING, "warning")                                                                                          \
    X(INK_ERROR, "error")                                                                                              \
    X(INK_TRAINING, "training") /* one fixed color for training … */                                                   \
    X(INK_VALIDATION, "validation") /* … and one for validation, everywhere */                                         \
    X(INK_TEST, "test")                                                                                                \
    X(INK_RUN, "run") /* other runs laid over */                                                                       \
    X(INK_MARK, "mark") /* vertical marks on curves */                                                                 \
    X(INK_CURSOR, "cursor") /* the reading cursor of a plot */                                                         \
    X(INK_MISSING, "missing") /* missing cells */                                                                      \
    X(INK_NUMBER, "number")                                                                                            \
    X(INK_KEY, "key")                                                                                                  \
    X(INK_MATCH, "match") /* letters that a search or the palette matched */                                           \
    X(INK_GAUGE, "gauge")                                                                                              \
    X(INK_BAR, "bar") /* histogram and bar chart */                                                                    \
    X(INK_BAR_OTHER, "bar_other") /* the second one: before/after, another split */                                    \
    X(INK_SELECTED, "selected") /* as background: the chosen row */                                                    \
    X(INK_SELECTED_TEXT, "selected_text")                                                                              \
    X(INK_PANEL, "panel") /* as background: header rows, tab bar, footer */                                            \
    X(INK_FIELD, "field") /* as background: an edit line */                                                            \
    X(INK_CLASS_0, "class0") /* categorical palette, safe for the color-blind: theme_class_ink() */                    \
    X(INK_CLASS_1, "class1")                                                                                           \
    X(INK_CLASS_2, "class2")                                                                                           \
    X(INK_CLASS_3, "class3")                                                                                           \
    X(INK_CLASS_4, "class4")                                                                                           \
    X(INK_CLASS_5, "class5")                                                                                           \
    X(INK_CLASS_6, "class6")                                                                                           \
    X(INK_CLASS_7, "class7")                                                                                           \
    X(INK_CLASS_8, "class8")                                                                                           \
    X(INK_CLASS_9, "class9")                                                                                           \
    X(INK_CLASS_10, "class10")                                                                                         \
    X(INK_CLASS_11, "class11")

enum ink {
#define X(id, name) id,
    THEME_INKS(X)
#undef X
        INK_COUNT
};

#define THEME_CLASSES 12

// A color as drawn: an ink, or 24 bits made with color_rgb.
typedef uint32_t color;
#define COLOR_IS_RGB 0x01000000u

static inline color color_rgb(unsigned red, unsigned green, unsigned blue) {
    return COLOR_IS_RGB | (red & 255u) << 16 | (green & 255u) << 8 | (blue & 255u);
}

enum style_attribute {
    STYLE_BOLD = 1,
    STYLE_DIM = 2,
    STYLE_ITALIC = 4,
    STYLE_UNDERLINE = 8,
    STYLE_REVERSE = 16,
    STYLE_STRIKE = 32,
};

struct style {
    color fg, bg;        // bg INK_DEFAULT: the terminal's own background
    uint32_t attributes; // STYLE_* bits
};

static inline struct style style_ink(enum ink ink) {
    return (struct style){.fg = (color)ink};
}
static inline struct style style_bold(enum ink ink) {
    return (struct style){.fg = (color)ink, .attributes = STYLE_BOLD};
}
static inline struct style style_on(color fg, color bg) {
    return (struct style){.fg = fg, .bg = bg};
}
static inline struct style style_with(struct style style, uint32_t attributes) {
    style.attributes |= attributes;
    return style;
}
static inline struct style style_back(struct style style, color bg) {
    style.bg = bg;
    return style;
}

const char *ink_name(enum ink ink);
enum ink theme_class_ink(size_t index); // class 12 is class 0 again: use labels too, never color alone

enum color_depth {
    DEPTH_NONE, // attributes only
    DEPTH_8,
    DEPTH_16,
    DEPTH_256,
    DEPTH_TRUE,
};

struct theme; // opaque: dark, light, safe, 16, mono, and where one was made own

// A theme of the person's own, "own": `base` with some inks in other colors (0xRRGGBB). Main thread, before it is used.
void theme_own_begin(const struct theme *base);
bool theme_own_ink(const char *ink, uint32_t rgb); // false: no ink is called that
const struct theme *theme_find(const char *name); // NULL: no such theme
const struct theme *theme_at(size_t index);       // NULL after the last
const char *theme_name(const struct theme *theme);

// What the terminal is told. Colors: PEN_DEFAULT, a palette index 0–255, or COLOR_IS_RGB | 0xRRGGBB.
#define PEN_DEFAULT 0xFFFFFFFFu
struct pen {
    uint32_t fg, bg;
    uint32_t attributes;
};

bool theme_is_mono(const struct theme *theme, enum color_depth depth); // no colors come out

// Resolves a style. At DEPTH_NONE (and in the theme "mono") meanings that would be color alone come
// out as attributes: selected is reversed, errors are bold.
struct pen theme_resolve(const struct theme *theme, enum color_depth depth, struct style style);

// Nearest entries of the xterm palettes: 256 (cube and greys, never the 16 changeable ones), 16, 8.
unsigned color_to_256(color rgb);
unsigned color_to_16(color rgb);

// Scales for heat maps; t in [0,1] is clamped, NaN gives mid grey. Sequential runs dark to bright
// (viridis-like: even in lightness, readable without color); diverging is blue–grey–orange.
color color_sequential(double t);
color color_diverging(double t);
// A class as 24 bits, for areas of color: what inks are on a dark ground.
color color_class(size_t index);
color color_mix(color a, color b, double share_of_b); // both of 24 bits
// The ink that can be read on top of that background: black or white as 24 bits.
color color_contrast(color rgb);

#endif
