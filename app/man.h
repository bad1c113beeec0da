// The manual page, from the tables of commands, flags, parameters and requests.
#ifndef APP_MAN_H
#define APP_MAN_H

#include <stdio.h>

void man_print(FILE *out);

#endif
