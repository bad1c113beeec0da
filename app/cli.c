#include "app/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/tui.h"
#include "core/base/str.h"
#include "core/lab/options.h"
#include "datasets/kept.h"
#include "datasets/pipeline.h"
#include "datasets/profile_limits.h"

enum { NOTES_SHOWN = 50 };

const struct command_row cli_screen = {
    .name = "",
    .usage = "[FILE …]",
    .help = "Open the workbench on FILE: a table or an image set.",
    .takes = TAKES_SCREEN,
    .params = "*",
    .files_most = FILES_MOST,
    .run = tui_run,
};

const struct command_row cli_commands[] = {
    {.name = "train",
     .usage = "FILE … [--target COL] [--model NAME] [--epochs N] …",
     .help = "Train a model on FILE and keep the run.",
     .takes = TAKES_TRAIN,
     .params = "*",
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_train},
    {.name = "resume",
     .usage = "RUN [--epochs N]",
     .help = "Go on from the last checkpoint of run number RUN, to N epochs instead of its own.",
     .takes = TAKES_RUN,
     .params = "epochs",
     .files_least = 1,
     .files_most = 1,
     .run = cli_resume},
    {.name = "fork",
     .usage = "RUN [--checkpoint last|best|STEP] [--lr X] …",
     .help = "Begin a new run where a checkpoint of run RUN stands, with other parameters.",
     .takes = TAKES_FORK,
     .params = "*",
     .files_least = 1,
     .files_most = 1,
     .run = cli_fork},
    {.name = "eval",
     .usage = "RUN [FILE …] [--part validation|test|train|all]",
     .help = "Measure a run on its own rows, or on FILE prepared as its data was.",
     .takes = TAKES_EVAL,
     .params = "device|threads|precision",
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_eval},
    {.name = "predict",
     .usage = "RUN [FILE] [-o OUT.csv] [--proba] [--keep COL,…]",
     .help = "Write what a run predicts for every row of FILE, or for its own rows.",
     .takes = TAKES_PREDICT,
     .params = "device|threads|precision",
     .files_least = 1,
     .files_most = 2,
     .run = cli_predict},
    {.name = "attach",
     .usage = "[RUN]",
     .help = "Take a detached run over, into the screen (the newest, where none is named).",
     .takes = TAKES_ATTACH,
     .files_most = 1,
     .run = cli_attach},
    {.name = "watch",
     .usage = "RUN",
     .help = "Show a run on the screen while another process trains it.",
     .takes = TAKES_ATTACH,
     .files_least = 1,
     .files_most = 1,
     .run = cli_watch},
    {.name = "runs", .usage = "", .help = "List every run ever made.", .takes = TAKES_LIST, .run = cli_runs},
    {.name = "devices",
     .usage = "",
     .help = "List what can compute here, and why the rest cannot.",
     .takes = TAKES_LIST,
     .run = cli_devices},
    {.name = "profile",
     .usage = "FILE …",
     .help = "Print the figures of every column and what looks wrong.",
     .takes = TAKES_PROFILE,
     .params = "target",
     .own = &profile_params,
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_profile},
    {.name = "prepare",
     .usage = "FILE … (--recipe R.json | --steps LIST) -o OUT.csv",
     .help = "Apply a pipeline to FILE and write the result.",
     .takes = TAKES_PREPARE,
     .params = "target|recipe|seed|validation|test|split|split_column|folds|fold",
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_prepare},
    {.name = "batches",
     .usage = "FILE … [--batch N] [--epoch N]",
     .help = "Print the split, the batches of an epoch and what batch sizes cost.",
     .takes = TAKES_BATCHES,
     .params = "*",
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_batches},
    {.name = "noise-scale",
     .usage = "FILE … [--batch B] [--micro-batch b] [--at-step N] [--samples K] [--exact]",
     .help = "Measure the gradient noise scale: the batch size at which noise and gradient are equally long.",
     .takes = TAKES_NOISE,
     .params = "*",
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_noise_scale},
    {.name = "lr-range",
     .usage = "FILE … [--batch B] [--at-step N]",
     .help = "Try learning rates from 1e-7 to 10 in 100 steps, and suggest one in four ways.",
     .takes = TAKES_RANGE,
     .params = "*",
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_lr_range},
    {.name = "race",
     .usage = "FILE … [--batches 8,16,…] [--seeds N] [--target-loss X] [--rule none|sqrt|linear] | --resume GROUP",
     .help = "Train under several batch sizes: time, steps and samples to a target, and the trade-off between them.",
     .takes = TAKES_RACE,
     .params = "*",
     .own = &race_table,
     .files_most = FILES_MOST,
     .run = cli_race},
    {.name = "sweep",
     .usage = "FILE … --over lr=1e-4..1e-1:log,batch=16|32|64 [--method grid|random|halving] | --resume GROUP",
     .help = "Train under many values of parameters and find the best: a grid, random draws or successive halving.",
     .takes = TAKES_SWEEP,
     .params = "*",
     .own = &sweep_table,
     .files_most = FILES_MOST,
     .run = cli_sweep},
    {.name = "probe",
     .usage = "RUN [OTHER] [--rows N] [--points N]",
     .help = "Print how sharp a run's minimum is and how far from its start; or the loss on the line to another run.",
     .takes = TAKES_PROBE,
     .params = "device|threads|precision",
     .files_least = 1,
     .files_most = 2,
     .run = cli_probe},
    {.name = "report",
     .usage = "RUN … | --group N  -o FILE.html|FILE.md",
     .help = "Write runs as one page: figures, curves, parameters, data, preparation, environment.",
     .takes = TAKES_REPORT,
     .files_most = FILES_MOST,
     .run = cli_report},
    {.name = "lesson",
     .usage = "[N | FILE] [--answer LETTER]",
     .help = "List the lessons, or do one: its runs, what to look at, a question about what was measured.",
     .takes = TAKES_LESSON,
     .files_most = 1,
     .run = cli_lesson},
    {.name = "sniff",
     .usage = "FILE",
     .help = "Print how a CSV file is written: separator, quotes, encoding …",
     .takes = TAKES_SNIFF,
     .files_least = 1,
     .files_most = 1,
     .run = cli_sniff},
    {.name = "cat",
     .usage = "FILE … [--format csv|json|jsonl] [--raw]",
     .help = "Print a CSV file as it was understood.",
     .takes = TAKES_CAT,
     .files_least = 1,
     .files_most = FILES_MOST,
     .run = cli_cat},
    {.name = "get",
     .usage = "cifar10|cifar100|fashion-mnist [-o FOLDER]",
     .help = "Download an official image set, check it, and print the path to open.",
     .takes = TAKES_GET,
     .files_least = 1,
     .files_most = 1,
     .run = cli_get},
};
const size_t cli_command_count = sizeof cli_commands / sizeof *cli_commands;

const struct command_row *cli_find(const char *name) {
    for (size_t i = 0; i < cli_command_count; i++)
        if (text_equal(cli_commands[i].name, name))
            return &cli_commands[i];
    return NULL;
}

int cli_fail(const struct error *error) {
    fprintf(stderr, "batchlab: %s\n", error->text);
    return EXIT_FAILED;
}

int cli_usage(const struct error *error) {
    fprintf(stderr, "batchlab: %s\n", error->text);
    return EXIT_USAGE;
}

// Whether the sentence names the column itself: in quotes.
static bool names_column(const struct note *note) {
    size_t length = strlen(note->column);
    for (const char *at = note->text; (at = strstr(at, note->column)) != NULL; at++)
        if (at > note->text && strchr("'\"", at[-1]) && at[length] && strchr("'\"", at[length]))
            return true;
    return false;
}

static void print_note(const char *path, const struct note *note) {
    fprintf(stderr, "%s:", note->file ? note->file : path);
    if (note->line)
        fprintf(stderr, "%" PRIu64 ":", note->line);
    if (note->column && note->column[0] && !names_column(note))
        fprintf(stderr, " column \"%s\":", note->column);
    fprintf(stderr, " %s\n", note->text);
}

void cli_notes(const char *path, const struct notes *notes) {
    for (size_t i = 0; i < notes->count && i < NOTES_SHOWN; i++)
        print_note(path, &notes->items[i]);
    size_t all = notes->count + notes->dropped;
    if (all > NOTES_SHOWN)
        fprintf(stderr, "%s: and %zu more\n", path, all - NOTES_SHOWN);
}

const char *cli_setting(const struct arguments *arguments, const char *name) {
    for (size_t i = arguments->setting_count; i > 0; i--)
        if (text_equal(arguments->settings[i - 1].name, name))
            return arguments->settings[i - 1].text;
    return NULL;
}

enum status cli_check_steps(const struct arguments *arguments, struct error *error) {
    const char *steps = arguments->flags[FLAG_STEPS];
    struct pipeline *pipeline = NULL;
    if (steps && cli_setting(arguments, "recipe"))
        return error_set(error, STATUS_INVALID, "give --recipe or --steps, not both");
    enum status status = steps ? pipeline_parse(steps, &pipeline, error) : STATUS_OK;
    pipeline_free(pipeline);
    return status;
}

enum status cli_number(const char *text, const char *what, int64_t *value, struct error *error) {
    if (!integer_parse(text, value) || *value < 1)
        return error_set(error, STATUS_INVALID, "%s \"%s\": must be a whole number of at least 1", what, text);
    return STATUS_OK;
}

// "none" or one character.
static enum status one_character(const char *flag, const char *text, char *out, struct error *error) {
    if (text_equal(text, "none")) {
        *out = 0;
        return STATUS_OK;
    }
    if (strlen(text) != 1)
        return error_set(error, STATUS_INVALID, "--%s \"%s\": must be one character or none", flag, text);
    *out = text[0];
    return STATUS_OK;
}

static enum status dialect_delimiter(const char *text, struct dialect *dialect, struct error *error) {
    if (text_equal(text, "\\t") || text_equal(text, "tab"))
        text = "\t";
    if (!text[0] || strlen(text) >= sizeof dialect->delimiter)
        return error_set(error, STATUS_INVALID, "--delimiter \"%s\": must be 1 to %zu characters", text,
                         sizeof dialect->delimiter - 1);
    strcpy(dialect->delimiter, text);
    return STATUS_OK;
}

static enum status dialect_skip(const char *text, struct dialect *dialect, struct error *error) {
    int64_t lines = 0;
    if (!integer_parse(text, &lines) || lines < 0)
        return error_set(error, STATUS_INVALID, "--skip \"%s\": must be a whole number of lines", text);
    dialect->skip = (size_t)lines;
    return STATUS_OK;
}

static enum status dialect_words(const struct arguments *arguments, struct dialect *dialect, struct error *error) {
    const char *header = arguments->flags[FLAG_HEADER], *encoding = arguments->flags[FLAG_ENCODING];
    if (header && !text_equal(header, "yes") && !text_equal(header, "no"))
        return error_set(error, STATUS_INVALID, "--header \"%s\": must be yes or no", header);
    if (header)
        dialect->header = text_equal(header, "yes");
    if (!encoding)
        return STATUS_OK;
    static const char *const known[] = {"utf-8", "utf-16le", "utf-16be", "latin-1", "windows-1252"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal(encoding, known[i])) {
            strcpy(dialect->encoding, known[i]);
            return STATUS_OK;
        }
    return error_set(error, STATUS_INVALID,
                     "--encoding \"%s\": must be utf-8, utf-16le, utf-16be, latin-1 or windows-1252", encoding);
}

// How numbers and dates are written.
static enum status dialect_cells(const struct arguments *arguments, struct dialect *dialect, struct error *error) {
    const char *decimal = arguments->flags[FLAG_DECIMAL], *thousands = arguments->flags[FLAG_THOUSANDS];
    const char *dates = arguments->flags[FLAG_DATES];
    if (decimal && !text_equal(decimal, ".") && !text_equal(decimal, ","))
        return error_set(error, STATUS_INVALID, "--decimal \"%s\": must be \".\" or \",\"", decimal);
    if (thousands && !text_equal(thousands, "none") && (strlen(thousands) != 1 || !strchr(",. '", thousands[0])))
        return error_set(error, STATUS_INVALID, "--thousands \"%s\": must be \",\" \".\" \" \" \"'\" or none",
                         thousands);
    if (decimal && thousands && text_equal(decimal, thousands))
        return error_set(error, STATUS_INVALID, "--thousands \"%s\": is the decimal mark too", thousands);
    if (dates && !text_equal(dates, "day-first") && !text_equal(dates, "month-first"))
        return error_set(error, STATUS_INVALID, "--dates \"%s\": must be day-first or month-first", dates);
    dialect->decimal = decimal ? decimal[0] : 0;
    dialect->thousands = thousands ? thousands[0] : 0; // 'n' for none
    dialect->date_order = dates ? dates[0] : 0;
    return STATUS_OK;
}

static enum status column_types(const struct arguments *arguments, struct load_options *options, struct error *error) {
    for (size_t i = 0; i < arguments->type_count; i++, options->override_count++) {
        options->overrides[i].column = arguments->types[i].column;
        if (!column_type_asked(arguments->types[i].type, &options->overrides[i].type, &options->overrides[i].amount))
            return error_set(error, STATUS_INVALID, "--type %s=%s: the type must be " COLUMN_TYPES_ASKED,
                             arguments->types[i].column, arguments->types[i].type);
    }
    return STATUS_OK;
}

enum status cli_open(const char *path, const struct load_options *options, struct dataset **dataset,
                     struct error *error) {
    enum status status = dataset_open(path, options, dataset, NULL, error);
    if (!status)
        cli_notes(path, &(*dataset)->notes);
    return status;
}

enum status cli_load_options(const struct arguments *arguments, struct load_options *options, struct error *error) {
    const char *const *flags = arguments->flags;
    enum status status = STATUS_OK;
    *options = load_options_default();
    if (flags[FLAG_DELIMITER])
        status = dialect_delimiter(flags[FLAG_DELIMITER], &options->dialect, error);
    if (!status && flags[FLAG_QUOTE])
        status = one_character("quote", flags[FLAG_QUOTE], &options->dialect.quote, error);
    if (!status && flags[FLAG_ESCAPE])
        status = one_character("escape", flags[FLAG_ESCAPE], &options->dialect.escape, error);
    if (!status && flags[FLAG_SKIP])
        status = dialect_skip(flags[FLAG_SKIP], &options->dialect, error);
    if (!status)
        status = dialect_words(arguments, &options->dialect, error);
    if (!status)
        status = dialect_cells(arguments, &options->dialect, error);
    if (!status)
        status = column_types(arguments, options, error);
    if (arguments->file_count > 1) {
        options->more = arguments->files + 1;
        options->more_count = arguments->file_count - 1;
    }
    options->missing_tokens = arguments->tokens;
    options->missing_token_count = arguments->token_count;
    options->only_tokens = flags[FLAG_KEEP_NA] != NULL;
    if (flags[FLAG_NO_CACHE])
        kept_set_least(SIZE_MAX);
    options->target = cli_setting(arguments, "target");
    return status;
}
