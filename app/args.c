#include "app/args.h"

#include <assert.h>
#include <string.h>

#include "core/base/str.h"
#include "datasets/pipeline.h"

struct flag_row {
    const char *name;
    char letter;
    const char *value;
    unsigned commands;
    const char *help;
};

static const struct flag_row flag_rows[FLAG_COUNT] = {
#define X(id, name, letter, value, commands, help) [FLAG_##id] = {name, letter, value, commands, help},
    FLAGS(X)
#undef X
};

static bool same_length_name(const char *name, size_t length, const char *flag) {
    for (size_t i = 0; i < length; i++)
        if ((name[i] == '_' ? '-' : name[i]) != flag[i])
            return false;
    return flag[length] == '\0';
}

static int find_flag(const char *name, size_t length, unsigned takes) {
    for (int i = 0; i < FLAG_COUNT; i++)
        if (flag_rows[i].commands & takes && same_length_name(name, length, flag_rows[i].name))
            return i;
    return -1;
}

static int find_letter(char letter, unsigned takes) {
    for (int i = 0; i < FLAG_COUNT; i++)
        if (flag_rows[i].commands & takes && flag_rows[i].letter == letter)
            return i;
    return -1;
}

static bool is_own(const struct command_row *command, const struct param *param) {
    return command->own && param >= command->own->rows && param < command->own->rows + command->own->count;
}

static bool takes_param(const struct command_row *command, const struct param *param) {
    size_t length = strlen(param->name);
    const char *names = command->params;
    if (is_own(command, param))
        return true;
    if (text_equal(names, "*"))
        return true;
    for (; names && *names; names += names[strcspn(names, "|")] == '|') {
        if (strcspn(names, "|") == length && strncmp(names, param->name, length) == 0)
            return true;
        names += strcspn(names, "|");
    }
    return false;
}

// "weight_decay" as a flag is called: "weight-decay". `out` holds 64 bytes.
static char *flag_name(const struct param *param, char out[64]) {
    snprintf(out, 64, "%s", param->name);
    for (char *c = out; *c; c++)
        if (*c == '_')
            *c = '-';
    return out;
}

static void consider(const char *name, const char *flag, size_t *least, char nearest[64]) {
    size_t distance = text_distance(name, flag);
    if (distance >= *least)
        return;
    *least = distance;
    snprintf(nearest, 64, "%s", flag);
}

// `length` bytes of `argument` are the flag without its value.
static enum status unknown_flag(const char *argument, size_t length, const struct command_row *command,
                                struct error *error) {
    char nearest[64] = "", name[64], flag[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), argument);
    const char *word = name + strspn(name, "-");
    size_t least = text_nearest_of(word).least;
    for (int i = 0; i < FLAG_COUNT; i++)
        if (flag_rows[i].commands & command->takes)
            consider(word, flag_rows[i].name, &least, nearest);
    for (size_t i = 0; i < train_table.count; i++)
        if (takes_param(command, &train_table.rows[i]))
            consider(word, flag_name(&train_table.rows[i], flag), &least, nearest);
    for (size_t i = 0; command->own && i < command->own->count; i++)
        consider(word, flag_name(&command->own->rows[i], flag), &least, nearest);
    if (nearest[0])
        return error_set(error, STATUS_INVALID, "%.*s: there is no such flag; did you mean --%s?", (int)length,
                         argument, nearest);
    return error_set(error, STATUS_INVALID, "%.*s: there is no such flag; batchlab %s%s--help lists them", (int)length,
                     argument, command->name, command->name[0] ? " " : "");
}

// The parameter a flag names: "--weight-decay", "--no-flip". NULL when it is none.
static const struct param *find_param(const struct command_row *command, const char *name, size_t length,
                                      bool *negated) {
    char text[64];
    if (length >= sizeof text)
        return NULL;
    memcpy(text, name, length);
    text[length] = '\0';
    *negated = false;
    const struct param *param = command->own ? params_find(command->own, text) : NULL;
    if (!param)
        param = params_find(&train_table, text);
    if (!param && text_starts(text, "no-")) {
        param = params_find(&train_table, text + 3);
        *negated = param && param->type == PARAM_SWITCH;
        return *negated ? param : NULL;
    }
    return param;
}

// The value of a flag: after '=', or the next argument.
static enum status take_value(int argc, char **argv, int *index, const char *equals, const char **text,
                              struct error *error) {
    if (equals) {
        *text = equals + 1;
        return STATUS_OK;
    }
    if (*index + 1 >= argc)
        return error_set(error, STATUS_INVALID, "%s needs a value", argv[*index]);
    *text = argv[++*index];
    return STATUS_OK;
}

// --lr 0.1, --flip, --no-flip, --flip=no, --flip no.
static enum status take_param(int argc, char **argv, int *index, const struct param *param, bool negated,
                              const char *equals, struct arguments *arguments, struct error *error) {
    if (negated && equals)
        return error_set(error, STATUS_INVALID, "%s: a flag that begins with --no- takes no value", argv[*index]);
    if (arguments->setting_count == ARGUMENTS_MOST)
        return error_set(error, STATUS_INVALID, "%s: more than %d parameters are given", argv[*index], ARGUMENTS_MOST);
    struct setting *setting = &arguments->settings[arguments->setting_count++];
    setting->name = param->name;
    setting->text = negated ? "no" : "yes";
    const char *next = *index + 1 < argc ? argv[*index + 1] : "";
    bool said = !negated && (text_equal(next, "yes") || text_equal(next, "no"));
    if (param->type == PARAM_SWITCH && !equals && !said)
        return STATUS_OK;
    return take_value(argc, argv, index, equals, &setting->text, error);
}

static enum status too_often(const char *name, struct error *error) {
    return error_set(error, STATUS_INVALID, "--%s: is given more than %d times", name, ARGUMENTS_MOST);
}

// "COLUMN=TYPE"; the column's name may have '=' in it.
static enum status keep_type(const char *text, struct arguments *arguments, struct error *error) {
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text || !equals[1])
        return error_set(error, STATUS_INVALID, "--type \"%s\": must be COLUMN=TYPE, as in age=numeric", text);
    size_t length = (size_t)(equals - text);
    if (arguments->type_count == ARGUMENTS_MOST)
        return too_often("type", error);
    if (length + 1 > sizeof arguments->names - arguments->names_length)
        return error_set(error, STATUS_INVALID, "--type: the names of the columns are longer than %zu bytes together",
                         sizeof arguments->names);
    char *name = arguments->names + arguments->names_length;
    memcpy(name, text, length);
    name[length] = '\0';
    arguments->names_length += length + 1;
    arguments->types[arguments->type_count].column = name;
    arguments->types[arguments->type_count++].type = equals + 1;
    return STATUS_OK;
}

// Flags that may be given more than once.
static enum status keep_flag(int flag, struct arguments *arguments, struct error *error) {
    if (flag == FLAG_TYPE)
        return keep_type(arguments->flags[flag], arguments, error);
    if (flag != FLAG_NA && flag != FLAG_MISSING)
        return STATUS_OK;
    if (arguments->token_count == ARGUMENTS_MOST)
        return too_often(flag_rows[flag].name, error);
    arguments->tokens[arguments->token_count++] = arguments->flags[flag];
    return STATUS_OK;
}

static enum status take_flag(int argc, char **argv, int *index, const struct command_row *command,
                             struct arguments *arguments, struct error *error) {
    const char *argument = argv[*index];
    bool is_long = argument[1] == '-', negated = false;
    const char *name = argument + (is_long ? 2 : 1), *equals = is_long ? strchr(name, '=') : NULL;
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    int flag = is_long ? find_flag(name, length, command->takes) : find_letter(name[0], command->takes);
    if (flag >= 0 && !is_long && length > 1) {
        if (!flag_rows[flag].value[0])
            return unknown_flag(argument, strlen(argument), command, error);
        equals = name; // -oFILE
    }
    if (flag >= 0 && !flag_rows[flag].value[0]) {
        if (equals)
            return error_set(error, STATUS_INVALID, "--%s takes no value", flag_rows[flag].name);
        arguments->flags[flag] = "";
        return STATUS_OK;
    }
    if (flag >= 0) {
        enum status status = take_value(argc, argv, index, equals, &arguments->flags[flag], error);
        return status ? status : keep_flag(flag, arguments, error);
    }
    const struct param *param = is_long ? find_param(command, name, length, &negated) : NULL;
    if (!param || !takes_param(command, param))
        return unknown_flag(argument, length + (is_long ? 2 : 1), command, error);
    return take_param(argc, argv, index, param, negated, equals, arguments, error);
}

// Against their ranges, each in the table it is of.
static enum status check_settings(const struct command_row *command, const struct arguments *arguments,
                                  struct error *error) {
    struct train_params params;
    union {
        double aligned;
        char bytes[4096];
    } own;
    params_defaults(&train_table, &params);
    if (command->own) {
        assert(command->own->struct_size <= sizeof own);
        params_defaults(command->own, &own);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < arguments->setting_count && !status; i++) {
        const struct setting *setting = &arguments->settings[i];
        if (command->own && params_find(command->own, setting->name))
            status = params_set(command->own, &own, setting->name, setting->text, error);
        else
            status = params_set(&train_table, &params, setting->name, setting->text, error);
    }
    return status;
}

// "batchlab train FILE …"
static enum status wrong_count(const struct command_row *command, const char *extra, struct error *error) {
    const char *space = command->name[0] ? " " : "";
    if (extra && command->files_most == FILES_MOST)
        return error_set(error, STATUS_INVALID,
                         "more than %d files are named; name their folder, or a pattern in quotes", FILES_MOST);
    if (extra)
        return error_set(error, STATUS_INVALID, "\"%s\" is one argument too many; usage: batchlab%s%s %s", extra, space,
                         command->name, command->usage);
    return error_set(error, STATUS_INVALID, "an argument is missing; usage: batchlab%s%s %s", space, command->name,
                     command->usage);
}

enum status args_parse(int argc, char **argv, const struct command_row *command, struct arguments *arguments,
                       struct error *error) {
    bool only_files = false;
    *arguments = (struct arguments){0};
    for (int i = 1; i < argc; i++) {
        if (!only_files && text_equal(argv[i], "--")) {
            only_files = true;
            continue;
        }
        if (!only_files && argv[i][0] == '-' && argv[i][1]) {
            enum status status = take_flag(argc, argv, &i, command, arguments, error);
            if (status)
                return status;
            continue;
        }
        if (arguments->file_count >= command->files_most)
            return wrong_count(command, argv[i], error);
        arguments->files[arguments->file_count++] = argv[i];
    }
    if (arguments->flags[FLAG_HELP] || arguments->flags[FLAG_VERSION] || arguments->flags[FLAG_MAN])
        return STATUS_OK;
    if (arguments->file_count < command->files_least)
        return wrong_count(command, NULL, error);
    return check_settings(command, arguments, error);
}

// ---- help ---------------------------------------------------------------------------------------------

void args_each_flag(FILE *out, void (*print)(FILE *out, const char *flag, const char *help)) {
    for (int i = 0; i < FLAG_COUNT; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "--%s%s%s", flag_rows[i].name, flag_rows[i].value[0] ? " " : "",
                 flag_rows[i].value);
        print(out, flag, flag_rows[i].help);
    }
}

const char args_files[] =
    "FILE is a text table (CSV and its kin, plain or .gz), an image set (CIFAR, MNIST or Fashion-MNIST: a folder, a\n"
    "file, or an archive as it is downloaded: .tar.gz, .tar.xz, .zip …), or - for any of them through a pipe.\n"
    "Several text tables, a folder of them or a pattern (\"days/*.csv\") are one table: the first one's columns, "
    "matched\n"
    "by name, and the rows of all.\n";

static void help_line(FILE *out, const char *left, const char *help) {
    fprintf(out, "  %-30s %s\n", left, help);
}

static void help_param(FILE *out, const struct param *param) {
    char left[96], range[PARAM_TEXT_SIZE], name[64];
    snprintf(left, sizeof left, "--%s%s", flag_name(param, name), param->type == PARAM_SWITCH ? "" : " X");
    help_line(out, left, param->help);
    fprintf(out, "  %-30s %s%s%s\n", "", params_range_text(param, range), param->fallback[0] ? "; default " : "",
            param->fallback);
}

static void help_params(FILE *out, const struct command_row *command, const struct param_table *table) {
    const char *group = "";
    for (size_t i = 0; i < table->count; i++) {
        const struct param *param = &table->rows[i];
        if (!takes_param(command, param))
            continue;
        if (!text_equal(group, param->group))
            fprintf(out, "\n%s\n", param->group);
        group = param->group;
        help_param(out, param);
    }
}

static void help_steps(FILE *out) {
    fputs("\nsteps, in a recipe or as --steps NAME=VALUE:PARAMETER=VALUE,NAME … (the first value is that of the first "
          "parameter)\n",
          out);
    for (size_t i = 0; i < step_kind_count(); i++) {
        const struct step_kind *kind = step_kind_at(i);
        char left[96], range[PARAM_TEXT_SIZE];
        fputc('\n', out);
        help_line(out, kind->name, kind->help);
        for (size_t row = 0; row < kind->params->count; row++) {
            const struct param *param = &kind->params->rows[row];
            snprintf(left, sizeof left, "  %s", param->name);
            help_line(out, left, param->help);
            if (param->type != PARAM_COLUMNS)
                fprintf(out, "  %-30s %s%s%s\n", "", params_range_text(param, range),
                        param->fallback[0] ? "; default " : "", param->fallback);
        }
    }
}

void args_help(FILE *out, const struct command_row *command) {
    fprintf(out, "usage: batchlab %s%s%s\n\n%s\n\n", command->name, command->name[0] ? " " : "", command->usage,
            command->help);
    if (command->takes & TAKES_READING)
        fprintf(out, "%s\n", args_files);
    for (int i = 0; i < FLAG_COUNT; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (!(row->commands & command->takes))
            continue;
        char left[64], letter[8] = "";
        if (row->letter)
            snprintf(letter, sizeof letter, "-%c, ", row->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, row->name, row->value[0] ? " " : "", row->value);
        help_line(out, left, row->help);
    }
    help_params(out, command, &train_table);
    if (command->own)
        help_params(out, command, command->own);
    if (flag_rows[FLAG_STEPS].commands & command->takes & TAKES_PREPARE)
        help_steps(out);
}
