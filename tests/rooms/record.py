#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Performs acts on a real Dendrite, which runs on a copy of the fixture, and records what each left in the database:

    record.py DENDRITE > tests/fixture/rows.json

DENDRITE is the program. The acts on it are those of exchanges.json, and others that only have one result.
"""
import json
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from room_pool import FIXTURE, unpack
from rows import Rows, changes

ADMIN = "/_dendrite/admin/"
NOTICE = "/_synapse/admin/v1/send_server_notice"
CLIENT = "/_matrix/client/v3/"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
NOTICES_02 = "!ZqDCNU7H1TbQdYwY:example.org"  # of @user02


def notice(user, body):
    return {"user_id": f"@{user}:example.org", "content": {"msgtype": "m.text", "body": body}}


# What it is, who does it, method, path, body; and the command that does the same, where mxadmin has no such path.
ACTS = [
    ("evacuate user", "admin", "POST", ADMIN + "evacuateUser/@user05:example.org", None),
    ("evacuate user again", "admin", "POST", ADMIN + "evacuateUser/@user05:example.org", None),
    ("evacuate invited user", "admin", "POST", ADMIN + "evacuateUser/@user04:example.org", None),
    ("evacuate creator", "admin", "POST", ADMIN + "evacuateUser/@user00:example.org", None),
    ("evacuate room of one", "admin", "POST", ADMIN + "evacuateRoom/!RgmP5YoUtC9tVNAj:example.org", None),
    ("evacuate room", "admin", "POST", ADMIN + "evacuateRoom/!TA8PPQcZWhWAOXZX:example.org", None),
    ("evacuate room again", "admin", "POST", ADMIN + "evacuateRoom/!TA8PPQcZWhWAOXZX:example.org", None),
    ("notice", "admin", "POST", NOTICE, notice("user03", "hello")),
    ("join the notices", "user02", "POST", CLIENT + "join/" + NOTICES_02, {},
     ["room", "join", "--user", "user02", NOTICES_02]),
    ("notice to one who joined", "admin", "POST", NOTICE, notice("user02", "again")),
    ("notice with txn", "admin", "PUT", NOTICE + "/txn1", notice("user02", "and again")),
    ("notice with same txn", "admin", "PUT", NOTICE + "/txn1", notice("user02", "and again")),
    ("leave the notices", "user02", "POST", CLIENT + f"rooms/{NOTICES_02}/leave", {},
     ["room", "leave", "--user", "user02", NOTICES_02]),
    ("notice to one who left", "admin", "POST", NOTICE, notice("user02", "after all")),
    ("join", "user05", "POST", CLIENT + "join/" + LOBBY, {}, ["room", "join", "--user", "user05", LOBBY]),
    ("leave", "user05", "POST", CLIENT + f"rooms/{LOBBY}/leave", {}, ["room", "leave", "--user", "user05", LOBBY]),
    ("create private room", "user06", "POST", CLIENT + "createRoom", {"preset": "private_chat", "name": "A name"},
     ["room", "create", "--name", "A name", "user06"]),
    ("create public room", "user06", "POST", CLIENT + "createRoom",
     {"preset": "public_chat", "visibility": "public", "name": "A name", "topic": "A topic"},
     ["room", "create", "--public", "--name", "A name", "--topic", "A topic", "user06"]),
]


class Dendrite:
    def __init__(self, program, folder):
        self.database = folder / "dendrite.db"
        unpack(self.database)
        with sqlite3.connect(self.database) as database:
            database.execute("DELETE FROM userapi_pushers")  # they are on the Internet
        database.close()
        (folder / "matrix_key.pem").write_text((FIXTURE / "matrix_key.pem").read_text())
        # It wants to be told twice before it lets people register, which nobody does here.
        config = (FIXTURE / "dendrite.yaml").read_text().replace("registration_disabled: false",
                                                                 "registration_disabled: true")
        (folder / "dendrite.yaml").write_text(config)
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            second.bind(("127.0.0.1", 0))
            addresses = ["127.0.0.1:%d" % free.getsockname()[1] for free in (first, second)]
        self.url = "http://" + addresses[0]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([str(program), "-http-bind-address", addresses[0], "-https-bind-address",
                                             addresses[1]], cwd=folder, stdout=log, stderr=log)
        self.wait()

    def wait(self):
        while self.process.poll() is None:
            try:
                return self.ask("GET", "/_matrix/client/versions", "")
            except OSError:
                time.sleep(0.1)
        sys.exit("Dendrite ended")

    def ask(self, method, path, token, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=body and json.dumps(body).encode(),
                                         headers={"Authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def settled(self, base=None):
        """Its parts learn of changes one after another; what has not moved for a second has arrived."""
        rows, since = Rows(self.database, base), time.monotonic()
        while time.monotonic() - since < 1:
            time.sleep(0.2)
            later = Rows(self.database, base)
            if later.tables != rows.tables or later.streams != rows.streams:
                rows, since = later, time.monotonic()
        return rows

    def stop(self):
        self.process.terminate()
        self.process.wait()


def perform(dendrite):
    tokens = json.loads((FIXTURE / "tokens.json").read_text())
    tokens = {"admin": tokens["admin"], **tokens["users"]}
    before = dendrite.settled()
    for what, caller, method, path, body, *command in ACTS:
        status, answer = dendrite.ask(method, path, tokens[caller], body)
        after = dendrite.settled(before)
        act = {"what": what, "method": method, "path": path, "body": body, "status": status,
               "answer": after.json(answer), "changes": changes(before, after)}
        yield {**act, "command": command[0]} if command else act
        before = after


def lines(act):
    """An act as JSON with a row a line."""
    def compact(value):
        return json.dumps(value, sort_keys=True)
    members = [f'"{name}": {compact(value)}' for name, value in act.items() if name != "changes"]
    tables = []
    for table, both in act["changes"].items():
        rows = [f'"{name}": [' + ",".join("\n  " + compact(row) for row in both[name]) + "]" for name in both]
        tables.append(f' "{table}": {{' + ", ".join(rows) + "}")
    return "{" + ", ".join(members) + ', "changes": {\n' + ",\n".join(tables) + "}}"


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        dendrite = Dendrite(pathlib.Path(arguments[0]).resolve(), pathlib.Path(folder))
        try:
            print("[" + ",\n".join(map(lines, perform(dendrite))) + "]")
        finally:
            dendrite.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
