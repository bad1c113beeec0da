// The inside of the Batches view, shared by views/batches*.c and nobody else.
#ifndef VIEWS_BATCHES_PARTS_H
#define VIEWS_BATCHES_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/form.h"
#include "views/widgets/table.h"

enum batches_pane { BATCHES_BARS, BATCHES_SIZES };

#define BATCH_SIZES_MOST (BATCH_POWERS + 1)

struct batch_speed {      // of one batch size, as measured
    double samples_per_s; // 0 = not known
    bool earlier;         // by a run of the store
};

struct batches_state {
    enum batches_pane pane;
    size_t position;               // in the epoch; the chosen batch is the one that holds it
    size_t first;                  // first batch shown; drawing corrects it without storing that
    bool opened;                   // the rows or pictures of the chosen batch are shown
    struct table_view_state rows;  // of the chosen batch
    struct table_view_state sizes; // of the table of batch sizes
    size_t picture;                // of the chosen batch
    bool plain;                    // pictures without augmentation
    bool form_shown;
    struct form_state form;
    const struct param *edited; // in the form, while it is being edited
    const struct dataset *seen; // what the position belongs to
    struct batch_speed speeds[BATCH_SIZES_MOST];
};

// How the epoch falls into batches at the present size. Positions are those of the plan's order.
struct batches_cut {
    const struct batch_plan *plan; // never NULL in what is drawn from a cut
    size_t size, count;            // rows of a batch; batches, the short last one included
    size_t rest;                   // rows of the short last batch; 0 = there is none
    bool dropped;                  // it is left out
    size_t chosen, from, to;       // the chosen batch and its rows
};
bool batches_cut(const struct batches_state *state, const struct snapshot *snapshot, struct batches_cut *cut);
size_t batches_updates(const struct batches_cut *cut, size_t size); // steps of an epoch at another size

bool batches_alive(const struct snapshot *snapshot);
bool batches_epoch_now(const struct snapshot *snapshot, uint64_t *epoch); // of the living run; false: there is none
color batches_color(const struct batch_plan *plan, size_t slot);
struct style batches_on(const struct batch_plan *plan, size_t slot); // letters on that color
// A swatch of the slot's color with its letter; returns the columns used.
int batches_swatch(struct canvas *canvas, int x, int y, const struct batch_plan *plan, size_t slot);
// "7.1 %", "-" when NaN; "12 µs".
char *batches_noise_text(double noise, char out[TEXT_NUMBER_SIZE]);
char *batches_time_text(double seconds, char out[TEXT_NUMBER_SIZE]);

// ---- batches_bars.c: one column per batch, and what is in the chosen one ---------------------------------
void batches_bars_draw(const struct batches_state *state, const struct snapshot *snapshot,
                       const struct batches_cut *cut, struct canvas *canvas, struct rect area);
// Moves the chosen batch; `area` as drawn. False: not a request of this kind.
bool batches_bars_request(struct batches_state *state, const struct batches_cut *cut, struct rect area,
                          enum request request);
bool batches_bars_click(struct batches_state *state, const struct batches_cut *cut, struct rect area, int x);
void batches_chosen_draw(const struct batches_cut *cut, struct canvas *canvas, struct rect area);
// As flowing text; returns the rows that all of it takes.
int batches_legend_draw(const struct batches_cut *cut, struct canvas *canvas, struct rect area);

// ---- batches_split.c: the split, and the form that changes it ---------------------------------------------
void batches_split_draw(const struct snapshot *snapshot, const struct batch_plan *plan, struct canvas *canvas,
                        struct rect area);
void batches_split_line(const struct snapshot *snapshot, const struct batch_plan *plan, struct canvas *canvas,
                        struct rect row, int x);
void batches_form_draw(const struct batches_state *state, const struct snapshot *snapshot, struct canvas *canvas,
                       struct rect area);
enum view_result batches_form_request(struct batches_state *state, const struct view_context *context,
                                      enum request request);
enum view_result batches_form_event(struct batches_state *state, const struct view_context *context,
                                    const struct input_event *input);

// ---- batches_sizes.c: figures, the table of sizes, noise against size ---------------------------------------
void batches_find_speeds(struct batches_state *state, const struct snapshot *snapshot);
void batches_figures_draw(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut, struct canvas *canvas, struct rect area);
void batches_summary_draw(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut, struct canvas *canvas, struct rect area); // without a box
void batches_sizes_draw(const struct batches_state *state, const struct snapshot *snapshot,
                        const struct batches_cut *cut, struct canvas *canvas, struct rect area);
bool batches_sizes_request(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                           struct rect area, bool ascii, enum request request);
bool batches_sizes_event(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                         struct rect area, bool ascii, const struct input_event *input);
void batches_noise_draw(const struct snapshot *snapshot, const struct batches_cut *cut, struct canvas *canvas,
                        struct rect area);

// ---- batches_rows.c: the rows or pictures of the chosen batch -------------------------------------------------
void batches_rows_draw(const struct batches_state *state, const struct snapshot *snapshot,
                       const struct batches_cut *cut, struct canvas *canvas, struct rect area);
bool batches_rows_request(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                          struct rect area, bool ascii, enum request request);
bool batches_rows_event(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                        struct rect area, bool ascii, const struct input_event *input);
// Of the data as read: what the chosen row or picture came from.
size_t batches_row_origin(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut);

#endif
