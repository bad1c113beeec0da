// The Lab view: a menu of what can be done there, and a page for each: a race of batch sizes, a sweep over parameters,
// the range test, lessons, a report. A page is a file with a const vtable (struct lab_page) and a row in lab.c. Private
// to views/lab*.c. The state owns the list of trials and the curves of a lesson.
#ifndef VIEWS_LAB_PARTS_H
#define VIEWS_LAB_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/form.h"
#include "views/widgets/plot.h"
#include "views/widgets/table.h"

enum lab_x { LAB_EPOCHS, LAB_STEPS, LAB_SAMPLES, LAB_SECONDS, LAB_X_COUNT };
extern const char *const lab_x_names[LAB_X_COUNT];
double lab_x_of(enum lab_x axis, const struct reach_point *point, double train_rows); // train_rows 0: not known

enum lab_page_id { LAB_MENU, LAB_RACE, LAB_SWEEP, LAB_RANGE, LAB_LESSONS, LAB_REPORT, LAB_PAGES };

struct lab_curve { // of a run of a lesson
    double *x, *y;
    size_t count, x_capacity, y_capacity;
};

struct lab_state {
    enum lab_page_id page;
    size_t menu; // the page that is chosen there
    // race and sweep
    bool asking; // the form is shown though there is something else to show
    struct form_state form;
    union {
        double aligned;
        char bytes[1024];
    } race, sweep; // struct race_options, struct sweep_options
    struct table_view_state rows[2]; // of each kind of experiment
    enum lab_x x_axis;
    bool log_y;
    // derived in refresh
    double x[PLOT_SERIES_MOST][TRIAL_CURVE], y[PLOT_SERIES_MOST][TRIAL_CURVE];
    size_t points[PLOT_SERIES_MOST];
    char names[PLOT_SERIES_MOST][24];
    size_t series;
    size_t *trials, trial_count, trial_capacity; // slots of the sweep that were begun, the best first
    // range test
    uint64_t range_seen; // of snapshot.range_count
    int range_choice;    // which suggestion
    // lessons
    size_t lesson;     // the one of the list that is chosen
    bool lesson_shown; // the open one, in place of the list
    bool every_step;   // curves of every step, not of means
    size_t answer;     // the one that is chosen
    char given;        // the letter that was given; 0 = none yet
    int scroll;        // of its text
    struct lab_curve curves[LESSON_RUNS_MOST]; // derived in refresh
    char shelf_reason[ERROR_TEXT_SIZE];        // why there is no list; "" = there is
    // report
    struct table_view_state runs;
    bool naming; // the file's name is typed
    struct prompt prompt;
};

struct lab_page {
    const char *name, *title, *about; // in the head; in the menu; there, what it is
    // What stands in the head behind the names of pages; returns the columns it takes. NULL: nothing.
    int (*head)(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas, int x, int y);
    void (*refresh)(struct lab_state *state, const struct snapshot *snapshot); // NULL: nothing to derive
    void (*draw)(const struct lab_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                 struct rect area);
    enum view_result (*request)(struct lab_state *state, const struct view_context *context, enum request wanted);
    enum view_result (*event)(struct lab_state *state, const struct view_context *context,
                              const struct input_event *input);
    bool (*modal)(const struct lab_state *state); // NULL: never
    const char *(*busy)(const struct snapshot *snapshot); // what goes on there, in a word or two; NULL: nothing
};
extern const struct lab_page lab_page_menu, lab_page_race, lab_page_sweep, lab_page_range, lab_page_lessons,
    lab_page_report;
const struct lab_page *lab_page_at(enum lab_page_id page);
void lab_go(struct lab_state *state, enum lab_page_id page);
struct rect lab_room(struct rect area); // of a page: without the head

// ---- race and sweep (lab_group.c, lab_race.c, lab_sweep.c) --------------------------------------------------
enum experiment_kind lab_kind(const struct lab_state *state); // of the page, one of these two
// The experiment that the page shows; NULL: the form.
const struct lab_view *lab_shown(const struct lab_state *state, const struct snapshot *snapshot);
void lab_group_open(struct lab_state *state);

struct lab_places { // panes with their frames; empty = not there
    struct rect left, right, lower_right, table;
};
struct lab_places lab_layout(const struct lab_view *lab, struct rect area);

void lab_race_refresh(struct lab_state *state, const struct snapshot *snapshot, const struct lab_view *lab);
void lab_race_draw(const struct lab_state *state, const struct snapshot *snapshot, const struct lab_view *lab,
                   struct canvas *canvas, const struct lab_places *at);
struct table_view_model lab_race_table(const struct lab_view *lab);

void lab_sweep_refresh(struct lab_state *state, const struct lab_view *lab);
void lab_sweep_draw(const struct lab_state *state, const struct lab_view *lab, struct canvas *canvas,
                    const struct lab_places *at);
struct lab_sweep_data {
    const struct lab_state *state;
    const struct lab_view *lab;
};
struct table_view_model lab_sweep_table(struct lab_sweep_data *data, const struct lab_state *state,
                                        const struct lab_view *lab);

// ---- lessons (lab_lesson.c, lab_lesson_text.c) ----------------------------------------------------------------
void lab_lesson_close(struct lab_state *state);
// What a lesson tells, from the runs to the verdict, as far as it has come; returns the lines it needs. `canvas` NULL:
// only counts them.
int lab_lesson_tell(const struct lab_state *state, const struct lesson_view *lesson, struct canvas *canvas,
                    struct rect rect);
void lab_lesson_about(const struct lesson *lesson, struct canvas *canvas, struct rect rect); // before it is begun

#endif
