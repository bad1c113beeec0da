// Time. Seconds since an arbitrary start that never goes back (clock_now) and since 1970
// (clock_wall). Tests install a fake with clock_replace.
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

double clock_now(void);
double clock_wall(void);
void clock_replace(double (*now)(void), double (*wall)(void)); // NULL: the real one
// "0:38", "1:02:05", "12 ms": a short duration for people. `out` holds 16 bytes. Returns `out`.
char *clock_text(double seconds, char out[16]);

#endif
