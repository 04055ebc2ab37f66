# SPDX-License-Identifier: ISC
"""
mxadmin beside a real Dendrite against Dendrite's own, in each journal mode: whois behind the same nginx, A B A B …, and
the evacuation of like rooms, where everybody's /sync shows the leave afterwards.
"""
import contextlib
import json
import os
import sqlite3
import statistics
import sys
import time

import shared  # noqa: F401, and with it the folders of what is shared with other tests

import results
from bench import wrk
from client import Client
from folder import Folder
from fronts import HomeserverNginx, free_port
from real import Dendrite
from service import Attached

BUILD = sys.argv[1]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MEMBERS = 300
ROOMS = 2  # of each of the two
SECONDS = 600  # that an evacuation may take
CLIENT = "/_matrix/client/v3"
WHOIS = f"{CLIENT}/admin/whois/@user06:example.org"
OF_DENDRITE = """
server {
    listen 127.0.0.1:%d;
    location / {
        proxy_pass http://mxadmin_dendrite;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_read_timeout 660s;
    }
}
"""


class BothNginx(HomeserverNginx):
    """The same nginx has all of Dendrite at a port of its own, `dendrites_port`."""

    def configure(self):
        super().configure()
        self.dendrites_port = free_port()
        with open(os.path.join(self.folder, "mxadmin.conf"), "a") as file:
            file.write(OF_DENDRITE % self.dendrites_port)


class Stage:
    def __init__(self, journal, stack):
        folder = Folder(journal=journal)
        add_users(folder)
        self.dendrite = stack.enter_context(contextlib.closing(Dendrite(folder).start()))
        self.service = Attached(self.dendrite, {"homeserver": {
            "kind": "dendrite", "config": str(folder.config_file), "url": self.dendrite.url, "wait": SECONDS}})
        stack.callback(self.service.close)
        self.service.command("attach")
        self.front = BothNginx(self.service, self.dendrite.port).start()
        stack.callback(self.front.stop)
        self.admin = folder.tokens["admin"]

    def whois(self):
        """{"mxadmin": [requests a second], "dendrite": […]}"""
        ports = {"mxadmin": self.front.port, "dendrite": self.front.dendrites_port}
        rates = {name: [] for name in ports}
        for _ in range(ROUNDS):
            for name, port in ports.items():
                rate, _, _, bad = wrk(f"http://127.0.0.1:{port}{WHOIS}", self.admin)
                assert not bad, "not all answers were 200"
                rates[name].append(rate)
        return rates

    def make_room(self):
        answer = self.dendrite.ask("POST", f"{CLIENT}/createRoom", "admin", {"preset": "public_chat"})
        room_id = answer.json()["room_id"]
        for user_id in members()[1:]:
            answer = self.dendrite.ask("POST", f"{CLIENT}/join/{room_id}?user_id={user_id}", "service", {})
            assert answer.status == 200, answer
        self.dendrite.settle()
        return room_id

    def evacuate(self, room_id, client):
        """Seconds."""
        begin = time.monotonic()
        answer = client.ask("POST", f"/_dendrite/admin/evacuateRoom/{room_id}", {"Authorization": "Bearer " + self.admin})
        seconds = time.monotonic() - begin
        assert answer.status == 200 and len(answer.json()["affected"]) == MEMBERS, answer
        return seconds

    def extremities(self, room_id):
        (latest,), = self.dendrite.folder.select("latest_event_nids FROM roomserver_rooms WHERE room_id = ?", room_id)
        return len(json.loads(latest))

    def syncs(self, since=None):
        """{user id: the answer}"""
        answers = {}
        for user_id in members():
            query = f"?user_id={user_id}&timeout=0" + (f"&since={since[user_id]['next_batch']}" if since else "")
            answers[user_id] = self.dendrite.ask("GET", f"{CLIENT}/sync{query}", "service").json()
        return answers

    def evacuations(self):
        """{"mxadmin": [seconds], "dendrite": […]}, the extremities that ours leave, and how many of the members are not
        shown their leave."""
        doors = {"mxadmin": self.front.port, "dendrite": self.front.dendrites_port}
        times, extremities, unshown = {name: [] for name in doors}, [], 0
        for _ in range(ROOMS):
            room_ids = {name: self.make_room() for name in doors}
            before = self.syncs()
            for name, port in doors.items():
                times[name].append(self.evacuate(room_ids[name], Client(port, SECONDS)))
                self.dendrite.settle()
            extremities.append(self.extremities(room_ids["mxadmin"]))
            unshown += sum(room_ids["mxadmin"] not in answer["rooms"].get("leave", {})
                           for answer in self.syncs(before).values())
        return times, max(extremities), unshown


def members():
    return ["@admin:example.org"] + [f"@member{number:03}:example.org" for number in range(1, MEMBERS)]


def add_users(folder):
    """Before Dendrite runs; nobody signs in as one of them."""
    with sqlite3.connect(folder.databases[0]) as database:
        for user_id in members()[1:]:
            localpart = user_id[1:].partition(":")[0]
            database.execute("INSERT INTO userapi_accounts (localpart, server_name, created_ts, password_hash,"
                             " appservice_id, account_type) VALUES (?, 'example.org', 0, '', '', 1)", [localpart])
            database.execute("INSERT INTO userapi_profiles (localpart, server_name, display_name, avatar_url)"
                             " VALUES (?, 'example.org', ?, '')", [localpart, localpart])
    database.close()


def measure(journal):
    with contextlib.ExitStack() as stack:
        stage = Stage(journal, stack)
        rates = stage.whois()
        times, extremities, unshown = stage.evacuations()
    return {
        f"attached_{journal}_whois_per_s": statistics.median(rates["mxadmin"]),
        f"attached_{journal}_dendrites_whois_per_s": statistics.median(rates["dendrite"]),
        f"attached_{journal}_whois_over_dendrites": statistics.median(
            a / b for a, b in zip(rates["mxadmin"], rates["dendrite"])),
        f"attached_{journal}_evacuate_{MEMBERS}_s": statistics.median(times["mxadmin"]),
        f"attached_{journal}_dendrites_evacuate_{MEMBERS}_s": statistics.median(times["dendrite"]),
        f"attached_{journal}_evacuate_over_dendrites": statistics.median(
            a / b for a, b in zip(times["mxadmin"], times["dendrite"])),
        f"attached_{journal}_evacuate_forward_extremities": extremities,
        f"attached_{journal}_evacuate_leaves_not_in_sync": unshown,
    }


if __name__ == "__main__":
    for mode in ("wal", "delete"):
        results.add(BUILD, measure(mode))
