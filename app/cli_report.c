// batchlab report: runs as a page or as Markdown.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "views/report/report.h"

struct chosen {
    int64_t ids[REPORT_RUNS_MOST];
    size_t count;
};

static enum status choose(struct chosen *chosen, int64_t id, struct error *error) {
    for (size_t i = 0; i < chosen->count; i++)
        if (chosen->ids[i] == id)
            return STATUS_OK;
    if (chosen->count == REPORT_RUNS_MOST)
        return error_set(error, STATUS_INVALID, "a report takes at most %d runs", REPORT_RUNS_MOST);
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
    if (!status && last - first >= REPORT_RUNS_MOST)
        return error_set(error, STATUS_INVALID, "a report takes at most %d runs", REPORT_RUNS_MOST);
    for (; first <= last && !status; first++)
        status = choose(chosen, first, error);
    return status;
}

static enum status choose_group(const struct session *session, struct chosen *chosen, int64_t group,
                                struct error *error) {
    int64_t ids[REPORT_RUNS_MOST + 1]; // one more than it takes is told
    size_t count = report_group(session_snapshot(session), group, ids, REPORT_RUNS_MOST + 1);
    enum status status = count > 0 ? STATUS_OK
                                   : error_set(error, STATUS_MISSING, "there is no group %lld that has runs", (long long)group);
    for (size_t i = 0; i < count && !status; i++)
        status = choose(chosen, ids[i], error);
    return status;
}

int cli_report(const struct arguments *arguments) {
    struct session *session = NULL;
    struct session_options options = {.no_profile = true};
    struct chosen chosen = {.count = 0};
    struct error error;
    const char *path = arguments->flags[FLAG_OUTPUT], *group = arguments->flags[FLAG_GROUP];
    int64_t id = 0;
    if (!report_form_of(path))
        return error_set(&error, STATUS_INVALID, "name the report with -o: it must end in .html or .md"),
               cli_usage(&error);
    for (size_t i = 0; i < arguments->file_count; i++)
        if (choose_range(&chosen, arguments->files[i], &error))
            return cli_usage(&error);
    if (group && cli_number(group, "group", &id, &error))
        return cli_usage(&error);
    if (!group && chosen.count == 0)
        return error_set(&error, STATUS_INVALID, "name runs by their numbers, or --group N"), cli_usage(&error);
    enum status status = session_open(&session, &options, &error);
    if (!status && group)
        status = choose_group(session, &chosen, id, &error);
    if (!status)
        status = report_save(session, chosen.ids, chosen.count, path, &error);
    session_close(session);
    return status ? cli_fail(&error) : EXIT_DONE;
}
