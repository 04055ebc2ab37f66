# SPDX-License-Identifier: ISC
"""Reports of events."""
import answers
import body
import room as rooms
from database import now

SELECT = ("SELECT id, score, room_nid, event_nid, reporting_user_nid, reason, event_sender_nid, received_ts"
          " FROM roomserver_reported_events ")
DIGITS_MAX = 2**64


def number(text, default):
    return int(text) if text and text.isdecimal() and int(text) < DIGITS_MAX else default


def fields(database, row):
    number_of, score, room_nid, event_nid, user, reason, sender, received = row
    room_id = database.value("SELECT room_id FROM roomserver_rooms WHERE room_nid = ?", room_nid)
    room = rooms.find(database, room_id)
    return {"id": number_of, "score": score, "room_id": room_id, "event_id": room.event_ids([event_nid])[0],
            "user_id": database.state_key(user), "reason": reason, "sender": database.state_key(sender),
            "canonical_alias": (room.content("m.room.canonical_alias") or {}).get("alias", ""),
            "name": (room.content("m.room.name") or {}).get("name", ""), "received_ts": received}


def every(call):
    query, database = call.query, call.database
    start, limit = number(query.get("from"), 0), number(query.get("limit"), 100)
    room = rooms.find(database, query["room_id"]) if query.get("room_id") else None
    if query.get("room_id") and not room:
        raise answers.message(500, "Internal Server Error")
    condition = " WHERE (?1 IS NULL OR room_nid = ?1) AND (?2 IS NULL OR reporting_user_nid = ?2)"
    # Who is not known is from now on.
    user = database.state_key_number(query["user_id"]) if query.get("user_id") else None
    values = [room and room.number, user]
    order = " ORDER BY received_ts" + (" DESC" if query.get("dir", "b") in ("", "b") else "") + " LIMIT ?3 OFFSET ?4"
    rows = database.rows(SELECT + condition + order, *values, limit, start)
    if len({row[3] for row in rows}) < len(rows):
        raise answers.internal()  # as soon as two of a page are of the same event
    total = database.value("SELECT COUNT(*) FROM roomserver_reported_events" + condition, *values) if rows else 0
    more = {"next_token": start + len(rows)} if start + limit < total else {}
    return {"event_reports": [fields(database, row) for row in rows] or None, "total": total, **more}


def report_id(call):
    text = call.variables["report"]
    if not text.isdecimal():
        raise answers.invalid(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text)


def one(call):
    row = call.database.row(SELECT + "WHERE id = ?", report_id(call))
    if not row:
        raise answers.unknown("sql: no rows in result set", 500)
    report = fields(call.database, row)
    room = rooms.find(call.database, report["room_id"])
    return {**report, "event_json": room.event(row[3])}


def delete(call):
    call.database.write("DELETE FROM roomserver_reported_events WHERE id = ?", report_id(call))
    return {}


def report(call):
    missing = answers.not_found("The event was not found or you are not joined to the room.")
    room = rooms.find(call.database, call.variables["room"])
    if not room or room.membership(call.caller.user_id) != "join":
        raise missing
    given = body.read(call.body, {"reason": str, "score": "int64"}, "reportEventRequest")
    event_nid = call.database.value("SELECT event_nid FROM roomserver_events WHERE event_id = ? AND room_nid = ?",
                                    call.variables["event"], room.number)
    if not event_nid or "redacted_because" in room.event(event_nid).get("unsigned", {}):
        raise missing
    call.database.write(
        "INSERT INTO roomserver_reported_events (room_nid, event_nid, reporting_user_nid, event_sender_nid, reason,"
        " score, received_ts) VALUES (?, ?, ?, ?, ?, ?, ?)", room.number, event_nid,
        call.database.state_key_number(call.caller.user_id),
        call.database.state_key_number(room.event(event_nid)["sender"]), given.get("reason", ""),
        given.get("score", 0), now())
    return {}
