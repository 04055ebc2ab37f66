/* SPDX-License-Identifier: ISC */
/* What every process that serves, or does jobs, has open for its whole life. */
#ifndef PROCESS_APP_H
#define PROCESS_APP_H

#include "base/config.h"
#include "base/err.h"
#include "handler/call.h"

/* Opens it for `config`, which outlives it. The caller ends it with app_close(), also after a failure. Errors
 * are logged. */
MUST_CHECK enum err app_open(struct app *app, const struct config *config);
void app_close(struct app *app);

/* Whether it can be opened. Errors as app_open(). */
MUST_CHECK enum err app_try(const struct config *config);

#endif
