// J. Keiser, D. Lemire, "Validating UTF-8 in less than one instruction per byte", Software: Practice and Experience
// 51(5), 2021, section 6: three tables, asked with the halves of two bytes that follow each other, say each what can
// be wrong with the pair; what all three say is wrong.
#include "datasets/utf8_run.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/base/processor.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx2")))

enum {         // what a pair can be
    SHORT = 1, // a first byte without the next one
    LONG = 2,  // a next byte behind a character that is over
    OVERLONG_THREE = 4,
    BEYOND = 8, // beyond U+10FFFF
    SURROGATE = 16,
    OVERLONG_TWO = 32,
    BEYOND_LOW = 64, // F5 … FF with 8x; the same bit: four bytes where three do
    OVERLONG_FOUR = 64,
    TWO_NEXT = 128, // two next bytes: right in the third and fourth place alone
    ANY_LOW = SHORT | LONG | TWO_NEXT,
};

static const unsigned char first_high[16] = {LONG,
                                             LONG,
                                             LONG,
                                             LONG,
                                             LONG,
                                             LONG,
                                             LONG,
                                             LONG,
                                             TWO_NEXT,
                                             TWO_NEXT,
                                             TWO_NEXT,
                                             TWO_NEXT,
                                             SHORT | OVERLONG_TWO,
                                             SHORT,
                                             SHORT | OVERLONG_THREE | SURROGATE,
                                             SHORT | BEYOND | BEYOND_LOW | OVERLONG_FOUR};
static const unsigned char first_low[16] = {ANY_LOW | OVERLONG_THREE | OVERLONG_TWO | OVERLONG_FOUR,
                                            ANY_LOW | OVERLONG_TWO,
                                            ANY_LOW,
                                            ANY_LOW,
                                            ANY_LOW | BEYOND,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW | SURROGATE,
                                            ANY_LOW | BEYOND | BEYOND_LOW,
                                            ANY_LOW | BEYOND | BEYOND_LOW};
static const unsigned char second_high[16] = {SHORT,
                                              SHORT,
                                              SHORT,
                                              SHORT,
                                              SHORT,
                                              SHORT,
                                              SHORT,
                                              SHORT,
                                              LONG | OVERLONG_TWO | TWO_NEXT | OVERLONG_THREE | BEYOND_LOW |
                                                  OVERLONG_FOUR,
                                              LONG | OVERLONG_TWO | TWO_NEXT | OVERLONG_THREE | BEYOND,
                                              LONG | OVERLONG_TWO | TWO_NEXT | SURROGATE | BEYOND,
                                              LONG | OVERLONG_TWO | TWO_NEXT | SURROGATE | BEYOND,
                                              SHORT,
                                              SHORT,
                                              SHORT,
                                              SHORT};

WIDE static inline __m256i ask(const unsigned char table[16], __m256i which) {
    __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
    return _mm256_shuffle_epi8(both, which);
}

// Whether something is wrong with these 32 bytes behind those before; half a character at their end is not.
WIDE static inline bool wrong(__m256i bytes, __m256i before) {
    const __m256i low = _mm256_set1_epi8(0x0F);
    __m256i across = _mm256_permute2x128_si256(before, bytes, 0x21);
    __m256i one = _mm256_alignr_epi8(bytes, across, 15), two = _mm256_alignr_epi8(bytes, across, 14);
    __m256i three = _mm256_alignr_epi8(bytes, across, 13);
    __m256i high = ask(first_high, _mm256_and_si256(_mm256_srli_epi16(one, 4), low));
    __m256i pair = _mm256_and_si256(high, ask(first_low, _mm256_and_si256(one, low)));
    pair = _mm256_and_si256(pair, ask(second_high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low)));
    // The third and fourth places have to be two next bytes, and no other place may.
    __m256i third = _mm256_subs_epu8(two, _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(three, _mm256_set1_epi8(0xF0 - 0x80));
    __m256i late = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    __m256i error = _mm256_xor_si256(late, pair);
    return !_mm256_testz_si256(error, error);
}

// Without the beginning of a character at the end.
static size_t whole_characters(const unsigned char *bytes, size_t count) {
    for (size_t back = 1; back <= 3 && back <= count; back++) {
        unsigned char byte = bytes[count - back];
        size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
        if (byte < 0x80 || byte >= 0xC0)
            return length > back ? count - back : count;
    }
    return count;
}

WIDE static size_t run_wide(const unsigned char *bytes, size_t count) {
    __m256i before = _mm256_setzero_si256(), none = before;
    bool open = false; // the bytes before end beyond ASCII
    size_t at = 0;
    for (; at + 32 <= count; at += 32) {
        __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + at));
        uint32_t beyond = (uint32_t)_mm256_movemask_epi8(here);
        if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, none)) != 0 || ((beyond != 0 || open) && wrong(here, before)))
            break;
        open = beyond >> 31 != 0;
        before = here;
    }
    return whole_characters(bytes, at);
}

size_t utf8_run(const unsigned char *bytes, size_t count) {
    return processor_set() >= PROCESSOR_AVX2 ? run_wide(bytes, count) : 0;
}
#else
size_t utf8_run(const unsigned char *bytes, size_t count) {
    (void)bytes, (void)count;
    return 0;
}
#endif
