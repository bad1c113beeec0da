// Which encoding a file is in, judged from its first bytes.
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "datasets/csv_input.h"

#include "core/base/str.h"

static const char *const names[CSV_ENCODINGS] = {
    [CSV_UTF8] = "utf-8",     [CSV_UTF16LE] = "utf-16le",         [CSV_UTF16BE] = "utf-16be",
    [CSV_LATIN1] = "latin-1", [CSV_WINDOWS1252] = "windows-1252",
};

const char *csv_encoding_name(enum csv_encoding encoding) {
    return names[encoding];
}

bool csv_encoding_find(const char *name, enum csv_encoding *encoding) {
    static const struct {
        const char *name;
        enum csv_encoding encoding;
    } others[] = {{"utf8", CSV_UTF8},         {"ascii", CSV_UTF8},        {"us-ascii", CSV_UTF8},
                  {"utf-8-sig", CSV_UTF8},    {"utf-16", CSV_UTF16LE},    {"utf16", CSV_UTF16LE},
                  {"utf-16-le", CSV_UTF16LE}, {"utf-16-be", CSV_UTF16BE}, {"latin1", CSV_LATIN1},
                  {"iso-8859-1", CSV_LATIN1}, {"cp1252", CSV_WINDOWS1252}};
    for (size_t i = 0; i < CSV_ENCODINGS; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            *encoding = (enum csv_encoding)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcasecmp(name, others[i].name) == 0) {
            *encoding = others[i].encoding;
            return true;
        }
    }
    return false;
}

// A sample may end in the middle of a character.
static bool is_utf8(const unsigned char *bytes, size_t count) {
    for (size_t cut = 0; cut < 4 && cut <= count; cut++)
        if (utf8_valid((const char *)bytes, count - cut))
            return true;
    return false;
}

enum csv_encoding csv_encoding_guess(const unsigned char *bytes, size_t count, bool *bom) {
    *bom = true;
    if (count >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return CSV_UTF8;
    if (count >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0)
        return CSV_UTF16LE;
    if (count >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0)
        return CSV_UTF16BE;
    *bom = false;
    size_t zeros[2] = {0, 0}, upper = 0;
    for (size_t i = 0; i < count; i++) {
        zeros[i % 2] += bytes[i] == 0;
        upper += bytes[i] >= 0x80 && bytes[i] <= 0x9f;
    }
    // Separators, digits and line ends have a zero as the upper half of their 16 bits.
    if (zeros[1] * 8 > count && zeros[0] * 8 < zeros[1])
        return CSV_UTF16LE;
    if (zeros[0] * 8 > count && zeros[1] * 8 < zeros[0])
        return CSV_UTF16BE;
    if (is_utf8(bytes, count))
        return CSV_UTF8;
    return upper > 0 ? CSV_WINDOWS1252 : CSV_LATIN1;
}

bool csv_is_binary(const unsigned char *bytes, size_t count, enum csv_encoding encoding) {
    if (encoding == CSV_UTF16LE || encoding == CSV_UTF16BE)
        return false;
    size_t control = 0;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == 0)
            return true;
        control += bytes[i] < 0x20 && !isspace(bytes[i]);
    }
    return control * 20 > count; // more than one in twenty is no text
}
