// The Model view: what is edited stays the parameter that was chosen, whatever moves in the form meanwhile.
#include "tests/views/check.h"

#include "tests/support/fake_session.h"
#include "tests/support/snapshots.h"
#include "tests/support/view_driver.h"
#include "views/views.h"

static struct snapshots made;
static struct view_driver driver;
static struct train_params params;

static int open_view(void **state) {
    (void)state;
    memset(&fake, 0, sizeof fake);
    snapshots_nothing(&made);
    params_defaults(&train_table, &params);
    made.snapshot.params = &params;
    driver_open(&driver, &view_model, &made.snapshot);
    return 0;
}

static int close_view(void **state) {
    (void)state;
    driver_close(&driver);
    snapshots_free(&made);
    return 0;
}

// Goes to the parameter and begins to edit it.
static void edit(const char *name) {
    char wanted[80];
    for (int row = 0; row < 200; row++) {
        driver_key(&driver, "Enter");
        if (view_model.modal(driver.state)) {
            driver_key(&driver, "Ctrl-U");
            driver_type(&driver, "7");
            driver_key(&driver, "Enter");
            snprintf(wanted, sizeof wanted, "set %s ", name);
            bool found = strncmp(fake.last, wanted, strlen(wanted)) == 0;
            driver_key(&driver, "Esc");
            if (found) {
                driver_key(&driver, "Enter");
                driver_key(&driver, "Ctrl-U");
                return;
            }
        }
        driver_key(&driver, "Down");
    }
    fail_msg("the form has no %s", name);
}

static void other_rows_may_move_while_one_is_edited(void **state) {
    (void)state;
    edit("epochs");
    driver_type(&driver, "1");
    // rows above it go
    assert_int_equal(params_set(&train_table, &params, "model", "linear", &(struct error){0}), STATUS_OK);
    driver_type(&driver, "2");
    driver_key(&driver, "Enter");
    assert_string_equal(fake.last, "set epochs 12");
}

static void what_has_no_meaning_any_more_is_not_edited(void **state) {
    (void)state;
    edit("momentum");
    driver_type(&driver, "0.5");
    assert_int_equal(params_set(&train_table, &params, "optimizer", "adam", &(struct error){0}), STATUS_OK);
    fake.last[0] = '\0';
    driver_key(&driver, "Enter");
    assert_null(strstr(fake.last, "0.5"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_view, close_view)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(other_rows_may_move_while_one_is_edited),
        TEST(what_has_no_meaning_any_more_is_not_edited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
