# SPDX-License-Identifier: ISC
"""Calls that change rooms and accounts, each of which knows whether what it was answered is in the database."""
import hashlib
import hmac
import queue
import threading

import fcgi

NOTICE = "/_synapse/admin/v1/send_server_notice"
JOINED = "COUNT(*) FROM roomserver_membership JOIN roomserver_event_state_keys ON event_state_key_nid = target_nid" \
         " WHERE membership_nid IN (2, 3) AND "


class Call:
    """`answer` is None until it is answered with 200; `failures` are what else became of it: the text of an error, or
    a status and what came with it."""

    def __init__(self):
        self.answer = None
        self.failures = []

    def make(self, pool):
        try:
            status, answer = self.ask(pool)
        except OSError as error:
            self.failures.append(str(error))
            return
        if status == 200:
            self.answer = answer
        else:
            self.failures.append((status, answer))

    def post(self, pool, path, method="POST", body=b"", token=None):
        status, _, answer = fcgi.ask(pool.address, path, method, token or pool.admin, body)
        return status, answer


class Notice(Call):
    def __init__(self, number, localpart, token=None):
        super().__init__()
        self.number = number
        self.text = f"notice {number}"
        self.user_id = f"@{localpart}:example.org"
        self.token = token

    def ask(self, pool):
        body = {"user_id": self.user_id, "content": {"msgtype": "m.text", "body": self.text}}
        return self.post(pool, f"{NOTICE}/{self.number}", "PUT", body, self.token)

    def is_there(self, pool):
        found = pool.select("event_id FROM roomserver_events JOIN roomserver_event_json USING (event_nid) WHERE"
                            " json_extract(CAST(event_json AS TEXT), '$.content.body') = ?", self.text)
        return found == [(self.answer["event_id"],)]


class Registration(Call):
    def __init__(self, number):
        super().__init__()
        self.localpart = f"new{number}"

    def ask(self, pool):
        path = "/_synapse/admin/v1/register"
        status, answer = self.post(pool, path, "GET")
        if status != 200:
            return status, answer
        text = "\0".join([answer["nonce"], self.localpart, "some password", "notadmin"])
        mac = hmac.new(b"fixture-secret", text.encode(), hashlib.sha1).hexdigest()
        body = {"nonce": answer["nonce"], "username": self.localpart, "password": "some password", "mac": mac}
        status, answer = self.post(pool, path, body=body)
        if status == 400 and answer["errcode"] == "M_USER_IN_USE" and self.failures:
            return 200, {}  # done by the call that was not answered
        return status, answer

    def is_there(self, pool):
        token = self.answer.get("access_token")
        found = pool.select("d.access_token FROM userapi_accounts a JOIN userapi_devices d USING (localpart)"
                            " WHERE localpart = ?", self.localpart)
        return len(found) == 1 and token in (None, found[0][0])


class EvacuateRoom(Call):
    def __init__(self, room_id):
        super().__init__()
        self.room_id = self.target = room_id

    def ask(self, pool):
        return self.post(pool, "/_dendrite/admin/evacuateRoom/" + self.room_id)

    def is_there(self, pool):
        return pool.select(JOINED + "room_nid = (SELECT room_nid FROM roomserver_rooms WHERE room_id = ?)",
                           self.room_id) == [(0,)]


class EvacuateUser(Call):
    def __init__(self, localpart):
        super().__init__()
        self.user_id = self.target = f"@{localpart}:example.org"

    def ask(self, pool):
        return self.post(pool, "/_dendrite/admin/evacuateUser/" + self.user_id)

    def is_there(self, pool):
        return pool.select(JOINED + "event_state_key = ?", self.user_id) == [(0,)]


class Clients:
    """So many clients, each with the next of the calls as soon as it is answered; to the pools in turn."""

    def __init__(self, count, calls, *pools):
        self.queue = queue.SimpleQueue()
        for call in calls:
            self.queue.put(call)
        self.made = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(pools[i % len(pools)],)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, pool):
        while not self.stopping.is_set():
            try:
                call = self.queue.get_nowait()
            except queue.Empty:
                return
            call.make(pool)
            self.made.append(call)

    def stop(self):
        """No further calls; returns those that were made, when all have ended."""
        self.stopping.set()
        return self.wait()

    def wait(self):
        for thread in self.threads:
            thread.join()
        return self.made
