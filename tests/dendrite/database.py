# SPDX-License-Identifier: ISC
"""The database as its owner has it: one connection that writes, and the small things that all writers need."""
import hashlib
import json
import secrets
import threading
import time

import yaml

import shared  # noqa: F401, and with it the folders of what is shared with other tests

from check_events import read_key
from folder import SERVER_NAME


def now():
    return int(time.time() * 1000)


def random_string(length):
    return secrets.token_urlsafe(length)[:length].replace("-", "x").replace("_", "y")


def local_id(localpart):
    return f"@{localpart}:{SERVER_NAME}"


def encode(value):
    """JSON as Dendrite stores it, which is as BLOBs."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class Database:
    def __init__(self, folder):
        self.folder = folder
        self.config = yaml.safe_load(folder.config_file.read_text())
        self.key_id, self.key = read_key(folder.key_file)
        self.connection = folder.connect("rw")
        self.connection.execute("PRAGMA busy_timeout = 10000")  # Dendrite's own
        self.lock = threading.Lock()  # one request at a time

    def rows(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql, *values):
        return self.connection.execute(sql, values).fetchone()

    def value(self, sql, *values):
        row = self.row(sql, *values)
        return row[0] if row else None

    def write(self, sql, *values):
        """The number of the row, if one was added."""
        return self.connection.execute(sql, values).lastrowid

    def position(self, stream):
        """The next position in a stream."""
        self.write("UPDATE syncapi_stream_id SET stream_id = stream_id + 1 WHERE stream_name = ?", stream)
        return self.value("SELECT stream_id FROM syncapi_stream_id WHERE stream_name = ?", stream)

    def type_number(self, event_type):
        return (self.value("SELECT event_type_nid FROM roomserver_event_types WHERE event_type = ?", event_type)
                or self.write("INSERT INTO roomserver_event_types (event_type) VALUES (?)", event_type))

    def state_key_number(self, state_key):
        """Also the number of a user; no state key has none."""
        if state_key is None:
            return 0
        return (self.value("SELECT event_state_key_nid FROM roomserver_event_state_keys WHERE event_state_key = ?",
                           state_key)
                or self.write("INSERT INTO roomserver_event_state_keys (event_state_key) VALUES (?)", state_key))

    def state_key(self, number):
        return self.value("SELECT event_state_key FROM roomserver_event_state_keys WHERE event_state_key_nid = ?",
                          number)

    def save_account_data(self, user_id, room_id, kind, content, tell=True):
        localpart = user_id[1:].partition(":")[0]
        self.write("INSERT INTO userapi_account_datas (localpart, server_name, room_id, type, content)"
                   " VALUES (?, ?, ?, ?, ?) ON CONFLICT (localpart, server_name, room_id, type)"
                   " DO UPDATE SET content = excluded.content",
                   localpart, SERVER_NAME, room_id, kind, encode(content))
        if tell:
            self.write("INSERT INTO syncapi_account_data_type (id, user_id, room_id, type) VALUES (?, ?, ?, ?)"
                       " ON CONFLICT (user_id, room_id, type) DO UPDATE SET id = excluded.id",
                       self.position("accountdata"), user_id, room_id, kind)

    def account_data(self, user_id, room_id, kind):
        content = self.value("SELECT content FROM userapi_account_datas WHERE localpart = ? AND server_name = ?"
                             " AND room_id = ? AND type = ?", user_id[1:].partition(":")[0], SERVER_NAME, room_id, kind)
        return content and json.loads(content)

    def close(self):
        with self.lock:
            self.connection.close()


def digest(value):
    return hashlib.sha256(encode(value)).digest()
