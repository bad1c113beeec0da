// Numbers in cells. A number may be written in several ways (decimal point or comma, separators between
// thousands); a cell alone often allows more than one of them ("1,234"), so reading says which, and the
// whole column decides (cell_format.h). All functions may be called on any thread.
#ifndef DATASETS_CELL_NUMBER_H
#define DATASETS_CELL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Ways to write a number, as bit numbers; the first eight bits of a cell_set.
enum number_way {
    NUMBER_POINT,            // 1234.5 1e3 -inf
    NUMBER_COMMA,            // 1234,5
    NUMBER_GROUPS_COMMA,     // 1,234.5
    NUMBER_GROUPS_POINT,     // 1.234,5
    NUMBER_BLANKS_POINT,     // 1 234.5 (also no-break, narrow and thin spaces)
    NUMBER_BLANKS_COMMA,     // 1 234,5
    NUMBER_APOSTROPHE_POINT, // 1'234.5 (also U+2019)
    NUMBER_APOSTROPHE_COMMA, // 1'234,5
    NUMBER_WAYS
};
#define NUMBER_WAYS_ALL 0xFFu
#define NUMBER_WAYS_POINT                                                                                              \
    (1u << NUMBER_POINT | 1u << NUMBER_GROUPS_COMMA | 1u << NUMBER_BLANKS_POINT | 1u << NUMBER_APOSTROPHE_POINT)
#define NUMBER_WAYS_COMMA (NUMBER_WAYS_ALL & ~NUMBER_WAYS_POINT)

// What a number looks like; as bits.
enum number_seen {
    NUMBER_SEEN_REAL = 1,    // not whole, or 2^53 and beyond
    NUMBER_SEEN_CODE = 2,    // digits with a leading zero ("007"): reading them as a number loses it
    NUMBER_SEEN_BEYOND = 4,  // whole digits that a double cannot hold exactly
    NUMBER_SEEN_GROUPS = 8,  // has separators between thousands, whatever way it is read
    NUMBER_SEEN_EITHER = 16, // its one comma or point may be decimal or between thousands: "1,234"
    NUMBER_SEEN_LONG = 32,   // four or more whole digits without separators
    // of EITHER, instead of REAL: not whole where the point, or the comma, is decimal
    NUMBER_SEEN_EITHER_POINT = 64,
    NUMBER_SEEN_EITHER_COMMA = 128,
};

struct number_cell {
    double value;  // correctly rounded
    unsigned ways; // bits of enum number_way that can read the cell, of those asked for
    unsigned seen; // bits of enum number_seen
    bool code;     // NUMBER_SEEN_CODE
    bool beyond;   // NUMBER_SEEN_BEYOND
};

// Plain numbers (NUMBER_POINT). Blanks around the text are passed over. `text` need not be NUL-terminated.
bool number_cell_read(const char *text, size_t length, struct number_cell *number);
// A number written in one given way.
bool number_cell_read_as(const char *text, size_t length, enum number_way way, struct number_cell *number);
// Which of `ways` can read the cell; seen as by any of them; no value. False when none can.
bool number_cell_ways(const char *text, size_t length, unsigned ways, struct number_cell *number);
char number_way_decimal(enum number_way way);        // '.' or ','
const char *number_way_groups(enum number_way way);  // ",", ".", " ", "'" or ""
const char *number_way_example(enum number_way way); // "1,234.5"

// ---- the fast way -------------------------------------------------------------------------------
// number_cell_fast reads what number_cell_read reads, blanks aside: false means "not by me", and the caller
// asks number_cell_read. The NUMBER_PADDING bytes behind the text must be readable; what they hold does not
// matter. 8 digits at a time (D. Lemire, "Number parsing at a gigabyte per second", 2021, section 3);
// exact by Clinger 1990 up to 2^53 and 10^±22, by a division of 64 bits up to 19 digits and 10^±27.
#define NUMBER_PADDING 8

bool number_cell_long(const char *text, size_t length, struct number_cell *number); // 9 characters and more

static inline uint64_t number_load8(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}
static inline bool number_digits8(uint64_t word) {
    return (((word + 0x4646464646464646u) | (word - 0x3030303030303030u)) & 0x8080808080808080u) == 0;
}
// The first character is the least significant byte.
static inline uint64_t number_value8(uint64_t word) {
    word -= 0x3030303030303030u;
    word = word * 10 + (word >> 8);
    return (((word & 0x000000FF000000FFu) * 0x000F424000000064u) +
            (((word >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >>
           32;
}

// Without a branch: signs come in no order.
static inline double number_with_sign(double value, bool negative) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits |= (uint64_t)negative << 63;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline bool number_cell_fast(const char *text, size_t length, struct number_cell *number) {
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    (void)text, (void)length, (void)number;
    return false;
#else
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    bool negative = length > 1 && *text == '-';
    text += negative;
    length -= negative;
    if (length - 1 > 7)
        return length > 8 && number_cell_long(text - negative, length + negative, number);
    // The characters move to the high bytes; '0' fills the low ones, which are the leading digits.
    unsigned shift = 64 - 8 * (unsigned)length;
    uint64_t filler = shift == 0 ? 0 : 0x3030303030303030u >> (64 - shift);
    uint64_t word = number_load8(text) << shift | filler;
    uint64_t apart = word ^ 0x2E2E2E2E2E2E2E2Eu;
    uint64_t point = (apart - 0x0101010101010101u) & ~apart & 0x8080808080808080u;
    if (point == 0) {
        if (!number_digits8(word))
            return false;
        double value = (double)number_value8(word);
        bool code = *text == '0' && length > 1;
        number->value = number_with_sign(value, negative);
        number->ways = NUMBER_WAYS_ALL;
        number->seen = (code ? NUMBER_SEEN_CODE : 0u) | (length > 3 ? NUMBER_SEEN_LONG : 0u);
        number->code = code;
        number->beyond = false;
        return true;
    }
    // The digits before the point move up over it.
    unsigned at = (unsigned)__builtin_ctzll(point) / 8, fraction = 7 - at;
    uint64_t before = word & (((uint64_t)1 << 8 * at) - 1);
    uint64_t after = at == 7 ? 0 : word >> (8 * (at + 1)) << (8 * (at + 1));
    word = after | before << 8 | 0x30;
    if (!number_digits8(word) || length == 1)
        return false;
    uint64_t digits = number_value8(word);
    double value = (double)digits / powers[fraction];
    unsigned whole = (unsigned)length - fraction - 1;
    bool either = fraction == 3 && whole - 1 < 3 && *text != '0';
    number->value = number_with_sign(value, negative);
    number->ways = NUMBER_WAYS_POINT | (unsigned)either << NUMBER_GROUPS_POINT;
    // Whole when all digits behind the point are 0.
    bool real = fraction > 0 && (after ^ 0x3030303030303030u) >> (8 * (at + 1)) != 0;
    number->seen = either ? NUMBER_SEEN_EITHER | (real ? NUMBER_SEEN_EITHER_POINT : 0u) : real ? NUMBER_SEEN_REAL : 0u;
    number->code = number->beyond = false;
    return true;
#endif
}

#endif
