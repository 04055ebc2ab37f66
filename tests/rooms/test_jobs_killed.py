# SPDX-License-Identifier: ISC
"""
The whole pool is killed at random moments while its runner does jobs of each kind. After each restart they go on, and in
the end each has had its effect once.
"""
import os
import random

import pytest

from killed_jobs import KINDS
from test_jobs import await_moment, kill_all, wait_for

# How many times for each kind; a hundred by hand. Another seed makes other moments.
KILLS = int(os.environ.get("ROOMS_KILLS", "15"))
SEED = int(os.environ.get("ROOMS_SEED", "1"))


@pytest.mark.parametrize("name", KINDS)
def test_random_moments(make_pool, name):
    chance, kind = random.Random(f"{SEED} {name}"), KINDS[name]
    pool = make_pool(users=100, rooms=KILLS, members=60, workers=2)
    kind.prepare(pool)
    pool.start()
    ids, interrupted = [], 0
    for number in range(KILLS):
        ids.append(kind.begin(pool, number))
        await_moment(pool, chance)
        kill_all(pool)
        interrupted += pool.select("COUNT(*) FROM mxadmin_jobs WHERE holder <> 0")[0][0]
        pool.start()
    wait_for(pool, ids)
    pool.check()
    assert interrupted > 0
    print(f"{KILLS} kills interrupted {interrupted} of {len(ids)} jobs")
    kind.check(pool)
