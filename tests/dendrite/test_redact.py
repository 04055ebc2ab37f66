# SPDX-License-Identifier: ISC
"""Redacting what a user has sent, beside a homeserver that does it; whoever redacts it there, each event once."""
import collections
import json
import random
import time

import pytest

import fcgi
from attached import Beside
from pool import kill_together
from stand_in import Fault
from test_jobs import KILLS, LOBBY, SEED, Alone
from waiting import wait_until

SYNAPSE = "/_synapse/admin/v1"
USER = "@user03:example.org"
SENT = ("event_id FROM syncapi_output_room_events WHERE room_id = ? AND sender = ?"
        " AND (type = 'm.room.message' OR type = 'm.room.member')")


def begin(beside, user_id, **body):
    answer = beside.ask("POST", f"{SYNAPSE}/user/{user_id}/redact", "admin", {"rooms": [LOBBY], **body})
    assert answer.status == 200, answer
    return answer.json()["redact_id"]


def finish(beside, redact_id):
    """What could not be redacted."""
    answers = [{}]

    def ended():
        answers[0] = beside.ask("GET", f"{SYNAPSE}/user/redact_status/{redact_id}", "admin").json()
        return answers[0]["status"] not in ("scheduled", "active")
    wait_until(ended)
    assert answers[0].pop("status") == "complete", answers
    return answers[0].pop("failed_redactions")


def sent(beside, user_id):
    """What is in the history now, but for leaving."""
    return [event for event, in beside.folder.select(SENT + " AND json_extract(CAST(headered_event_json AS TEXT),"
                                                     " '$.content.membership') IS NOT 'leave'", LOBBY, user_id)]


def redactions(beside):
    """By whom each event was redacted, as often as it was."""
    rows = beside.folder.select("json_extract(CAST(event_json AS TEXT), '$.content.redacts'),"
                                " json_extract(CAST(event_json AS TEXT), '$.sender') FROM roomserver_event_json"
                                " JOIN roomserver_events USING (event_nid) WHERE event_type_nid = 6")
    return collections.Counter(rows)


def redacted(beside):
    return {event for event, in beside.folder.select(
        "event_id FROM syncapi_output_room_events WHERE"
        " json_extract(CAST(headered_event_json AS TEXT), '$.unsigned.redacted_because') IS NOT NULL")}


@pytest.fixture
def beside(make_homeserver):
    with Beside(make_homeserver()) as beside:
        yield beside


def test_by_the_user(beside, kind):
    events = sent(beside, USER)
    assert finish(beside, begin(beside, USER, reason="spam")) == {}
    wait_until(lambda: redacted(beside) == set(events))
    assert redactions(beside) == {(event, USER): 1 for event in events}
    # There is nothing left to be done.
    assert finish(beside, begin(beside, USER)) == {}
    assert redactions(beside) == {(event, USER): 1 for event in events}


def test_by_who_may_where_the_user_has_left(beside, kind):
    events = sent(beside, USER)
    creator, = beside.folder.select("sender FROM syncapi_output_room_events WHERE room_id = ? AND type = 'm.room.create'",
                                    LOBBY)[0]
    assert beside.ask("POST", f"/_dendrite/admin/evacuateUser/{USER}", "admin").status == 200
    assert finish(beside, begin(beside, USER)) == {}
    wait_until(lambda: redacted(beside) == set(events))
    assert {sender for _, sender in redactions(beside)} == {creator}


def test_by_an_admin_who_is_not_there(beside, kind):
    events = sent(beside, USER)
    why = f"@admin:example.org is not in the room {LOBBY}"
    assert finish(beside, begin(beside, USER, use_admin=True)) == dict.fromkeys(events, why)
    assert redactions(beside) == {}


def test_killed_at_random_moments(make_homeserver, kind):
    homeserver, chance = make_homeserver(), random.Random(SEED)
    if kind == "stand-in":
        homeserver.faults = [Fault("slow", "/redact", "PUT", seconds=0.02)]  # as long as the real one takes
    users = [f"@user0{i}:example.org" for i in range(1, 9)]
    with Beside(homeserver) as beside:
        events = {event for user in users for event in sent(beside, user)}
        started = [begin(beside, user) for user in users]
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.1))
            kill_together(beside.front.processes[0])
            beside.front.processes[0] = beside.front.spawn(beside.front.commands()[0])
            assert beside.front.answers()
        assert [finish(beside, redact_id) for redact_id in started] == [{} for _ in users]
        wait_until(lambda: redacted(beside) == events)
        assert set(redactions(beside).values()) == {1}


def test_without_a_runner_who_asks_does_it(make_homeserver, kind):
    homeserver = make_homeserver()
    with Alone(homeserver) as alone:
        def ask(method, path, body=b""):
            return fcgi.ask(alone.address, SYNAPSE + path, method, alone.service.tokens["admin"], body)[2]
        redact_id = ask("POST", f"/user/{USER}/redact", {"rooms": [LOBBY]})["redact_id"]
        status = "/user/redact_status/" + redact_id
        assert [ask("HEAD", status), alone.jobs()[0]["status"]] == [None, "scheduled"]
        wait_until(lambda: ask("GET", status) == {"status": "complete", "failed_redactions": {}})
        assert len(alone.jobs()[0]["parameters"]) > 0 and alone.jobs()[0]["done"] == 3
        # One row of the audit, of who began it.
        rows = json.loads(alone.service.command("audit", "--json"))
        assert [(row["route"], row["outcome"]) for row in rows if "redact" in row["route"]] == [
            ("/_synapse/admin/v1/user/{user_id}/redact", 200)]


def test_histories_are_not_purged(beside, kind):
    before = beside.service.dump()
    event = sent(beside, USER)[0]
    for method, path in [("POST", f"/purge_history/{LOBBY}"), ("POST", f"/purge_history/{LOBBY}/{event}"),
                         ("GET", "/purge_history_status/none")]:
        answer = beside.ask(method, SYNAPSE + path, "admin", {} if method == "POST" else None)
        assert (answer.status, answer.json()["errcode"]) == (404, "M_UNRECOGNIZED")
        assert "Dendrite" in answer.json()["error"]
    assert beside.service.dump() == before
