// New data in pieces of any size is what the pipeline makes of the whole table at once, to the bit.
#include "datasets/new_data.h"

#include "tests/datasets/steps_support.h"
#include "tests/datasets/table_files.h"

enum { ROWS = 150 };

static void add_row(struct str *text, int row, bool target) {
    static const char *const colors[] = {"red", "green", "dark, blue", ""};
    str_format(text, "%s%d.%d,", row % 11 == 3 ? "," : "", row * 37 % 90, row % 7); // a hole, and all one to the right
    if (row % 11 != 3)
        str_format(text, "%d,", row * 13 % 29);
    str_format(text, "\"%s\",20%02d-0%d-1%d", colors[row % 4], row % 30, 1 + row % 9, row % 10);
    str_format(text, target ? ",%s\n" : "\n", row % 3 ? "yes" : "no");
}

static const char *made_text(struct str *text, bool target) {
    str_add(text, target ? "a,b,color,day,y\n" : "a,b,color,day\n");
    for (int row = 0; row < ROWS; row++)
        add_row(text, row, target);
    return str_text(text);
}

struct fitted {
    struct dataset *dataset;
    struct pipeline *pipeline;
    struct encoding encoding;
    struct column_kind kinds[8];
    size_t kind_count;
    struct load_options options;
};

static void fit(struct fitted *fitted, const char *text, const char *steps) {
    struct error error = {0};
    struct source *source = NULL;
    *fitted = (struct fitted){.options = load_options_default()};
    fitted->dataset = load_text(text, NULL, &error);
    assert_non_null(fitted->dataset);
    int train[ROWS];
    for (int row = 0; row < ROWS; row++)
        train[row] = row % 5 != 0;
    struct split split = split_of(ROWS, train);
    fitted->pipeline = parse_steps(steps);
    struct prepared *prepared = run_pipeline(fitted->pipeline, fitted->dataset, &split);
    if (source_make(fitted->dataset, prepared, &split, "auto", NULL, &source, &error) != STATUS_OK)
        fail_msg("%s: %s", steps, error.text);
    assert_int_equal(encoding_of(source, &fitted->encoding, &error), STATUS_OK);
    const struct table *table = fitted->dataset->table;
    for (size_t i = 0; i < table->column_count; i++)
        fitted->kinds[fitted->kind_count++] =
            (struct column_kind){table->columns[i]->name, table->columns[i]->type, false};
    source_release(source);
    prepared_free(prepared);
    split_free(&split);
}

static void fitted_free(struct fitted *fitted) {
    encoding_free(&fitted->encoding);
    pipeline_free(fitted->pipeline);
    dataset_free(fitted->dataset);
}

static struct new_data_settings settings_of(const struct fitted *fitted, const char *path, size_t piece_rows) {
    return (struct new_data_settings){.path = path,
                                      .options = &fitted->options,
                                      .pipeline = fitted->pipeline,
                                      .encoding = &fitted->encoding,
                                      .kinds = fitted->kinds,
                                      .kind_count = fitted->kind_count,
                                      .piece_rows = piece_rows};
}

// Row by row of the file, what the pieces hold is what `whole` holds.
static void pieces_hold(const struct fitted *fitted, const struct source *whole, const char *path, size_t piece_rows) {
    struct new_data_settings settings = settings_of(fitted, path, piece_rows);
    struct new_data *data = NULL;
    struct new_piece piece = {.rows = 1};
    struct error error = {0};
    size_t seen = 0, width = (size_t)whole->sample.size[0];
    assert_int_equal(new_data_open(&data, &settings, NULL, &error), STATUS_OK);
    while (piece.rows > 0) {
        if (new_data_next(data, &piece, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        assert_true(piece.rows == 0 || piece.first == seen);
        for (size_t i = 0; piece.source && i < piece.source->rows; i++) {
            size_t row = piece.first + piece.row_of[i];
            assert_memory_equal((const float *)piece.source->features + i * width,
                                (const float *)whole->features + row * width, width * sizeof(float));
            assert_int_equal(piece.source->labels[i], whole->labels[row]);
            assert_int_equal(table_line(piece.table, piece.row_of[i]), table_line(fitted->dataset->table, row));
        }
        assert_true(piece.rows == 0 || piece.source->rows == piece.rows);
        seen += piece.rows;
    }
    assert_int_equal(seen, ROWS);
    assert_int_equal(new_data_unusable(data)->count, 0);
    new_data_close(data);
}

static void pieces_are_the_whole(void **state) {
    (void)state;
    static const char *const all[] = {
        "missing=median,date-parts,standardize,one-hot=ignore",
        "missing=knn,outliers=clip,robust,ordinal,drop-columns=day",
        "index,missing=median,date-parts,standardize",
        "missing=mean:indicator=yes,min-max,target-encode,drop-columns=day",
        "missing=most-frequent,quantile,one-hot=ignore,date-parts",
        "missing=previous,standardize,one-hot,drop-columns=day", // looks at the rows before
        "missing=linear,smooth,one-hot,date-parts",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct str text = {0};
        struct fitted fitted;
        struct prepared *prepared = NULL;
        struct source *whole = NULL;
        struct error error = {0};
        fit(&fitted, made_text(&text, true), all[i]);
        assert_int_equal(pipeline_looks_around(fitted.pipeline), i >= 5);
        assert_int_equal(pipeline_apply(fitted.pipeline, fitted.dataset, &prepared, NULL, &error), STATUS_OK);
        if (source_encode(fitted.dataset, prepared, &fitted.encoding, &whole, &error) != STATUS_OK)
            fail_msg("%s: %s", all[i], error.text);
        static const size_t sizes[] = {1, 7, 64, 0}, bytes[] = {1, 100, 1000};
        for (size_t k = 0; k < 4; k++)
            pieces_hold(&fitted, whole, temporary_path(), sizes[k]);
        for (size_t k = 0; k < 3; k++) {
            fitted.options.piece_bytes = bytes[k];
            pieces_hold(&fitted, whole, temporary_path(), 0);
        }
        source_release(whole);
        prepared_free(prepared);
        fitted_free(&fitted);
        str_free(&text);
    }
}

// Types are those of training, whatever a piece of the new file looks like.
static void types_are_those_of_training(void **state) {
    (void)state;
    struct fitted fitted;
    struct error error = {0};
    struct new_data *data = NULL;
    struct new_piece piece;
    fit(&fitted, "x,code,y\n1.5,a1,no\n2,7,yes\n3,7,no\n2,a1,yes\n5,7,yes\n", "standardize,one-hot=ignore");
    const char *path = write_text("code;x\n7;1,5\n7;2\n007;2,25\n");
    struct new_data_settings settings = settings_of(&fitted, path, 0);
    assert_int_equal(new_data_open(&data, &settings, NULL, &error), STATUS_OK);
    assert_int_equal(new_data_next(data, &piece, &error), STATUS_OK);
    assert_int_equal(piece.source->rows, 3);
    const float *features = piece.source->features; // x, code=7, code=a1
    assert_true(features[0] < features[3] && features[3] < features[6]);
    assert_true(features[1] > 0 && features[4] > 0 && features[7] <= 0 && features[8] <= 0);
    assert_int_equal(piece.source->labels[0], -1);
    new_data_close(data);
    fitted_free(&fitted);
}

// All cells, each row with its line, as one text.
static void stream_text(const char *path, size_t most, size_t piece_bytes, struct str *out) {
    struct load_options options = load_options_default();
    struct csv_stream *stream = NULL;
    struct table *table = NULL;
    struct error error = {0};
    options.piece_bytes = piece_bytes;
    static char name[] = "note";
    struct column_kind kind = {name, COLUMN_TEXT, false};
    assert_int_equal(csv_stream_open(&stream, path, &options, &kind, 1, NULL, &error), STATUS_OK);
    do {
        table_free(table);
        if (csv_stream_next(stream, most, &table, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        for (size_t row = 0; table && row < table->rows; row++) {
            char room[64];
            str_format(out, "%llu", (unsigned long long)table_line(table, row));
            for (size_t c = 0; c < table->column_count; c++)
                str_format(out, "|%s", column_text(table->columns[c], row, room));
            str_add_char(out, '\n');
        }
    } while (table);
    const struct notes *notes = csv_stream_notes(stream);
    for (size_t i = 0; i < notes->count; i++)
        str_format(out, "%llu: %s\n", (unsigned long long)notes->items[i].line, notes->items[i].text);
    csv_stream_close(stream);
}

// Quotes that stand where they should not make pieces that are cut in the middle of a row.
static void wrong_cuts_do_not_show(void **state) {
    (void)state;
    struct str text = {0}, want = {0};
    str_add(&text, "id,note\n");
    for (int i = 0; i < 300; i++) {
        static const char *const notes[] = {"plain",           "\"two\nlines, one cell\"", "5\" long", "\"never closed",
                                            "\"a \"\"b\"\"\"", "\"closed\" too early",     ""};
        str_format(&text, "%d,%s\n", i, notes[i * i % 53 % (i < 200 ? 3 : 7)]);
    }
    const char *path = write_text(str_text(&text));
    stream_text(path, SIZE_MAX - 1, 0, &want);
    assert_non_null(strstr(str_text(&want), "299|"));
    for (size_t bytes = 1; bytes < 6000; bytes += 1 + bytes / 3) {
        struct str have = {0};
        stream_text(path, 0, bytes, &have);
        size_t same = 0;
        while (same < have.length && have.text[same] == want.text[same])
            same++;
        if (strcmp(str_text(&have), str_text(&want)) != 0)
            fail_msg("pieces of %zu bytes: \"%.80s\" in place of \"%.80s\"", bytes, have.text + same, want.text + same);
        str_free(&have);
    }
    str_free(&want);
    str_free(&text);
}

static enum status read_all(const struct fitted *fitted, const char *path, struct error *error) {
    struct new_data_settings settings = settings_of(fitted, path, 64);
    struct new_data *data = NULL;
    struct new_piece piece = {.rows = 1};
    enum status status = new_data_open(&data, &settings, NULL, error);
    while (!status && piece.rows > 0)
        status = new_data_next(data, &piece, error);
    new_data_close(data);
    return status;
}

static void a_late_change_of_writing_is_refused(void **state) {
    (void)state;
    struct fitted fitted;
    struct error error = {0};
    struct str text = {0};
    fit(&fitted, "x,z,y\n1.5,1,no\n2,2,yes\n3,3,no\n2,4,yes\n5,5,yes\n", "standardize");
    str_add(&text, "x;z\n");
    for (int i = 0; i < 12000; i++)
        str_format(&text, "1,234;%d\n", i);
    assert_int_equal(read_all(&fitted, write_text(str_text(&text)), &error), STATUS_OK);
    str_add(&text, "1.234,5;3\n");
    assert_int_equal(read_all(&fitted, write_text(str_text(&text)), &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "column \"x\": later rows are written otherwise"));
    str_free(&text);
    fitted_free(&fitted);
}

static void failing_allocations_are_told(void **state) {
    (void)state;
    struct str text = {0};
    struct fitted fitted;
    struct error error;
    fit(&fitted, made_text(&text, true), "missing=median,date-parts,standardize,one-hot=ignore");
    unsigned long before = mem_calls();
    assert_int_equal(read_all(&fitted, temporary_path(), &error), STATUS_OK);
    unsigned long calls = mem_calls() - before;
    for (unsigned long after = 1; after <= calls; after += calls > 400 ? calls / 200 : 1) {
        mem_fail_at(after);
        enum status status = read_all(&fitted, temporary_path(), &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY || status == STATUS_IO);
    }
    fitted_free(&fitted);
    str_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_the_whole),         cmocka_unit_test(types_are_those_of_training),
        cmocka_unit_test(wrong_cuts_do_not_show),       cmocka_unit_test(a_late_change_of_writing_is_refused),
        cmocka_unit_test(failing_allocations_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
