// Files that the Evaluate view writes: predictions, and the points of its charts.
#include "core/session_evaluate_parts.h"

#include "core/base/file.h"

static enum status finish(struct file_writer *writer, enum status status, struct error *error) {
    if (!status)
        return file_commit(writer, error);
    file_abort(writer);
    return status;
}

enum status write_predictions(const struct measurement *measurement, const char *path, struct predict_counts *counts,
                              struct task *task, struct error *error) {
    const struct evaluate_wish *wish = &measurement->wish;
    struct load_options options = load_options_default();
    bool other = wish->path[0] != '\0';
    struct kept_rows rows = {0};
    struct notes notes = {0};
    struct file_writer writer = {0};
    enum status status = file_create(&writer, path, error);
    if (status)
        return status;
    if (!other) { // they are at hand, and stay the measurement's
        rows.dataset = measurement->data;
        rows.source = measurement->source;
    }
    struct kept_data data = {.path = other ? wish->path : NULL,
                             .options = other ? &options : NULL,
                             .part = wish->part,
                             .all = wish->all,
                             .rows = other ? NULL : &rows};
    struct predict_settings settings = {.out = writer.stream, .probabilities = measurement->figures.classify};
    status = kept_run_predict(measurement->kept, &data, &settings, counts, &notes, task, error);
    notes_free(&notes);
    return finish(&writer, status, error);
}

// ---- points -----------------------------------------------------------------------------------------------------------

static void add_numbers(struct str *out, const double *numbers, size_t count) {
    char room[32];
    for (size_t i = 0; i < count; i++) {
        str_add(out, i ? "," : "");
        str_add(out, number_text(numbers[i], room));
    }
    str_add_char(out, '\n');
}

// Every threshold: the charts draw fewer where there are very many.
static void add_item(struct str *out, const struct ranking *ranking, size_t i) {
    const struct ranked_score *item = &ranking->items[i];
    struct threshold_figures at = ranking_at(ranking, (double)item->score, 1, 1);
    double numbers[] = {(double)item->score, (double)at.true_positive, (double)at.false_positive,
                        (double)at.true_negative, (double)at.false_negative, 1 - at.specificity, at.recall, at.precision};
    add_numbers(out, numbers, sizeof numbers / sizeof *numbers);
}

static void add_row(struct str *out, const struct evaluated_row *row) {
    double numbers[] = {(double)row->row + 1, (double)row->line, row->truth, row->predicted,
                        row->predicted - row->truth};
    add_numbers(out, numbers, sizeof numbers / sizeof *numbers);
}

enum status write_points(const struct measurement *measurement, const struct class_curves *curves, const char *path,
                         struct task *task, struct error *error) {
    bool classify = measurement->figures.classify;
    size_t count = classify ? curves->ranking.count : measurement->figures.each_count;
    struct file_writer writer = {0};
    struct str text = {0};
    enum status status = file_create(&writer, path, error);
    if (status)
        return status;
    str_add(&text, classify ? "threshold,true_positive,false_positive,true_negative,false_negative,"
                              "false_positive_rate,recall,precision\n"
                            : "row,line,true,predicted,residual\n");
    task_begin(task, "Writing", "points", count);
    for (size_t i = 0; i < count && !status; i++) {
        if (classify)
            add_item(&text, &curves->ranking, i);
        else
            add_row(&text, &measurement->figures.each[i]);
        if (i % 1024 != 1023 && i + 1 < count)
            continue;
        status = text.failed ? error_memory(error, "points to write", text.length) : task_step(task, 1024, error);
        fwrite(str_text(&text), 1, text.length, writer.stream); // looked at when it is closed
        str_clear(&text);
    }
    fwrite(str_text(&text), 1, text.length, writer.stream);
    str_free(&text);
    return finish(&writer, status, error);
}
