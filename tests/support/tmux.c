#include "tests/support/tmux.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char socket_name[64];
static char screen_text[256 * 1024];

static int tmux(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int tmux(const char *format, ...) {
    char arguments[2048], command[2300];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(command, sizeof command, "tmux -L %s -f /dev/null %s 2>/dev/null", socket_name, arguments);
    return system(command);
}

static void nap(double seconds) {
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

bool tmux_open(int width, int height) {
    static int count; // a server that is still ending must not be met again
    snprintf(socket_name, sizeof socket_name, "batchlab-test-%ld-%d", (long)getpid(), count++);
    return tmux("new-session -d -x %d -y %d 'env PS1=\"ready> \" LANG=C.UTF-8 LC_ALL=C.UTF-8 sh'", width, height) == 0;
}

void tmux_close(void) {
    tmux("kill-server");
}

void tmux_type(const char *text) {
    tmux("send-keys -l -- '%s'", text);
    tmux("send-keys Enter");
}

void tmux_keys(const char *keys) {
    tmux("send-keys %s", keys);
}

void tmux_resize(int width, int height) {
    tmux("resize-window -x %d -y %d", width, height);
}

const char *tmux_screen(void) {
    char command[160];
    snprintf(command, sizeof command, "tmux -L %s capture-pane -p 2>/dev/null", socket_name);
    FILE *pipe = popen(command, "r");
    size_t length = pipe ? fread(screen_text, 1, sizeof screen_text - 1, pipe) : 0;
    screen_text[length] = '\0';
    if (pipe)
        pclose(pipe);
    return screen_text;
}

static bool wait_until(const char *text, double seconds, bool there) {
    for (double waited = 0; waited < seconds; waited += 0.1) {
        if ((strstr(tmux_screen(), text) != NULL) == there)
            return true;
        nap(0.1);
    }
    return false;
}

bool tmux_wait(const char *text, double seconds) {
    return wait_until(text, seconds, true);
}

bool tmux_wait_gone(const char *text, double seconds) {
    return wait_until(text, seconds, false);
}
