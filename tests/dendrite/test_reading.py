# SPDX-License-Identifier: ISC
"""mxadmin only reads the files of the homeserver beside it: they are the same byte for byte afterwards, and it never
has one of them open in another way."""
import os

import pytest

from attached import Beside
from watch import Watch

LOBBY = "!VaNppTgZjfEEpSW9:example.org"
MESSAGE = "$vKH_GFJyQjrxCiS1u3vpXkP9LFFYoZ2xG--v7LwAsKk"
WHOIS = "/_matrix/client/v3/admin/whois/@user01:example.org"
# Status, method, path, caller: what is read, and what is refused.
READS = [
    (200, "GET", WHOIS, "admin"),
    (200, "GET", "/_matrix/client/v3/account/whoami", "user02"),
    (200, "GET", "/_matrix/client/v3/profile/@user00:example.org", None),
    (200, "GET", "/_synapse/admin/v1/users/@user01:example.org/joined_rooms", "admin"),
    (200, "GET", "/_synapse/admin/v1/users/@user01:example.org/memberships", "admin"),
    (200, "GET", "/_synapse/admin/v2/users/@user01:example.org/devices", "admin"),
    (200, "GET", "/_synapse/admin/v1/rooms", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}", "admin"),
    (200, "GET", "/_synapse/admin/v1/statistics/database/rooms", "admin"),
    (200, "GET", "/_dendrite/admin/registrationTokens", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}/members", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}/state", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}/messages?dir=b&limit=100", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}/context/{MESSAGE}", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}/timestamp_to_event?ts=0", "admin"),
    (200, "GET", f"/_synapse/admin/v1/rooms/{LOBBY}/hierarchy", "admin"),
    (200, "GET", f"/_synapse/admin/v1/fetch_event/{MESSAGE}", "admin"),
    (403, "GET", WHOIS, "user02"),
    (401, "GET", WHOIS, None),
    (401, "GET", WHOIS, "wrong"),
    (404, "GET", "/_dendrite/admin/registrationTokens/nope", "admin"),
]
FILES = [(files, journal) for files in ("one", "split") for journal in ("delete", "wal")]


def read(beside):
    for status, method, path, caller in READS:
        answer = beside.ask(method, path, caller)
        assert answer.status == status, (path, answer)


@pytest.mark.parametrize("files, journal", FILES)
def test_files_stay(make_homeserver, kind, files, journal):
    homeserver = make_homeserver(files=files, journal=journal)
    watch = Watch(homeserver.folder.path)
    before = homeserver.folder.contents()
    with Beside(homeserver) as beside:
        read(beside)
        opened = beside.opened()
        assert set(map(str, homeserver.folder.databases)) <= set(opened)
        assert set(opened.values()) == {os.O_RDONLY}
    assert homeserver.folder.contents() == before
    if kind == "stand-in":  # the real one has its own ways with files when nobody asks it
        assert watch.events() == []
    watch.close()


@pytest.mark.parametrize("files, journal", FILES)
def test_files_stay_when_it_is_down(make_homeserver, files, journal):
    """Reading goes on, also of a log that nobody has finished; and who starts then is not held up."""
    homeserver = make_homeserver(files=files, journal=journal)
    with Beside(homeserver) as beside:
        read(beside)
        homeserver.stop()
        watch = Watch(homeserver.folder.path)
        before = homeserver.folder.contents()
        read(beside)
        assert set(beside.opened().values()) <= {os.O_RDONLY}
    assert homeserver.folder.contents() == before
    assert watch.events() == []
    watch.close()


# What changes the homeserver, by the homeserver.
WRITES = [
    ("POST", "/_dendrite/admin/resetPassword/@user20:example.org", {"password": "password of user20"}),
    ("POST", f"/_dendrite/admin/evacuateRoom/{LOBBY}", None),
    ("POST", "/_synapse/admin/v1/send_server_notice",
     {"user_id": "@user23:example.org", "content": {"msgtype": "m.text", "body": "Hello"}}),
    ("POST", "/_synapse/admin/v1/deactivate/@user21:example.org", {"erase": False}),
    ("DELETE", "/_synapse/admin/v2/users/@user22:example.org/devices/shared_secret_registration", None),
    ("POST", "/_dendrite/admin/registrationTokens/new", {"token": "abc"}),
]


@pytest.mark.parametrize("files, journal", [("one", "delete"), ("split", "wal")])
def test_nothing_is_opened_to_write(make_homeserver, files, journal):
    homeserver = make_homeserver(files=files, journal=journal)
    with Beside(homeserver, traced=True) as beside:
        read(beside)
        for method, path, body in WRITES:
            assert beside.ask(method, path, "admin", body).status == 200, path
    calls, writing = beside.front.calls(homeserver.folder.path)
    assert writing == []
    assert len(calls) >= len(homeserver.folder.databases)


def test_writes_are_found(make_homeserver, tmp_path):
    """What the tests above look at would show them."""
    homeserver = make_homeserver()
    watch = Watch(homeserver.folder.path)
    before = homeserver.folder.contents()
    assert homeserver.ask("POST", f"/_matrix/client/v3/rooms/{LOBBY}/leave", "user03", {}).status == 200
    assert watch.events() and homeserver.folder.contents() != before
    watch.close()
