// The page of an image set: classes, their mean pictures, channels, equal pictures, the darkest and the brightest.
#include <stdio.h>

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

static size_t image_bytes(const struct image_set *images) {
    return images->channels * images->height * images->width;
}

static void caption(struct page *page, const char *name, const char *more) {
    str_add(page->out, "<figcaption>");
    html_cut(page->out, name, 24);
    str_add(page->out, more);
    str_add(page->out, "</figcaption></figure>\n");
}

static const char *class_of(const struct image_set *images, size_t index) {
    int32_t label = images->labels[index];
    return label >= 0 && (size_t)label < images->classes ? images->class_names[label] : "";
}

static enum status mean_pictures(struct page *page, struct error *error) {
    const struct image_set *images = page->dataset->images;
    const struct image_profile *profile = page->profile->images;
    size_t bytes = image_bytes(images);
    enum status status = STATUS_OK;
    if (profile->class_pictures == NULL)
        return STATUS_OK;
    str_add(page->out, "<h2>Mean image of each class</h2>\n<div class=\"pictures\">\n");
    for (size_t i = 0; i < images->classes && status == STATUS_OK; i++) {
        if (profile->class_counts[i] == 0)
            continue;
        str_add(page->out, "<figure>");
        status = html_picture(page->out, profile->class_pictures + i * bytes, images->channels, images->height,
                              images->width, images->class_names[i], error);
        caption(page, images->class_names[i], "");
    }
    str_add(page->out, "</div>\n");
    return status;
}

static enum status one_picture(struct page *page, size_t index, const char *more, struct error *error) {
    const struct image_set *images = page->dataset->images;
    str_add(page->out, "<figure>");
    enum status status = html_picture(page->out, images->pixels + index * image_bytes(images), images->channels,
                                      images->height, images->width, class_of(images, index), error);
    caption(page, class_of(images, index), more);
    return status;
}

static enum status ends(struct page *page, const char *title, const struct image_light *ends, struct error *error) {
    enum status status = STATUS_OK;
    str_format(page->out, "<h2>%s</h2>\n<div class=\"pictures\">\n", title);
    for (size_t i = 0; i < page->profile->images->end_count && status == STATUS_OK; i++) {
        char more[64];
        snprintf(more, sizeof more, "<br/>%u: %.3f", ends[i].image + 1, ends[i].mean);
        status = one_picture(page, ends[i].image, more, error);
    }
    str_add(page->out, "</div>\n");
    return status;
}

static enum status equals(struct page *page, struct error *error) {
    enum { SHOWN = 24 };
    const struct image_profile *profile = page->profile->images;
    enum status status = STATUS_OK;
    if (profile->pair_count == 0)
        return STATUS_OK;
    str_add(page->out, "<h2>Equal images</h2>\n<div class=\"pictures\">\n");
    for (size_t i = 0; i < profile->pair_count && i < SHOWN && status == STATUS_OK; i++) {
        const struct image_pair *pair = &profile->pairs[i];
        const char *other = class_of(page->dataset->images, pair->earlier);
        char more[64];
        bool same = text_equal(other, class_of(page->dataset->images, pair->image));
        snprintf(more, sizeof more, "<br/>%u = %u%s", pair->image + 1, pair->earlier + 1,
                 same ? "" : " (another class)");
        status = one_picture(page, pair->image, more, error);
    }
    str_add(page->out, "</div>\n");
    return status;
}

enum status html_images(struct page *page, struct error *error) {
    enum status status = classes(page, error);
    if (status == STATUS_OK)
        status = mean_pictures(page, error);
    channels(page);
    if (status == STATUS_OK)
        status = equals(page, error);
    if (status == STATUS_OK)
        status = ends(page, "Darkest", page->profile->images->darkest, error);
    return status != STATUS_OK ? status : ends(page, "Brightest", page->profile->images->brightest, error);
}
