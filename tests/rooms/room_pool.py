# SPDX-License-Identifier: ISC
"""Pools on databases with rooms: a copy of the one that Dendrite has made, or one that `mxadmin populate` makes."""
import gzip
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixture"
# What is shared with other tests.
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("web", "fault", "matrix")]

from check_events import check_database  # noqa: E402
from pool import Pool  # noqa: E402
from service import MXADMIN  # noqa: E402

CONFIG = {
    "server_name": "example.org",
    "database": "mxadmin.db",
    "signing_key": "matrix_key.pem",
    "registration_shared_secret": "fixture-secret",
    # What Dendrite knows, at its least cost.
    "password_hash": "bcrypt",
    "bcrypt_cost": 4,
    "rate_limit": {"per_account": 0, "per_address": 0},
    "server_notices": {"enabled": True, "local_part": "_server", "display_name": "Server Alert",
                       "room_name": "Server Alert"},
}


# Rows of the list of rooms that do not say what is so.
WRONGLY_LISTED = """
    l.* FROM mxadmin_rooms l LEFT JOIN roomserver_rooms r ON r.room_id = l.room_id AND r.latest_event_nids <> '[]'
    WHERE r.room_nid IS NULL OR l.room_nid <> r.room_nid OR l.joined_members <> (SELECT COUNT(*)
    FROM roomserver_membership m WHERE m.room_nid = r.room_nid AND m.membership_nid = 3) OR l.joined_local_members <>
    (SELECT COUNT(*) FROM roomserver_membership m WHERE m.room_nid = r.room_nid AND m.membership_nid = 3
    AND m.target_local) OR l.state_events <> (SELECT COUNT(*) FROM syncapi_current_room_state s
    WHERE s.room_id = r.room_id) OR l.name <> COALESCE((SELECT json_extract(CAST(s.headered_event_json AS TEXT),
    '$.content.name') FROM syncapi_current_room_state s WHERE s.room_id = r.room_id AND s.type = 'm.room.name'
    AND s.state_key = ''), '') OR (l.flags & 2 <> 0) <> (l.joined_members = 0) OR (l.flags & 1 <> 0) <> EXISTS
    (SELECT 1 FROM roomserver_published p WHERE p.room_id = r.room_id AND p.published)
"""


class RoomPool(Pool):
    """A pool on the database in `folder`; several can be. `admin` is the token of an administrator."""

    def __init__(self, folder, name, workers=2, **options):
        self.folder = pathlib.Path(folder)
        self.database = self.folder / CONFIG["database"]
        self.key = self.folder / CONFIG["signing_key"]
        self.address = f"{folder}/{name}.sock"
        self.config_file = f"{folder}/{name}.yaml"
        self.log_file = f"{folder}/{name}.log"
        self.process = None
        self.admin = None
        self.options = {**CONFIG, "listen": "unix:" + self.address, "workers": workers, **options}
        self.configure()
        os.chmod(self.config_file, 0o600)

    def command(self, *words, stdin=""):
        return subprocess.run([MXADMIN, "-c", self.config_file, *words], input=stdin, text=True, check=True,
                              stdout=subprocess.PIPE).stdout

    def select(self, sql, *values):
        database = sqlite3.connect(self.database)
        try:
            return database.execute("SELECT " + sql, values).fetchall()
        finally:
            database.close()

    def execute(self, sql, *values):
        database = sqlite3.connect(self.database, timeout=60)
        with database:
            database.execute(sql, values)
        database.close()

    def check(self):
        """The database is whole, as far as SQLite, fsck and a second reading of the specification can tell."""
        database = sqlite3.connect(self.database)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
        findings = json.loads(subprocess.run([MXADMIN, "-c", self.config_file, "fsck", "--json"], text=True,
                                             stdout=subprocess.PIPE).stdout)
        assert [finding for finding in findings if finding["level"] == "error"] == []
        assert self.select(WRONGLY_LISTED) == []
        assert check_database(self.database, self.key)[1] == []

    def close(self):
        self.stop()


class OwnFolder(RoomPool):
    def __init__(self, **options):
        # A socket's path is short; the folders of tests need not be.
        self.holder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        super().__init__(self.holder.name, "pool", **options)

    def close(self):
        super().close()
        self.holder.cleanup()


class FixturePool(OwnFolder):
    def __init__(self, **options):
        super().__init__(**options)
        unpack(self.database)
        self.key.write_text((FIXTURE / "matrix_key.pem").read_text())
        self.key.chmod(0o600)
        self.command("init")
        self.admin = json.loads((FIXTURE / "tokens.json").read_text())["admin"]


class PopulatedPool(OwnFolder):
    def __init__(self, users, rooms, members, **options):
        super().__init__(**options)
        self.command("init")
        self.command("account", "create", "admin", "--admin", "--no-password")
        self.command("populate", *("--users", str(users), "--rooms", str(rooms), "--members", str(members)))
        self.admin = self.command("account", "token", "admin").strip()


def unpack(path):
    with gzip.open(FIXTURE / "dendrite.db.gz") as packed:
        pathlib.Path(path).write_bytes(packed.read())
