# SPDX-License-Identifier: ISC
"""mxadmin jobs: what there is, how far it has come, and an end to one."""
import json
import sqlite3

import pytest

COLUMNS = ("id, kind, target, parameters, actor, status, cancelling, holder, turn, done, total, cursor, result, failure,"
           " error, attempts, created_ts, due_ts, started_ts, heartbeat_ts, finished_ts")
JOBS = [
    ("aaaaaaaaaaaaaaaa", "evacuate_room", "!a:example.org", "{}", "@admin:example.org", "complete", 0, 0, 1, 2, 2, "",
     None, 0, None, 0, 1000, 0, 2000, 3000, 1700000000000),
    ("bbbbbbbbbbbbbbbb", "deactivate", "bob\x1b[31m", "{}", None, "scheduled", 0, 0, 0, 0, 0, "",
     None, 14, "it is\ndown", 2, 2000, 1700000000000, 0, 0, 0),
    ("cccccccccccccccc", "evacuate_room", "!c:example.org", "{}", None, "active", 0, 0, 2, 1, 9, "",
     None, 0, None, 0, 3000, 0, 3000, 3000, 0),
]
ITEMS = [("aaaaaaaaaaaaaaaa", 1, "@b:example.org", "affected", None),
         ("aaaaaaaaaaaaaaaa", 2, "@a:example.org", "failed", "he may not")]


@pytest.fixture
def jobs(homeserver):
    with sqlite3.connect(homeserver.database) as database:
        database.executemany(f"INSERT INTO mxadmin_jobs ({COLUMNS}) VALUES ({', '.join('?' * 21)})", JOBS)
        database.executemany("INSERT INTO mxadmin_job_items (job_id, position, item, outcome, detail)"
                             " VALUES (?, ?, ?, ?, ?)", ITEMS)
    return homeserver


def ids(jobs, *options):
    return [job["id"][0] for job in json.loads(jobs.must("jobs", "list", "--json", *options))]


def test_none(homeserver):
    assert homeserver.must("jobs", "list") == ""
    assert json.loads(homeserver.must("jobs", "list", "--json")) == []


def test_list(jobs):
    assert jobs.must("jobs", "list").splitlines() == [
        "cccccccccccccccc  1970-01-01T00:00:03Z  active     1/9  evacuate_room !c:example.org",
        "bbbbbbbbbbbbbbbb  1970-01-01T00:00:02Z  scheduled  0/0  deactivate bob?[31m: it is?down",
        "aaaaaaaaaaaaaaaa  1970-01-01T00:00:01Z  complete   2/2  evacuate_room !a:example.org",
    ]


@pytest.mark.parametrize("options, found", [
    ("", "cba"), ("--limit 2", "cb"), ("--status active", "c"), ("--kind evacuate_room", "ca"),
    ("--target !a:example.org", "a"), ("--kind evacuate_room --status scheduled", ""), ("--kind none", ""),
])
def test_filters(jobs, options, found):
    assert "".join(ids(jobs, *options.split())) == found


def test_show(jobs):
    job = json.loads(jobs.must("jobs", "show", "aaaaaaaaaaaaaaaa", "--json"))
    assert job == {"id": "aaaaaaaaaaaaaaaa", "kind": "evacuate_room", "target": "!a:example.org", "parameters": {},
                   "actor": "@admin:example.org", "status": "complete", "cancelling": False, "done": 2, "total": 2,
                   "result": {"affected": ["@b:example.org"], "failed": {"@a:example.org": "he may not"}},
                   "error": None, "attempts": 0, "created_ts": 1000, "due_ts": None, "started_ts": 2000,
                   "heartbeat_ts": 3000, "finished_ts": 1700000000000}
    lines = jobs.must("jobs", "show", "aaaaaaaaaaaaaaaa").splitlines()
    assert "created        1970-01-01T00:00:01Z" in lines and "status         complete" in lines
    assert 'result         {"affected":["@b:example.org"],"failed":{"@a:example.org":"he may not"}}' in lines
    assert not [line for line in lines if line.startswith(("error", "due"))]
    assert "error          it is?down" in jobs.must("jobs", "show", "bbbbbbbbbbbbbbbb").splitlines()


def test_cancel(jobs):
    assert jobs.must("jobs", "cancel", "cccccccccccccccc") == "cancelled\n"
    assert jobs.must("jobs", "cancel", "cccccccccccccccc") == "cancelled\n"
    status, = jobs.query("SELECT status, finished_ts > 0 FROM mxadmin_jobs WHERE id = 'cccccccccccccccc'")
    assert status == ("cancelled", 1)
    row, = json.loads(jobs.must("audit", "--json"))
    assert (row["route"], row["target"]) == ("jobs cancel", "cccccccccccccccc")


@pytest.mark.parametrize("command, job_id, said", [
    ("show", "dddddddddddddddd", "there is no such job"),
    ("cancel", "dddddddddddddddd", "there is no such job"),
    ("cancel", "aaaaaaaaaaaaaaaa", "it has ended already"),
])
def test_refusals(jobs, command, job_id, said):
    before = jobs.dump()
    result = jobs.run("jobs", command, job_id)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.decode() == f"mxadmin: jobs {command}: {job_id}: {said}\n"
    assert jobs.dump() == before
