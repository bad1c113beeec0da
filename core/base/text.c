// UTF-8 and comparing texts.
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

enum { REPLACEMENT = 0xfffd, TEXT_MOST = 255 };

// Bytes of the character that begins with `lead`, and the bits of the code it holds; 0 for a byte
// that begins none.
static size_t character_size(unsigned char lead, uint32_t *bits) {
    if (lead < 0x80) {
        *bits = lead;
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        *bits = lead & 0x1f;
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *bits = lead & 0x0f;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *bits = lead & 0x07;
        return 4;
    }
    return 0;
}

// Overlong forms, surrogates and codes beyond U+10FFFF (RFC 3629).
static bool code_allowed(uint32_t code, size_t size) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= smallest[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

// False for an invalid sequence.
static bool decode(const unsigned char *bytes, size_t length, uint32_t *code, size_t *size) {
    *size = character_size(bytes[0], code);
    if (*size == 0 || *size > length)
        return false;
    for (size_t i = 1; i < *size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
        *code = *code << 6 | (bytes[i] & 0x3f);
    }
    return code_allowed(*code, *size);
}

size_t utf8_decode(const char *text, size_t length, uint32_t *code) {
    size_t size;
    if (length == 0)
        return 0;
    if (decode((const unsigned char *)text, length, code, &size))
        return size;
    *code = REPLACEMENT;
    return 1;
}

size_t utf8_encode(uint32_t code, char out[4]) {
    if (!code_allowed(code, 1))
        code = REPLACEMENT;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(leads[size] | code);
    return size;
}

bool utf8_valid(const char *text, size_t length) {
    uint32_t code;
    for (size_t at = 0, size; at < length; at += size) {
        if (!decode((const unsigned char *)text + at, length - at, &code, &size))
            return false;
    }
    return true;
}

size_t utf8_cut(const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t lead = length;
    while (lead > 0 && length - lead < 3 && (bytes[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (lead == 0)
        return length;
    uint32_t bits;
    size_t size = character_size(bytes[lead - 1], &bits);
    return size > length - (lead - 1) ? lead - 1 : length;
}

bool text_equal(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix) {
    size_t length = strlen(text), wanted = strlen(suffix);
    return length >= wanted && memcmp(text + length - wanted, suffix, wanted) == 0;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_word(const char *text, size_t at) {
    return at == 0 || strchr(" _-./,:", text[at - 1]) != NULL;
}

// best[j] is the best score of the pattern so far whose last character stands at text[j]; a run of
// neighbors and the starts of words count extra. Every way is tried, not only the leftmost.
int text_fuzzy(const char *pattern, const char *text) {
    enum { MATCH = 16, WORD = 12, RUN = 10, NONE = -1000000 };
    int best[TEXT_MOST];
    size_t length = strnlen(text, TEXT_MOST);
    int penalty = (int)(length / 8), result = 0;
    for (size_t i = 0; pattern[i]; i++) {
        int before = i == 0 ? 0 : NONE; // best score that ended left of j
        int neighbor = NONE;            // the one that ended at j - 1
        result = NONE;
        for (size_t j = 0; j < length; j++) {
            int earlier = i == 0 ? NONE : best[j];
            int start = neighbor + RUN > before ? neighbor + RUN : before;
            best[j] = NONE;
            if (lower(pattern[i]) == lower(text[j]) && start > NONE)
                best[j] = start + MATCH + (starts_word(text, j) ? WORD : 0);
            if (best[j] > result)
                result = best[j];
            neighbor = earlier;
            if (earlier > before)
                before = earlier;
        }
    }
    if (result < 0)
        return -1;
    return result > penalty ? result - penalty : 0; // of two texts, the shorter one fits better
}

static size_t characters(const char *text, uint32_t codes[TEXT_MOST], size_t *beyond) {
    size_t length = strlen(text), count = 0, size;
    uint32_t code;
    *beyond = 0;
    while ((size = utf8_decode(text, length, &code)) > 0) {
        if (count < TEXT_MOST)
            codes[count++] = code;
        else
            ++*beyond;
        text += size;
        length -= size;
    }
    return count;
}

size_t text_distance(const char *a, const char *b) {
    uint32_t left[TEXT_MOST], right[TEXT_MOST];
    size_t row[TEXT_MOST + 1]; // row[j]: from the first i characters of `left` to the first j of `right`
    size_t left_beyond, right_beyond;
    size_t left_count = characters(a, left, &left_beyond), right_count = characters(b, right, &right_beyond);
    for (size_t j = 0; j <= right_count; j++)
        row[j] = j;
    for (size_t i = 1; i <= left_count; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= right_count; j++) {
            size_t replaced = diagonal + (left[i - 1] != right[j - 1]);
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[right_count] + (left_beyond > right_beyond ? left_beyond : right_beyond);
}

struct text_nearest text_nearest_of(const char *word) {
    size_t length = strlen(word), most = length < 4 ? length / 2 : length < 9 ? 2 : length / 3; // two swapped letters are 2
    return (struct text_nearest){.word = word, .least = most + 1};
}

void text_nearest_try(struct text_nearest *nearest, const char *name) {
    static const char more[] = " …";
    size_t used = strlen(nearest->names), room = TEXT_NAMES_SIZE - used;
    size_t distance = text_distance(nearest->word, name);
    if (distance < nearest->least) {
        nearest->least = distance;
        nearest->name = name;
    }
    if (text_ends(nearest->names, more))
        return;
    bool fits = strlen(name) + sizeof ", " + sizeof more <= room;
    snprintf(nearest->names + used, room, "%s%s", fits && used > 0 ? ", " : "", fits ? name : more);
}

char *text_nearest_hint(const struct text_nearest *nearest, char out[TEXT_HINT_SIZE]) {
    if (nearest->name)
        snprintf(out, TEXT_HINT_SIZE, "did you mean \"%.*s\"?", TEXT_NAMES_SIZE, nearest->name);
    else
        snprintf(out, TEXT_HINT_SIZE, "there %s %s", nearest->names[0] ? "are" : "is", nearest->names[0] ? nearest->names : "none");
    return out;
}
