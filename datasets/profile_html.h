// Between the files that write the profile as one HTML page. Nothing here is for others. The page is well-formed XML
// too (every element is closed, every text escaped), has no script and refers to nothing outside itself.
#ifndef DATASETS_PROFILE_HTML_H
#define DATASETS_PROFILE_HTML_H

#include "datasets/profile.h"

struct page {
    struct str *out;
    const struct dataset *dataset;
    const struct profile *profile;
};

void html_text(struct str *out, const char *text);               // escaped; what no page may hold is U+FFFD
void html_cut(struct str *out, const char *text, size_t most);   // the same, at most so many characters, then "…"
void html_number(struct str *out, double value);                 // 6 digits; "–" when undefined
void html_integer(struct str *out, uint64_t value);              // thousands apart
void html_decimal(struct str *out, double value, int digits);    // for coordinates
const char *html_name(const struct page *page, uint32_t column); // not escaped
void html_bars(struct str *out, const char *const *names, const uint64_t *counts, size_t count, uint64_t whole);
void html_histogram(struct str *out, const uint64_t *bins, size_t count, double low, double high, const char *ink);
// Planes of bytes, red, green, blue or one of gray.
enum status html_picture(struct str *out, const uint8_t *planes, size_t channels, size_t height, size_t width,
                         const char *name, struct error *error);

void html_columns(struct page *page);                            // profile_html_columns.c
void html_relations(struct page *page);                          // profile_html_relations.c
enum status html_images(struct page *page, struct error *error); // profile_html_images.c

#endif
