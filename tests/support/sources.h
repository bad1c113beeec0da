// Small data sets made on the spot, for tests of everything behind a batch source. Each function
// returns a source with one reference, given back with source_release; it aborts when memory runs
// out. The arrays may be written to before anybody else has the source.
#ifndef TESTS_SUPPORT_SOURCES_H
#define TESTS_SUPPORT_SOURCES_H

#include "core/train/source.h"

// A repeatable number in [0, 1) with 24 random bits, exact in float; tests/fixtures/make_train.py
// computes the same ones, so that neither side needs files of weights or rows.
double fixture_unit(uint32_t salt, uint32_t index);

// A source for training whose row i, as the fixtures count them, lies where the sampler goes i-th; `fill` writes the
// rows: the fixture's row i to order[i].
struct source *fixture_source(size_t rows, struct shape sample, size_t classes, uint64_t seed,
                              void (*fill)(struct source *source, const uint32_t *order));
void fixture_pictures(struct source *source, const uint32_t *order); // for fixture_source: pixels and labels by chance

// Zeros: every row in the training part, labels 0 or targets 0, target mean 0 and sd 1, pixel mean 0
// and sd 1. classes 0: regression.
struct source *source_zeros(size_t rows, struct shape sample, enum dtype dtype, size_t classes);
float *source_numbers(struct source *source);  // features of a DTYPE_F32 source, to write to
uint8_t *source_pixels(struct source *source); // of a DTYPE_U8 one
int32_t *source_labels(struct source *source);
float *source_targets(struct source *source);
// Every `every`-th row goes to `part` instead of training. Renews the fingerprint.
void source_split(struct source *source, size_t every, enum part part);

// A column of a table becomes indices below `count`, made of what is in it; columns behind it have to follow.
void source_index(struct source *source, size_t column, uint32_t count);
void source_store(struct source *source); // features go to a file, as those of a table larger than memory

struct source *source_noise(size_t rows, size_t features, size_t classes, uint64_t seed); // normal, random labels
// Normal clouds of sd 1 around one center per class, `distance` apart; a fifth is for validation.
struct source *source_blobs(size_t rows, size_t features, size_t classes, double distance, uint64_t seed);
// target = 3 + Σ w x + noise·N(0, 1), standardized; a fifth is for validation.
struct source *source_plane(size_t rows, size_t features, double noise, uint64_t seed);
// 8-bit noise with a bright bar whose place tells the class; a fifth is for validation.
struct source *source_bars(size_t rows, int64_t channels, int64_t side, size_t classes, uint64_t seed);

#endif
