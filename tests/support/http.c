#include "tests/support/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer { // to one request
    int fd;
    const struct http_plan *plan;
    enum http_fault fault;
    int64_t from; // of the range asked for; -1: none
    size_t number;
};

static void send_all(int fd, const void *bytes, size_t count) {
    for (const char *at = bytes; count > 0;) {
        ssize_t sent = send(fd, at, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return; // the other side has had enough
        at += sent;
        count -= (size_t)sent;
    }
}

static void send_text(int fd, const char *text) {
    send_all(fd, text, strlen(text));
}

static void send_status(int fd, int status, const char *more) {
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 %d Words\r\nConnection: close\r\n%sContent-Length: 13\r\n\r\n<html>sorry\r\n",
             status, more);
    send_text(fd, text);
}

// The body from `from` on, with what is wrong with it.
static void send_body(const struct answer *answer, size_t from) {
    const struct http_plan *plan = answer->plan;
    size_t count = plan->size - from;
    bool ends_early = answer->fault == HTTP_CUT || answer->fault == HTTP_STALL || answer->fault == HTTP_NO_LENGTH_CUT;
    char *body = malloc(plan->size + plan->at + 1);
    if (body == NULL)
        abort();
    memcpy(body, plan->body, plan->size);
    memset(body + plan->size, 'x', plan->at);
    if (answer->fault == HTTP_WRONG_BYTE)
        body[plan->at] ^= 1;
    if (ends_early)
        count = plan->at < count ? plan->at : count;
    if (answer->fault == HTTP_TOO_MUCH)
        count += plan->at;
    send_all(answer->fd, body + from, count);
    free(body);
    if (answer->fault == HTTP_STALL)
        pause();
}

static void send_good(const struct answer *answer) {
    const struct http_plan *plan = answer->plan;
    enum http_fault fault = answer->fault;
    bool ranged = answer->from >= 0 && fault != HTTP_NO_RANGES;
    size_t from = ranged ? (size_t)answer->from : 0, shift = ranged && fault == HTTP_OTHER_RANGE ? plan->at : 0;
    size_t total = plan->size + (fault == HTTP_OTHER_TOTAL ? plan->at : 0);
    char text[512];
    if (ranged && (fault == HTTP_REFUSES_RANGE || from >= plan->size)) {
        send_status(answer->fd, 416, "");
        return;
    }
    int length =
        snprintf(text, sizeof text, "HTTP/1.1 %s\r\nConnection: close\r\n", ranged ? "206 Partial Content" : "200 OK");
    if (ranged)
        length += snprintf(text + length, sizeof text - (size_t)length, "Content-Range: bytes %zu-%zu/%zu\r\n",
                           from + shift, total - 1, total);
    if (fault == HTTP_SAYS_LENGTH)
        length += snprintf(text + length, sizeof text - (size_t)length, "Content-Length: %zu\r\n", plan->at);
    else if (fault != HTTP_NO_LENGTH && fault != HTTP_NO_LENGTH_CUT && fault != HTTP_TOO_MUCH)
        length +=
            snprintf(text + length, sizeof text - (size_t)length, "Content-Length: %zu\r\n", total - from - shift);
    send_all(answer->fd, text, (size_t)length);
    send_text(answer->fd, "\r\n");
    send_body(answer, from + shift);
}

static void send_redirect(const struct answer *answer) {
    char text[256];
    if (answer->fault == HTTP_REDIRECT && answer->number >= answer->plan->at) {
        send_good(answer);
        return;
    }
    snprintf(text, sizeof text, "Location: %s%zu\r\n",
             answer->fault == HTTP_REDIRECT_AWAY ? answer->plan->location : "/elsewhere-", answer->number);
    send_status(answer->fd, 302, text);
}

static void reply(const struct answer *answer) {
    switch (answer->fault) {
    case HTTP_STATUS:
        send_status(answer->fd, (int)answer->plan->at, "");
        break;
    case HTTP_REDIRECT:
    case HTTP_REDIRECT_AWAY:
        send_redirect(answer);
        break;
    case HTTP_NO_HTTP:
        send_text(answer->fd, "\1\2\3 this is no answer\n\n\n");
        break;
    case HTTP_HANGS_UP:
        break;
    default:
        send_good(answer);
    }
}

// A whole request, as far as it matters.
static bool read_request(int fd, char *text, size_t size) {
    size_t length = 0;
    while (length + 1 < size) {
        ssize_t got = recv(fd, text + length, size - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        text[length] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static int64_t range_of(const char *request) {
    long long from = -1;
    for (const char *line = strchr(request, '\n'); line != NULL; line = strchr(line + 1, '\n'))
        if (strncasecmp(line + 1, "range: bytes=", 13) == 0)
            from = strtoll(line + 14, NULL, 10);
    return from;
}

static _Noreturn void serve(int listener, const struct http_plan *plan, struct http_log *log) {
    static char request[8192];
    for (;;) {
        struct answer answer = {.fd = accept(listener, NULL, NULL), .plan = plan, .number = log->requests};
        if (answer.fd < 0)
            _exit(1);
        if (read_request(answer.fd, request, sizeof request)) {
            bool wrong = plan->times == 0 || log->requests < plan->times;
            answer.fault = wrong ? plan->fault : HTTP_NONE;
            answer.from = range_of(request);
            if (log->requests < 16) {
                log->from[log->requests] = answer.from;
                sscanf(request, "GET %63s", log->target[log->requests]);
            }
            log->requests++;
            reply(&answer);
        }
        shutdown(answer.fd, SHUT_WR);
        close(answer.fd);
    }
}

// A socket on a port that the system chooses.
static int listen_here(char base[64]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        abort();
    snprintf(base, 64, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

struct http_server http_start(const struct http_plan *plan) {
    struct http_server server;
    int listener = listen_here(server.base);
    server.log = mmap(NULL, sizeof *server.log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server.log == MAP_FAILED)
        abort();
    server.pid = fork();
    if (server.pid < 0)
        abort();
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(listener, plan, server.log);
    }
    close(listener);
    return server;
}

void http_stop(struct http_server *server) {
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    munmap(server->log, sizeof *server->log);
}

void http_nobody(char base[64]) {
    close(listen_here(base));
}
