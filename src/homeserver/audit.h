/* SPDX-License-Identifier: ISC */
/*
 * The row that a request or a command leaves in mxadmin_audit if it changes something. Once it is armed, the
 * first transaction that changes a row takes it along, so that both are in the database or neither is; what
 * reads only, or is refused, leaves none. Where another homeserver makes the change, audit_begin() writes the
 * row before it is asked to.
 */
#ifndef HOMESERVER_AUDIT_H
#define HOMESERVER_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/audit.h"
#include "store/jobs.h"

struct audit {
    struct db *db;
    int64_t keep_ms; /* how old rows get; 0: as old as they like */
    /*
     * Fills audit->row but for `id`, `ts` and `outcome`, from `context`; called only when there is something
     * to tell, perhaps again. What is in the row by then was put there for it. Errors: ERR_NOMEM.
     */
    enum err (*describe)(struct audit *audit);
    void *context;
    struct audit_row row;
    char job_id[JOBS_ID_SIZE]; /* of the job that was started; "": none was */
    bool unfinished;
};

/* From here on what changes the database is told. `audit` stays where it is until audit_end(). */
void audit_arm(struct audit *audit);

/*
 * Called before something is changed elsewhere: sees to it that the row is on the disk, with an outcome that
 * is not known. Again, and with NULL, nothing happens. No transaction may be open. After an error the change
 * must not be asked for. Errors: those of db_begin() and db_step().
 */
MUST_CHECK enum err audit_begin(struct audit *audit);

/* Whether the row has been written. NULL is allowed: there is none to be written. */
bool audit_is_told(const struct audit *audit);

/*
 * Called after the first audit_begin(): what was to be changed elsewhere was refused, so that nothing has
 * changed. The row goes, and comes again with what changes something. NULL is allowed. What fails is logged:
 * the row then tells of what was refused.
 */
void audit_withdraw(struct audit *audit);

/* The transaction that is open is not the act's last: it is not known yet how it ends. NULL is allowed. */
void audit_unfinished(struct audit *audit);

/*
 * Called inside the transaction, NULL is allowed. The act begins a session, whose device, borrowed until
 * the end, the row names unless it was another one that asked; or it starts a job.
 */
void audit_device(struct audit *audit, const char *device_id);
void audit_job(struct audit *audit, const char *job_id);

/* All is done: `outcome` is told the row, if there is one and it says otherwise. What fails is logged. */
void audit_end(struct audit *audit, int64_t outcome);

#endif
