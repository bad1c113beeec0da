// The hyper-parameters of a run: one row each, in the order of the form and of --help.
// A new one: a field in struct train_params (core/params.h) and a row here.
#include "core/params.h"

#define PARAM(field) .name = #field, .offset = offsetof(struct train_params, field)

// clang-format off
static const struct param rows[] = {
    // data
    {PARAM(target), .label = "target", .group = "data", .type = PARAM_TEXT, .fallback = "",
     .help = "column to predict; empty: the file's own, else the last one"},
    {PARAM(recipe), .label = "recipe", .group = "data", .type = PARAM_TEXT, .fallback = "auto",
     .help = "preparation of the data: auto (suggested steps), none (only what the model needs), or a JSON file"},
    {PARAM(validation), .label = "validation share", .group = "data", .type = PARAM_REAL, .fallback = "0.2",
     .low = 0, .high = 1, .high_open = true, .step = 0.05,
     .help = "share of the rows kept aside to measure progress on"},
    {PARAM(test), .label = "test share", .group = "data", .type = PARAM_REAL, .fallback = "0",
     .low = 0, .high = 1, .high_open = true, .step = 0.05,
     .help = "share of the rows kept aside for the final measurement"},
    {PARAM(split), .label = "split", .group = "data", .type = PARAM_CHOICE, .fallback = "auto",
     .choices = "auto|given|stratified|random|ordered",
     .help = "which rows are kept aside; auto: the data's own test part, else equal shares of classes, else random"},

    // model
    {PARAM(model), .label = "model", .group = "model", .type = PARAM_CHOICE, .fallback = "auto",
     .choices = "auto|linear|mlp|lenet5",
     .help = "architecture; auto: mlp for tables, lenet5 for images"},
    {PARAM(hidden), .label = "hidden widths", .group = "model", .type = PARAM_WIDTHS, .fallback = "64,64",
     .low = 1, .high = 65536,
     .help = "units of each hidden layer of the mlp"},
    {PARAM(activation), .label = "activation", .group = "model", .type = PARAM_CHOICE, .fallback = "relu",
     .choices = "relu|tanh|sigmoid",
     .help = "function after each hidden layer"},
    {PARAM(dropout), .label = "dropout", .group = "model", .type = PARAM_REAL, .fallback = "0",
     .low = 0, .high = 1, .high_open = true, .step = 0.1,
     .help = "share of hidden units silenced at random in every step"},

    // training
    {PARAM(loss), .label = "loss", .group = "training", .type = PARAM_CHOICE, .fallback = "auto",
     .choices = "auto|cross_entropy|squared",
     .help = "what training makes small; auto: cross entropy for classes, squared error for numbers"},
    {PARAM(optimizer), .label = "optimizer", .group = "training", .type = PARAM_CHOICE, .fallback = "sgd",
     .choices = "sgd",
     .help = "rule that turns gradients into steps"},
    {PARAM(lr), .label = "learning rate", .group = "training", .type = PARAM_REAL, .fallback = "0.05",
     .low = 0, .low_open = true, .high = 100, .log_scale = true, .step = 2, .live = true,
     .help = "size of a step along the gradient"},
    {PARAM(momentum), .label = "momentum", .group = "training", .type = PARAM_REAL, .fallback = "0.9",
     .low = 0, .high = 1, .high_open = true, .step = 0.05, .live = true,
     .help = "how much of the last step goes on into the next"},
    {PARAM(nesterov), .label = "Nesterov", .group = "training", .type = PARAM_SWITCH, .fallback = "no",
     .live = true,
     .help = "look ahead along the momentum"},
    {PARAM(weight_decay), .label = "weight decay", .group = "training", .type = PARAM_REAL, .fallback = "0.003",
     .low = 0, .high = 10, .step = 0.0001, .live = true,
     .help = "pull of the weights towards 0, added to the gradient"},
    {PARAM(label_smoothing), .label = "label smoothing", .group = "training", .type = PARAM_REAL, .fallback = "0",
     .low = 0, .high = 1, .high_open = true, .step = 0.05, .live = true,
     .help = "share of the target spread evenly over all classes"},
    {PARAM(batch), .label = "batch size", .group = "training", .type = PARAM_INTEGER, .fallback = "32",
     .low = 1, .high = 1000000, .unit = "rows", .log_scale = true, .step = 2, .live = true,
     .help = "rows averaged into one step"},
    {PARAM(drop_last), .label = "drop last batch", .group = "training", .type = PARAM_SWITCH, .fallback = "no",
     .help = "leave out the last batch of an epoch when it is short"},
    {PARAM(epochs), .label = "epochs", .group = "training", .type = PARAM_INTEGER, .fallback = "20",
     .low = 1, .high = 1000000, .step = 5, .live = true,
     .help = "how often every training row is visited"},
    {PARAM(schedule), .label = "schedule", .group = "training", .type = PARAM_CHOICE, .fallback = "constant",
     .choices = "constant|step|cosine|one_cycle|triangle|polynomial",
     .help = "how the learning rate changes over the run"},
    {PARAM(warmup), .label = "warm-up", .group = "training", .type = PARAM_REAL, .fallback = "0",
     .low = 0, .high = 1000, .unit = "epochs", .step = 0.5,
     .help = "epochs over which the learning rate rises from 0 to its value"},
    {PARAM(crop_padding), .label = "crop padding", .group = "training", .type = PARAM_INTEGER, .fallback = "0",
     .low = 0, .high = 64, .unit = "pixels", .step = 1, .live = true,
     .help = "images: cropped at random after padding by so many pixels"},
    {PARAM(flip), .label = "flip", .group = "training", .type = PARAM_SWITCH, .fallback = "no", .live = true,
     .help = "images: mirrored left to right at random"},
    {PARAM(seed), .label = "seed", .group = "training", .type = PARAM_INTEGER, .fallback = "1",
     .low = 0, .high = 9007199254740991, .step = 1,
     .help = "start of all random numbers; the same seed repeats a run bit for bit"},

    // device
    {PARAM(device), .label = "device", .group = "device", .type = PARAM_CHOICE, .fallback = "auto",
     .choices = "auto|cpu|cuda|ref",
     .help = "where to compute; auto: the GPU where there is one, else the CPU"},
    {PARAM(threads), .label = "threads", .group = "device", .type = PARAM_INTEGER, .fallback = "0",
     .low = 0, .high = 1024, .step = 1,
     .help = "CPU threads; 0: chosen by the size of the model"},
    {PARAM(precision), .label = "precision", .group = "device", .type = PARAM_CHOICE, .fallback = "f32",
     .choices = "f32",
     .help = "numbers the model computes with"},
    {PARAM(pace), .label = "pace", .group = "device", .type = PARAM_REAL, .fallback = "0",
     .low = 0, .high = 1000000, .unit = "steps/s", .live = true, .log_scale = true, .step = 2,
     .help = "at most so many steps a second, to watch a small run; 0: full speed"},

    // output
    {PARAM(checkpoint_every), .label = "checkpoint every", .group = "output", .type = PARAM_REAL, .fallback = "0",
     .low = 0, .high = 1000000, .unit = "epochs", .step = 1,
     .help = "epochs between checkpoints; 0: only at the end and when stopped"},
};
// clang-format on

const struct param_table train_table = {
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .struct_size = sizeof(struct train_params),
};
