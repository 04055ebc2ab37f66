# SPDX-License-Identifier: ISC
"""What the real Dendrite and the stand-in have in common for a test."""
import json

from shared import FIXTURE  # and with it the folders of what is shared with other tests

from client import Client

LOGIN = "/_matrix/client/v3/login"


class Homeserver:
    """On a folder that is made for it, or on one that is given and stays. `port` is none while it does not run."""

    def __init__(self, folder):
        self.folder = folder
        self.port = None

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def ask(self, method, path, caller=None, body=None):
        """`caller` is the name of one of the fixture's users, "service", or a token; `body` is JSON, or bytes."""
        headers = {"User-Agent": "tests"}
        if caller is not None:
            headers["Authorization"] = "Bearer " + self.folder.tokens.get(caller, caller)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return Client(self.port).ask(method, path, headers, body)

    def settle(self):
        """Waits until all its parts know what has happened."""

    def sign_in(self, localpart):
        """A token of a new device, which the application service gets without a password."""
        answer = self.ask("POST", LOGIN, "service", {"type": "m.login.application_service",
                                                     "identifier": {"type": "m.id.user", "user": localpart}})
        assert answer.status == 200, answer
        return answer.json()["access_token"]
