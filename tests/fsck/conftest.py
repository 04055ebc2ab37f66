# SPDX-License-Identifier: ISC
"""A database that Dendrite has made, and the program under test on a copy of it."""
import gzip
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixture"
MXADMIN = str(pathlib.Path(os.environ.get("MXADMIN", ROOT / "build/mxadmin")).resolve())


class Database:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "mxadmin.db"
        self.key = folder / "matrix_key.pem"
        self.config = folder / "mxadmin.yaml"
        self.config.write_text(f"server_name: example.org\ndatabase: mxadmin.db\nsigning_key: matrix_key.pem\n"
                               f"listen: unix:{folder}/mxadmin.sock\n")
        self.config.chmod(0o600)

    def run(self, *arguments, **more):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MXADMIN_")}
        return subprocess.run([MXADMIN, "-c", str(self.config), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
                              timeout=120, check=False, **more)

    def change(self, damage):
        """Runs SQL, or a function that is given the connection."""
        connection = sqlite3.connect(self.path)
        if callable(damage):
            damage(connection)
        else:
            connection.executescript(damage)
        connection.commit()
        connection.close()

    def findings(self, *options):
        """What fsck says is wrong, as it writes it for programs, and its exit code."""
        result = self.run("fsck", "--json", *options)
        return json.loads(result.stdout), result.returncode


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("fixture") / "dendrite.db"
    with gzip.open(FIXTURE / "dendrite.db.gz") as packed:
        path.write_bytes(packed.read())
    return path


@pytest.fixture
def empty(tmp_path):
    return Database(tmp_path)


@pytest.fixture
def database(empty, original):
    shutil.copy(original, empty.path)
    shutil.copy(FIXTURE / "matrix_key.pem", empty.key)
    empty.key.chmod(0o600)
    return empty
