# SPDX-License-Identifier: ISC
import pytest

from fixture_pool import FixturePool  # and with it the folders of what is shared with other tests


@pytest.fixture
def make_pool():
    """Makes pools on the fixture that have not been started; all are stopped after the test."""
    pools = []

    def make(**options):
        pools.append(FixturePool(**options))
        return pools[-1]
    yield make
    for pool in pools:
        pool.close()
