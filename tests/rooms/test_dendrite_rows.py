# SPDX-License-Identifier: ISC
"""
What our acts leave in the database, and what Dendrite left when it did the same on the same database (record.py):
they differ in numbers, times and hashes, and in one thing more. When Dendrite evacuates a room, its members leave all
at once, from one previous event, so that the room ends with as many forward extremities; here they leave one after
another.
"""
import copy
import json

import pytest

import fcgi
from check_events import check_database
from fixture_pool import FIXTURE, FixturePool, unpack
from rows import Rows, changes, storage_classes

ACTS = [act for act in json.loads((FIXTURE / "rows.json").read_text()) if act["what"].startswith("evacuate")]
# Where it shows that events come after one another.
IN_LINE = {"depth", "prev_events", "topological_pos", "topological_position", "latest_event_nids"}


def perform(pool, act):
    if act.get("command"):
        pool.command(*act["command"])
        return 200, None
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


def without_order(value):
    if isinstance(value, dict):
        return {name: None if name in IN_LINE else without_order(member) for name, member in value.items()}
    return [without_order(member) for member in value] if isinstance(value, list) else value


def one_after_another(tables):
    """The changes without what shows in which order the members left."""
    tables = copy.deepcopy(tables)
    del tables["roomserver_previous_events"]
    for row in tables["roomserver_events"]["new"]:
        row["state_snapshot_nid"] = None
    return without_order(tables)


@pytest.mark.parametrize("act", ACTS, ids=[act["what"].replace(" ", "_") for act in ACTS])
def test_rows(replay, act):
    status, answer, ours = replay[0][act["what"]]
    theirs = act["changes"]
    assert status == act["status"]
    if not act.get("command"):
        assert answer == act["answer"]
    if act["what"] == "evacuate room":
        assert len(theirs["roomserver_rooms"]["new"][0]["latest_event_nids"]) == 2
        assert len(ours["roomserver_rooms"]["new"][0]["latest_event_nids"]) == 1
        ours, theirs = one_after_another(ours), one_after_another(theirs)
    assert sorted(ours) == sorted(theirs)
    for table in theirs:
        assert ours[table] == theirs[table], table


def test_storage_classes(replay):
    """Dendrite cannot read a TEXT where it would have written a BLOB."""
    pool = replay[1]
    theirs = storage_classes(pool.folder / "original.db")
    ours = storage_classes(pool.database)
    assert {name: ours[name] for name in theirs if theirs[name] and not ours[name] <= theirs[name]} == {}


def test_events(replay):
    """Written last: after all the acts, every event has the hash, the id and the signature that it should have."""
    pool = replay[1]
    count, faults = check_database(pool.database, pool.key)
    assert count > 119 and not faults
    pool.command("fsck")
