// The bar of views: " 1 Data   2 Prepare  ▌5 Train▐ ". Stateless. When the room is short the tabs stand side by side,
// and when it is shorter still, titles of inactive ones shrink to their digit.
#ifndef VIEWS_WIDGETS_TABS_H
#define VIEWS_WIDGETS_TABS_H

#include "views/canvas.h"

#define TABS_MOST 16

struct tab {
    const char *title;
    char key; // drawn before the title; 0 = none
};

// Returns the columns used.
int tabs_draw(struct canvas *canvas, struct rect row, const struct tab *tabs, size_t count, size_t active);
// The tab under column x, or `count` when there is none.
size_t tabs_hit(struct rect row, const struct tab *tabs, size_t count, size_t active, int x);

#endif
