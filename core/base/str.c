// The growable string; numbers are in number.c, characters and comparisons in text.c.
#include "core/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

void str_free(struct str *s) {
    mem_free(s->text);
    *s = (struct str){0};
}

void str_clear(struct str *s) {
    s->length = 0;
    s->failed = false;
    if (s->text)
        s->text[0] = '\0';
}

// Room for `more` bytes and the NUL.
static bool make_room(struct str *s, size_t more) {
    size_t needed;
    if (!s->failed && size_add(s->length, more, &needed) && size_add(needed, 1, &needed) &&
        vec_reserve(&s->text, &s->capacity, needed, 1))
        return true;
    s->failed = true;
    return false;
}

void str_add_bytes(struct str *s, const void *bytes, size_t count) {
    if (!make_room(s, count))
        return;
    if (count > 0)
        memcpy(s->text + s->length, bytes, count);
    s->length += count;
    s->text[s->length] = '\0';
}

void str_add(struct str *s, const char *text) {
    str_add_bytes(s, text, strlen(text));
}

void str_add_char(struct str *s, char c) {
    str_add_bytes(s, &c, 1);
}

void str_format(struct str *s, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0) {
        s->failed = true;
    } else if (make_room(s, (size_t)length)) {
        vsnprintf(s->text + s->length, (size_t)length + 1, format, again);
        s->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void str_add_base64(struct str *s, const void *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t three = (uint32_t)from[i] << 16;
        three |= i + 1 < count ? (uint32_t)from[i + 1] << 8 : 0;
        three |= i + 2 < count ? from[i + 2] : 0;
        str_add_char(s, digits[three >> 18]);
        str_add_char(s, digits[three >> 12 & 63]);
        str_add_char(s, i + 1 < count ? digits[three >> 6 & 63] : '=');
        str_add_char(s, i + 2 < count ? digits[three & 63] : '=');
    }
}

const char *str_text(const struct str *s) {
    return s->text ? s->text : "";
}
