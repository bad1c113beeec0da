#include "views/theme.h"

#include <math.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define NONE 0xFF000000u // the terminal's own color

struct tint {
    uint32_t rgb;    // 0xRRGGBB or NONE
    uint8_t palette; // of 16; PLAIN = the terminal's own
    uint8_t mono;    // attributes that carry the meaning where there is no color
};
#define PLAIN 16

struct theme {
    const char *name;
    const struct tint *tints; // by ink
    enum color_depth most;    // never shows more than this
};

// Class colors: the eight of Okabe and Ito first, then four that keep apart from them in lightness.
static const struct tint dark[INK_COUNT] = {
    [INK_DEFAULT] = {NONE, PLAIN, 0},
    [INK_TEXT] = {NONE, PLAIN, 0},
    [INK_DIM] = {0x8B95A5, 8, 0},
    [INK_FAINT] = {0x4C5566, 8, 0},
    [INK_ACCENT] = {0x61AFEF, 12, STYLE_BOLD},
    [INK_TITLE] = {0xE8EDF4, 15, STYLE_BOLD},
    [INK_GOOD] = {0x7FCB8F, 10, 0},
    [INK_WARNING] = {0xE8C268, 11, STYLE_BOLD},
    [INK_ERROR] = {0xFF6F70, 9, STYLE_BOLD},
    [INK_TRAINING] = {0x56B4E9, 14, 0},
    [INK_VALIDATION] = {0xF5A623, 11, STYLE_BOLD},
    [INK_TEST] = {0xC79BF2, 13, 0},
    [INK_RUN] = {0x7D8799, 7, STYLE_DIM},
    [INK_MARK] = {0xD7B8FF, 13, 0},
    [INK_CURSOR] = {0xF2F4F8, 15, STYLE_BOLD},
    [INK_MISSING] = {0xF27AA5, 13, STYLE_BOLD},
    [INK_NUMBER] = {0xB9D7F5, 14, 0},
    [INK_KEY] = {0x61AFEF, 12, STYLE_BOLD},
    [INK_MATCH] = {0xFFD866, 11, STYLE_UNDERLINE},
    [INK_GAUGE] = {0x4EC9B0, 14, 0},
    [INK_BAR] = {0x5B9CF0, 12, 0},
    [INK_BAR_OTHER] = {0xF5A623, 11, 0},
    [INK_SELECTED] = {0x2B4C73, 4, STYLE_REVERSE},
    [INK_SELECTED_TEXT] = {0xFFFFFF, 15, 0},
    [INK_PANEL] = {0x1E242E, PLAIN, 0},
    [INK_FIELD] = {0x303A4A, 4, STYLE_UNDERLINE},
    [INK_CLASS_0] = {0x56B4E9, 14, 0},
    [INK_CLASS_1] = {0xE69F00, 11, 0},
    [INK_CLASS_2] = {0x12B886, 10, 0},
    [INK_CLASS_3] = {0xF0E442, 3, 0},
    [INK_CLASS_4] = {0xCC79A7, 13, 0},
    [INK_CLASS_5] = {0xE8602C, 9, 0},
    [INK_CLASS_6] = {0x2F80D0, 12, 0},
    [INK_CLASS_7] = {0xBFC5CE, 7, 0},
    [INK_CLASS_8] = {0xA9E5E0, 6, 0},
    [INK_CLASS_9] = {0x9B4FB8, 5, 0},
    [INK_CLASS_10] = {0xA6A04B, 2, 0},
    [INK_CLASS_11] = {0xFFC2D1, 1, 0},
};

static const struct tint light[INK_COUNT] = {
    [INK_DEFAULT] = {NONE, PLAIN, 0},
    [INK_TEXT] = {NONE, PLAIN, 0},
    [INK_DIM] = {0x5B6472, 8, 0},
    [INK_FAINT] = {0xB4BCC8, 7, 0},
    [INK_ACCENT] = {0x0B5CAD, 4, STYLE_BOLD},
    [INK_TITLE] = {0x14181F, 0, STYLE_BOLD},
    [INK_GOOD] = {0x1B7A3D, 2, 0},
    [INK_WARNING] = {0x8F5B00, 3, STYLE_BOLD},
    [INK_ERROR] = {0xC02026, 1, STYLE_BOLD},
    [INK_TRAINING] = {0x0072B2, 4, 0},
    [INK_VALIDATION] = {0xC25E00, 1, STYLE_BOLD},
    [INK_TEST] = {0x7B3FA8, 5, 0},
    [INK_RUN] = {0x808896, 8, STYLE_DIM},
    [INK_MARK] = {0x7B3FA8, 5, 0},
    [INK_CURSOR] = {0x14181F, 0, STYLE_BOLD},
    [INK_MISSING] = {0xB8266A, 5, STYLE_BOLD},
    [INK_NUMBER] = {0x1F4E79, 4, 0},
    [INK_KEY] = {0x0B5CAD, 4, STYLE_BOLD},
    [INK_MATCH] = {0xA34700, 1, STYLE_UNDERLINE},
    [INK_GAUGE] = {0x14857A, 6, 0},
    [INK_BAR] = {0x2F6FC4, 4, 0},
    [INK_BAR_OTHER] = {0xC25E00, 3, 0},
    [INK_SELECTED] = {0xBFD9F7, 6, STYLE_REVERSE},
    [INK_SELECTED_TEXT] = {0x0A1A2B, 0, 0},
    [INK_PANEL] = {0xECEFF4, PLAIN, 0},
    [INK_FIELD] = {0xDDE4EE, 7, STYLE_UNDERLINE},
    [INK_CLASS_0] = {0x0072B2, 4, 0},
    [INK_CLASS_1] = {0xC77800, 3, 0},
    [INK_CLASS_2] = {0x00805C, 2, 0},
    [INK_CLASS_3] = {0x9A8F00, 11, 0},
    [INK_CLASS_4] = {0xB4558A, 5, 0},
    [INK_CLASS_5] = {0xC04A00, 1, 0},
    [INK_CLASS_6] = {0x3D9BD6, 12, 0},
    [INK_CLASS_7] = {0x5B6472, 8, 0},
    [INK_CLASS_8] = {0x1F9E98, 6, 0},
    [INK_CLASS_9] = {0x6A2C91, 13, 0},
    [INK_CLASS_10] = {0x6B6A1F, 10, 0},
    [INK_CLASS_11] = {0xD9487D, 9, 0},
};

// Only hues that stay apart for the three kinds of color blindness: blue against orange, never red against green.
static const struct tint safe[INK_COUNT] = {
    [INK_DEFAULT] = {NONE, PLAIN, 0},
    [INK_TEXT] = {NONE, PLAIN, 0},
    [INK_DIM] = {0x929BA8, 8, 0},
    [INK_FAINT] = {0x565E6B, 8, 0},
    [INK_ACCENT] = {0x56B4E9, 12, STYLE_BOLD},
    [INK_TITLE] = {0xF2F4F8, 15, STYLE_BOLD},
    [INK_GOOD] = {0x56B4E9, 12, 0},
    [INK_WARNING] = {0xF0E442, 11, STYLE_BOLD},
    [INK_ERROR] = {0xE8702A, 9, STYLE_BOLD},
    [INK_TRAINING] = {0x56B4E9, 12, 0},
    [INK_VALIDATION] = {0xE69F00, 11, STYLE_BOLD},
    [INK_TEST] = {0xCC79A7, 13, 0},
    [INK_RUN] = {0x9AA2AF, 7, STYLE_DIM},
    [INK_MARK] = {0xCC79A7, 13, 0},
    [INK_CURSOR] = {0xF2F4F8, 15, STYLE_BOLD},
    [INK_MISSING] = {0xCC79A7, 13, STYLE_BOLD},
    [INK_NUMBER] = {0xC5DDF2, 14, 0},
    [INK_KEY] = {0x56B4E9, 12, STYLE_BOLD},
    [INK_MATCH] = {0xF0E442, 11, STYLE_UNDERLINE},
    [INK_GAUGE] = {0x56B4E9, 12, 0},
    [INK_BAR] = {0x56B4E9, 12, 0},
    [INK_BAR_OTHER] = {0xE69F00, 11, 0},
    [INK_SELECTED] = {0x1D4F7A, 4, STYLE_REVERSE},
    [INK_SELECTED_TEXT] = {0xFFFFFF, 15, 0},
    [INK_PANEL] = {0x20262F, PLAIN, 0},
    [INK_FIELD] = {0x343D4B, 4, STYLE_UNDERLINE},
    [INK_CLASS_0] = {0x56B4E9, 12, 0},
    [INK_CLASS_1] = {0xE69F00, 11, 0},
    [INK_CLASS_2] = {0x009E73, 10, 0},
    [INK_CLASS_3] = {0xF0E442, 3, 0},
    [INK_CLASS_4] = {0xCC79A7, 13, 0},
    [INK_CLASS_5] = {0xD55E00, 9, 0},
    [INK_CLASS_6] = {0x0072B2, 4, 0},
    [INK_CLASS_7] = {0xC8CDD4, 7, 0},
    [INK_CLASS_8] = {0xB5E8F0, 14, 0},
    [INK_CLASS_9] = {0x8C4FA0, 5, 0},
    [INK_CLASS_10] = {0x8F8A2E, 2, 0},
    [INK_CLASS_11] = {0xF7C7D9, 1, 0},
};

static struct tint own[INK_COUNT];
static struct theme themes[] = {
    {"dark", dark, DEPTH_TRUE}, {"light", light, DEPTH_TRUE}, {"safe", safe, DEPTH_TRUE},
    {"16", dark, DEPTH_16},     {"mono", dark, DEPTH_NONE},   {"own", own, DEPTH_NONE},
};
#define OWN (COUNT_OF(themes) - 1)
static bool has_own;

static size_t theme_count(void) {
    return has_own ? COUNT_OF(themes) : OWN;
}

static const char *const names[INK_COUNT] = {
#define X(id, name) [id] = name,
    THEME_INKS(X)
#undef X
};

const char *ink_name(enum ink ink) {
    return (unsigned)ink < INK_COUNT ? names[ink] : "?";
}

enum ink theme_class_ink(size_t index) {
    return (enum ink)(INK_CLASS_0 + index % THEME_CLASSES);
}

color color_class(size_t index) {
    return COLOR_IS_RGB | dark[theme_class_ink(index)].rgb;
}

const struct theme *theme_find(const char *name) {
    for (size_t i = 0; i < theme_count(); i++)
        if (strcmp(themes[i].name, name) == 0)
            return &themes[i];
    return NULL;
}

const struct theme *theme_at(size_t index) {
    return index < theme_count() ? &themes[index] : NULL;
}

const char *theme_name(const struct theme *theme) {
    return theme->name;
}

void theme_own_begin(const struct theme *base) {
    memcpy(own, base->tints, sizeof own);
    themes[OWN].most = base->most;
    has_own = true;
}

bool theme_own_ink(const char *name, uint32_t rgb) {
    for (int ink = 0; ink < INK_COUNT; ink++)
        if (strcmp(names[ink], name) == 0) {
            own[ink] = (struct tint){rgb, (uint8_t)color_to_16(rgb), own[ink].mono};
            return true;
        }
    return false;
}

// ---- colors the terminal has ---------------------------------------------------------------------

static int channel(color rgb, int shift) {
    return (int)(rgb >> shift & 255u);
}

// Weighted squared distance; green counts most, as for the eye.
static int distance(color a, color b) {
    int red = channel(a, 16) - channel(b, 16), green = channel(a, 8) - channel(b, 8);
    int blue = channel(a, 0) - channel(b, 0);
    return 3 * red * red + 6 * green * green + 2 * blue * blue;
}

static int cube_step(int value) { // of 0 95 135 175 215 255
    return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
}

unsigned color_to_256(color rgb) {
    static const int levels[] = {0, 95, 135, 175, 215, 255};
    int red = cube_step(channel(rgb, 16)), green = cube_step(channel(rgb, 8)), blue = cube_step(channel(rgb, 0));
    color cube = color_rgb((unsigned)levels[red], (unsigned)levels[green], (unsigned)levels[blue]);
    int average = (channel(rgb, 16) + channel(rgb, 8) + channel(rgb, 0)) / 3;
    int step = average < 8 ? 0 : (average - 3) / 10;
    step = step > 23 ? 23 : step;
    unsigned level = (unsigned)(8 + 10 * step);
    if (distance(rgb, color_rgb(level, level, level)) < distance(rgb, cube))
        return 232u + (unsigned)step;
    return (unsigned)(16 + 36 * red + 6 * green + blue);
}

unsigned color_to_16(color rgb) {
    static const color palette[16] = {0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5,
                                      0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF};
    unsigned best = 0;
    for (unsigned i = 1; i < 16; i++)
        if (distance(rgb, palette[i]) < distance(rgb, palette[best]))
            best = i;
    return best;
}

// Eight colors have no bright half: a bright ink is bold, and dark grey (which would be black on black) is dim.
static uint32_t to_8(unsigned index, bool is_back, uint32_t *attributes) {
    if (index < 8)
        return index;
    if (is_back)
        return index == 8 ? PEN_DEFAULT : index - 8;
    *attributes |= index == 8 ? STYLE_DIM : STYLE_BOLD;
    return index == 8 ? PEN_DEFAULT : index - 8;
}

static uint32_t resolve_color(const struct theme *theme, enum color_depth depth, color value, bool is_back,
                              uint32_t *attributes) {
    bool rgb = (value & COLOR_IS_RGB) != 0;
    const struct tint *tint = rgb ? NULL : &theme->tints[value < INK_COUNT ? value : INK_DEFAULT];
    color exact = rgb ? value : tint->rgb;
    if (exact == NONE)
        return PEN_DEFAULT;
    if (depth == DEPTH_TRUE)
        return COLOR_IS_RGB | exact;
    if (depth == DEPTH_256)
        return color_to_256(exact);
    unsigned index = rgb ? color_to_16(exact) : tint->palette;
    if (index == PLAIN)
        return PEN_DEFAULT;
    return depth == DEPTH_16 ? index : to_8(index, is_back, attributes);
}

static uint32_t mono_attributes(const struct theme *theme, struct style style) {
    uint32_t attributes = 0;
    if (style.fg < INK_COUNT)
        attributes |= theme->tints[style.fg].mono;
    if (style.bg < INK_COUNT)
        attributes |= theme->tints[style.bg].mono;
    return attributes;
}

bool theme_is_mono(const struct theme *theme, enum color_depth depth) {
    return depth == DEPTH_NONE || theme->most == DEPTH_NONE;
}

struct pen theme_resolve(const struct theme *theme, enum color_depth depth, struct style style) {
    struct pen pen = {PEN_DEFAULT, PEN_DEFAULT, style.attributes};
    if (depth > theme->most)
        depth = theme->most;
    if (depth == DEPTH_NONE) {
        pen.attributes |= mono_attributes(theme, style);
        return pen;
    }
    pen.fg = resolve_color(theme, depth, style.fg, false, &pen.attributes);
    pen.bg = resolve_color(theme, depth, style.bg, true, &pen.attributes);
    return pen;
}

// ---- scales ----------------------------------------------------------------------------------------

static color between(const color *stops, int count, double t) {
    if (isnan(t))
        return color_rgb(128, 128, 128);
    double at = (t < 0 ? 0 : t > 1 ? 1 : t) * (count - 1);
    int low = (int)at < count - 2 ? (int)at : count - 2;
    double part = at - low;
    unsigned mixed[3];
    for (int i = 0; i < 3; i++) {
        int a = channel(stops[low], 16 - 8 * i), b = channel(stops[low + 1], 16 - 8 * i);
        mixed[i] = (unsigned)lround(a + (b - a) * part);
    }
    return color_rgb(mixed[0], mixed[1], mixed[2]);
}

color color_sequential(double t) {
    static const color stops[] = {0x2A1A4A, 0x3B528B, 0x21918C, 0x5EC962, 0xFDE725};
    return between(stops, 5, t);
}

color color_diverging(double t) {
    static const color stops[] = {0x2166C8, 0x7FB2E5, 0x3A3F47, 0xF0A95B, 0xD8600A};
    return between(stops, 5, t);
}

color color_mix(color a, color b, double share_of_b) {
    unsigned mixed[3];
    for (int i = 0; i < 3; i++)
        mixed[i] = (unsigned)lround(channel(a, 8 * i) + (channel(b, 8 * i) - channel(a, 8 * i)) * share_of_b);
    return color_rgb(mixed[2], mixed[1], mixed[0]);
}

color color_contrast(color rgb) {
    int luma = 299 * channel(rgb, 16) + 587 * channel(rgb, 8) + 114 * channel(rgb, 0);
    return luma > 140000 ? color_rgb(0, 0, 0) : color_rgb(255, 255, 255);
}
