// A report about runs as one self-contained page (HTML with SVG curves, no script, nothing from outside) or as
// Markdown: figures, curves, parameters, data, preparation, environment. report.c reads the runs and writes the file, report_write.c walks
// over what is told of them, a form writes it. What comes from data or people is escaped.
#ifndef VIEWS_REPORT_REPORT_H
#define VIEWS_REPORT_REPORT_H

#include "core/base/str.h"
#include "core/session.h"
#include "views/view.h"

struct report {
    struct whole_run *runs;
    size_t count;
};

enum status report_read(const struct session *session, const int64_t *ids, size_t count, struct report *report,
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
const struct report_form *report_form_of(const char *path); // by the ending of the name; NULL: neither .html nor .md
void report_write(const struct report *report, const struct report_form *form, struct str *out); // out->failed: no memory
// The report of those runs, written to `path` in the form that its name asks for.
enum status report_save(const struct session *session, const int64_t *ids, size_t count, const char *path,
                        struct error *error);
// The runs of a race or a sweep in the order of its plan, at most `most`; returns how many.
size_t report_group(const struct snapshot *snapshot, int64_t group, int64_t *ids, size_t most);
enum { REPORT_RUNS_MOST = CHOSEN_RUNS_MOST };
// The chosen runs, or `run` where none is chosen: written, and said.
enum view_result report_write_chosen(const struct view_context *context, int64_t run, const char *path);

#endif
