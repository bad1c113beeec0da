// What can be asked of the engine. Commands are small values, queued first in first out and looked
// at between two steps.
#ifndef CORE_ENGINE_COMMAND_H
#define CORE_ENGINE_COMMAND_H

#include "core/params.h"

enum command_kind {
    COMMAND_START,      // begin (or resume) the run that engine_start was given; sent by engine_start alone
    COMMAND_PAUSE,
    COMMAND_RESUME,
    COMMAND_STEP,       // one step, then paused
    COMMAND_STOP,       // save a checkpoint, end the run
    COMMAND_SET,        // name = text, from the next step on
    COMMAND_CHECKPOINT, // save now
    COMMAND_COPY,       // copy the model now: engine_copy takes it
    COMMAND_MARK,       // a mark on the curves, with text
    COMMAND_TELL,       // a warning that belongs to the run, with text
    COMMAND_ROWS,       // the rows of engine_change_source; sent by it alone
    COMMAND_ROLL_BACK,  // load the checkpoint `text` (a path) and stay paused; parameters go back too (EVENT_CHANGE)
    COMMAND_RANGE_TEST, // try learning rates out; the run is then as it was
    COMMAND_QUIT        // stop and end the thread
};

struct command {
    enum command_kind kind;
    char name[48];
    char text[1024];
};

#endif
