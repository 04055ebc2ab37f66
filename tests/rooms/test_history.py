# SPDX-License-Identifier: ISC
"""
Redacting what users have sent, and purging histories: one redaction an event, and not an event less than asked for.
killed_jobs.py kills the pool at random moments of both.
"""
import collections
import json
import sqlite3
import time

import pytest

import fcgi
from messages import Writer

SYNAPSE = "/_synapse/admin/v1"
ROOMS = "room_id FROM roomserver_rooms ORDER BY room_nid"
SENT = "event_id FROM syncapi_output_room_events WHERE room_id = ? AND type = 'm.room.message' ORDER BY id"
REDACTED = ("event_id, json_extract(CAST(headered_event_json AS TEXT), '$.unsigned.redacted_by')"
            " FROM syncapi_output_room_events"
            " WHERE json_extract(CAST(headered_event_json AS TEXT), '$.unsigned.redacted_because') IS NOT NULL")
FAR = "@far:example.com"


def ask(pool, method, path, body=b""):
    status, _, answer = fcgi.ask(pool.address, SYNAPSE + path, method, pool.admin, body)
    return status, answer


def begin(pool, path, body):
    status, answer = ask(pool, "POST", path, body)
    assert status == 200, answer
    (name, job_id), = answer.items()
    return {"redact_id": "/user/redact_status/", "purge_id": "/purge_history_status/"}[name] + job_id


def finish(pool, path):
    """The answer once it is over."""
    answer = {}

    def ended():
        status, new = ask(pool, "GET", path)
        assert status == 200, new
        answer.update(new)
        return new["status"] not in ("scheduled", "active")
    pool.wait_until(ended, 120)
    return answer


def members(pool, room_id):
    return [user for user, in pool.select("state_key FROM syncapi_current_room_state WHERE room_id = ?"
                                          " AND type = 'm.room.member' AND membership = 'join' ORDER BY added_at", room_id)]


def rooms_of(pool):
    return [room_id for room_id, in pool.select(ROOMS)]


def sent(pool, room_id):
    return [event_id for event_id, in pool.select(SENT, room_id)]


def purge(event_id, **more):
    return {"purge_up_to_event_id": event_id, "delete_local_events": True, **more}


@pytest.fixture
def pool(make_pool):
    return make_pool(users=20, rooms=2, members=20)


def talk(pool, count=40):
    """Users of both rooms send messages, in turns."""
    with Writer(pool) as writer:
        return {room_id: [(user, writer.send(room_id, user, "one of many")) for i in range(count)
                          for user in [users[i % len(users)]]]
                for room_id, users in [(room_id, members(pool, room_id)[:4]) for room_id in rooms_of(pool)]}


def test_redacted(pool):
    said = talk(pool)
    pool.start()
    user = next(iter(said.values()))[0][0]
    assert finish(pool, begin(pool, f"/user/{user}/redact", {"rooms": [], "reason": "spam"})) == {
        "status": "complete", "failed_redactions": {}}
    redacted = dict(pool.select(REDACTED))
    joins = [event_id for event_id, in pool.select("event_id FROM syncapi_current_room_state WHERE type = 'm.room.member'"
                                                   " AND state_key = ? AND membership = 'join'", user)]
    assert set(redacted) == {event for events in said.values() for who, event in events if who == user} | set(joins)
    assert sorted(pool.select("* FROM roomserver_redactions")) == sorted((by, of, 1) for of, by in redacted.items())
    assert pool.select("DISTINCT sender FROM syncapi_output_room_events WHERE type = 'm.room.redaction'") == [(user,)]
    pool.check()


def test_purged(pool):
    said = talk(pool)
    room_id, other = said
    pool.start()
    states = "event_id FROM roomserver_events WHERE event_state_key_nid <> 0 ORDER BY 1"
    before = pool.select(states), sent(pool, other)
    point = said[room_id][30][1]
    assert finish(pool, begin(pool, f"/purge_history/{room_id}", purge(point))) == {"status": "complete"}
    assert sent(pool, room_id) == [event for _, event in said[room_id][30:]]
    assert (pool.select(states), sent(pool, other)) == before
    assert pool.select("event_nid FROM roomserver_event_json WHERE event_nid NOT IN"
                       " (SELECT event_nid FROM roomserver_events)") == []
    pool.check()
    # It is a history like any other: users send, and it can be purged on.
    with Writer(pool) as writer:
        newest = writer.send(room_id, said[room_id][0][0], "after it")
    assert finish(pool, begin(pool, f"/purge_history/{room_id}/{newest}", {"delete_local_events": True}))["status"] == "complete"
    assert sent(pool, room_id) == [newest]
    pool.check()


def test_local_events_stay(pool):
    said = talk(pool)
    room_id, _ = said
    with Writer(pool) as writer:
        writer.join(room_id, FAR)
        theirs = writer.send(room_id, FAR, "from afar")
        last = writer.send(room_id, said[room_id][0][0], "the last")
    before = sent(pool, room_id)
    pool.start()
    assert finish(pool, begin(pool, f"/purge_history/{room_id}", {"purge_up_to_event_id": last})) == {"status": "complete"}
    assert theirs in before
    assert sent(pool, room_id) == [event for event in before if event != theirs]
    pool.check()


def test_redacted_and_purged(pool):
    """What is redacted goes with what redacted it; of what stays, it stays known why its content is not what it was."""
    said = talk(pool)
    room_id, _ = said
    user = said[room_id][0][0]
    pool.start()
    finish(pool, begin(pool, f"/user/{user}/redact", {"rooms": [room_id]}))
    newest = sent(pool, room_id)[-1]
    finish(pool, begin(pool, f"/purge_history/{room_id}", purge(newest)))
    pool.check()
    with Writer(pool) as writer:
        last = writer.send(room_id, user, "after it")
    finish(pool, begin(pool, f"/purge_history/{room_id}", purge(last)))
    assert sent(pool, room_id) == [last]
    # That of the join.
    redactions = [event for event, in pool.select("event_id FROM syncapi_output_room_events WHERE room_id = ?"
                                                  " AND type = 'm.room.redaction'", room_id)]
    assert len(redactions) == 1
    assert pool.select("redaction_event_id FROM roomserver_redactions") == [(redactions[0],)]
    pool.check()


def test_up_to_a_time(pool):
    said = talk(pool)
    room_id, other = said
    times = dict(pool.select("event_id, json_extract(CAST(headered_event_json AS TEXT), '$.origin_server_ts')"
                             " FROM syncapi_output_room_events"))
    pool.start()
    ts = times[said[room_id][20][1]]
    before = [event for _, event in said[room_id] if times[event] < ts][-1]
    assert finish(pool, begin(pool, f"/purge_history/{room_id}",
                              {"purge_up_to_ts": ts, "delete_local_events": True})) == {"status": "complete"}
    assert sent(pool, room_id)[0] == before
    assert ask(pool, "POST", f"/purge_history/{room_id}", {"purge_up_to_ts": 1})[0] == 404
    pool.check()


def test_what_users_were_notified_of(pool):
    said = talk(pool)
    room_id, other = said
    rows = [(name, event, room) for name in ("a", "b", "c") for room in said for _, event in said[room]]
    database = sqlite3.connect(pool.database)
    with database:
        database.executemany("INSERT INTO userapi_notifications (localpart, server_name, room_id, event_id, stream_pos,"
                             " ts_ms, highlight, notification_json) VALUES (?1, 'example.org', ?3, ?2, 1, 1, 0, '{}')", rows)
    database.close()
    pool.start()
    finish(pool, begin(pool, f"/purge_history/{room_id}", purge(said[room_id][30][1])))
    left = {event for _, event in said[room_id][30:]} | {event for _, event in said[other]}
    assert collections.Counter(event for event, in pool.select("event_id FROM userapi_notifications")) == dict.fromkeys(left, 3)


def test_others_write_meanwhile(make_pool):
    """While a long purge goes on, whoever writes waits for a batch at most."""
    pool = make_pool(users=4, rooms=1, members=4)
    room_id, = rooms_of(pool)
    fill(pool, room_id, 20000)
    pool.start()
    path = begin(pool, f"/purge_history/{room_id}", purge(sent(pool, room_id)[-1]))
    longest, writes = 0, 0
    while ask(pool, "GET", path)[1]["status"] == "active":
        database = sqlite3.connect(pool.database, timeout=60, isolation_level=None)
        began = time.monotonic()
        database.execute("BEGIN IMMEDIATE")
        longest = max(longest, time.monotonic() - began)
        database.execute("UPDATE userapi_accounts SET created_ts = created_ts + 1")
        database.execute("COMMIT")
        database.close()
        writes += 1
    assert writes > 3
    print(f"{writes} writes, the longest waited for {longest * 1000:.0f} ms")
    assert len(sent(pool, room_id)) == 1
    pool.check()


def fill(pool, room_id, count):
    with Writer(pool) as writer:
        users = members(pool, room_id)
        writer.send_many(room_id, users, count)


def test_by_a_command(pool):
    said = talk(pool)
    room_id, _ = said
    user = said[room_id][0][0]
    pool.start()
    finish(pool, begin(pool, f"/user/{user}/redact", {"rooms": [room_id], "limit": 3}))
    pool.stop()
    before, states = sent(pool, room_id), pool.select("COUNT(*) FROM roomserver_events WHERE event_state_key_nid <> 0")
    count = pool.select("COUNT(*) FROM roomserver_events")
    words = ["room", "purge-history", "--before", "2100-01-01", room_id]
    assert pool.command(*words) == "0 events removed\n"
    gone = pool.command(*words, "--local", "--dry-run").replace("would be ", "")
    assert (sent(pool, room_id), pool.select("COUNT(*) FROM roomserver_events")) == (before, count)
    assert pool.command(*words, "--local") == gone
    assert gone == f"{count[0][0] - pool.select('COUNT(*) FROM roomserver_events')[0][0]} events removed\n" != "0 events removed\n"
    assert pool.select("COUNT(*) FROM roomserver_events WHERE event_state_key_nid <> 0") == states
    assert sent(pool, room_id) == before[-1:]
    outcomes = [row["outcome"] for row in json.loads(pool.command("audit", "--route", "room purge-history", "--json"))]
    assert outcomes == [200]  # what was removed; the first time there was nothing
    pool.check()
