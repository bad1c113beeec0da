// Keys of words: what is left of a word when all that people vary is taken off.
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/near_equal.h"

// U+00C0 … U+017F without accents, in lower case; '*' has two letters or none of its own.
static const char bare[] = "aaaaaa*ceeeeiiiidnooooo*ouuuuy**aaaaaa*ceeeeiiiidnooooo*ouuuuy*y"
                           "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkklllllll"
                           "lllnnnnnnnnnoooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static const char *two_letters(uint32_t code) {
    switch (code) {
    case 0xc6:
    case 0xe6:
        return "ae";
    case 0xde:
    case 0xfe:
        return "th";
    case 0xdf:
        return "ss";
    case 0x132:
    case 0x133:
        return "ij";
    case 0x152:
    case 0x153:
        return "oe";
    default:
        return NULL;
    }
}

static bool is_blank(uint32_t code) {
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0xa0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200b) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
           code == 0x3000 || code == 0xfeff;
}

static bool is_letter(uint32_t code) {
    if (code < 0x80)
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9');
    if (code < 0xc0)
        return code == 0xaa || code == 0xb5 || code == 0xba;
    bool accent = code >= 0x300 && code <= 0x36f; // set on the letter before
    return code != 0xd7 && code != 0xf7 && !accent && !(code >= 0x2010 && code <= 0x206f) &&
           !(code >= 0x3001 && code <= 0x3003);
}

// Greek and Cyrillic; Latin letters lose their accents with `bare`.
static uint32_t lower(uint32_t code) {
    if ((code >= 0x391 && code <= 0x3a9) || (code >= 0x410 && code <= 0x42f))
        return code + 32;
    return code >= 0x400 && code <= 0x40f ? code + 80 : code;
}

static void add_letter(struct str *out, uint32_t code) {
    char bytes[4];
    if (code >= 'A' && code <= 'Z') {
        str_add_char(out, (char)(code + 32));
    } else if (two_letters(code) != NULL) {
        str_add(out, two_letters(code));
    } else if (code >= 0xc0 && code < 0xc0 + sizeof bare - 1 && bare[code - 0xc0] != '*') {
        str_add_char(out, bare[code - 0xc0]);
    } else {
        size_t length = utf8_encode(lower(code), bytes);
        str_add_bytes(out, bytes, length);
    }
}

// Letters and digits, blanks between them as one blank each (or none).
static void plain(const char *word, bool blanks, struct str *out) {
    size_t length = strlen(word);
    bool pending = false;
    while (length > 0) {
        uint32_t code;
        size_t bytes = utf8_decode(word, length, &code);
        word += bytes;
        length -= bytes;
        if (is_blank(code)) {
            pending = blanks && out->length > 0;
        } else if (is_letter(code)) {
            if (pending)
                str_add_char(out, ' ');
            pending = false;
            add_letter(out, code);
        }
    }
}

struct piece {
    const char *text;
    size_t length;
};

static int compare(const void *a, const void *b) {
    const struct piece *x = a, *y = b;
    size_t least = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->text, y->text, least);
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

// The pieces, sorted, each once, with `between` in between.
static void join(struct piece *pieces, size_t count, const char *between, struct str *key) {
    qsort(pieces, count, sizeof *pieces, compare);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare(&pieces[i - 1], &pieces[i]) == 0)
            continue;
        if (i > 0)
            str_add(key, between);
        str_add_bytes(key, pieces[i].text, pieces[i].length);
    }
}

void near_fingerprint(const char *word, struct str *key) {
    struct str text = {0};
    size_t count = 0;
    plain(word, true, &text);
    struct piece *pieces = mem_alloc(text.length + 1, sizeof *pieces);
    if (pieces == NULL || text.failed) {
        key->failed = true;
    } else if (text.length > 0) {
        for (const char *at = text.text; *at != '\0';) {
            size_t length = strcspn(at, " ");
            pieces[count++] = (struct piece){at, length};
            at += length + (at[length] == ' ');
        }
        join(pieces, count, " ", key);
    }
    mem_free(pieces);
    str_free(&text);
}

static size_t after(const char *text, size_t at, size_t length, size_t characters) {
    for (uint32_t code; characters > 0 && at < length; characters--)
        at += utf8_decode(text + at, length - at, &code);
    return at;
}

void near_ngram(const char *word, size_t size, struct str *key) {
    struct str text = {0};
    size_t count = 0;
    plain(word, false, &text);
    struct piece *pieces = mem_alloc(text.length + 1, sizeof *pieces);
    if (pieces == NULL || text.failed) {
        key->failed = true;
    } else {
        for (size_t at = 0; at < text.length; at = after(text.text, at, text.length, 1)) {
            size_t end = after(text.text, at, text.length, size);
            pieces[count++] = (struct piece){text.text + at, end - at};
            if (end == text.length)
                break;
        }
        join(pieces, count, "", key);
    }
    mem_free(pieces);
    str_free(&text);
}
