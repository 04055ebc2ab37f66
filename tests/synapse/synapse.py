# SPDX-License-Identifier: ISC
"""A real Synapse in a folder of its own: loopback only, SQLite, no federation."""
import os
import signal
import subprocess
import time

import yaml

from cases import SECRET
from client import Client
from fronts import free_port

PYTHON = os.environ.get("SYNAPSE_PYTHON", "")
UNLIMITED = {"per_second": 100000, "burst_count": 100000}
LOG = {"version": 1, "disable_existing_loggers": False,
       "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
       "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
       "root": {"level": "WARNING", "handlers": ["console"]}}


class Synapse:
    def __init__(self, folder):
        self.folder = str(folder)
        self.config_file = os.path.join(self.folder, "homeserver.yaml")
        self.log_file = os.path.join(self.folder, "log")
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def configure(self):
        self.write("log.yaml", LOG)
        self.write("homeserver.yaml", {
            "server_name": "example.org", "report_stats": False, "pid_file": self.path("pid"),
            "listeners": [{"port": self.port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"],
                           "resources": [{"names": ["client"]}]}],
            "database": {"name": "sqlite3", "args": {"database": self.path("synapse.db")}},
            "signing_key_path": self.path("signing.key"), "media_store_path": self.path("media"),
            "enable_authenticated_media": False, "max_upload_size": "100K",  # as ours
            "log_config": self.path("log.yaml"), "macaroon_secret_key": "secret", "form_secret": "secret",
            "registration_shared_secret": SECRET, "enable_registration": True,
            "enable_registration_without_verification": True, "allow_guest_access": True, "bcrypt_rounds": 4,
            "trusted_key_servers": [], "suppress_key_server_warning": True, "federation_domain_whitelist": [],
            "server_notices": {"system_mxid_localpart": "_server", "system_mxid_display_name": "Server",
                               "room_name": "Notices"},
            "room_list_publication_rules": [{"action": "allow"}],
            "background_updates": {"sleep_enabled": False}, "default_room_version": "10",
            "rc_registration": UNLIMITED, "rc_message": UNLIMITED,
            "rc_login": {"address": UNLIMITED, "account": UNLIMITED, "failed_attempts": UNLIMITED}})

    def write(self, name, content):
        with open(self.path(name), "w") as file:
            yaml.safe_dump(content, file)

    def start(self):
        # Another program may take the port between our look and Synapse's.
        for _ in range(5):
            self.port = free_port()
            self.client = Client(self.port)
            self.configure()
            self.spawn("--generate-keys").wait(60)
            self.process = self.spawn()
            if self.answers():
                return self
            self.stop()
        with open(self.log_file, errors="replace") as file:
            raise AssertionError("Synapse did not start; log:\n" + file.read())

    def spawn(self, *options):
        with open(self.log_file, "ab") as log:
            return subprocess.Popen([PYTHON, "-m", "synapse.app.homeserver", "-c", self.config_file, *options],
                                    cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)

    def answers(self):
        end = time.monotonic() + 120
        while self.process.poll() is None and time.monotonic() < end:
            try:
                if self.client.ask("GET", "/health").status == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.process = None
