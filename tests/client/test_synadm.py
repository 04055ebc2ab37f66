# SPDX-License-Identifier: ISC
"""synadm, unchanged, against the running service."""
import re

import pytest

SERVICE = {"config": {"media_path": "media"}, "accounts": {"second": {"password": "second password"}},
           "rooms": {"lobby": {"of": "user", "joined": ["admin"]}}}


def test_version(synadm, front):
    assert synadm("version")["server_version"]


def test_user_whois(synadm):
    answer = synadm("user", "whois", "user")
    assert answer["user_id"] == "@user:example.org"
    assert answer["devices"][""]["sessions"][0]["connections"]


def test_user_whois_of_a_full_id(synadm):
    assert synadm("user", "whois", "@admin:example.org")["user_id"] == "@admin:example.org"


def test_matrix_login(synadm):
    answer = synadm("matrix", "login", "--password", "user password", "user")
    assert answer["user_id"] == "@user:example.org"
    assert re.fullmatch("[A-Za-z0-9_-]{20,}", answer["access_token"])


def test_matrix_login_with_a_wrong_password(synadm):
    assert synadm("matrix", "login", "--password", "wrong password", "user")["errcode"] == "M_FORBIDDEN"


def names(answer):
    return [user["name"] for user in answer["users"]]


def test_user_list(synadm):
    answer = synadm("user", "list", "--limit", "2", "--no-guests")
    assert names(answer) == ["@admin:example.org", "@second:example.org"]
    assert (answer["total"], answer["next_token"]) == (3, "2")
    assert names(synadm("user", "list", "--from", answer["next_token"], "--no-guests")) == ["@user:example.org"]


def test_user_list_of_all(synadm):
    assert {"@guest:example.org", "@deactivated:example.org"} <= set(names(synadm("user", "list", "-d", "-g")))


@pytest.mark.parametrize("options", [("--name", "seco"), ("--user-id", "second")])
def test_user_list_by_name(synadm, options):
    assert names(synadm("user", "list", *options)) == ["@second:example.org"]


def test_user_search(synadm):
    assert names(synadm("user", "search", "DEACT")) == ["@deactivated:example.org"]


def test_user_details(synadm):
    answer = synadm("user", "details", "user")
    assert (answer["name"], answer["admin"], answer["threepids"]) == ("@user:example.org", False, [])


def test_user_details_of_nobody(synadm):
    assert synadm("user", "details", "nobody")["errcode"] == "M_NOT_FOUND"


def test_user_membership(synadm, front):
    answer = synadm("user", "membership", "--ids", "user")
    assert answer == {"joined_rooms": [front.service.rooms["lobby"]], "total": 1}


def test_user_modify_makes_one(synadm):
    answer = synadm("user", "modify", "--password", "made password", "--display-name", "Made", "--avatar-url",
                    "mxc://example.org/a", "--threepid", "email", "made@example.com", "--no-admin", "made")
    assert (answer["name"], answer["displayname"], answer["avatar_url"]) == ("@made:example.org", "Made",
                                                                           "mxc://example.org/a")
    assert synadm("user", "3pid", "-m", "email", "made@example.com") == {"user_id": "@made:example.org"}
    assert synadm("user", "modify", "--admin", "made")["admin"] is True


def test_user_auth_provider(synadm):
    assert synadm("user", "auth-provider", "-p", "oidc", "nobody")["errcode"] == "M_NOT_FOUND"


def test_user_password(synadm):
    assert synadm("user", "password", "--password", "another password", "made") == {}
    assert synadm("matrix", "login", "--password", "another password", "made")["user_id"] == "@made:example.org"


@pytest.mark.parametrize("options", [(), ("--expire-days", "1"), ("--expire-never",)])
def test_user_login(synadm, front, options):
    token = synadm("user", "login", *options, "second")["access_token"]
    answer = front.client.ask("GET", "/_matrix/client/v3/account/whoami", {"Authorization": "Bearer " + token})
    assert answer.json()["user_id"] == "@second:example.org"


def test_user_prune_devices(synadm):
    prune = ("user", "prune-devices", "--min-surviving", "0", "@made:example.org")
    device = synadm("matrix", "login", "--password", "another password", "made")["device_id"]
    assert synadm(*prune, "--list-only") == ""  # all of them were seen of late
    assert [row["device_id"] for row in synadm(*prune, "--list-only", "--device-id", device)] == [device]
    assert [row["device_id"] for row in synadm(*prune, "--device-id", device)] == [device]
    assert synadm(*prune, "--device-id", device) == ""


def test_user_shadow_ban(synadm):
    """Dendrite has none."""
    for options in ((), ("--unban",)):
        assert synadm("user", "shadow-ban", *options, "made")["errcode"] == "M_UNRECOGNIZED"


def test_user_deactivate(synadm):
    assert synadm("user", "deactivate", "--gdpr-erase", "made") == {"id_server_unbind_result": "success"}
    answer = synadm("user", "details", "made")
    assert (answer["deactivated"], answer["erased"], answer["displayname"]) == (True, True, None)
    assert synadm("user", "modify", "--activate", "--password", "third password", "made")["deactivated"] is False
    assert synadm("user", "modify", "--deactivate", "made")["deactivated"] is True


def test_regtok(synadm):
    made = synadm("regtok", "new", "--token", "made", "--uses-allowed", "2", "--expiry-ts", "4102444800000")
    assert made == {"token": "made", "uses_allowed": 2, "pending": 0, "completed": 0, "expiry_time": 4102444800000}
    assert synadm("regtok", "details", "--timestamp", "made") == made
    assert synadm("regtok", "update", "--uses-allowed", "0", "made")["uses_allowed"] == 0
    assert synadm("regtok", "list", "--valid") == {"registration_tokens": []}
    assert len(synadm("regtok", "list", "--invalid")["registration_tokens"]) == 1
    assert synadm("regtok", "delete", "made") == "Registration token successfully deleted."
    assert synadm("regtok", "details", "made")["errcode"] == "M_NOT_FOUND"


def test_regtok_of_a_length(synadm):
    assert len(synadm("regtok", "new", "--length", "20")["token"]) == 20
    assert len(synadm("regtok", "list")["registration_tokens"]) == 1


@pytest.fixture
def upload(front):
    """Uploads a text as a user, and returns its media id."""
    def run(text, user="second"):
        answer = front.client.ask("POST", "/_matrix/media/v3/upload?filename=a%20text.txt", {
            "Authorization": "Bearer " + front.service.tokens[user], "Content-Type": "text/plain"}, text.encode())
        assert answer.status == 200, answer
        return answer.json()["content_uri"].rpartition("/")[2]
    return run


def media_of(synadm, user="second"):
    """Their ids, and who has put each into quarantine."""
    return {row["media_id"]: row["quarantined_by"] for row in synadm("media", "list", "-u", user)["media"]}


def test_user_media(synadm, upload):
    first, last = upload("first"), upload("the last")
    answer = synadm("user", "media", "--timestamp", "-l", "1", "second")
    assert (answer["total"], answer["next_token"]) == (2, 1)
    assert [(row["media_id"], row["media_length"], row["upload_name"]) for row in answer["media"]] == [
        (last, 8, "a text.txt")]
    answer = synadm("user", "media", "-s", "media_length", "-f", "0", "second")
    assert [row["media_id"] for row in answer["media"]] == [first, last]
    assert synadm("user", "media", "nobody")["errcode"] == "M_NOT_FOUND"


def test_media_list(synadm, upload, front):
    media_id = upload("in no room")
    assert media_id in media_of(synadm)
    assert synadm("media", "list", "-r", front.service.rooms["lobby"]) == {"local": [], "remote": []}


def test_media_quarantine(synadm, upload, front):
    first, other = upload("one to be put aside"), upload("another's", "user")
    assert synadm("media", "quarantine", "-s", "example.org", "-i", first) == {}
    assert media_of(synadm)[first] == "@admin:example.org"
    assert synadm("media", "quarantine", "-u", "@user:example.org") == {"num_quarantined": 1}
    assert media_of(synadm, "user")[other] == "@admin:example.org"
    assert synadm("media", "quarantine", "-r", front.service.rooms["lobby"]) == {"num_quarantined": 0}


def test_media_protect(synadm, upload):
    media_id = upload("to be kept")
    assert synadm("media", "protect", media_id) == {}
    assert synadm("media", "quarantine", "-s", "example.org", "-i", media_id) == {}
    assert media_of(synadm)[media_id] is None


def test_media_delete(synadm, upload):
    media_id, large = upload("to be deleted"), upload("x" * 5000)
    assert synadm("media", "delete", "-i", media_id) == {"deleted_media": [media_id], "total": 1}
    assert synadm("media", "delete", "-i", media_id)["errcode"] == "M_NOT_FOUND"
    assert synadm("media", "delete", "-t", "4102444800000", "--kib", "4") == {"deleted_media": [large], "total": 1}
    assert synadm("media", "delete", "-d", "30") == {"deleted_media": [], "total": 0}
    assert not {media_id, large} & set(media_of(synadm))


def test_media_purge(synadm):
    """Of other servers there is none."""
    assert synadm("media", "purge", "-t", "1600000000000") == {"deleted": 0}
    assert synadm("media", "purge", "-d", "1") == {"deleted": 0}
