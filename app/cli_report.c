// batchlab report: runs as a page or as Markdown.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/report.h"
#include "core/base/file.h"
#include "core/base/mem.h"

enum { RUNS_MOST = 200 };

struct chosen {
    int64_t ids[RUNS_MOST];
    size_t count;
};

static enum status choose(struct chosen *chosen, int64_t id, struct error *error) {
    for (size_t i = 0; i < chosen->count; i++)
        if (chosen->ids[i] == id)
            return STATUS_OK;
    if (chosen->count == RUNS_MOST)
        return error_set(error, STATUS_INVALID, "a report takes at most %d runs", RUNS_MOST);
    chosen->ids[chosen->count++] = id;
    return STATUS_OK;
}

// "7" or "7-12".
static enum status choose_range(struct chosen *chosen, const char *text, struct error *error) {
    char word[64];
    int64_t first = 0, last = 0;
    const char *dash = strchr(text, '-');
    snprintf(word, sizeof word, "%.*s", dash ? (int)((dash - text) % 60) : 60, text);
    enum status status = cli_number(word, "run", &first, error);
    last = first;
    if (!status && dash)
        status = cli_number(dash + 1, "run", &last, error);
    if (!status && last < first)
        return error_set(error, STATUS_INVALID, "runs \"%s\": the smaller number comes first", text);
    if (!status && last - first >= RUNS_MOST)
        return error_set(error, STATUS_INVALID, "a report takes at most %d runs", RUNS_MOST);
    for (; first <= last && !status; first++)
        status = choose(chosen, first, error);
    return status;
}

static enum status choose_group(struct store *store, struct chosen *chosen, int64_t group, struct error *error) {
    struct experiment_record record;
    struct experiment_slot *slots = NULL;
    size_t count = 0;
    enum status status = store_experiment(store, group, &record, error);
    if (status)
        return status;
    mem_free(record.plan);
    status = store_experiment_slots(store, group, &slots, &count, error);
    for (size_t i = 0; i < count && !status; i++)
        status = choose(chosen, slots[i].run, error);
    mem_free(slots);
    if (!status && chosen->count == 0)
        status = error_set(error, STATUS_MISSING, "group %lld has no runs", (long long)group);
    return status;
}

// The form that the ending of a file's name stands for; NULL: none.
static const struct report_form *form_of(const char *path) {
    static const struct {
        const char *ending;
        const struct report_form *form;
    } forms[] = {{".html", &report_html}, {".htm", &report_html}, {".md", &report_markdown}};
    for (size_t i = 0; path && i < sizeof forms / sizeof *forms; i++)
        if (text_ends(path, forms[i].ending))
            return forms[i].form;
    return NULL;
}

static enum status write_report(const struct report *report, const char *path, struct error *error) {
    struct str text = {0};
    struct file_writer writer = {0};
    report_write(report, form_of(path), &text);
    enum status status = text.failed ? error_memory(error, "a report", text.length) : STATUS_OK;
    if (!status)
        status = file_create(&writer, path, error);
    if (!status) {
        file_write(&writer, str_text(&text), text.length);
        status = file_commit(&writer, error);
    }
    str_free(&text);
    return status;
}

int cli_report(const struct arguments *arguments) {
    struct store *store = NULL;
    struct report report = {0};
    struct chosen chosen = {.count = 0};
    struct error error;
    const char *path = arguments->flags[FLAG_OUTPUT], *group = arguments->flags[FLAG_GROUP];
    int64_t id = 0;
    if (!form_of(path))
        return error_set(&error, STATUS_INVALID, "name the report with -o: it must end in .html or .md"),
               cli_usage(&error);
    for (size_t i = 0; i < arguments->file_count; i++)
        if (choose_range(&chosen, arguments->files[i], &error))
            return cli_usage(&error);
    if (group && cli_number(group, "group", &id, &error))
        return cli_usage(&error);
    if (!group && chosen.count == 0)
        return error_set(&error, STATUS_INVALID, "name runs by their numbers, or --group N"), cli_usage(&error);
    enum status status = store_open(&store, NULL, &error);
    if (!status && group)
        status = choose_group(store, &chosen, id, &error);
    if (!status)
        status = report_read(store, chosen.ids, chosen.count, &report, &error);
    if (!status)
        status = write_report(&report, path, &error);
    report_free(&report);
    store_close(store);
    return status ? cli_fail(&error) : EXIT_DONE;
}
