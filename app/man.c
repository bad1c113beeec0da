#include "app/man.h"

#include <string.h>

#include "app/cli.h"
#include "core/base/version.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"
#include "views/request.h"

// Text for roff: a leading '.' or '\'' would be a command, a backslash an escape, '-' a hyphen.
static void words(FILE *out, const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
    }
}

static void entry(FILE *out, const char *term, const char *text) {
    fputs(".TP\n.B ", out);
    words(out, term);
    fputc('\n', out);
    words(out, text);
    fputc('\n', out);
}

static void print_commands(FILE *out) {
    fputs(".SH COMMANDS\n", out);
    entry(out, "batchlab [FILE]", cli_screen.help);
    for (size_t i = 0; i < cli_command_count; i++) {
        char term[256];
        snprintf(term, sizeof term, "batchlab %s %s", cli_commands[i].name, cli_commands[i].usage);
        entry(out, term, cli_commands[i].help);
    }
}

static void print_params(FILE *out, const struct param_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        const struct param *param = &table->rows[i];
        char term[128], text[2 * PARAM_TEXT_SIZE + 512], range[PARAM_TEXT_SIZE];
        snprintf(term, sizeof term, "--%s", param->name);
        for (char *c = term; *c; c++)
            if (*c == '_')
                *c = '-';
        snprintf(text, sizeof text, "%s %s%s%s.%s", param->help, params_range_text(param, range),
                 param->fallback[0] ? "; default " : "", param->fallback,
                 param->live ? " May change while a run lives." : "");
        entry(out, term, text);
    }
}

static void print_steps(FILE *out) {
    fputs(".SH STEPS\nOf a pipeline, as a recipe or \\-\\-steps names them, each with its parameters.\n", out);
    for (size_t i = 0; i < step_kind_count(); i++) {
        const struct step_kind *kind = step_kind_at(i);
        struct str text = {0};
        char range[PARAM_TEXT_SIZE];
        str_format(&text, "%s.", kind->help);
        for (size_t row = 0; row < kind->params->count; row++) {
            const struct param *param = &kind->params->rows[row];
            str_format(&text, " %s: %s", param->name, param->help);
            if (param->type != PARAM_COLUMNS)
                str_format(&text, " (%s%s%s)", params_range_text(param, range), param->fallback[0] ? "; default " : "",
                           param->fallback);
            str_add(&text, ".");
        }
        entry(out, kind->name, str_text(&text));
        str_free(&text);
    }
}

static void print_keys(FILE *out) {
    fputs(".SH KEYS\n", out);
    for (int i = REQUEST_NONE + 1; i < REQUEST_COUNT; i++) {
        const struct request_row *row = request_row((enum request)i);
        if (row->keys[0])
            entry(out, row->keys, row->help);
    }
}

void man_print(FILE *out) {
    fputs(
        ".TH BATCHLAB 1 \"\" \"batchlab " BATCHLAB_VERSION "\"\n"
        ".SH NAME\nbatchlab \\- a terminal workbench for batch learning\n"
        ".SH DESCRIPTION\n"
        "Opens a CSV file or an image set, shows what cleaning, normalizing and encoding do to it, and trains a model "
        "on the GPU or the CPU while live curves show what batch size and learning rate do.\n",
        out);
    print_commands(out);
    fputs(".SH FILES TO READ\n", out);
    words(out, args_files);
    fputs(".SH FLAGS\n", out);
    args_each_flag(out, entry);
    fputs(".SH PARAMETERS\nFlags of train, and fields of the Model view.\n", out);
    print_params(out, &train_table);
    for (size_t i = 0; i < cli_command_count; i++)
        if (cli_commands[i].own) {
            fprintf(out, ".SH PARAMETERS OF %s\n", cli_commands[i].name);
            print_params(out, cli_commands[i].own);
        }
    print_steps(out);
    print_keys(out);
    fputs(".SH EXIT STATUS\n0 done, 1 failed (one sentence on standard error), 2 wrong usage.\n"
          ".SH FILES\n$XDG_DATA_HOME/batchlab/runs.db keeps every run; checkpoints lie beside it.\n",
          out);
}
