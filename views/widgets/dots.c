#include "views/widgets/dots.h"

#include "core/base/mem.h"

enum status dots_open(struct dots *dots, struct rect rect, enum dots_kind kind, struct error *error) {
    static const int across[] = {2, 2, 1}, down[] = {4, 2, 1};
    struct rect cells = {rect.x, rect.y, rect.width > 0 ? rect.width : 0, rect.height > 0 ? rect.height : 0};
    size_t count = (size_t)cells.width * (size_t)cells.height;
    *dots = (struct dots){.rect = cells,
                          .width = cells.width * across[kind],
                          .height = cells.height * down[kind],
                          .across = across[kind],
                          .down = down[kind],
                          .kind = kind};
    dots->bits = mem_alloc(count + 1, 2);
    if (!dots->bits)
        return error_memory(error, "a plot", 2 * count);
    dots->owners = dots->bits + count + 1;
    return STATUS_OK;
}

void dots_close(struct dots *dots) {
    mem_free(dots->bits);
    *dots = (struct dots){0};
}

void dots_set(struct dots *dots, int x, int y, uint8_t owner) {
    if (x < 0 || y < 0 || x >= dots->width || y >= dots->height)
        return;
    size_t cell = (size_t)(y / dots->down) * (size_t)dots->rect.width + (size_t)(x / dots->across);
    int bit = y % dots->down * dots->across + x % dots->across;
    dots->owners[cell] = owner;
    dots->bits[cell] = (uint8_t)(dots->bits[cell] | 1u << bit);
}

void dots_column(struct dots *dots, int x, int from, int to, uint8_t owner) {
    int low = from < to ? from : to, high = from < to ? to : from;
    low = low < 0 ? 0 : low;
    high = high >= dots->height ? dots->height - 1 : high;
    for (int y = low; y <= high; y++)
        dots_set(dots, x, y, owner);
}

// Unicode numbers braille dots down the left column, down the right one, then the bottom pair.
static uint32_t braille(uint8_t bits) {
    static const uint8_t order[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    uint32_t code = 0x2800;
    for (int i = 0; i < 8; i++)
        if (bits & 1u << i)
            code |= order[i];
    return code;
}

// By bits: upper left 1, upper right 2, lower left 4, lower right 8.
static const uint32_t quadrants[16] = {' ',    0x2598, 0x259D, 0x2580, 0x2596, 0x258C, 0x259E, 0x259B,
                                       0x2597, 0x259A, 0x2590, 0x259C, 0x2584, 0x2599, 0x259F, 0x2588};

void dots_draw(const struct dots *dots, struct canvas *canvas, const struct style *styles, const char *letters) {
    for (int y = 0; y < dots->rect.height; y++) {
        for (int x = 0; x < dots->rect.width; x++) {
            size_t cell = (size_t)y * (size_t)dots->rect.width + (size_t)x;
            uint8_t bits = dots->bits[cell], owner = dots->owners[cell];
            if (!bits)
                continue;
            uint32_t code = dots->kind == DOTS_BRAILLE ? braille(bits) : quadrants[bits & 15u];
            if (dots->kind == DOTS_ASCII)
                code = (unsigned char)letters[owner];
            canvas_put(canvas, dots->rect.x + x, dots->rect.y + y, styles[owner], code);
        }
    }
}
