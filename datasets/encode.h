// What source_make and source_encode share: an empty source that owns all it points to, its rows and
// parts. Private to datasets/encode*.c.
#ifndef DATASETS_ENCODE_H
#define DATASETS_ENCODE_H

#include "datasets/pipeline.h"

// One reference; target_sd 1, pixel_sd 1. Everything it gets is released by source_release. NULL: no memory.
struct source *source_begin(struct error *error);
// The columns of `table` that are indices, as source->categories; NULL with STATUS_OK where none is.
enum status categories_of(const struct table *table, const int *picked, size_t columns, uint32_t **categories,
                          struct error *error);
// Copies of names; NULL: no memory.
char **names_copy(char *const *names, size_t count, struct error *error);
void names_free(char **names, size_t count);
// Rows `kept` of the table become [rows][columns] f32 of its columns `picked`. A hole or an infinity that
// is left is an error with its column, line and the step that mends it.
enum status source_fill(struct source *source, const struct table *table, const uint32_t *kept, size_t rows,
                        const int *picked, size_t columns, struct error *error);
// The columns of `table` that are the encoding's features: picked[encoding->features].
enum status encoding_pick(const struct encoding *encoding, const struct table *table, int *picked, struct error *error);
// The target of all rows, whether kept or not: label −1 or NaN where it is unknown. The array that the task does not
// need may be NULL.
enum status encoding_target(const struct encoding *encoding, const struct table *table, int32_t *labels,
                            float *targets, struct error *error);
// Task, target and classes of the encoding.
enum status encoding_give(const struct encoding *encoding, struct source *source, struct error *error);
enum status source_share_images(struct source *source, struct image_set *images, const struct prepared *prepared,
                                struct error *error);
// The parts: part_of[rows].
enum status source_parts(struct source *source, const uint8_t *part_of, struct error *error);
enum status source_seal(struct source *source, struct error *error); // the fingerprint

#endif
