#include "app/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void wait_for_word(int from) {
    char text[1024];
    size_t length = 0;
    for (ssize_t count; length < sizeof text;) {
        count = read(from, text + length, sizeof text - length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        length += (size_t)count;
    }
    fwrite(text, 1, length, stdout);
    _exit(length > 0 && fflush(stdout) == 0 ? 0 : 1);
}

enum status detach_begin(int *word, struct error *error) {
    int ends[2], nothing;
    if (pipe(ends) != 0)
        return error_set(error, STATUS_IO, "cannot leave the terminal: %s", strerror(errno));
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return error_set(error, STATUS_IO, "cannot leave the terminal: %s", strerror(errno));
    }
    if (child > 0) {
        close(ends[1]);
        wait_for_word(ends[0]);
    }
    close(ends[0]);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    setsid();
    nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        close(nothing);
    }
    *word = ends[1];
    return STATUS_OK;
}

void detach_settle(int word, const char *log, const char *text) {
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(NULL);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    close(file);
    if (write(word, text, strlen(text)) < 0)
        fprintf(stderr, "batchlab: the terminal that began this run is gone\n");
    close(word);
}

enum status detach_go_on(int64_t run, struct error *error) {
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)run);
    execl("/proc/self/exe", "batchlab", "resume", number, "--detach", (char *)NULL);
    return error_set(error, STATUS_IO, "run %s is saved, but cannot go on by itself (%s); batchlab resume %s goes on",
                     number, strerror(errno), number);
}
