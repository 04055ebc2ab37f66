/* SPDX-License-Identifier: ISC */
/* What the audit is told of a call. */
#ifndef HANDLER_AUDITED_H
#define HANDLER_AUDITED_H

#include "handler/call.h"

/* From here on the call leaves a row if it changes something. `route` is the pattern of its path. */
void call_audit_begin(struct call *call, const char *route);

/* The call has its answer, whose status is the outcome. */
void call_audit_end(struct call *call);

#endif
