# SPDX-License-Identifier: ISC
"""One verb after another beside a homeserver: after each its own clients work, and nothing of ours stays behind. After
`mxadmin apply` and a start, what waited is so."""
import sqlite3
import subprocess

import pytest

from attached import Beside
from service import MXADMIN
from test_apply import SEES_ALL
from test_media import assert_gone, download, png, upload
from waiting import wait_until

CLIENT = "/_matrix/client/v3"
ADMIN = "/_synapse/admin/v1"
USERS = "/_synapse/admin/v2/users/"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
ELEVEN = "!RgmP5YoUtC9tVNAj:example.org"
OURS = "mxadmin-service"  # has the sessions of our own account


def user_id(localpart):
    return f"@{localpart}:example.org"


def password_login(localpart, password):
    return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": localpart}, "password": password}


class Stage:
    def __init__(self, beside):
        self.beside, self.homeserver = beside, beside.homeserver
        self.count = 0
        self.devices = self.read_devices()

    def ask(self, method, path, body=None):
        answer = self.beside.ask(method, path, "admin", body)
        assert answer.status in (200, 201), answer
        return answer.json()

    def read_devices(self):
        return set(self.beside.folder.select("localpart, device_id FROM userapi_devices WHERE localpart <> ?", OURS))

    def check(self, begun=(), ended=()):
        """Dendrite's clients sign in, sync, talk, join and leave; of the users' devices, only those that the verb was to
        begin or to end have come or gone."""
        devices = self.read_devices()
        assert devices - self.devices == set(begun) and self.devices - devices == set(ended)
        self.devices = devices
        self.count += 1
        for method, path, body in (
                ("GET", f"{CLIENT}/sync?timeout=0", None),
                ("PUT", f"{CLIENT}/rooms/{LOBBY}/send/m.room.message/verb{self.count}", {"msgtype": "m.text", "body": "-"}),
                ("POST", f"{CLIENT}/join/{ELEVEN}", {}),
                ("POST", f"{CLIENT}/rooms/{ELEVEN}/leave", {})):
            answer = self.homeserver.ask(method, path, "user06", body)
            assert answer.status == 200, (path, answer)
        token = self.homeserver.sign_in("user06")
        assert self.homeserver.ask("POST", f"{CLIENT}/logout", token, {}).status == 200

    def devices_of(self, *localparts):
        return [device for device in self.devices if device[0] in localparts]

    def rooms_of(self, localpart):
        return self.beside.folder.select(
            "room_nid FROM roomserver_membership JOIN roomserver_event_state_keys ON event_state_key_nid = target_nid"
            " WHERE event_state_key = ? AND membership_nid <> 1", user_id(localpart))

    def assert_in_no_room(self, localpart):
        wait_until(lambda: self.rooms_of(localpart) == [])


@pytest.fixture(params=[("one", "delete"), ("split", "wal")], ids="-".join)
def stage(request, make_homeserver):
    files, journal = request.param
    homeserver = make_homeserver(files=files, journal=journal)
    homeserver.stop()
    for path in homeserver.folder.databases:
        with sqlite3.connect(path) as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'userapi_registration_tokens'").fetchone():
                database.execute("UPDATE userapi_registration_tokens SET completed = 1 WHERE token = 'welcome'")
        database.close()
    homeserver.start()
    with Beside(homeserver, account=True) as beside:
        yield Stage(beside)


def change_users(stage):
    homeserver = stage.homeserver
    stage.ask("PUT", USERS + user_id("made"), {"password": "its password", "displayname": "Made"})
    session = homeserver.ask("POST", f"{CLIENT}/login", None, password_login("made", "its password")).json()
    stage.check(begun=[("made", session["device_id"])])

    stage.ask("POST", f"{ADMIN}/reset_password/{user_id('made')}", {"new_password": "another password"})
    stage.check(ended=[("made", session["device_id"])])
    assert homeserver.ask("POST", f"{CLIENT}/login", None, password_login("made", "its password")).status == 403

    stage.ask("PUT", USERS + user_id("user08"), {"displayname": "Eight", "threepids":
                                                 [{"medium": "email", "address": "eight@example.org"}]})
    profile = homeserver.ask("GET", f"{CLIENT}/profile/{user_id('user08')}").json()
    assert profile["displayname"] == "Eight"
    stage.check()

    stage.ask("PUT", f"{ADMIN}/users/{user_id('user08')}/admin", {"admin": True})
    stage.check()

    address = {"threepids": [{"medium": "email", "address": "nine@example.org"}]}
    assert stage.ask("PUT", USERS + user_id("user09"), address)["pending"] == ["set_threepids"]
    stage.ask("POST", f"{ADMIN}/deactivate/{user_id('user09')}", {"erase": True})
    assert "pending" not in stage.ask("GET", USERS + user_id("user09"))
    stage.check(ended=stage.devices_of("user09"))
    stage.assert_in_no_room("user09")
    assert homeserver.ask("GET", f"{CLIENT}/account/whoami", "user09").status == 401

    stage.ask("POST", f"{ADMIN}/deactivate/{user_id('user10')}", {})
    stage.check(ended=stage.devices_of("user10"))
    stage.assert_in_no_room("user10")
    shown = stage.ask("PUT", USERS + user_id("user10"), {"deactivated": False, "password": "its password"})
    assert shown["deactivated"] and shown["pending"] == ["reactivate"]
    assert homeserver.ask("POST", f"{CLIENT}/login", None, password_login("user10", "its password")).status == 403
    stage.check()

    stage.ask("POST", f"/_dendrite/admin/evacuateUser/{user_id('user11')}")
    stage.check()
    stage.assert_in_no_room("user11")


def change_devices(stage):
    token = stage.homeserver.sign_in("user12")
    made = stage.homeserver.ask("GET", f"{CLIENT}/account/whoami", token).json()["device_id"]
    stage.check(begun=[("user12", made)])
    stage.ask("PUT", f"{USERS}{user_id('user12')}/devices/{made}", {"display_name": "Named"})
    stage.check()
    stage.ask("DELETE", f"{USERS}{user_id('user12')}/devices/{made}")
    assert stage.homeserver.ask("GET", f"{CLIENT}/account/whoami", token).status == 401
    stage.check(ended=[("user12", made)])

    puppet = stage.ask("POST", f"{ADMIN}/users/{user_id('user12')}/login", {})["access_token"]
    device = stage.homeserver.ask("GET", f"{CLIENT}/account/whoami", puppet).json()["device_id"]
    stage.check(begun=[("user12", device)])
    stage.ask("POST", f"{USERS}{user_id('user12')}/delete_devices", {"devices": [device]})
    stage.check(ended=[("user12", device)])


def change_rooms(stage):
    stage.ask("POST", f"{ADMIN}/send_server_notice", {"user_id": user_id("user13"), "content":
                                                      {"msgtype": "m.text", "body": "A notice"}})
    stage.check()
    room = stage.homeserver.ask("POST", f"{CLIENT}/createRoom", "user14", {"preset": "public_chat"}).json()["room_id"]
    assert stage.homeserver.ask("POST", f"{CLIENT}/join/{room}", "user15", {}).status == 200
    assert stage.ask("POST", f"/_dendrite/admin/evacuateRoom/{room}")["affected"] == [user_id("user14"),
                                                                                     user_id("user15")]
    stage.check()
    stage.ask("POST", f"/_dendrite/admin/purgeRoom/{room}")
    assert stage.homeserver.ask("POST", f"{CLIENT}/join/{room}", "user15", {}).status != 200
    stage.check()


def change_media(stage):
    beside, content = stage.beside, png(9)
    deleted, kept = upload(beside, content), upload(beside, png(10))
    stage.ask("DELETE", f"{ADMIN}/media/example.org/{deleted}")
    assert_gone(download(beside, deleted))
    stage.check()
    stage.ask("POST", f"{ADMIN}/media/quarantine/example.org/{kept}")
    assert_gone(download(beside, kept))
    stage.check()
    stage.ask("POST", f"{ADMIN}/media/unquarantine/example.org/{kept}")
    assert download(beside, kept).status == 200
    return deleted


def change_tokens(stage):
    stage.ask("POST", f"{ADMIN}/registration_tokens/new", {"token": "fresh", "uses_allowed": 3})
    assert stage.ask("PUT", f"{ADMIN}/registration_tokens/fresh", {"uses_allowed": 4})["uses_allowed"] == 4
    used = f"{ADMIN}/registration_tokens/welcome"
    before = stage.ask("GET", used)
    waiting = {**before, "pending_changes": ["set_registration_token"]}
    assert stage.ask("PUT", used, {"uses_allowed": 9}) == waiting
    assert stage.ask("PUT", used, {"expiry_time": 4102444800000}) == waiting
    assert stage.ask("GET", "/_dendrite/admin/registrationTokens/welcome") == waiting
    stage.check()
    stage.ask("DELETE", f"{ADMIN}/registration_tokens/fresh")
    stage.check()
    return before


def test_verbs(stage):
    homeserver, before = stage.homeserver, len(stage.homeserver.folder.log())
    change_users(stage)
    change_devices(stage)
    change_rooms(stage)
    deleted = change_media(stage)
    token = change_tokens(stage)
    assert "panic" not in homeserver.folder.log()[before:]

    homeserver.stop()
    applied = subprocess.run([MXADMIN, "-c", stage.beside.service.config_file, "apply"], stdout=subprocess.PIPE, text=True)
    homeserver.start()
    if not SEES_ALL:
        return
    assert applied.returncode == 0 and sorted(line.split()[1] for line in applied.stdout.splitlines()) == [
        "delete_media", "reactivate", "set_admin", "set_registration_token", "set_threepids"]
    shown = stage.ask("GET", USERS + user_id("user08"))
    assert shown["admin"] and "pending" not in shown and shown["threepids"][0]["address"] == "eight@example.org"
    assert homeserver.ask("GET", f"{CLIENT}/admin/whois/{user_id('admin')}", "user08").status == 200
    session = homeserver.ask("POST", f"{CLIENT}/login", None, password_login("user10", "its password"))
    assert session.status == 200, session
    assert_gone(download(stage.beside, deleted))
    assert stage.beside.folder.select("1 FROM mediaapi_media_repository WHERE media_id = ?", deleted) == []
    assert stage.ask("GET", f"{ADMIN}/registration_tokens/welcome") == {**token, "uses_allowed": 9,
                                                                        "expiry_time": 4102444800000}
    stage.check(begun=[("user10", session.json()["device_id"])])
