# SPDX-License-Identifier: ISC
"""synadm's history, unchanged, against the running service."""
import time

import pytest

SERVICE = {"config": {"server_notices": {"enabled": True, "local_part": "_server"}}}
SECONDS = 60  # for a purge; only ends a test that has failed


@pytest.fixture(scope="module")
def messages(front):
    """The room that the user has for notices, and what was sent to it."""
    def send(number):
        answer = front.client.ask("POST", "/_synapse/admin/v1/send_server_notice",
                                  {"Authorization": "Bearer " + front.service.tokens["admin"]},
                                  b'{"user_id": "@user:example.org", "content": {"msgtype": "m.text", "body": "%d"}}' % number)
        return answer.json()["event_id"]
    events = [send(number) for number in range(4)]
    return sent(front)[0][1], events


def sent(front):
    return [(row[1], row[2]) for row in front.service.dump()["syncapi_output_room_events"] if row[4] == "m.room.message"]


def purge(synadm, *words):
    purge_id = synadm("history", "purge", *words)["purge_id"]
    end = time.monotonic() + SECONDS
    while synadm("history", "purge-status", purge_id)["status"] == "active":
        assert time.monotonic() < end
    return synadm("history", "purge-status", purge_id)


def test_local_events_stay(synadm, front, messages):
    room_id, events = messages
    assert purge(synadm, "--before-event-id", events[2], room_id) == {"status": "complete"}
    assert {event for event, _ in sent(front)} == set(events)


def test_purge(synadm, front, messages):
    room_id, events = messages
    assert purge(synadm, "--before-event-id", events[2], "--delete-local", room_id) == {"status": "complete"}
    assert {event for event, _ in sent(front)} == set(events[2:])


@pytest.mark.parametrize("when", [("--before-ts", "32472144000000"), ("--before", "2099-01-01")])
def test_purge_up_to_a_time(synadm, front, messages, when):
    room_id, events = messages
    assert purge(synadm, *when, "--delete-local", room_id) == {"status": "complete"}
    assert {event for event, _ in sent(front)} == {events[-1]}


@pytest.mark.parametrize("when", [("--before-days", "3650"), ("--before-ts", "1"), ("--before-event-id", "$none")])
def test_there_is_nothing(synadm, messages, when):
    assert synadm("history", "purge", *when, messages[0])["errcode"] == "M_NOT_FOUND"


def test_status_of_nothing(synadm):
    assert synadm("history", "purge-status", "none")["errcode"] == "M_NOT_FOUND"
