# SPDX-License-Identifier: ISC
"""
What a page of the list of users costs among very many, anywhere in the list and in every order, and a search. The rival
is a real Synapse, where SYNAPSE_PYTHON has one: the same users in the database that it has made itself, and the same
requests, A B A B …, which it has to answer with the same users. Prints a table, and adds to bench.json.
"""
import contextlib
import itertools
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time

from cases import registration
from fronts import Nginx
from service import Service
from sides import Side, SynapseSide
from synapse import PYTHON, Synapse

import results

BUILD = sys.argv[1]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
USERS = int(os.environ.get("USERS", "200000"))  # and the admin who asks
LIMIT = 100
PATH = "/_synapse/admin/v2/users?limit=%d" % LIMIT
OFFSETS = [0, USERS // 2, max(USERS - LIMIT, 0)]
ORDERS = ["name", "displayname", "creation_ts"]
OTHER_ORDERS = ["avatar_url", "last_seen_ts", "user_type", "is_guest", "admin", "deactivated", "shadow_banned",
                "locked", "suspended", "erased"]  # ours alone: Synapse does not know all of them
SEARCHES = ["name=Lindqvist", "name=user0012", "name=nobody%20at%20all", "user_id=0012"]  # of many, of some, of none

GIVEN = "Ada Berta Carl Dora Emil Fritz Greta Hans Ida Jonas Karin Lars Maja Nils Olga Per Rosa Sven Tove Ulla".split()
FAMILY = "Andersson Berg Dahl Ek Fors Gran Holm Isaksson Jung Kvist Lindqvist Moberg Norén Ohlsson Palm Rask".split()
FIRST_CREATED = 1500000000  # seconds
A_YEAR = 365 * 86400

OURS = {
    "userapi_accounts (localpart, server_name, created_ts, password_hash, appservice_id, account_type)":
        "(:localpart, 'example.org', :created * 1000, '', '', 1)",
    "userapi_profiles (localpart, server_name, display_name, avatar_url)": "(:localpart, 'example.org', :name, '')",
    "userapi_devices (access_token, session_id, device_id, localpart, server_name, created_ts, display_name,"
    " last_seen_ts, ip, user_agent)":
        "(:token, :number + 1000, 'DEVICE', :localpart, 'example.org', :created * 1000, 'Device', :seen * 1000,"
        " '127.0.0.1', 'tests')",
}
SYNAPSES = {
    "users (name, password_hash, creation_ts, is_guest, deactivated, shadow_banned, approved, locked, suspended)":
        "(:user_id, '', :created, 0, 0, 0, 1, 0, 0)",
    "profiles (user_id, displayname, full_user_id)": "(:localpart, :name, :user_id)",
    "devices (user_id, device_id, display_name, last_seen, ip, user_agent, hidden)":
        "(:user_id, 'DEVICE', 'Device', :seen * 1000, '127.0.0.1', 'tests', 0)",
    "user_ips (user_id, access_token, device_id, ip, user_agent, last_seen)":
        "(:user_id, :token, 'DEVICE', '127.0.0.1', 'tests', :seen * 1000)",
}
# Of the usual accounts only the admin stays, who is named as Synapse names its own; what is kept of the users is to be
# made anew, as for a database to which they came without mxadmin.
ALONE = [*("DELETE FROM %s WHERE localpart <> 'admin'" % table
           for table in ("userapi_accounts", "userapi_profiles", "userapi_devices")),
         "UPDATE userapi_profiles SET display_name = 'admin'", "DELETE FROM mxadmin_refreshes WHERE name = 'users'"]


def users():
    """The same ones at every call. They come in no order that a list can have."""
    chance = random.Random(1)
    numbers, times = list(range(USERS)), list(range(USERS))
    chance.shuffle(numbers)
    chance.shuffle(times)
    for number, created in zip(numbers, times):
        localpart = "user%06d" % number
        yield {"number": number, "localpart": localpart, "user_id": "@%s:example.org" % localpart,
               "token": "token%06d" % number, "name": "%s %s" % (chance.choice(GIVEN), chance.choice(FAMILY)),
               "created": FIRST_CREATED + created, "seen": FIRST_CREATED + USERS + chance.randrange(A_YEAR)}


def fill(path, tables, first=()):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for statement in first:
            database.execute(statement)
        for table, values in tables.items():
            database.executemany("INSERT INTO %s VALUES %s" % (table, values), users())


class FilledSynapse(SynapseSide):
    """Fresh, but for an admin and the users."""

    def __init__(self, stack):
        self.synapse = Synapse(stack.enter_context(tempfile.TemporaryDirectory(prefix="mxbench-")))
        stack.callback(self.stop)
        self.client = self.synapse.start().client
        self.variables = {}
        nonce = self.must("GET", "/_synapse/admin/v1/register")["nonce"]
        answer = self.must("POST", "/_synapse/admin/v1/register", body=registration(
            {"nonce": nonce, "username": "admin", "password": "admin password", "admin": True}))
        self.variables["admin"] = answer["access_token"]
        self.settle()  # with that it has the indexes that it wants
        self.synapse.stop()
        fill(self.synapse.path("synapse.db"), SYNAPSES)
        self.client = self.synapse.start().client


class FilledMxadmin(Side):
    """Behind nginx."""

    def __init__(self, stack):
        self.service = Service()
        self.front = Nginx(self.service)
        stack.callback(self.stop)
        fill(self.service.database, OURS, ALONE)
        self.client = self.front.start().client
        self.variables = self.service.tokens
        self.settle()

    def settle(self):
        """Waits until all users have been compared with the list, which the job runner does."""
        end = time.monotonic() + 300
        while self.must("GET", PATH, "admin")["total"] != USERS + 1:
            assert time.monotonic() < end
            time.sleep(0.1)

    def stop(self):
        self.front.stop()
        self.service.close()


def pages(orders):
    return ["%s&from=%d&order_by=%s&dir=%s" % (PATH, offset, order, direction)
            for order, offset, direction in itertools.product(orders, OFFSETS, "fb")]


def searches():
    return ["%s&%s" % (PATH, search) for search in SEARCHES]


def timed_ms(side, path):
    begin = time.monotonic()
    side.must("GET", path, "admin")
    return (time.monotonic() - begin) * 1000


def shown(side, path):
    answer = side.must("GET", path, "admin")
    return answer["total"], [user["name"] for user in answer["users"]]


def compare(sides, paths):
    """Who has been asked once has also read the pages of its file."""
    for path in paths:
        answers = {name: shown(side, path) for name, side in sides.items()}
        assert len({repr(answer) for answer in answers.values()}) == 1, (path, answers)


def measure(sides, paths):
    """{name: {path: [ms]}}"""
    times = {name: {path: [] for path in paths} for name in sides}
    for _ in range(ROUNDS):
        for path in paths:
            for name, side in sides.items():
                times[name][path].append(timed_ms(side, path))
    return times


def every(times):
    return [ms for measured in times.values() for ms in measured]


def summary(what, times):
    """Of each of the sides: the median of all answers, that of the request which has the greatest, and the slowest
    answer of all, in which is also whatever else the machine did. A ratio is of one request in one round."""
    result = {}
    for name, measured in times.items():
        prefix = "users_%s" % what if name == "mxadmin" else "users_%s_of_%s" % (what, name)
        result[prefix + "_ms"] = statistics.median(every(measured))
        result[prefix + "_ms_of_the_slowest_request"] = max(map(statistics.median, measured.values()))
        result[prefix + "_ms_slowest"] = max(every(measured))
    if "synapse" in times:
        ratios = [b / a for a, b in zip(every(times["mxadmin"]), every(times["synapse"]))]
        result["users_%s_synapse_over_mxadmin" % what] = statistics.median(ratios)
        result["users_%s_synapse_over_mxadmin_least" % what] = min(ratios)
    return result


def main():
    with contextlib.ExitStack() as stack:
        sides = {"mxadmin": FilledMxadmin(stack)}
        if PYTHON:
            sides["synapse"] = FilledSynapse(stack)
        compare(sides, pages(ORDERS) + searches())
        result = {"users": USERS, **summary("page", measure(sides, pages(ORDERS))),
                  **summary("search", measure(sides, searches()))}
        others = measure({"mxadmin": sides["mxadmin"]}, pages(OTHER_ORDERS))["mxadmin"]
        result["users_page_ms_slowest_in_other_orders"] = max(every(others))
    results.add(BUILD, result)


if __name__ == "__main__":
    main()
