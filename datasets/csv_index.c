#include "datasets/csv_index.h"

#include <string.h>

#include "core/base/mem.h"

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

static find_marks *best_finder(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") ? find_avx2 : find_sse2;
#else
    return find_portable;
#endif
}

static size_t add_block(uint32_t *at, size_t count, uint64_t found, size_t first) {
    for (; found != 0; found &= found - 1)
        at[count++] = (uint32_t)(first + (size_t)__builtin_ctzll(found));
    return count;
}

enum status csv_index_make(struct csv_index *index, const char *text, size_t length, char delimiter, char quote,
                           struct error *error) {
    struct marks marks = {.delimiter = delimiter, .quote = quote != 0 ? quote : delimiter};
    find_marks *find = best_finder();
    size_t first = 0, count = 0;
    index->count = index->next = 0;
    for (; first < length; first += 64) {
        if (!vec_reserve(&index->at, &index->capacity, count + 65, sizeof *index->at))
            return error_memory(error, "the cells of a piece", count * sizeof *index->at);
        uint64_t found =
            first + 64 <= length ? find(text + first, marks) : find_some(text + first, length - first, marks);
        count = add_block(index->at, count, found, first);
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
