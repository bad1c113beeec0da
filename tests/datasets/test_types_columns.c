// Columns: what all cells together decide, what they leave open and what is said about it; and that a column cut
// into any parts, merged in any order, shows the same.
#include "tests/support/test.h"

#include <stdio.h>

#include "datasets/types.h"

static struct error error;
static const struct cell_hints no_hints;

static void learn(struct cell_evidence *evidence, const char *const *cells, size_t count) {
    cell_evidence_begin(evidence);
    for (size_t i = 0; i < count && cells[i] != NULL; i++)
        cell_evidence_add(evidence, cells[i], strlen(cells[i]), i + 2);
}

struct column_case {
    const char *cells[8];
    struct cell_hints hints;
    enum column_type type;
    int way;
    double second; // value of the second cell
    const char *note;
};

static const struct column_case cases[] = {
    {{"1", "2.5", "-3e2", "inf"}, {0}, COLUMN_NUMERIC, NUMBER_POINT, 2.5, NULL},
    {{"1,234", "2,500", "12"}, {.delimiter = '\t'}, COLUMN_NUMERIC, NUMBER_GROUPS_COMMA, 2500, "'1,234'"},
    {{"1,234", "2,500", "12"}, {.delimiter = ';'}, COLUMN_NUMERIC, NUMBER_COMMA, 2.5, "'1,234'"},
    {{"1,234", "2,500", "1234"}, {0}, COLUMN_NUMERIC, NUMBER_COMMA, 2.5, "'1,234'"},
    {{"1,234", "2,500", "12"}, {.decimal = '.'}, COLUMN_NUMERIC, NUMBER_GROUPS_COMMA, 2500, "like"},
    {{"1,234", "2,500", "12"}, {.decimal = ','}, COLUMN_NUMERIC, NUMBER_COMMA, 2.5, NULL},
    {{"1,234", "2,500", "12"}, {.thousands = ','}, COLUMN_NUMERIC, NUMBER_GROUPS_COMMA, 2500, "like"},
    {{"1,234", "2,5"}, {0}, COLUMN_NUMERIC, NUMBER_COMMA, 2.5, NULL},
    {{"1,234", "2,500.5"}, {.delimiter = ';'}, COLUMN_NUMERIC, NUMBER_GROUPS_COMMA, 2500.5, "like"},
    {{"1.234,5", "2.500"}, {0}, COLUMN_NUMERIC, NUMBER_GROUPS_POINT, 2500, "like"},
    {{"1.234", "2.500"}, {.delimiter = ';'}, COLUMN_NUMERIC, NUMBER_POINT, 2.5, NULL},
    {{"1.5", "2,5"}, {0}, COLUMN_TEXT, 0, 0, NULL},
    {{"1 234", "2 500,5"}, {0}, COLUMN_NUMERIC, NUMBER_BLANKS_COMMA, 2500.5, "like"},
    {{"007", "12"}, {0}, COLUMN_TEXT, 0, 0, "leading zeros"},
    {{"9007199254740993", "12"}, {0}, COLUMN_TEXT, 0, 0, "2^53"},
    {{"$1,234.5", "$2"}, {0}, COLUMN_TEXT, 0, 0, "amount"},
    {{"($5)", "$-2.50", "7"}, {0}, COLUMN_TEXT, 0, 0, "amount"},
    {{"12 %", "3%"}, {0}, COLUMN_TEXT, 0, 0, "amount"},
    {{"12 kg", "3 lb"}, {0}, COLUMN_TEXT, 0, 0, NULL},
    {{"12 kg", "3"}, {0}, COLUMN_TEXT, 0, 0, NULL},
    {{"1st", "2nd", "3rd"}, {0}, COLUMN_TEXT, 0, 0, NULL},
    {{"31/01/2020", "01/02/2020"}, {0}, COLUMN_DATE, DATE_DMY_SLASH, 1580515200, NULL},
    {{"01/31/2020", "01/02/2020"}, {0}, COLUMN_DATE, DATE_MDY_SLASH, 1577923200, NULL},
    {{"03/01/2020", "01/02/2020"}, {0}, COLUMN_DATE, DATE_MDY_SLASH, 1577923200, "--dates day-first"},
    {{"03/01/2020", "01/02/2020"}, {.order = 'd'}, COLUMN_DATE, DATE_DMY_SLASH, 1580515200, NULL},
    {{"31/01/2020", "01/31/2020"}, {0}, COLUMN_TEXT, 0, 0, NULL},
    {{"31.01.20", "01.02.20"}, {0}, COLUMN_DATE, DATE_DMY_POINT, 1580515200, "two digits"},
    {{"2020-01-01", "2020-02-01T00:00Z"}, {0}, COLUMN_DATE, DATE_YMD_DASH, 1580515200, NULL},
    {{"20200101", "20200201", "20201231", "19991231", "20000229"}, {0}, COLUMN_DATE, DATE_YMD, 1580515200, "numeric"},
    {{"20200101", "20200201", "20201231"}, {0}, COLUMN_NUMERIC, NUMBER_POINT, 20200201, NULL},
    {{"20200101", "20200201", "20201231", "19991231", "20000230"}, {0}, COLUMN_NUMERIC, NUMBER_POINT, 20200201, NULL},
};

static void columns_are_decided(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct column_case *c = &cases[i];
        struct cell_evidence evidence;
        struct notes notes = {0};
        double value = 0;
        learn(&evidence, c->cells, 8);
        struct cell_format format = cell_format_decide(&evidence, &c->hints);
        int way = format.type == COLUMN_NUMERIC ? format.number : format.type == COLUMN_DATE ? format.date : 0;
        if (format.type != c->type || way != c->way)
            fail_msg("case %zu '%s': type %d way %d", i, c->cells[0], (int)format.type, way);
        bool read = cell_read(&format, c->cells[1], strlen(c->cells[1]), &value);
        if (read != (c->type != COLUMN_TEXT) || value != c->second)
            fail_msg("case %zu '%s': second cell %f", i, c->cells[0], value);
        assert_int_equal(cell_format_note(&evidence, &format, "c", &notes, &error), STATUS_OK);
        if (notes.count != (c->note != NULL) || (c->note != NULL && strstr(notes.items[0].text, c->note) == NULL))
            fail_msg("case %zu '%s': %zu notes, '%s'", i, c->cells[0], notes.count,
                     notes.count > 0 ? notes.items[0].text : "");
        notes_free(&notes);
    }
}

static void booleans_are_words(void **state) {
    (void)state;
    static const char *const columns[][4] = {{"true", "False", "TRUE"}, {"yes", "No"},    {"t", "f"}, {"Y", "n"},
                                             {"yes", "true"},           {"yes", "maybe"}, {"1", "0"}};
    for (size_t i = 0; i < 7; i++) {
        struct cell_evidence evidence;
        learn(&evidence, columns[i], 4);
        struct cell_format format = cell_format_decide(&evidence, &no_hints);
        assert_int_equal(format.boolean, i < 4);
        assert_int_equal(format.type, i == 6 ? COLUMN_NUMERIC : COLUMN_TEXT);
    }
}

// A column that leaves it open follows the one that does not.
static void columns_learn_from_each_other(void **state) {
    (void)state;
    static const char *const columns[][4] = {{"1,234", "5"}, {"1,5", "2,5"}, {"1.234", "2"},
                                             {"01/02/2020"}, {"31/01/2020"}, {NULL}};
    struct cell_evidence evidence[6];
    struct cell_format formats[6];
    for (size_t i = 0; i < 6; i++)
        learn(&evidence[i], columns[i], 4);
    cell_formats_decide(evidence, 6, &no_hints, formats);
    assert_int_equal(formats[0].number, NUMBER_COMMA);
    assert_int_equal(formats[1].number, NUMBER_COMMA);
    assert_int_equal(formats[2].number, NUMBER_GROUPS_POINT);
    assert_int_equal(formats[3].date, DATE_DMY_SLASH);
    assert_int_equal(formats[4].date, DATE_DMY_SLASH);
    assert_int_equal(formats[5].type, COLUMN_NUMERIC);
    cell_formats_decide(evidence + 2, 1, &no_hints, formats);
    assert_int_equal(formats[0].number, NUMBER_POINT);
}

static void forced_types(void **state) {
    (void)state;
    static const char *const money[] = {"$1,234.50", "($2)", "-3", NULL};
    static const char *const mixed[] = {"1", "x", NULL};
    struct cell_evidence evidence;
    double value;
    learn(&evidence, money, 4);
    struct cell_format format = cell_format_force(&evidence, &no_hints, COLUMN_NUMERIC, true);
    assert_true(cell_read(&format, "$1,234.50", 9, &value) && value == 1234.5);
    assert_true(cell_read(&format, "($2)", 4, &value) && value == -2);
    assert_true(cell_read(&format, "-3", 2, &value) && value == -3);
    assert_true(cell_read(&format, "-\xe2\x82\xac 4", 6, &value) && value == -4);
    assert_false(cell_read(&format, "$x", 2, &value));
    learn(&evidence, mixed, 3);
    format = cell_format_force(&evidence, &no_hints, COLUMN_NUMERIC, false);
    assert_true(cell_read(&format, "1", 1, &value) && !cell_read(&format, "x", 1, &value));
}

static unsigned random_state = 3;
static unsigned roll(unsigned below) {
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static void parts_make_the_whole(void **state) {
    (void)state;
    static const char *const kinds[][6] = {
        {"1", "2.5", "007", "1e3", "-4", "12345678"},
        {"1,234", "5,678", "12", "1,234,567", "999", "2,000"},
        {"1.234", "12", "5.678", "1.234,5", "7", "1.000.000"},
        {"01/02/2020", "03/04/2020", "13/01/2020", "1/1/99", "02/03/2020 10:00", "11/12/2020"},
        {"20200101", "20200202", "20200303", "19990101", "20201231", "12"},
        {"$5", "5 kg", "$1,234", "(3)", "7", "9007199254740993"},
        {"yes", "no", "Yes", "NO", "y", "2020-01-01"},
    };
    for (int round = 0; round < 20000; round++) {
        const char *cells[24];
        size_t kind = roll(7), count = 1 + roll(24), parts = 1 + roll(5);
        for (size_t i = 0; i < count; i++)
            cells[i] = kinds[kind][roll(2 + roll(5))];
        struct cell_evidence whole, merged, part[5], taken;
        learn(&whole, cells, count);
        for (size_t p = 0; p < parts; p++)
            cell_evidence_begin(&part[p]);
        // the same through cell_take, and cut
        struct cell_format format = cell_format_decide(&whole, &no_hints);
        cell_evidence_begin(&taken);
        for (size_t i = 0; i < count; i++) {
            char padded[64] = {0};
            double value, again;
            strcpy(padded, cells[i]);
            cell_evidence_add(&part[i * parts / count], cells[i], strlen(cells[i]), i + 2);
            bool read = cell_take(&format, &taken, padded, strlen(padded), i + 2, &value);
            assert_int_equal(read, cell_read(&format, cells[i], strlen(cells[i]), &again));
            assert_true(!read || value == again);
        }
        size_t first = roll((unsigned)parts);
        merged = part[first];
        for (size_t p = 1; p < parts; p++)
            cell_evidence_merge(&merged, &part[(first + p) % parts]);
        struct cell_format formats[3] = {format, cell_format_decide(&merged, &no_hints),
                                         cell_format_decide(&taken, &no_hints)};
        for (size_t i = 1; i < 3; i++) {
            const struct cell_evidence *other = i == 1 ? &merged : &taken;
            assert_int_equal(whole.can, other->can);
            assert_int_equal(whole.cells, other->cells);
            assert_memory_equal(&formats[0], &formats[i], sizeof formats[0]);
            struct notes notes[2] = {{0}, {0}};
            assert_int_equal(cell_format_note(&whole, &format, "c", &notes[0], &error), STATUS_OK);
            assert_int_equal(cell_format_note(other, &formats[i], "c", &notes[1], &error), STATUS_OK);
            assert_int_equal(notes[0].count, notes[1].count);
            for (size_t n = 0; n < notes[0].count; n++) {
                assert_string_equal(notes[0].items[n].text, notes[1].items[n].text);
                assert_int_equal(notes[0].items[n].line, notes[1].items[n].line);
            }
            notes_free(&notes[0]);
            notes_free(&notes[1]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_decided),           cmocka_unit_test(booleans_are_words),
        cmocka_unit_test(columns_learn_from_each_other), cmocka_unit_test(forced_types),
        cmocka_unit_test(parts_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
