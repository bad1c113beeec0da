// The Evaluate view on made-up measurements of shipped data: golden screens of its pages, many classes, hostile names.
#include "tests/views/check.h"

#include <stdio.h>

#include "tests/support/evaluate_scene.h"
#include "tests/support/fake_session.h"
#include "tests/support/screen.h"
#include "views/views.h"

// ---- screens ----------------------------------------------------------------------------------------------------------

static void check(struct scene *scene, const char *name, bool colors) {
    static const int sizes[][2] = {{80, 24}, {120, 36}, {160, 48}};
    for (size_t i = 0; i < 3; i++) {
        if (colors || i == 0) // pictures of many colors would fill the repository
            screen_check(name, sizes[i][0], sizes[i][1], false, driver_draw, &scene->driver);
        screen_check(name, sizes[i][0], sizes[i][1], true, driver_draw, &scene->driver);
    }
}

static void two_classes_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/breast_cancer.csv");
    driver_key(&scene.driver, "Right");
    check(&scene, "evaluate-confusion", true);
    scene_go_to(&scene, EVALUATE_CLASSES);
    check(&scene, "evaluate-classes", true);
    scene_go_to(&scene, EVALUATE_CURVES);
    check(&scene, "evaluate-curves", true);
    scene_go_to(&scene, EVALUATE_THRESHOLD);
    driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "Up");
    driver_key(&scene.driver, "m");
    check(&scene, "evaluate-threshold", true);
    scene_go_to(&scene, EVALUATE_CALIBRATION);
    check(&scene, "evaluate-calibration", true);
    scene_go_to(&scene, EVALUATE_WORST);
    check(&scene, "evaluate-worst", true);
    driver_key(&scene.driver, "Enter");
    screen_check("evaluate-row", 80, 24, false, driver_draw, &scene.driver);
    scene_add_plane(&scene);
    scene_go_to(&scene, EVALUATE_PLANE);
    check(&scene, "evaluate-plane", false);
    scene_close(&scene);
}

static void numbers_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/diabetes.csv");
    check(&scene, "evaluate-predicted", true);
    scene_go_to(&scene, EVALUATE_RESIDUALS);
    check(&scene, "evaluate-residuals", true);
    scene_go_to(&scene, EVALUATE_WORST);
    check(&scene, "evaluate-errors", true);
    scene_close(&scene);
}

static void pictures_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/fashion-mnist");
    check(&scene, "evaluate-ten-classes", true);
    driver_key(&scene.driver, "n");
    driver_key(&scene.driver, "Down");
    driver_key(&scene.driver, "Enter"); // one taken for zero
    assert_true(scene_state(&scene)->listing && scene_state(&scene)->cell.count > 0);
    check(&scene, "evaluate-pictures", false);
    scene_close(&scene);
}

static void many_classes_and_one_look_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open_many(&scene, 1000, 4000, false);
    driver_key(&scene.driver, "G");
    driver_key(&scene.driver, "End");
    driver_key(&scene.driver, "Left");
    screen_check("evaluate-thousand", 80, 24, false, driver_draw, &scene.driver);
    screen_check("evaluate-thousand", 160, 48, true, driver_draw, &scene.driver);
    scene_close(&scene);
    scene_open_many(&scene, 2, 50, true);
    screen_check("evaluate-one-class", 120, 36, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

static void nothing_looks_as_read(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene, "datasets/samples/iris.csv");
    struct evaluate_view *view = &scene.snapshot.evaluate;
    view->making = true;
    view->stage = "Predicting";
    view->share = 0.58;
    screen_check("evaluate-measuring", 120, 36, false, driver_draw, &scene.driver);
    view->made = NULL;
    screen_check("evaluate-first", 80, 24, true, driver_draw, &scene.driver);
    view->making = false;
    snprintf(view->reason, sizeof view->reason, "cannot open /home/ada/gone.csv: there is no such file");
    screen_check("evaluate-reason", 80, 24, false, driver_draw, &scene.driver);
    view->reason[0] = '\0';
    screen_check("evaluate-nothing", 80, 24, false, driver_draw, &scene.driver);
    scene_close(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_classes_look_as_read),
        cmocka_unit_test(numbers_look_as_read),
        cmocka_unit_test(pictures_look_as_read),
        cmocka_unit_test(many_classes_and_one_look_as_read),
        cmocka_unit_test(nothing_looks_as_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
