#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Loads a real Dendrite with its own clients, alone and then with as many more through mxadmin, each time on a fresh copy
of the fixture, and tells how long Dendrite's answers took:

    DENDRITE_BIN=DENDRITE MXADMIN=MXADMIN load.py [--seconds N] [--journal delete|wal] [--files one|split] [--clients N]
        [--rounds N] [--direct]

`seconds` are those of each phase, 1200 by hand; `rounds` have one phase of each kind, in turn, because a machine has
other things to do as well. With `direct` there is a third kind of phase, in which the second clients ask Dendrite itself
for their changes: what it costs its other clients without mxadmin. The exit status is 1 when Dendrite was hurt. Clients
run in processes of their own, one for each side, so that neither waits for the other's Python.
"""
import argparse
import collections
import contextlib
import http.client
import json
import random
import re
import subprocess
import sys
import threading
import time

from attached import Beside
from folder import Folder
from real import Dendrite

CLIENT = "/_matrix/client/v3"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
ELEVEN = "!RgmP5YoUtC9tVNAj:example.org"
CLIENTS = 8
REFUSED = re.compile(r" (error|warning) | status=[45]")  # in mxadmin's log
# Whose tokens the clients of Dendrite have, and whom the admin's clients act on; neither disturbs the other.
OWN_USERS = ["user%02d" % number for number in range(6, 14)]
ADMINS_USERS = ["user%02d" % number for number in range(14, 29)]


class Client:
    """One after the other, on one connection. `seen` counts (what, status), `times` are seconds by what."""

    def __init__(self, port, token, seed):
        self.chance = random.Random(seed)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": "Bearer " + token}
        self.seen, self.times = collections.Counter(), collections.defaultdict(list)
        self.count = 0

    def ask(self, what, method, path, body=None):
        begin = time.monotonic()
        try:
            self.connection.request(method, path, body and json.dumps(body), self.headers)
            answer = self.connection.getresponse()
            text = answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException) as error:
            text, status = b"", type(error).__name__
            self.connection.close()
        self.times[what].append(time.monotonic() - begin)
        self.seen[f"{what} {status}"] += 1
        return json.loads(text) if status == 200 else None

    def run(self, end):
        steps, weights = zip(*self.steps())
        while time.monotonic() < end:
            self.count += 1
            self.chance.choices(steps, weights)[0]()
        self.connection.close()


class Member(Client):
    """A client of Dendrite: it syncs, talks, and comes and goes."""

    def __init__(self, port, token, seed, user, **_):
        super().__init__(port, token, seed)
        self.user_id, self.since = f"@{user}:example.org", None

    def steps(self):
        return [(self.sync, 6), (self.talk, 4), (self.come_and_go, 1), (self.look, 3)]

    def sync(self):
        since = f"&since={self.since}" if self.since else ""
        answer = self.ask("sync", "GET", f"{CLIENT}/sync?timeout=0{since}")
        self.since = answer["next_batch"] if answer else self.since

    def talk(self):
        self.ask("send", "PUT", f"{CLIENT}/rooms/{LOBBY}/send/m.room.message/{self.chance.random()}",
                 {"msgtype": "m.text", "body": f"number {self.count}"})

    def come_and_go(self):
        self.ask("join", "POST", f"{CLIENT}/join/{ELEVEN}", {})
        self.ask("leave", "POST", f"{CLIENT}/rooms/{ELEVEN}/leave", {})

    def look(self):
        self.ask("whoami", "GET", f"{CLIENT}/account/whoami")
        self.ask("profile", "GET", f"{CLIENT}/profile/{self.user_id}")


class Admin(Client):
    """A client of mxadmin: it mostly looks, and sometimes acts. No two act on the same user."""

    def __init__(self, port, token, seed, user, others, **_):
        super().__init__(port, token, seed)
        self.user_id = f"@{user}:example.org"
        self.others = [f"@{other}:example.org" for other in others]

    def steps(self):
        return [(self.whois, 20), (self.rooms, 10), (self.dry_run, 5), (self.notice, 2), (self.password, 1),
                (self.evacuate, 1)]

    def whois(self):
        self.ask("whois", "GET", f"{CLIENT}/admin/whois/{self.chance.choice(self.others)}")

    def rooms(self):
        self.ask("rooms", "GET", f"/_synapse/admin/v1/users/{self.chance.choice(self.others)}/joined_rooms")

    def dry_run(self):
        self.ask("dry run", "POST", f"/_dendrite/admin/evacuateRoom/{LOBBY}?dry_run=true")

    def notice(self):
        self.ask("notice", "POST", "/_synapse/admin/v1/send_server_notice",
                 {"user_id": self.user_id, "content": {"msgtype": "m.text", "body": f"notice {self.count}"}})

    def password(self):
        self.ask("password", "POST", f"/_dendrite/admin/resetPassword/{self.user_id}",
                 {"password": f"password {self.count}", "logout_devices": True})

    def evacuate(self):
        self.ask("evacuate", "POST", f"/_dendrite/admin/evacuateUser/{self.user_id}")


class Direct(Admin):
    """The same with Dendrite's own calls, of which there is none for the rooms of a user, and none that only looks."""

    def steps(self):
        return [(self.whois, 35), (self.notice, 2), (self.password, 1), (self.evacuate, 1)]


KINDS = {"member": Member, "admin": Admin, "direct": Direct}
CHANGES = ["notice", "password", "evacuate"]


class Side:
    """The clients of one side, in a process of their own."""

    def __init__(self, kind, port, seconds, clients):
        """`clients` are a list of {token, user, others}."""
        self.process = subprocess.Popen([sys.executable, __file__, "--side"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps([kind, port, seconds, clients]))
        self.process.stdin.close()

    def result(self):
        """{"seen": {what and status: count}, "times": {what: [seconds]}}, when it has ended."""
        result = json.load(self.process.stdout)
        assert self.process.wait() == 0
        return result


def run_side():
    kind, port, seconds, clients = json.load(sys.stdin)
    end = time.monotonic() + seconds
    made = [KINDS[kind](port=port, seed=seed, **client) for seed, client in enumerate(clients)]
    threads = [threading.Thread(target=client.run, args=(end,)) for client in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen, times = collections.Counter(), collections.defaultdict(list)
    for client in made:
        seen.update(client.seen)
        for what, seconds in client.times.items():
            times[what] += seconds
    json.dump({"seen": seen, "times": times}, sys.stdout)


def members(dendrite, count):
    users = (OWN_USERS * count)[:count]
    return [{"token": dendrite.folder.tokens[user], "user": user} for user in users]


def admins(dendrite, count):
    return [{"token": dendrite.folder.tokens["admin"], "user": user, "others": OWN_USERS + ADMINS_USERS}
            for user in (ADMINS_USERS * count)[:count]]


def quantile(times, part):
    every = sorted(second for seconds in times.values() for second in seconds)
    return every[min(int(len(every) * part), len(every) - 1)]


def kind_of(line):
    """A line of Dendrite's log without what is different each time."""
    line = re.sub(r'^time="[^"]*" ', "", line)
    return re.sub(r"[$!@#][\w%./=+-]+(:[\w.]+)?|0x[0-9a-f]+|\b[\w-]{16,}\b|\d+", "", line)


class Phase:
    """A run of a fresh Dendrite: "alone", "with mxadmin", or with what is asked "directly"."""

    def __init__(self, name, seconds, clients, **options):
        self.name, self.seconds = name, seconds
        with contextlib.ExitStack() as stack:
            self.dendrite = stack.enter_context(contextlib.closing(Dendrite(Folder(**options)).start()))
            beside = stack.enter_context(Beside(self.dendrite)) if name == "with mxadmin" else None
            own = Side("member", self.dendrite.port, seconds, members(self.dendrite, clients))
            theirs = None
            if beside:
                theirs = Side("admin", beside.port, seconds, admins(self.dendrite, clients))
            elif name == "directly":
                theirs = Side("direct", self.dendrite.port, seconds, admins(self.dendrite, clients))
            self.own = own.result()
            self.theirs = theirs.result() if theirs else {"seen": {}, "times": {}}
            self.alive = self.dendrite.is_running()
            self.refused = [line for line in beside.front.log().splitlines() if REFUSED.search(line)] if beside else []
            self.hurt, self.errors = self.dendrite.hurt(), {kind_of(line) for line in self.dendrite.errors()}
        self.p50, self.p99 = (quantile(self.own["times"], part) * 1000 for part in (0.5, 0.99))
        self.rate = sum(self.own["seen"].values()) / seconds
        self.changes = sum(len(self.theirs["times"].get(what, [])) for what in CHANGES) / seconds

    def line(self):
        counts = " ".join(f"{what}={count}" for what, count in sorted({**self.own["seen"],
                                                                      **self.theirs["seen"]}.items()))
        changes = f", {self.changes:.1f} changes/s beside them" if self.theirs["seen"] else ""
        return (f"{self.name}: {self.rate:.0f} requests/s, p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms{changes}; "
                + counts.replace(" 200=", "="))


def compare(seconds, clients=CLIENTS, names=("alone", "with mxadmin"), **options):
    return [Phase(name, seconds, clients, **options) for name in names]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--journal", default="delete", choices=["delete", "wal"])
    parser.add_argument("--files", default="one", choices=["one", "split"])
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--direct", action="store_true")
    options = parser.parse_args()
    if options.side:
        return run_side()
    names = ["alone", "with mxadmin", *(["directly"] if options.direct else [])]
    print(f"journal {options.journal}, files {options.files}")
    hurt = False
    for _ in range(options.rounds):
        alone, *others = compare(options.seconds, options.clients, names, journal=options.journal, files=options.files)
        print(alone.line())
        for phase in others:
            print(phase.line(), f"{phase.name}: p99 {phase.p99 / alone.p99:.2f} times, p50 {phase.p50 / alone.p50:.2f} "
                  f"times that alone", sep="\n", flush=True)
        mixed = others[0]
        new = mixed.errors - alone.errors
        print("errors that are new:", *sorted(new), sep="\n  ")
        print("hurt:", *alone.hurt, *mixed.hurt, sep="\n  ")
        print("said by mxadmin:", *mixed.refused, sep="\n  ")
        hurt = hurt or bool(new or mixed.hurt) or not mixed.alive
    return 1 if hurt else 0


if __name__ == "__main__":
    sys.exit(main())
