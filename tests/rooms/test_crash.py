# SPDX-License-Identifier: ISC
"""
Workers are killed at random moments while they evacuate rooms and users, send notices and register accounts. After
each the database is whole, what was answered with 200 is there, and what was not is done when it is asked for again.
"""
import os
import random
import signal
import threading
import time

from calls import Clients, EvacuateRoom, EvacuateUser, Notice, Registration

# How many times; a hundred by hand. Another seed makes other moments.
KILLS = int(os.environ.get("ROOMS_KILLS", "20"))
SEED = int(os.environ.get("ROOMS_SEED", "1"))
CALLS_A_KILL = 80
WORKERS = 4
RECIPIENTS = 20  # the first users; the others are evacuated


def plan(pool, chance):
    """Calls of all kinds, more than are made."""
    rooms = [room_id for room_id, in pool.select("room_id FROM roomserver_rooms")]
    users = [name for name, in pool.select("localpart FROM userapi_accounts WHERE localpart GLOB 'user*' ORDER BY 1")]
    calls = [Notice(number, chance.choice(users[:RECIPIENTS])) for number in range(KILLS * CALLS_A_KILL // 2)]
    calls += [Registration(number) for number in range(len(calls) // 2)]
    calls += [EvacuateRoom(room_id) for room_id in rooms]
    calls += [EvacuateUser(user) for user in users[RECIPIENTS:]]
    chance.shuffle(calls)
    return calls


def kill(pool, chance):
    """One worker, or all of them."""
    workers = pool.workers()
    for worker in [chance.choice(workers)] if chance.random() < 0.6 else workers:
        os.kill(worker, signal.SIGKILL)


def settle(pool, made):
    """What the kill left undone is done when it is asked for again. Returns how many calls that were."""
    undone = [call for call in made if call.answer is None]
    for call in undone:
        assert all(isinstance(failure, str) for failure in call.failures), call.failures
        call.make(pool)
        assert call.answer is not None, call.failures
    return len(undone)


AUDITED = "mxadmin_audit WHERE route = ? AND outcome = 200"


def check_audit(pool, made):
    """Each notice and each account that is there has the one row that tells of it, and no other has any."""
    pairs = {
        "json_extract(parameters, '$.transaction_id') FROM " + AUDITED:
            ("/_synapse/admin/v1/send_server_notice/{transaction_id}",
             "substr(json_extract(CAST(event_json AS TEXT), '$.content.body'), 8) FROM roomserver_event_json"
             " WHERE json_extract(CAST(event_json AS TEXT), '$.content.body') GLOB 'notice *'"),
        "substr(target, 2, instr(target, ':') - 2) FROM " + AUDITED:
            ("/_synapse/admin/v1/register", "localpart FROM userapi_accounts WHERE localpart GLOB 'new*'"),
    }
    for told, (route, there) in pairs.items():
        assert sorted(pool.select(told, route)) == sorted(pool.select(there))
    evacuated = {target for target, in pool.select("DISTINCT target FROM mxadmin_audit WHERE route GLOB '*/evacuate*'")}
    affected = [call for call in made if call.answer and call.answer.get("affected")]
    assert [vars(call) for call in affected if call.target not in evacuated] == []


def test_random_moments(make_pool):
    chance = random.Random(SEED)
    pool = make_pool(users=RECIPIENTS + 10 * KILLS, rooms=10 * KILLS, members=5 * KILLS, workers=WORKERS).start()
    calls = plan(pool, chance)
    interrupted = made_all = 0
    for _ in range(KILLS):
        clients = Clients(8, calls, pool)
        time.sleep(chance.uniform(0, 0.1))
        kill(pool, chance)
        made = clients.stop(); made_all += len(made)
        calls = calls[len(made):]
        pool.check()
        answered = [call for call in made if call.answer is not None]
        assert [vars(call) for call in answered if not call.is_there(pool)] == []
        check_audit(pool, made)
        interrupted += settle(pool, made)
        assert [vars(call) for call in made if not call.is_there(pool)] == []
        pool.wait_until(lambda: len(pool.workers()) == WORKERS)
    pool.check()
    print(f"{KILLS} kills interrupted {interrupted} calls of {made_all}")


def test_between_batches(make_pool):
    """A room so large that it takes several transactions; each leaves a valid room, and the next call goes on."""
    members = 6000
    chance = random.Random(SEED)
    pool = make_pool(users=members, rooms=1, members=members, workers=WORKERS).start()
    room_id = pool.select("room_id FROM roomserver_rooms")[0][0]
    joined, rows = members, []

    def outcomes():
        """Of the audit: a call that has made somebody leave has one, and it is success only when all have left."""
        nonlocal joined, rows
        (left_over,), before = pool.select("COUNT(*) FROM roomserver_membership WHERE membership_nid = 3")[0], rows
        rows = pool.select("outcome FROM mxadmin_audit WHERE target = ? ORDER BY id", room_id)
        assert len(rows) - len(before) == (left_over < joined) and rows[:len(before)] == before
        assert (200,) not in rows or left_over == 0
        joined = left_over
    for _ in range(2):
        call = EvacuateRoom(room_id)
        thread = threading.Thread(target=call.make, args=(pool,))
        thread.start()
        time.sleep(chance.uniform(0, 0.7))
        for worker in pool.workers():
            os.kill(worker, signal.SIGKILL)
        thread.join()
        pool.check()
        outcomes()
        assert call.answer is None or call.is_there(pool)
        pool.wait_until(lambda: len(pool.workers()) == WORKERS)
    call.make(pool)
    assert call.answer is not None and call.is_there(pool)
    outcomes()
    assert set(rows) <= {(None,), (200,)}
    pool.check()
    assert pool.select("json_array_length(CAST(latest_event_nids AS TEXT)) FROM roomserver_rooms") == [(1,)]
