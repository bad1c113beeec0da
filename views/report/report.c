#include "views/report/report.h"

#include <stdio.h>

#include "core/base/file.h"
#include "core/base/mem.h"

// ---- reading ------------------------------------------------------------------------------------------------

enum status report_read(const struct session *session, const int64_t *ids, size_t count, struct report *report,
                        struct error *error) {
    *report = (struct report){.runs = mem_alloc(count, sizeof *report->runs)};
    enum status status = report->runs ? STATUS_OK : error_memory(error, "a report", count * sizeof *report->runs);
    for (; report->count < count && !status; report->count++)
        status = session_run_whole(session, ids[report->count], &report->runs[report->count], error);
    if (status)
        report_free(report);
    return status;
}

void report_free(struct report *report) {
    for (size_t i = 0; i < report->count; i++)
        whole_run_clear(&report->runs[i]);
    mem_free(report->runs);
    *report = (struct report){0};
}

// Places of the plan that no run fills are none of the group's.
size_t report_group(const struct snapshot *snapshot, int64_t group, int64_t *ids, size_t most) {
    size_t count = 0;
    uint64_t least = 0;
    for (bool found = true; found && count < most;) {
        const struct run_record *next = NULL;
        for (size_t i = 0; i < snapshot->run_count; i++) {
            const struct run_record *run = &snapshot->runs[i];
            if (run->experiment == group && run->slot >= least && (!next || run->slot < next->slot))
                next = run;
        }
        found = next != NULL;
        if (found) {
            ids[count++] = next->id;
            least = next->slot + 1;
        }
    }
    return count;
}

// ---- writing ------------------------------------------------------------------------------------------------

const struct report_form *report_form_of(const char *path) {
    static const struct {
        const char *ending;
        const struct report_form *form;
    } forms[] = {{".html", &report_html}, {".htm", &report_html}, {".md", &report_markdown}};
    for (size_t i = 0; path && i < sizeof forms / sizeof *forms; i++)
        if (text_ends(path, forms[i].ending))
            return forms[i].form;
    return NULL;
}

static enum status write_text(const struct str *text, const char *path, struct error *error) {
    struct file_writer writer = {0};
    enum status status = text->failed ? error_memory(error, "a report", text->length) : STATUS_OK;
    if (!status)
        status = file_create(&writer, path, error);
    if (!status) {
        file_write(&writer, str_text(text), text->length);
        status = file_commit(&writer, error);
    }
    return status;
}

enum status report_save(const struct session *session, const int64_t *ids, size_t count, const char *path,
                        struct error *error) {
    const struct report_form *form = report_form_of(path);
    struct report report = {0};
    struct str text = {0};
    if (!form)
        return error_set(error, STATUS_INVALID, "\"%s\": the name of a report must end in .html or .md", path);
    enum status status = report_read(session, ids, count, &report, error);
    if (!status) {
        report_write(&report, form, &text);
        status = write_text(&text, path, error);
    }
    report_free(&report);
    str_free(&text);
    return status;
}

enum view_result report_write_chosen(const struct view_context *context, int64_t run, const char *path) {
    const struct chosen_runs *chosen = &context->snapshot->chosen;
    const int64_t *ids = chosen->count > 0 ? chosen->ids : &run;
    size_t count = chosen->count > 0 ? chosen->count : 1;
    enum status status = report_save(context->session, ids, count, path, &context->wish->error);
    if (!status)
        snprintf(context->wish->message, sizeof context->wish->message, "The report on %zu run%s is in %.200s", count,
                 count == 1 ? "" : "s", path);
    return view_acted(context, status);
}
