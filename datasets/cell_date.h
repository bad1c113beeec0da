// Dates in cells. Seconds since 1970-01-01 UTC in the proleptic Gregorian calendar; a time without zone
// counts as UTC. Any thread.
#ifndef DATASETS_CELL_DATE_H
#define DATASETS_CELL_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Ways to write a date, as bit numbers. After each may stand "T", "," or blanks and a time HH:MM[:SS[.fraction]],
// AM or PM, and a zone: Z, UTC, GMT or ±HH[[:]MM]; before it a day of the week.
enum date_way {
    DATE_YMD_DASH,  // 2020-01-31: ISO 8601
    DATE_YMD_SLASH, // 2020/01/31
    DATE_YMD_POINT, // 2020.01.31
    DATE_YMD,       // 20200131, years 1900 … 2099
    DATE_DMY_SLASH, // 31/01/2020, 31/1/20
    DATE_MDY_SLASH, // 01/31/2020
    DATE_DMY_DASH,  // 31-01-2020
    DATE_MDY_DASH,  // 01-31-2020
    DATE_DMY_POINT, // 31.01.2020
    DATE_D_MONTH_Y, // 31 Jan 2020, 31-Jan-20, 31 January 2020
    DATE_MONTH_D_Y, // Jan 31, 2020
    DATE_WAYS
};
#define DATE_WAYS_ALL ((1u << DATE_WAYS) - 1)
#define DATE_WAYS_DAY_FIRST (1u << DATE_DMY_SLASH | 1u << DATE_DMY_DASH)
#define DATE_WAYS_MONTH_FIRST (1u << DATE_MDY_SLASH | 1u << DATE_MDY_DASH)

enum date_seen {              // bits
    DATE_SEEN_SHORT_YEAR = 1, // two digits: 69 … 99 are 19xx, 00 … 68 are 20xx (POSIX strptime)
    DATE_SEEN_TIME = 2,
    DATE_SEEN_ZONE = 4,
};

// ISO 8601 alone: YYYY-MM-DD, with "T" or a blank HH:MM[:SS[.fraction]] and Z or an offset ±HH[:MM] after it.
// Blanks around the text are passed over.
bool cell_date(const char *text, size_t length, double *seconds);
// The two commonest lengths of the same, "YYYY-MM-DD" and "YYYY-MM-DD HH:MM:SS"; false: not by me, ask cell_date.
bool cell_date_fast(const char *text, size_t length, double *seconds);
// A date written in one given way.
bool cell_date_as(const char *text, size_t length, enum date_way way, double *seconds);
// The ways (bits) in which the cell is a date, 0 = none; *seen in enum date_seen.
unsigned cell_date_ways(const char *text, size_t length, unsigned *seen);
const char *date_way_example(enum date_way way); // "31/01/2020"
// Days since 1970-01-01 of a day, and the day of so many days.
int64_t date_days(int64_t year, int month, int day);
void date_civil(int64_t days, int64_t *year, int *month, int *day);
// Whether 8 digits are a day of the years 1900 … 2099.
bool cell_date_digits(unsigned digits);

#endif
