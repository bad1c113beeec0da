// What the Evaluate view is shown in tests: made-up measurements of shipped data, or of many classes without any.
#ifndef TESTS_SUPPORT_EVALUATE_SCENE_H
#define TESTS_SUPPORT_EVALUATE_SCENE_H

#include "datasets/pipeline.h"
#include "tests/support/view_driver.h"
#include "views/evaluate_parts.h"

struct scene {
    struct snapshot snapshot;
    struct train_params params;
    struct pipeline *pipeline;
    struct split split;
    struct prepared *prepared;
    struct notes notes;
    struct measurement made;
    struct class_curves *curves;
    struct boundary *boundary;
    char **names; // of many classes
    struct view_driver driver;
};

// Run 14, 30 % of the file's rows to validate with. A scene that was opened is closed.
void scene_open(struct scene *scene, const char *path);
// So many classes without data, of names that mean harm; every row of one class when `one`.
void scene_open_many(struct scene *scene, size_t classes, size_t rows, bool one);
void scene_close(struct scene *scene);
void scene_add_plane(struct scene *scene); // of a line through it, and rows around that
const struct evaluate_state *scene_state(const struct scene *scene);
void scene_go_to(struct scene *scene, enum evaluate_page page); // by Tab

#endif
