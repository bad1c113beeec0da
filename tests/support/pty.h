// The program on a pseudo-terminal of its own, byte for byte: for benches and for tests that read what
// is sent to the terminal. Plain struct; pty_close ends the program.
#ifndef TESTS_SUPPORT_PTY_H
#define TESTS_SUPPORT_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pty {
    int fd;
    pid_t pid;
    char tail[8192]; // the last bytes read, NUL-terminated
    size_t length;
    size_t bytes;    // read since the start
};

// argv[0] is the program's path; TERM is xterm-256color.
bool pty_open(struct pty *pty, char *const argv[], int width, int height);
void pty_send(struct pty *pty, const char *keys);
// Reads until `text` stands in what came since the last pty_forget, or `seconds` are over.
bool pty_wait(struct pty *pty, const char *text, double seconds);
void pty_forget(struct pty *pty);
void pty_idle(struct pty *pty, double seconds); // reads and throws away
double pty_cpu(const struct pty *pty);          // processor seconds the program has used
double pty_screen_cpu(const struct pty *pty);   // those of its first thread, which draws
double pty_memory(const struct pty *pty);       // bytes of its own that it holds in memory (files that are mapped: not)
int pty_close(struct pty *pty);                 // asks it to end (SIGTERM) and waits: its wait status

#endif
