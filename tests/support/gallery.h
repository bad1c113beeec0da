// Pages that show every widget with fixed made-up data: golden screens and the demo program draw the same ones.
#ifndef TESTS_SUPPORT_GALLERY_H
#define TESTS_SUPPORT_GALLERY_H

#include "views/canvas.h"
#include "views/request.h"
#include "views/widgets/tabs.h"

#define GALLERY_PAGES 5

const char *gallery_name(int page);
void gallery_draw(struct canvas *canvas, struct rect area, int page);

#endif
