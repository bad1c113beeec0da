// mem, str and arena, with allocations that fail on demand; status, which needs them.
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/mem.h"
#include "core/base/status.h"
#include "core/base/str.h"
#include "tests/support/test.h"

static void test_alloc_is_zeroed_and_checked(void **state) {
    (void)state;
    unsigned char *bytes = mem_alloc(1000, 3);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(bytes[i], 0);
    mem_free(bytes);
    assert_null(mem_alloc(SIZE_MAX / 2, 3));
    assert_null(mem_resize(NULL, SIZE_MAX, 2));
    void *none = mem_alloc(0, 8);
    assert_non_null(none);
    mem_free(none);
    mem_free(NULL);
    for (size_t alignment = 1; alignment <= 4096; alignment *= 4) {
        unsigned char *block = mem_aligned(alignment, 100, 1);
        assert_int_equal((uintptr_t)block % alignment, 0);
        assert_int_equal(block[0] | block[99], 0);
        mem_free(block);
    }
}

static void test_overflow(void **state) {
    (void)state;
    size_t result = 1;
    assert_true(size_multiply(SIZE_MAX / 3, 3, &result));
    assert_false(size_multiply(SIZE_MAX / 2 + 1, 2, &result));
    assert_true(size_add(SIZE_MAX - 1, 1, &result) && result == SIZE_MAX);
    assert_false(size_add(SIZE_MAX, 1, &result));
}

static void test_failing_on_demand(void **state) {
    (void)state;
    unsigned long before = mem_calls();
    mem_fail_at(2);
    char *first = mem_string("one"), *second = mem_string("two"), *third = mem_copy("three", 6);
    mem_fail_at(0);
    assert_string_equal(first, "one");
    assert_null(second);
    assert_string_equal(third, "three"); // once only
    assert_int_equal(mem_calls() - before, 3);
    mem_free(first);
    mem_free(third);
}

// In a child whose address space may grow by 256 MiB.
static void test_what_is_left(void **state) {
    (void)state;
    assert_true(mem_left() > 1 << 20);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit space;
        unsigned long pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        if (file == NULL || fscanf(file, "%lu", &pages) != 1)
            _exit(2);
        fclose(file);
        space.rlim_cur = space.rlim_max = pages * (unsigned long)sysconf(_SC_PAGESIZE) + ((rlim_t)256 << 20);
        if (setrlimit(RLIMIT_AS, &space) != 0)
            _exit(3);
        uint64_t left = mem_left();
        _exit(left > (uint64_t)200 << 20 && left <= (uint64_t)260 << 20 ? 0 : 4);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // their shadows alone are larger than any limit
    assert_int_equal(WEXITSTATUS(status), 0);
#endif
}

static void test_vec_reserve(void **state) {
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    unsigned long before = mem_calls();
    for (size_t i = 0; i < 1000; i++) {
        assert_true(vec_reserve(&items, &capacity, i + 1, sizeof *items));
        items[i] = (int)i;
    }
    assert_true(mem_calls() - before <= 10); // doubling
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    int *kept = items;
    size_t kept_capacity = capacity;
    mem_fail_at(1);
    assert_false(vec_reserve(&items, &capacity, capacity + 1, sizeof *items));
    mem_fail_at(0);
    assert_false(vec_reserve(&items, &capacity, SIZE_MAX / 2, sizeof *items));
    assert_ptr_equal(items, kept);
    assert_int_equal(capacity, kept_capacity);
    mem_free(items);
}

static void test_str(void **state) {
    (void)state;
    struct str s = {0};
    assert_string_equal(str_text(&s), "");
    for (int i = 0; i < 100; i++)
        str_format(&s, "%d,", i);
    str_add(&s, "end");
    str_add_char(&s, '.');
    str_add_bytes(&s, "\0x", 2);
    assert_int_equal(s.length, 10 * 2 + 90 * 3 + 3 + 1 + 2);
    assert_true(text_starts(s.text, "0,1,2,"));
    assert_true(text_ends(s.text, "98,99,end."));
    assert_int_equal(s.text[s.length], 0);
    str_clear(&s);
    assert_string_equal(str_text(&s), "");
    str_free(&s);
    assert_null(s.text);
}

static void test_str_out_of_memory(void **state) {
    (void)state;
    struct str s = {0};
    str_add(&s, "kept");
    mem_fail_at(1);
    str_format(&s, "%100d", 1);
    mem_fail_at(0);
    str_add(&s, "!");
    assert_true(s.failed);
    assert_string_equal(str_text(&s), "kept");
    str_clear(&s);
    str_add(&s, "again");
    assert_false(s.failed);
    assert_string_equal(str_text(&s), "again");
    str_free(&s);
}

static void test_arena(void **state) {
    (void)state;
    struct arena arena = {0};
    unsigned char *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        size_t size = i % 50 == 49 ? 100000 : i;
        pieces[i] = arena_alloc(&arena, size, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t j = 0; j < size; j++) {
            if (pieces[i][j] != 0)
                fail();
        }
        memset(pieces[i], (int)(i % 255 + 1), size);
    }
    for (size_t i = 0; i < 500; i++) { // no piece overlaps another
        for (size_t j = 0; j < (i % 50 == 49 ? 100000 : i); j++) {
            if (pieces[i][j] != i % 255 + 1)
                fail();
        }
    }
    char *text = arena_text(&arena, "batchlab", 5);
    assert_string_equal(text, "batch");
    assert_true(arena.total >= 10 * 100000);
    arena_free(&arena);
    assert_null(arena.block);
    assert_int_equal(arena.total, 0);
}

static void test_arena_out_of_memory(void **state) {
    (void)state;
    struct arena arena = {0};
    mem_fail_at(1);
    assert_null(arena_alloc(&arena, 1, 1));
    mem_fail_at(0);
    assert_null(arena_alloc(&arena, SIZE_MAX / 4, 8));
    assert_null(arena_alloc(&arena, SIZE_MAX - 3, 1));
    assert_null(arena_text(&arena, "", SIZE_MAX));
    assert_non_null(arena_alloc(&arena, 1, 1));
    arena_free(&arena);
}

static void test_error_texts(void **state) {
    (void)state;
    struct error error = {0};
    assert_int_equal(error_set(&error, STATUS_IO, "%s:%d: broken; mend it", "a.csv", 3), STATUS_IO);
    assert_int_equal(error.status, STATUS_IO);
    assert_string_equal(error.text, "a.csv:3: broken; mend it");
    assert_int_equal(error_prefix(&error, "run %d", 7), STATUS_IO);
    assert_string_equal(error.text, "run 7: a.csv:3: broken; mend it");
    assert_int_equal(error_set(&error, STATUS_INVALID, "%s again", error.text), STATUS_INVALID); // its own text
    assert_string_equal(error.text, "run 7: a.csv:3: broken; mend it again");
    assert_int_equal(error_memory(&error, "weights", 4096), STATUS_MEMORY);
    assert_string_equal(error.text, "out of memory (weights, 4096 bytes needed)");
    assert_string_equal(status_name(STATUS_OK), "ok");
    assert_string_equal(status_name(STATUS_NUMERIC), "numeric");
}

static void test_error_is_cut_between_characters(void **state) {
    (void)state;
    struct error error = {0};
    char text[2 * ERROR_TEXT_SIZE + 1];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        error_set(&error, STATUS_INVALID, "%s", text);
        assert_true(utf8_valid(error.text, strlen(error.text)));
        assert_true(strlen(error.text) >= ERROR_TEXT_SIZE - 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_is_zeroed_and_checked),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_failing_on_demand),
        cmocka_unit_test(test_what_is_left),
        cmocka_unit_test(test_vec_reserve),
        cmocka_unit_test(test_str),
        cmocka_unit_test(test_str_out_of_memory),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_out_of_memory),
        cmocka_unit_test(test_error_texts),
        cmocka_unit_test(test_error_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
