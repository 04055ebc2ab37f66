# SPDX-License-Identifier: ISC
"""A real Dendrite goes on with a room whose events mxadmin, standalone, has redacted and whose history it has purged."""
from urllib.parse import quote

import pytest

from folder import Folder
from real import Dendrite
from room_pool import RoomPool
from test_history import begin, finish, sent
from test_jobs import LOBBY

pytestmark = pytest.mark.real
USER = "@user07:example.org"
ROOM = "/_matrix/client/v3/rooms/" + quote(LOBBY)


class Standalone(RoomPool):
    """On the database of a Dendrite that does not run."""

    def __init__(self, folder):
        super().__init__(folder.path, "pool", database=folder.databases[0].name)
        self.database = folder.databases[0]
        self.admin = folder.tokens["admin"]
        self.command("init")


@pytest.fixture
def folder():
    folder = Folder()
    yield folder
    folder.close()


def messages(dendrite, caller):
    """The whole history, page by page, the newest first."""
    events, start = [], None
    while True:
        answer = dendrite.ask("GET", f"{ROOM}/messages?dir=b&limit=7" + (f"&from={start}" if start else ""), caller)
        assert answer.status == 200, answer
        events += answer.json()["chunk"]
        start = answer.json().get("end")
        if not start:
            return events
        assert len(events) < 200, "there is no end"


def test_it_goes_on(folder):
    pool = Standalone(folder).start()
    events = sent(pool, LOBBY)
    assert finish(pool, begin(pool, f"/user/{USER}/redact", {"rooms": [LOBBY], "reason": "spam"}))["failed_redactions"] == {}
    body = {"purge_up_to_event_id": events[10], "delete_local_events": True}
    assert finish(pool, begin(pool, f"/purge_history/{LOBBY}", body)) == {"status": "complete"}
    pool.stop()
    pool.check()

    dendrite = Dendrite(folder).start()
    try:
        shown = messages(dendrite, "user01")
        assert [e["event_id"] for e in reversed(shown) if e["type"] == "m.room.message"] == events[10:]
        assert shown[-1]["type"] == "m.room.create"
        redacted = [e for e in shown if "redacted_because" in e.get("unsigned", {})]
        assert redacted and {e["sender"] for e in redacted} == {USER}
        assert all(e["content"] in ({}, {"membership": "join"}) for e in redacted)
        synced = dendrite.ask("GET", "/_matrix/client/v3/sync?timeout=0", "user01")
        assert synced.status == 200 and LOBBY in synced.json()["rooms"]["join"]
        answer = dendrite.ask("PUT", f"{ROOM}/send/m.room.message/1", USER[1:].partition(":")[0],
                              {"msgtype": "m.text", "body": "still here"})
        assert answer.status == 200, answer
        assert messages(dendrite, "user01")[0]["event_id"] == answer.json()["event_id"]
        assert dendrite.errors() == []
    finally:
        dendrite.stop()

    pool.check()
    pool.start()
    finish(pool, begin(pool, f"/purge_history/{LOBBY}/{answer.json()['event_id']}", {"delete_local_events": True}))
    assert sent(pool, LOBBY) == [answer.json()["event_id"]]
    pool.stop()
    pool.check()
