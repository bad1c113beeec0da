#include "views/text.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/text_tables.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define REPLACEMENT 0xFFFDu
#define DOTTED_CIRCLE 0x25CCu
#define ELLIPSIS 0x2026u

static bool in_ranges(const struct text_range *ranges, size_t count, uint32_t code) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && code >= ranges[low].first;
}

static bool is_dropped(uint32_t code) {
    return code == 0x200C || code == 0x200D || (code >= 0xFE00 && code <= 0xFE0F) ||
           (code >= 0xE0100 && code <= 0xE01EF);
}

static bool is_combining(uint32_t code) {
    return code >= 0x300 && in_ranges(text_zero, COUNT_OF(text_zero), code);
}

static bool is_hidden(uint32_t code) {
    return code >= 0xA0 && (code > 0x10FFFF || in_ranges(text_hidden, COUNT_OF(text_hidden), code));
}

int text_code_width(uint32_t code) {
    if (code < 0x300)
        return 1;
    if (is_combining(code) || is_dropped(code))
        return 0;
    return code >= 0x1100 && in_ranges(text_wide, COUNT_OF(text_wide), code) ? 2 : 1;
}

uint32_t text_ascii_of(uint32_t code) {
    if (code >= ' ' && code < 0x7F)
        return code;
    if (code >= 0x2800 && code <= 0x28FF)
        return code == 0x2800 ? ' ' : '*';
    size_t low = 0, high = COUNT_OF(text_folds);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code > text_folds[middle].code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNT_OF(text_folds) && text_folds[low].code == code ? (uint32_t)text_folds[low].letter : '?';
}

static void glyph_spell(struct text_glyph *glyph, const char *format, uint32_t code) {
    char spelled[16];
    int length = snprintf(spelled, sizeof spelled, format, (unsigned)code);
    glyph->count = glyph->width = length;
    for (int i = 0; i < length; i++)
        glyph->codes[i] = (unsigned char)spelled[i];
    glyph->replaced = true;
}

static void glyph_control(struct text_glyph *glyph, uint32_t code, bool ascii) {
    if (code >= 0x80)
        glyph_spell(glyph, code > 0xFF ? "\\u%04x" : "\\x%02x", code);
    else if (!ascii)
        *glyph = (struct text_glyph){
            .codes = {code == 0x7F ? 0x2421u : 0x2400u + code}, .count = 1, .width = 1, .replaced = true};
    else if (code == '\t' || code == '\n' || code == '\r')
        glyph_spell(glyph, "\\%c", code == '\t' ? 't' : code == '\n' ? 'n' : 'r');
    else
        glyph_spell(glyph, "\\x%02x", code);
}

// The marks that follow a base character; dropped joiners between them go too.
static size_t take_marks(const char *text, size_t length, struct text_glyph *glyph) {
    size_t used = 0, marks = 0;
    uint32_t code;
    for (size_t step; (step = utf8_decode(text + used, length - used, &code)) > 0; used += step) {
        if (is_dropped(code))
            continue;
        if (!is_combining(code))
            break;
        if (marks < TEXT_MARKS)
            glyph->marks[marks++] = code;
    }
    return used;
}

static void to_ascii(struct text_glyph *glyph) {
    uint32_t letter = text_ascii_of(glyph->codes[0]);
    int width = glyph->width;
    *glyph = (struct text_glyph){.count = width, .width = width, .replaced = glyph->replaced};
    for (int i = 0; i < width; i++)
        glyph->codes[i] = letter;
}

size_t text_next(const char *text, size_t length, bool ascii, struct text_glyph *glyph) {
    uint32_t code;
    size_t used = 0, step;
    *glyph = (struct text_glyph){0};
    while ((step = utf8_decode(text + used, length - used, &code)) > 0 && is_dropped(code))
        used += step;
    if (step == 0)
        return used;
    if (is_combining(code)) {
        code = DOTTED_CIRCLE;
        step = 0;
    }
    used += step;
    if (code < ' ' || (code >= 0x7F && code < 0xA0) || is_hidden(code)) {
        glyph_control(glyph, code, ascii);
        return used;
    }
    glyph->codes[0] = code == 0xA0 ? ' ' : code;
    glyph->count = 1;
    glyph->width = text_code_width(code);
    glyph->replaced = code == REPLACEMENT;
    used += take_marks(text + used, length - used, glyph);
    if (ascii)
        to_ascii(glyph);
    return used;
}

int text_width_bytes(const char *text, size_t length, bool ascii) {
    struct text_glyph glyph;
    int columns = 0;
    for (size_t at = 0, step; (step = text_next(text + at, length - at, ascii, &glyph)) > 0; at += step)
        columns += glyph.width;
    return columns;
}

int text_width(const char *text, bool ascii) {
    return text_width_bytes(text, strlen(text), ascii);
}

size_t text_fit(const char *text, size_t length, int columns, bool ascii, int *used) {
    struct text_glyph glyph;
    size_t at = 0;
    int taken = 0;
    for (size_t step; (step = text_next(text + at, length - at, ascii, &glyph)) > 0; at += step) {
        if (taken + glyph.width > columns)
            break;
        taken += glyph.width;
    }
    if (used)
        *used = taken;
    return at;
}

// ---- safe copies ---------------------------------------------------------------------------------

struct writer {
    char *out;
    size_t size, length;
};

static void write_code(struct writer *writer, uint32_t code) {
    char bytes[4];
    size_t count = utf8_encode(code, bytes);
    if (writer->length + count >= writer->size) {
        writer->size = writer->length + 1; // nothing after a character that did not fit
        return;
    }
    memcpy(writer->out + writer->length, bytes, count);
    writer->length += count;
}

static void write_text(struct writer *writer, const char *text, size_t length, bool ascii) {
    struct text_glyph glyph;
    for (size_t at = 0, step; (step = text_next(text + at, length - at, ascii, &glyph)) > 0; at += step) {
        for (int i = 0; i < glyph.count; i++)
            write_code(writer, glyph.codes[i]);
        for (int i = 0; i < TEXT_MARKS && glyph.marks[i]; i++)
            write_code(writer, glyph.marks[i]);
    }
}

static void write_blanks(struct writer *writer, int count) {
    for (int i = 0; i < count; i++)
        write_code(writer, ' ');
}

// At most `columns`, with an ellipsis when something was left out; returns the columns written.
static int write_cut(struct writer *writer, const char *text, int columns, bool ascii) {
    size_t length = strlen(text);
    int used;
    size_t fits = text_fit(text, length, columns, ascii, &used);
    if (fits == length || columns <= 0) {
        write_text(writer, text, fits, ascii);
        return used;
    }
    fits = text_fit(text, length, columns - 1, ascii, &used);
    write_text(writer, text, fits, ascii);
    write_code(writer, ascii ? '~' : ELLIPSIS);
    return used + 1;
}

static char *writer_end(const struct writer *writer) {
    if (writer->size > 0)
        writer->out[writer->length] = '\0';
    return writer->out;
}

char *text_cut(const char *text, int columns, bool ascii, char *out, size_t size) {
    struct writer writer = {out, size, 0};
    write_cut(&writer, text, columns, ascii);
    return writer_end(&writer);
}

char *text_cut_middle(const char *text, int columns, bool ascii, char *out, size_t size) {
    size_t length = strlen(text);
    int whole = text_width(text, ascii);
    if (whole <= columns || columns < 3)
        return text_cut(text, columns, ascii, out, size);
    struct writer writer = {out, size, 0};
    int head, tail = columns / 2;
    size_t first = text_fit(text, length, columns - 1 - tail, ascii, &head), last = first;
    struct text_glyph glyph;
    for (int left = whole - head; left > columns - 1 - head; left -= glyph.width)
        last += text_next(text + last, length - last, ascii, &glyph);
    write_text(&writer, text, first, ascii);
    write_code(&writer, ascii ? '~' : ELLIPSIS);
    write_text(&writer, text + last, length - last, ascii);
    return writer_end(&writer);
}

char *text_pad(const char *text, int columns, enum text_align align, bool ascii, char *out, size_t size) {
    struct writer writer = {out, size, 0};
    int width = text_width(text, ascii);
    int room = width < columns ? columns - width : 0;
    int before = align == TEXT_RIGHT ? room : align == TEXT_CENTER ? room / 2 : 0;
    write_blanks(&writer, before);
    int used = before + write_cut(&writer, text, columns, ascii);
    write_blanks(&writer, columns - used);
    return writer_end(&writer);
}
