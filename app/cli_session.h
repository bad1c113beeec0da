// What commands that train share: the parameters and the data that their arguments name, in a session.
#ifndef APP_CLI_SESSION_H
#define APP_CLI_SESSION_H

#include "app/args.h"
#include "core/session.h"

// Every parameter that is given; one that has no meaning beside the others is a mistake.
enum status cli_set_params(struct session *session, const struct arguments *arguments, struct error *error);
// Opens the first file (and `options`' further ones) with --steps, where they are given, and waits until the source is
// there; notes go to standard error.
enum status cli_open_data(struct session *session, const struct arguments *arguments,
                          const struct load_options *options, struct error *error);

#endif
