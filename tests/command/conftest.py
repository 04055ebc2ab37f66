# SPDX-License-Identifier: ISC
"""A homeserver in a folder of its own, and the program under test on it."""
import os
import pathlib
import sqlite3
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MXADMIN = str(pathlib.Path(os.environ.get("MXADMIN", ROOT / "build/mxadmin")).resolve())
SERVER_NAME = "example.org"
PASSWORD = "correct horse battery staple"


def environment(**more):
    """What the program sees of the caller's environment: no setting of theirs may leak in."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("MXADMIN_") and name not in ("GATEWAY_INTERFACE", "POSIXLY_CORRECT")}
    return {**kept, **more}


def run(*arguments, stdin="", env=None, **more):
    return subprocess.run([MXADMIN, *map(str, arguments)], input=stdin if isinstance(stdin, bytes) else stdin.encode(),
                          stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          env=env or environment(), timeout=120, check=False, **more)


class Homeserver:
    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "mxadmin.yaml"
        self.database = folder / "mxadmin.db"
        self.key = folder / "matrix_key.pem"
        self.configure()

    def configure(self, **options):
        """Writes the configuration; a value of None leaves the option out."""
        lines = {"server_name": SERVER_NAME, "database": "mxadmin.db", "signing_key": "matrix_key.pem",
                 "listen": f"unix:{self.folder}/mxadmin.sock", **options}
        self.config.write_text("".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None))
        self.config.chmod(0o600)

    def run(self, *arguments, **more):
        return run("-c", self.config, *arguments, **more)

    def must(self, *arguments, **more):
        """Runs what has to succeed, and returns what it printed."""
        result = self.run(*arguments, **more)
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout.decode()

    def create(self, localpart, *options):
        return self.must("account", "create", localpart, *options, stdin=PASSWORD + "\n")

    def query(self, sql, *values):
        with sqlite3.connect(self.database) as connection:
            return connection.execute(sql, values).fetchall()

    def account(self, localpart):
        """account_type, is_deactivated and password_hash of an account; None when there is none."""
        rows = self.query("SELECT account_type, is_deactivated, password_hash FROM userapi_accounts"
                          " WHERE localpart = ? AND server_name = ?", localpart, SERVER_NAME)
        return rows[0] if rows else None

    def tokens(self, localpart):
        return [row[0] for row in self.query("SELECT access_token FROM userapi_devices WHERE localpart = ?", localpart)]

    def dump(self):
        with sqlite3.connect(self.database) as connection:
            return list(connection.iterdump())


@pytest.fixture
def empty(tmp_path):
    return Homeserver(tmp_path)


@pytest.fixture
def homeserver(empty):
    empty.must("init")
    return empty
