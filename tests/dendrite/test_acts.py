# SPDX-License-Identifier: ISC
"""mxadmin's commands that change something, beside a homeserver."""
import re

import pytest

from installation import Installation

LOBBY = "!VaNppTgZjfEEpSW9:example.org"
PRIVATE = "!jDGqmoLRC06s6WLY:example.org"


@pytest.fixture
def installation(make_homeserver, tmp_path):
    homeserver = make_homeserver()
    installation = Installation(homeserver, tmp_path)
    installation.configure()
    installation.must("attach", "--config", homeserver.folder.config_file)
    return installation


def whoami(installation, token):
    answer = installation.homeserver.ask("GET", "/_matrix/client/v3/account/whoami", token)
    return answer.json()["user_id"] if answer.status == 200 else answer.status


def test_accounts(installation):
    assert installation.must("account", "create", "--no-password", "--display-name", "Some Body", "somebody") == \
        "@somebody:example.org\n"
    token = installation.must("account", "token", "somebody").strip()
    assert whoami(installation, token) == "@somebody:example.org"
    refused = installation.run("account", "create", "--no-password", "somebody")
    assert refused.returncode == 1 and "already taken" in refused.stderr
    installation.must("account", "deactivate", "somebody")
    assert whoami(installation, token) == 401
    assert re.search("^@somebody:example.org .*deactivated$", installation.must("account", "list"), re.M)
    refused = installation.run("account", "token", "somebody")
    assert refused.returncode == 1 and "deactivated" in refused.stderr


def test_rooms(installation):
    room = installation.must("room", "create", "--name", "Made", "--public", "user01").strip()
    installation.must("room", "join", "--user", "user02", room)
    assert joined(installation, room) == {"@user01:example.org", "@user02:example.org"}
    installation.must("room", "leave", "--user", "user01", room)
    assert joined(installation, room) == {"@user02:example.org"}


def joined(installation, room):
    installation.homeserver.settle()
    return {user for user, in installation.homeserver.folder.select(
        "event_state_key FROM roomserver_membership JOIN roomserver_rooms USING (room_nid)"
        " JOIN roomserver_event_state_keys ON event_state_key_nid = target_nid"
        " WHERE room_id = ? AND membership_nid = 3", room)}


@pytest.mark.parametrize("words, said", [
    (("room", "join", "--user", "user09", PRIVATE), "Dendrite: "),
    (("room", "join", "--user", "user09", "!none:example.org"), "no such user or room"),
    (("room", "join", "--user", "nobody", LOBBY), "no such user or room"),
    (("room", "join", "--user", "user29", LOBBY), "deactivated"),
    (("room", "leave", "--user", "user09", PRIVATE), "not in this room"),
])
def test_refusals(installation, words, said):
    before = installation.homeserver.folder.contents()
    refused = installation.run(*words)
    assert refused.returncode == 1 and said in refused.stderr
    if said != "Dendrite: ":  # which keeps an event that it has rejected
        assert installation.homeserver.folder.contents() == before


def test_without_the_homeserver(installation):
    installation.homeserver.stop()
    for words in (("account", "token", "user01"), ("room", "leave", "--user", "user01", LOBBY)):
        refused = installation.run(*words)
        assert refused.returncode == 1 and "the homeserver does not answer" in refused.stderr
