// Chooses the door: the screen, or one command of the command line.
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "app/man.h"
#include "app/safe_output.h"
#include "core/base/version.h"
#include "core/backend/cpu/threads.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/input.h"
#include "views/text.h"

static void help(FILE *out) {
    fputs("batchlab: a terminal workbench for batch learning\n\n"
          "  batchlab [FILE]                the workbench on a CSV file or an image set\n",
          out);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(out, "  batchlab %-21s %s\n", cli_commands[i].name, cli_commands[i].help);
    fputs("\nbatchlab COMMAND --help tells more about one of them.\n\n", out);
}

// What a misspelled command most likely was; NULL: the word may well be a file.
static const char *misspelled(const char *word) {
    if (word[0] == '-' || file_exists(word))
        return NULL;
    struct text_nearest nearest = text_nearest_of(word);
    for (size_t i = 0; i < cli_command_count; i++)
        text_nearest_try(&nearest, cli_commands[i].name);
    return nearest.name;
}

// Results that could not be written are a failure, whatever the command thought of it.
static int written(int exit_status) {
    bool failed = ferror(stdout) != 0;
    errno = 0;
    failed = fflush(stdout) != 0 || failed;
    if (!failed || exit_status != EXIT_DONE)
        return exit_status;
    fprintf(stderr, "batchlab: writing to standard output failed%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return EXIT_FAILED;
}

static int run(int argc, char **argv, const struct command_row *command) {
    struct arguments arguments;
    struct error error;
    if (args_parse(argc, argv, command, &arguments, &error))
        return cli_usage(&error);
    if (arguments.flags[FLAG_VERSION]) {
        puts("batchlab " BATCHLAB_VERSION);
        return EXIT_DONE;
    }
    if (arguments.flags[FLAG_MAN]) {
        man_print(stdout);
        return EXIT_DONE;
    }
    if (arguments.flags[FLAG_HELP]) {
        if (command == &cli_screen)
            help(stdout);
        args_help(stdout, command);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < arguments.file_count && command->takes & TAKES_READING; i++)
        arguments.files[i] = input_path(arguments.files[i]); // "-" as sentences name it
    return command->run(&arguments);
}

int main(int argc, char **argv) {
    threads_restart_patient(argv);
    signal(SIGXFSZ, SIG_IGN); // a file that may not grow further: writing it says so
    mem_spare_space();
    setlocale(LC_ALL, "");
    struct lconv *conventions = localeconv();
    text_locale_set(conventions->decimal_point, conventions->thousands_sep);
    setlocale(LC_NUMERIC, "C"); // files and libraries keep the point; screens ask views/text.h
    safe_output_begin();
    const struct command_row *command = argc > 1 ? cli_find(argv[1]) : NULL;
    if (command)
        return written(run(argc - 1, argv + 1, command));
    const char *meant = argc > 1 ? misspelled(argv[1]) : NULL;
    if (meant) {
        fprintf(stderr, "batchlab: there is no command or file \"%s\"; did you mean batchlab %s?\n", argv[1], meant);
        return EXIT_USAGE;
    }
    return written(run(argc, argv, &cli_screen));
}
