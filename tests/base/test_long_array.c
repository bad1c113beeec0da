// A long array holds what was put in, in memory, in a file, and where there can be no file or no larger one.
#include "tests/support/test.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/long_array.h"
#include "core/base/mem.h"

struct item { // as long as a point of a curve
    uint64_t number, square;
    double rest[5];
};

static struct long_array array;
static struct item *items;
static size_t count, capacity;

static char folder[64];

static int set_up(void **state) {
    (void)state;
    strcpy(folder, "/tmp/batchlab-long-XXXXXX");
    return !mkdtemp(folder) || setenv("XDG_CACHE_HOME", folder, 1);
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    long_array_free(&array, items);
    items = NULL;
    count = capacity = 0;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void add(size_t many) {
    assert_true(long_array_reserve(&array, &items, &capacity, count + many, sizeof *items));
    assert_true(capacity >= count + many);
    for (size_t i = 0; i < many; i++, count++)
        items[count] = (struct item){.number = count, .square = count * count, .rest = {[4] = (double)count / 3}};
}

static void check(void) {
    for (size_t i = 0; i < count; i++) {
        if (items[i].number != i || items[i].square != i * i || items[i].rest[4] != (double)i / 3)
            fail_msg("item %zu is another", i);
    }
}

static void grow_to(size_t bytes) {
    for (size_t many = 1; count * sizeof *items < bytes; many = many < 40000 ? many * 3 : 17)
        add(many);
}

static void what_is_put_in_stays(void **state) {
    (void)state;
    grow_to(LONG_ARRAY_MEMORY / 2);
    assert_int_equal(array.mapped, 0);
    check();
    grow_to(LONG_ARRAY_MEMORY * 7 / 2);
    assert_true(array.mapped >= count * sizeof *items);
    check();
    grow_to(LONG_ARRAY_MEMORY * 9 / 2);
    check();
}

static void without_a_folder_it_is_memory(void **state) {
    (void)state;
    setenv("XDG_CACHE_HOME", "/proc/nothing", 1);
    grow_to(LONG_ARRAY_MEMORY * 5 / 2);
    assert_true(array.mapped == 0 && array.refused);
    check();
}

// A file may be so long and no longer, as on a disk that is full.
static void when_the_disk_is_full_it_goes_on_in_memory(void **state) {
    (void)state;
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit = (struct rlimit){.rlim_cur = 2 * LONG_ARRAY_MEMORY + 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    grow_to(LONG_ARRAY_MEMORY * 3 / 2);
    assert_true(array.mapped > 0);
    grow_to(LONG_ARRAY_MEMORY * 7 / 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(array.mapped == 0 && array.refused);
    check();
}

// Neither file nor memory: what there was is there still.
static void without_memory_nothing_is_lost(void **state) {
    (void)state;
    grow_to(LONG_ARRAY_MEMORY / 2);
    setenv("XDG_CACHE_HOME", "/proc/nothing", 1);
    struct item *was = items;
    size_t room = capacity;
    for (unsigned long at = 1; at <= 64; at++) { // whatever allocation fails
        mem_fail_at(at);
        bool grown = long_array_reserve(&array, &items, &capacity, LONG_ARRAY_MEMORY / sizeof *items + at * 1000, sizeof *items);
        mem_fail_at(0);
        if (grown)
            break;
        assert_true(items == was && capacity == room);
    }
    check();
    assert_false(long_array_reserve(&array, &items, &capacity, SIZE_MAX / 2, sizeof *items));
    check();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_in_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_folder_it_is_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(when_the_disk_is_full_it_goes_on_in_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_lost, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
