# SPDX-License-Identifier: ISC
import pytest

from pool import Pool


@pytest.fixture
def make_pool(tmp_path):
    """Makes pools that have not been started; all are stopped after the test."""
    pools = []

    def make(**options):
        pools.append(Pool(tmp_path, **options))
        return pools[-1]
    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def pool(make_pool):
    return make_pool().start()
