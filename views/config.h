// The person's own settings of the screen: $XDG_CONFIG_HOME/batchlab/config, one a line, '#' at the start of a line
// for notes:
//   theme = light
//   ascii = yes
//   mouse = no
//   pictures = no                 half blocks only, whatever the terminal offers
//   color training = #ff8800
//   key raise learning rate = + =
// Inks are those of theme.h, requests and keys those of the help page. Main thread only, before the screen opens.
#ifndef VIEWS_CONFIG_H
#define VIEWS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"

struct config {
    char theme[16]; // "" = not said
    bool ascii, no_mouse, no_pictures;
    size_t mistakes;             // all but the first are in the log; what they are about stays as it was
    char first[ERROR_TEXT_SIZE]; // "FILE:LINE: sentence" of the first
};

// Takes over what `text` says; `path` is for sentences.
void config_take(const char *path, const char *text, struct config *config);
// The same for the usual file; that there is none is no error.
enum status config_read(struct config *config, struct error *error);

#endif
