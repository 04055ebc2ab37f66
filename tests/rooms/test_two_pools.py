# SPDX-License-Identifier: ISC
"""Two pools on one database, each with its own workers, and more clients than both have workers."""
import random

import pytest

from calls import Clients, EvacuateRoom, EvacuateUser, Notice

CLIENTS = 32
RECIPIENTS = ["user%06d" % number for number in range(1, 11)]
NOTICE_ROOMS = "sender, room_id FROM syncapi_current_room_state WHERE type = 'm.room.create'" \
               " AND sender = '@_server:example.org'"
RECIPIENTS_OF_ROOMS = "state_key FROM syncapi_current_room_state WHERE type = 'm.room.member'" \
                      " AND sender = '@_server:example.org' AND state_key <> sender ORDER BY 1"


@pytest.fixture
def pools(make_pool):
    pool = make_pool(users=200, rooms=40, members=100, workers=4).start()
    return pool, make_pool(on=pool, workers=4).start()


def notices(count):
    return [Notice(number, RECIPIENTS[number % len(RECIPIENTS)]) for number in range(count)]


def assert_done(pool, calls):
    assert [call.failures for call in calls if call.answer is None] == []
    assert [vars(call) for call in calls if not call.is_there(pool)] == []


def test_one_room_a_recipient(pools):
    """Not even the account of their sender is there when all begin."""
    calls = Clients(CLIENTS, notices(320), *pools).wait()
    assert len(calls) == 320
    assert_done(pools[0], calls)
    assert len({call.answer["event_id"] for call in calls}) == len(calls)
    assert pools[0].select(RECIPIENTS_OF_ROOMS) == [(f"@{name}:example.org",) for name in RECIPIENTS]
    assert len(pools[0].select(NOTICE_ROOMS)) == len(RECIPIENTS)
    pools[0].check()


def test_same_transaction_at_once(pools):
    """Each is sent by four clients, two of either pool, and again after both were started anew."""
    first = notices(40)
    copies = [call for pair in zip(*(notices(40) for _ in range(4))) for call in pair]
    made = Clients(CLIENTS, copies, *pools).wait()
    for pool in pools:
        pool.stop()
        pool.start()
    for number, call in enumerate(first):
        call.make(pools[number % 2])
    answers = {call.number: call.answer["event_id"] for call in first}
    assert len(made) == 160
    assert [call.answer["event_id"] for call in made] == [answers[call.number] for call in made]
    assert_done(pools[0], first)
    pools[0].check()


def test_same_transaction_of_another_session(pools):
    """A transaction is one of an access token."""
    token = pools[0].command("account", "token", "admin").strip()
    calls = [Notice(1, RECIPIENTS[0]), Notice(1, RECIPIENTS[0], token)]
    for call, pool in zip(calls, pools):
        call.make(pool)
    assert calls[0].answer["event_id"] != calls[1].answer["event_id"]


def test_overlapping_evacuations(pools):
    """Rooms and their members at the same time, with notices in between."""
    rooms = [room_id for room_id, in pools[0].select("room_id FROM roomserver_rooms")]
    users = [name for name, in pools[0].select("localpart FROM userapi_accounts WHERE localpart GLOB 'user*'")]
    calls = [EvacuateRoom(room_id) for room_id in rooms]
    calls += [EvacuateUser(user) for user in users if user not in RECIPIENTS]
    calls += notices(100)
    random.Random(1).shuffle(calls)
    members = pools[0].select("COUNT(*) FROM roomserver_membership WHERE membership_nid = 3")[0][0]
    Clients(CLIENTS, calls, *pools).wait()
    assert_done(pools[0], calls)
    affected = sum(len(call.answer["affected"]) for call in calls if not isinstance(call, Notice))
    assert affected == members, "each leaves once"
    extremities = "json_array_length(CAST(latest_event_nids AS TEXT)) FROM roomserver_rooms"
    assert set(pools[0].select(extremities)) == {(1,)}
    pools[0].check()
