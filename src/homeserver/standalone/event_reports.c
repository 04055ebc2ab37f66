/* SPDX-License-Identifier: ISC */
#include "homeserver/standalone/standalone.h"
#include "store/event_reports.h"

enum err standalone_delete_event_report(struct homeserver *hs, int64_t id)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, event_reports_delete(hs->db, id));
}
