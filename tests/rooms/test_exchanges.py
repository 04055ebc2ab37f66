# SPDX-License-Identifier: ISC
"""
What Dendrite answered to requests of its admin API that are about tokens, reports and purges, and what is answered
here to the same, in the same order on the same database: the same success, or a better error.
"""
import json

import pytest

import fcgi
from room_pool import FIXTURE, FixturePool

ABOUT = ("/registrationTokens", "/event_reports", "/emptyRooms", "/purgeRoom/", "/refreshDevices/", "/downloadState/",
         "/fulltext/reindex")
EXCHANGES = [exchange for exchange in json.loads((FIXTURE / "exchanges.json").read_text())
             if any(about in exchange["path"] for about in ABOUT)]

# Where the answer is meant to be another one: its status, and part of it.
BETTER = {
    "reports": (200, {"total": 3, "next_token": 2}),  # Dendrite: 500
    "report missing": (404, {"errcode": "M_NOT_FOUND"}),
    "report bad id": (400, {"errcode": "M_INVALID_PARAM"}),
    "invalid tokens": (200, {"registration_tokens": []}),  # null
    "new token, taken": (409, {"errcode": "M_INVALID_PARAM", "error": "token: abc123 already exists"}),
    "new token, bad chars": (400, {"errcode": "M_BAD_JSON"}),  # a token that no registration can be done with
    "update token": (200, {"token": "abc123", "uses_allowed": None}),  # Dendrite on SQLite changes nothing
    "delete missing": (404, {"errcode": "M_NOT_FOUND"}),
    "reindex (search disabled)": (404, {"errcode": "M_UNRECOGNIZED"}),  # there is no search
    "downloadState": (404, {"errcode": "M_UNRECOGNIZED"}),  # 500: it does not federate
    "purge room": (400, {"errcode": "M_UNKNOWN"}),  # members are joined
    "purge unknown": (404, {"errcode": "M_NOT_FOUND"}),
    "purge not evacuated": (400, {"errcode": "M_UNKNOWN"}),
}
VOLATILE = {"token"}  # of a random token


@pytest.fixture(scope="module")
def answers():
    pool = FixturePool().start()
    answers = {}
    for exchange in EXCHANGES:
        body = json.dumps(exchange["body"]).encode() if exchange["body"] is not None else b""
        status, _, answer = fcgi.ask(pool.address, exchange["path"], exchange["method"], pool.admin, body)
        answers[exchange["note"]] = status, answer
    yield answers
    pool.close()


@pytest.mark.parametrize("exchange", EXCHANGES, ids=[exchange["note"] for exchange in EXCHANGES])
def test_answer(answers, exchange):
    status, answer = answers[exchange["note"]]
    if exchange["note"] in BETTER:
        wanted, part = BETTER[exchange["note"]]
        assert status == wanted
        assert {key: answer[key] for key in part} == part
        return
    assert status == exchange["status"]
    if "length" in (exchange["body"] or {}):
        assert len(answer["token"]) == len(exchange["response"]["token"])
        answer["token"] = exchange["response"]["token"]
    assert answer == exchange["response"]
