# SPDX-License-Identifier: ISC
"""
The folder that a Dendrite works in: a copy of the fixture's database, media and key, a dendrite.yaml, and the
registration of mxadmin as an application service. The real one and the stand-in work in the same.
"""
import gzip
import json
import pathlib
import secrets
import sqlite3
import tarfile
import tempfile

import yaml

from shared import FIXTURE

SERVER_NAME = "example.org"
REGISTRATION = "mxadmin-registration.yaml"
ONE_FILE = "dendrite.db"

# A component's section and option in dendrite.yaml, its file where each has its own, and how the names of its tables
# and of its migrations begin.
COMPONENTS = [
    ("user_api", "account_database", "dendrite_userapi.db", ("userapi_",), ("userapi:",)),
    ("room_server", "database", "dendrite_roomserver.db", ("roomserver_",), ("roomserver:",)),
    ("sync_api", "database", "dendrite_syncapi.db", ("syncapi_",), ("syncapi:",)),
    ("media_api", "database", "dendrite_mediaapi.db", ("mediaapi_",), ()),
    ("federation_api", "database", "dendrite_federationapi.db", ("federationsender_", "keydb_"),
     ("federationapi:", "federationsender:")),
    ("key_server", "database", "dendrite_keyserver.db", ("keyserver_",), ("keyserver:",)),
    ("relay_api", "database", "dendrite_relayapi.db", (), ()),
    ("mscs", "database", "dendrite_msc.db", (), ()),
]


class Folder:
    """
    files:            "one" for all, or "split", one a component
    journal:          "delete" or "wal"
    tokens_required:  whether who registers needs a token
    notices:          whether there are server notices
    registered:       whether mxadmin is an application service
    rate_limits:      whether clients are held up
    thumbnails:       whether pictures get small ones when they are uploaded
    """

    def __init__(self, files="one", journal="delete", tokens_required=True, notices=True, registered=True,
                 rate_limits=False, thumbnails=False):
        self.holder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.path = pathlib.Path(self.holder.name)
        self.path.chmod(0o755)
        self.config_file = self.path / "dendrite.yaml"
        self.key_file = self.path / "matrix_key.pem"
        self.log_file = self.path / "log"
        self.as_token, self.hs_token = (secrets.token_urlsafe(32) for _ in range(2))
        tokens = json.loads((FIXTURE / "tokens.json").read_text())
        self.tokens = {"admin": tokens["admin"], **tokens["users"], "service": self.as_token}
        self.databases = self.unpack(files, journal)
        self.config = self.configure(files, tokens_required, notices, registered, rate_limits)
        if thumbnails:
            self.config["media_api"]["thumbnail_sizes"] = [{"width": 32, "height": 32, "method": "crop"}]
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False))

    def unpack(self, files, journal):
        """The paths of the files, which are made."""
        self.key_file.write_bytes((FIXTURE / "matrix_key.pem").read_bytes())
        self.key_file.chmod(0o600)
        with tarfile.open(FIXTURE / "media.tar.gz") as packed:
            packed.extractall(self.path)
        whole = self.path / ONE_FILE
        with gzip.open(FIXTURE / "dendrite.db.gz") as packed:
            whole.write_bytes(packed.read())
        databases = divide(whole) if files == "split" else [whole]
        for path in databases:
            with sqlite3.connect(path) as database:
                database.execute("PRAGMA journal_mode = " + journal)
            database.close()
        return databases

    def configure(self, files, tokens_required, notices, registered, rate_limits):
        config = yaml.safe_load((FIXTURE / "dendrite.yaml").read_text())
        for section, option, own_file, _, _ in COMPONENTS:
            name = own_file if files == "split" else ONE_FILE
            config[section][option] = {"connection_string": "file:" + name}
        config["global"]["server_notices"]["enabled"] = notices
        # It wants to be told twice before it lets people register, which nobody does here.
        config["client_api"].update(registration_disabled=True, registration_requires_token=tokens_required,
                                    rate_limiting={"enabled": rate_limits, "threshold": 5, "cooloff_ms": 500})
        config["user_api"]["bcrypt_cost"] = 4  # the least
        if registered:
            config["app_service_api"] = {"config_files": [REGISTRATION]}
            self.register()
        return config

    def register(self):
        path = self.path / REGISTRATION
        path.write_text(yaml.safe_dump({
            "id": "mxadmin",
            "url": "",
            "as_token": self.as_token,
            "hs_token": self.hs_token,
            "sender_localpart": "_mxadmin",
            "rate_limited": False,
            "namespaces": {"users": [{"exclusive": False, "regex": r"@.*:example\.org"}], "aliases": [], "rooms": []},
        }, sort_keys=False))
        path.chmod(0o600)

    def connect(self, mode="ro"):
        """A connection to all the files, in which every table has its one name."""
        first, *others = self.databases
        database = sqlite3.connect(f"file:{first}?mode={mode}", uri=True, isolation_level=None,
                                   check_same_thread=False)
        for number, path in enumerate(others):
            database.execute(f"ATTACH ? AS component{number}", [f"file:{path}?mode={mode}"])
        return database

    def select(self, sql, *values):
        database = self.connect()
        try:
            return database.execute("SELECT " + sql, values).fetchall()
        finally:
            database.close()

    def contents(self):
        """The bytes of the files, and of what SQLite has left beside them."""
        return {path.name: path.read_bytes() for file in self.databases for path in self.path.glob(file.name + "*")
                if not path.name.endswith("-shm")}

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def close(self):
        self.holder.cleanup()


def divide(whole):
    """Makes the files of the components from the one, which is no more. Dendrite has none of a component that it is not
    told to use."""
    paths = []
    for _, _, name, tables, migrations in COMPONENTS:
        if not tables:
            continue
        paths.append(whole.parent / name)
        part = sqlite3.connect(paths[-1], isolation_level=None)
        part.execute("ATTACH ? AS whole", [str(whole)])
        schema = [row for row in part.execute("SELECT type, tbl_name, sql FROM whole.sqlite_master WHERE sql NOT NULL"
                                              " ORDER BY type DESC").fetchall()
                  if row[1].startswith(tables + ("db_migrations",))]
        for kind, table, sql in schema:
            part.execute(sql)
            if kind == "table":
                part.execute(f"INSERT INTO main.{table} SELECT * FROM whole.{table}")
        part.execute("DELETE FROM main.db_migrations WHERE " +
                     " AND ".join(["TRUE", *(f"version NOT LIKE '{prefix}%'" for prefix in migrations)]))
        if any("AUTOINCREMENT" in sql for _, _, sql in schema):
            # A number that was used and is gone is not used again.
            part.execute("UPDATE main.sqlite_sequence SET seq = there.seq FROM whole.sqlite_sequence AS there"
                         " WHERE there.name = sqlite_sequence.name")
        part.close()
    whole.unlink()
    return paths
