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
    COMMAND_MARK,       // a mark on the curves, with text
    COMMAND_ROLL_BACK,  // load the checkpoint `text` (a path) and stay paused; parameters go back too (EVENT_CHANGE)
    COMMAND_QUIT        // stop and end the thread
};

struct command {
    enum command_kind kind;
    char name[48];
    char text[1024];
};

#endif
