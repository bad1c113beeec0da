// The commands of the plain dialogue, once: this table is their help and their parser. A command prints what it has to
// say on standard output, or fails with a sentence; work that it began is waited for before the next one is read, but
// for training, which goes on beside the dialogue. Main thread.
#ifndef APP_PLAIN_PARTS_H
#define APP_PLAIN_PARTS_H

#include "core/session.h"

#define PLAIN_WORDS 4

struct plain {
    struct session *session;
    bool typed;        // somebody types; else lines come from a pipe or a file
    bool leaving, detach;
    bool failed;       // some command did: the exit status where nobody types
    double tell_every; // seconds between two lines about epochs; negative: none
    double told;       // when the last one was printed
    uint64_t checkpoints; // saved so far
    bool refused;         // the engine would not, or could not, since this was last false
    enum run_state state; // of the run, as last told
};

struct plain_line { // a command's arguments; the last one takes the rest of the line
    const char *words[PLAIN_WORDS];
    size_t count;
};
typedef enum status plain_command(struct plain *plain, const struct plain_line *line, struct error *error);

// X(name, usage, least, most, help)
#define PLAIN_COMMANDS(X) \
    /* data */ \
    X(open, "FILE", 1, 1, "Open a table or an image set.") \
    X(data, "", 0, 0, "What is open: rows, columns, target, what looks wrong.") \
    X(columns, "", 0, 0, "Every column in a line.") \
    X(column, "NAME", 1, 1, "All figures of a column, a line each.") \
    X(rows, "[FROM [COUNT]]", 0, 2, "Rows of the table as they are shown now, a line each (from 1, 10 of them).") \
    X(row, "NUMBER", 1, 1, "One row, a line for each cell.") \
    X(warnings, "", 0, 0, "What looks wrong.") \
    X(filter, "[CONDITION]", 0, 1, "Show only rows where it holds, such as age>40 & sex=male; alone: all rows.") \
    X(sort, "COLUMN", 1, 1, "Sort the rows by that column; again: the other way.") \
    X(find, "TEXT", 1, 1, "Go to the next row with that text.") \
    X(target, "COLUMN", 1, 1, "Predict that column.") \
    X(type, "COLUMN TYPE", 2, 2, "Read that column as numeric, amount, date, category or text.") \
    X(missing, "TEXT", 1, 1, "Read that text as a missing value.") \
    /* preparing */ \
    X(steps, "", 0, 0, "The pipeline, a line for each step.") \
    X(step, "NUMBER", 1, 1, "The parameters of a step.") \
    X(kinds, "", 0, 0, "Every kind of step.") \
    X(add, "KIND", 1, 1, "Add a step at the end.") \
    X(remove, "NUMBER", 1, 1, "Take a step out.") \
    X(move, "NUMBER PLACE", 2, 2, "Run a step at another place.") \
    X(switch, "NUMBER", 1, 1, "Switch a step off, or on again.") \
    X(change, "NUMBER PARAMETER VALUE", 3, 3, "Change a parameter of a step.") \
    X(suggest, "", 0, 0, "Replace the pipeline by the suggested one, and say why.") \
    X(compare, "COLUMN", 1, 1, "A column as read and as prepared.") \
    X(ledger, "[COUNT]", 0, 1, "What the steps changed, cell by cell (20).") \
    X(save, "FILE", 1, 1, "Write the pipeline to a JSON file.") \
    X(load, "FILE", 1, 1, "Read the pipeline from a JSON file.") \
    X(export, "FILE", 1, 1, "Write the prepared rows to a CSV file.") \
    X(batches, "[EPOCH]", 0, 1, "The split, and how an epoch falls into batches.") \
    /* model and training */ \
    X(parameters, "[GROUP]", 0, 1, "Every parameter that counts now, with its value: data, model, training, device, output.") \
    X(parameter, "NAME", 1, 1, "What a parameter does and which values it takes.") \
    X(set, "NAME VALUE", 2, 2, "Change a parameter; while a run lives, from its next step.") \
    X(raise, "NAME", 1, 1, "The next larger value, or the next choice.") \
    X(lower, "NAME", 1, 1, "The next smaller value, or the choice before.") \
    X(model, "", 0, 0, "The layers and what they cost.") \
    X(train, "", 0, 0, "Begin a run; it trains beside the dialogue.") \
    X(pause, "", 0, 0, "Pause the run, or let it go on.") \
    X(next, "", 0, 0, "Do exactly one step, then pause.") \
    X(stop, "", 0, 0, "Stop the run and save it.") \
    X(restart, "", 0, 0, "Begin again with the same seed.") \
    X(checkpoint, "", 0, 0, "Save everything now.") \
    X(back, "[change]", 0, 1, "Go back to the last checkpoint, or to the nearest one from before the last live change.") \
    X(mark, "TEXT", 1, 1, "Put a note on the run at this step.") \
    X(range, "", 0, 0, "Try learning rates on the living run or a fresh model, and suggest one in four ways.") \
    X(status, "", 0, 0, "Where the run stands.") \
    X(epochs, "[COUNT]", 0, 1, "The last epochs, a line each (10).") \
    X(tell, "SECONDS|no", 1, 1, "How often a line about an epoch may come by itself (0: each of them).") \
    X(wait, "", 0, 0, "Wait until the run has ended.") \
    /* results */ \
    X(evaluate, "[RUN]", 0, 1, "What a run is worth on its validation rows.") \
    X(confusion, "", 0, 0, "Of what was evaluated: which classes were taken for which.") \
    X(worst, "[COUNT]", 0, 1, "Of what was evaluated: the rows with the largest loss (10).") \
    X(runs, "[COUNT]", 0, 1, "The newest runs, a line each (10).") \
    X(resume, "RUN", 1, 1, "Go on from a run's last checkpoint.") \
    X(fork, "RUN PARAMETER=VALUE,…", 2, 2, "Begin a new run from a run's last checkpoint, with other parameters.") \
    X(note, "RUN TEXT", 2, 2, "Write a note on a run.") \
    /* the dialogue */ \
    X(undo, "", 0, 0, "Undo what changed data, pipeline or parameters.") \
    X(redo, "", 0, 0, "Do again what was undone.") \
    X(help, "[COMMAND]", 0, 1, "Every command, or one of them.") \
    X(quit, "[stop|detach]", 0, 1, "Leave; with a living run: stop and save it, or let it train on alone.")

#define X(name, usage, least, most, help) plain_command plain_##name;
PLAIN_COMMANDS(X)
#undef X

// Until no work is on its way but training. An interrupt gives the work up.
enum status plain_settle(struct plain *plain, struct error *error);
// Until the living run (or a range test without one) has ended, or `done` (NULL: nothing else) says so, or somebody interrupts the waiting.
typedef bool plain_done(struct plain *plain, uint64_t since);
enum status plain_wait_run(struct plain *plain, plain_done *done, uint64_t since, struct error *error);
void plain_epoch_line(const struct epoch_row *row, bool classify);
// A whole number from `least` to `most`; `fallback` where the line has no such word.
enum status plain_number(const struct plain_line *line, size_t word, const char *what, size_t least, size_t most,
                         size_t fallback, size_t *number, struct error *error);
// The table that is open once nothing is on its way, or a sentence. Whatever settles may put another in its place.
enum status plain_table(struct plain *plain, const struct table **table, struct error *error);
enum status plain_table_now(const struct plain *plain, const struct table **table, struct error *error);
enum status plain_find_column(const struct table *table, const char *name, size_t *index, struct error *error);

#endif
