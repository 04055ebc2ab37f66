# SPDX-License-Identifier: ISC
import pytest

from room_pool import PopulatedPool, RoomPool  # and with it the folders of what is shared with other tests


@pytest.fixture
def make_pool():
    """Makes populated pools, or pools on the database of another; all are stopped after the test."""
    pools = []

    def make(on=None, **options):
        pools.append(RoomPool(on.folder, "other", **options) if on else PopulatedPool(**options))
        pools[-1].admin = on.admin if on else pools[-1].admin
        return pools[-1]
    yield make
    for pool in reversed(pools):
        pool.close()
