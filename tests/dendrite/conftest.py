# SPDX-License-Identifier: ISC
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shared import DENDRITE_BIN  # noqa: E402

from folder import Folder  # noqa: E402
from real import Dendrite  # noqa: E402
from stand_in import StandIn  # noqa: E402

HOMESERVERS = {"stand-in": StandIn, "real": Dendrite}


def pytest_configure(config):
    config.addinivalue_line("markers", "real: wants a real Dendrite, and is for `make check-dendrite`")


def pytest_collection_modifyitems(config, items):
    if not DENDRITE_BIN:
        items[:] = [item for item in items if not item.get_closest_marker("real")]


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.real)])
def kind(request):
    """Of the homeserver: each such test is for the stand-in and for a real Dendrite."""
    return request.param


@pytest.fixture
def make_homeserver(kind):
    """Starts homeservers of this kind on a folder with these options."""
    made = []

    def make(**options):
        made.append(HOMESERVERS[kind](Folder(**options)).start())
        return made[-1]
    yield make
    for homeserver in made:
        homeserver.close()
