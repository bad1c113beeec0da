// The plots of a screen, kept instead of drawn, so that any of them can be written to a file: a canvas with a record
// (canvas->record) draws everything but its plots, which come here, named after the pane that they stand in.
#ifndef VIEWS_WIDGETS_PLOT_RECORD_H
#define VIEWS_WIDGETS_PLOT_RECORD_H

#include "views/widgets/plot_export.h"

enum { PLOT_RECORD_MOST = 8 };

struct plot_record { // zeroed = empty; owns copies of everything
    struct plot_panel panels[PLOT_RECORD_MOST];
    struct plot plots[PLOT_RECORD_MOST];
    size_t count;
    bool failed; // memory ran out
    bool full;   // there were more
};

// Plots without any point are left out. Series without a name are called after the pane.
void plot_record_add(struct plot_record *record, const char *title, const struct plot *plot);
void plot_record_free(struct plot_record *record);

#endif
