// Which rows of the table are shown, in which order: a job of its own sorts, filters and finds; what is shown stays until
// it is done.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session_private.h"

// Behind a filter that sorted ascending a sort comes out descending, which is how one asks for it.
static enum status make_again(struct rows_work *rows, struct task *task, struct error *error) {
    struct row_order filtered = {0};
    enum status status = row_order_filter(rows->table, &rows->marks, rows->text, &filtered, task, error);
    if (status || rows->direction == 0) {
        rows->made = filtered;
        return status;
    }
    filtered.sorted = rows->direction < 0 ? (int)rows->column + 1 : 0;
    status = row_order_sort(&filtered, rows->table, rows->column, &rows->made, task, error);
    row_order_free(&filtered);
    return status;
}

static enum status work(void *context, struct task *task, struct error *error) {
    struct rows_work *rows = context;
    if (rows->kind == ROWS_SORT)
        return row_order_sort(rows->from, rows->table, rows->column, &rows->made, task, error);
    if (rows->kind == ROWS_AGAIN)
        return make_again(rows, task, error);
    if (rows->kind == ROWS_FILTER)
        return row_order_filter(rows->table, &rows->marks, rows->text, &rows->made, task, error);
    return row_order_find(rows->from, rows->table, rows->text, rows->place, rows->direction, &rows->place,
                          &rows->column, task, error);
}

static void work_clear_rows(struct rows_work *rows) {
    row_order_free(&rows->made);
    row_marks_free(&rows->marks);
    *rows = (struct rows_work){0};
}

static void take_found(struct session *session, const struct rows_work *rows) {
    struct rows_view *view = &session->view.rows;
    if (rows->place == SIZE_MAX) {
        session_message(session, MESSAGE_INFO, "\"%.200s\" is in no cell", rows->text);
        return;
    }
    view->found_row = rows->place;
    view->found_column = rows->column;
    view->finds++;
}

static enum status begin(struct session *session, struct error *error) {
    struct rows_work *rows = &session->rows.work;
    *rows = session->rows.next;
    session->rows.next = (struct rows_work){0};
    rows->table = session->dataset->table;
    rows->from = &session->rows.order;
    session->rows.look = (struct job_look){0};
    session->view.rows.job = (struct job_view){.active = true, .rate = NAN, .seconds_left = NAN};
    snprintf(session->view.rows.job.subject, sizeof session->view.rows.job.subject, "%s", session->dataset->name);
    enum status status = job_start(&session->rows.job, work, rows, &session->wake, error);
    if (status) {
        session->view.rows.job.active = false;
        work_clear_rows(rows);
    }
    session_publish(session);
    return status;
}

static void take_result(struct session *session, struct rows_work *rows) {
    if (session->rows.job.status) {
        session_tell_error(session, &session->rows.job.error);
    } else if (atomic_load(&session->rows.job.task.cancelled)) {
        return; // it was done before it saw that nobody wants it
    } else if (rows->kind == ROWS_FIND) {
        take_found(session, rows);
    } else {
        row_order_free(&session->rows.order);
        session->rows.order = rows->made;
        rows->made = (struct row_order){0};
        session->view.rows.orders++;
    }
}

static void take_over(struct session *session) {
    struct error error;
    bool replaced = session->rows.next.kind != ROWS_NOTHING; // given up for what was asked for next
    session->view.rows.job = (struct job_view){0};
    if (!replaced)
        take_result(session, &session->rows.work);
    work_clear_rows(&session->rows.work);
    if (replaced && begin(session, &error))
        session_tell_error(session, &error);
    session_publish(session);
}

void session_drain_rows(struct session *session) {
    if (job_take(&session->rows.job))
        take_over(session);
    else if (session->rows.job.active &&
             session_look_at_job(&session->rows.job, &session->rows.look, &session->view.rows.job))
        session_publish(session);
}

// What is asked for last is what the person wants; what is at work ends first, and nobody waits for that.
static enum status start(struct session *session, struct rows_work *rows, struct error *error) {
    enum status status = session_check_table(session, error);
    if (status) {
        work_clear_rows(rows);
        return status;
    }
    work_clear_rows(&session->rows.next);
    session->rows.next = *rows;
    job_cancel(&session->rows.job);
    return session->rows.job.active ? STATUS_OK : begin(session, error);
}

void session_cancel_rows(struct session *session) {
    work_clear_rows(&session->rows.next);
    job_cancel(&session->rows.job);
}

enum status session_sort_rows(struct session *session, size_t column, struct error *error) {
    return start(session, &(struct rows_work){.kind = ROWS_SORT, .column = column}, error);
}

static enum status copy_marks(const struct row_marks *marks, struct row_marks *copy, struct error *error) {
    if (!marks || !marks->bits)
        return STATUS_OK;
    *copy = *marks;
    copy->bits = mem_alloc(marks->rows / 8 + 1, 1);
    if (!copy->bits)
        return error_memory(error, "the marks of rows", marks->rows / 8);
    memcpy(copy->bits, marks->bits, marks->rows / 8 + 1);
    return STATUS_OK;
}

static enum status take_text(struct rows_work *rows, const char *text, struct error *error) {
    if (strlen(text) >= sizeof rows->text)
        return error_set(error, STATUS_INVALID, "a filter or a text to find has at most %zu bytes; make it shorter",
                         sizeof rows->text - 1);
    strcpy(rows->text, text);
    return STATUS_OK;
}

enum status session_filter_rows(struct session *session, const char *text, const struct row_marks *marks,
                                struct error *error) {
    struct rows_work rows = {.kind = ROWS_FILTER};
    enum status status = take_text(&rows, text, error);
    if (!status)
        status = copy_marks(marks, &rows.marks, error);
    return status ? status : start(session, &rows, error);
}

enum status session_find_row(struct session *session, const char *text, size_t from, int direction,
                             struct error *error) {
    struct rows_work rows = {.kind = ROWS_FIND, .place = from, .direction = direction};
    enum status status = take_text(&rows, text, error);
    return status ? status : start(session, &rows, error);
}

void session_rows_again(struct session *session, const struct row_order *order, const char *column) {
    struct rows_work rows = {.kind = ROWS_AGAIN};
    struct error error;
    int found = column[0] ? table_find(session->dataset->table, column) : -1;
    if (found >= 0) {
        rows.column = (size_t)found;
        rows.direction = order->sorted > 0 ? 1 : -1;
    }
    memcpy(rows.text, order->filter, sizeof rows.text);
    if ((rows.direction != 0 || rows.text[0]) && start(session, &rows, &error))
        session_tell_error(session, &error);
}

void session_all_rows(struct session *session) {
    session_forget_rows(session);
    session_publish(session);
}

void session_forget_rows(struct session *session) {
    job_close(&session->rows.job);
    work_clear_rows(&session->rows.work);
    work_clear_rows(&session->rows.next);
    row_order_free(&session->rows.order);
    session->view.rows.job = (struct job_view){0};
    session->view.rows.orders++;
}
