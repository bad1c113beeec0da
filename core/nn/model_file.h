// A model written as a text file: one layer a line, its settings behind its name, # begins a comment.
//
//     conv FILTERS KxK [stride N] [padding N] [groups N] [no-bias] [start he|dirac]
//     dense OUTPUTS [no-bias]            OUTPUTS: a number, or `outputs` for what the data need
//     max_pool K [stride N] [padding N]  average_pool K [stride N] [padding N]
//     global_average_pool · global_max_pool
//     batch_norm [epsilon X] [momentum X] [fixed-scale] · layer_norm
//     embedding [width N]                first of all: numbers pass, columns of indices become rows of tables
//     relu · tanh · sigmoid · gelu · silu · dropout P · scale X · flatten
//     residual … end                     adds what goes in to what comes out of the lines between
//     residual … shortcut … end          what goes in takes the second way; blocks may lie in blocks
//
// A window is K or HxW, a stride or padding N or HxW.
#ifndef CORE_NN_MODEL_FILE_H
#define CORE_NN_MODEL_FILE_H

#include "core/nn/model.h"

// Adds the layers of `text` to an empty model whose sample and outputs are set. `name` stands in
// errors: "net.txt line 3, column 8: …".
enum status model_parse(struct model *model, const char *name, const char *text, struct error *error);
// The same of the file at `path`.
enum status model_read(struct model *model, const char *path, struct error *error);
bool model_file_embeds(const char *path); // has a line `embedding`; false where it cannot be read

#endif
