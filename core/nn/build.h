// Short ways to add the layers that architectures are made of. Each appends one layer that reads the
// last one and refuses as model_add does. Internal to core/nn.
#ifndef CORE_NN_BUILD_H
#define CORE_NN_BUILD_H

#include "core/nn/model.h"

enum status append(struct model *model, struct layer layer, struct error *error);
enum status append_flatten(struct model *model, struct error *error); // nothing where samples are flat already
enum status append_dense(struct model *model, int64_t outputs, struct error *error);
enum status append_activation(struct model *model, enum activation activation, struct error *error);
// Square windows; no bias: a batch norm follows.
enum status append_convolution(struct model *model, int64_t filters, int kernel, int stride, int padding,
                               enum start start, bool bias, struct error *error);
enum status append_pool(struct model *model, enum pooling kind, int window, int stride, int padding,
                        struct error *error);
enum status append_batch_norm(struct model *model, struct error *error);
// A hidden dense layer of params: product, batch norm where asked for, activation, dropout where asked for.
enum status append_hidden(struct model *model, int64_t width, const struct train_params *params, struct error *error);
enum status append_activation_named(struct model *model, const char *name, struct error *error);

// Hidden layers of params and the last one, on whatever stands before.
enum status append_mlp(struct model *model, const struct train_params *params, struct error *error);
// In front of all others: numbers pass, every column of indices gets a table `width` wide, 0: by embedding_width. Refuses
// data without such columns.
enum status append_embeddings(struct model *model, int64_t width, struct error *error);
// Usual width of a table of so many rows: min(600, 1.6·rows^0.56), rounded (Howard & Gugger 2020, fastai's
// emb_sz_rule; the row of what is missing counts).
int64_t embedding_width(int64_t rows);

// Architectures that are not in models.c.
typedef enum status build_function(struct model *model, const struct train_params *params, struct error *error);
build_function build_mlp_embedding, build_vgg, build_resnet18, build_resnet18_imagenet, build_resnet20, build_fastnet;
bool fits_images(struct shape sample);   // at least 8×8
bool fits_imagenet(struct shape sample); // at least 32×32
bool fits_fastnet(struct shape sample);  // at least 31×31: three halvings, then windows of 3

#endif
