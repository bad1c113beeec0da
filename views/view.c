#include "views/view.h"

#include <stdio.h>

enum view_result view_acted(const struct view_context *context, enum status status) {
    context->wish->failed = status != STATUS_OK;
    return VIEW_REDRAW;
}

enum view_result view_say(const struct view_context *context, const char *sentence) {
    snprintf(context->wish->message, sizeof context->wish->message, "%s", sentence);
    return VIEW_REDRAW;
}
