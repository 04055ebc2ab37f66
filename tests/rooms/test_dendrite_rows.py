# SPDX-License-Identifier: ISC
"""
What our acts leave in the database, and what Dendrite left when it did the same on the same database (record.py).
They differ in numbers, times and hashes, and in what EXCEPTIONS says. Not recorded is a notice to somebody who is
invited already: Dendrite invites them again with each.
"""
import copy
import json

import pytest

import fcgi
from room_pool import FIXTURE, FixturePool, unpack
from rows import Rows, changes, storage_classes

ACTS = json.loads((FIXTURE / "rows.json").read_text())


def perform(pool, act):
    if act.get("command"):
        return 200, {"room_id": pool.command(*act["command"]).strip()}
    status, _, answer = fcgi.ask(pool.address, act["path"], act["method"], pool.admin, act["body"] or b"")
    return status, answer


@pytest.fixture(scope="module")
def replay():
    """What became of each act, and the pool after all of them."""
    pool = FixturePool().start()
    unpack(pool.folder / "original.db")
    results = {}
    before = Rows(pool.database)
    for act in ACTS:
        status, answer = perform(pool, act)
        after = Rows(pool.database, before)
        results[act["what"]] = status, after.json(answer), changes(before, after)
        before = after
    yield results, pool
    pool.close()


def walk(value):
    """All objects in a JSON value."""
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(member)


def in_line(tables):
    """When Dendrite evacuates a room, all leave at once, from one previous event, and the room ends with as many
    forward extremities; here they leave one after another."""
    del tables["roomserver_previous_events"]
    for row in tables["roomserver_events"]["new"]:
        row["state_snapshot_nid"] = None
    for row in walk(tables):
        for name in {"depth", "prev_events", "topological_pos", "topological_position", "latest_event_nids"} & set(row):
            row[name] = None


def empty_snapshot(tables):
    """Dendrite has one snapshot of the empty state, which each new room takes from the one before; here each has its
    own, so that one can be purged."""
    gone = tables["roomserver_state_snapshots"]["gone"]
    assert [row["state_snapshot_nid"] for row in gone] in ([], [[]])
    gone.clear()


def no_avatar(tables):
    """Who joins in Dendrite has an avatar even if it is none, and something unsigned even if it is nothing."""
    for row in walk(tables):
        if row.get("avatar_url") == "":
            del row["avatar_url"]
        if row.get("unsigned") == {}:
            del row["unsigned"]


def invited_again(tables):
    """In a second invitation Dendrite leaves out the membership that it replaces, against the authorisation rules, and
    does not show who invites."""
    for row in walk(tables):
        for name in {"auth_events", "auth_event_nids"} & set(row):
            row[name] = [event for event in row[name] if "m.room.member @user02" not in event]
        if "invite_room_state" in row:
            row["invite_room_state"] = [event for event in row["invite_room_state"] if event["type"] != "m.room.member"]
    no_avatar(tables)


EXCEPTIONS = {
    "evacuate room": in_line,
    "notice": empty_snapshot,
    "create private room": empty_snapshot,
    "create public room": empty_snapshot,
    "join the notices": no_avatar,
    "leave the notices": no_avatar,
    "join": no_avatar,
    "leave": no_avatar,
    "notice to one who left": invited_again,
}


@pytest.mark.parametrize("act", ACTS, ids=[act["what"].replace(" ", "_") for act in ACTS])
def test_rows(replay, act):
    status, answer, ours = copy.deepcopy(replay[0][act["what"]])
    theirs = copy.deepcopy(act["changes"])
    even = EXCEPTIONS.get(act["what"], lambda tables: None)
    assert status == act["status"]
    if not act.get("command") or "create" in act["what"]:
        assert answer == act["answer"]
    even(ours)
    even(theirs)
    assert sorted(ours) == sorted(theirs)
    for table in theirs:
        assert ours[table] == theirs[table], table


def test_one_extremity(replay):
    rooms = replay[0]["evacuate room"][2]["roomserver_rooms"]["new"]
    assert [len(row["latest_event_nids"]) for row in rooms] == [1]


def test_storage_classes(replay):
    """Dendrite cannot read a TEXT where it would have written a BLOB."""
    pool = replay[1]
    theirs = storage_classes(pool.folder / "original.db")
    ours = storage_classes(pool.database)
    assert {name: ours[name] for name in theirs if theirs[name] and not ours[name] <= theirs[name]} == {}


def test_whole(replay):
    """Written last: nothing is wrong after all the acts."""
    replay[1].check()
