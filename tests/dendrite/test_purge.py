# SPDX-License-Identifier: ISC
"""A room is not purged before Dendrite's parts have heard of what happened in it."""
import sqlite3
import threading
import time

from attached import Beside
from folder import Folder
from stand_in import StandIn

ABANDONED = "!C2FStgDZDif6DRxR:example.org"
PURGE = "/_dendrite/admin/purgeRoom/"
ROUNDS = 5


def test_at_once(make_homeserver, kind):
    """Members come, leave, and the room goes, without a pause between."""
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        for number in range(ROUNDS):
            room = homeserver.ask("POST", "/_matrix/client/v3/createRoom", "user06",
                                  {"preset": "public_chat"}).json()["room_id"]
            for user in range(7, 13):
                homeserver.ask("POST", f"/_matrix/client/v3/join/{room}", f"user{user:02}", {})
            answer = beside.ask("POST", f"{PURGE}{room}?evacuate=true", "admin")
            assert answer.status == 200 and len(answer.json()["affected"]) == 7, answer
            assert beside.ask("POST", PURGE + room, "admin").status == 404
        time.sleep(2 if kind == "real" else 0)  # for what its parts have yet to hear of
        assert homeserver.is_running()
        assert homeserver.ask("GET", "/_matrix/client/v3/sync?timeout=0", "user06").status == 200
        assert kind == "stand-in" or homeserver.hurt() == []


def test_waits():
    """A part of the stand-in takes a user for joined who has left."""
    homeserver = StandIn(Folder()).start()
    database = sqlite3.connect(homeserver.folder.databases[0])
    try:
        with database:
            database.execute("INSERT INTO federationsender_joined_hosts VALUES (?, '$none', 'example.org')", [ABANDONED])
        with Beside(homeserver, account=True) as beside:
            answers = []
            thread = threading.Thread(target=lambda: answers.append(beside.ask("POST", PURGE + ABANDONED, "admin")))
            thread.start()
            thread.join(1)
            assert not any("purgeRoom" in request.path for request in homeserver.requests)
            with database:
                database.execute("DELETE FROM federationsender_joined_hosts WHERE event_id = '$none'")
            thread.join()
            assert answers[0].status == 200, answers
    finally:
        database.close()
        homeserver.close()
