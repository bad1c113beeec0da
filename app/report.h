// A report about runs as one self-contained page (HTML with SVG curves, no script, nothing from outside) or as
// Markdown: figures, curves, parameters, data, preparation, environment. report.c reads the runs, report_write.c walks
// over what is told of them, a form writes it. What comes from data or people is escaped.
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "core/base/str.h"
#include "core/store/store.h"

struct report_run {
    struct run_record record;
    struct step_metrics *points;
    struct epoch_row *epochs;
    struct event *events;
    char *recipe, *encoding; // JSON; NULL = none
    size_t point_count, epoch_count, event_count;
};
struct report {
    struct report_run *runs;
    size_t count;
};

enum status report_read(struct store *store, const int64_t *ids, size_t count, struct report *report,
                        struct error *error);
void report_free(struct report *report);

// How a report is written. Every text is raw and escaped by the form.
struct report_form {
    void (*begins)(struct str *out, const struct report *report); // with its title
    void (*heading)(struct str *out, const char *text);
    void (*paragraph)(struct str *out, const char *text);
    void (*table_begins)(struct str *out); // its titles come first, then rows of cells
    void (*title)(struct str *out, const char *text);
    void (*titles_end)(struct str *out, size_t columns);
    void (*row_begins)(struct str *out);
    void (*cell)(struct str *out, const char *text);
    void (*row_ends)(struct str *out);
    void (*table_ends)(struct str *out);
    void (*list_begins)(struct str *out);
    void (*item)(struct str *out, const char *text);
    void (*list_ends)(struct str *out);
    void (*curves)(struct str *out, const struct report *report); // NULL: a table of epochs stands for them
    void (*ends)(struct str *out);
};
extern const struct report_form report_html, report_markdown;
void report_write(const struct report *report, const struct report_form *form, struct str *out); // out->failed: no memory

#endif
