# SPDX-License-Identifier: ISC
"""
The rows of Dendrite's tables in a form in which two databases can be compared. A number of an event, room, type or
state key is replaced by what it numbers, a position in the stream by the event at it, a snapshot by the state that it
stands for; times and hashes by "time" and "hash". An event or room that is new since another look at the same database
is named after its place there. JSON is compared by its value.
"""
import json
import sqlite3

# Clients' notifications and the end-to-end keys are Dendrite's alone, the hosts of a room those of the federation; a
# device is seen with each request. Blocks are in the state of the snapshots: how it is divided is free.
IGNORED = ("db_migrations", "sqlite_", "mxadmin_", "keyserver_", "federationsender_", "userapi_devices",
           "userapi_notifications", "userapi_daily_visits", "syncapi_notification_data", "syncapi_stream_id",
           "roomserver_state_block")
STREAMS = "global", "accountdata", "invite"

COLUMNS = {
    "event_nid": "event",
    "last_event_sent_nid": "event",
    "event_nids": "events",
    "latest_event_nids": "events",
    "auth_event_nids": "events",
    "room_nid": "room",
    "event_type_nid": "type",
    "event_state_key_nid": "state_key",
    "target_nid": "state_key",
    "sender_nid": "state_key",
    "state_snapshot_nid": "state",
    "state_snapshot_hash": "hash",
    "event_json": "json",
    "headered_event_json": "json",
    "invite_event_json": "json",
    "content": "json",
    "add_state_ids": "ids",
    "remove_state_ids": "ids",
    "stream_pos": "position",
    "stream_position": "position",
    "added_at": "position",
    "password_hash": "hash",
    "created_ts": "time",
    # Of single tables.
    "roomserver_event_types.event_type_nid": "number",
    "roomserver_event_state_keys.event_state_key_nid": "number",
    "roomserver_state_snapshots.state_block_nids": "number",
    "syncapi_output_room_events.id": "position",
    "syncapi_invite_events.id": "number",
    "syncapi_account_data_type.id": "number",
}


class Rows:
    """`tables` is {table: [row…]}, a row {column: value}. `base` is an earlier look at the database."""

    def __init__(self, path, base=None):
        self.database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.database.text_factory = lambda text: text.decode()
        self.database.execute("BEGIN")
        self.rooms = dict(self.select("room_nid, room_id FROM roomserver_rooms"))
        self.types = dict(self.select("event_type_nid, event_type FROM roomserver_event_types"))
        self.state_keys = dict(self.select("event_state_key_nid, event_state_key FROM roomserver_event_state_keys"))
        self.names = dict(base.names) if base else {}
        self.events, self.places = {}, {}
        self.name_all(new=base is not None)
        self.positions = dict(self.select("id, event_id FROM syncapi_output_room_events"))
        self.blocks = dict(self.select("state_block_nid, event_nids FROM roomserver_state_block"))
        self.snapshots = dict(self.select("state_snapshot_nid, state_block_nids FROM roomserver_state_snapshots"))
        tables = self.select("name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        self.tables = {table: self.read(table) for table, in tables if not table.startswith(IGNORED)}
        self.streams = dict(self.select("stream_name, stream_id FROM syncapi_stream_id"))
        self.database.close()

    def select(self, what):
        return self.database.execute("SELECT " + what)

    def name_all(self, new):
        """Events are new in an order that need not be the same, so a name has no number of its own."""
        for number, room_id in sorted(self.rooms.items()):
            self.names.setdefault(room_id, f"!new{len(self.rooms)}" if new else room_id)
        for number, event_id, room, kind, key in self.select(
                "event_nid, event_id, room_nid, event_type_nid, event_state_key_nid FROM roomserver_events"
                " ORDER BY event_nid"):
            self.events[number], self.places[number] = event_id, (kind, key)
            if event_id not in self.names:
                self.names[event_id] = self.name_of(room, kind, key) if new else f"#{number}"

    def name_of(self, room, kind, key):
        place = " ".join([self.names[self.rooms[room]], self.types[kind]] + ([self.state_keys[key]] if key else []))
        number = 1
        while f"{place} ({number})" in self.names.values():
            number += 1
        return f"{place} ({number})"

    def state(self, snapshot):
        """Later blocks override earlier ones."""
        state = {}
        for block in json.loads(self.snapshots[snapshot]):
            state.update((self.places[number], self.event(number)) for number in json.loads(self.blocks[block]))
        return sorted(state.values())

    def event(self, number):
        return self.names[self.events[number]] if number else None

    def json(self, value, name=None):
        if isinstance(value, dict):
            if name == "signatures":
                return {server: {"key": "hash" for _ in keys} for server, keys in value.items()}
            return {self.names.get(key, key): self.json(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self.json(member) for member in value]
        if name == "origin_server_ts":
            return "time"
        if name == "sha256":
            return "hash"
        return self.names.get(value, value) if isinstance(value, str) else value

    def value(self, kind, value):
        if kind in ("number", "hash", "time"):
            return kind
        if isinstance(value, bytes):
            value = value.decode()
        if kind == "event":
            return self.event(value)
        if kind == "events":
            return [self.event(number) for number in json.loads("[" + value.strip("[]") + "]")]
        if kind == "room":
            return self.names[self.rooms[value]]
        if kind == "type":
            return self.types[value]
        if kind == "state_key":
            return self.state_keys[value] if value else None
        if kind == "state":
            return self.state(value) if value else None
        if kind == "position":
            return self.names[self.positions[value]]
        if kind == "json" or (kind == "ids" and value):
            return self.json(json.loads(value))
        return self.names.get(value, value)

    def read(self, table):
        cursor = self.select(f'* FROM "{table}"')
        names = [column[0] for column in cursor.description]
        kinds = [COLUMNS.get(f"{table}.{name}", COLUMNS.get(name)) for name in names]
        return [{name: None if value is None else self.value(kind, value)
                 for name, kind, value in zip(names, kinds, row)} for row in cursor]


def changes(before, after):
    """What happened between two looks: {table: {"gone": [row…], "new": [row…]}}, without the tables that are the
    same; and how far the streams have moved."""
    def text(rows):
        return [json.dumps(row, sort_keys=True) for row in rows]
    result = {}
    for table in sorted(after.tables):
        gone, new = text(before.tables.get(table, [])), []
        for row in text(after.tables[table]):
            if row in gone:
                gone.remove(row)
            else:
                new.append(row)
        if gone or new:
            result[table] = {"gone": [json.loads(row) for row in sorted(gone)],
                             "new": [json.loads(row) for row in sorted(new)]}
    moved = {name: after.streams[name] - before.streams[name] for name in STREAMS}
    if any(moved.values()):
        result["syncapi_stream_id"] = {"gone": [], "new": [{"moved": moved}]}
    return result


def storage_classes(path):
    """{column of a table: the storage classes of its values}"""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    classes = {}
    for table, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for column in [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]:
            found = database.execute(f'SELECT DISTINCT typeof("{column}") FROM "{table}" WHERE "{column}" NOT NULL')
            classes[f"{table}.{column}"] = {name for name, in found}
    database.close()
    return classes
