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
    TAKES_READING = TAKES_SCREEN | TAKES_TRAIN | TAKES_SNIFF | TAKES_CAT | TAKES_PROFILE | TAKES_PREPARE | TAKES_BATCHES,
    TAKES_ALL = 1023
};

// X(id, name, letter, value, commands, help): value "" = a switch.
#define FLAGS(X) \
    X(HELP, "help", 'h', "", TAKES_ALL, "Show this help.") \
    X(VERSION, "version", 'V', "", TAKES_ALL, "Show the version.") \
    X(MAN, "man", 0, "", TAKES_SCREEN, "Print the manual page.") \
    X(JSON, "json", 0, "", TAKES_TRAIN | TAKES_RUN | TAKES_LIST | TAKES_SNIFF | TAKES_PROFILE | TAKES_PREPARE | TAKES_BATCHES, \
      "Results as JSON on standard output.") \
    X(HTML, "html", 0, "FILE", TAKES_PROFILE, "Write the figures to FILE as one HTML page.") \
    X(OUTPUT, "output", 'o', "FILE", TAKES_PREPARE, "Write the result to FILE.") \
    X(FOLDER, "output", 'o', "FOLDER", TAKES_GET, "Put what is downloaded into FOLDER (here).") \
    X(MIRROR, "mirror", 0, "URL", TAKES_GET, "Download from URL/NAME instead (also: BATCHLAB_MIRROR).") \
    X(EPOCH, "epoch", 0, "N", TAKES_BATCHES, "The epoch whose batches are shown (1).") \
    X(STEPS, "steps", 0, "LIST", TAKES_PREPARE | TAKES_TRAIN | TAKES_BATCHES, \
      "Pipeline in short form: \"missing=median,standardize,one-hot\".") \
    X(STRICT, "strict", 0, "", TAKES_PREPARE, "Fail when a cell breaks a rule of a step \"check\".") \
    X(FIT_ROWS, "fit-rows", 0, "SHARE|all", TAKES_PREPARE, "Share of the rows that steps are fitted on (all).") \
    X(PART_COLUMN, "part-column", 0, "NAME", TAKES_PREPARE, \
      "Write every row's part of the split (train, validation, test) into column NAME.") \
    X(FOLLOW, "follow", 0, "", TAKES_SCREEN | TAKES_CAT, "Go on while the file grows: new rows come in as whole lines are added.") \
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
    X(ASCII, "ascii", 0, "", TAKES_SCREEN, "Draw with plain ASCII characters.") \
    X(NO_COLOR, "no-color", 0, "", TAKES_SCREEN, "No colors (also: NO_COLOR).") \
    X(COLOR, "color", 0, "auto|8|16|256|true", TAKES_SCREEN, "Colors the terminal can show.") \
    X(THEME, "theme", 0, "NAME", TAKES_SCREEN, "Colors of the screen: dark, light, safe, 16, mono.") \
    X(NO_MOUSE, "no-mouse", 0, "", TAKES_SCREEN, "Leave the mouse to the terminal.")

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
