// What the files of the store share: the columns that several tables' rows have in common, and the
// locks that tell a living run from one whose process is gone. Private to core/store.
#ifndef CORE_STORE_STORE_PRIVATE_H
#define CORE_STORE_STORE_PRIVATE_H

#include "core/store/sql.h"
#include "core/store/store.h"

#define EPOCH_COLUMNS                                                                                                 \
    "epoch, step, samples, seconds, lr, batch, train_loss, train_accuracy, train_rmse, val_loss, val_accuracy, "      \
    "val_rmse, samples_per_s"
void epoch_bind(struct query *query, const struct epoch_row *row); // in the order of EPOCH_COLUMNS
void epoch_read(struct query *query, struct epoch_row *row);
// role: each | final | best. event 0 = none.
enum status epoch_insert(struct store *store, int64_t run, int64_t event, const char *role,
                         const struct epoch_row *row, struct error *error);

void run_folder(const struct store *store, int64_t run, char *out, size_t size); // FOLDER/N

// A lock on FOLDER/N/alive, held by the process that trains run N and dropped by the system when it
// dies. Taking it makes the folder.
enum status lock_take(struct store *store, int64_t run, struct error *error);
void lock_drop(struct store *store, int64_t run);
// The same for the file `path` on behalf of `key`, a number that no run has: lock_drop(store, key) releases it.
enum status lock_file(struct store *store, const char *path, int64_t key, struct error *error);
bool lock_is_held(const struct store *store, int64_t run); // by any process, this one included

// Inside the transaction that adds the run.
enum status experiment_fill_slot(struct store *store, const struct run_record *run, struct error *error);

// Marks runs as stopped (or failed, when they left no checkpoint) that a crash left alive.
enum status store_recover(struct store *store, struct error *error);

#endif
