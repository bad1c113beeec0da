#include "tests/views/check.h"

#include "views/layout.h"

static void split_serves_minimum_maximum_and_weight(void **state) {
    static const struct layout_part parts[] = {{10, 20, 1}, {5, 0, 3}, {8, 8, 0}};
    int sizes[3];
    (void)state;
    layout_split(100, parts, 3, 1, sizes); // 98 cells: 8 fixed, 20 at most, the rest
    assert_int_equal(sizes[0], 20);
    assert_int_equal(sizes[1], 70);
    assert_int_equal(sizes[2], 8);
    layout_split(12, parts, 3, 1, sizes); // 10 + gap + 1
    assert_int_equal(sizes[0], 10);
    assert_int_equal(sizes[1], 1);
    assert_int_equal(sizes[2], 0);
    layout_split(0, parts, 3, 1, sizes);
    assert_int_equal(sizes[0] + sizes[1] + sizes[2], 0);
}

static void shares_follow_the_weights(void **state) {
    static const struct layout_part parts[] = {{0, 0, 1}, {0, 0, 2}, {0, 0, 1}};
    int sizes[3];
    (void)state;
    layout_split(80, parts, 3, 0, sizes);
    assert_int_equal(sizes[0], 20);
    assert_int_equal(sizes[1], 40);
    assert_int_equal(sizes[2], 20);
}

static void random_splits_stay_inside_and_apart(void **state) {
    uint32_t random = 9;
    (void)state;
    for (int round = 0; round < 10000; round++) {
        struct layout_part parts[6];
        struct rect out[6], area = {(int)(check_random(&random) % 50) - 25, 3, (int)(check_random(&random) % 120) - 10, 7};
        size_t count = 1 + check_random(&random) % 6;
        int gap = (int)(check_random(&random) % 3), end = area.x;
        for (size_t i = 0; i < count; i++)
            parts[i] = (struct layout_part){(int)(check_random(&random) % 20), (int)(check_random(&random) % 40),
                                            (int)(check_random(&random) % 4)};
        layout_columns(area, parts, count, gap, out);
        for (size_t i = 0; i < count; i++) {
            assert_true(out[i].width >= 0);
            if (out[i].width == 0)
                continue;
            assert_true(out[i].x >= end);
            end = out[i].x + out[i].width;
            assert_true(end <= area.x + area.width);
        }
    }
}

static void taking_moves_the_rest(void **state) {
    struct rect area = {2, 3, 10, 5}, taken;
    (void)state;
    taken = rect_take_top(&area, 2);
    assert_int_equal(taken.y, 3);
    assert_int_equal(area.y, 5);
    taken = rect_take_bottom(&area, 99);
    assert_int_equal(taken.height, 3);
    assert_true(rect_empty(area));
    assert_true(rect_empty(rect_intersect((struct rect){0, 0, 5, 5}, (struct rect){5, 0, 5, 5})));
    assert_true(rect_empty(rect_inset((struct rect){0, 0, 3, 1}, 2, 1)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_serves_minimum_maximum_and_weight),
        cmocka_unit_test(shares_follow_the_weights),
        cmocka_unit_test(random_splits_stay_inside_and_apart),
        cmocka_unit_test(taking_moves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
