// Generated image sets for tests: ten classes of drawn shapes (position, size, colors and noise vary)
// in the exact CIFAR-10 binary layout or as an IDX pair. The same seed gives the same bytes. All
// functions return false when a file cannot be written; nothing stays allocated.
#ifndef TESTS_SUPPORT_CIFAR_MAKER_H
#define TESTS_SUPPORT_CIFAR_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHAPE_CLASSES = 10, SHAPE_SIDE = 32, SHAPE_PIXELS = 3 * 32 * 32, SHAPE_IDX_SIDE = 28 };
extern const char *const shape_names[SHAPE_CLASSES];

unsigned shape_label(uint64_t seed, uint64_t index); // 0 … 9, uniform
// Image `index` of the stream `seed`, [3][side][side].
void shape_draw(uint64_t seed, uint64_t index, size_t side, uint8_t *pixels);

// Records first … first+count-1 of the stream as one CIFAR-10 file.
bool cifar_write_file(const char *path, uint64_t seed, uint64_t first, size_t count);
// data_batch_1.bin … data_batch_N.bin, test_batch.bin (none when test is 0) and batches.meta.txt. The
// folder must be there. Records are numbered through: the test part follows the last training file.
bool cifar_write_folder(const char *folder, uint64_t seed, size_t files, size_t per_file, size_t test);
// FOLDER/PART-images-idx3-ubyte and FOLDER/PART-labels-idx1-ubyte (.gz when packed), 28×28, the red plane.
bool idx_write_pair(const char *folder, const char *part, uint64_t seed, uint64_t first, size_t count, bool packed);

#endif
