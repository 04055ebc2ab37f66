# SPDX-License-Identifier: ISC
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "web"))
from pool import Pool  # noqa: E402


@pytest.fixture
def make_pool():
    """Makes pools that have not been started; all are stopped after the test."""
    pools = []

    def make(**options):
        pools.append(Pool(**options))
        return pools[-1]
    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def pool(make_pool):
    return make_pool().start()
