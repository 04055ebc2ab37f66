# SPDX-License-Identifier: ISC
"""A room in Dendrite's tables: what it is now, and the rows of a new event, which is really signed."""
import json

import shared  # noqa: F401, and with it the folders of what is shared with other tests

import allowed
from check_events import event_id, redact, sign
from database import digest, encode, now
from folder import SERVER_NAME

MEMBERSHIPS = {"leave": 1, "ban": 1, "invite": 2, "join": 3, "knock": 4}
VISIBILITIES = {"world_readable": 1, "shared": 2, "invited": 3, "joined": 4}
BLOCKS_MAX = 64
PREVIOUS_MAX = 20  # events that one names as those before it
# What somebody who is invited is shown, in this order.
STRIPPED = ["m.room.create", "m.room.join_rules", "m.room.canonical_alias", "m.room.avatar", "m.room.encryption",
            "m.room.name", "m.room.topic"]


def find(database, room_id):
    """The room, or None."""
    row = database.row("SELECT room_nid, room_version FROM roomserver_rooms WHERE room_id = ?"
                       " AND state_snapshot_nid <> 0", room_id)
    return Room(database, room_id, *row) if row else None


def note(database, room_id, version):
    """The number of a room that there is nothing of."""
    return database.write("INSERT INTO roomserver_rooms (room_id, room_version) VALUES (?, ?)", room_id, version)


def create(database, room_id, version):
    number = note(database, room_id, version)
    # The one snapshot of no state goes from each new room to the next.
    empty = (database.value("UPDATE roomserver_state_snapshots SET room_nid = ? WHERE state_block_nids = '[]'"
                            " RETURNING state_snapshot_nid", number)
             or database.write("INSERT INTO roomserver_state_snapshots (state_snapshot_hash, room_nid,"
                               " state_block_nids) VALUES (?, ?, '[]')", digest([]), number))
    database.write("UPDATE roomserver_rooms SET state_snapshot_nid = ? WHERE room_nid = ?", empty, number)
    return Room(database, room_id, number, version)


class Room:
    def __init__(self, database, room_id, number, version):
        self.database, self.room_id, self.number, self.version = database, room_id, number, version

    def snapshot(self):
        return self.database.value("SELECT state_snapshot_nid FROM roomserver_rooms WHERE room_nid = ?", self.number)

    def latest(self):
        return json.loads(self.database.value("SELECT latest_event_nids FROM roomserver_rooms WHERE room_nid = ?",
                                              self.number))

    def blocks(self):
        return json.loads(self.database.value("SELECT state_block_nids FROM roomserver_state_snapshots"
                                              " WHERE state_snapshot_nid = ?", self.snapshot()))

    def state(self):
        """{(type, state key): number of the event}; later blocks override earlier ones."""
        state = {}
        for block in self.blocks():
            rows = self.database.rows(
                "SELECT event_type, event_state_key, event_nid FROM roomserver_events"
                " JOIN roomserver_event_types USING (event_type_nid)"
                " JOIN roomserver_event_state_keys USING (event_state_key_nid) WHERE event_nid IN (SELECT value FROM"
                " json_each((SELECT CAST(event_nids AS TEXT) FROM roomserver_state_block WHERE state_block_nid = ?)))",
                block)
            state.update(((kind, key), number) for kind, key, number in rows)
        return state

    def event(self, number):
        return json.loads(self.database.value("SELECT event_json FROM roomserver_event_json WHERE event_nid = ?",
                                              number))

    def state_event(self, kind, key=""):
        """The number and the event, or none of them."""
        number = self.state().get((kind, key))
        return (number, self.event(number)) if number else (None, None)

    def content(self, kind, key=""):
        event = self.state_event(kind, key)[1]
        return event and event["content"]

    def creator(self):
        return self.state_event("m.room.create")[1]["sender"]

    def membership(self, user_id):
        content = self.content("m.room.member", user_id)
        return content and content["membership"]

    def members(self, *memberships):
        """The local users with these memberships, in the order of the numbers of their events."""
        numbers = [MEMBERSHIPS[membership] for membership in memberships]
        return [user_id for user_id, in self.database.rows(
            "SELECT event_state_key FROM roomserver_membership JOIN roomserver_event_state_keys"
            " ON event_state_key_nid = target_nid WHERE room_nid = ? AND target_local AND membership_nid IN (%s)"
            " ORDER BY event_nid" % ",".join(map(str, numbers)), self.number)]

    def event_ids(self, numbers):
        return [self.database.value("SELECT event_id FROM roomserver_events WHERE event_nid = ?", number)
                for number in numbers]

    def needed(self, sender, kind, content, state_key, state):
        """The numbers of the events that allow a new one."""
        places = []
        if kind != "m.room.create":
            places = [("m.room.create", ""), ("m.room.power_levels", "")]
            users = [sender]
            if kind == "m.room.member":
                if content["membership"] in ("join", "invite"):
                    places.insert(1, ("m.room.join_rules", ""))
                # Of an invitation, it leaves out what it replaces, against the authorisation rules.
                users = [sender] if content["membership"] == "invite" else sorted({sender, state_key})
            places += [("m.room.member", user_id) for user_id in users]
        return [state[place] for place in places if place in state]

    def build(self, sender, kind, content, state_key=None, redacts=None, unsigned=None):
        latest = self.latest()
        depth = max((self.event(number)["depth"] for number in latest), default=0)
        event = {
            "auth_events": self.event_ids(self.needed(sender, kind, content, state_key, self.state())),
            "content": content,
            "depth": depth + 1,
            "origin": SERVER_NAME,
            "origin_server_ts": now(),
            "prev_events": self.event_ids(latest[:PREVIOUS_MAX]),
            "room_id": self.room_id,
            "sender": sender,
            "type": kind,
        }
        if state_key is not None:
            event.update(state_key=state_key, prev_state=[])
        if redacts is not None:
            event["redacts"] = redacts
        if unsigned is not None:
            event["unsigned"] = unsigned
        sign(int(self.version), event, SERVER_NAME, self.database.key_id, self.database.key)
        return event

    def send(self, *what, transaction=None, **more):
        """Builds an event, which has to be allowed, and stores it; returns its id."""
        event = self.build(*what, **more)
        allowed.check(self, event)
        return self.store(event, transaction)

    def store(self, event, transaction=None, before=None):
        """`transaction` is (session id, transaction id); `before` the snapshot of the state before it, if it is not
        that of the room now."""
        identifier = event_id(int(self.version), event)
        replaced = None
        if "state_key" in event:
            replaced = self.state_event(event["type"], event["state_key"])
        number = self.store_event(identifier, event, before or self.snapshot())
        position = self.store_sync(identifier, event, replaced, transaction)
        if event["type"] == "m.room.member":
            self.store_membership(number, identifier, event, position)
            self.store_host(identifier, event, replaced)
        if event["type"] == "m.room.redaction":
            self.store_redaction(number, identifier, event)
        return identifier

    def store_rejected(self, event):
        """What is not allowed is kept all the same, and has no effect."""
        identifier = event_id(int(self.version), event)
        number = self.store_rows(identifier, event, self.snapshot())
        self.database.write("UPDATE roomserver_events SET is_rejected = 1, sent_to_output = 0 WHERE event_nid = ?",
                            number)

    def store_rows(self, identifier, event, before):
        database = self.database
        state_key = database.state_key_number(event.get("state_key"))
        auth = [database.value("SELECT event_nid FROM roomserver_events WHERE event_id = ?", other)
                for other in event["auth_events"]]
        number = database.write(
            "INSERT INTO roomserver_events (room_nid, event_type_nid, event_state_key_nid, sent_to_output,"
            " state_snapshot_nid, depth, event_id, auth_event_nids) VALUES (?, ?, ?, 1, ?, ?, ?, ?)", self.number,
            database.type_number(event["type"]), state_key, before, event["depth"], identifier, encode(auth).decode())
        database.write("INSERT INTO roomserver_event_json VALUES (?, ?)", number, encode(event))
        for previous in event["prev_events"]:
            # It means to add the number to those that are there, and asks for 1 instead of for them.
            database.write("INSERT INTO roomserver_previous_events VALUES (?, ?) ON CONFLICT (previous_event_id)"
                           " DO UPDATE SET event_nids = '1,' || excluded.event_nids", previous, str(number))
        return number

    def store_event(self, identifier, event, before):
        number = self.store_rows(identifier, event, before)
        if "state_key" in event:
            self.set_snapshot(number)
        latest = [other for other in self.latest() if self.event_ids([other])[0] not in event["prev_events"]]
        self.database.write("UPDATE roomserver_rooms SET latest_event_nids = ?, last_event_sent_nid = ?"
                            " WHERE room_nid = ?", encode([number] + latest).decode(), number, self.number)
        return number

    def set_snapshot(self, number):
        """The state with the event `number`, which is stored."""
        database = self.database
        blocks, events = self.blocks(), [number]
        if len(blocks) >= BLOCKS_MAX:
            place = database.row("SELECT event_type, event_state_key FROM roomserver_events"
                                 " JOIN roomserver_event_types USING (event_type_nid)"
                                 " JOIN roomserver_event_state_keys USING (event_state_key_nid) WHERE event_nid = ?",
                                 number)
            blocks, events = [], sorted({**self.state(), place: number}.values())
        block = database.write("INSERT INTO roomserver_state_block (state_block_hash, event_nids) VALUES (?, ?)",
                               digest(["block", *events]), encode(events))
        blocks.append(block)
        snapshot = database.write("INSERT INTO roomserver_state_snapshots (state_snapshot_hash, room_nid,"
                                  " state_block_nids) VALUES (?, ?, ?)", digest(["snapshot", *blocks]), self.number,
                                  encode(blocks).decode())
        database.write("UPDATE roomserver_rooms SET state_snapshot_nid = ? WHERE room_nid = ?", snapshot, self.number)

    def store_sync(self, identifier, event, replaced, transaction):
        """`replaced` is the number and the event that this one takes the place of; none for no state."""
        database = self.database
        headered = self.headered(identifier, event)
        added = removed = ""
        if replaced:
            added = encode([identifier]).decode()
            if replaced[0]:
                old_id = self.event_ids([replaced[0]])[0]
                removed = encode([old_id]).decode()
                headered["unsigned"] = {"prev_content": replaced[1]["content"],
                                        "prev_sender": replaced[1]["sender"], "replaces_state": old_id}
        position = database.position("global")
        contains_url = isinstance(event["content"].get("url"), str)
        visibility = VISIBILITIES[(self.content("m.room.history_visibility") or {}).get("history_visibility", "shared")]
        session_id, transaction_id = transaction or (None, None)
        database.write(
            "INSERT INTO syncapi_output_room_events (id, event_id, room_id, headered_event_json, type, sender,"
            " contains_url, add_state_ids, remove_state_ids, session_id, transaction_id, history_visibility)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", position, identifier, self.room_id, encode(headered),
            event["type"], event["sender"], contains_url, added, removed, session_id, transaction_id, visibility)
        database.write("INSERT INTO syncapi_output_room_events_topology VALUES (?, ?, ?, ?)", identifier,
                       event["depth"], position, self.room_id)
        if replaced:
            database.write(
                "INSERT INTO syncapi_current_room_state (room_id, event_id, type, sender, contains_url, state_key,"
                " headered_event_json, membership, added_at, history_visibility) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (room_id, type, state_key) DO UPDATE SET event_id = excluded.event_id,"
                " sender = excluded.sender, contains_url = excluded.contains_url,"
                " headered_event_json = excluded.headered_event_json, membership = excluded.membership,"
                " added_at = excluded.added_at, history_visibility = excluded.history_visibility",
                self.room_id, identifier, event["type"], event["sender"], contains_url, event["state_key"],
                encode(headered), event["content"].get("membership"), position, visibility)
        return position

    def store_membership(self, number, identifier, event, position):
        database, user_id, membership = self.database, event["state_key"], event["content"]["membership"]
        target, sender = database.state_key_number(user_id), database.state_key_number(event["sender"])
        database.write(
            "INSERT INTO roomserver_membership (room_nid, target_nid, sender_nid, membership_nid, event_nid,"
            " target_local) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room_nid, target_nid) DO UPDATE SET"
            " sender_nid = excluded.sender_nid, membership_nid = excluded.membership_nid,"
            " event_nid = excluded.event_nid, forgotten = 0",
            self.number, target, sender, MEMBERSHIPS[membership], number, user_id.endswith(":" + SERVER_NAME))
        database.write(
            "INSERT INTO syncapi_memberships VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room_id, user_id, membership)"
            " DO UPDATE SET event_id = excluded.event_id, stream_pos = excluded.stream_pos,"
            " topological_pos = excluded.topological_pos", self.room_id, user_id, membership, identifier, position,
            event["depth"])
        if membership != "invite":
            self.retire_invitations(user_id, target)
        else:
            # One that has not been answered is not replaced.
            database.write("INSERT INTO roomserver_invites SELECT ?1, ?2, ?3, ?4, 0, ?5 WHERE NOT EXISTS (SELECT * FROM"
                           " roomserver_invites WHERE room_nid = ?2 AND target_nid = ?3 AND NOT retired)", identifier,
                           self.number, target, sender, encode(event))
            database.write("INSERT INTO syncapi_invite_events VALUES (?, ?, ?, ?, ?, 0)", database.position("invite"),
                           identifier, self.room_id, user_id, encode(self.headered(identifier, event)))

    def store_host(self, identifier, event, replaced):
        """What the part for other servers keeps."""
        if replaced[0]:
            self.database.write("DELETE FROM federationsender_joined_hosts WHERE event_id = ?",
                                self.event_ids([replaced[0]])[0])
        if event["content"]["membership"] == "join":
            self.database.write("INSERT INTO federationsender_joined_hosts VALUES (?, ?, ?)", self.room_id, identifier,
                                event["state_key"].partition(":")[2])

    def retire_invitations(self, user_id, target):
        self.database.write("UPDATE roomserver_invites SET retired = 1 WHERE room_nid = ? AND target_nid = ?"
                            " AND NOT retired", self.number, target)
        for old, in self.database.rows("SELECT event_id FROM syncapi_invite_events WHERE room_id = ?"
                                       " AND target_user_id = ? AND NOT deleted", self.room_id, user_id):
            self.database.write("UPDATE syncapi_invite_events SET deleted = 1, id = ? WHERE event_id = ?",
                                self.database.position("invite"), old)

    def store_redaction(self, number, identifier, event):
        """What it notes of the redaction in the event is its own object in the one place, and the client's event in
        the other, where it also loses the id."""
        database, redacted_id = self.database, event["content"]["redacts"]
        redacted_number = database.value("SELECT event_nid FROM roomserver_events WHERE event_id = ?", redacted_id)
        redacted = redact(int(self.version), self.event(redacted_number))
        for_client = {name: event[name] for name in ("content", "origin_server_ts", "redacts", "sender", "type")}
        database.write("INSERT INTO roomserver_redactions VALUES (?, ?, 1)", identifier, redacted_id)
        because = {"EventNID": number, "PDU": event, "Rejected": False}
        redacted["unsigned"] = {"redacted_because": because, "redacted_by": identifier}
        database.write("UPDATE roomserver_event_json SET event_json = ? WHERE event_nid = ?", encode(redacted),
                       redacted_number)
        redacted["unsigned"]["redacted_because"] = {**for_client, "event_id": identifier}
        for table in ("syncapi_output_room_events", "syncapi_current_room_state"):
            database.write(f"UPDATE {table} SET headered_event_json = ? WHERE event_id = ?",
                           encode(self.headered("", redacted)), redacted_id)

    def headered(self, identifier, event):
        return {**event, "_event_id": identifier, "_room_version": self.version}

    def stripped(self, creator=None):
        """What is told of the room to those who are invited; who creates it is told of, too."""
        state = self.state()
        places = [(kind, "") for kind in STRIPPED if creator or kind != "m.room.topic"]
        if creator:
            places.insert(1, ("m.room.member", creator))
        events = [self.event(state[place]) for place in places if place in state]
        return [{name: event[name] for name in ("content", "sender", "state_key", "type")} for event in events]
