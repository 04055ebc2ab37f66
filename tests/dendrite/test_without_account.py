# SPDX-License-Identifier: ISC
"""An application service without an account: what needs one is refused before anything is changed, not half-way."""
import pytest

from attached import Beside
from folder import Folder
from stand_in import StandIn

LOBBY = "!VaNppTgZjfEEpSW9:example.org"


@pytest.fixture(scope="module")
def beside():
    homeserver = StandIn(Folder()).start()
    with Beside(homeserver) as beside:
        # Of whom Dendrite does not know yet that it is one.
        beside.service.command("account", "promote", "user01")
        yield beside
    homeserver.close()


@pytest.mark.parametrize("method, path, body, caller", [
    ("POST", "/_dendrite/admin/resetPassword/@user05:example.org",
     {"password": "some password", "logout_devices": True}, "user01"),
    ("PUT", "/_synapse/admin/v2/users/@user05:example.org", {"password": "some password"}, "user01"),
    ("PUT", "/_synapse/admin/v2/users/@user05:example.org", {"displayname": "Five", "deactivated": True}, "user01"),
    ("POST", "/_synapse/admin/v1/deactivate/@user05:example.org", {}, "user01"),
    ("POST", f"/_dendrite/admin/purgeRoom/{LOBBY}?evacuate=true", None, "user01"),
    # A job has nobody's token, whoever has asked for it.
    ("DELETE", f"/_synapse/admin/v1/rooms/{LOBBY}", {}, "admin"),
    ("DELETE", f"/_synapse/admin/v2/rooms/{LOBBY}", {"block": True}, "admin"),
])
def test_nothing_is_asked(beside, method, path, body, caller):
    beside.homeserver.requests.clear()
    answer = beside.ask(method, path, beside.folder.tokens[caller], body)
    assert (answer.status, answer.json()["errcode"]) == (404, "M_UNRECOGNIZED"), answer
    assert "mxadmin's own account" in answer.json()["error"]
    assert beside.homeserver.requests == []
