// Following a file that grows: the session looks at it about once a second and reads what was added when whole lines
// have come, or all of it where it must (csv_growing.h). Reading takes at most a fifth of the time.
#include "core/base/clock.h"
#include "core/session_private.h"

#define LOOK_SECONDS 1.0
#define SECONDS_BETWEEN_READINGS 4.0 // of one reading

enum status session_refuse_several(struct error *error) {
    return error_set(error, STATUS_UNSUPPORTED, "several files as one table cannot be followed; open one of them");
}

enum status session_follow(struct session *session, bool on, struct error *error) {
    enum status status = STATUS_OK;
    if (on)
        status = session_check_table(session, error);
    if (!status && on && session->load.more_count > 0)
        status = session_refuse_several(error);
    follow_end(&session->follow.file);
    session_growth_forget(session);
    if (!status && on)
        status = session_follow_begin(session, session->load.path, error);
    if (!status && on && session_run_alive(session) && session->run_params.follow_rows)
        session_message(session, MESSAGE_WARNING, "run %lld keeps its rows: new ones join runs that begin from now on",
                        (long long)session->live->record.id);
    if (!status && on) {
        session->follow.rows = session->dataset->table->rows;
        status = session_reload(session, false, error); // a half line may have been read
    }
    session_publish(session);
    return status;
}

enum status session_follow_begin(struct session *session, const char *path, struct error *error) {
    session->follow.began = clock_now();
    session->follow.next = session->follow.began + LOOK_SECONDS;
    session->follow.rows = SIZE_MAX;
    return follow_begin(&session->follow.file, path, error);
}

void session_follow_loaded(struct session *session) {
    double now = clock_now(), pause = SECONDS_BETWEEN_READINGS * (now - session->follow.began);
    session->follow.next = now + (pause > LOOK_SECONDS ? pause : LOOK_SECONDS);
    if (session->follow.rows == SIZE_MAX && session->dataset->table)
        session->follow.rows = session->dataset->table->rows;
}

static void tell(struct session *session, enum follow_news news) {
    const char *path = session->follow.file.path;
    if (news == FOLLOW_GONE)
        session_message(session, MESSAGE_WARNING, "%s is gone; its rows stay, and it is looked for", path);
    else if (news == FOLLOW_REPLACED)
        session_message(session, MESSAGE_WARNING, "%s is another file now; its rows are those of the new one", path);
    else
        session_message(session, MESSAGE_WARNING, "%s was written anew; what it holds now is read", path);
    if (news == FOLLOW_GONE)
        return;
    session->follow.rows = SIZE_MAX;
    session_growth_end(session, news == FOLLOW_REPLACED ? "is another file now" : "was written anew");
}

void session_follow_look(struct session *session) {
    const char *path = session->follow.file.path;
    double now = clock_now();
    if (!path || session->job.active || session->wanted || !session->dataset || now < session->follow.next ||
        !text_equal(path, session->load.path))
        return;
    struct error error;
    enum follow_news news = follow_look(&session->follow.file);
    session->follow.next = now + LOOK_SECONDS;
    session->follow.began = now;
    if (news == FOLLOW_NOTHING)
        return;
    if (news != FOLLOW_GROWN)
        tell(session, news);
    if (news != FOLLOW_GONE && session_reload(session, news == FOLLOW_GROWN, &error))
        session_tell_error(session, &error);
}

int session_timeout(const struct session *session) {
    bool follows = session->follow.file.path != NULL, watches = session->watch.run != 0;
    if (!follows && !watches)
        return -1;
    double next = follows ? session->follow.next : session->watch.next;
    if (watches && session->watch.next < next)
        next = session->watch.next;
    double left = next - clock_now();
    return left <= 0 ? 0 : left > 60 ? 60000 : (int)(left * 1000) + 1;
}
