// What commands print on a terminal, made safe: names of files, columns and classes come from anywhere, and control
// characters, escapes and bidirectional controls among them become visible marks, as on the screen (views/text.h).
// Pipes and files get every byte as it is. The screen writes to its
// terminal by itself (views/term_output.h).
#ifndef APP_SAFE_OUTPUT_H
#define APP_SAFE_OUTPUT_H

// From now on stdout and stderr, each where it is a terminal. Where that cannot be they stay as they are. Once, before
// anything is printed.
void safe_output_begin(void);

#endif
