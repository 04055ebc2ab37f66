# SPDX-License-Identifier: ISC
"""A pool on a copy of the database that Dendrite has made."""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixture"
sys.path[:0] = [str(ROOT / "tests/web"), str(ROOT / "tests/fault"), str(ROOT / "tests/matrix")]

from pool import Pool  # noqa: E402
from service import MXADMIN  # noqa: E402

CONFIG = {
    "server_name": "example.org",
    "database": "mxadmin.db",
    "signing_key": "matrix_key.pem",
    "registration_shared_secret": "fixture-secret",
    "password_hash": "bcrypt",
    "rate_limit": {"per_account": 0, "per_address": 0},
    "server_notices": {"enabled": True, "local_part": "_server", "display_name": "Server Alert",
                       "room_name": "Server Alert"},
}


class FixturePool(Pool):
    def __init__(self, workers=2, **options):
        # A socket's path is short; the folders of tests need not be.
        self.sockets = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.folder = pathlib.Path(self.sockets.name)
        self.address = str(self.folder / "pool.sock")
        self.database = self.folder / CONFIG["database"]
        self.key = self.folder / CONFIG["signing_key"]
        self.config_file = str(self.folder / "mxadmin.yaml")
        self.log_file = str(self.folder / "log")
        self.process = None
        unpack(self.database)
        self.key.write_text((FIXTURE / "matrix_key.pem").read_text())
        self.key.chmod(0o600)
        self.options = {**CONFIG, "listen": "unix:" + self.address, "workers": workers, **options}
        self.configure()
        os.chmod(self.config_file, 0o600)
        subprocess.run([MXADMIN, "-c", self.config_file, "init"], check=True, stdout=subprocess.DEVNULL)
        tokens = json.loads((FIXTURE / "tokens.json").read_text())
        self.admin = tokens["admin"]
        self.users = tokens["users"]

    def close(self):
        self.stop()
        self.sockets.cleanup()


def unpack(path):
    with gzip.open(FIXTURE / "dendrite.db.gz") as packed:
        pathlib.Path(path).write_bytes(packed.read())
