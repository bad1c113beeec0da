// What is in the chosen batch: its rows as a table, or its pictures.
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "views/batches_parts.h"
#include "views/widgets/thumbnail.h"

struct rows_data {
    const struct snapshot *snapshot;
    const struct batches_cut *cut;
    const struct table *table; // as read
};

enum { ROW_NUMBER, ROW_LINE, ROW_TARGET, ROW_FIRST_COLUMN };

static uint32_t source_row(const struct batches_cut *cut, size_t index) {
    return cut->plan->order[cut->from + index];
}

static size_t origin_of(const struct batches_cut *cut, size_t index) {
    return (size_t)cut->plan->source->origin[source_row(cut, index)];
}

// The table's columns but the target, which stands before them.
static size_t column_at(const struct table *table, int64_t column) {
    size_t index = (size_t)(column - ROW_FIRST_COLUMN);
    return index + (table->target >= 0 && index >= (size_t)table->target);
}

static void row_column(void *data, int64_t column, struct table_view_column *out) {
    const struct rows_data *from = data;
    const struct source *source = from->cut->plan->source;
    if (column == ROW_NUMBER || column == ROW_LINE) {
        out->title = column == ROW_LINE ? "line" : "row";
        out->right = true;
    } else if (column == ROW_TARGET) {
        out->title = source->target_name ? source->target_name : "target";
        out->ink = INK_ACCENT;
        out->right = from->cut->plan->ranges;
    } else {
        const struct column *cells = from->table->columns[column_at(from->table, column)];
        out->title = cells->name;
        out->right = cells->type == COLUMN_NUMERIC;
    }
}

static void say_target(const struct rows_data *from, size_t index, struct table_view_cell *out) {
    const struct batch_plan *plan = from->cut->plan;
    const struct source *source = plan->source;
    uint32_t row = source_row(from->cut, index);
    size_t slot = plan->slot_of[from->cut->from + index];
    out->style = (struct style){.fg = batches_color(plan, slot)};
    if (source->task == SOURCE_CLASSIFY)
        snprintf(out->text, sizeof out->text, "%c %s", (char)('a' + slot), source->class_names[source->labels[row]]);
    else
        snprintf(out->text, sizeof out->text, "%c %.6g", (char)('a' + slot),
                 (double)source->targets[row] * source->target_sd + source->target_mean);
}

static void row_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct rows_data *from = data;
    size_t origin = origin_of(from->cut, (size_t)row);
    char number[64];
    out->missing = origin >= from->table->rows;
    if (out->missing)
        return;
    if (column == ROW_TARGET) {
        say_target(from, (size_t)row, out);
    } else if (column >= ROW_FIRST_COLUMN) {
        const struct column *cells = from->table->columns[column_at(from->table, column)];
        out->missing = column_is_missing(cells, origin);
        if (!out->missing)
            snprintf(out->text, sizeof out->text, "%s", column_text(cells, origin, number));
    } else {
        if (column == ROW_LINE)
            snprintf(out->text, sizeof out->text, "%s", table_place(from->table, origin, number));
        else
            snprintf(out->text, sizeof out->text, "%zu", origin + 1);
        out->style = style_ink(INK_DIM);
    }
}

static struct table_view_model rows_model(struct rows_data *data, const struct snapshot *snapshot,
                                          const struct batches_cut *cut) {
    const struct table *table = snapshot->dataset->table;
    *data = (struct rows_data){snapshot, cut, table};
    return (struct table_view_model){.data = data,
                                     .rows = (int64_t)(cut->to - cut->from),
                                     .columns = ROW_FIRST_COLUMN + (int64_t)table->column_count - (table->target >= 0),
                                     .row_numbers = true,
                                     .column = row_column,
                                     .cell = row_cell};
}

// ---- pictures -------------------------------------------------------------------------------------------

#define PICTURES_WANTED 8
#define PICTURE_BYTES_MOST 16384 // of one picture whose augmentation can be shown

struct grid_shape {
    int width, height; // of one picture, without its label
    int across, down;
    size_t first;
};

// The largest pictures of which several are seen at once.
static struct grid_shape grid_of(const struct batches_state *state, const struct batches_cut *cut,
                                 const struct image_set *images, struct rect area) {
    struct grid_shape shape = {0};
    struct picture picture = picture_of(images, images->pixels);
    size_t count = cut->to - cut->from, wanted = count < PICTURES_WANTED ? count : PICTURES_WANTED;
    for (int most = area.height - 1 > 4 ? area.height - 1 : 4; most >= 4; most--) {
        thumbnail_size(&picture, 2 * most, most, 1, &shape.width, &shape.height);
        shape.across = (area.width + 2) / (shape.width + 2) > 0 ? (area.width + 2) / (shape.width + 2) : 1;
        shape.down = area.height / (shape.height + 1) > 0 ? area.height / (shape.height + 1) : 1;
        if ((size_t)shape.across * (size_t)shape.down >= wanted)
            break;
    }
    size_t line = state->picture / (size_t)shape.across;
    size_t top = line < (size_t)shape.down ? 0 : line - (size_t)shape.down + 1;
    shape.first = top * (size_t)shape.across;
    return shape;
}

static struct rect inside_of(struct rect area) {
    return rect_inset(area, 2, 1);
}

static bool is_changed(const struct batches_state *state, const struct snapshot *snapshot,
                       const struct batches_cut *cut) {
    return !state->plain && cut->plan->source->dtype == DTYPE_U8 && batch_plan_augments(snapshot->params) &&
           (size_t)shape_count(cut->plan->source->sample) <= PICTURE_BYTES_MOST;
}

static void draw_picture(const struct batches_state *state, const struct snapshot *snapshot,
                         const struct batches_cut *cut, size_t index, struct canvas *canvas, struct rect cell) {
    const struct image_set *images = snapshot->dataset->images;
    uint8_t changed[PICTURE_BYTES_MOST];
    size_t origin = origin_of(cut, index), bytes = images->channels * images->height * images->width;
    const uint8_t *pixels = images->pixels + origin * bytes;
    if (is_changed(state, snapshot, cut)) {
        batch_plan_pixels(cut->plan, snapshot->params, cut->from + index, changed);
        pixels = changed;
    }
    struct picture picture = picture_of(images, pixels);
    struct rect label = rect_take_bottom(&cell, 1);
    bool chosen = state->opened && index == state->picture;
    thumbnail_draw(canvas, cell, &picture);
    int used = batches_swatch(canvas, label.x, label.y, cut->plan, cut->plan->slot_of[cut->from + index]) + 1;
    struct style style = chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_DIM);
    canvas_field(canvas, label.x + used, label.y, label.width - used, TEXT_LEFT, style,
                 images->class_names[images->labels[origin]]);
}

static void draw_pictures(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    struct grid_shape shape = grid_of(state, cut, snapshot->dataset->images, area);
    size_t count = cut->to - cut->from;
    for (int i = 0; i < shape.across * shape.down && shape.first + (size_t)i < count; i++) {
        size_t index = shape.first + (size_t)i;
        struct rect cell = {area.x + i % shape.across * (shape.width + 2),
                            area.y + i / shape.across * (shape.height + 1), shape.width, shape.height + 1};
        draw_picture(state, snapshot, cut, index, canvas, cell);
    }
}

static bool move_picture(struct batches_state *state, const struct image_set *images, const struct batches_cut *cut,
                         struct rect area, enum request request) {
    struct grid_shape shape = grid_of(state, cut, images, inside_of(area));
    size_t last = cut->to - cut->from - 1, line = (size_t)shape.across, page = line * (size_t)shape.down;
    size_t by = request == REQUEST_LEFT || request == REQUEST_RIGHT          ? 1
                : request == REQUEST_UP || request == REQUEST_DOWN           ? line
                : request == REQUEST_PAGE_UP || request == REQUEST_PAGE_DOWN ? page
                                                                             : 0;
    if (request == REQUEST_TOP || request == REQUEST_FIRST_COLUMN)
        state->picture = 0;
    else if (request == REQUEST_BOTTOM || request == REQUEST_LAST_COLUMN)
        state->picture = last;
    else if (request == REQUEST_LEFT || request == REQUEST_UP || request == REQUEST_PAGE_UP)
        state->picture -= state->picture >= by ? by : request == REQUEST_UP ? 0 : state->picture;
    else if (by)
        state->picture += by;
    else
        return false;
    state->picture = state->picture > last ? last : state->picture;
    return true;
}

// ---- both -----------------------------------------------------------------------------------------------

void batches_rows_draw(const struct batches_state *state, const struct snapshot *snapshot,
                       const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    char title[96], note[96], a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    const struct image_set *images = snapshot->dataset->images;
    snprintf(title, sizeof title, "batch %s of %s", text_integer((int64_t)cut->chosen + 1, NUMBER_SCREEN, a),
             text_integer((int64_t)cut->count, NUMBER_SCREEN, b));
    text_integer((int64_t)(cut->to - cut->from), NUMBER_SCREEN, a);
    if (!images)
        snprintf(note, sizeof note, "%s rows", a);
    else
        snprintf(note, sizeof note, "%s pictures · %s", a,
                 is_changed(state, snapshot, cut)        ? "augmented"
                 : batch_plan_augments(snapshot->params) ? "as stored"
                                                         : "no augmentation");
    struct rect inside = rect_inset(canvas_pane(canvas, area, state->opened, title, note), 1, 0);
    if (images) {
        draw_pictures(state, snapshot, cut, canvas, inside);
        return;
    }
    struct rows_data data;
    struct table_view_model model = rows_model(&data, snapshot, cut);
    table_view_draw(canvas, inside, &model, &state->rows, state->opened);
}

bool batches_rows_request(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                          struct rect area, bool ascii, enum request request) {
    struct rows_data data;
    if (snapshot->dataset->images)
        return move_picture(state, snapshot->dataset->images, cut, area, request);
    struct table_view_model model = rows_model(&data, snapshot, cut);
    return table_view_request(&state->rows, &model, inside_of(area), ascii, request);
}

static bool click_picture(struct batches_state *state, const struct image_set *images, const struct batches_cut *cut,
                          struct rect area, const struct input_event *input) {
    struct rect inside = inside_of(area);
    struct grid_shape shape = grid_of(state, cut, images, inside);
    int column = (input->x - inside.x) / (shape.width + 2), line = (input->y - inside.y) / (shape.height + 1);
    size_t index = shape.first + (size_t)line * (size_t)shape.across + (size_t)column;
    if (!rect_contains(inside, input->x, input->y) || column >= shape.across || line >= shape.down ||
        index >= cut->to - cut->from)
        return false;
    state->picture = index;
    return true;
}

bool batches_rows_event(struct batches_state *state, const struct snapshot *snapshot, const struct batches_cut *cut,
                        struct rect area, bool ascii, const struct input_event *input) {
    struct rows_data data;
    const struct image_set *images = snapshot->dataset->images;
    if (images && input->type == INPUT_MOUSE && input->mouse == MOUSE_PRESS)
        return click_picture(state, images, cut, area, input);
    if (images)
        return false;
    struct table_view_model model = rows_model(&data, snapshot, cut);
    return table_view_event(&state->rows, &model, inside_of(area), ascii, input);
}

size_t batches_row_origin(const struct batches_state *state, const struct snapshot *snapshot,
                          const struct batches_cut *cut) {
    size_t index = snapshot->dataset->images ? state->picture : (size_t)state->rows.row;
    size_t last = cut->to - cut->from - 1;
    return origin_of(cut, index < last ? index : last);
}
