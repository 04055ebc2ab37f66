# SPDX-License-Identifier: ISC
"""What users send, which no call of the program does: written into its database by the stand-in for a Dendrite."""
import pathlib
import sqlite3
import sys
import types

from room_pool import ROOT

sys.path.append(str(ROOT / "tests/dendrite"))

from database import Database  # noqa: E402
import room as rooms  # noqa: E402


class Writer:
    """Nobody else writes meanwhile, in one transaction."""

    def __init__(self, pool):
        def connect(_):
            connection = sqlite3.connect(pool.database, isolation_level=None, timeout=60)
            connection.execute("ATTACH ':memory:' AS other")
            connection.execute("CREATE TABLE other.federationsender_joined_hosts (room_id, event_id, server_name)")
            return connection
        self.database = Database(types.SimpleNamespace(config_file=pathlib.Path(pool.config_file), key_file=pool.key,
                                                       connect=connect))

    def __enter__(self):
        self.database.write("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind, value, traceback):
        self.database.write("ROLLBACK" if kind else "COMMIT")
        self.database.close()

    def send(self, room_id, sender, body, event_type="m.room.message"):
        """Returns the event's id."""
        return rooms.find(self.database, room_id).send(sender, event_type, {"body": body, "msgtype": "m.text"})

    def join(self, room_id, user_id):
        content = {"membership": "join", "displayname": user_id}
        return rooms.find(self.database, room_id).send(user_id, "m.room.member", content, user_id)

    def send_many(self, room_id, users, count):
        """The same with what does not change from one to the next asked for once."""
        room = Fast(self.database, room_id)
        for i in range(count):
            room.send(users[i % len(users)], "m.room.message", {"body": f"message {i}", "msgtype": "m.text"})


class Fast(rooms.Room):
    """A room whose state does not change meanwhile."""

    def __init__(self, database, room_id):
        found = rooms.find(database, room_id)
        super().__init__(database, room_id, found.number, found.version)
        self.known = super().state()
        self.kept = super().content("m.room.history_visibility")

    def state(self):
        return self.known

    def content(self, kind, key=""):
        return self.kept if kind == "m.room.history_visibility" else super().content(kind, key)
