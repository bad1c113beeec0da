// Following a file that grows: the session looks at it about once a second and reads it again when whole lines have
// come. Reading takes at most a fifth of the time, however large the file is.
#include "core/base/clock.h"
#include "core/session_private.h"

#define LOOK_SECONDS 1.0
#define SECONDS_BETWEEN_READINGS 4.0 // of one reading

enum status session_follow(struct session *session, bool on, struct error *error) {
    enum status status = STATUS_OK;
    if (on)
        status = session_check_table(session, error);
    if (!status && on && session->load.more_count > 0)
        status =
            error_set(error, STATUS_UNSUPPORTED, "several files as one table cannot be followed; open one of them");
    follow_end(&session->follow.file);
    if (!status && on)
        status = session_follow_begin(session, session->load.path, error);
    if (!status && on) {
        session->follow.rows = session->dataset->table->rows;
        status = session_reload(session, error); // a half line may have been read
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
    if (news != FOLLOW_GONE)
        session->follow.rows = SIZE_MAX;
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
    if (news != FOLLOW_GONE && session_reload(session, &error))
        session_tell_error(session, &error);
}

int session_timeout(const struct session *session) {
    if (!session->follow.file.path)
        return -1;
    double left = session->follow.next - clock_now();
    return left <= 0 ? 0 : left > 60 ? 60000 : (int)(left * 1000) + 1;
}
