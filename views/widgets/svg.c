#include "views/widgets/svg.h"

#include <stdio.h>

#include "core/base/file.h"
#include "views/text.h"

void svg_begin(struct str *out, double width, double height) {
    str_format(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
               "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
               width, height, width, height);
}

void svg_end(struct str *out) {
    str_add(out, "</svg>\n");
}

void svg_escaped(struct str *out, const char *text) {
    char safe[512];
    text_cut(text, 200, false, safe, sizeof safe);
    for (const char *at = safe; *at; at++) {
        if (*at == '<')
            str_add(out, "&lt;");
        else if (*at == '>')
            str_add(out, "&gt;");
        else if (*at == '&')
            str_add(out, "&amp;");
        else if (*at == '"')
            str_add(out, "&quot;");
        else
            str_add_char(out, *at);
    }
}

void svg_color(struct str *out, color of) {
    struct pen pen = theme_resolve(theme_find("light"), DEPTH_TRUE, (struct style){.fg = of});
    bool known = pen.fg & COLOR_IS_RGB && pen.fg != PEN_DEFAULT;
    str_format(out, "#%06x", known ? pen.fg & 0xFFFFFFu : 0);
}

enum status svg_save(const struct str *out, const char *path, struct error *error) {
    struct file_writer writer = {0};
    if (out->failed)
        return error_memory(error, "a picture as a file", out->length);
    enum status status = file_create(&writer, path, error);
    if (status)
        return status;
    file_write(&writer, str_text(out), out->length);
    return file_commit(&writer, error);
}
