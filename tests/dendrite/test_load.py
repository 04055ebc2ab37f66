# SPDX-License-Identifier: ISC
"""Eight clients of a real Dendrite and eight of mxadmin at once: Dendrite says nothing that it does not say alone. How
long its answers take is told and not judged (load.py measures it by hand)."""
import os

import pytest

from load import compare

pytestmark = pytest.mark.real
SECONDS = float(os.environ.get("LOAD_SECONDS", "120"))  # of mixed load, of both together


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_load(journal):
    alone, mixed = compare(SECONDS / 2, journal=journal)
    for line in (alone.line(), mixed.line(), f"p99 {mixed.p99 / alone.p99:.2f} times that alone"):
        print(f"measured: {journal}: {line}")
    assert mixed.alive
    assert mixed.hurt == []
    assert mixed.errors - alone.errors == set()
    assert set(mixed.own["seen"]) <= {f"{what} 200" for what in mixed.own["times"]}
    assert set(mixed.theirs["seen"]) <= {f"{what} 200" for what in mixed.theirs["times"]}, mixed.refused
