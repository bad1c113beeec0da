#include "views/term_pictures.h"

#include <string.h>
#include <zlib.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"

#define HALF_BLOCK 0x2580u
#define KITTY_CHUNK ((size_t)4096)  // bytes of base64 in one sequence
#define KITTY_FIRST 0x62617400u     // number of the first picture: "bat" and a byte, unlikely to be another's
#define PIXELS_MOST ((size_t)4 << 20) // of one picture on the screen

void term_pictures_free(struct term_pictures *pictures) {
    str_free(&pictures->room);
}

// ---- what is to be shown --------------------------------------------------------------------------------------------

static const uint8_t *pixels_of(const struct canvas *canvas, const struct canvas_picture *picture) {
    return (const uint8_t *)str_text(&canvas->pictures->pixels) + picture->at;
}

// Nothing was drawn over it: every cell still is a half block.
static bool is_uncovered(const struct canvas *canvas, struct rect rect) {
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            if (canvas_at(canvas, x, y).code != HALF_BLOCK)
                return false;
    return true;
}

static bool fits(const struct term_pictures *pictures, const struct canvas *canvas, struct rect rect) {
    size_t width = (size_t)pictures->cell_width * (size_t)rect.width, height = (size_t)pictures->cell_height * (size_t)rect.height;
    bool known = width > 0 && height > 0;
    if (pictures->way == PICTURES_SIXEL && (!known || rect.y + rect.height >= canvas->height)) // it might scroll
        return false;
    return width * height <= PIXELS_MOST && is_uncovered(canvas, rect);
}

static uint64_t hash_of(const struct canvas *canvas, const struct canvas_picture *picture) {
    uint64_t size = (uint64_t)picture->width << 32 | (uint64_t)picture->height;
    return checksum_hash64(pixels_of(canvas, picture), (size_t)picture->width * (size_t)picture->height * 3, size);
}

static bool same_rect(struct rect a, struct rect b) {
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

static struct shown_picture *find(struct term_pictures *pictures, struct rect rect, uint64_t hash) {
    for (size_t i = 0; i < PICTURES_MOST; i++)
        if (pictures->shown[i].hash == hash && same_rect(pictures->shown[i].rect, rect))
            return &pictures->shown[i];
    return NULL;
}

static struct shown_picture *free_place(struct term_pictures *pictures) {
    for (size_t i = 0; i < PICTURES_MOST; i++)
        if (rect_empty(pictures->shown[i].rect))
            return &pictures->shown[i];
    return NULL;
}

// ---- pixels as they will be seen --------------------------------------------------------------------------------------

// Enlarged by repeating pixels, so that each is seen for itself; made smaller by taking the middle ones.
static bool scale(const struct canvas *canvas, const struct canvas_picture *picture, int width, int height,
                  struct str *out) {
    const uint8_t *from = pixels_of(canvas, picture);
    str_clear(out);
    for (int y = 0; y < height && !out->failed; y++) {
        size_t row = (size_t)((2 * (long long)y + 1) * picture->height / (2 * height)) * (size_t)picture->width;
        for (int x = 0; x < width; x++)
            str_add_bytes(out, from + 3 * (row + (size_t)((2 * (long long)x + 1) * picture->width / (2 * width))), 3);
    }
    return !out->failed;
}

// ---- kitty --------------------------------------------------------------------------------------------------------------

static unsigned kitty_number(const struct term_pictures *pictures, const struct shown_picture *place) {
    return KITTY_FIRST + (unsigned)(place - pictures->shown);
}

static void kitty_delete(const struct term_pictures *pictures, const struct shown_picture *place, struct str *out) {
    str_format(out, "\033_Ga=d,d=I,i=%u,q=2\033\\", kitty_number(pictures, place));
}

// Pixels repeat much: packed they are a fraction.
static bool pack(const struct str *pixels, struct str *base64) {
    uLongf size = compressBound((uLong)pixels->length);
    uint8_t *packed = mem_alloc(size, 1);
    bool done = packed && compress2(packed, &size, (const uint8_t *)str_text(pixels), (uLong)pixels->length, 1) == Z_OK;
    if (done)
        str_add_base64(base64, packed, size);
    mem_free(packed);
    return done && !base64->failed;
}

static void kitty_put(struct term_pictures *pictures, const struct shown_picture *place, int width, int height,
                      struct str *out) {
    struct str base64 = {0};
    struct rect rect = place->rect;
    if (pack(&pictures->room, &base64)) {
        str_format(out, "\033[%d;%dH", rect.y + 1, rect.x + 1);
        for (size_t at = 0; at < base64.length; at += KITTY_CHUNK) {
            size_t count = base64.length - at < KITTY_CHUNK ? base64.length - at : KITTY_CHUNK;
            str_add(out, "\033_G");
            if (at == 0)
                str_format(out, "a=T,f=24,o=z,s=%d,v=%d,c=%d,r=%d,C=1,i=%u,q=2,", width, height, rect.width, rect.height,
                           kitty_number(pictures, place));
            str_format(out, "m=%d;", at + count < base64.length);
            str_add_bytes(out, base64.text + at, count);
            str_add(out, "\033\\");
        }
    }
    str_free(&base64);
}

// ---- sixel ----------------------------------------------------------------------------------------------------------------

#define SIXEL_COLORS 256
#define SIXEL_ROWS 6

struct palette {
    uint32_t colors[SIXEL_COLORS];
    int count, shift; // low bits of each channel that are left out
    int latest;       // found last: neighbors are often alike
};

static uint32_t color_at(const struct str *pixels, size_t at, int shift) {
    const uint8_t *p = (const uint8_t *)pixels->text + 3 * at;
    return (uint32_t)(p[0] >> shift) << 16 | (uint32_t)(p[1] >> shift) << 8 | (uint32_t)(p[2] >> shift);
}

static int palette_find(struct palette *palette, uint32_t wanted, bool add) {
    if (palette->count > 0 && palette->colors[palette->latest] == wanted)
        return palette->latest;
    for (int i = palette->count; i-- > 0;)
        if (palette->colors[i] == wanted)
            return palette->latest = i;
    if (!add || palette->count == SIXEL_COLORS)
        return -1;
    palette->colors[palette->count] = wanted;
    return palette->latest = palette->count++;
}

// The colors as they are where there are few, else ever coarser ones.
static void make_palette(const struct str *pixels, struct palette *palette) {
    size_t count = pixels->length / 3;
    for (palette->shift = 0; palette->shift < 8; palette->shift++) {
        size_t i = 0;
        palette->count = palette->latest = 0;
        while (i < count && palette_find(palette, color_at(pixels, i, palette->shift), true) >= 0)
            i++;
        if (i == count)
            return;
    }
}

static void define_color(const struct palette *palette, int index, struct str *out) {
    int shift = palette->shift, most = 255 >> shift;
    uint32_t rgb = palette->colors[index];
    int parts[3] = {(int)(rgb >> 16), (int)(rgb >> 8 & 255u), (int)(rgb & 255u)};
    for (int i = 0; i < 3; i++)
        parts[i] = most > 0 ? (parts[i] * 100 + most / 2) / most : 0; // registers take percent
    str_format(out, "#%d;2;%d;%d;%d", index, parts[0], parts[1], parts[2]);
}

static void add_run(struct str *out, int bits, int length) {
    if (length > 3) {
        str_format(out, "!%d%c", length, 63 + bits);
        return;
    }
    while (length-- > 0)
        str_add_char(out, (char)(63 + bits));
}

// One color's pixels in six rows.
static void add_band(const uint8_t *indices, int width, int rows, int index, struct str *out) {
    int run = 0, last = 0;
    str_format(out, "#%d", index);
    for (int x = 0; x < width; x++) {
        int bits = 0;
        for (int y = 0; y < rows; y++)
            bits |= (indices[y * width + x] == index) << y;
        if (run > 0 && bits != last) {
            add_run(out, last, run);
            run = 0;
        }
        last = bits;
        run++;
    }
    if (last != 0)
        add_run(out, last, run);
    str_add_char(out, '$');
}

static void add_bands(const uint8_t *indices, int width, int height, int colors, struct str *out) {
    for (int top = 0; top < height && !out->failed; top += SIXEL_ROWS) {
        int rows = height - top < SIXEL_ROWS ? height - top : SIXEL_ROWS;
        const uint8_t *band = indices + (size_t)top * (size_t)width;
        bool there[SIXEL_COLORS] = {false};
        for (int i = 0; i < rows * width; i++)
            there[band[i]] = true;
        for (int i = 0; i < colors; i++)
            if (there[i])
                add_band(band, width, rows, i, out);
        str_add_char(out, '-');
    }
}

static void sixel_put(struct term_pictures *pictures, const struct shown_picture *place, int width, int height,
                      struct str *out) {
    struct palette palette;
    size_t count = (size_t)width * (size_t)height;
    uint8_t *indices = mem_alloc(count, 1);
    if (!indices)
        return; // half blocks it is
    make_palette(&pictures->room, &palette);
    for (size_t i = 0; i < count; i++)
        indices[i] = (uint8_t)palette_find(&palette, color_at(&pictures->room, i, palette.shift), false);
    str_format(out, "\033[%d;%dH\033P0;1;0q\"1;1;%d;%d", place->rect.y + 1, place->rect.x + 1, width, height);
    for (int i = 0; i < palette.count; i++)
        define_color(&palette, i, out);
    add_bands(indices, width, height, palette.count, out);
    str_add(out, "\033\\");
    mem_free(indices);
}

// ---- frames ---------------------------------------------------------------------------------------------------------------

void term_pictures_restart(struct term_pictures *pictures, struct str *out) {
    for (size_t i = 0; i < PICTURES_MOST; i++) {
        if (!rect_empty(pictures->shown[i].rect) && pictures->way == PICTURES_KITTY)
            kitty_delete(pictures, &pictures->shown[i], out);
        pictures->shown[i] = (struct shown_picture){0};
    }
}

void term_pictures_begin(struct term_pictures *pictures, const struct canvas *canvas, struct str *out,
                         void (*uncover)(void *data, struct rect rect), void *data) {
    memset(pictures->kept, 0, sizeof pictures->kept);
    for (size_t i = 0; canvas->pictures && pictures->way != PICTURES_NONE && i < canvas->pictures->count; i++) {
        const struct canvas_picture *picture = &canvas->pictures->items[i];
        struct shown_picture *place = find(pictures, picture->rect, hash_of(canvas, picture));
        if (place && fits(pictures, canvas, picture->rect))
            pictures->kept[place - pictures->shown] = true;
    }
    for (size_t i = 0; i < PICTURES_MOST; i++) {
        struct shown_picture *place = &pictures->shown[i];
        if (pictures->kept[i] || rect_empty(place->rect))
            continue;
        if (pictures->way == PICTURES_KITTY)
            kitty_delete(pictures, place, out);
        else
            uncover(data, place->rect);
        *place = (struct shown_picture){0};
    }
}

static bool put(struct term_pictures *pictures, const struct canvas *canvas, const struct canvas_picture *picture,
                struct shown_picture *place, struct str *out) {
    int width = pictures->cell_width > 0 ? pictures->cell_width * picture->rect.width : picture->width;
    int height = pictures->cell_height > 0 ? pictures->cell_height * picture->rect.height : picture->height;
    if (!scale(canvas, picture, width, height, &pictures->room))
        return false; // no memory: half blocks it is
    if (pictures->way == PICTURES_KITTY)
        kitty_put(pictures, place, width, height, out);
    else
        sixel_put(pictures, place, width, height, out);
    return true;
}

bool term_pictures_end(struct term_pictures *pictures, const struct canvas *canvas, struct str *out) {
    bool moved = false;
    for (size_t i = 0; canvas->pictures && pictures->way != PICTURES_NONE && i < canvas->pictures->count; i++) {
        const struct canvas_picture *picture = &canvas->pictures->items[i];
        uint64_t hash = hash_of(canvas, picture);
        struct shown_picture *place = free_place(pictures);
        if (!place || find(pictures, picture->rect, hash) || !fits(pictures, canvas, picture->rect))
            continue;
        *place = (struct shown_picture){picture->rect, hash};
        if (put(pictures, canvas, picture, place, out))
            moved = true;
        else
            *place = (struct shown_picture){0};
    }
    return moved;
}
