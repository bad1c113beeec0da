// When the program crashes, says where on the real standard error, after the terminal is restored.
// Call crash_install before term_open.
#ifndef APP_CRASH_H
#define APP_CRASH_H

void crash_install(int stderr_fd); // a descriptor that stays the real standard error

#endif
