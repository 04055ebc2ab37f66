# SPDX-License-Identifier: ISC
"""
mxadmin, or the homeserver, is killed at a random moment of each act. What was answered with 200 is done; what was not
has a clear answer, and is done when it is asked for again.
"""
import os
import random
import threading
import time

import pytest

from attached import Beside
from waiting import wait_until

# How often for each act; more by hand. Another seed makes other moments.
KILLS = int(os.environ.get("DENDRITE_KILLS", "2"))
SEED = int(os.environ.get("DENDRITE_SEED", "1"))
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
ELEVEN = "!RgmP5YoUtC9tVNAj:example.org"
JOINED = ("COUNT(*) FROM roomserver_membership JOIN roomserver_rooms USING (room_nid) JOIN roomserver_event_state_keys"
          " ON event_state_key_nid = target_nid WHERE membership_nid IN (2, 3) AND ")


class Act:
    """`done` counts what is left to do; `again` are the statuses of what was done already."""

    def __init__(self, name, method, path, body, done, again=(200,)):
        self.name, self.method, self.path, self.body, self.done, self.again = name, method, path, body, done, again

    def is_done(self, beside):
        return beside.folder.select(*self.done) == [(0,)]


ACTS = [
    Act("evacuate_room", "POST", f"/_dendrite/admin/evacuateRoom/{LOBBY}", None, (JOINED + "room_id = ?", LOBBY)),
    Act("evacuate_user", "POST", "/_dendrite/admin/evacuateUser/@user02:example.org", None,
        (JOINED + "event_state_key = ?", "@user02:example.org")),
    Act("purge_room", "POST", f"/_dendrite/admin/purgeRoom/{ELEVEN}?evacuate=true", None,
        ("COUNT(*) FROM roomserver_rooms WHERE room_id = ?", ELEVEN), (200, 404)),
    Act("reset_password", "POST", "/_dendrite/admin/resetPassword/@user20:example.org",
        {"password": "password of user20", "logout_devices": True},
        ("COUNT(*) FROM userapi_devices WHERE localpart = 'user20'",)),
    Act("deactivate", "POST", "/_synapse/admin/v1/deactivate/@user03:example.org", {"erase": False},
        ("COUNT(*) FROM userapi_accounts WHERE localpart = 'user03' AND NOT is_deactivated",)),
    Act("end_session", "DELETE", "/_synapse/admin/v2/users/@user22:example.org/devices/shared_secret_registration",
        None, ("COUNT(*) FROM userapi_devices WHERE localpart = 'user22'",), (200, 404)),
    Act("new_token", "POST", "/_dendrite/admin/registrationTokens/new", {"token": "abc"},
        ("1 - COUNT(*) FROM userapi_registration_tokens WHERE token = 'abc'",), (200, 409)),
    Act("notice", "PUT", "/_synapse/admin/v1/send_server_notice/t1",
        {"user_id": "@user23:example.org", "content": {"msgtype": "m.text", "body": "once"}},
        ("1 - COUNT(*) FROM syncapi_output_room_events WHERE"
         " json_extract(CAST(headered_event_json AS TEXT), '$.content.body') = 'once'",)),
]


def kill_homeserver(beside):
    beside.homeserver.kill()


KILLERS = {"mxadmin": Beside.kill, "homeserver": kill_homeserver}


def perform(beside, act, moment, kill):
    """The status of the answer to an act that was cut off."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(beside.ask(act.method, act.path, "admin", act.body)))
    thread.start()
    time.sleep(moment)
    kill(beside)
    thread.join()
    print(f"{act.name} after {moment:.3f} s: {answers}")
    assert answers and (answers[0].status in act.again or answers[0].json()["errcode"])
    return answers[0].status


def settle(beside, act):
    """Asks again until it is done; meanwhile it may be busy with the first one."""
    statuses = []

    def again():
        answer = beside.ask(act.method, act.path, "admin", act.body)
        print(answer.status, answer.body)
        statuses.append(answer.status)
        return statuses[-1] in act.again
    wait_until(again)
    assert set(statuses) <= {*act.again, 202, 429, 502, 503}, statuses


@pytest.mark.parametrize("victim", KILLERS)
@pytest.mark.parametrize("act", ACTS, ids=[act.name for act in ACTS])
def test_killed(make_homeserver, kind, act, victim):
    chance = random.Random(f"{SEED} {act.name} {victim}")
    for _ in range(KILLS):
        homeserver = make_homeserver()
        with Beside(homeserver, account=True) as beside:
            status = perform(beside, act, chance.uniform(0, 0.06), KILLERS[victim])
            assert status in {*act.again, 502, 503}
            if not homeserver.is_running():
                homeserver.start()
            if status == 200:
                wait_until(lambda: act.is_done(beside))  # the real one tells its parts one after another
            settle(beside, act)
            wait_until(lambda: act.is_done(beside))
