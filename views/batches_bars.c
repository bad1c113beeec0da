// One thin column per batch, stacked by class: side by side they show how much the shares of classes waver.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/batches_parts.h"

#define SLOT_LEAST 36    // columns that a class and its figures take …
#define SLOT_WITH_BAR 60 // … and with its deviation
#define PITCH_MOST 22    // columns of the screen for one batch
#define AXIS_WIDTH 6
#define WHOLE_WIDTH 5 // the column of the whole epoch, with the gap before it

color batches_color(const struct batch_plan *plan, size_t slot) {
    if (!plan->ranges)
        return (color)theme_class_ink(slot);
    double step = plan->slot_count > 1 ? (double)slot / (double)(plan->slot_count - 1) : 1;
    return color_sequential(0.3 + 0.7 * step);
}

// Letters on the slot's color.
struct style batches_on(const struct batch_plan *plan, size_t slot) {
    color back = batches_color(plan, slot);
    return (struct style){.fg = back & COLOR_IS_RGB ? color_contrast(back) : color_rgb(0, 0, 0), .bg = back};
}

static bool needs_letters(const struct canvas *canvas) {
    return canvas->ascii || canvas->mono;
}

static uint32_t letter_of(size_t slot) {
    return 'a' + (uint32_t)slot;
}

int batches_swatch(struct canvas *canvas, int x, int y, const struct batch_plan *plan, size_t slot) {
    color ink = batches_color(plan, slot);
    if (!needs_letters(canvas))
        canvas_put(canvas, x, y, (struct style){.fg = ink}, 0x2588);
    canvas_put(canvas, x + !needs_letters(canvas), y, (struct style){.fg = ink, .attributes = STYLE_BOLD},
               letter_of(slot));
    return needs_letters(canvas) ? 1 : 2;
}

// ---- layout ---------------------------------------------------------------------------------------------

struct bars_shape {
    struct rect axis, columns, whole, marks, numbers;
    int room, gap; // columns of the screen for all shown; between two of them
    size_t first, shown;
};

static size_t clamp_first(const struct batches_state *state, const struct batches_cut *cut, size_t shown) {
    size_t first = state->first;
    if (cut->chosen < first)
        first = cut->chosen;
    if (cut->chosen >= first + shown)
        first = cut->chosen - shown + 1;
    return first + shown > cut->count ? cut->count - shown : first;
}

static struct bars_shape shape_of(const struct batches_state *state, const struct batches_cut *cut, struct rect area) {
    struct bars_shape shape = {0};
    area = rect_inset(area, 1, 1);
    shape.numbers = rect_take_bottom(&area, 1);
    shape.marks = rect_take_bottom(&area, 1);
    shape.axis = rect_take_left(&area, area.width >= 40 ? AXIS_WIDTH : 0);
    shape.whole = rect_take_right(&area, area.width >= 30 ? WHOLE_WIDTH : 0);
    rect_take_left(&shape.whole, WHOLE_WIDTH - 3);
    shape.columns = area;
    shape.room = area.width > 0 ? area.width : 1;
    shape.shown = cut->count < (size_t)shape.room ? cut->count : (size_t)shape.room;
    if (shape.room > (int)shape.shown * PITCH_MOST)
        shape.room = (int)shape.shown * PITCH_MOST;
    shape.gap = shape.room / (int)shape.shown > 2;
    shape.first = clamp_first(state, cut, shape.shown);
    return shape;
}

// The columns of the screen that the i-th batch shown has: all together fill the room.
static struct rect column_of(const struct bars_shape *shape, size_t i) {
    struct rect column = shape->columns;
    int from = (int)((long long)i * shape->room / (long long)shape->shown);
    int to = (int)((long long)(i + 1) * shape->room / (long long)shape->shown);
    column.x += from;
    column.width = to - from - shape->gap;
    return column;
}

static int middle_of(struct rect column) {
    return column.x + (column.width - 1) / 2;
}

// ---- one column -----------------------------------------------------------------------------------------

struct stack { // edges from the bottom up, in eighths of a cell
    const struct batch_plan *plan;
    int edges[BATCH_SLOTS];
    size_t count;
};

static struct stack stack_of(const struct batch_plan *plan, size_t from, size_t to, int height) {
    size_t counts[BATCH_SLOTS], sum = 0;
    struct stack stack = {.plan = plan, .count = plan->slot_count};
    batch_plan_counts(plan, from, to, counts);
    for (size_t i = 0; i < plan->slot_count; i++) {
        sum += counts[i];
        stack.edges[i] = (int)lround((double)sum / (double)(to - from) * height * 8);
    }
    return stack;
}

static size_t slot_at(const struct stack *stack, int eighth) {
    size_t slot = 0;
    while (slot + 1 < stack->count && stack->edges[slot] <= eighth)
        slot++;
    return slot;
}

static void draw_cell(const struct stack *stack, struct canvas *canvas, int x, int y, int row) {
    size_t low = slot_at(stack, row * 8), high = slot_at(stack, row * 8 + 7);
    color below = batches_color(stack->plan, low), above = batches_color(stack->plan, high);
    if (needs_letters(canvas)) {
        size_t middle = slot_at(stack, row * 8 + 4);
        canvas_put(canvas, x, y, (struct style){.fg = batches_color(stack->plan, middle)}, letter_of(middle));
    } else if (low == high) {
        canvas_put(canvas, x, y, (struct style){.fg = below}, 0x2588);
    } else {
        canvas_put(canvas, x, y, (struct style){.fg = below, .bg = above},
                   0x2580u + (uint32_t)(stack->edges[low] - row * 8));
    }
}

// The slot's letter in the middle of its part, where there is room for it.
static void draw_letters(const struct stack *stack, struct canvas *canvas, struct rect column) {
    int bottom = column.y + column.height - 1, before = 0;
    for (size_t i = 0; i < stack->count; i++) {
        int middle = (before + stack->edges[i]) / 16;
        if (stack->edges[i] - before >= 12)
            canvas_put(canvas, middle_of(column), bottom - middle, batches_on(stack->plan, i), letter_of(i));
        before = stack->edges[i];
    }
}

static void draw_column(const struct batch_plan *plan, struct canvas *canvas, struct rect column, size_t from,
                        size_t to) {
    struct stack stack = stack_of(plan, from, to, column.height);
    for (int row = 0; row < column.height; row++)
        for (int i = 0; i < column.width; i++)
            draw_cell(&stack, canvas, column.x + i, column.y + column.height - 1 - row, row);
    if (column.width >= 3 && !needs_letters(canvas))
        draw_letters(&stack, canvas, column);
}

static void draw_dropped(struct canvas *canvas, struct rect column) {
    canvas_fill(canvas, column, style_ink(INK_FAINT), canvas->ascii ? '.' : 0x2591);
}

// ---- around them ----------------------------------------------------------------------------------------

static void draw_axis(struct canvas *canvas, const struct bars_shape *shape) {
    struct rect axis = shape->axis;
    if (rect_empty(axis))
        return;
    int lines = axis.height >= 12 ? 4 : 2;
    for (int i = 0; i <= lines; i++) {
        int y = axis.y + axis.height - 1 - (axis.height - 1) * i / lines;
        char text[TEXT_NUMBER_SIZE];
        canvas_field(canvas, axis.x, y, axis.width - 1, TEXT_RIGHT, style_ink(INK_DIM),
                     text_percent((double)i / lines, 0, NUMBER_SCREEN, text));
        canvas_put(canvas, axis.x + axis.width - 1, y, style_ink(INK_FAINT), 0x2524);
    }
}

// 1, 2, 5, 10, 20 … batches between two numbers.
static size_t number_step(const struct bars_shape *shape, size_t count) {
    char text[TEXT_NUMBER_SIZE];
    int wanted = text_width(text_integer((int64_t)count, NUMBER_SCREEN, text), true) + 2;
    for (size_t step = 1;; step *= 10)
        for (size_t i = 0; i < 3; i++) {
            size_t many = step * (const size_t[]){1, 2, 5}[i];
            if ((double)many * shape->room / (double)shape->shown >= wanted)
                return many;
        }
}

static void draw_number(const struct batches_cut *cut, struct canvas *canvas, const struct bars_shape *shape,
                        size_t batch) {
    char text[TEXT_NUMBER_SIZE];
    bool chosen = batch == cut->chosen;
    int x = middle_of(column_of(shape, batch - shape->first));
    int width = text_width(text_integer((int64_t)batch + 1, NUMBER_SCREEN, text), true);
    x = x + width > shape->columns.x + shape->columns.width ? shape->columns.x + shape->columns.width - width : x;
    if (chosen) // alone among the others
        canvas_fill(canvas, (struct rect){x - 1, shape->numbers.y, width + 2, 1}, style_ink(INK_DIM), ' ');
    canvas_text(canvas, x, shape->numbers.y, chosen ? style_bold(INK_ACCENT) : style_ink(INK_DIM), text);
}

static void draw_numbers(const struct batches_cut *cut, struct canvas *canvas, const struct bars_shape *shape) {
    size_t step = number_step(shape, cut->count);
    for (size_t i = shape->first; i < shape->first + shape->shown; i++)
        if ((i + 1) % step == 0 || i == 0)
            draw_number(cut, canvas, shape, i);
    if (cut->chosen >= shape->first && cut->chosen < shape->first + shape->shown)
        draw_number(cut, canvas, shape, cut->chosen);
}

static void put_mark(struct canvas *canvas, const struct bars_shape *shape, size_t batch, struct style style,
                     uint32_t sign) {
    if (batch >= shape->first && batch < shape->first + shape->shown)
        canvas_put(canvas, middle_of(column_of(shape, batch - shape->first)), shape->marks.y, style, sign);
}

static void mark_rest(const struct batches_cut *cut, struct canvas *canvas, const struct bars_shape *shape) {
    if (!cut->rest || shape->first + shape->shown < cut->count)
        return;
    struct rect column = column_of(shape, shape->shown - 1);
    const char *text = cut->dropped ? "dropped" : "short";
    put_mark(canvas, shape, cut->count - 1, style_bold(INK_WARNING), canvas->ascii ? '!' : 0x25C2);
    if (column.width >= 2 * (int)strlen(text))
        canvas_text(canvas, middle_of(column) + 2, shape->marks.y, style_ink(INK_WARNING), text);
}

// Where a living run is, when the epoch shown is the one it is in.
bool batches_epoch_now(const struct snapshot *snapshot, uint64_t *epoch) {
    const struct run_view *run = snapshot->run;
    if (!run || !batches_alive(snapshot))
        return false;
    *epoch = run->curve.point_count ? (uint64_t)run->curve.points[run->curve.point_count - 1].epoch : 0;
    return true;
}

// Where a living run is, when the epoch shown is the one it is in.
static void mark_run(const struct snapshot *snapshot, const struct batches_cut *cut, struct canvas *canvas,
                     const struct bars_shape *shape) {
    uint64_t now;
    if (!batches_epoch_now(snapshot, &now) || now != cut->plan->epoch || !snapshot->run->curve.point_count)
        return;
    const struct curve *curve = &snapshot->run->curve;
    double within = curve->points[curve->point_count - 1].epoch - (double)now;
    put_mark(canvas, shape, (size_t)(within * (double)cut->plan->rows) / cut->size, style_bold(INK_TRAINING), 0x25CF);
}

// The whole epoch at the right, and its edges carried on between the batches.
static void draw_whole(const struct batches_cut *cut, struct canvas *canvas, const struct bars_shape *shape) {
    struct rect columns = shape->columns;
    struct stack stack = stack_of(cut->plan, 0, cut->plan->rows, columns.height);
    int end = rect_empty(shape->whole) ? columns.x + columns.width : shape->whole.x - 1;
    for (size_t i = 0; i + 1 < stack.count; i++) {
        int y = columns.y + columns.height - 1 - stack.edges[i] / 8;
        for (int x = columns.x; x < end; x++)
            if (canvas_at(canvas, x, y).code == ' ')
                canvas_put(canvas, x, y, style_ink(INK_DIM), canvas->ascii ? '-' : 0x2508);
    }
    if (rect_empty(shape->whole))
        return;
    draw_column(cut->plan, canvas, shape->whole, 0, cut->plan->rows);
    canvas_text(canvas, shape->whole.x, shape->numbers.y, style_ink(INK_DIM), "all");
}

static void say_epoch(const struct snapshot *snapshot, const struct batches_cut *cut, char *out, size_t size) {
    char a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    uint64_t now = 0;
    int used = snprintf(out, size, "epoch %s of %s", text_integer((int64_t)cut->plan->epoch + 1, NUMBER_SCREEN, a),
                        text_integer(snapshot->params->epochs, NUMBER_SCREEN, b));
    if (snapshot->batches.making)
        snprintf(out + used, size - (size_t)used, " · shuffling %s",
                 text_percent(snapshot->batches.made, 0, NUMBER_SCREEN, a));
    else if (batches_epoch_now(snapshot, &now) && now != cut->plan->epoch)
        snprintf(out + used, size - (size_t)used, " · the run is in epoch %s",
                 text_integer((int64_t)now + 1, NUMBER_SCREEN, a));
}

static void titles(const struct snapshot *snapshot, const struct batches_cut *cut, const struct bars_shape *shape,
                   char title[160], char note[160]) {
    char a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE], c[TEXT_NUMBER_SIZE];
    say_epoch(snapshot, cut, title, 160);
    if (shape->shown < cut->count)
        snprintf(note, 160, "batch %s–%s of %s", text_integer((int64_t)shape->first + 1, NUMBER_SCREEN, a),
                 text_integer((int64_t)(shape->first + shape->shown), NUMBER_SCREEN, b),
                 text_integer((int64_t)cut->count, NUMBER_SCREEN, c));
    else
        snprintf(note, 160, "%s batch%s of %s", text_integer((int64_t)cut->count, NUMBER_SCREEN, a),
                 cut->count == 1 ? "" : "es", text_integer((int64_t)cut->size, NUMBER_SCREEN, b));
}

void batches_bars_draw(const struct batches_state *state, const struct snapshot *snapshot,
                       const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    struct bars_shape shape = shape_of(state, cut, area);
    char title[160], note[160];
    titles(snapshot, cut, &shape, title, note);
    struct rect inside = canvas_pane(canvas, area, state->pane == BATCHES_BARS, title, note);
    struct rect old = canvas_clip(canvas, inside);
    draw_axis(canvas, &shape);
    for (size_t i = 0; i < shape.shown; i++) {
        size_t batch = shape.first + i, from = batch * cut->size, to = from + cut->size;
        struct rect column = column_of(&shape, i);
        if (cut->rest && batch + 1 == cut->count && cut->dropped)
            draw_dropped(canvas, column);
        else
            draw_column(cut->plan, canvas, column, from, to < cut->plan->rows ? to : cut->plan->rows);
    }
    draw_whole(cut, canvas, &shape);
    mark_rest(cut, canvas, &shape);
    mark_run(snapshot, cut, canvas, &shape);
    put_mark(canvas, &shape, cut->chosen, style_bold(INK_ACCENT), canvas->ascii ? '^' : 0x25B2);
    draw_numbers(cut, canvas, &shape);
    canvas_unclip(canvas, old);
}

bool batches_bars_request(struct batches_state *state, const struct batches_cut *cut, struct rect area,
                          enum request request) {
    struct bars_shape shape = shape_of(state, cut, area);
    size_t chosen = cut->chosen, last = cut->count - 1, by = 0;
    bool back = request == REQUEST_LEFT || request == REQUEST_PAGE_UP || request == REQUEST_UP;
    if (request == REQUEST_LEFT || request == REQUEST_RIGHT)
        by = 1;
    else if (request == REQUEST_UP || request == REQUEST_DOWN)
        by = 10;
    else if (request == REQUEST_PAGE_UP || request == REQUEST_PAGE_DOWN)
        by = shape.shown;
    else if (request == REQUEST_TOP || request == REQUEST_FIRST_COLUMN)
        chosen = 0;
    else if (request == REQUEST_BOTTOM || request == REQUEST_LAST_COLUMN)
        chosen = last;
    else
        return false;
    if (by && back)
        chosen = chosen > by ? chosen - by : 0;
    else if (by)
        chosen = last - chosen > by ? chosen + by : last;
    state->first = shape.first;
    state->position = chosen * cut->size;
    return true;
}

bool batches_bars_click(struct batches_state *state, const struct batches_cut *cut, struct rect area, int x) {
    struct bars_shape shape = shape_of(state, cut, area);
    for (size_t i = 0; i < shape.shown; i++) {
        struct rect column = column_of(&shape, i);
        if (x < column.x || x >= column.x + column.width + shape.gap)
            continue;
        state->first = shape.first;
        state->position = (shape.first + i) * cut->size;
        return true;
    }
    return false;
}

// ---- the chosen batch -----------------------------------------------------------------------------------

static double share_of_epoch(const struct batch_plan *plan, size_t slot) {
    return (double)plan->slots[slot].counts[PART_TRAIN] / (double)plan->rows;
}

// From the middle to the left or right, full at three standard errors.
static void draw_deviation(struct canvas *canvas, int x, int y, int width, double errors, color ink) {
    int middle = width / 2, length = (int)lround(fmin(fabs(errors) / 3, 1) * middle);
    canvas_fill(canvas, (struct rect){x, y, width, 1}, style_ink(INK_FAINT), canvas->ascii ? '.' : 0x00B7);
    for (int i = 1; i <= length; i++)
        canvas_put(canvas, x + middle + (errors < 0 ? -i : i), y, (struct style){.fg = ink},
                   canvas->ascii ? '#' : 0x25A0);
    canvas_put(canvas, x + middle, y, style_ink(INK_DIM), 0x2502);
}

static void draw_slot(const struct batches_cut *cut, const size_t counts[BATCH_SLOTS], size_t slot,
                      struct canvas *canvas, struct rect row) {
    const struct batch_plan *plan = cut->plan;
    double rows = (double)(cut->to - cut->from), share = (double)counts[slot] / rows, p = share_of_epoch(plan, slot);
    double total = (double)plan->rows, error = sqrt(p * (1 - p) / rows * (total - rows) / fmax(total - 1, 1));
    char number[TEXT_NUMBER_SIZE], percent[TEXT_NUMBER_SIZE], usual[TEXT_NUMBER_SIZE];
    int x = row.x + batches_swatch(canvas, row.x, row.y, plan, slot) + 1, figures = 26, bar = 0;
    if (row.width >= SLOT_WITH_BAR)
        bar = row.width - figures - 26 < 21 ? row.width - figures - 26 : 21;
    int label = row.x + row.width - figures - (bar ? bar + 1 : 0) - x;
    canvas_field(canvas, x, row.y, label, TEXT_LEFT, style_ink(INK_TEXT), plan->slots[slot].label);
    x += label;
    canvas_field(canvas, x, row.y, 7, TEXT_RIGHT, style_bold(INK_NUMBER),
                 text_integer((int64_t)counts[slot], NUMBER_SCREEN, number));
    canvas_field(canvas, x + 7, row.y, 9, TEXT_RIGHT, style_ink(INK_TEXT),
                 text_percent(share, 1, NUMBER_SCREEN, percent));
    canvas_field(canvas, x + 16, row.y, 9, TEXT_RIGHT, style_ink(INK_DIM), text_percent(p, 1, NUMBER_SCREEN, usual));
    if (bar)
        draw_deviation(canvas, x + figures, row.y, bar, error > 0 ? (share - p) / error : 0, batches_color(plan, slot));
}

int batches_legend_draw(const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    size_t counts[BATCH_SLOTS];
    int x = area.x, y = area.y;
    struct rect old = canvas_clip(canvas, area);
    batch_plan_counts(cut->plan, cut->from, cut->to, counts);
    for (size_t i = 0; i < cut->plan->slot_count; i++) {
        char label[64], percent[TEXT_NUMBER_SIZE];
        text_cut(cut->plan->slots[i].label, 18, canvas->ascii, label, sizeof label);
        text_percent((double)counts[i] / (double)(cut->to - cut->from), 0, NUMBER_SCREEN, percent);
        int width = text_width(label, canvas->ascii) + text_width(percent, canvas->ascii) + 4;
        if (x > area.x && x + width > area.x + area.width) {
            x = area.x;
            y++;
        }
        int used = batches_swatch(canvas, x, y, cut->plan, i) + 1;
        used += canvas_text(canvas, x + used, y, style_ink(INK_TEXT), label) + 1;
        used += canvas_text(canvas, x + used, y, style_bold(INK_NUMBER), percent);
        x += used + 3;
    }
    canvas_unclip(canvas, old);
    return y - area.y + 1;
}

void batches_chosen_draw(const struct batches_cut *cut, struct canvas *canvas, struct rect area) {
    char title[96], note[96], a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    snprintf(title, sizeof title, "batch %s of %s", text_integer((int64_t)cut->chosen + 1, NUMBER_SCREEN, a),
             text_integer((int64_t)cut->count, NUMBER_SCREEN, b));
    struct rect inside = rect_inset(area, 2, 1);
    size_t counts[BATCH_SLOTS];
    if (rect_empty(inside))
        return;
    batch_plan_counts(cut->plan, cut->from, cut->to, counts);
    size_t down = (size_t)inside.height, across = (cut->plan->slot_count + down - 1) / down;
    int width = inside.width / (int)across - (across > 1 ? 2 : 0);
    snprintf(note, sizeof note, "rows · share · of all%s", width >= SLOT_WITH_BAR ? " · ±3 std errors" : "");
    canvas_pane(canvas, area, false, title, width < SLOT_LEAST ? NULL : note);
    if (width < SLOT_LEAST) { // too narrow for the figures of each
        batches_legend_draw(cut, canvas, inside);
        return;
    }
    struct rect old = canvas_clip(canvas, inside);
    for (size_t i = 0; i < cut->plan->slot_count; i++)
        draw_slot(cut, counts, i, canvas,
                  (struct rect){inside.x + (int)(i / down) * (width + 2), inside.y + (int)(i % down), width, 1});
    canvas_unclip(canvas, old);
}
