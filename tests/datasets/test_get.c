// Downloads from a server on this machine that stalls, cuts, lies and redirects: the file arrives whole or
// a sentence does, what is kept of it is what can be gone on with, and nothing wrong ever gets the name.
#include <math.h>

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "datasets/get.h"
#include "tests/datasets/image_files.h"
#include "tests/support/http.h"

enum { SIZE = 1500000 };

static unsigned char body[SIZE];
static char sum[65];
static struct get_file file = {.name = "set.bin", .sha256 = sum, .bytes = SIZE};
static struct get_set set = {.name = "set", .help = "", .base = "https://example.invalid", .made_by = "", .count = 1};

struct place { // of one test
    char folder[4096], path[4200], part[4300];
};

static struct place fresh_place(void) {
    struct place place;
    fresh_folder(place.folder, "get");
    snprintf(place.path, sizeof place.path, "%s/set.bin", place.folder);
    snprintf(place.part, sizeof place.part, "%s.part", place.path);
    return place;
}

static enum status get_from(const char *base, const struct place *place, struct task *task, struct error *error) {
    struct get_options options = {.folder = place->folder, .mirror = base, .stall_seconds = 1};
    struct str path = {0};
    enum status status = get_set(&set, &options, &path, task, error);
    if (!status)
        assert_string_equal(str_text(&path), place->path);
    str_free(&path);
    return status;
}

static void assert_whole(const struct place *place) {
    char *bytes = NULL;
    size_t size = 0;
    struct error error;
    assert_int_equal(file_read(place->path, 0, &bytes, &size, &error), STATUS_OK);
    assert_int_equal(size, SIZE);
    assert_memory_equal(bytes, body, SIZE);
    mem_free(bytes);
    assert_false(file_exists(place->part));
}

static void assert_good(const struct http_plan *plan, const struct place *place, size_t requests) {
    struct http_server server = http_start(plan);
    struct error error;
    if (get_from(server.base, place, NULL, &error))
        fail_msg("%s", error.text);
    assert_whole(place);
    assert_int_equal(server.log->requests, requests);
    http_stop(&server);
}

// Refused with all of `parts` in the sentence; of the part `kept` bytes stay (-1: it is not there).
static void assert_bad(const struct http_plan *plan, const struct place *place, int64_t kept, size_t requests,
                       const char *const *parts) {
    struct http_server server = http_start(plan);
    struct error error = {0};
    double before = clock_now();
    assert_int_not_equal(get_from(server.base, place, NULL, &error), STATUS_OK);
    assert_true(clock_now() - before < 20);
    for (; *parts; parts++)
        assert_names(error.text, *parts);
    assert_false(file_exists(place->path));
    assert_int_equal(file_size(place->part), kept);
    assert_int_equal(server.log->requests, requests);
    http_stop(&server);
}
#define BAD(plan, place, kept, requests, ...)                                                                          \
    assert_bad(plan, place, kept, requests, (const char *const[]){__VA_ARGS__, NULL})
#define PLAN(...) (&(struct http_plan){.body = body, .size = SIZE, __VA_ARGS__})

static void good_server_gives_the_file(void **state) {
    (void)state;
    struct place place = fresh_place();
    struct http_server server = http_start(PLAN(.fault = HTTP_NONE));
    struct error error;
    for (int i = 0; i < 2; i++) { // the second time it is there
        if (get_from(server.base, &place, NULL, &error))
            fail_msg("%s", error.text);
        assert_whole(&place);
        assert_int_equal(server.log->requests, 1);
        assert_string_equal(server.log->target[0], "/set.bin");
        assert_int_equal(server.log->from[0], -1);
    }
    http_stop(&server);
}

static void ways_to_send_it_that_are_right(void **state) {
    (void)state;
    struct place place = fresh_place();
    assert_good(PLAN(.fault = HTTP_NO_LENGTH), &place, 1);
    place = fresh_place();
    assert_good(PLAN(.fault = HTTP_REDIRECT, .at = 1), &place, 2);
    place = fresh_place();
    assert_good(PLAN(.fault = HTTP_REDIRECT, .at = 5), &place, 6);
}

static void broken_connection_is_gone_on_with(void **state) {
    (void)state;
    static const enum http_fault faults[] = {HTTP_CUT, HTTP_NO_LENGTH_CUT, HTTP_STALL};
    for (size_t i = 0; i < 3; i++) {
        struct place place = fresh_place();
        BAD(PLAN(.fault = faults[i], .at = 700000), &place, 700000, 1, i == 2 ? "silent" : "too early", "0.7 MiB",
            "1.4 MiB are kept", "the same command goes on");
        struct http_server server = http_start(PLAN(.fault = HTTP_NONE));
        struct error error;
        if (get_from(server.base, &place, NULL, &error))
            fail_msg("%s", error.text);
        assert_whole(&place);
        assert_int_equal(server.log->requests, 1);
        assert_int_equal(server.log->from[0], 700000);
        http_stop(&server);
    }
}

static void put_part(const struct place *place, size_t size, bool right) {
    unsigned char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = i < SIZE ? body[i] : 0;
    if (!right)
        bytes[size / 2] ^= 1;
    put_file(place->part, bytes, size);
    free(bytes);
}

static void parts_that_lie_there_are_used_or_replaced(void **state) {
    (void)state;
    static const struct {
        size_t size;
        bool right;
        size_t requests;
    } parts[] = {{1, true, 1},        {SIZE - 1, true, 1}, {SIZE, true, 0}, {0, true, 1},
                 {SIZE + 5, true, 1}, {1000, false, 2},    {SIZE, false, 1}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct place place = fresh_place();
        put_part(&place, parts[i].size, parts[i].right);
        assert_good(PLAN(.fault = HTTP_NONE), &place, parts[i].requests);
    }
}

static void servers_without_ranges_begin_anew(void **state) {
    (void)state;
    static const struct {
        enum http_fault fault;
        size_t at, requests;
    } kinds[] = {{HTTP_NO_RANGES, 0, 1}, {HTTP_REFUSES_RANGE, 0, 2}, {HTTP_OTHER_RANGE, 5, 2}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct place place = fresh_place();
        put_part(&place, 1000, true);
        assert_good(PLAN(.fault = kinds[i].fault, .at = kinds[i].at), &place, kinds[i].requests);
    }
}

static void lengths_that_lie_are_refused_before_the_bytes(void **state) {
    (void)state;
    struct place place = fresh_place();
    BAD(PLAN(.fault = HTTP_SAYS_LENGTH, .at = SIZE - 1), &place, -1, 1, "1499999 bytes", "has 1500000", "mirror");
    BAD(PLAN(.fault = HTTP_SAYS_LENGTH, .at = SIZE + 1), &place, -1, 1, "1500001 bytes", "has 1500000");
    BAD(PLAN(.fault = HTTP_TOO_MUCH, .at = 10), &place, -1, 1, "more than the 1500000 bytes");
    put_part(&place, 1000, true); // what is there is not spoiled by a server that has something else
    BAD(PLAN(.fault = HTTP_OTHER_TOTAL, .at = 3), &place, 1000, 1, "1500003 bytes", "has 1500000");
    BAD(PLAN(.fault = HTTP_SAYS_LENGTH, .at = SIZE), &place, 1000, 1, "1501000 bytes");
}

static void wrong_bytes_never_get_the_name(void **state) {
    (void)state;
    struct place place = fresh_place();
    BAD(PLAN(.fault = HTTP_WRONG_BYTE, .at = 1234), &place, -1, 1, "not the official file", "SHA-256", "removed");
    put_part(&place, 2000, true); // fetched once more, and wrong again
    BAD(PLAN(.fault = HTTP_WRONG_BYTE, .at = 1234567), &place, -1, 2, "not the official file");
    put_part(&place, 2000, true); // wrong the first time only
    assert_good(PLAN(.fault = HTTP_WRONG_BYTE, .at = 1234567, .times = 1), &place, 2);
}

static void answers_that_are_no_file_are_explained(void **state) {
    (void)state;
    static const struct {
        size_t code;
        const char *says;
    } codes[] = {{404, "no such file"},    {410, "no such file"},       {403, "not give it to everybody"},
                 {429, "too many"},        {500, "problem of its own"}, {503, "problem of its own"},
                 {418, "does not give it"}};
    struct place place = fresh_place();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char code[32];
        snprintf(code, sizeof code, "HTTP status %zu", codes[i].code);
        BAD(PLAN(.fault = HTTP_STATUS, .at = codes[i].code), &place, -1, 1, "/set.bin", codes[i].says, code);
    }
    put_part(&place, 1000, true);
    BAD(PLAN(.fault = HTTP_STATUS, .at = 404), &place, 1000, 1, "no such file");
    BAD(PLAN(.fault = HTTP_REDIRECT, .at = 1000), &place, 1000, 6, "leads from one address to the next");
    BAD(PLAN(.fault = HTTP_HANGS_UP), &place, 1000, 1, "too early", "kept");
    BAD(PLAN(.fault = HTTP_NO_HTTP), &place, 1000, 1, "downloading failed");
}

static void redirects_stay_on_the_web(void **state) {
    (void)state;
    static const char *const away[] = {"file:///etc/passwd#", "ftp://127.0.0.1/", "gopher://127.0.0.1/"};
    struct place place = fresh_place();
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        BAD(PLAN(.fault = HTTP_REDIRECT_AWAY, .location = away[i]), &place, -1, 1, "not https");
}

static void nobody_and_bad_addresses_are_told_apart(void **state) {
    (void)state;
    static const char *const bad[] = {"http://example.com",      "ftp://127.0.0.1", "file:///tmp",        "127.0.0.1",
                                      "http://127.0.0.1.evil.x", "https://",        "http://localhostile"};
    struct place place = fresh_place();
    struct error error;
    char base[64];
    http_nobody(base);
    assert_int_equal(get_from(base, &place, NULL, &error), STATUS_IO);
    assert_names(error.text, "127.0.0.1:");
    assert_names(error.text, "does not answer: is this machine online?");
    assert_false(file_exists(place.part));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(get_from(bad[i], &place, NULL, &error), STATUS_INVALID);
        assert_names(error.text, bad[i]);
        assert_names(error.text, "must begin with https://");
    }
    assert_int_equal(get_from("https://no-such-host.invalid", &place, NULL, &error), STATUS_IO);
    assert_names(error.text, "no-such-host.invalid");
}

static void what_lies_there_is_never_overwritten(void **state) {
    (void)state;
    struct place place = fresh_place();
    struct error error;
    struct http_server server = http_start(PLAN(.fault = HTTP_NONE));
    unsigned char *other = malloc(SIZE);
    assert_non_null(other);
    memset(other, 7, SIZE);
    for (size_t size = 5; size <= SIZE; size += SIZE - 5) {
        put_file(place.path, other, size);
        assert_int_equal(get_from(server.base, &place, NULL, &error), STATUS_INVALID);
        assert_names(error.text, "is there already and is not the official file");
        assert_int_equal(file_size(place.path), size);
    }
    free(other);
    assert_int_equal(server.log->requests, 0);
    http_stop(&server);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(symlink("/dev/null", place.part), 0); // a part is no link to elsewhere
    assert_int_equal(get_from("http://127.0.0.1:9", &place, NULL, &error), STATUS_IO);
    assert_names(error.text, "set.bin.part: creating failed");
}

static void stopping_keeps_the_part(void **state) {
    (void)state;
    struct place place = fresh_place();
    struct http_server server = http_start(PLAN(.fault = HTTP_STALL, .at = 500000));
    struct error error;
    struct task task = {0};
    task_cancel(&task);
    double before = clock_now();
    assert_int_equal(get_from(server.base, &place, &task, &error), STATUS_CANCELLED);
    assert_true(clock_now() - before < 5);
    assert_names(error.text, "set.bin: stopped at");
    http_stop(&server);
    assert_good(PLAN(.fault = HTTP_NONE), &place, 1);
}

struct heard {
    uint64_t done;
    size_t calls;
    bool checking, whole;
};

static void on_progress(void *context, const struct get_progress *progress) {
    struct heard *heard = context;
    assert_string_equal(progress->file, "set.bin");
    assert_int_equal(progress->total, SIZE);
    assert_true(progress->done >= heard->done && progress->done <= SIZE);
    assert_true(isnan(progress->rate) || progress->rate >= 0);
    heard->done = progress->done;
    heard->calls++;
    heard->checking = progress->checking;
    heard->whole = progress->done == SIZE;
}

static void progress_goes_up_to_the_end(void **state) {
    (void)state;
    struct place place = fresh_place();
    struct http_server server = http_start(PLAN(.fault = HTTP_NONE));
    struct heard heard = {0};
    struct get_options options = {
        .folder = place.folder, .mirror = server.base, .progress = on_progress, .context = &heard};
    struct str path = {0};
    struct error error;
    assert_int_equal(get_set(&set, &options, &path, NULL, &error), STATUS_OK);
    assert_true(heard.calls > 0 && heard.checking && heard.whole);
    str_free(&path);
    http_stop(&server);
}

static void several_files_go_into_a_folder_of_the_set(void **state) {
    (void)state;
    struct place place = fresh_place();
    struct get_file files[] = {file, file};
    struct get_set two = {.name = "two", .base = "https://example.invalid", .files = files, .count = 2};
    struct http_server server = http_start(PLAN(.fault = HTTP_NONE));
    char deep[4200], expected[4300];
    snprintf(deep, sizeof deep, "%s/a/b", place.folder);
    snprintf(expected, sizeof expected, "%s/a/b/two", place.folder);
    struct get_options options = {.folder = deep, .mirror = server.base};
    struct str path = {0};
    struct error error;
    files[1].name = "other.bin";
    assert_int_equal(get_set(&two, &options, &path, NULL, &error), STATUS_OK);
    assert_string_equal(str_text(&path), expected);
    assert_int_equal(server.log->requests, 2);
    assert_string_equal(server.log->target[1], "/other.bin");
    str_free(&path);
    http_stop(&server);
    snprintf(deep, sizeof deep, "%s/a/b/two/other.bin", place.folder);
    assert_int_equal(file_size(deep), SIZE);
}

static void the_table_is_sound(void **state) {
    (void)state;
    assert_true(get_set_count() >= 3);
    assert_null(get_set_find("mnist-of-nobody"));
    for (size_t i = 0; i < get_set_count(); i++) {
        const struct get_set *row = get_set_at(i);
        assert_ptr_equal(get_set_find(row->name), row);
        assert_int_equal(strncmp(row->base, "https://", 8), 0);
        for (size_t k = 0; k < row->count; k++) {
            assert_int_equal(strspn(row->files[k].sha256, "0123456789abcdef"), 64);
            assert_int_equal(strlen(row->files[k].sha256), 64);
            assert_true(row->files[k].bytes > 5000);
            assert_null(strchr(row->files[k].name, '/'));
        }
    }
}

int main(void) {
    struct sha256 hash;
    unsigned value = 9;
    for (size_t i = 0; i < SIZE; i++) {
        value = value * 1664525 + 1013904223;
        body[i] = (unsigned char)(value >> 24);
    }
    sha256_begin(&hash);
    sha256_add(&hash, body, SIZE);
    sha256_end(&hash, sum);
    set.files = &file;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_server_gives_the_file),
        cmocka_unit_test(ways_to_send_it_that_are_right),
        cmocka_unit_test(broken_connection_is_gone_on_with),
        cmocka_unit_test(parts_that_lie_there_are_used_or_replaced),
        cmocka_unit_test(servers_without_ranges_begin_anew),
        cmocka_unit_test(lengths_that_lie_are_refused_before_the_bytes),
        cmocka_unit_test(wrong_bytes_never_get_the_name),
        cmocka_unit_test(answers_that_are_no_file_are_explained),
        cmocka_unit_test(redirects_stay_on_the_web),
        cmocka_unit_test(nobody_and_bad_addresses_are_told_apart),
        cmocka_unit_test(what_lies_there_is_never_overwritten),
        cmocka_unit_test(stopping_keeps_the_part),
        cmocka_unit_test(progress_goes_up_to_the_end),
        cmocka_unit_test(several_files_go_into_a_folder_of_the_set),
        cmocka_unit_test(the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
