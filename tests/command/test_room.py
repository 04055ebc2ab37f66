# SPDX-License-Identifier: ISC
"""mxadmin room and mxadmin populate: real events, checked by an independent reading of the specification."""
import json
import os
import pty
import re
import subprocess
import sys

import pytest

from conftest import MXADMIN, ROOT, environment

ROOM_ID = r"![A-Za-z0-9_-]{16}:example\.org"


@pytest.fixture
def people(homeserver):
    for localpart in ("alice", "bob", "carol"):
        homeserver.must("account", "create", localpart, "--no-password", "--display-name", localpart.title())
    homeserver.must("account", "deactivate", "carol")
    return homeserver


def check_events(homeserver):
    """Content hashes, event ids and signatures; returns how many events there are."""
    result = subprocess.run([sys.executable, ROOT / "tests/matrix/check_events.py", homeserver.database,
                             homeserver.key], stdout=subprocess.PIPE, timeout=120, check=False)
    assert result.returncode == 0, result.stdout.decode()
    return int(re.search(r"^(\d+) events, 0 faults$", result.stdout.decode(), re.M).group(1))


def members(homeserver, room_id):
    return dict(homeserver.query("SELECT state_key, membership FROM syncapi_current_room_state"
                                 " WHERE room_id = ? AND type = 'm.room.member'", room_id))


def show(homeserver, room_id):
    return json.loads(homeserver.must("room", "show", room_id, "--json"))


def create(homeserver, *options):
    room_id = homeserver.must("room", "create", "alice", *options).rstrip("\n")
    assert re.fullmatch(ROOM_ID, room_id)
    return room_id


@pytest.mark.parametrize("options, shown", [
    ([], {"join_rule": "invite", "version": "10"}),
    (["--public"], {"join_rule": "public"}),
    (["--name", "Tèa ☕", "--topic=At four"], {"name": "Tèa ☕", "topic": "At four"}),
])
def test_create(people, options, shown):
    room_id = create(people, *options)
    have = show(people, room_id)
    assert {name: have.get(name) for name in shown} == shown
    assert have["creator"] == "@alice:example.org"
    assert (have["joined_members"], have["joined_local_members"], have["forward_extremities"]) == (1, 1, 1)
    published = people.query("SELECT published FROM roomserver_published WHERE room_id = ?", room_id)
    assert published == ([(1,)] if "--public" in options else [])
    assert check_events(people) == people.query("SELECT MAX(depth) FROM roomserver_events")[0][0]


def test_create_by_configured_version(people):
    people.configure(room_version=11)
    room_id = create(people)
    assert show(people, room_id)["version"] == "11"
    assert check_events(people)


def test_join_by_invitation(people):
    room_id = create(people)
    assert people.run("room", "join", room_id, "--user", "bob").returncode == 1
    assert people.run("room", "join", room_id, "--user", "bob", "--invited-by", "bob").returncode == 1
    assert people.run("room", "join", room_id, "--user", "bob", "--invited-by", "nobody").returncode == 1
    assert members(people, room_id) == {"@alice:example.org": "join"}
    people.must("room", "join", room_id, "--user", "bob", "--invited-by", "alice")
    assert members(people, room_id) == {"@alice:example.org": "join", "@bob:example.org": "join"}
    assert check_events(people)


def power(homeserver, room_id):
    row, = homeserver.query("SELECT headered_event_json FROM syncapi_current_room_state"
                            " WHERE type = 'm.room.power_levels' AND room_id = ?", room_id)
    return json.loads(row[0])["content"]["users"]


def test_make_admin(people):
    room_id = create(people)
    people.query("INSERT INTO roomserver_room_aliases (alias, room_id, creator_id)"
                   " VALUES ('#den:example.org', ?, '@alice:example.org')", room_id)
    people.must("room", "make-admin", "#den:example.org", "--user", "bob")
    assert power(people, room_id) == {"@alice:example.org": 100, "@bob:example.org": 100}
    assert members(people, room_id)["@bob:example.org"] == "invite"
    people.must("room", "make-admin", room_id, "--user", "@far:other.org")
    assert power(people, room_id)["@far:other.org"] == 100
    for words in (("make-admin", room_id), ("make-admin", room_id, "--user", "nobody"),
                  ("make-admin", "#none:example.org", "--user", "bob"),
                  ("make-admin", "!none:example.org", "--user", "bob")):
        assert people.run("room", *words).returncode != 0
    assert check_events(people)


def test_extremities(people):
    room_id = create(people, "--public")
    people.must("room", "join", room_id, "--user", "bob")
    row, = json.loads(people.must("room", "extremities", room_id, "--json"))
    depth, = people.query("SELECT MAX(depth) FROM roomserver_events")[0]
    assert (row["sender"], row["depth"]) == ("@bob:example.org", depth)
    assert people.must("room", "extremities", room_id).split()[0] == row["event_id"]
    # As if the last had not followed the one before it.
    last, = people.query("SELECT MAX(event_nid) FROM roomserver_events")
    people.query("UPDATE roomserver_rooms SET latest_event_nids = ?", "[%d,%d]" % (last[0], last[0] - 1))
    assert json.loads(people.must("room", "extremities", room_id, "--merge", "--json")) == {"deleted": 1}
    assert show(people, room_id)["forward_extremities"] == 1
    assert check_events(people)


def test_join_and_leave(people):
    room_id = create(people, "--public")
    people.must("room", "join", room_id, "--user", "bob")
    assert members(people, room_id) == {"@alice:example.org": "join", "@bob:example.org": "join"}
    before = people.dump()
    people.must("room", "join", room_id, "--user=@bob:example.org")
    assert people.dump() == before
    people.must("room", "leave", room_id, "--user", "bob")
    assert members(people, room_id)["@bob:example.org"] == "leave"
    assert show(people, room_id)["forward_extremities"] == 1
    assert people.query("SELECT membership, stream_pos FROM syncapi_memberships WHERE user_id LIKE '@bob:%'"
                        " ORDER BY stream_pos") == [("join", 6), ("leave", 7)]
    check_events(people)


@pytest.mark.parametrize("command, user, room, said", [
    ("join", "bob", None, "the room does not let this user"),
    ("leave", "bob", None, "the room does not let this user"),
    ("join", "nobody", None, "there is no such user or room"),
    ("join", "carol", None, "deactivated"),
    ("join", "alice", "!none:example.org", "there is no such user or room"),
    ("join", "@alice:other.org", None, "not a user of this server"),
    ("show", None, "!none:example.org", "there is no such user or room"),
    ("extremities", None, "!none:example.org", "there is no such user or room"),
])
def test_refused(people, command, user, room, said):
    room_id = create(people)
    before = people.dump()
    result = people.run("room", command, room or room_id, *(["--user", user] if user else []))
    assert result.returncode == 1
    assert said in result.stderr.decode()
    assert people.dump() == before


def test_create_refused(people):
    before = people.dump()
    for arguments, said in [(["nobody"], "no such user"), (["carol"], "deactivated"),
                            (["alice", "--name", "x" * 70000], "too l"), (["alice", "--name", b"\xff"], "UTF-8")]:
        result = subprocess.run([MXADMIN, "-c", people.config, "room", "create", *arguments], env=environment(),
                                stderr=subprocess.PIPE, timeout=60, check=False)
        assert result.returncode == 1
        assert said in result.stderr.decode(), arguments
    assert people.dump() == before


def test_list_and_show(people):
    first, second = create(people, "--name=\x1b[31mred"), create(people)
    lines = people.must("room", "list").splitlines()
    assert [line.split() for line in lines] == [[first, "10", "1"], [second, "10", "1"]]
    rooms = json.loads(people.must("room", "list", "--json"))
    assert rooms[0] == {"room_id": first, "version": "10", "joined_members": 1, "joined_local_members": 1,
                        "forward_extremities": 1}
    assert "name                 ?[31mred\n" in people.must("room", "show", first)


def populate(homeserver, *options):
    homeserver.must("populate", "--users", 50, "--rooms", 12, "--members", 30, *options)


def test_populate(homeserver):
    populate(homeserver)
    rooms = json.loads(homeserver.must("room", "list", "--json"))
    assert [room["joined_members"] for room in rooms] == [30, 15, 10, 7, 6, 5, 4, 3, 3, 3, 2, 2]
    assert all(room["forward_extremities"] == 1 for room in rooms)
    assert homeserver.query("SELECT COUNT(*) FROM userapi_accounts")[0][0] == 50
    assert check_events(homeserver) == 12 * 7 + sum(room["joined_members"] - 1 for room in rooms)
    assert homeserver.run("fsck").returncode == 0


def test_populate_is_deterministic(tmp_path, homeserver):
    def ids():
        return homeserver.query("SELECT event_id FROM roomserver_events ORDER BY event_nid")

    populate(homeserver)
    first, before = ids(), homeserver.dump()
    populate(homeserver)
    assert homeserver.dump() == before  # what is there stays
    homeserver.database.unlink()
    homeserver.must("init")
    populate(homeserver)
    assert ids() == first
    populate(homeserver, "--seed", 2)
    assert len(set(ids())) == len(ids()) > len(first)


def test_populate_shows_a_bar_on_a_terminal_only(homeserver):
    terminal, end = pty.openpty()
    subprocess.run([MXADMIN, "-c", homeserver.config, "populate", "--users", "20", "--rooms", "3", "--members", "5"],
                   env=environment(), stderr=end, timeout=60, check=True)
    os.close(end)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert shown.endswith("] 29 of 29\r\n")
    assert homeserver.run("populate", "--users", "20", "--rooms", "3", "--members", "5").stderr == b""


def test_deactivation_leaves_the_rooms(people):
    room_id = create(people, "--public")
    people.must("room", "join", room_id, "--user", "bob")
    people.must("account", "deactivate", "bob")
    assert members(people, room_id) == {"@alice:example.org": "join", "@bob:example.org": "leave"}
    check_events(people)
    assert people.run("fsck").returncode == 0
