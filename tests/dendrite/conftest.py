# SPDX-License-Identifier: ISC
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shared import DENDRITE_BIN  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "real: wants a real Dendrite, and is for `make check-dendrite`")


def pytest_collection_modifyitems(config, items):
    if not DENDRITE_BIN:
        items[:] = [item for item in items if not item.get_closest_marker("real")]
