#include "tests/support/pty.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clock.h"

// posix_openpt and its kin belong to XSI, which the build does not ask for.
int posix_openpt(int flags);
int grantpt(int fd);
int unlockpt(int fd);
char *ptsname(int fd);

static void run_child(const char *terminal, char *const argv[], int width, int height) {
    setsid();
    int fd = open(terminal, O_RDWR);
    struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 || ioctl(fd, TIOCSWINSZ, &size) < 0)
        _exit(126);
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    execv(argv[0], argv);
    _exit(127);
}

bool pty_open(struct pty *pty, char *const argv[], int width, int height) {
    *pty = (struct pty){.fd = posix_openpt(O_RDWR | O_NOCTTY)};
    if (pty->fd < 0 || grantpt(pty->fd) || unlockpt(pty->fd))
        return false;
    const char *terminal = ptsname(pty->fd);
    if (!terminal)
        return false;
    pty->pid = fork();
    if (pty->pid == 0)
        run_child(terminal, argv, width, height);
    return pty->pid > 0;
}

void pty_send(struct pty *pty, const char *keys) {
    if (write(pty->fd, keys, strlen(keys)) < 0)
        return; // the program is gone: the next wait says so
}

void pty_forget(struct pty *pty) {
    pty->length = 0;
    pty->tail[0] = '\0';
}

// Keeps the last half when the tail is full.
static bool read_some(struct pty *pty, double seconds) {
    struct pollfd wait = {.fd = pty->fd, .events = POLLIN};
    if (poll(&wait, 1, seconds > 0 ? (int)(seconds * 1000) + 1 : 0) <= 0)
        return false;
    size_t half = sizeof pty->tail / 2;
    if (pty->length >= half) {
        memmove(pty->tail, pty->tail + pty->length - half / 2, half / 2);
        pty->length = half / 2;
    }
    ssize_t count = read(pty->fd, pty->tail + pty->length, half - 1);
    if (count <= 0)
        return false;
    for (ssize_t i = 0; i < count; i++)
        if (pty->tail[pty->length + (size_t)i] == '\0')
            pty->tail[pty->length + (size_t)i] = ' ';
    pty->length += (size_t)count;
    pty->bytes += (size_t)count;
    pty->tail[pty->length] = '\0';
    return true;
}

bool pty_wait(struct pty *pty, const char *text, double seconds) {
    double end = clock_now() + seconds;
    while (!strstr(pty->tail, text)) {
        double left = end - clock_now();
        if (left <= 0 || !read_some(pty, left))
            return strstr(pty->tail, text) != NULL;
    }
    return true;
}

void pty_idle(struct pty *pty, double seconds) {
    double end = clock_now() + seconds;
    for (double left = seconds; left > 0; left = end - clock_now()) {
        read_some(pty, left);
        pty_forget(pty);
    }
}

static double cpu_of(const char *path) {
    char line[1024] = "";
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    unsigned long user = 0, system = 0;
    const char *after = strrchr(line, ')'); // the name may hold blanks
    if (!after || sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return -1;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

double pty_cpu(const struct pty *pty) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pty->pid);
    return cpu_of(path);
}

double pty_screen_cpu(const struct pty *pty) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/stat", (long)pty->pid, (long)pty->pid);
    return cpu_of(path);
}

double pty_memory(const struct pty *pty) {
    char path[64], line[256];
    double kilobytes = -1;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pty->pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %lf", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return 1024 * kilobytes;
}

int pty_close(struct pty *pty) {
    int status = 0;
    kill(pty->pid, SIGTERM);
    for (double end = clock_now() + 20; clock_now() < end;) {
        read_some(pty, 0.05);
        pty_forget(pty);
        if (waitpid(pty->pid, &status, WNOHANG) == pty->pid) {
            close(pty->fd);
            return status;
        }
    }
    kill(pty->pid, SIGKILL);
    waitpid(pty->pid, &status, 0);
    close(pty->fd);
    return status;
}
