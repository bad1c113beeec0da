#include "app/args.h"

#include <string.h>

#include "core/base/str.h"

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

static enum status unknown_flag(const char *argument, const struct command_row *command, struct error *error) {
    const char *nearest = NULL;
    size_t least = 4;
    const char *name = argument + strspn(argument, "-");
    for (int i = 0; i < FLAG_COUNT; i++) {
        size_t distance = text_distance(name, flag_rows[i].name);
        if (flag_rows[i].commands & command->takes && distance < least) {
            least = distance;
            nearest = flag_rows[i].name;
        }
    }
    for (size_t i = 0; command->params && i < train_table.count; i++) {
        size_t distance = text_distance(name, train_table.rows[i].name);
        if (distance < least) {
            least = distance;
            nearest = train_table.rows[i].name;
        }
    }
    if (nearest)
        return error_set(error, STATUS_INVALID, "%s: there is no such flag; did you mean --%s?", argument, nearest);
    return error_set(error, STATUS_INVALID, "%s: there is no such flag; batchlab %s --help lists them", argument,
                     command->name);
}

// The parameter a flag names: "--weight-decay", "--no-flip". NULL when it is none.
static const struct param *find_param(const char *name, size_t length, bool *negated) {
    char text[64];
    if (length >= sizeof text)
        return NULL;
    memcpy(text, name, length);
    text[length] = '\0';
    *negated = false;
    const struct param *param = params_find(&train_table, text);
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

static enum status take_flag(int argc, char **argv, int *index, const struct command_row *command,
                             struct arguments *arguments, struct error *error) {
    const char *argument = argv[*index];
    bool is_long = argument[1] == '-';
    const char *name = argument + (is_long ? 2 : 1), *equals = is_long ? strchr(name, '=') : NULL;
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    int flag = is_long ? find_flag(name, length, command->takes)
                       : (length == 1 ? find_letter(name[0], command->takes) : -1);
    if (flag >= 0 && !flag_rows[flag].value[0]) {
        if (equals)
            return error_set(error, STATUS_INVALID, "--%s takes no value", flag_rows[flag].name);
        arguments->flags[flag] = "";
        return STATUS_OK;
    }
    if (flag >= 0)
        return take_value(argc, argv, index, equals, &arguments->flags[flag], error);
    bool negated = false;
    const struct param *param = command->params && is_long ? find_param(name, length, &negated) : NULL;
    if (!param)
        return unknown_flag(argument, command, error);
    if (arguments->setting_count == ARGUMENTS_MOST)
        return error_set(error, STATUS_INVALID, "%s: more than %d parameters are given", argument, ARGUMENTS_MOST);
    struct setting *setting = &arguments->settings[arguments->setting_count++];
    setting->name = param->name;
    setting->text = negated ? "no" : "yes";
    if (param->type == PARAM_SWITCH && !equals)
        return STATUS_OK;
    return take_value(argc, argv, index, equals, &setting->text, error);
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
            return error_set(error, STATUS_INVALID, "\"%s\" is one argument too many; usage: batchlab %s %s", argv[i],
                             command->name, command->usage);
        arguments->files[arguments->file_count++] = argv[i];
    }
    if (arguments->flags[FLAG_HELP] || arguments->flags[FLAG_VERSION] || arguments->flags[FLAG_MAN])
        return STATUS_OK;
    if (arguments->file_count < command->files_least)
        return error_set(error, STATUS_INVALID, "an argument is missing; usage: batchlab %s %s", command->name,
                         command->usage);
    return STATUS_OK;
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

static void help_line(FILE *out, const char *left, const char *help) {
    fprintf(out, "  %-30s %s\n", left, help);
}

static void help_param(FILE *out, const struct param *param) {
    char left[96], range[PARAM_TEXT_SIZE], name[48];
    snprintf(name, sizeof name, "%s", param->name);
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
    snprintf(left, sizeof left, param->type == PARAM_SWITCH ? "--%s" : "--%s X", name);
    help_line(out, left, param->help);
    fprintf(out, "  %-30s %s%s%s\n", "", params_range_text(param, range), param->fallback[0] ? "; default " : "",
            param->fallback);
}

void args_help(FILE *out, const struct command_row *command) {
    fprintf(out, "usage: batchlab %s%s%s\n\n%s\n\n", command->name, command->name[0] ? " " : "", command->usage,
            command->help);
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
    const char *group = "";
    for (size_t i = 0; command->params && i < train_table.count; i++) {
        const struct param *param = &train_table.rows[i];
        if (!text_equal(group, param->group))
            fprintf(out, "\n%s\n", param->group);
        group = param->group;
        help_param(out, param);
    }
}
