/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/audit.h"

#define DONE 200 /* the outcome of what is committed as a whole */

/* Adds the row to the transaction that is open, and takes away some that are too old. */
static enum err add_row(struct audit *audit, int64_t outcome)
{
    struct audit_row *row = &audit->row;
    enum err e = audit->describe(audit);

    row->ts = clock_now_ms();
    row->outcome = outcome;
    if (!e)
        e = audit_insert(audit->db, row, &row->id);
    if (!e && audit->keep_ms > 0)
        e = audit_sweep(audit->db, row->ts - audit->keep_ms);
    return e;
}

static enum err before_commit(void *context)
{
    struct audit *audit = context;

    return add_row(audit, audit->unfinished ? AUDIT_UNKNOWN : DONE);
}

void audit_arm(struct audit *audit)
{
    db_before_commit(audit->db, before_commit, audit);
}

static enum err set_outcome(struct audit *audit, int64_t outcome)
{
    enum err e;

    if (audit->row.outcome == outcome)
        return ERR_OK;
    e = db_begin(audit->db, DB_NOTE);
    if (!e)
        e = db_end(audit->db, audit_set_outcome(audit->db, audit->row.id, outcome));
    if (!e)
        audit->row.outcome = outcome;
    return e;
}

enum err audit_begin(struct audit *audit)
{
    enum err e;

    if (!audit)
        return ERR_OK;
    if (!db_before_commit_forget(audit->db)) /* the row is there: perhaps something of ours was changed */
        return set_outcome(audit, AUDIT_UNKNOWN);
    e = db_begin(audit->db, DB_NOTE);
    if (!e)
        e = db_end(audit->db, add_row(audit, AUDIT_UNKNOWN));
    if (e)
        audit_arm(audit);
    return e;
}

bool audit_is_told(const struct audit *audit)
{
    return !audit || audit->row.id != 0;
}

void audit_withdraw(struct audit *audit)
{
    enum err e;

    if (!audit || audit->row.id == 0)
        return;
    e = db_begin(audit->db, DB_NOTE);
    if (!e)
        e = db_end(audit->db, audit_delete(audit->db, audit->row.id));
    if (e) {
        log_error("audit: row %lld tells of what was refused: %s", (long long)audit->row.id, err_text(e));
        return;
    }
    audit->row.id = 0;
    audit_arm(audit);
}

void audit_unfinished(struct audit *audit)
{
    if (audit)
        audit->unfinished = true;
}

void audit_device(struct audit *audit, const char *device_id)
{
    if (audit)
        audit->row.device_id = device_id;
}

void audit_job(struct audit *audit, const char *job_id)
{
    if (audit)
        snprintf(audit->job_id, sizeof audit->job_id, "%s", job_id);
}

void audit_end(struct audit *audit, int64_t outcome)
{
    enum err e;

    if (db_before_commit_forget(audit->db))
        return;
    e = set_outcome(audit, outcome);
    if (e)
        log_error("audit: row %lld does not tell the outcome, %lld: %s", (long long)audit->row.id,
                  (long long)outcome, err_text(e));
}
