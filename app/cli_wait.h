// Waiting for a session on the command line, and being asked to stop meanwhile.
#ifndef APP_CLI_WAIT_H
#define APP_CLI_WAIT_H

#include "core/session.h"

// From now on SIGINT, SIGTERM and SIGHUP (unless it is ignored: nohup) are noted and end nothing.
void cli_catch_interrupts(void);
bool cli_interrupted(void);
// Until the session has something to drain, a second at most.
enum status cli_wait_news(const struct session *session, struct error *error);

#endif
