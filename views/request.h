// Every request once. A request is what a key, a palette entry or a click asks for; this table is the only
// source of footer, help page, command palette and man page. Main thread only: keys can be bound anew (config.h).
//
// Lookup goes from the particular to the general: a row that names the current view wins over a row for
// all views, so the same key can mean different things in different views.
#ifndef VIEWS_REQUEST_H
#define VIEWS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "views/input.h"

enum view_id {
    VIEW_NONE,
    VIEW_DATA,
    VIEW_PREPARE,
    VIEW_BATCHES,
    VIEW_MODEL,
    VIEW_TRAIN,
    VIEW_EVALUATE,
    VIEW_LAB,
    VIEW_RUNS,
    VIEW_HELP,
    VIEW_COUNT,
};

#define IN(view) (1u << VIEW_##view)
#define IN_ALL 0xFFFFFFFFu

// X(id, keys, views, name, footer, help)
//   keys    names of input_parse, separated by blanks; "" = palette only
//   views   IN(DATA) | IN(RUNS), or IN_ALL
//   name    what the palette shows and matches
//   footer  a word or two after the key; "" = not in the footer
//   help    one sentence for the help page and the man page
#define REQUESTS(X) \
    /* views of their own, most wanted first: this is the order of the footer */ \
    X(OPEN, "o", IN(DATA), "open file", "open", "Open a file or an image set.") \
    X(RUN_OPEN, "Enter", IN(RUNS), "show run", "show", "Show the run's curves and parameters.") \
    X(RUN_RESUME, "c", IN(RUNS), "resume run", "resume", "Go on training from the run's last checkpoint.") \
    X(RUN_SELECT, "Space", IN(RUNS), "choose run", "choose", "Choose the run for comparison.") \
    X(FIND, "/", IN(DATA) | IN(RUNS) | IN(HELP), "find", "find", "Search for text; n and N go on.") \
    X(FILTER, "&", IN(DATA) | IN(RUNS), "filter rows", "filter", "Show only rows that match, such as acc>0.9.") \
    X(SORT, "s", IN(DATA) | IN(RUNS), "sort", "sort", "Sort by the chosen column; again for the other way.") \
    X(TYPE, "t", IN(DATA), "column type", "type", "Treat the column as another type.") \
    X(FREEZE, "z", IN(DATA), "freeze columns", "freeze", "Keep the columns up to this one in sight; again lets them go.") \
    X(GO_ROW, "#", IN(DATA), "go to row", "", "Go to the row, or picture, of that number.") \
    X(GO_COLUMN, "C", IN(DATA), "go to column", "", "Choose a column by parts of its name.") \
    X(MARK_ROW, "Space", IN(DATA), "mark row", "", "Mark the row, or take its mark off; the filter 'marked' shows the marked rows.") \
    X(NEXT_MARK, "'", IN(DATA), "next marked row", "", "Go to the next marked row.") \
    X(COPY_CELL, "y", IN(DATA), "copy cell", "", "Copy the cell to the clipboard, where the terminal lets a program do so.") \
    X(COPY_ROW, "Y", IN(DATA), "copy row", "", "Copy the row as a line of CSV to the clipboard.") \
    X(READ_ON, "O", IN(DATA), "read on", "", "Read a table to its end whose reading was stopped.") \
    X(FOLLOW, "F", IN(DATA), "follow the file", "", "Read the file again whenever it has grown, or stop doing so.") \
    X(TARGET, "T", IN(DATA), "target column", "target", "Make this column the one to predict.") \
    X(MISSING_TOKEN, "a", IN(DATA), "add missing token", "", "Read one more text as a missing value.") \
    X(DESCRIBE, "d", IN(DATA), "describe all", "describe all", \
      "Show pages of figures, Tab turns them: columns, correlations, gaps, target; mean, dark, bright, equal pictures.") \
    X(NEXT_WARNING, "w", IN(DATA), "next warning", "next warning", "Go to the next warning of the profile.") \
    X(SHOW_ROWS, "Enter", IN(DATA), "show rows", "rows", "Show the cell whole, the rows of the warning, or the picture large.") \
    X(CLASS, "c", IN(DATA), "next class", "class", "Show only the next class of an image set, then all again.") \
    X(STEP_ADD, "a", IN(PREPARE), "add step", "add", "Add a step to the pipeline.") \
    X(STEP_EDIT, "e Enter", IN(PREPARE), "edit step", "edit", "Change the parameters of the step.") \
    X(STEP_REMOVE, "x Delete", IN(PREPARE), "remove step", "remove", "Take the step out of the pipeline.") \
    X(STEP_EARLIER, "K", IN(PREPARE), "move step up", "earlier", "Run the step earlier.") \
    X(STEP_LATER, "J", IN(PREPARE), "move step down", "later", "Run the step later.") \
    X(STEP_SWITCH, "Space", IN(PREPARE), "step on or off", "on/off", "Switch the step on or off.") \
    X(STEP_SUGGEST, "A", IN(PREPARE), "suggest pipeline", "suggest", "Replace the pipeline by the suggested one.") \
    X(LEDGER, "v", IN(PREPARE), "ledger", "ledger", "Show before and after, or the ledger of changed cells.") \
    X(SAVE_RECIPE, "S", IN(PREPARE), "save recipe", "save recipe", "Write the pipeline to a JSON file.") \
    X(LOAD_RECIPE, "L", IN(PREPARE), "load recipe", "", "Read the pipeline from a JSON file.") \
    X(EXPORT_CSV, "E", IN(PREPARE), "export prepared data", "export CSV", "Write the prepared rows to a CSV file.") \
    X(LAB_ENTER, "Enter e", IN(LAB), "open, edit, take", "open/edit", \
      "Open the page, type a new value, take the rate, give the answer, or name the file of the report.") \
    X(LAB_GO, "Space", IN(LAB), "begin, stop, go on", "begin/stop", \
      "Begin what the page is about, stop what is at work, or go on with it; choose a run for the report.") \
    X(LAB_NEW, "n", IN(LAB), "new one", "new", \
      "Fill in the form of another race or sweep, or list the lessons; again goes back to the results.") \
    X(LAB_OLDER, "[", IN(LAB), "older race or sweep", "", "Show the race or sweep before.") \
    X(LAB_NEWER, "]", IN(LAB), "newer race or sweep", "older/newer", "Show the race or sweep after.") \
    X(LAB_MEANS, "m", IN(LAB), "means or steps", "", "Curves of a lesson as means, or of every step.") \
    X(LAB_GROUP, "a", IN(LAB), "choose group", "", "Choose all runs of this run's race or sweep for the report.") \
    X(LAB_BEST, "b", IN(LAB), "take best values", "take best", "Put the values of the chosen or best trial into Model.") \
    X(FIELD_EDIT, "Enter e", IN(MODEL), "edit parameter", "edit", "Type a new value.") \
    X(FIELD_UP, "+ = Right", IN(MODEL) | IN(LAB), "raise parameter", "", "The next larger value or the next choice.") \
    X(FIELD_DOWN, "- Left", IN(MODEL) | IN(LAB), "lower parameter", "", "The next smaller value or the choice before.") \
    X(FIELD_DEFAULT, "d", IN(MODEL) | IN(LAB), "default value", "default", "Put the parameter back to its default.") \
    X(START, "Space", IN(MODEL), "start training", "train", "Start a run with these parameters.") \
    X(PAUSE, "Space", IN(TRAIN), "start, pause, go on", "pause", "Start a run, pause it, or go on.") \
    X(LR_UP, "+ =", IN(TRAIN), "raise learning rate", "", "Multiply the learning rate, from the next step.") \
    X(LR_DOWN, "-", IN(TRAIN), "lower learning rate", "learning rate", "Divide the learning rate, from the next step.") \
    X(BATCH_DOWN, "[", IN(TRAIN) | IN(BATCHES), "smaller batches", "", "Halve the batch size.") \
    X(BATCH_UP, "]", IN(TRAIN) | IN(BATCHES), "larger batches", "batch size", "Double the batch size, from the next step.") \
    X(BATCH_OPEN, "Enter", IN(BATCHES), "rows of the batch", "rows", "Show the rows or pictures of the batch; again goes on to the row in Data.") \
    X(EPOCH_BEFORE, "E", IN(BATCHES), "previous epoch", "", "Show the shuffle of the epoch before.") \
    X(EPOCH_NEXT, "e", IN(BATCHES), "next epoch", "epoch", "Show the shuffle of the next epoch.") \
    X(EPOCH_NOW, "f", IN(BATCHES), "epoch of the run", "", "Show the shuffle of the epoch that the living run is in.") \
    X(BATCH_BEFORE, "N", IN(BATCHES), "previous batch", "", "Go to the batch before.") \
    X(BATCH_NEXT, "n", IN(BATCHES), "next batch", "batch", "Go to the next batch.") \
    X(AUGMENT, "a", IN(BATCHES), "augmentation", "augmented", "Show pictures as training sees them, or as they are stored.") \
    X(BATCH_SIZES, "t", IN(BATCHES), "batch sizes", "sizes", "Go to the table of batch sizes, or back to the batches; Enter takes a size.") \
    X(SPLIT_FORM, "s", IN(BATCHES), "split and seed", "split", "Change the split, the seed and what else decides the batches.") \
    X(DROP_LAST, "d", IN(BATCHES), "drop last batch", "drop last", "Leave the short last batch of an epoch out, or take it in again.") \
    X(FORK, "f", IN(TRAIN) | IN(RUNS), "fork run", "fork", "Begin a new run where this one stands, with other parameters.") \
    X(CHECKPOINT, "c", IN(TRAIN), "checkpoint", "checkpoint", "Save everything now.") \
    X(MARK, "m", IN(TRAIN), "set mark", "mark", "Put a mark with a note on the curves.") \
    X(STOP, "s", IN(TRAIN), "stop and save", "stop", "Stop the run and save it.") \
    X(ONE_STEP, "n", IN(TRAIN), "one step", "step", "Do exactly one batch, then pause.") \
    X(RESTART, "r", IN(TRAIN), "restart", "restart", "Start again with the same seed.") \
    X(ROLL_BACK, "R", IN(TRAIN), "roll back", "roll back", "Go back to a checkpoint.") \
    X(ROLL_BACK_CHANGE, "B", IN(TRAIN), "go back before change", "", \
      "Go back to the nearest checkpoint from before the last live change, and to its values.") \
    X(RANGE_TEST, "t", IN(TRAIN), "range test", "range test", \
      "Try learning rates from 1e-7 to 10 on the living run, show the loss over them, and leave the run as it was.") \
    X(NOISE_SCALE, "N", IN(TRAIN), "noise scale", "noise scale", \
      "Measure the gradient noise scale while training, or stop doing so.") \
    X(LAYERS, "H", IN(TRAIN), "layers", "layers", \
      "Look into the layers: their weights and gradients over time, the distance from the start; again for the curves.") \
    X(LOG_AXIS, "y", IN(TRAIN) | IN(LAB), "log axis", "log axis", "Linear or logarithmic values.") \
    X(X_AXIS, "x", IN(TRAIN) | IN(LAB), "x axis", "x axis", "Epochs, steps, samples or seconds.") \
    X(SMOOTHING, "e", IN(TRAIN), "smoothing", "smoothing", "The next degree of smoothing.") \
    X(ZOOM, "z", IN(TRAIN), "zoom", "zoom", "Zoom into the curves around the cursor.") \
    X(ZOOM_FIT, "0", IN(TRAIN), "fit", "fit", "Show the curves whole.") \
    X(CHART_EXPORT, "X", IN(TRAIN), "export curves", "", "Write the curves to an SVG picture or their points to a CSV file.") \
    X(OVERLAY, "o", IN(TRAIN) | IN(RUNS), "overlay run", "overlay", "Lay another run over the curves.") \
    X(PIN, "p", IN(TRAIN) | IN(RUNS), "pin run", "pin", "Keep this run on the curves as the baseline.") \
    X(EVALUATE_OPEN, "Enter", IN(EVALUATE), "rows of the cell", "rows", "Show the rows of the cell or class, then all about one, then that row in Data.") \
    X(EVALUATE_AGAIN, "r", IN(EVALUATE), "measure again", "measure", "Measure again: a living run with its weights as they are now.") \
    X(EVALUATE_CHECKPOINT, "c", IN(EVALUATE), "next checkpoint", "checkpoint", "Measure the run's next checkpoint: now, last, best, or of a step.") \
    X(EVALUATE_PART, "p", IN(EVALUATE), "next part", "part", "Measure the next part: validation, test, training or all rows.") \
    X(EVALUATE_DATA, "o", IN(EVALUATE), "other data", "file", "Measure on another file of the same columns; an empty name goes back.") \
    X(CLASS_BEFORE, "[", IN(EVALUATE), "previous curve class", "", "Curves and threshold of the class before.") \
    X(CLASS_NEXT, "]", IN(EVALUATE), "next curve class", "class", "Curves and threshold of the next class against the rest.") \
    X(EVALUATE_COUNTS, "n", IN(EVALUATE), "counts or shares", "counts", "Show how many rows there are, or the share of the true class.") \
    X(EVALUATE_CHEAPEST, "m", IN(EVALUATE), "cheapest threshold", "cheapest", "Go to the threshold that costs least.") \
    X(EVALUATE_EPOCHS, "e", IN(EVALUATE), "measure every epoch", "every epoch", "Measure the living run again after every epoch, or no longer.") \
    X(RUN_BEFORE, "<", IN(EVALUATE), "previous run", "", "Measure the run before this one.") \
    X(RUN_NEXT, ">", IN(EVALUATE), "next run", "run", "Measure the run after this one.") \
    X(EVALUATE_PREDICTIONS, "x", IN(EVALUATE), "export predictions", "export", "Write predictions with probabilities to a CSV file.") \
    X(CHARTS_SAVE, "X", IN(BATCHES) | IN(MODEL) | IN(LAB), "export charts", "", "Write the charts of this screen to an SVG picture or their points to a CSV file.") \
    X(EVALUATE_POINTS, "X", IN(EVALUATE), "export points", "", "Write the points of the curves to a CSV file, or the page's charts to an SVG picture.") \
    X(RUN_EVALUATE, "e", IN(RUNS), "evaluate run", "evaluate", "Open the run in Evaluate.") \
    X(RUN_DIFFERENCE, "d", IN(RUNS), "differences", "differences", "Show in which parameters chosen runs differ.") \
    X(RUN_TREE, "t", IN(RUNS), "tree of forks", "tree", "Show every run below the one it was forked from or resumed, or as a list.") \
    X(RUN_FOLD, "z", IN(RUNS), "fold branch", "", "Fold what lies below the run in the tree, or unfold it.") \
    X(RUN_REPORT, "X", IN(RUNS), "report", "", "Write a report about the chosen runs, or this one, to a file.") \
    X(RUN_NOTE, "N", IN(RUNS), "note", "note", "Write a note on the run.") \
    X(RUN_DELETE, "x Delete", IN(RUNS), "delete run", "delete", "Delete the run, after a question.") \
    /* everywhere */ \
    X(FIND_NEXT, "n", IN_ALL, "find next", "", "Go to the next match.") \
    X(FIND_BEFORE, "N", IN_ALL, "find previous", "", "Go to the match before.") \
    X(UP, "Up k", IN_ALL, "up", "", "Up.") \
    X(DOWN, "Down j", IN_ALL, "down", "", "Down.") \
    X(LEFT, "Left h", IN_ALL, "left", "", "Left.") \
    X(RIGHT, "Right l", IN_ALL, "right", "", "Right.") \
    X(PAGE_UP, "PgUp Ctrl-B", IN_ALL, "page up", "", "One page up.") \
    X(PAGE_DOWN, "PgDn Ctrl-F", IN_ALL, "page down", "", "One page down.") \
    X(FIRST_COLUMN, "Home", IN_ALL, "first column", "", "To the start of the line.") \
    X(LAST_COLUMN, "End", IN_ALL, "last column", "", "To the end of the line.") \
    X(TOP, "g Ctrl-Home", IN_ALL, "top", "", "To the first row.") \
    X(BOTTOM, "G Ctrl-End", IN_ALL, "bottom", "", "To the last row.") \
    X(NEXT_PANE, "Tab", IN_ALL, "next pane", "", "To the next pane.") \
    X(PREVIOUS_PANE, "Shift-Tab", IN_ALL, "previous pane", "", "To the pane before.") \
    X(ACCEPT, "Enter", IN_ALL, "accept", "", "Take what is chosen.") \
    X(BACK, "Esc", IN_ALL, "back", "", "Back out one level; cancels work that is shown on the progress line.") \
    X(GO_DATA, "1", IN_ALL, "view: data", "", "Data: the table, its columns and warnings.") \
    X(GO_PREPARE, "2", IN_ALL, "view: prepare", "", "Prepare: the pipeline, before and after.") \
    X(GO_BATCHES, "3", IN_ALL, "view: batches", "", "Batches: the split, the shuffle, what batch sizes cost.") \
    X(GO_MODEL, "4", IN_ALL, "view: model", "", "Model: architecture and parameters.") \
    X(GO_TRAIN, "5", IN_ALL, "view: train", "", "Train: live curves and controls.") \
    X(GO_EVALUATE, "6", IN_ALL, "view: evaluate", "", "Evaluate: what a run is worth, class by class and row by row.") \
    X(GO_LAB, "7", IN_ALL, "view: lab", "", "Lab: batch sizes raced, parameters swept, rates tried, lessons, reports.") \
    X(GO_RUNS, "8", IN_ALL, "view: runs", "", "Runs: every run ever made.") \
    X(UNDO, "u", IN_ALL, "undo", "", "Undo what changed data, pipeline or parameters.") \
    X(REDO, "U", IN_ALL, "redo", "", "Do again what was undone.") \
    X(LOG, "!", IN_ALL, "log", "", "Open the log.") \
    X(REDRAW, "Ctrl-L", IN_ALL, "redraw screen", "", "Draw the screen anew.") \
    X(SUSPEND, "Ctrl-Z", IN_ALL, "suspend", "", "Stop the program and return to the shell; fg brings it back.") \
    X(THEME, "", IN_ALL, "next theme", "", "Change the colors.") \
    X(HELP, "? F1", IN_ALL, "help", "help", "The keys of this view.") \
    X(PALETTE, ": Ctrl-P", IN_ALL, "commands", "commands", "Find any command or parameter by name.") \
    X(QUIT, "q Ctrl-C", IN_ALL, "quit", "quit", "Leave; asks when something would be lost.")

enum request {
    REQUEST_NONE,
#define X(id, keys, views, name, footer, help) REQUEST_##id,
    REQUESTS(X)
#undef X
        REQUEST_COUNT
};

struct request_row {
    enum request id;
    const char *keys;
    unsigned views;
    const char *name, *footer, *help;
};

#define REQUEST_KEYS_SIZE 64
const struct request_row *request_row(enum request request); // never NULL for a real request
// What this key means in this view; REQUEST_NONE when nothing.
enum request request_of_key(enum view_id view, const struct input_event *event);
enum request request_of_name(const char *name); // REQUEST_NONE when there is none
// The first key of a request as shown ("Space", "q"); "" when it has none. `out` holds 32 bytes.
char *request_key(enum request request, char out[32]);
// Those of its keys that mean this request in the view, "" where there are none; returns out.
char *request_keys_in_view(enum request request, enum view_id view, char out[REQUEST_KEYS_SIZE]);
bool request_in_view(enum request request, enum view_id view); // shown and reachable there
// Other keys for a request ("q Ctrl-C", "" = palette only), or its own again (NULL). The word that is no key, else NULL.
const char *request_bind(enum request request, const char *keys, char word[32]);
// Another request that one of its keys means in the same view; REQUEST_NONE when all are its own.
enum request request_clash(enum request request, char key[32]);
// The first mistake of the table (a key name that does not parse, a key used twice in one view, a help that is no
// sentence), written into `sentence`; NULL when the table is sound. For the tests.
const char *request_check(char sentence[160]);

// Draws "Space pause  +/- learning rate …" into one row, whole entries only, help and commands always last.
struct canvas;
struct rect;
void request_footer(struct canvas *canvas, const struct rect *row, enum view_id view);

#endif
