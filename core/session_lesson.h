// Lessons in a session: the runs of a lesson (core/lab/lesson.h) follow each other on the data that ships with the
// program, each an ordinary run of the store; what they measured then decides which answers hold. Followed in
// session_drain, so that the screen stays alive and the command line needs no more than to drain. Part of session.h.
#ifndef CORE_SESSION_LESSON_H
#define CORE_SESSION_LESSON_H

#include "core/lab/lesson.h"

struct session;

struct lesson_entry { // of the lessons that ship
    int64_t number;
    struct lesson lesson;
};

struct lesson_outcome { // of one run of the lesson
    int64_t run;        // 0 = not begun
    bool ended;
    uint64_t train_rows;
    struct lesson_figures figures; // once it has ended
    struct reach_step *steps;      // all of them, then; short of memory NULL
    size_t step_count;
};

struct lesson_view {
    const struct lesson *lesson;
    int64_t number;    // 0: a file of one's own
    bool active;       // its runs follow each other
    bool probing;      // the last of them has ended, and its sharpness is measured
    bool measured;     // all of them: `right` holds
    size_t at;         // the run at work, or the next one
    struct lesson_outcome outcomes[LESSON_RUNS_MOST];
    char right[LESSON_ANSWERS_MOST + 1]; // the answers that hold
    char reason[ERROR_TEXT_SIZE];        // why it ended before its end; "" = it did not
};

// Reads the lessons that ship: snapshot.lessons, by their numbers.
enum status session_lessons(struct session *session, struct error *error);
// Shows lesson "3", or that of a file, as snapshot.lesson. Refused while one is at work.
enum status session_lesson_open(struct session *session, const char *which, struct error *error);
// Opens its data in place of what is open and trains its runs, from the parameters of the lesson alone (device, threads
// and precision stay the person's). What the last run had stays set. Refused while a run or an experiment lives.
enum status session_lesson_begin(struct session *session, struct error *error);
// Stops the run at work and begins no other. Nothing when none is active.
void session_lesson_cancel(struct session *session);

// The steps of a run so far; mem_free. NULL: no memory.
struct curve;
struct reach_step *curve_steps(const struct curve *curve);

#endif
