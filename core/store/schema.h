// The layout of the run store. Entry i of the list takes a store from version i to i + 1 (SQLite's
// user_version); entries are only ever added, never changed.
#ifndef CORE_STORE_SCHEMA_H
#define CORE_STORE_SCHEMA_H

static const char *const schema_migrations[] = {
    // version 1
    "CREATE TABLE run (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"  // never used twice: the folder carries it
    "  parent INTEGER REFERENCES run(id) ON DELETE SET NULL,\n"
    "  started REAL NOT NULL, ended REAL NOT NULL,\n" // seconds since 1970; 0 while it lives
    "  state TEXT NOT NULL, name TEXT NOT NULL, data_path TEXT NOT NULL,\n"
    "  model TEXT NOT NULL, device TEXT NOT NULL, precision TEXT NOT NULL,\n"
    "  steps INTEGER NOT NULL, samples INTEGER NOT NULL, epochs INTEGER NOT NULL, seconds REAL NOT NULL,\n"
    "  classify INTEGER NOT NULL,\n"
    "  train_rows INTEGER NOT NULL, validation_rows INTEGER NOT NULL, test_rows INTEGER NOT NULL,\n"
    "  checkpoint TEXT NOT NULL, note TEXT NOT NULL,\n"
    "  recipe TEXT, encoding TEXT);\n" // JSON

    "CREATE TABLE parameter (\n" // as the run was started; later changes are events
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  name TEXT NOT NULL, value TEXT NOT NULL,\n"
    "  PRIMARY KEY (run, name)) WITHOUT ROWID;\n"

    "CREATE TABLE event (\n"
    "  id INTEGER PRIMARY KEY,\n" // in order
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  kind TEXT NOT NULL, wall REAL NOT NULL, step INTEGER NOT NULL,\n"
    "  name TEXT, before TEXT, after TEXT,\n" // a change
    "  text TEXT);\n"                         // a state's name, a path, a mark, a sentence
    "CREATE INDEX event_run ON event(run);\n"

    "CREATE TABLE started (\n" // what a run runs on: more about its events of the kinds started and rows
    "  event INTEGER PRIMARY KEY REFERENCES event(id) ON DELETE CASCADE,\n"
    "  backend TEXT, device TEXT, detail TEXT, precision TEXT, threads INTEGER, bytes INTEGER,\n"
    "  train_rows INTEGER, validation_rows INTEGER, test_rows INTEGER, steps_total INTEGER);\n"

    "CREATE TABLE epoch (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  event INTEGER REFERENCES event(id) ON DELETE CASCADE,\n" // NULL for final and best
    "  role TEXT NOT NULL,\n"                                   // each | final | best
    "  epoch INTEGER, step INTEGER, samples INTEGER, seconds REAL, lr REAL, batch INTEGER,\n"
    "  train_loss REAL, train_accuracy REAL, train_rmse REAL,\n" // NULL where not meant
    "  val_loss REAL, val_accuracy REAL, val_rmse REAL, samples_per_s REAL);\n"
    "CREATE INDEX epoch_run ON epoch(run, role);\n"
    "CREATE INDEX epoch_event ON epoch(event);\n"

    // Per-step metrics in blocks, one a drain: a row a step would be most of the file. Little-endian
    // records of 56 bytes: u64 step, u64 samples, f64 epoch, f64 seconds, f32 lr, loss, accuracy or
    // rmse, gradient norm, update ratio, u32 batch.
    "CREATE TABLE metrics (\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  first_step INTEGER NOT NULL, last_step INTEGER NOT NULL, records INTEGER NOT NULL, data BLOB NOT NULL);\n"
    "CREATE INDEX metrics_run ON metrics(run);\n",

    // version 2: races and sweeps. A slot is one place of the plan; the run that fills it now is its only one.
    "CREATE TABLE experiment (\n"
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  kind TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL,\n"
    "  state TEXT NOT NULL,\n"  // open | done | stopped
    "  plan TEXT NOT NULL);\n"  // JSON
    "CREATE TABLE experiment_run (\n"
    "  experiment INTEGER NOT NULL REFERENCES experiment(id) ON DELETE CASCADE,\n"
    "  slot INTEGER NOT NULL,\n"
    "  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,\n"
    "  outcome TEXT,\n" // NULL until it is known; done | failed
    "  PRIMARY KEY (experiment, slot)) WITHOUT ROWID;\n"
    "CREATE UNIQUE INDEX experiment_run_run ON experiment_run(run);\n",
};

#define SCHEMA_VERSION ((int)(sizeof schema_migrations / sizeof schema_migrations[0]))

#endif
