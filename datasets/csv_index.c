#include "datasets/csv_index.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/processor.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct marks { // beside CR and LF; where quotes are no cuts `quote` is the delimiter again
    char delimiter, quote;
};

// Bit i: text[i] is one of them.
typedef uint64_t find_marks(const char *text, struct marks marks);

static uint64_t find_some(const char *text, size_t count, struct marks marks) {
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text[i];
        bool mark = c == marks.delimiter || c == marks.quote || c == '\n' || c == '\r';
        found |= (uint64_t)mark << i;
    }
    return found;
}

#if !defined(__x86_64__)
static uint64_t find_portable(const char *text, struct marks marks) {
    return find_some(text, 64, marks);
}
#endif

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t find_avx2(const char *text, struct marks marks) {
    __m256i delimiter = _mm256_set1_epi8(marks.delimiter), quote = _mm256_set1_epi8(marks.quote);
    __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
    uint64_t found = 0;
    for (int half = 0; half < 2; half++) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32 * half));
        __m256i cells = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, delimiter), _mm256_cmpeq_epi8(bytes, quote));
        __m256i lines = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, lf), _mm256_cmpeq_epi8(bytes, cr));
        uint32_t bits = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(cells, lines));
        found |= (uint64_t)bits << (32 * half);
    }
    return found;
}

static uint64_t find_sse2(const char *text, struct marks marks) {
    __m128i delimiter = _mm_set1_epi8(marks.delimiter), quote = _mm_set1_epi8(marks.quote);
    __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    uint64_t found = 0;
    for (int part = 0; part < 4; part++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * part));
        __m128i cells = _mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter), _mm_cmpeq_epi8(bytes, quote));
        __m128i lines = _mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr));
        uint32_t bits = (uint32_t)_mm_movemask_epi8(_mm_or_si128(cells, lines));
        found |= (uint64_t)bits << (16 * part);
    }
    return found;
}
#endif

static size_t add_bits(uint32_t *at, uint64_t found, size_t first) {
    size_t count = 0;
    for (; found != 0; found &= found - 1)
        at[count++] = (uint32_t)(first + (size_t)__builtin_ctzll(found));
    return count;
}

// The marks of `blocks` blocks of 64 bytes, the first of which is at text[first]; how many there are.
typedef size_t find_blocks(const char *text, size_t first, size_t blocks, struct marks marks, uint32_t *at);

static inline __attribute__((always_inline)) size_t find_each(find_marks *find, const char *text, size_t first,
                                                              size_t blocks, struct marks marks, uint32_t *at) {
    size_t count = 0;
    for (size_t end = first + 64 * blocks; first < end; first += 64)
        count += add_bits(at + count, find(text + first, marks), first);
    return count;
}

#if defined(__x86_64__)
static size_t blocks_sse2(const char *text, size_t first, size_t blocks, struct marks marks, uint32_t *at) {
    return find_each(find_sse2, text, first, blocks, marks, at);
}

__attribute__((target("avx2"))) static size_t blocks_avx2(const char *text, size_t first, size_t blocks,
                                                          struct marks marks, uint32_t *at) {
    return find_each(find_avx2, text, first, blocks, marks, at);
}

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi2")))

static const unsigned char numbers[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                          16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                          32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                          48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

WIDE static inline void add_sixteen(uint32_t *at, __m128i some, __m512i base) {
    _mm512_storeu_si512(at, _mm512_add_epi32(_mm512_cvtepu8_epi32(some), base));
}

// The numbers of the marked bytes are pressed together and written sixteen at a time: room for 64 is needed.
WIDE static size_t blocks_wide(const char *text, size_t first, size_t blocks, struct marks marks, uint32_t *at) {
    const __m512i delimiter = _mm512_set1_epi8(marks.delimiter), quote = _mm512_set1_epi8(marks.quote);
    const __m512i lf = _mm512_set1_epi8('\n'), cr = _mm512_set1_epi8('\r'), places = _mm512_loadu_si512(numbers);
    size_t count = 0;
    for (size_t end = first + 64 * blocks; first < end; first += 64) {
        __m512i bytes = _mm512_loadu_si512(text + first), base = _mm512_set1_epi32((int)first);
        uint64_t found = _mm512_cmpeq_epi8_mask(bytes, delimiter) | _mm512_cmpeq_epi8_mask(bytes, quote) |
                         _mm512_cmpeq_epi8_mask(bytes, lf) | _mm512_cmpeq_epi8_mask(bytes, cr);
        size_t here = (size_t)__builtin_popcountll(found);
        __m512i pressed = _mm512_maskz_compress_epi8(found, places);
        add_sixteen(at + count, _mm512_castsi512_si128(pressed), base);
        if (here > 16)
            add_sixteen(at + count + 16, _mm512_extracti32x4_epi32(pressed, 1), base);
        if (here > 32) {
            add_sixteen(at + count + 32, _mm512_extracti32x4_epi32(pressed, 2), base);
            add_sixteen(at + count + 48, _mm512_extracti32x4_epi32(pressed, 3), base);
        }
        count += here;
    }
    return count;
}

static find_blocks *best_finder(void) {
    enum processor_set set = processor_set();
    if (set == PROCESSOR_AVX512 && __builtin_cpu_supports("avx512vbmi2"))
        return blocks_wide;
    return set >= PROCESSOR_AVX2 ? blocks_avx2 : blocks_sse2;
}
#else
static size_t blocks_portable(const char *text, size_t first, size_t blocks, struct marks marks, uint32_t *at) {
    return find_each(find_portable, text, first, blocks, marks, at);
}

static find_blocks *best_finder(void) {
    return blocks_portable;
}
#endif

enum status csv_index_make(struct csv_index *index, const char *text, size_t length, char delimiter, char quote,
                           struct error *error) {
    struct marks marks = {.delimiter = delimiter, .quote = quote != 0 ? quote : delimiter};
    enum { BLOCKS = 32 }; // between looks at the room there is
    find_blocks *find = best_finder();
    size_t count = 0;
    index->count = index->next = 0;
    for (size_t first = 0; first < length;) {
        if (!vec_reserve(&index->at, &index->capacity, count + 64 * BLOCKS + 1, sizeof *index->at))
            return error_memory(error, "the cells of a piece", count * sizeof *index->at);
        size_t left = length - first, blocks = left / 64 < BLOCKS ? left / 64 : BLOCKS;
        count += blocks > 0 ? find(text, first, blocks, marks, index->at + count)
                            : add_bits(index->at + count, find_some(text + first, left, marks), first);
        first += blocks > 0 ? 64 * blocks : left;
    }
    if (length == 0 && !vec_reserve(&index->at, &index->capacity, 1, sizeof *index->at))
        return error_memory(error, "the cells of a piece", sizeof *index->at);
    index->at[count] = UINT32_MAX;
    index->count = count;
    return STATUS_OK;
}

void csv_index_free(struct csv_index *index) {
    mem_free(index->at);
    *index = (struct csv_index){0};
}

uint64_t csv_index_byte(const char *text, size_t count, char byte) {
#if defined(__x86_64__)
    if (count == 64) {
        const __m128i wanted = _mm_set1_epi8(byte);
        uint64_t found = 0;
        for (int part = 3; part >= 0; part--) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * part));
            found = found << 16 | (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
        }
        return found;
    }
#endif
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++)
        found |= (uint64_t)(text[i] == byte) << i;
    return found;
}
