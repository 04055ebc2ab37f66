# SPDX-License-Identifier: ISC
"""A folder with all that a service needs (configuration, key, database, accounts), ready to be put behind a web server."""
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MXADMIN = os.path.abspath(os.environ.get("MXADMIN", os.path.join(ROOT, "build/mxadmin")))

CONFIG = {
    "server_name": "example.org",
    "database": "mxadmin.db",
    "signing_key": "matrix_key.pem",
    "registration_shared_secret": "fixture-secret",
    "trusted_proxies": ["127.0.0.1"],
    "rate_limit": {"per_account": 0, "per_address": 0},
}
ACCOUNTS = {
    "admin": {"password": "admin password", "type": "admin"},
    "user": {"password": "user password"},
    "guest": {"password": "guest password", "type": "guest"},
    "deactivated": {"password": "deactivated password", "deactivated": True},
}
ACCOUNT_TYPES = {"user": 1, "guest": 2, "admin": 3, "appservice": 4}

# What follows the rows of accounts, rooms and media, whoever has written those, some time after.
FOLLOWING_TABLES = {"mxadmin_refreshes", "mxadmin_refresh_places", "mxadmin_users", "mxadmin_user_counts", "mxadmin_rooms",
                    "mxadmin_room_counts", "mxadmin_room_work", "mxadmin_room_sizes", "mxadmin_room_sizes_seen",
                    "mxadmin_media", "mxadmin_media_users"}
# What may change although a request was refused: failures are counted, and a device is seen.
VOLATILE_TABLES = {"mxadmin_attempts", "mxadmin_nonces"} | FOLLOWING_TABLES
VOLATILE_COLUMNS = {"userapi_devices": {"last_seen_ts", "ip", "user_agent"}}


class Template:
    """A folder that is made once for each configuration and then copied: hashing passwords takes its time on purpose."""

    made = {}

    @classmethod
    def get(cls, config, accounts, rooms):
        key = json.dumps([config, accounts, rooms], sort_keys=True)
        if key not in cls.made:
            cls.made[key] = cls(config, accounts, rooms)
        return cls.made[key]

    def __init__(self, config, accounts, rooms):
        self.holder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.folder = self.holder.name
        self.config_file = os.path.join(self.folder, "mxadmin.yaml")
        with open(self.config_file, "w") as file:
            os.chmod(self.config_file, 0o600)
            yaml.safe_dump(config, file)
        self.command("init")
        self.tokens = {name: self.add_account(name, account) for name, account in accounts.items()}
        self.rooms = {name: self.add_room(room) for name, room in rooms.items()}

    def command(self, *words, stdin=""):
        return subprocess.run([MXADMIN, "-c", self.config_file, *words], input=stdin, text=True, check=True,
                              stdout=subprocess.PIPE).stdout

    def add_account(self, name, account):
        """The command line makes users and admins; the rest of the states that Dendrite knows is put into their rows."""
        kind = account.get("type", "user")
        self.command("account", "create", name, *(["--admin"] if kind == "admin" else []),
                     stdin=account["password"] + "\n")
        token = self.command("account", "token", name).strip()
        with sqlite3.connect(os.path.join(self.folder, "mxadmin.db")) as database:
            if account.get("deactivated"):
                device = database.execute("SELECT * FROM userapi_devices WHERE localpart = ?", [name]).fetchone()
                database.commit()
                self.command("account", "deactivate", name)
                # Left over, as by a crash: it must be refused for the account's sake, not for the row's absence.
                database.execute("INSERT INTO userapi_devices VALUES (%s)" % ",".join("?" * len(device)), device)
            database.execute("UPDATE userapi_accounts SET account_type = ? WHERE localpart = ?",
                             [ACCOUNT_TYPES[kind], name])
        database.close()
        return token

    def add_room(self, room):
        room_id = self.command("room", "create", room["of"], *([] if room.get("private") else ["--public"])).strip()
        for user in room.get("joined", []):
            self.command("room", "join", room_id, "--user", user)
        return room_id


class Service:
    def __init__(self, config=None, accounts=None, rooms=None):
        """`config` and `accounts` add to the usual ones; there are no other rooms than `rooms`."""
        self.config = {**CONFIG, **(config or {})}
        template = Template.get(self.config, {**ACCOUNTS, **(accounts or {})}, rooms or {})
        self.tokens = template.tokens
        self.rooms = template.rooms
        self.holder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.folder = self.holder.name
        self.data = os.path.join(self.folder, "data")
        shutil.copytree(template.folder, self.data)
        self.config_file = os.path.join(self.data, "mxadmin.yaml")
        self.database = os.path.join(self.data, self.config["database"])

    def run(self, statements):
        """Runs SQL on the database, before anybody serves it."""
        database = sqlite3.connect(self.database)
        with database:
            for statement in statements:
                database.execute(statement)
        database.close()

    def unpack_media(self):
        """The media store of the fixture, for a configuration that says media_path: media."""
        with tarfile.open(os.path.join(ROOT, "tests/fixture/media.tar.gz")) as archive:
            archive.extractall(self.data)

    def media_size(self, path):
        """Bytes of a file of the media store; None where there is none."""
        try:
            return os.lstat(os.path.join(self.data, "media", path)).st_size
        except FileNotFoundError:
            return None

    def give_to(self, user):
        """Lets `user` own the data, and every user come to it and to a copy of the program."""
        os.chmod(self.folder, 0o755)
        self.program = os.path.join(self.folder, "bin", "mxadmin")
        os.mkdir(os.path.dirname(self.program))
        shutil.copy(MXADMIN, self.program)
        os.chmod(self.program, 0o755)
        if user:
            for parent, _, names in os.walk(self.data):
                for path in [parent] + [os.path.join(parent, name) for name in names]:
                    shutil.chown(path, user, user)

    def dump(self):
        """Every row of the database, but for what may change although a request was refused."""
        return self.dump_of(self.database)

    def dump_of(self, path):
        database = sqlite3.connect(path)
        try:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {table: self.rows(database, table) for table in sorted(set(tables) - VOLATILE_TABLES)}
        finally:
            database.close()

    def audit(self, after=0):
        """The rows of the audit whose number is higher, oldest first, as objects."""
        database = sqlite3.connect(self.database)
        database.row_factory = sqlite3.Row
        try:
            rows = database.execute("SELECT * FROM mxadmin_audit WHERE id > ? ORDER BY id", [after])
            return [{**row, "parameters": json.loads(row["parameters"])} for row in map(dict, rows)]
        finally:
            database.close()

    def last_audit(self):
        return max((row["id"] for row in self.audit()), default=0)

    @staticmethod
    def rows(database, table):
        cursor = database.execute('SELECT * FROM "%s"' % table)
        hidden = VOLATILE_COLUMNS.get(table, set())
        keep = [i for i, column in enumerate(cursor.description) if column[0] not in hidden]
        # The number of a row of the audit that was withdrawn is given to no other.
        return sorted(([row[i] for i in keep] for row in cursor if row[0] != "mxadmin_audit"), key=repr)

    def close(self):
        self.holder.cleanup()


class Attached(Service):
    """Beside a homeserver that runs in its folder: a Dendrite, or the stand-in for one."""

    def __init__(self, homeserver, config=None):
        """What the homeserver says itself is not said again."""
        self.homeserver = homeserver
        self.config = {
            **{name: value for name, value in CONFIG.items() if name in ("database", "trusted_proxies", "rate_limit")},
            "homeserver": {"kind": "dendrite", "config": str(homeserver.folder.config_file), "url": homeserver.url},
            **(config or {}),
        }
        self.tokens = {**homeserver.folder.tokens, "user": homeserver.folder.tokens["user01"],
                       "deactivated": homeserver.folder.tokens["user29"]}
        self.rooms = {}
        self.holder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.folder = self.holder.name
        self.data = os.path.join(self.folder, "data")
        os.mkdir(self.data)
        self.config_file = os.path.join(self.data, "mxadmin.yaml")
        self.database = os.path.join(self.data, self.config["database"])
        with open(self.config_file, "w") as file:
            os.chmod(self.config_file, 0o600)
            yaml.safe_dump(self.config, file)

    def command(self, *words, stdin=""):
        return subprocess.run([MXADMIN, "-c", self.config_file, *words], input=stdin, text=True, check=True,
                              stdout=subprocess.PIPE).stdout

    def dump(self):
        """Of the homeserver's files, too."""
        tables = self.dump_of(self.database)
        for path in self.homeserver.folder.databases:
            tables.update(("%s %s" % (path.name, table), rows) for table, rows in self.dump_of(path).items())
        return tables
