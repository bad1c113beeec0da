// A web server on this machine that serves one body under every name and misbehaves as asked: a process of
// its own, ended by http_stop or with the test. Failing system calls end the test program.
#ifndef TESTS_SUPPORT_HTTP_H
#define TESTS_SUPPORT_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum http_fault {
    HTTP_NONE,
    HTTP_STATUS,        // answers with status `at` and a page of words
    HTTP_CUT,           // closes after `at` bytes of the body
    HTTP_STALL,         // says nothing more after `at` bytes of the body
    HTTP_SAYS_LENGTH,   // Content-Length: `at`, whatever is sent
    HTTP_NO_LENGTH,     // no Content-Length; the end of the connection ends the body
    HTTP_NO_LENGTH_CUT, // the same, after `at` bytes
    HTTP_TOO_MUCH,      // no Content-Length and `at` bytes more than the body has
    HTTP_WRONG_BYTE,    // byte `at` of the body is another
    HTTP_NO_RANGES,     // every request gets everything
    HTTP_OTHER_RANGE,   // answers a range with what begins `at` bytes later
    HTTP_OTHER_TOTAL,   // answers a range of a body that is `at` bytes longer
    HTTP_REFUSES_RANGE, // 416 for every range
    HTTP_REDIRECT,      // `at` times to another name on this server
    HTTP_REDIRECT_AWAY, // to `location`
    HTTP_NO_HTTP,       // bytes that are no answer
    HTTP_HANGS_UP,      // closes without a word
};

struct http_plan {
    const void *body;
    size_t size;
    enum http_fault fault;
    size_t at;
    size_t times; // the fault happens for the first so many requests; 0: for all
    const char *location;
};

struct http_server {
    char base[64]; // "http://127.0.0.1:12345"
    pid_t pid;
    struct http_log { // shared with the server
        size_t requests;
        int64_t from[16];    // first byte of the range asked for; -1: no range
        char target[16][64]; // what was asked for: "/name"
    } * log;
};

struct http_server http_start(const struct http_plan *plan);
void http_stop(struct http_server *server);
// An address on this machine where nobody listens.
void http_nobody(char base[64]);

#endif
