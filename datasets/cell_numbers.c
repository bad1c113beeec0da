#include "datasets/cell_numbers.h"

#include "core/base/processor.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512cd")))

// Eight texts: the first eight bytes behind the minus, and how many of them belong to the cell.
struct eight {
    __m512i word, length;
    __mmask8 negative;
};

WIDE static inline struct eight load(const struct csv_cell *cells) {
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), one = _mm512_set1_epi64(1);
    __m512i first = _mm512_loadu_si512(cells), second = _mm512_loadu_si512(cells + 4); // text, length, text, length …
    __m512i text = _mm512_permutex2var_epi64(first, even, second);
    __m512i length = _mm512_permutex2var_epi64(first, _mm512_add_epi64(even, one), second);
    __m512i word = _mm512_i64gather_epi64(text, NULL, 1), byte = _mm512_and_si512(word, _mm512_set1_epi64(0xFF));
    __mmask8 negative =
        _mm512_mask_cmpeq_epi64_mask(_mm512_cmpgt_epu64_mask(length, one), byte, _mm512_set1_epi64('-'));
    if (negative != 0) {
        word = _mm512_mask_i64gather_epi64(word, negative, _mm512_add_epi64(text, one), NULL, 1);
        length = _mm512_mask_sub_epi64(length, negative, length, one);
    }
    return (struct eight){word, length, negative};
}

// The value of eight digits each, the first of which is the lowest byte.
WIDE static inline __m512i value_of(__m512i digits) {
    __m512i pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010A)); // 10 · first + second
    __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00010064)); // 100 · first + second
    return _mm512_add_epi64(_mm512_mul_epu32(fours, _mm512_set1_epi64(10000)), _mm512_srli_epi64(fours, 32));
}

// As number_cell_fast, lane by lane; there the words are explained.
WIDE static unsigned read_eight(const struct csv_cell *cells, double *values, struct numbers_seen *seen) {
    const __m512i one = _mm512_set1_epi64(1), zeros = _mm512_set1_epi8('0'), points = _mm512_set1_epi8('.');
    const __m512i none = _mm512_setzero_si512();
    const __m512d powers = _mm512_setr_pd(1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7);
    struct eight of = load(cells);
    __m512i bits = _mm512_slli_epi64(of.length, 3), begin = _mm512_and_si512(of.word, _mm512_set1_epi64(0xFF));
    __mmask8 read = _mm512_cmple_epu64_mask(_mm512_sub_epi64(of.length, one), _mm512_set1_epi64(7));
    __mmask8 zero = _mm512_cmpeq_epi64_mask(begin, _mm512_set1_epi64('0'));
    __m512i word = _mm512_or_si512(_mm512_sllv_epi64(of.word, _mm512_sub_epi64(_mm512_set1_epi64(64), bits)),
                                   _mm512_srlv_epi64(zeros, bits));
    __m512i apart = _mm512_xor_si512(word, points);
    __m512i found = _mm512_andnot_si512(apart, _mm512_sub_epi64(apart, _mm512_set1_epi8(1)));
    found = _mm512_and_si512(found, _mm512_set1_epi8((char)0x80));
    __mmask8 point = _mm512_test_epi64_mask(found, found), whole = (__mmask8)~point, real = 0;
    __m512i fraction = none;
    if (point != 0) {
        __m512i lowest = _mm512_and_si512(found, _mm512_sub_epi64(none, found));
        __m512i up_to = _mm512_or_si512(lowest, _mm512_sub_epi64(lowest, one));
        __m512i before = _mm512_and_si512(word, _mm512_sub_epi64(_mm512_srli_epi64(lowest, 7), one));
        __m512i after = _mm512_andnot_si512(up_to, word);
        __m512i closed = _mm512_or_si512(_mm512_or_si512(after, _mm512_slli_epi64(before, 8)), _mm512_set1_epi64('0'));
        word = _mm512_mask_mov_epi64(word, point, closed);
        fraction = _mm512_maskz_srli_epi64(point, _mm512_lzcnt_epi64(lowest), 3);
        real = _mm512_mask_test_epi64_mask(point, _mm512_andnot_si512(up_to, _mm512_xor_si512(after, zeros)),
                                           _mm512_set1_epi64(-1));
        // "1.234": whole digits 1 to 3, of which the first is no 0
        __m512i rest = _mm512_sub_epi64(of.length, _mm512_add_epi64(fraction, _mm512_set1_epi64(2)));
        __mmask8 three = _mm512_mask_cmpeq_epi64_mask(point, fraction, _mm512_set1_epi64(3));
        __mmask8 either = _mm512_mask_cmplt_epu64_mask(three, rest, _mm512_set1_epi64(3));
        __mmask8 alone = _mm512_mask_cmpeq_epi64_mask(point, of.length, one);
        read &= (__mmask8) ~(alone | (either & ~zero));
    }
    __m512i digits = _mm512_sub_epi8(word, zeros);
    __mmask64 other = _mm512_cmpgt_epu8_mask(digits, _mm512_set1_epi8(9));
    if (other != 0)
        read &= _mm512_cmpeq_epi64_mask(_mm512_movm_epi8(other), none);
    read &= (__mmask8) ~(whole & zero & _mm512_cmpgt_epu64_mask(of.length, one)); // "007"
    __m512d value = _mm512_cvtepu64_pd(value_of(digits));
    if (point != 0)
        value = _mm512_div_pd(value, _mm512_permutexvar_pd(fraction, powers));
    value = _mm512_mask_or_pd(value, of.negative, value, _mm512_set1_pd(-0.0));
    _mm512_mask_storeu_pd(values, read, value);
    __mmask8 many = _mm512_cmpgt_epu64_mask(of.length, _mm512_set1_epi64(3));
    seen->ways &= (read & point) != 0 ? NUMBER_WAYS_POINT : NUMBER_WAYS_ALL;
    seen->seen |= ((read & real) != 0 ? NUMBER_SEEN_REAL : 0u) | ((read & whole & many) != 0 ? NUMBER_SEEN_LONG : 0u);
    seen->count += (uint64_t)__builtin_popcount(read);
    return read;
}

numbers_read *numbers_reader(void) {
    return processor_set() == PROCESSOR_AVX512 ? read_eight : NULL;
}
#else
numbers_read *numbers_reader(void) {
    return NULL;
}
#endif
