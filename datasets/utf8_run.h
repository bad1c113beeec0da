// Text that is UTF-8 as it stands, told many bytes at a time. Any thread.
#ifndef DATASETS_UTF8_RUN_H
#define DATASETS_UTF8_RUN_H

#include <stddef.h>

// How many bytes from the front are seen to be whole characters of UTF-8 (no surrogates, none beyond U+10FFFF, none
// longer than it has to be) and no NUL. It may be less than there are, by what a vector holds; 0 where the machine has
// no vectors for it.
size_t utf8_run(const unsigned char *bytes, size_t count);

#endif
