// The Data view's pages of figures: all columns in a table, then how columns go with each other as heat maps, what is
// missing together, the target; of an image set the mean picture of each class, the darkest, the brightest, the equal
// ones.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/data_parts.h"
#include "views/widgets/bars.h"
#include "views/widgets/heatmap.h"
#include "views/widgets/thumbnail.h"

static const char *const titles[FIGURE_PAGES] = {
    [PAGE_COLUMNS] = "columns",           [PAGE_PEARSON] = "Pearson",     [PAGE_SPEARMAN] = "Spearman",
    [PAGE_CRAMER] = "Cramér's V",         [PAGE_RATIO] = "eta",           [PAGE_MISSING] = "gaps (phi)",
    [PAGE_TOGETHER] = "missing together", [PAGE_TARGET] = "target",       [PAGE_MEANS] = "mean images",
    [PAGE_DARKEST] = "darkest",           [PAGE_BRIGHTEST] = "brightest", [PAGE_EQUAL] = "equal images"};

static bool has_page(const struct profile *profile, enum figure_page page) {
    if (profile->images)
        return page == PAGE_MEANS ? profile->images->class_pictures != NULL
                                  : ((page == PAGE_DARKEST || page == PAGE_BRIGHTEST) && profile->rows > 0) ||
                                        (page == PAGE_EQUAL && profile->images->pair_count > 0);
    if (page >= PAGE_PEARSON && page <= PAGE_MISSING)
        return profile->matrices[page - PAGE_PEARSON].rows > 0;
    if (page == PAGE_TOGETHER)
        return profile->together_count > 0;
    return page == PAGE_COLUMNS || (page == PAGE_TARGET && profile->association_count > 0);
}

enum figure_page figures_page(const struct snapshot *snapshot, const struct figures_state *state) {
    const struct profile *profile = snapshot->profile;
    if (!profile)
        return PAGE_COLUMNS;
    int page = (int)state->page;
    for (int i = 0; i < FIGURE_PAGES && !has_page(profile, (enum figure_page)page); i++)
        page = (page + 1) % FIGURE_PAGES;
    return (enum figure_page)page;
}

void figures_turn(const struct snapshot *snapshot, struct figures_state *state, int direction) {
    int page = (int)figures_page(snapshot, state);
    do {
        page = (page + direction + FIGURE_PAGES) % FIGURE_PAGES;
    } while (snapshot->profile && !has_page(snapshot->profile, (enum figure_page)page));
    *state = (struct figures_state){.page = (enum figure_page)page};
}

// ---- the line of pages ------------------------------------------------------------------------------------

// All that fit; where the chosen one would not, those before it are left out.
static void draw_pages(const struct profile *profile, enum figure_page chosen, struct canvas *canvas, struct rect row) {
    int first = 0, width;
    do {
        width = 0;
        for (int page = first; page <= (int)chosen; page++)
            if (has_page(profile, (enum figure_page)page))
                width += text_width(titles[page], canvas->ascii) + 3;
    } while (width > row.width && ++first < (int)chosen);
    int x = row.x;
    for (int page = first; page < FIGURE_PAGES; page++) {
        if (!has_page(profile, (enum figure_page)page))
            continue;
        bool here = page == (int)chosen;
        int room = text_width(titles[page], canvas->ascii) + 2;
        if (x + room > row.x + row.width)
            return;
        struct style style = here ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_DIM);
        canvas_fill(canvas, (struct rect){x, row.y, room, 1}, style, ' ');
        canvas_text(canvas, x + 1, row.y, style, titles[page]);
        x += room + 1;
    }
}

// ---- heat maps --------------------------------------------------------------------------------------------

struct map_data {
    const struct profile *profile;
    const struct matrix *matrix;
    bool plain;    // no colors: strength alone is shaded, the sign stands in the text
    bool narrow;   // figures have no 0 before the point
    bool numbered; // columns have numbers in place of names, rows before theirs
    bool digit;    // there is room for the last digit alone
    char label[TABLE_CELL_SIZE];
};

static double map_value(void *data, size_t row, size_t column) {
    const struct map_data *from = data;
    double value = from->matrix->values[row * from->matrix->columns + column];
    return from->plain ? fabs(value) : value;
}

static char *map_text(void *data, size_t row, size_t column, char out[TEXT_NUMBER_SIZE]) {
    const struct map_data *from = data;
    double value = from->matrix->values[row * from->matrix->columns + column];
    text_fixed(value, 2, NUMBER_SCREEN, out);
    if (!from->narrow)
        return out;
    char *zero = out + (*out != '0' && *out != '1'); // behind a minus
    if (fabs(value) >= 0.995)
        zero[1] = '\0';
    else if (*zero == '0')
        memmove(zero, zero + 1, strlen(zero));
    return out;
}

static const char *name_of(const struct map_data *from, uint32_t column) {
    return from->profile->columns[column].column->name;
}

static const char *map_row(void *data, size_t row) {
    struct map_data *from = data;
    const char *name = name_of(from, from->matrix->row_of[row]);
    if (!from->numbered)
        return name;
    snprintf(from->label, sizeof from->label, "%zu %.200s", row + 1, name);
    return from->label;
}

static const char *map_column(void *data, size_t column) {
    struct map_data *from = data;
    if (!from->numbered)
        return name_of(from, from->matrix->column_of[column]);
    snprintf(from->label, sizeof from->label, "%zu", from->digit ? (column + 1) % 10 : column + 1);
    return from->label;
}

// The chosen cell stays in sight; a cell is at least two wide and one high.
static void scroll_to(const struct figures_state *state, const struct matrix *matrix, struct rect rect,
                      struct heatmap *map) {
    size_t across = rect.width > 22 ? (size_t)(rect.width - 18) / 2 : 4,
           down = rect.height > 2 ? (size_t)rect.height - 1 : 1;
    map->chosen_row = state->row < matrix->rows ? state->row : matrix->rows - 1;
    map->chosen_column = state->column < matrix->columns ? state->column : matrix->columns - 1;
    map->top = map->chosen_row >= down ? map->chosen_row + 1 - down : 0;
    map->left = map->chosen_column >= across ? map->chosen_column + 1 - across : 0;
}

static void draw_scale(bool diverging, struct canvas *canvas, struct rect row) {
    enum { STEPS = 20 };
    if (canvas->ascii || canvas->mono || row.width < STEPS + 12)
        return;
    int x = row.x + row.width - STEPS - 5;
    canvas_text(canvas, x - 3, row.y, style_ink(INK_DIM), diverging ? "-1" : " 0");
    for (int i = 0; i < STEPS; i++) {
        double share = i / (STEPS - 1.0);
        color ink = diverging ? color_diverging(share) : color_sequential(share);
        canvas_fill(canvas, (struct rect){x + i, row.y, 1, 1}, style_on(color_contrast(ink), ink), ' ');
    }
    canvas_text(canvas, x + STEPS + 1, row.y, style_ink(INK_DIM), "1");
}

static void draw_map(const struct snapshot *snapshot, const struct figures_state *state, enum figure_page page,
                     struct canvas *canvas, struct rect area) {
    const struct matrix *matrix = &snapshot->profile->matrices[page - PAGE_PEARSON];
    bool diverging = page != PAGE_CRAMER && page != PAGE_RATIO, plain = canvas->ascii || canvas->mono;
    struct map_data data = {.profile = snapshot->profile, .matrix = matrix, .plain = plain};
    struct rect line = rect_take_bottom(&area, 1);
    struct heatmap map = {.data = &data,
                          .rows = matrix->rows,
                          .columns = matrix->columns,
                          .value = map_value,
                          .text = map_text,
                          .row_label = map_row,
                          .column_label = map_column,
                          .low = diverging && !plain ? -1 : 0,
                          .high = 1,
                          .diverging = diverging && !plain,
                          .chosen_shown = true};
    char number[TEXT_NUMBER_SIZE];
    data.narrow = (area.width - 17) / (int)matrix->columns < 6;
    data.digit = (area.width - 17) / (int)matrix->columns < 3;
    data.numbered = data.narrow && page != PAGE_RATIO; // there the columns are not those of the rows
    scroll_to(state, matrix, area, &map);
    heatmap_draw(canvas, area, &map);
    double value = matrix->values[map.chosen_row * matrix->columns + map.chosen_column];
    draw_scale(diverging, canvas, line);
    canvas_print(canvas, line.x, line.y, style_ink(INK_TEXT), "%.28s, %.28s: %s%s%s",
                 name_of(&data, matrix->row_of[map.chosen_row]), name_of(&data, matrix->column_of[map.chosen_column]),
                 matrix->about ? "≈ " : "", isnan(value) ? "undefined" : text_fixed(value, 4, NUMBER_SCREEN, number),
                 matrix->left_out ? "   (further columns left out)" : "");
}

// ---- missing together, the target -----------------------------------------------------------------------------

static void pair_header(void *data, int64_t column, struct table_view_column *out) {
    static const char *const names[] = {"column", "and", "rows", "phi"};
    (void)data;
    out->title = names[column];
    out->right = column >= 2;
}

static void pair_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct snapshot *snapshot = data;
    const struct missing_pair *pair = &snapshot->profile->together[row];
    char number[TEXT_NUMBER_SIZE];
    if (column < 2)
        snprintf(out->text, sizeof out->text, "%s",
                 snapshot->profile->columns[column == 0 ? pair->a : pair->b].column->name);
    else if (column == 2)
        snprintf(out->text, sizeof out->text, "%s", text_integer((int64_t)pair->both, NUMBER_SCREEN, number));
    else if (!isnan(pair->phi))
        snprintf(out->text, sizeof out->text, "%s", text_fixed(pair->phi, 4, NUMBER_SCREEN, number));
    else
        out->missing = true;
}

static struct table_view_model pair_model(const struct snapshot *snapshot) {
    return (struct table_view_model){.data = (void *)(uintptr_t)snapshot, // the callbacks only read it
                                     .rows = (int64_t)snapshot->profile->together_count,
                                     .columns = 4,
                                     .column = pair_header,
                                     .cell = pair_cell};
}

#define BARS_MOST 100

static void draw_classes(const struct profile *profile, struct canvas *canvas, struct rect area) {
    struct bar bars[BARS_MOST];
    char texts[BARS_MOST][TEXT_NUMBER_SIZE + 16], number[TEXT_NUMBER_SIZE];
    size_t count = profile->class_count < BARS_MOST ? profile->class_count : BARS_MOST;
    double all = 0;
    for (size_t i = 0; i < profile->class_count; i++)
        all += (double)profile->classes[i].count;
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%s %3.0f %%",
                 text_integer((int64_t)profile->classes[i].count, NUMBER_SCREEN, number),
                 100 * (double)profile->classes[i].count / all);
        bars[i] = (struct bar){.label = profile->classes[i].name,
                               .value = (double)profile->classes[i].count,
                               .text = texts[i],
                               .ink = theme_class_ink(i)};
    }
    bars_draw(canvas, area, bars, count);
}

static void draw_associations(const struct profile *profile, struct canvas *canvas, struct rect area) {
    struct bar bars[BARS_MOST];
    char texts[BARS_MOST][TEXT_NUMBER_SIZE + 8], number[TEXT_NUMBER_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < profile->association_count && count < BARS_MOST; i++) {
        const struct association *with = &profile->associations[i];
        if (isnan(with->value))
            continue;
        snprintf(texts[count], sizeof texts[count], "%s %s", text_fixed(with->value, 3, NUMBER_SCREEN, number),
                 association_names[with->kind]);
        bars[count] = (struct bar){.label = profile->columns[with->column].column->name,
                                   .value = fabs(with->value),
                                   .text = texts[count],
                                   .ink = INK_BAR};
        count++;
    }
    bars_draw(canvas, area, bars, count);
}

static void draw_target(const struct profile *profile, struct canvas *canvas, struct rect area) {
    char title[128];
    snprintf(title, sizeof title, "what goes with %.60s", profile->columns[profile->target].column->name);
    if (profile->class_count) {
        struct rect classes = area.width >= 100 ? rect_take_left(&area, area.width * 2 / 5)
                                                : rect_take_top(&area, (int)profile->class_count + 2 < area.height / 2
                                                                           ? (int)profile->class_count + 2
                                                                           : area.height / 2);
        draw_classes(profile, canvas, rect_inset(canvas_pane(canvas, classes, false, "classes", NULL), 1, 0));
    }
    draw_associations(profile, canvas, rect_inset(canvas_pane(canvas, area, false, title, "r  V  eta"), 1, 0));
}

// ---- pictures -----------------------------------------------------------------------------------------------

static const uint8_t *pixels_at(const struct snapshot *snapshot, enum figure_page page, size_t index, char *label,
                                 size_t size) {
    const struct image_set *images = snapshot->dataset->images;
    const struct image_profile *profile = snapshot->profile->images;
    size_t bytes = images->channels * images->height * images->width;
    char number[TEXT_NUMBER_SIZE];
    if (page == PAGE_MEANS) {
        snprintf(label, size, "%s", images->class_names[index]);
        return profile->class_pictures + index * bytes;
    }
    if (page == PAGE_EQUAL) {
        snprintf(label, size, "%u = %u", profile->pairs[index].image + 1, profile->pairs[index].earlier + 1);
        return images->pixels + profile->pairs[index].image * bytes;
    }
    const struct image_light *end = page == PAGE_DARKEST ? &profile->darkest[index] : &profile->brightest[index];
    snprintf(label, size, "%s %s", text_fixed(end->mean, 3, NUMBER_SCREEN, number),
             images->class_names[images->labels[end->image]]);
    return images->pixels + end->image * bytes;
}

size_t figures_pictures(const struct snapshot *snapshot, enum figure_page page) {
    const struct image_profile *profile = snapshot->profile->images;
    if (page == PAGE_MEANS)
        return snapshot->dataset->images->classes;
    return page == PAGE_EQUAL ? profile->pair_count : profile->end_count;
}

static void draw_pictures(const struct snapshot *snapshot, const struct figures_state *state, enum figure_page page,
                          struct canvas *canvas, struct rect area) {
    const struct image_set *images = snapshot->dataset->images;
    size_t count = figures_pictures(snapshot, page);
    struct picture picture = picture_of(images, NULL);
    int most = area.width >= 150 ? 26 : area.width >= 100 ? 20 : 14, width, height;
    thumbnail_size(&picture, most, most / 2, 1, &width, &height);
    int across = area.width / (width + 2) > 0 ? area.width / (width + 2) : 1;
    int down = area.height / (height + 1) > 0 ? area.height / (height + 1) : 1;
    size_t chosen = state->row < count ? state->row : count - 1, line = chosen / (size_t)across;
    size_t first = (line >= (size_t)down ? line + 1 - (size_t)down : 0) * (size_t)across;
    for (size_t i = first; i < count && i < first + (size_t)(across * down); i++) {
        char label[128];
        int at = (int)(i - first);
        struct rect cell = {area.x + at % across * (width + 2), area.y + at / across * (height + 1), width, height + 1};
        struct rect name = rect_take_bottom(&cell, 1);
        picture.pixels = pixels_at(snapshot, page, i, label, sizeof label);
        thumbnail_draw(canvas, cell, &picture);
        canvas_field(canvas, name.x, name.y, name.width, TEXT_CENTER,
                     i == chosen ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_DIM), label);
    }
}

// ---- all of them ----------------------------------------------------------------------------------------------

static struct rect body_of(struct rect inside) {
    rect_take_top(&inside, 1);
    return inside;
}

void figures_draw(const struct snapshot *snapshot, const struct figures_state *state, struct canvas *canvas,
                  struct rect area) {
    struct rect inside = canvas_pane(canvas, area, true, "figures", "Tab next · d closes");
    if (!snapshot->profile) {
        canvas_text(canvas, inside.x + 1, inside.y, style_ink(INK_DIM), "counting …");
        return;
    }
    enum figure_page page = figures_page(snapshot, state);
    draw_pages(snapshot->profile, page, canvas, rect_take_top(&inside, 1));
    if (page == PAGE_COLUMNS) {
        struct table_view_model model = describe_model(snapshot);
        table_view_draw(canvas, inside, &model, &state->table, true);
    } else if (page == PAGE_TOGETHER) {
        struct table_view_model model = pair_model(snapshot);
        table_view_draw(canvas, inside, &model, &state->table, true);
    } else if (page == PAGE_TARGET) {
        draw_target(snapshot->profile, canvas, inside);
    } else if (page >= PAGE_MEANS) {
        draw_pictures(snapshot, state, page, canvas, rect_inset(inside, 1, 0));
    } else {
        draw_map(snapshot, state, page, canvas, rect_inset(inside, 1, 0));
    }
}

static bool step(size_t *value, size_t count, enum request wanted, enum request back, enum request on) {
    if (wanted == on && *value + 1 < count)
        (*value)++;
    else if (wanted == back && *value > 0)
        (*value)--;
    else
        return wanted == on || wanted == back;
    return true;
}

bool figures_request(const struct snapshot *snapshot, struct figures_state *state, struct rect area, bool ascii,
                     enum request wanted) {
    if (!snapshot->profile)
        return false;
    enum figure_page page = figures_page(snapshot, state);
    struct rect inside = body_of(rect_inset(area, 1, 1));
    if (page == PAGE_COLUMNS || page == PAGE_TOGETHER) {
        struct table_view_model model = page == PAGE_COLUMNS ? describe_model(snapshot) : pair_model(snapshot);
        return table_view_request(&state->table, &model, inside, ascii, wanted);
    }
    if (page >= PAGE_MEANS) {
        size_t count = figures_pictures(snapshot, page);
        return step(&state->row, count, wanted, REQUEST_LEFT, REQUEST_RIGHT) ||
               step(&state->row, count, wanted, REQUEST_UP, REQUEST_DOWN);
    }
    if (page == PAGE_TARGET)
        return false;
    const struct matrix *matrix = &snapshot->profile->matrices[page - PAGE_PEARSON];
    return step(&state->row, matrix->rows, wanted, REQUEST_UP, REQUEST_DOWN) ||
           step(&state->column, matrix->columns, wanted, REQUEST_LEFT, REQUEST_RIGHT);
}

int64_t figures_row(const struct snapshot *snapshot, const struct figures_state *state) {
    enum figure_page page = figures_page(snapshot, state);
    const struct image_profile *images = snapshot->profile ? snapshot->profile->images : NULL;
    if (!images || state->row >= figures_pictures(snapshot, page))
        return -1;
    if (page == PAGE_EQUAL)
        return images->pairs[state->row].image;
    if (page == PAGE_MEANS)
        return -1;
    return (page == PAGE_DARKEST ? images->darkest : images->brightest)[state->row].image;
}

int figures_column(const struct snapshot *snapshot, const struct figures_state *state) {
    enum figure_page page = figures_page(snapshot, state);
    const struct profile *profile = snapshot->profile;
    if (!profile || profile->images)
        return -1;
    if (page == PAGE_COLUMNS)
        return (int)state->table.row;
    if (page == PAGE_TOGETHER && (size_t)state->table.row < profile->together_count)
        return (int)profile->together[state->table.row].a;
    if (page == PAGE_TOGETHER || page == PAGE_TARGET)
        return -1;
    const struct matrix *matrix = &profile->matrices[page - PAGE_PEARSON];
    return state->row < matrix->rows ? (int)matrix->row_of[state->row] : -1;
}
