// Choosing what to open: what was opened lately, the shipped samples, the folder the program was started in, or a typed path.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "datasets/recent.h"
#include "views/data_parts.h"

static void add_path(struct open_list *list, const char *path, const char *note) {
    if (list->count == OPEN_ENTRIES)
        return;
    bool is_folder = file_is_folder(path);
    snprintf(list->entries[list->count].path, sizeof list->entries[0].path, "%s", path);
    snprintf(list->entries[list->count].name, sizeof list->entries[0].name, "%.250s%s", path_base(path),
             is_folder ? "/" : "");
    if (is_folder || note)
        snprintf(list->entries[list->count].note, sizeof list->entries[0].note, "%s", note ? note : "folder");
    else
        text_bytes((double)file_size(path), NUMBER_SCREEN, list->entries[list->count].note);
    list->count++;
}

static void add_entry(struct open_list *list, const char *folder, const char *name, const char *note) {
    char path[sizeof list->entries[0].path];
    if (strlen(folder) + strlen(name) + 2 > sizeof path)
        return;
    snprintf(path, sizeof path, "%.1000s/%.255s", folder, name);
    add_path(list, path, note);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_folder(struct open_list *list, const char *folder, const char *note) {
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, by_name);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        bool sample = !note || text_ends(name, ".csv") || !strchr(name, '.');
        if (name[0] != '.' && sample)
            add_entry(list, folder, name, note);
        free(names[i]);
    }
    free(names);
}

static void item(void *data, size_t index, struct palette_item *out) {
    const struct open_list *list = data;
    out->text = list->entries[index].name;
    out->note = list->entries[index].note;
    out->help = list->entries[index].path;
}

static struct palette_model model_of(const struct open_list *list) {
    return (struct palette_model){.data = (void *)(uintptr_t)list, .count = list->count, .item = item};
}

static void fill(struct open_list *list, bool samples) {
    char folder[1024];
    struct recent recent;
    struct error error;
    list->count = 0;
    recent_read(&recent);
    for (size_t i = 0; samples && i < recent.count; i++)
        add_path(list, recent.paths[i], "opened lately");
    add_entry(list, list->folder, "..", "up");
    add_entry(list, list->folder, ".", "this folder: an image set, or tables as one");
    if (samples && samples_folder(folder, sizeof folder, &error) == STATUS_OK)
        add_folder(list, folder, "sample");
    add_folder(list, list->folder, NULL);
    struct palette_model model = model_of(list);
    list->palette = (struct palette_state){0};
    palette_open(&list->palette, &model);
}

void open_begin(struct open_list *list) {
    if (!getcwd(list->folder, sizeof list->folder))
        snprintf(list->folder, sizeof list->folder, "/");
    list->shown = true;
    fill(list, true);
}

// A folder is entered, unless it holds an image set: then it is what to open.
static bool holds_images(const char *folder) {
    static const char *const signs[] = {"test_batch.bin", "data_batch_1.bin", "train.bin", "train-images-idx3-ubyte",
                                        "train-images-idx3-ubyte.gz"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct str path = {0};
        path_join(&path, folder, signs[i]);
        bool there = file_exists(str_text(&path));
        str_free(&path);
        if (there)
            return true;
    }
    return false;
}

void open_event(struct open_list *list, const struct input_event *event, const char **path) {
    struct palette_model model = model_of(list);
    enum palette_result result = palette_event(&list->palette, &model, event);
    *path = NULL;
    if (result == PALETTE_CANCEL)
        list->shown = false;
    if (result != PALETTE_ACCEPT)
        return;
    size_t choice = palette_choice(&list->palette, &model);
    const char *typed = list->palette.prompt.text;
    const char *chosen = strchr(typed, '/') || choice >= list->count ? typed : list->entries[choice].path;
    bool whole = chosen != typed && text_equal(list->entries[choice].name, "./");
    if (file_is_folder(chosen) && !whole && !holds_images(chosen)) {
        char real[4096];
        if (realpath(chosen, real) && strlen(real) < sizeof list->folder)
            snprintf(list->folder, sizeof list->folder, "%.1023s", real);
        fill(list, false);
        return;
    }
    list->shown = false;
    *path = chosen;
}

void open_draw(const struct open_list *list, struct canvas *canvas, struct rect area) {
    char title[1100];
    struct palette_model model = model_of(list);
    snprintf(title, sizeof title, "open: choose, or type a path (%s)", list->folder);
    palette_draw(canvas, rect_center(area, 90, area.height < 24 ? area.height : 24), title, &model, &list->palette);
}
