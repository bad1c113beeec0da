// A picture in a page: PNG (RFC 2083; 8 bits, gray or color, no filter) in a data address.
#include <zlib.h>

#include "core/base/mem.h"
#include "datasets/profile_html.h"

static void put32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void add_chunk(struct str *png, const char *type, const uint8_t *bytes, size_t count) {
    uint8_t number[4];
    uLong sum = crc32(crc32(0, (const Bytef *)type, 4), bytes, (uInt)count);
    put32(number, (uint32_t)count);
    str_add_bytes(png, number, 4);
    str_add_bytes(png, type, 4);
    str_add_bytes(png, bytes, count);
    put32(number, (uint32_t)sum);
    str_add_bytes(png, number, 4);
}

// Rows of pixels, a 0 (no filter) before each.
static uint8_t *scanlines(const uint8_t *planes, size_t channels, size_t height, size_t width) {
    uint8_t *rows = mem_alloc(height, 1 + channels * width), *at = rows;
    for (size_t y = 0; rows != NULL && y < height; y++) {
        *at++ = 0;
        for (size_t x = 0; x < width; x++)
            for (size_t channel = 0; channel < channels; channel++)
                *at++ = planes[(channel * height + y) * width + x];
    }
    return rows;
}

static bool make_png(struct str *png, const uint8_t *planes, size_t channels, size_t height, size_t width) {
    size_t bytes = height * (1 + channels * width);
    uLongf packed_bytes = compressBound((uLong)bytes);
    uint8_t *rows = scanlines(planes, channels, height, width), *packed = mem_alloc(packed_bytes, 1);
    uint8_t head[13] = {[8] = 8, [9] = channels == 3 ? 2 : 0};
    bool fits = rows != NULL && packed != NULL && compress2(packed, &packed_bytes, rows, (uLong)bytes, 6) == Z_OK;
    if (fits) {
        put32(head, (uint32_t)width);
        put32(head + 4, (uint32_t)height);
        str_add_bytes(png, "\x89PNG\r\n\x1a\n", 8);
        add_chunk(png, "IHDR", head, sizeof head);
        add_chunk(png, "IDAT", packed, packed_bytes);
        add_chunk(png, "IEND", (const uint8_t *)"", 0);
    }
    mem_free(rows);
    mem_free(packed);
    return fits && !png->failed;
}

enum status html_picture(struct str *out, const uint8_t *planes, size_t channels, size_t height, size_t width,
                         const char *name, struct error *error) {
    struct str png = {0};
    bool fits = make_png(&png, planes, channels >= 3 ? 3 : 1, height, width);
    if (fits) {
        str_add(out, "<img alt=\"");
        html_text(out, name);
        str_add(out, "\" src=\"data:image/png;base64,");
        str_add_base64(out, png.text, png.length);
        str_add(out, "\"/>");
    }
    str_free(&png);
    return fits ? STATUS_OK : error_memory(error, "a picture", channels * height * width);
}
