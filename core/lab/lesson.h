// Lessons: short guided experiments as small text files that a teacher can add to. A lesson names data that ships with
// the program, runs that it makes, what to look at, and one question whose answers are conditions on what was measured:
// which of them is right is decided by the curves, not by the author. Plain values; lesson_free ends what lesson_parse
// made. Lines "KEY: TEXT"; a line that begins with a blank goes on with the one before; "#" begins a comment line.
//   title: …            data: digits.csv     about: …          look: …        question: …
//   params: epochs=20,momentum=0                 for every run
//   run small: batch=8                           a run, its name and its parameters
//   answer a: fewer steps | large.steps < small.steps      text, and when it is right: FIGURE OP FIGURE, where FIGURE is
//                                                          a number, NAME.figure or NUMBER * NAME.figure; "&" joins two
//   because: …                                   said after the answer
#ifndef CORE_LAB_LESSON_H
#define CORE_LAB_LESSON_H

#include "core/lab/reach.h"
#include "core/lab/experiment.h"

enum { LESSON_RUNS_MOST = 8, LESSON_ANSWERS_MOST = 6 };

struct lesson_run {
    char name[32];
    char *params; // "batch=8,lr=0.1"
};
struct lesson_answer {
    char letter;
    char *text, *condition;
};
struct lesson {
    char *title, *data, *about, *params, *look, *question, *because; // "" where they are left out
    struct lesson_run runs[LESSON_RUNS_MOST];
    struct lesson_answer answers[LESSON_ANSWERS_MOST];
    size_t run_count, answer_count;
};

// `name` for sentences. Refuses lines it does not know, runs or figures that do not exist, by file and line.
enum status lesson_parse(const char *text, const char *name, struct lesson *lesson, struct error *error);
void lesson_free(struct lesson *lesson);

struct lesson_figures { // of one run
    double steps, samples, seconds, train_loss, train_accuracy, val_loss, val_accuracy, best_accuracy;
    double best_loss;    // lowest validation loss of an epoch
    double noise;        // sd of the loss from step to step over the second half: of differences, / √2
    double gradient;     // mean |g| of the first epoch
    double rate;         // samples per second of training
    double diverged;     // 1: it did
    double first_loss;   // training loss of the first epoch
    double sharpness;    // of the minimum (core/lab/probe.h); NaN where no answer asks for it: it takes long
};
// Whether an answer goes by that figure.
bool lesson_asks(const struct lesson *lesson, const char *figure);
double lesson_figure(const struct lesson_figures *figures, const char *name); // NaN: no such figure
// Whether the answer's condition holds; figures[i] are of lesson->runs[i]. A figure that is NaN makes it false.
bool lesson_holds(const struct lesson *lesson, size_t answer, const struct lesson_figures *figures);
// The letters of the answers that hold, "bc": several may, none may, when the machine or chance has it so.
void lesson_right(const struct lesson *lesson, const struct lesson_figures *figures, char out[LESSON_ANSWERS_MOST + 1]);
// Its condition with what was measured: "small.steps (570) > 6 * large.steps (80)". Returns `out`.
char *lesson_explain(const struct lesson *lesson, size_t answer, const struct lesson_figures *figures, char *out,
                     size_t size);
// From a run's steps.
void lesson_measure(const struct reach_step *steps, const float *gradients, size_t count, size_t first_epoch,
                    struct lesson_figures *figures);

#endif
