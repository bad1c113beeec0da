// Models for tables whose categories have tables of numbers of their own.
#include <math.h>
#include <stdio.h>

#include "core/nn/build.h"

#define WIDTH_MOST 600

int64_t embedding_width(int64_t rows) {
    int64_t width = (int64_t)round(1.6 * pow((double)rows, 0.56));
    return width < WIDTH_MOST ? width : WIDTH_MOST;
}

// Bytes of `name` that fit, no character cut in two.
static int whole_characters(const char *name, int room) {
    int length = 0;
    while (length < room && name[length] != '\0') {
        length++;
    }
    while (name[length] != '\0' && length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

static enum status append_embedding(struct model *model, int64_t column, int64_t at, int64_t width,
                                    struct error *error) {
    struct layer layer = {.kind = &layer_embedding,
                          .input = (int)model->count - 1,
                          .other = -1,
                          .setting.embedding = {.column = column,
                                                .at = at,
                                                .rows = (int64_t)model->data->categories[column],
                                                .width = width}};
    const char *name = model->data->names != NULL ? model->data->names[column] : "";
    int room = (int)sizeof layer.setting.embedding.of - 1;
    snprintf(layer.setting.embedding.of, sizeof layer.setting.embedding.of, "%.*s", whole_characters(name, room), name);
    return model_add(model, layer, error);
}

enum status append_embeddings(struct model *model, int64_t asked, struct error *error) {
    const uint32_t *categories = model->data != NULL ? model->data->categories : NULL;
    int64_t columns = model->sample.rank == 1 ? model->sample.size[0] : 0, numbers = 0;
    while (categories != NULL && numbers < columns && categories[numbers] == 0) {
        numbers++;
    }
    if (categories == NULL || numbers == columns) {
        return error_set(error, STATUS_INVALID,
                         "no column of the data comes as an index of categories, so there is nothing to embed; lower "
                         "--embedding-from, add the step \"index\" to the recipe, or choose the model mlp");
    }
    int64_t width = numbers, at = numbers;
    for (int64_t i = numbers; i < columns; i++) {
        width += asked > 0 ? asked : embedding_width((int64_t)categories[i]);
    }
    struct layer first = {.kind = &layer_numbers, .setting.numbers = {.columns = numbers, .width = width}};
    enum status status = append(model, first, error);
    for (int64_t i = numbers; !status && i < columns; i++) {
        int64_t own = asked > 0 ? asked : embedding_width((int64_t)categories[i]);
        status = append_embedding(model, i, at, own, error);
        at += own;
    }
    return status;
}

enum status build_mlp_embedding(struct model *model, const struct train_params *params, struct error *error) {
    enum status status = append_embeddings(model, params->embedding_width, error);
    return status ? status : append_mlp(model, params, error);
}
