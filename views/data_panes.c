// The Data view's head line and its right side: the figures of one column, the warnings; and the figures of all
// columns as a table.
#include <math.h>
#include <stdio.h>

#include "core/base/str.h"
#include "views/data_parts.h"
#include "views/widgets/bars.h"
#include "views/widgets/histogram.h"

static const char *real(double value, char out[TEXT_NUMBER_SIZE]) {
    return isnan(value) ? "–" : text_real(value, 5, NUMBER_SCREEN, out);
}

// ---- the head line --------------------------------------------------------------------------------------

// Draws what there is room for whole, and nothing else; returns where the next one starts.
static int draw_whole(struct canvas *canvas, struct rect row, int x, const char *text) {
    int width = text_width(text, canvas->ascii);
    if (x + width > row.x + row.width)
        return x;
    canvas_text(canvas, x, row.y, style_ink(INK_DIM), text);
    return x + width + 3;
}

static int draw_counts(const struct snapshot *snapshot, struct canvas *canvas, struct rect row, int x) {
    char number[TEXT_NUMBER_SIZE], text[TEXT_NUMBER_SIZE + 32];
    const struct profile *profile = snapshot->profile;
    if (!profile)
        return x;
    snprintf(text, sizeof text, "%s missing cells",
             text_integer((int64_t)profile->missing_cells, NUMBER_SCREEN, number));
    x = draw_whole(canvas, row, x, text);
    snprintf(text, sizeof text, "%s%s duplicate rows", profile->duplicates_about ? "≈ " : "",
             text_integer((int64_t)profile->duplicates, NUMBER_SCREEN, number));
    return draw_whole(canvas, row, x, text);
}

static void draw_head_table(const struct snapshot *snapshot, struct canvas *canvas, struct rect row, int x) {
    const struct dataset *dataset = snapshot->dataset;
    char a[TEXT_NUMBER_SIZE], text[160];
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), "%s%s", dataset->partial ? "first " : "",
                      text_integer((int64_t)dataset->table->rows, NUMBER_SCREEN, a));
    if (dataset->rows_guess > 0)
        x += canvas_print(canvas, x, row.y, style_ink(INK_WARNING), " of ≈ %s",
                          text_integer((int64_t)dataset->rows_guess, NUMBER_SCREEN, a));
    x += canvas_print(canvas, x, row.y, style_ink(INK_TEXT), " rows × %zu columns   ", dataset->table->column_count);
    if (snapshot->following)
        x += canvas_print(canvas, x, row.y, style_ink(INK_ACCENT), "following · %s%s   ",
                          snapshot->followed_rows >= 0 ? "+" : "",
                          text_integer(snapshot->followed_rows, NUMBER_SCREEN, a));
    x = draw_counts(snapshot, canvas, row, x);
    snprintf(text, sizeof text, "%s   %.20s  '%.20s'  header: %s",
             text_bytes((double)dataset->file_bytes, NUMBER_SCREEN, a), dataset->dialect.encoding,
             text_equal(dataset->dialect.delimiter, "\t") ? "tab" : dataset->dialect.delimiter,
             dataset->dialect.header == 1 ? "yes" : "no");
    draw_whole(canvas, row, x, text);
}

void head_draw(const struct snapshot *snapshot, struct canvas *canvas, struct rect row) {
    const struct dataset *dataset = snapshot->dataset;
    int x = row.x + 1;
    x += canvas_text(canvas, x, row.y, style_bold(INK_TITLE), dataset->name) + 3;
    if (dataset->table) {
        draw_head_table(snapshot, canvas, row, x);
        return;
    }
    const struct image_set *images = dataset->images;
    char a[TEXT_NUMBER_SIZE], b[TEXT_NUMBER_SIZE];
    canvas_print(canvas, x, row.y, style_ink(INK_TEXT),
                 "%s images (%s of them the test part)   %zu×%zu×%zu   %zu classes",
                 text_integer((int64_t)images->count, NUMBER_SCREEN, a),
                 text_integer((int64_t)(images->count - images->test_from), NUMBER_SCREEN, b), images->channels,
                 images->height, images->width, images->classes);
}

// ---- one column -----------------------------------------------------------------------------------------

struct figure {
    const char *label;
    char value[TEXT_NUMBER_SIZE];
};

// Label and value pairs, two to a row where there is room.
static void draw_figures(const struct figure *figures, size_t count, struct canvas *canvas, struct rect *area) {
    int across = area->width >= 38 ? 2 : 1, width = area->width / across;
    for (size_t i = 0; i < count && !rect_empty(*area); i += (size_t)across) {
        struct rect row = rect_take_top(area, 1);
        for (int j = 0; j < across && i + (size_t)j < count; j++) {
            const struct figure *figure = &figures[i + (size_t)j];
            int x = row.x + j * width, room = width - 1;
            int used = canvas_text(canvas, x, row.y, style_ink(INK_DIM), figure->label);
            canvas_field(canvas, x + used, row.y, room - used, TEXT_RIGHT, style_ink(INK_NUMBER), figure->value);
        }
    }
}

static size_t numeric_figures(const struct column_profile *p, struct figure figures[16]) {
    const struct {
        const char *label;
        double value;
    } all[] = {{"mean", p->mean},     {"sd (n-1)", p->sd}, {"min", p->min},     {"max", p->max},
               {"q25", p->q25},       {"q75", p->q75},     {"median", p->median}, {"MAD", p->mad},
               {"skew", p->skew},     {"kurtosis", p->kurtosis}};
    size_t count = sizeof all / sizeof *all;
    for (size_t i = 0; i < count; i++) {
        figures[i].label = all[i].label;
        char text[TEXT_NUMBER_SIZE];
        snprintf(figures[i].value, sizeof figures[i].value, "%s", real(all[i].value, text));
    }
    return count;
}

static size_t count_figures(const struct column_profile *p, struct figure figures[8]) {
    const struct {
        const char *label;
        size_t value;
    } all[] = {{"missing", p->missing},
               {p->distinct_about ? "distinct ≈" : "distinct", p->distinct},
               {"zeros", p->zeros},
               {"negatives", p->negatives},
               {"outliers (IQR)", p->outliers},
               {"infinite", p->infinite}};
    bool numeric = p->column->type == COLUMN_NUMERIC;
    size_t count = numeric ? sizeof all / sizeof *all : 2;
    for (size_t i = 0; i < count; i++) {
        figures[i].label = all[i].label;
        text_integer((int64_t)all[i].value, NUMBER_SCREEN, figures[i].value);
    }
    return count;
}

static void draw_top(const struct column_profile *profile, struct canvas *canvas, struct rect area) {
    struct bar bars[PROFILE_TOP];
    char texts[PROFILE_TOP][TEXT_NUMBER_SIZE];
    for (size_t i = 0; i < profile->top_count; i++)
        bars[i] = (struct bar){.label = profile->top[i].word,
                               .value = (double)profile->top[i].count,
                               .text = text_integer((int64_t)profile->top[i].count, NUMBER_SCREEN, texts[i]),
                               .ink = INK_BAR};
    bars_draw(canvas, area, bars, profile->top_count);
}

static void draw_shape(const struct column_profile *profile, struct canvas *canvas, struct rect area) {
    if (profile->column->type == COLUMN_CATEGORY || profile->column->type == COLUMN_TEXT) {
        draw_top(profile, canvas, area);
        return;
    }
    double counts[HISTOGRAM_BINS];
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        counts[i] = (double)profile->histogram.bins[i];
    struct histogram_chart chart = {.counts = counts,
                                    .bins = HISTOGRAM_BINS,
                                    .low = profile->histogram.low,
                                    .high = profile->histogram.high,
                                    .ink = INK_BAR,
                                    .axis = true};
    int tall = area.height > 8 ? 8 : area.height;
    histogram_draw(canvas, rect_take_top(&area, tall), &chart);
}

void column_pane_draw(const struct snapshot *snapshot, size_t column, struct canvas *canvas, struct rect area) {
    const struct table *table = snapshot->dataset->table;
    if (column >= table->column_count)
        return;
    const struct column *cells = table->columns[column];
    struct rect inside = canvas_pane(canvas, area, false, cells->name, column_type_name(cells->type));
    inside = rect_inset(inside, 1, 0);
    if (!snapshot->profile || column >= snapshot->profile->column_count) {
        canvas_text(canvas, inside.x, inside.y, style_ink(INK_DIM), "counting …");
        return;
    }
    const struct column_profile *profile = &snapshot->profile->columns[column];
    struct figure figures[24];
    size_t count = count_figures(profile, figures);
    if (cells->type == COLUMN_NUMERIC)
        count += numeric_figures(profile, figures + count);
    draw_figures(figures, count, canvas, &inside);
    draw_shape(profile, canvas, inside);
}

// ---- warnings -------------------------------------------------------------------------------------------

// The chosen warning in full, below the list that has to cut it.
static void draw_warning_whole(struct canvas *canvas, struct rect *inside, const char *message) {
    int width = inside->width - 2, lines = canvas_wrap_lines(width, message);
    int most = inside->height - 3; // of the list two rows stay, and a line parts them
    if (canvas_wrap_lines(inside->width - 6, message) <= 1 || most < 1)
        return;
    struct rect words = rect_take_bottom(inside, lines > most ? most : lines);
    struct rect line = rect_take_bottom(inside, 1);
    canvas_hline(canvas, line.x, line.y, line.width, style_ink(INK_FAINT));
    canvas_wrap(canvas, (struct rect){words.x + 1, words.y, width, words.height}, 0, style_ink(INK_TEXT), message);
}

void warnings_pane_draw(const struct snapshot *snapshot, size_t chosen, bool focused, struct canvas *canvas,
                        struct rect area) {
    const struct profile *profile = snapshot->profile;
    char note[64] = "";
    if (profile)
        snprintf(note, sizeof note, "%zu", profile->warning_count);
    struct rect inside = canvas_pane(canvas, area, focused, "warnings", note);
    if (!profile || profile->warning_count == 0) {
        canvas_text(canvas, inside.x + 1, inside.y, style_ink(INK_DIM), profile ? "nothing stands out" : "counting …");
        return;
    }
    if (focused && chosen < profile->warning_count)
        draw_warning_whole(canvas, &inside, profile->warnings[chosen].message);
    size_t shown = inside.height > 0 ? (size_t)inside.height : 0, top = 0;
    if (focused && chosen >= shown)
        top = chosen + 1 - shown;
    for (size_t i = 0; i < shown && top + i < profile->warning_count; i++) {
        const struct warning *warning = &profile->warnings[top + i];
        int y = inside.y + (int)i;
        bool here = focused && top + i == chosen;
        struct style style = here ? style_on(INK_SELECTED_TEXT, INK_SELECTED) : style_ink(INK_TEXT);
        if (here)
            canvas_fill(canvas, (struct rect){inside.x, y, inside.width, 1}, style, ' ');
        canvas_text(canvas, inside.x + 1, y, style_back(style_ink(INK_WARNING), style.bg), "▲");
        int room = inside.width - 4 - (warning->row_count ? 2 : 0);
        canvas_field(canvas, inside.x + 3, y, room, TEXT_LEFT, style, warning->message);
        if (warning->row_count)
            canvas_text(canvas, inside.x + inside.width - 2, y, style_back(style_ink(INK_ACCENT), style.bg), "›");
    }
}

// ---- all columns ----------------------------------------------------------------------------------------

enum describe_column {
    DESCRIBE_NAME, DESCRIBE_TYPE, DESCRIBE_MISSING, DESCRIBE_DISTINCT, DESCRIBE_MEAN, DESCRIBE_SD, DESCRIBE_MIN,
    DESCRIBE_Q25, DESCRIBE_MEDIAN, DESCRIBE_Q75, DESCRIBE_MAX, DESCRIBE_SKEW, DESCRIBE_TOP, DESCRIBE_COLUMNS
};

static void describe_header(void *data, int64_t column, struct table_view_column *out) {
    static const char *const titles[DESCRIBE_COLUMNS] = {"column", "type", "missing", "distinct", "mean", "sd (n-1)",
                                                         "min", "q25", "median", "q75", "max", "skew", "most frequent"};
    (void)data;
    out->title = titles[column];
    out->right = column >= DESCRIBE_MISSING && column < DESCRIBE_TOP;
}

static void describe_number(double value, struct table_view_cell *out) {
    char text[TEXT_NUMBER_SIZE];
    out->missing = isnan(value);
    snprintf(out->text, sizeof out->text, "%s", out->missing ? "" : text_real(value, 5, NUMBER_SCREEN, text));
}

static void describe_cell(void *data, int64_t row, int64_t column, struct table_view_cell *out) {
    const struct snapshot *snapshot = data;
    const struct column_profile *p = &snapshot->profile->columns[row];
    const double figures[] = {p->mean, p->sd, p->min, p->q25, p->median, p->q75, p->max, p->skew};
    char text[TEXT_NUMBER_SIZE];
    if (column == DESCRIBE_NAME)
        snprintf(out->text, sizeof out->text, "%s", p->column->name);
    else if (column == DESCRIBE_TYPE)
        snprintf(out->text, sizeof out->text, "%s", column_type_name(p->column->type));
    else if (column == DESCRIBE_MISSING || column == DESCRIBE_DISTINCT)
        snprintf(out->text, sizeof out->text, "%s",
                 text_integer((int64_t)(column == DESCRIBE_MISSING ? p->missing : p->distinct), NUMBER_SCREEN, text));
    else if (column == DESCRIBE_TOP)
        snprintf(out->text, sizeof out->text, "%s", p->top_count ? p->top[0].word : "");
    else if (p->column->type == COLUMN_NUMERIC)
        describe_number(figures[column - DESCRIBE_MEAN], out);
}

struct table_view_model describe_model(const struct snapshot *snapshot) {
    return (struct table_view_model){.data = (void *)(uintptr_t)snapshot, // the callbacks only read it
                                     .rows = snapshot->profile ? (int64_t)snapshot->profile->column_count : 0,
                                     .columns = DESCRIBE_COLUMNS,
                                     .column = describe_header,
                                     .cell = describe_cell};
}
