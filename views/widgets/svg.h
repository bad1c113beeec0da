// What pictures in files share: the <svg> around them, text from data made harmless, colors, and the file.
#ifndef VIEWS_WIDGETS_SVG_H
#define VIEWS_WIDGETS_SVG_H

#include "core/base/status.h"
#include "core/base/str.h"
#include "views/theme.h"

void svg_begin(struct str *out, double width, double height); // pixels; white ground
void svg_end(struct str *out);
// Control characters and the like become visible marks; at most 200 columns.
void svg_escaped(struct str *out, const char *text);
void svg_color(struct str *out, color of); // "#rrggbb"; inks as the light theme has them
// Atomic; out->failed is an error too.
enum status svg_save(const struct str *out, const char *path, struct error *error);

#endif
