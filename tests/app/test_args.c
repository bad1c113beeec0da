// Arguments as the program reads them: flags from the tables, their values, and mistakes.
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "core/base/str.h"
#include "tests/support/test.h"

static struct arguments arguments;
static struct error error;

static enum status parse(const char *command, const char *const *words) {
    char *argv[32] = {0};
    int argc = 0;
    argv[argc++] = (char *)(void *)(size_t)(const void *)command;
    for (; words[argc - 1] && argc < 31; argc++)
        argv[argc] = (char *)(void *)(size_t)(const void *)words[argc - 1];
    error = (struct error){0};
    return args_parse(argc, argv, command[0] ? cli_find(command) : &cli_screen, &arguments, &error);
}
#define PARSE(command, ...) parse(command, (const char *const[]){__VA_ARGS__, NULL})

static void assert_mistake(enum status status, const char *text) {
    assert_int_equal(status, STATUS_INVALID);
    if (!strstr(error.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, error.text);
}

static void test_values_by_equals_or_space(void **state) {
    (void)state;
    assert_int_equal(PARSE("train", "a.csv", "--lr=0.1", "--batch", "64", "--delimiter", ";", "--quote=none"),
                     STATUS_OK);
    assert_int_equal(arguments.file_count, 1);
    assert_string_equal(arguments.files[0], "a.csv");
    assert_string_equal(cli_setting(&arguments, "lr"), "0.1");
    assert_string_equal(cli_setting(&arguments, "batch"), "64");
    assert_string_equal(arguments.flags[FLAG_DELIMITER], ";");
    assert_string_equal(arguments.flags[FLAG_QUOTE], "none");
    assert_null(cli_setting(&arguments, "epochs"));
    assert_int_equal(PARSE("train", "--lr=1", "a=b.csv", "--lr", "2"), STATUS_OK); // the last one counts
    assert_string_equal(cli_setting(&arguments, "lr"), "2");
    assert_int_equal(PARSE("cat", "--delimiter==", "a"), STATUS_OK);
    assert_string_equal(arguments.flags[FLAG_DELIMITER], "=");
    assert_int_equal(PARSE("cat", "--delimiter=", "a"), STATUS_OK);
    assert_string_equal(arguments.flags[FLAG_DELIMITER], "");
}

static void test_letters(void **state) {
    (void)state;
    assert_int_equal(PARSE("prepare", "a", "-o", "b.csv"), STATUS_OK);
    assert_string_equal(arguments.flags[FLAG_OUTPUT], "b.csv");
    assert_int_equal(PARSE("prepare", "a", "-ob.csv"), STATUS_OK);
    assert_string_equal(arguments.flags[FLAG_OUTPUT], "b.csv");
    assert_int_equal(PARSE("train", "-h"), STATUS_OK);
    assert_non_null(arguments.flags[FLAG_HELP]);
    assert_mistake(PARSE("train", "a", "-x"), "-x: there is no such flag");
    assert_mistake(PARSE("train", "a", "-hV"), "-hV: there is no such flag");
    assert_mistake(PARSE("prepare", "a", "-o"), "-o needs a value");
}

static void test_switches(void **state) {
    (void)state;
    assert_int_equal(PARSE("train", "--flip", "a.csv"), STATUS_OK); // the file is not its value
    assert_string_equal(cli_setting(&arguments, "flip"), "yes");
    assert_string_equal(arguments.files[0], "a.csv");
    assert_int_equal(PARSE("train", "a", "--no-flip", "--no-drop-last"), STATUS_OK);
    assert_string_equal(cli_setting(&arguments, "flip"), "no");
    assert_string_equal(cli_setting(&arguments, "drop_last"), "no");
    assert_int_equal(PARSE("train", "a", "--flip=no"), STATUS_OK);
    assert_string_equal(cli_setting(&arguments, "flip"), "no");
    assert_int_equal(PARSE("train", "--flip", "no", "a"), STATUS_OK); // yes and no are its value, no files
    assert_string_equal(cli_setting(&arguments, "flip"), "no");
    assert_int_equal(arguments.file_count, 1);
    assert_mistake(PARSE("train", "a", "--no-flip=yes"), "takes no value");
    assert_mistake(PARSE("train", "a", "--no-lr"), "--no-lr");
    assert_mistake(PARSE("train", "a", "--flip=maybe"), "maybe");
    assert_mistake(PARSE("train", "a", "--json=yes"), "--json takes no value");
}

static void test_underscores_and_dashes_are_the_same(void **state) {
    (void)state;
    assert_int_equal(PARSE("train", "a", "--weight_decay", "0.1", "--missing_token", "x"), STATUS_OK);
    assert_string_equal(cli_setting(&arguments, "weight_decay"), "0.1");
    assert_string_equal(arguments.flags[FLAG_MISSING], "x");
}

static void test_two_dashes_end_the_flags(void **state) {
    (void)state;
    assert_int_equal(PARSE("train", "--json", "--", "--lr"), STATUS_OK);
    assert_string_equal(arguments.files[0], "--lr");
    assert_int_equal(arguments.setting_count, 0);
    assert_int_equal(PARSE("train", "-"), STATUS_OK); // one dash is a name
    assert_string_equal(arguments.files[0], "-");
    assert_mistake(PARSE("train", "--"), "an argument is missing");
}

static void test_misspellings_suggest_the_nearest(void **state) {
    (void)state;
    assert_mistake(PARSE("train", "a", "--epoch", "3"), "did you mean --epochs?");
    assert_mistake(PARSE("train", "a", "--weigth-decay=3"),
                   "--weigth-decay: there is no such flag; did you mean --weight-decay?");
    assert_mistake(PARSE("train", "a", "--jsn"), "did you mean --json?");
    assert_mistake(PARSE("sniff", "a", "--delimeter", ","), "did you mean --delimiter?");
    assert_mistake(PARSE("train", "a", "--qqqqqqqq"), "batchlab train --help lists them");
    assert_mistake(PARSE("", "--qqqqqqqq"), "batchlab --help lists them");
}

// What a command would ignore is refused.
static void test_each_command_takes_its_own_flags(void **state) {
    (void)state;
    assert_mistake(PARSE("prepare", "a", "-o", "b", "--lr", "1"), "--lr");
    assert_mistake(PARSE("runs", "--lr", "1"), "--lr");
    assert_mistake(PARSE("resume", "1", "--output", "x"), "--output");
    assert_mistake(PARSE("sniff", "a", "--raw"), "--raw");
    assert_mistake(PARSE("cat", "a", "--json"), "--json");
    assert_int_equal(PARSE("prepare", "a", "-o", "b", "--seed", "7", "--target", "y", "--recipe", "none"), STATUS_OK);
    assert_int_equal(PARSE("profile", "a", "--target", "y"), STATUS_OK);
    for (size_t i = 0; i < train_table.count; i++) { // train and the screen take every parameter
        char flag[64];
        snprintf(flag, sizeof flag, "--%s=%s", train_table.rows[i].name, train_table.rows[i].fallback);
        assert_int_equal(PARSE("train", "a", flag), STATUS_OK);
        assert_int_equal(PARSE("", flag), STATUS_OK);
    }
}

static void test_values_are_checked_before_anything_is_opened(void **state) {
    (void)state;
    assert_mistake(PARSE("train", "a", "--lr", "-1"), "learning rate -1");
    assert_mistake(PARSE("train", "a", "--lr", "nan"), "learning rate nan");
    assert_mistake(PARSE("train", "a", "--batch", "0"), "batch size 0");
    assert_mistake(PARSE("train", "a", "--batch", "1.5"), "batch size 1.5");
    assert_mistake(PARSE("train", "a", "--epochs", "0"), "epochs 0");
    assert_mistake(PARSE("train", "a", "--hidden", "64,x"), "hidden widths 64,x");
    assert_mistake(PARSE("train", "a", "--device", "tpu"), "auto, cpu, cuda, ref");
    assert_mistake(PARSE("train", "a", "--model", "resnet"), "resnet");
    assert_mistake(PARSE("train", "a", "--momentum", "1"), "momentum 1");
    assert_mistake(PARSE("prepare", "a", "-o", "b", "--seed", "-5"), "seed -5");
    assert_mistake(PARSE("train", "a", "--lr", ""), "learning rate");
}

static void test_how_many_files(void **state) {
    (void)state;
    assert_mistake(PARSE("sniff", "a", "b"), "\"b\" is one argument too many; usage: batchlab sniff FILE");
    assert_mistake(PARSE("runs", "a"), "too many");
    assert_int_equal(PARSE("train", "a", "--lr=1", "b", "c"), STATUS_OK);
    assert_int_equal(arguments.file_count, 3);
    assert_string_equal(arguments.files[2], "c");
    assert_int_equal(PARSE("", "a", "b"), STATUS_OK);
    static char *many[FILES_MOST + 2], train[] = "train", file[] = "a.csv";
    many[0] = train;
    for (int i = 1; i < FILES_MOST + 2; i++)
        many[i] = file;
    assert_int_equal(args_parse(FILES_MOST + 1, many, cli_find("train"), &arguments, &error), STATUS_OK);
    assert_mistake(args_parse(FILES_MOST + 2, many, cli_find("train"), &arguments, &error), "more than 1000 files");
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct command_row *row = &cli_commands[i];
        if (row->files_least)
            assert_mistake(parse(row->name, (const char *const[]){NULL}), "an argument is missing");
        assert_int_equal(PARSE(row->name, "--help"), STATUS_OK); // needs no file
        assert_int_equal(PARSE(row->name, "--version"), STATUS_OK);
    }
}

static void test_more_flags_than_there_is_room_for(void **state) {
    (void)state;
    char *argv[ARGUMENTS_MOST + 4] = {0};
    char train[] = "train", flip[] = "--flip", file[] = "a";
    argv[0] = train;
    for (int i = 1; i <= ARGUMENTS_MOST; i++)
        argv[i] = flip;
    argv[ARGUMENTS_MOST + 1] = file;
    assert_int_equal(args_parse(ARGUMENTS_MOST + 2, argv, cli_find("train"), &arguments, &error), STATUS_OK);
    argv[ARGUMENTS_MOST + 2] = flip;
    assert_mistake(args_parse(ARGUMENTS_MOST + 3, argv, cli_find("train"), &arguments, &error), "more than 64");
}

static void test_reading_flags(void **state) {
    (void)state;
    struct load_options options;
    assert_int_equal(PARSE("train", "a", "--delimiter", "tab", "--quote", "'", "--escape=\\", "--header", "no",
                           "--encoding", "latin-1", "--skip", "3", "--missing-token", "?", "--target", "y"),
                     STATUS_OK);
    assert_int_equal(cli_load_options(&arguments, &options, &error), STATUS_OK);
    assert_string_equal(options.dialect.delimiter, "\t");
    assert_int_equal(options.dialect.quote, '\'');
    assert_int_equal(options.dialect.escape, '\\');
    assert_int_equal(options.dialect.header, 0);
    assert_string_equal(options.dialect.encoding, "latin-1");
    assert_int_equal(options.dialect.skip, 3);
    assert_int_equal(options.missing_token_count, 1);
    assert_string_equal(options.missing_tokens[0], "?");
    assert_string_equal(options.target, "y");
    static const char *const wrong[][2] = {{"--quote", "ab"},         {"--delimiter", "12345678"},
                                           {"--delimiter", ""},       {"--header", "perhaps"},
                                           {"--encoding", "ebcdic"},  {"--skip", "-1"},
                                           {"--skip", "x"},           {"--escape", ""},
                                           {"--decimal", ";"},        {"--thousands", "abc"},
                                           {"--dates", "year-first"}, {"--type", "a=sheep"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(PARSE("cat", "a", wrong[i][0], wrong[i][1]), STATUS_OK);
        assert_mistake(cli_load_options(&arguments, &options, &error), wrong[i][0]);
    }
}

static void test_flags_given_often(void **state) {
    (void)state;
    struct load_options options;
    static const char *const commands[] = {"", "train", "sniff", "cat", "profile", "prepare"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assert_int_equal(PARSE(commands[i], "a", "--na", "?", "--na=-999", "--keep-na", "--type", "a=b=amount",
                               "--type", "when=date", "--decimal", ",", "--thousands", "none", "--dates", "day-first"),
                         STATUS_OK);
        assert_int_equal(cli_load_options(&arguments, &options, &error), STATUS_OK);
        assert_int_equal(options.missing_token_count, 2);
        assert_string_equal(options.missing_tokens[0], "?");
        assert_string_equal(options.missing_tokens[1], "-999");
        assert_true(options.only_tokens);
        assert_int_equal(options.override_count, 2);
        assert_string_equal(options.overrides[0].column, "a=b");
        assert_true(options.overrides[0].type == COLUMN_NUMERIC && options.overrides[0].amount);
        assert_string_equal(options.overrides[1].column, "when");
        assert_int_equal(options.overrides[1].type, COLUMN_DATE);
        assert_int_equal(options.dialect.decimal, ',');
        assert_int_equal(options.dialect.thousands, 'n');
        assert_int_equal(options.dialect.date_order, 'd');
    }
    static const char *const wrong[] = {"--type=numeric", "--type==numeric", "--type=a="};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_mistake(PARSE("cat", "a", wrong[i]), "COLUMN=TYPE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_by_equals_or_space),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_underscores_and_dashes_are_the_same),
        cmocka_unit_test(test_two_dashes_end_the_flags),
        cmocka_unit_test(test_misspellings_suggest_the_nearest),
        cmocka_unit_test(test_each_command_takes_its_own_flags),
        cmocka_unit_test(test_values_are_checked_before_anything_is_opened),
        cmocka_unit_test(test_how_many_files),
        cmocka_unit_test(test_more_flags_than_there_is_room_for),
        cmocka_unit_test(test_reading_flags),
        cmocka_unit_test(test_flags_given_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
