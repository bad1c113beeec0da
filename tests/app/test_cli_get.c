// batchlab get, from a server on this machine: words and figures on standard error, exit statuses, and that
// nothing but the official bytes gets the name. (A real archive is nowhere near, so no download succeeds here:
// that is for tests/datasets/test_get.c, with a set of its own.)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/child.h"
#include "tests/support/http.h"
#include "tests/support/test.h"

enum { IMAGES = 26421880, MIB = 1 << 20 }; // train-images-idx3-ubyte.gz of fashion-mnist

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static char *zeros;

static struct http_server serve(enum http_fault fault, size_t at) {
    struct http_server server =
        http_start(&(struct http_plan){.body = zeros, .size = IMAGES, .fault = fault, .at = at});
    assert_int_equal(setenv("BATCHLAB_MIRROR", server.base, 1), 0);
    return server;
}

static struct child get_fashion(const char *folder, size_t file_bytes) {
    return child_run_with(&(struct child_options){.file_bytes = file_bytes},
                          WORDS("get", "fashion-mnist", "-o", folder));
}

// Exit status 1, nothing on standard output, and all of `texts` on standard error, in this order.
static void assert_says(const struct child *child, const char *const *texts) {
    assert_int_equal(child->status, 1);
    assert_string_equal(child->out, "");
    const char *at = child->err;
    for (; *texts; texts++) {
        const char *found = strstr(at, *texts);
        if (!found)
            fail_msg("\"%s\" is missing in:\n%s", *texts, child->err);
        else
            at = found + strlen(*texts);
    }
    assert_null(strchr(child->err, '\r')); // plain lines: there is no terminal
}
#define SAYS(child, ...) assert_says(child, WORDS(__VA_ARGS__))

static void broken_off_then_gone_on_with_then_wrong(void **state) {
    (void)state;
    const char *folder = child_path("broken");
    char part[400];
    snprintf(part, sizeof part, "%s/fashion-mnist/train-images-idx3-ubyte.gz.part", folder);
    struct http_server server = serve(HTTP_CUT, 10 * MIB);
    struct child child = get_fashion(folder, 0);
    SAYS(&child, "fashion-mnist: 70000 gray images", "Xiao, Rasul, Vollgraf", "train-images-idx3-ubyte.gz", " % ",
         "of 25.2 MiB", "batchlab: 127.0.0.1:", "too early", "10.0 MiB of 25.2 MiB are kept", "goes on from there");
    assert_int_equal(access(part, F_OK), 0);
    child_free(&child);
    http_stop(&server);
    server = serve(HTTP_NONE, 0);
    child = get_fashion(folder, 0);
    SAYS(&child, "train-images-idx3-ubyte.gz: going on after 10.0 MiB", "is not the official file", "SHA-256",
         "it was removed");
    assert_int_equal(server.log->from[0], 10 * MIB);
    assert_int_equal(access(part, F_OK), -1);
    part[strlen(part) - strlen(".part")] = '\0';
    assert_int_equal(access(part, F_OK), -1);
    child_free(&child);
    http_stop(&server);
}

static void full_disk_keeps_what_fits(void **state) {
    (void)state;
    const char *folder = child_path("full");
    struct http_server server = serve(HTTP_NONE, 0);
    struct child child = get_fashion(folder, 5 * MIB);
    SAYS(&child, "batchlab: ", "train-images-idx3-ubyte.gz.part: writing failed after 5.0 MiB", "make room",
         "goes on from there");
    child_free(&child);
    child = get_fashion(folder, 8 * MIB);
    SAYS(&child, "going on after 5.0 MiB", "writing failed after 8.0 MiB");
    assert_int_equal(server.log->from[1], 5 * MIB);
    child_free(&child);
    http_stop(&server);
}

static void servers_without_the_file_are_named(void **state) {
    (void)state;
    const char *folder = child_path("without");
    struct http_server server = serve(HTTP_STATUS, 404);
    struct child child = CHILD_RUN("get", "cifar100", "-o", folder);
    SAYS(&child, "cifar100: 60000 color images of 100 things", "/cifar-100-binary.tar.gz", "no such file", "404");
    assert_string_equal(server.log->target[0], "/cifar-100-binary.tar.gz");
    child_free(&child);
    http_stop(&server);
    server = serve(HTTP_NONE, 0); // 26421880 bytes are no CIFAR
    child = CHILD_RUN("get", "cifar10", "-o", folder);
    SAYS(&child, "/cifar-10-binary.tar.gz", "26421880 bytes", "170052171", "another file");
    child_free(&child);
    http_stop(&server);
    char nobody[64];
    http_nobody(nobody);
    child = CHILD_RUN("get", "cifar10", "-o", folder, "--mirror", nobody); // the flag counts more than the variable
    SAYS(&child, nobody + strlen("http://"), "does not answer: is this machine online?");
    child_free(&child);
}

static void mistakes_of_the_command_are_told(void **state) {
    (void)state;
    struct child child = CHILD_RUN("get", "mnist-of-nobody");
    REFUSED(child, 2, "no set \"mnist-of-nobody\"", "cifar10 (", "cifar100 (", "fashion-mnist (");
    child_free(&child);
    child = CHILD_RUN("get");
    REFUSED(child, 2, "an argument is missing", "cifar10|cifar100|fashion-mnist");
    child_free(&child);
    child = CHILD_RUN("get", "cifar10", "--mirror", "http://example.com");
    SAYS(&child, "mirror \"http://example.com\"", "must begin with https://");
    child_free(&child);
    child = CHILD_RUN("get", "cifar10", "--delimiter", ";");
    REFUSED(child, 2, "--delimiter", "no such flag");
    child_free(&child);
}

static void help_and_manual_know_it(void **state) {
    (void)state;
    struct child child = CHILD_RUN("get", "--help");
    child_assert_done(&child);
    assert_non_null(strstr(child.out, "--output FOLDER"));
    assert_non_null(strstr(child.out, "BATCHLAB_MIRROR"));
    assert_null(strstr(child.out, "--output FILE"));
    child_free(&child);
    child = CHILD_RUN("--man");
    child_assert_done(&child);
    assert_non_null(strstr(child.out, "batchlab get cifar10|cifar100|fashion\\-mnist"));
    child_free(&child);
    child = CHILD_RUN("--help");
    child_assert_done(&child);
    assert_non_null(strstr(child.out, "batchlab get "));
    child_free(&child);
}

int main(void) {
    zeros = calloc(IMAGES, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_off_then_gone_on_with_then_wrong),
        cmocka_unit_test(full_disk_keeps_what_fits),
        cmocka_unit_test(servers_without_the_file_are_named),
        cmocka_unit_test(mistakes_of_the_command_are_told),
        cmocka_unit_test(help_and_manual_know_it),
    };
    return zeros ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
