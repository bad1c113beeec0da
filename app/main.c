// Chooses the door: the screen, or one command of the command line.
#include <locale.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/man.h"
#include "app/version.h"
#include "core/backend/cpu/threads.h"
#include "views/text.h"

static void help(FILE *out) {
    fputs("batchlab: a terminal workbench for batch learning\n\n"
          "  batchlab [FILE]                the workbench on a CSV file or an image set\n",
          out);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(out, "  batchlab %-21s %s\n", cli_commands[i].name, cli_commands[i].help);
    fputs("\nbatchlab COMMAND --help tells more about one of them.\n\n", out);
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
    return command->run(&arguments);
}

int main(int argc, char **argv) {
    threads_restart_patient(argv);
    setlocale(LC_ALL, "");
    struct lconv *conventions = localeconv();
    text_locale_set(conventions->decimal_point, conventions->thousands_sep);
    setlocale(LC_NUMERIC, "C"); // files and libraries keep the point; screens ask views/text.h
    const struct command_row *command = argc > 1 ? cli_find(argv[1]) : NULL;
    if (command)
        return run(argc - 1, argv + 1, command);
    return run(argc, argv, &cli_screen);
}
