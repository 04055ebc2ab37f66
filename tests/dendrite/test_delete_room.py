# SPDX-License-Identifier: ISC
"""Rooms are deleted and blocked beside a homeserver."""
import json
import os
import random
import threading
import time
import urllib.parse

from attached import Beside
from folder import Folder
from stand_in import Fault, StandIn
from waiting import wait_until

CLIENT = "/_matrix/client/v3"
ROOMS1, ROOMS2 = "/_synapse/admin/v1/rooms/", "/_synapse/admin/v2/rooms/"
ALIAS = "#doomed:example.org"
OWNER = "@user06:example.org"
MEMBERS = ["user06", *(f"user{number:02}" for number in range(7, 13))]
# How often it is killed; more by hand. Another seed makes other moments.
KILLS = int(os.environ.get("DENDRITE_KILLS", "3"))
SEED = int(os.environ.get("DENDRITE_SEED", "1"))


def make_room(homeserver, alias=None):
    """One with all members, and somebody who is invited."""
    body = {"preset": "public_chat", "name": "Doomed", **({"room_alias_name": alias} if alias else {})}
    room_id = homeserver.ask("POST", CLIENT + "/createRoom", MEMBERS[0], body).json()["room_id"]
    for member in MEMBERS[1:]:
        assert homeserver.ask("POST", f"{CLIENT}/join/{room_id}", member, {}).status == 200
    answer = homeserver.ask("POST", f"{CLIENT}/rooms/{room_id}/invite", MEMBERS[0], {"user_id": "@user13:example.org"})
    assert answer.status == 200, answer
    return room_id


def delete(beside, room_id, **wish):
    answer = beside.ask("DELETE", ROOMS2 + room_id, "admin", wish)
    assert answer.status == 200, answer
    return answer.json()["delete_id"]


def status(beside, delete_id):
    answer = beside.ask("GET", f"{ROOMS2}delete_status/{delete_id}", "admin")
    assert answer.status == 200, answer
    return answer.json()


def ended(beside, delete_id):
    """What has become of the deletion, when it has ended."""
    wait_until(lambda: status(beside, delete_id)["status"] not in ("scheduled", "active"))
    return status(beside, delete_id)


def joined(homeserver, user):
    return homeserver.ask("GET", CLIENT + "/joined_rooms", user).json()["joined_rooms"]


def messages(beside, room_id):
    return [json.loads(event)["content"]["body"] for event, in beside.folder.select(
        "CAST(headered_event_json AS TEXT) FROM syncapi_output_room_events WHERE room_id = ? AND type = 'm.room.message'",
        room_id)]


def made_rooms(beside):
    """Those that were made for users to go to."""
    return [room_id for room_id, in beside.folder.select(
        "room_id FROM syncapi_current_room_state WHERE type = 'm.room.create'"
        " AND json_extract(CAST(headered_event_json AS TEXT), '$.content.\"mxadmin.key\"') IS NOT NULL")]


def user_ids(members):
    return {f"@{member}:example.org" for member in members}


def unharmed(homeserver, kind):
    """It goes on, also when its parts have heard of everything."""
    time.sleep(2 if kind == "real" else 0)
    assert homeserver.is_running()
    assert homeserver.ask("GET", CLIENT + "/sync?timeout=0", MEMBERS[1]).status == 200
    assert kind == "stand-in" or homeserver.hurt() == []


def check_moved(beside, homeserver, room_id, result):
    """All are in the new room, where they may only read, and not in the old one."""
    new = result["new_room_id"]
    assert new and made_rooms(beside) == [new]
    assert set(result["kicked_users"]) == user_ids([*MEMBERS, "user13"]) and result["failed_to_kick_users"] == []
    assert len(result["kicked_users"]) == len(MEMBERS) + 1
    for member in MEMBERS:
        assert new in joined(homeserver, member) and room_id not in joined(homeserver, member)
    assert new not in joined(homeserver, "user13")
    wait_until(lambda: messages(beside, new) == ["Gone"])
    send = f"{CLIENT}/rooms/{new}/send/m.room.message/a"
    assert homeserver.ask("PUT", send, MEMBERS[1], {"msgtype": "m.text", "body": "?"}).status == 403
    assert homeserver.ask("PUT", send, MEMBERS[0], {"msgtype": "m.text", "body": "!"}).status == 200


def test_moved_and_purged(make_homeserver, kind):
    """All go to a new room, which the old one's alias leads to, and nothing is left of the old one."""
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        room_id = make_room(homeserver, "doomed")
        delete_id = delete(beside, room_id, new_room_user_id=OWNER, room_name="New", message="Gone", block=True)
        found = ended(beside, delete_id)
        assert (found["status"], found["room_id"], "error" in found) == ("complete", room_id, False), found
        check_moved(beside, homeserver, room_id, found["shutdown_room"])
        assert found["shutdown_room"]["local_aliases"] == [ALIAS]
        assert beside.folder.select("room_id, creator_id FROM roomserver_room_aliases WHERE alias = ?", ALIAS) == [
            (found["shutdown_room"]["new_room_id"], OWNER)]
        assert beside.folder.select("COUNT(*) FROM roomserver_rooms WHERE room_id = ?", room_id) == [(0,)]
        assert beside.ask("GET", ROOMS1 + room_id, "admin").status == 404
        assert beside.ask("GET", f"{ROOMS2}{room_id}/delete_status", "admin").json() == {"results": [found]}
        assert beside.ask("GET", f"{ROOMS1}{room_id}/block", "admin").json() == {"block": True,
                                                                                "user_id": "@admin:example.org"}
        # Who was not in it comes to the new room by the old name, and leaves it as any other.
        alias = urllib.parse.quote(ALIAS, safe="")
        assert homeserver.ask("POST", f"{CLIENT}/join/{alias}", "user14", {}).json() == {
            "room_id": found["shutdown_room"]["new_room_id"]}
        unharmed(homeserver, kind)


def test_kept(make_homeserver, kind):
    """The room stays, empty and blocked; its alias leads to the new one all the same."""
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        room_id = make_room(homeserver, "doomed")
        answer = beside.ask("DELETE", ROOMS1 + room_id, "admin",
                            {"new_room_user_id": OWNER, "message": "Gone", "block": True, "purge": False})
        assert answer.status == 200, answer
        check_moved(beside, homeserver, room_id, answer.json())
        new = answer.json()["new_room_id"]
        assert answer.json()["local_aliases"] == [ALIAS]
        assert beside.folder.select("room_id FROM roomserver_room_aliases WHERE alias = ?", ALIAS) == [(new,)]
        assert beside.ask("GET", f"{ROOMS1}{room_id}/members", "admin").json() == {"members": [], "total": 0}
        forgotten = "COUNT(*) FROM roomserver_membership JOIN roomserver_rooms USING (room_nid) WHERE room_id = ?"
        assert beside.folder.select(forgotten + " AND NOT forgotten", room_id) == [(0,)]
        unharmed(homeserver, kind)


def test_without_a_new_room(make_homeserver, kind):
    homeserver = make_homeserver(files="split", journal="wal")
    with Beside(homeserver, account=True) as beside:
        room_id = make_room(homeserver, "doomed")
        found = ended(beside, delete(beside, room_id))
        assert found["status"] == "complete", found
        assert set(found["shutdown_room"]["kicked_users"]) == user_ids([*MEMBERS, "user13"])
        assert found["shutdown_room"]["new_room_id"] is None and found["shutdown_room"]["local_aliases"] == []
        assert made_rooms(beside) == []
        assert beside.folder.select("COUNT(*) FROM roomserver_room_aliases WHERE alias = ?", ALIAS) == [(0,)]
        assert beside.ask("DELETE", ROOMS2 + room_id, "admin", {}).status == 200  # there is no such room: fine
        unharmed(homeserver, kind)


def kill_homeserver(beside):
    beside.homeserver.kill()
    beside.homeserver.start()


def test_killed(make_homeserver, kind):
    """Whatever is killed meanwhile, there is one new room with one message, and each user has left once."""
    chance = random.Random(SEED)
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        for number in range(KILLS):
            room_id, made = make_room(homeserver, f"doomed{number}"), set(made_rooms(beside))
            delete_id = delete(beside, room_id, new_room_user_id=OWNER, message="Gone")
            for kill in (Beside.kill, kill_homeserver, Beside.kill):
                time.sleep(chance.uniform(0, 0.2))
                kill(beside)
            found = ended(beside, delete_id)
            assert found["status"] == "complete", found
            new = found["shutdown_room"]["new_room_id"]
            wait_until(lambda: set(made_rooms(beside)) - made == {new})
            assert sorted(found["shutdown_room"]["kicked_users"]) == sorted(user_ids([*MEMBERS, "user13"]))
            wait_until(lambda: messages(beside, new) == ["Gone"])
            assert all(new in joined(homeserver, member) for member in MEMBERS)
            assert beside.folder.select("COUNT(*) FROM roomserver_rooms WHERE room_id = ?", room_id) == [(0,)]


def in_room(beside, room_id):
    """{user: membership} of those who have not left."""
    return dict(beside.folder.select(
        "event_state_key, membership_nid FROM roomserver_membership JOIN roomserver_rooms USING (room_nid)"
        " JOIN roomserver_event_state_keys ON event_state_key_nid = target_nid WHERE room_id = ? AND membership_nid <> 1",
        room_id))


def outcomes(beside):
    """Of the jobs that have kept users out."""
    tasks = beside.ask("GET", "/_synapse/admin/v1/scheduled_tasks?action_name=keep_out", "admin").json()
    return {task["status"] for task in tasks["scheduled_tasks"]}


def test_blocked(make_homeserver, kind):
    """Who comes to a blocked room is out of it soon, again and again; who was in it stays, and so does who comes when
    it is blocked no more."""
    homeserver = make_homeserver(files="split")
    with Beside(homeserver, account=True) as beside:
        room_id = make_room(homeserver)
        homeserver.settle()
        before = in_room(beside, room_id)
        assert len(before) == len(MEMBERS) + 1
        block = f"{ROOMS1}{room_id}/block"
        assert beside.ask("PUT", block, "admin", {"block": True}).json() == {"block": True}
        for _ in range(2):
            for user in ("user14", "user15"):
                assert homeserver.ask("POST", f"{CLIENT}/join/{room_id}", user, {}).status == 200
            invite = {"user_id": "@user16:example.org"}
            assert homeserver.ask("POST", f"{CLIENT}/rooms/{room_id}/invite", MEMBERS[0], invite).status == 200
            wait_until(lambda: in_room(beside, room_id) == before)
        wait_until(lambda: outcomes(beside) == {"complete"})
        assert beside.ask("PUT", block, "admin", {"block": False}).json() == {"block": False}
        assert homeserver.ask("POST", f"{CLIENT}/join/{room_id}", "user14", {}).status == 200
        assert beside.ask("PUT", block, "admin", {"block": True}).json() == {"block": True}
        assert homeserver.ask("POST", f"{CLIENT}/join/{room_id}", "user15", {}).status == 200
        wait_until(lambda: in_room(beside, room_id) == {**before, "@user14:example.org": 3})
        unharmed(homeserver, kind)


def test_an_empty_message_is_the_usual_one(make_homeserver, kind):
    with Beside(make_homeserver(), account=True) as beside:
        wish = {"new_room_user_id": OWNER, "message": "", "room_name": ""}
        found = ended(beside, delete(beside, make_room(beside.homeserver), **wish))
        text, = messages(beside, found["shutdown_room"]["new_room_id"])
        assert text.startswith("The room that you were in")


def test_whoever_waits_hears_that_it_was_ended():
    """The room is not deleted, as who asks how it stands is told, too."""
    homeserver, held = StandIn(Folder()).start(), Fault("held", "/leave")
    with Beside(homeserver, account=True) as beside:
        room_id, answers = make_room(homeserver), []
        homeserver.faults = [held]
        waiting = threading.Thread(target=lambda: answers.append(beside.ask("DELETE", ROOMS1 + room_id, "admin", {})))
        waiting.start()
        wait_until(lambda: any("/leave" in request.path for request in homeserver.requests))
        job, = beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["jobs"]
        assert beside.ask("DELETE", "/_mxadmin/v1/jobs/" + job["id"], "admin").status == 200
        held.release.set()
        waiting.join()
        assert (answers[0].status, answers[0].json()["error"]) == (503, f"Job {job['id']} was ended meanwhile")
        found = ended(beside, job["id"])
        assert (found["status"], found["error"]) == ("failed", "An administrator has ended it")
    homeserver.close()
