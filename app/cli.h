// The command line: one function per command, no curses. Results go to standard output, words to
// standard error; exit 0 done, 1 failed (one sentence), 2 wrong usage.
#ifndef APP_CLI_H
#define APP_CLI_H

#include "app/args.h"
#include "datasets/dataset.h"
#include "datasets/pipeline.h"

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

extern const struct command_row cli_commands[];
extern const size_t cli_command_count;
extern const struct command_row cli_screen; // no command: the screen
const struct command_row *cli_find(const char *name); // NULL: not a command

int cli_train(const struct arguments *arguments);
int cli_eval(const struct arguments *arguments);
int cli_predict(const struct arguments *arguments);
int cli_resume(const struct arguments *arguments);
int cli_runs(const struct arguments *arguments);
int cli_devices(const struct arguments *arguments);
int cli_profile(const struct arguments *arguments);
int cli_prepare(const struct arguments *arguments);
int cli_sniff(const struct arguments *arguments);
int cli_cat(const struct arguments *arguments);
int cli_get(const struct arguments *arguments);
int cli_report(const struct arguments *arguments);
int cli_fork(const struct arguments *arguments);
int cli_lesson(const struct arguments *arguments);
int cli_race(const struct arguments *arguments);
int cli_sweep(const struct arguments *arguments);
int cli_batches(const struct arguments *arguments);
int cli_noise_scale(const struct arguments *arguments);
int cli_attach(const struct arguments *arguments);
int cli_watch(const struct arguments *arguments);
int cli_lr_range(const struct arguments *arguments);
int cli_probe(const struct arguments *arguments);

// Shared by the commands.
int cli_fail(const struct error *error);  // prints the sentence; EXIT_FAILED
int cli_usage(const struct error *error); // the same for a mistake in the command itself; EXIT_USAGE
// Opens a data set and prints its notes.
enum status cli_open(const char *path, const struct load_options *options, struct dataset **dataset,
                     struct error *error);
// What was found or repaired while reading, on standard error: "FILE:LINE: sentence".
void cli_notes(const char *path, const struct notes *notes);
// Reading flags (--delimiter …) into load options; `token` is storage for --missing-token's array.
enum status cli_load_options(const struct arguments *arguments, struct load_options *options, struct error *error);
// Whether --steps can be read and stands alone; nothing to check is fine.
enum status cli_check_steps(const struct arguments *arguments, struct error *error);
// The pipeline that --steps or --recipe names, or the suggested one (`index_from`: as pipeline_suggest has it).
enum status cli_read_pipeline(const struct arguments *arguments, const struct dataset *dataset, size_t index_from,
                              struct pipeline **pipeline, struct error *error);
const char *cli_setting(const struct arguments *arguments, const char *name); // the last one given; NULL: none
// A whole number from 1 up, or a sentence that names `what`.
enum status cli_number(const char *text, const char *what, int64_t *value, struct error *error);

#endif
