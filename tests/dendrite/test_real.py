# SPDX-License-Identifier: ISC
"""A real Dendrite still does what was recorded of one, and the stand-in leaves the same rows as it, request by
request."""
import sqlite3
import time

import pytest

from exchanges import Replay, requests
from folder import Folder
from real import Dendrite
from rows import Rows, changes
from stand_in import StandIn
from test_stand_in import SETS

pytestmark = pytest.mark.real
# How long its parts may take to hear of a change; a difference that is still there afterwards is one.
SECONDS = 10


@pytest.fixture
def make_dendrite():
    made = []

    def make(**options):
        made.append(Dendrite(Folder(**options)).start())
        return made[-1]
    yield make
    for dendrite in made:
        dendrite.close()


@pytest.mark.parametrize("files, journal", [("one", "delete"), ("split", "wal")])
@pytest.mark.parametrize("name", SETS)
def test_answers(make_dendrite, name, files, journal):
    dendrite = make_dendrite(files=files, journal=journal)
    replay = Replay(dendrite)
    assert list(filter(None, [replay.compare(exchange) for exchange in SETS[name]])) == []
    # One of the requests makes it panic, which it survives.
    assert [line for line in dendrite.hurt() if "Request panicked!" not in line] == []


def without_pushers(folder):
    """As in the folder of a real one."""
    database = sqlite3.connect(folder.databases[0])
    database.execute("DELETE FROM userapi_pushers")
    database.commit()
    database.close()


def differing(before, homeservers):
    """The looks after a request, and the tables in which what it has changed differs."""
    end = time.monotonic() + SECONDS
    while True:
        after = [Rows(homeserver.folder.databases[0], base) for homeserver, base in zip(homeservers, before)]
        real, stand_in = (changes(*pair) for pair in zip(before, after))
        tables = {table for table in set(real) | set(stand_in) if real.get(table) != stand_in.get(table)}
        if not tables or time.monotonic() > end:
            return after, tables
        time.sleep(0.05)


def test_rows(make_dendrite):
    stand_in = StandIn(Folder()).start()
    try:
        without_pushers(stand_in.folder)
        homeservers = [make_dendrite(), stand_in]
        replays = [Replay(homeserver) for homeserver in homeservers]
        before = [Rows(homeserver.folder.databases[0]) for homeserver in homeservers]
        found = {}
        for exchange in requests():
            for replay in replays:
                replay.ask(exchange)
            if exchange.method != "GET" or "unknown user" in exchange.name:
                before, tables = differing(before, homeservers)
                if tables:
                    found[exchange.name] = tables
        assert found == {}
    finally:
        stand_in.close()
