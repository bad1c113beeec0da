// The lessons that ship with the program, and those of a file of one's own.
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/session_private.h"

enum { LESSON_BYTES = 1 << 16 };

enum status session_sample_path(const char *name, struct str *out, struct error *error) {
    char folder[2048];
    enum status status = samples_folder(folder, sizeof folder, error);
    if (!status)
        path_join(out, folder, name);
    return status ? status : out->failed ? error_memory(error, name, 0) : STATUS_OK;
}

static enum status read_lesson(const char *path, struct lesson *lesson, struct error *error) {
    char *text = NULL;
    size_t size = 0;
    enum status status = file_read(path, LESSON_BYTES, &text, &size, error);
    if (!status)
        status = lesson_parse(text, path_base(path), lesson, error);
    mem_free(text);
    return status;
}

static int by_number(const void *a, const void *b) {
    int64_t x = ((const struct lesson_entry *)a)->number, y = ((const struct lesson_entry *)b)->number;
    return (x > y) - (x < y);
}

static void clear_shelf(struct session *session) {
    for (size_t i = 0; i < session->lesson.shelf_count; i++)
        lesson_free(&session->lesson.shelf[i].lesson);
    mem_free(session->lesson.shelf);
    session->lesson.shelf = NULL;
    session->lesson.shelf_count = session->lesson.shelf_capacity = 0;
}

static enum status add_lesson(struct session *session, const char *folder, const char *name, struct error *error) {
    struct str path = {0};
    if (!vec_reserve(&session->lesson.shelf, &session->lesson.shelf_capacity, session->lesson.shelf_count + 1,
                     sizeof *session->lesson.shelf))
        return error_memory(error, "the lessons", (session->lesson.shelf_count + 1) * sizeof *session->lesson.shelf);
    struct lesson_entry *entry = &session->lesson.shelf[session->lesson.shelf_count];
    path_join(&path, folder, name);
    entry->number = strtoll(name, NULL, 10);
    enum status status = path.failed ? error_memory(error, name, 0) : read_lesson(str_text(&path), &entry->lesson, error);
    session->lesson.shelf_count += !status;
    str_free(&path);
    return status;
}

enum status session_lessons(struct session *session, struct error *error) {
    struct str folder = {0};
    clear_shelf(session);
    enum status status = session_sample_path("lessons", &folder, error);
    DIR *entries = status ? NULL : opendir(str_text(&folder));
    if (!status && !entries)
        status = error_set(error, STATUS_MISSING, "%s: there are no lessons", str_text(&folder));
    for (const struct dirent *entry; entries && !status && (entry = readdir(entries));)
        if (text_ends(entry->d_name, ".txt"))
            status = add_lesson(session, str_text(&folder), entry->d_name, error);
    if (entries)
        closedir(entries);
    if (session->lesson.shelf_count > 0)
        qsort(session->lesson.shelf, session->lesson.shelf_count, sizeof *session->lesson.shelf, by_number);
    str_free(&folder);
    if (status)
        clear_shelf(session);
    session_publish(session);
    return status;
}

// ---- one of them --------------------------------------------------------------------------------------------

static void clear_lesson(struct session *session) {
    for (size_t i = 0; i < LESSON_RUNS_MOST; i++)
        mem_free(session->lesson.view.outcomes[i].steps);
    session->lesson.view = (struct lesson_view){0};
    lesson_free(&session->lesson.lesson);
}

// From the shelf as it is on the disk now.
static enum status find(struct session *session, int64_t number, struct lesson *lesson, struct error *error) {
    enum status status = session_lessons(session, error);
    for (size_t i = 0; i < session->lesson.shelf_count && !status; i++)
        if (session->lesson.shelf[i].number == number) {
            *lesson = session->lesson.shelf[i].lesson; // given away: the shelf is read anew
            session->lesson.shelf[i].lesson = (struct lesson){0};
            return session_lessons(session, error);
        }
    return status ? status
                  : error_set(error, STATUS_MISSING, "there is no lesson %" PRId64 "; batchlab lesson lists them", number);
}

enum status session_lesson_open(struct session *session, const char *which, struct error *error) {
    struct lesson lesson = {0};
    int64_t number = 0;
    enum status status = session_check_lab(session, error);
    if (status)
        return status;
    status = integer_parse(which, &number) ? find(session, number, &lesson, error) : read_lesson(which, &lesson, error);
    if (status) {
        lesson_free(&lesson);
        return status;
    }
    clear_lesson(session);
    session->lesson.lesson = lesson;
    session->lesson.view.lesson = &session->lesson.lesson;
    session->lesson.view.number = number;
    session_publish(session);
    return STATUS_OK;
}

void session_close_lesson(struct session *session) {
    session->lesson.view.active = false;
    job_close(&session->lesson.job);
    kept_run_free(session->lesson.probe.kept);
    session->lesson.probe.kept = NULL;
    clear_lesson(session);
    clear_shelf(session);
}
