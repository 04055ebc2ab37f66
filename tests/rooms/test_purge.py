# SPDX-License-Identifier: ISC
"""
Purging rooms of the database that Dendrite has made. What belongs to a room is told here by the names of columns, with
no list of tables: whatever names the room, one of its events or one of its state blocks goes, and all other rows are
the same byte for byte.
"""
import json
import os
import random
import signal
import sqlite3
import threading
import time

import pytest

import fcgi
from room_pool import FixturePool
from service import FOLLOWING_TABLES

LOBBY = "!VaNppTgZjfEEpSW9:example.org"   # reports, an alias, published
EMPTY = "!C2FStgDZDif6DRxR:example.org"   # nobody is joined
NEWEST = "!ZqDCNU7H1TbQdYwY:example.org"  # the snapshot of the empty state is listed as of this room
ROOMS = [LOBBY, EMPTY, NEWEST, "!TA8PPQcZWhWAOXZX:example.org"]

# What is said about a room or an event by others, and stays.
KEPT = {"roomserver_reported_events", "mxadmin_transactions"}
# Seen with each request, or written because of one.
VOLATILE = {"mxadmin_audit", "userapi_devices", "sqlite_sequence"} | FOLLOWING_TABLES

# What Dendrite has and the fixture has no row of; the names of columns are those of its tables. {0} is the room, {1} an
# event of it, {2} its number.
MORE = [
    "INSERT INTO syncapi_receipts VALUES (1, '{0}', 'm.read', '@user01:example.org', '{1}', 5),"
    " (2, '!other:example.org', 'm.read', '@user01:example.org', '$other', 5)",
    "INSERT INTO syncapi_relations VALUES (1, '{0}', '{1}', '$child', 'm.reaction', 'm.annotation'),"
    " (2, '!other:example.org', '$a', '$b', 'm.reaction', 'm.annotation')",
    "INSERT INTO syncapi_peeks VALUES (1, '{0}', '@user01:example.org', 'D', 0, 5),"
    " (2, '!other:example.org', '@user01:example.org', 'D', 0, 5)",
    "INSERT INTO syncapi_backward_extremities VALUES ('{0}', '{1}', '$gap'), ('!other:example.org', '$c', '$gap2')",
    "INSERT INTO roomserver_previous_events VALUES ('$gap', '{3}'), ('$gap2', '999')",
    "INSERT INTO roomserver_redactions VALUES ('{1}', '$redacted', 1), ('$other', '{1}', 0)",
    "INSERT INTO roomserver_user_room_keys VALUES (22, {2}, 'a', 'b'), (22, 999, 'a', 'b'), (23, {2}, 'a', 'b')",
    "INSERT INTO userapi_key_backups VALUES ('@user01:example.org', '{0}', 's', '1', 0, 0, 1, '{{}}'),"
    " ('@user01:example.org', '!other:example.org', 's', '1', 0, 0, 1, '{{}}')",
    "INSERT INTO federationsender_inbound_peeks VALUES ('{0}', 'other.org', 'p', 1, 2, 3)",
    "INSERT INTO federationsender_outbound_peeks VALUES ('{0}', 'other.org', 'p', 1, 2, 3)",
    "INSERT INTO mxadmin_transactions VALUES (x'00', 't', '{1}', 5)",
]


def dump(path):
    """{table: {row number: row}}"""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.text_factory = bytes
    database.row_factory = sqlite3.Row
    names = [name.decode() for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = {name: {row[0]: {key: row[key] for key in row.keys()[1:]}
                     for row in database.execute(f'SELECT rowid AS "number of row", * FROM "{name}"')}
              for name in names if name not in VOLATILE}
    database.close()
    return tables


def text(value):
    return value.decode() if isinstance(value, bytes) else value


class Room:
    """What is of a room, by what the columns name."""

    def __init__(self, tables, room_id):
        self.id = room_id
        self.nid = next(row["room_nid"] for row in tables["roomserver_rooms"].values() if text(row["room_id"]) == room_id)
        events = [row for row in tables["roomserver_events"].values() if row["room_nid"] == self.nid]
        self.events = {row["event_nid"] for row in events}
        self.event_ids = {text(row["event_id"]) for row in events} | {"$gap"}
        self.others = {row["state_snapshot_nid"] for row in tables["roomserver_events"].values()
                       if row["room_nid"] != self.nid}

    def has(self, table, row):
        if table in KEPT:
            return False
        if table == "roomserver_state_block":
            return bool(self.events & set(json.loads(row["event_nids"])))
        if table == "roomserver_state_snapshots":
            return row["room_nid"] == self.nid and row["state_snapshot_nid"] not in self.others
        return (text(row.get("room_id")) == self.id or row.get("room_nid") == self.nid
                or row.get("event_nid") in self.events
                or any(text(row.get(name)) in self.event_ids
                       for name in ("event_id", "previous_event_id", "redaction_event_id")))


def add_more(pool, room_id):
    tables = dump(pool.database)
    nid = Room(tables, room_id).nid
    event = max((row for row in tables["roomserver_events"].values() if row["room_nid"] == nid),
                key=lambda row: row["event_nid"])
    database = sqlite3.connect(pool.database)
    for sql in MORE:
        database.execute(sql.format(room_id, text(event["event_id"]), nid, event["event_nid"]))
    database.commit()
    database.close()


def purge(pool, room_id, query=""):
    status, _, answer = fcgi.ask(pool.address, f"/_dendrite/admin/purgeRoom/{room_id}{query}", "POST", pool.admin)
    return status, answer


def left_of(before, room):
    """All rows but those of the room."""
    return {table: {number: row for number, row in rows.items() if not room.has(table, row)}
            for table, rows in before.items()}


def assert_same(after, wanted):
    for table, rows in wanted.items():
        assert after[table] == rows, table


@pytest.fixture
def pool():
    pool = FixturePool().start()
    yield pool
    pool.close()


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("room_id", ROOMS)
def test_all_of_it_and_nothing_else(pool, room_id, more):
    assert fcgi.ask(pool.address, f"/_dendrite/admin/evacuateRoom/{room_id}", "POST", pool.admin)[0] == 200
    if more:
        add_more(pool, room_id)
    before = dump(pool.database)
    room = Room(before, room_id)
    left = left_of(before, room)

    status, foreseen = purge(pool, room_id, "?dry_run=true")
    assert status == 200
    assert_same(dump(pool.database), before)
    assert foreseen == {"dry_run": True, "joined_local_members": 0,
                        "rows": {table: len(rows) - len(left[table]) for table, rows in before.items()
                                 if rows != left[table]}}

    assert purge(pool, room_id) == (200, {})
    assert_same(dump(pool.database), left)
    assert purge(pool, room_id)[0] == 404
    if not more:
        pool.check()


def test_two_at_once(pool):
    assert fcgi.ask(pool.address, f"/_dendrite/admin/evacuateRoom/{LOBBY}", "POST", pool.admin)[0] == 200
    before = dump(pool.database)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(purge(pool, LOBBY)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 in answers and set(answers) <= {200, 404}
    assert_same(dump(pool.database), left_of(before, Room(before, LOBBY)))


def large_room(pool):
    """A room whose purge takes several transactions, without members."""
    room_id = pool.select("r.room_id FROM roomserver_rooms r JOIN roomserver_membership m ON m.room_nid = r.room_nid"
                          " GROUP BY r.room_id ORDER BY COUNT(*) DESC LIMIT 1")[0][0]
    assert fcgi.ask(pool.address, f"/_dendrite/admin/evacuateRoom/{room_id}", "POST", pool.admin)[0] == 200
    database = sqlite3.connect(pool.database)
    database.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
        " INSERT INTO userapi_notifications (localpart, server_name, room_id, event_id, stream_pos, ts_ms, highlight,"
        " notification_json) SELECT localpart, server_name, r.room_id, '$' || i, i, i, 0, '{}'"
        " FROM userapi_accounts, n, roomserver_rooms r", [])
    database.commit()
    database.close()
    return room_id


def test_killed(make_pool):
    """What a kill left is found by the next purge, which goes on with it."""
    chance = random.Random(int(os.environ.get("ROOMS_SEED", "1")))
    pool = make_pool(users=4000, rooms=2, members=4000, workers=2).start()
    room_id = large_room(pool)
    before = dump(pool.database)
    wanted = left_of(before, Room(before, room_id))

    def attempt(answers):
        try:
            answers.append(purge(pool, room_id))
        except OSError:
            pass  # it was killed
    for _ in range(5):
        answers = []
        thread = threading.Thread(target=attempt, args=(answers,))
        thread.start()
        time.sleep(chance.uniform(0, 0.7))
        for worker in pool.workers():
            os.kill(worker, signal.SIGKILL)
        thread.join()
        there = pool.select("room_nid FROM roomserver_rooms WHERE room_id = ?", room_id)
        assert answers in ([], [(200, {})], [(404, {"errcode": "M_NOT_FOUND", "error": "Room not found"})])
        assert not (answers and there)
        pool.wait_until(lambda: len(pool.workers()) == 2)
    assert purge(pool, room_id)[0] == (200 if there else 404)
    assert_same(dump(pool.database), wanted)
    pool.check()
