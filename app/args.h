// The command line: which command, which files, which flags. Parameters (core/params.h) are flags of
// the commands that train; everything else stands in FLAGS, once. `struct arguments` points into argv.
#ifndef APP_ARGS_H
#define APP_ARGS_H

#include <stdio.h>

#include "core/params.h"

enum command_set { // bits: which commands take a flag
    TAKES_SCREEN = 1,
    TAKES_TRAIN = 2,
    TAKES_RUN = 4,   // resume
    TAKES_LIST = 8,  // runs, devices
    TAKES_SNIFF = 16,
    TAKES_CAT = 32,
    TAKES_PROFILE = 64,
    TAKES_PREPARE = 128,
    TAKES_GET = 256,
    TAKES_BATCHES = 512,
    TAKES_EVAL = 1024,
    TAKES_PREDICT = 2048,
    TAKES_NOISE = 4096,
    TAKES_RANGE = 8192,
    TAKES_PROBE = 16384,
    TAKES_ATTACH = 32768, // attach, watch
    TAKES_SHOWING = TAKES_SCREEN | TAKES_ATTACH,
    TAKES_RACE = 1 << 16,
    TAKES_SWEEP = 1 << 17,
    TAKES_REPORT = 1 << 18,
    TAKES_FORK = 1 << 19,
    TAKES_LESSON = 1 << 20,
    TAKES_READING = TAKES_RACE | TAKES_SWEEP | TAKES_SCREEN | TAKES_TRAIN | TAKES_SNIFF | TAKES_CAT | TAKES_PROFILE | TAKES_PREPARE | TAKES_BATCHES |
                    TAKES_EVAL | TAKES_PREDICT | TAKES_NOISE | TAKES_RANGE,
    TAKES_ALL = (1 << 24) - 1
};

// X(id, name, letter, value, commands, help): value "" = a switch.
#define FLAGS(X) \
    X(HELP, "help", 'h', "", TAKES_ALL, "Show this help.") \
    X(VERSION, "version", 'V', "", TAKES_ALL, "Show the version.") \
    X(MAN, "man", 0, "", TAKES_SCREEN, "Print the manual page.") \
    X(JSON, "json", 0, "", TAKES_TRAIN | TAKES_RUN | TAKES_LIST | TAKES_SNIFF | TAKES_PROFILE | TAKES_PREPARE | TAKES_BATCHES | TAKES_EVAL | TAKES_NOISE | TAKES_RANGE | TAKES_PROBE | TAKES_RACE | TAKES_SWEEP | TAKES_FORK | TAKES_LESSON, \
      "Results as JSON on standard output.") \
    X(HTML, "html", 0, "FILE", TAKES_PROFILE, "Write the figures to FILE as one HTML page.") \
    X(OUTPUT, "output", 'o', "FILE", TAKES_PREPARE | TAKES_PREDICT | TAKES_REPORT, "Write the result to FILE (predict: standard output).") \
    X(PART, "part", 0, "validation|test|train|all", TAKES_EVAL | TAKES_PREDICT, \
      "The run's own rows of that part (eval: validation, predict: all), where no file is named.") \
    X(CHECKPOINT, "checkpoint", 0, "last|best|STEP", TAKES_EVAL | TAKES_PREDICT | TAKES_PROBE | TAKES_FORK, "Whose weights: the last checkpoint's (last), or another's.") \
    X(PROBA, "proba", 0, "", TAKES_PREDICT, "Write the probability of every class too.") \
    X(KEEP, "keep", 0, "COLUMNS|*", TAKES_PREDICT, "Columns of the data to write before the prediction, with commas between them; *: all.") \
    X(FOLDER, "output", 'o', "FOLDER", TAKES_GET, "Put what is downloaded into FOLDER (here).") \
    X(MIRROR, "mirror", 0, "URL", TAKES_GET, "Download from URL/NAME instead (also: BATCHLAB_MIRROR).") \
    X(EPOCH, "epoch", 0, "N", TAKES_BATCHES, "The epoch whose batches are shown (1).") \
    X(STEPS, "steps", 0, "LIST", TAKES_PREPARE | TAKES_TRAIN | TAKES_BATCHES | TAKES_NOISE | TAKES_RANGE | TAKES_RACE | TAKES_SWEEP, \
      "Pipeline in short form: \"missing=median,standardize,one-hot\".") \
    X(STRICT, "strict", 0, "", TAKES_PREPARE, "Fail when a cell breaks a rule of a step \"check\".") \
    X(FIT_ROWS, "fit-rows", 0, "SHARE|all", TAKES_PREPARE, "Share of the rows that steps are fitted on (all).") \
    X(PART_COLUMN, "part-column", 0, "NAME", TAKES_PREPARE, \
      "Write every row's part of the split (train, validation, test) into column NAME.") \
    X(DETACH, "detach", 0, "", TAKES_TRAIN | TAKES_RUN, \
      "Train without a terminal and return at once; batchlab attach comes back to it.") \
    X(FOLLOW, "follow", 0, "", TAKES_SCREEN | TAKES_CAT | TAKES_TRAIN, \
      "Go on while the file grows: new rows come in as whole lines are added; training takes them at its next epoch.") \
    X(AT_STEP, "at-step", 0, "N", TAKES_NOISE | TAKES_RANGE, "Train so many steps first (0).") \
    X(SAMPLES, "samples", 0, "K", TAKES_NOISE, "Batches to draw and measure (64).") \
    X(EXACT, "exact", 0, "", TAKES_NOISE, "Also from every training row's own gradient, for comparison.") \
    X(INIT, "init", 0, "usual|zeros", TAKES_NOISE, "Where the weights begin; zeros is for linear models.") \
    X(ANSWER, "answer", 0, "LETTER", TAKES_LESSON, "Your answer, where nobody is there to be asked.") \
    X(GROUP, "group", 0, "N", TAKES_REPORT, "All runs of that race or sweep.") \
    X(RESUME, "resume", 0, "GROUP", TAKES_RACE | TAKES_SWEEP, "Go on with that group; runs that have ended are not repeated.") \
    X(SWEEP_FILE, "sweep", 0, "S.json", TAKES_SWEEP, "Read the plan from a JSON file; flags come on top of it.") \
    X(ROWS, "rows", 0, "N", TAKES_PROBE, "Training rows that sharpness is measured on, drawn by the run's seed (2048).") \
    X(POINTS, "points", 0, "N", TAKES_PROBE, "Points on the line between two runs, both ends among them (25).") \
    X(FORMAT, "format", 0, "csv|json|jsonl", TAKES_CAT, "Form of the output (csv).") \
    X(RAW, "raw", 0, "", TAKES_CAT, "Every cell as it stands in the file.") \
    X(DELIMITER, "delimiter", 0, "TEXT", TAKES_READING, "Separator between cells; detected when not given.") \
    X(QUOTE, "quote", 0, "C|none", TAKES_READING, "Quoting character.") \
    X(ESCAPE, "escape", 0, "C|none", TAKES_READING, "Escape character inside quotes; none: quotes are doubled.") \
    X(HEADER, "header", 0, "yes|no", TAKES_READING, "Whether the first row names the columns.") \
    X(ENCODING, "encoding", 0, "NAME", TAKES_READING, "utf-8, utf-16le, utf-16be, latin-1 or windows-1252.") \
    X(SKIP, "skip", 0, "N", TAKES_READING, "Lines before the table.") \
    X(NA, "na", 0, "TEXT", TAKES_READING, "One more text that means a missing cell, or COLUMN=TEXT; may be given often.") \
    X(MISSING, "missing-token", 0, "TEXT", TAKES_READING, "The same as --na.") \
    X(KEEP_NA, "keep-na", 0, "", TAKES_READING, "\"NA\", \"NULL\" and their kin are words; only --na and nothing are missing.") \
    X(DECIMAL, "decimal", 0, "C", TAKES_READING, "Decimal mark: \".\" or \",\"; every column for itself when not given.") \
    X(THOUSANDS, "thousands", 0, "C|none", TAKES_READING, "Between thousands: \",\" \".\" \" \" or \"'\".") \
    X(DATES, "dates", 0, "day-first|month-first", TAKES_READING, "Order of 01/02/2020.") \
    X(NO_CACHE, "no-cache", 0, "", TAKES_READING, "Read the text of a large file even where its table was kept; keep none.") \
    X(TYPE, "type", 0, "COLUMN=TYPE", TAKES_READING, \
      "numeric, amount (12 kg, $5), date, category or text; may be given often.") \
    X(PLAIN, "plain", 0, "", TAKES_SHOWING, "A dialogue of lines instead of the screen: for screen readers, slow lines and scripts.") \
    X(ASCII, "ascii", 0, "", TAKES_SHOWING, "Draw with plain ASCII characters.") \
    X(NO_COLOR, "no-color", 0, "", TAKES_SHOWING, "No colors (also: NO_COLOR).") \
    X(COLOR, "color", 0, "auto|8|16|256|true", TAKES_SHOWING, "Colors the terminal can show.") \
    X(THEME, "theme", 0, "NAME", TAKES_SHOWING, "Colors of the screen: dark, light, safe, 16, mono.") \
    X(NO_MOUSE, "no-mouse", 0, "", TAKES_SHOWING, "Leave the mouse to the terminal.")

enum flag {
#define X(id, name, letter, value, commands, help) FLAG_##id,
    FLAGS(X)
#undef X
        FLAG_COUNT
};

#define ARGUMENTS_MOST 64
#define FILES_MOST 1000

struct setting {
    const char *name, *text; // of a parameter, as given
};

struct arguments {
    const char *files[FILES_MOST]; // what is neither command nor flag
    size_t file_count;
    const char *flags[FLAG_COUNT]; // the text of each flag given ("" for switches), else NULL
    struct setting settings[ARGUMENTS_MOST]; // parameters, in order
    size_t setting_count;
    const char *tokens[ARGUMENTS_MOST]; // --na and --missing-token
    size_t token_count;
    struct {
        const char *column, *type; // --type; columns lie in `names`
    } types[ARGUMENTS_MOST];
    size_t type_count;
    char names[2048];
    size_t names_length;
};

struct command_row {
    const char *name, *usage, *help;
    unsigned takes; // one of command_set
    const char *params; // which parameters are flags too: "target|seed", "*" = all, NULL = none
    const struct param_table *own; // further parameters that are flags of this command alone; NULL = none
    size_t files_least, files_most;
    int (*run)(const struct arguments *arguments); // exit status
};

// argv[0] is skipped. A mistake is one sentence that names the argument and, for a misspelling, the
// nearest flag; values of parameters are checked against their range here. `arguments` is not to be copied.
enum status args_parse(int argc, char **argv, const struct command_row *command, struct arguments *arguments,
                       struct error *error);
// Every flag once, as "--delimiter TEXT" and its help.
void args_each_flag(FILE *out, void (*print)(FILE *out, const char *flag, const char *help));
extern const char args_files[]; // what FILE may be: a paragraph of help
// The help of one command, from the tables.
void args_help(FILE *out, const struct command_row *command);

#endif
