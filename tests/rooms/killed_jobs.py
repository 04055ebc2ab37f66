# SPDX-License-Identifier: ISC
"""
Kinds of jobs, each with a row in KINDS: how one is begun by a request, and what has come of it. `begin` returns its id;
`check` is called when it has ended, and the pool runs.
"""
import collections

import fcgi
from messages import Writer

ADMIN = "@admin:example.org"
SYNAPSE = "/_synapse/admin"
MEMBER = "json_extract(CAST(headered_event_json AS TEXT), '$.%s')"


def ask(pool, method, path, body=None):
    status, _, answer = fcgi.ask(pool.address, path, method, pool.admin, {} if body is None else body)
    assert status == 200, answer
    return answer


def involved(pool, room_id):
    """The local users who are joined, invited or knock."""
    return [user for user, in pool.select(
        "k.event_state_key FROM roomserver_membership m JOIN roomserver_rooms r USING (room_nid)"
        " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
        " WHERE r.room_id = ? AND m.membership_nid <> 1 AND m.target_local", room_id)]


def events(pool, room_id, kind):
    """[(state key or None, membership or body)] of a room's events of a type."""
    return pool.select(f"{MEMBER % 'state_key'}, COALESCE({MEMBER % 'content.membership'}, {MEMBER % 'content.body'})"
                       " FROM syncapi_output_room_events WHERE room_id = ? AND type = ? ORDER BY id", room_id, kind)


class Deletion:
    """Of one room after the other; `wish` is what is asked for."""

    def __init__(self, **wish):
        self.wish = wish

    def prepare(self, pool):
        self.rooms = [room_id for room_id, in pool.select("room_id FROM roomserver_rooms ORDER BY room_nid")]
        self.at_first, self.before = len(self.rooms), {}

    def begin(self, pool, number):
        room_id = self.rooms.pop()
        members = involved(pool, room_id)
        alias = f"#alias{number}:example.org"
        pool.execute("INSERT INTO roomserver_room_aliases (alias, room_id, creator_id) VALUES (?, ?, ?)", alias, room_id,
                     members[0])
        job_id = ask(pool, "DELETE", f"{SYNAPSE}/v2/rooms/{room_id}",
                     {"room_name": f"New room {number}", "message": f"Message {number}", **self.wish})["delete_id"]
        self.before[job_id] = number, room_id, members, alias
        return job_id

    def check(self, pool):
        new = [self.check_one(pool, job_id, *before) for job_id, before in self.before.items()]
        purged = len(self.before) if self.wish.get("purge", True) else 0
        assert pool.select("COUNT(*) FROM roomserver_rooms") == [(self.at_first - purged + len(list(filter(None, new))),)]

    def check_one(self, pool, job_id, number, room_id, members, alias):
        found = ask(pool, "GET", f"{SYNAPSE}/v2/rooms/delete_status/{job_id}")
        result = found["shutdown_room"]
        assert (found["status"], found["room_id"]) == ("complete", room_id), found
        assert collections.Counter(result["kicked_users"]) == collections.Counter(members)
        assert result["failed_to_kick_users"] == []
        if self.wish.get("purge", True):
            assert pool.select("COUNT(*) FROM roomserver_rooms WHERE room_id = ?", room_id) == [(0,)]
        else:
            left = collections.Counter(user for user, membership in events(pool, room_id, "m.room.member")
                                       if membership == "leave")
            assert {user: left[user] for user in members} == dict.fromkeys(members, 1)
            assert involved(pool, room_id) == []
        self.check_new(pool, number, members, alias, result)
        return result["new_room_id"]

    def check_new(self, pool, number, members, alias, result):
        new = result["new_room_id"]
        assert (new is not None) == ("new_room_user_id" in self.wish)
        if new is None:
            return
        assert pool.select(f"room_id FROM syncapi_current_room_state WHERE type = 'm.room.name' AND"
                           f" {MEMBER % 'content.name'} = ?", f"New room {number}") == [(new,)]
        joins = collections.Counter(events(pool, new, "m.room.member"))
        assert joins == collections.Counter({(user, "join"): 1 for user in {ADMIN, *members}})
        assert events(pool, new, "m.room.message") == [(None, f"Message {number}")]
        assert result["local_aliases"] == [alias]
        assert pool.select("room_id FROM roomserver_room_aliases WHERE alias = ?", alias) == [(new,)]


class Redaction:
    """Of what one user after the other has sent to a room."""

    MESSAGES = 60  # of each

    def prepare(self, pool):
        rooms = [room_id for room_id, in pool.select("room_id FROM roomserver_rooms ORDER BY room_nid")]
        self.wanted = {}
        # Another user each time: a second job for one is refused as long as the first goes on.
        in_room = {user: room_id for room_id in rooms for user in involved(pool, room_id)}
        self.senders = [(room_id, user) for user, room_id in in_room.items()][:len(rooms)]
        with Writer(pool) as writer:
            for room_id, user in self.senders:
                writer.send_many(room_id, [user], self.MESSAGES)

    def begin(self, pool, number):
        room_id, user = self.senders[number]
        sent = pool.select("event_id FROM syncapi_output_room_events WHERE room_id = ? AND sender = ?"
                           " AND (type = 'm.room.message' OR type = 'm.room.member')", room_id, user)
        job_id = ask(pool, "POST", f"{SYNAPSE}/v1/user/{user}/redact", {"rooms": [room_id]})["redact_id"]
        self.wanted[job_id] = {event_id for event_id, in sent}
        return job_id

    def check(self, pool):
        for job_id in self.wanted:
            found = ask(pool, "GET", f"{SYNAPSE}/v1/user/redact_status/{job_id}")
            assert found == {"status": "complete", "failed_redactions": {}}
        redacted = pool.select("event_id FROM syncapi_output_room_events WHERE"
                               f" {MEMBER % 'unsigned.redacted_because'} IS NOT NULL")
        assert {event_id for event_id, in redacted} == set().union(*self.wanted.values())
        assert sorted(pool.select("redacts_event_id FROM roomserver_redactions")) == sorted(redacted)
        assert pool.select("COUNT(*) FROM roomserver_events WHERE event_type_nid = 6") == [(len(redacted),)]


class HistoryPurge:
    """Of one room after the other, up to its last message."""

    MESSAGES = 600  # of each
    STATES = "event_id FROM roomserver_events WHERE event_state_key_nid <> 0 ORDER BY event_id"
    SENT = "room_id, event_id FROM syncapi_output_room_events WHERE type = 'm.room.message' ORDER BY id"

    def prepare(self, pool):
        self.jobs, self.states = [], pool.select(self.STATES)
        with Writer(pool) as writer:
            for room_id, in pool.select("room_id FROM roomserver_rooms"):
                writer.send_many(room_id, involved(pool, room_id)[:2], self.MESSAGES)
        self.last = dict(pool.select(self.SENT))
        self.rooms = list(self.last)

    def begin(self, pool, number):
        room_id = self.rooms[number]
        body = {"purge_up_to_event_id": self.last[room_id], "delete_local_events": True}
        self.jobs.append(ask(pool, "POST", f"{SYNAPSE}/v1/purge_history/{room_id}", body)["purge_id"])
        return self.jobs[-1]

    def check(self, pool):
        for job_id in self.jobs:
            assert ask(pool, "GET", f"{SYNAPSE}/v1/purge_history_status/{job_id}") == {"status": "complete"}
        assert sorted(pool.select(self.SENT)) == sorted(self.last.items())
        assert pool.select(self.STATES) == self.states


KINDS = {
    "delete": Deletion(),
    "delete, for a new room": Deletion(new_room_user_id=ADMIN, block=True),
    "delete, but keep": Deletion(new_room_user_id=ADMIN, purge=False),
    "redact": Redaction(),
    "purge a history": HistoryPurge(),
}
