# SPDX-License-Identifier: ISC
"""
The two that are compared, with like data: the same accounts, rooms, account data, pusher, and report. Each side has its
client and its variables: tokens by account, and the ids that are made up by the server.
"""
import json
import time
import urllib.parse

from cases import registration
from fronts import Nginx
from service import ACCOUNTS as USUAL, Service
from synapse import Synapse

CONFIG = {"server_notices": {"enabled": True, "local_part": "_server"}, "allow_query_token": True,
          "media_path": "media", "max_upload_size": 102400}
ACCOUNTS = {"other": {"password": "other password"}, "helper": {"password": "helper password", "type": "admin"}}
NAMES = [name for name in [*USUAL, *ACCOUNTS] if name not in ("guest", "deactivated")]
ROOMS = {"lobby": {"of": "user", "joined": ["admin"]}, "den": {"of": "admin", "joined": ["user", "other"]}}
DIRECT = {"@admin:example.org": ["!r:example.org"]}
SETTINGS = {"a": [1]}
PUSHER = {"app_id": "im.app", "app_display_name": "App", "device_display_name": "Phone", "kind": "http", "lang": "en",
          "profile_tag": "tag", "pushkey": "key", "data": {"url": "http://127.0.0.1:9/_matrix/push/v1/notify"}}
REPORT = {"reason": "spam", "score": -50}
CLIENT = "/_matrix/client/v3"

ACCOUNT_DATA = "INSERT INTO userapi_account_datas VALUES ('user', 'example.org', '%s', '%s', '%s')"
SET_PUSHER = """
    INSERT INTO userapi_pushers (localpart, server_name, profile_tag, kind, app_id, app_display_name,
    device_display_name, pushkey, lang, data) VALUES ('user', 'example.org', '%(profile_tag)s', '%(kind)s',
    '%(app_id)s', '%(app_display_name)s', '%(device_display_name)s', '%(pushkey)s', '%(lang)s', '%(data)s')"""
OWN_PUSHER = """
    UPDATE userapi_pushers SET session_id = (SELECT session_id FROM userapi_devices WHERE device_id = 'USER')"""
SEND_REPORT = """
    INSERT INTO roomserver_reported_events (room_nid, event_nid, reporting_user_nid, event_sender_nid, reason, score,
    received_ts) SELECT r.room_nid, e.event_nid, u.event_state_key_nid, s.event_state_key_nid, '%(reason)s',
    %(score)d, 1000 FROM roomserver_rooms r JOIN roomserver_events e USING (room_nid),
    roomserver_event_state_keys u, roomserver_event_state_keys s WHERE r.room_id = '%(room)s'
    AND e.event_type_nid = 1 AND u.event_state_key = '@admin:example.org'
    AND s.event_state_key = '@user:example.org'"""
# The command gives no display name; a guest is named by Synapse, with the first number; and the usual service has a
# device that a crash has left.
ALIKE = ["UPDATE userapi_profiles SET display_name = replace(localpart, 'guest', '1')",
         *("UPDATE %s SET localpart = '1' WHERE localpart = 'guest'" % table
           for table in ("userapi_accounts", "userapi_devices", "userapi_profiles")),
         "DELETE FROM userapi_devices WHERE localpart = 'deactivated'"]


def quoted(text):
    return urllib.parse.quote(text, safe="")


class Side:
    def ask(self, method, path, token=None, body=None):
        headers = {"User-Agent": "tests"}
        if token:
            headers["Authorization"] = "Bearer " + token
        return self.client.ask(method, path, headers, None if body is None else json.dumps(body).encode())

    def must(self, method, path, who=None, body=None):
        answer = self.ask(method, path, self.variables.get(who), body)
        assert answer.status < 300, "%s %s: %r" % (method, path, answer)
        return answer.json()

    def sign_in(self):
        """Every account has one device, which has the same id on both sides."""
        for name in NAMES:
            answer = self.must("POST", CLIENT + "/login", body={
                "type": "m.login.password", "identifier": {"type": "m.id.user", "user": name},
                "password": name + " password", "device_id": name.upper(), "initial_device_display_name": "Device"})
            self.variables[name] = answer["access_token"]


class SynapseSide(Side):
    def __init__(self, folder):
        self.synapse = Synapse(folder).start()
        self.client = self.synapse.client
        self.variables = {}
        for name in [*NAMES, "deactivated"]:
            kind = {**USUAL, **ACCOUNTS}[name].get("type")
            nonce = self.must("GET", "/_synapse/admin/v1/register")["nonce"]
            self.must("POST", "/_synapse/admin/v1/register", body=registration(
                {"nonce": nonce, "username": name, "password": name + " password", "admin": kind == "admin",
                 "inhibit_login": True}))
        self.sign_in()
        self.settle()
        self.must("POST", "/_synapse/admin/v1/deactivate/@deactivated:example.org", "admin", {})
        guest = self.must("POST", CLIENT + "/register?kind=guest", body={})
        self.variables.update(guest=guest["access_token"], guest_id=guest["user_id"])
        for name, room in ROOMS.items():
            self.add_room(name, room)
        self.add_data()

    def settle(self):
        """Waits until Synapse has completed its database; before that, it answers some requests with 500."""
        end = time.monotonic() + 120
        while self.must("GET", "/_synapse/admin/v1/background_updates/status", "admin")["current_updates"]:
            assert time.monotonic() < end
            time.sleep(0.1)

    def add_room(self, name, room):
        room_id = self.must("POST", CLIENT + "/createRoom", room["of"], {"preset": "public_chat"})["room_id"]
        self.variables[name] = room_id
        for user in room["joined"]:
            self.must("POST", CLIENT + "/join/" + quoted(room_id), user, {})

    def add_data(self):
        user, room = CLIENT + "/user/@user:example.org", quoted(self.variables["lobby"])
        self.must("PUT", user + "/account_data/m.direct", "user", DIRECT)
        self.must("PUT", "%s/rooms/%s/account_data/org.example" % (user, room), "user", SETTINGS)
        self.must("POST", CLIENT + "/pushers/set", "user", PUSHER)
        state = self.must("GET", "%s/rooms/%s/state" % (CLIENT, room), "user")
        event = next(event["event_id"] for event in state if event["type"] == "m.room.create")
        self.must("POST", "%s/rooms/%s/report/%s" % (CLIENT, room, quoted(event)), "admin", REPORT)

    def stop(self):
        self.synapse.stop()


class MxadminSide(Side):
    def __init__(self):
        self.service = Service(CONFIG, ACCOUNTS, ROOMS)
        self.service.run(self.data())
        self.front = Nginx(self.service).start()
        self.client = self.front.client
        self.variables = {**self.service.tokens, **self.service.rooms, "guest_id": "@1:example.org"}
        for name in NAMES:
            self.must("POST", CLIENT + "/logout", name)
        self.sign_in()
        self.service.run([OWN_PUSHER])

    def data(self):
        """What a homeserver's clients would have made, where we serve none."""
        lobby = self.service.rooms["lobby"]
        return [ACCOUNT_DATA % ("", "m.direct", json.dumps(DIRECT)),
                ACCOUNT_DATA % (lobby, "org.example", json.dumps(SETTINGS)),
                SET_PUSHER % {**PUSHER, "data": json.dumps(PUSHER["data"])}, SEND_REPORT % {**REPORT, "room": lobby},
                *ALIKE]

    def stop(self):
        self.front.stop()
        self.service.close()
