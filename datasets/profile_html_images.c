// The page of an image set: classes, channels.
#include "core/base/mem.h"
#include "datasets/profile_html.h"

static enum status classes(struct page *page, struct error *error) {
    const struct image_set *images = page->dataset->images;
    const char **names = mem_alloc(images->classes + 1, sizeof *names);
    if (names == NULL)
        return error_memory(error, "the profile as a page", images->classes * sizeof *names);
    for (size_t i = 0; i < images->classes; i++)
        names[i] = images->class_names[i];
    str_add(page->out, "<h2>Classes</h2>\n<section class=\"card\">\n");
    html_bars(page->out, names, page->profile->images->class_counts, images->classes, images->count);
    str_add(page->out, "</section>\n");
    mem_free(names);
    return STATUS_OK;
}

static void channels(struct page *page) {
    static const char *const inks[] = {"red", "green", "blue", ""};
    const struct image_set *images = page->dataset->images;
    const struct image_profile *profile = page->profile->images;
    struct str *out = page->out;
    bool gray = images->channels < 3;
    str_add(out, "<h2>Channels</h2>\n<div class=\"cards\">\n");
    for (size_t i = 0; i < images->channels && i < 4; i++) {
        const char *name = gray ? "gray" : i == 3 ? "alpha" : inks[i];
        str_format(out, "<section class=\"card\"><h3>%s</h3>\n<p>mean ", name);
        html_decimal(out, profile->mean[i], 4);
        str_add(out, ", sd ");
        html_decimal(out, profile->sd[i], 4);
        str_add(out, " <span class=\"dim\">(of v/255)</span></p>\n");
        html_histogram(out, profile->histogram[i], 256, 0, 256, gray ? "" : inks[i]);
        str_add(out, "<div class=\"ends\"><span>0</span><span>255</span></div></section>\n");
    }
    str_add(out, "</div>\n");
}

enum status html_images(struct page *page, struct error *error) {
    enum status status = classes(page, error);
    channels(page);
    return status;
}
