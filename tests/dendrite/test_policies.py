# SPDX-License-Identifier: ISC
"""Policies beside a homeserver: it ends, deletes and purges itself what has grown old, and goes on with what was cut off."""
import json
import os
import random
import sqlite3
import subprocess
import time

from attached import Beside
from pool import kill_together
from service import MXADMIN
from waiting import wait_until

POLICIES = {"local_media_days": 1, "idle_session_days": 1, "expired_registration_tokens": True, "empty_room_days": 1,
            "spare_users": ["user21"]}
IDLE = ["user20", "user22", "user23"]
DEVICES = 20  # of each, that are idle
# How often it is killed; more by hand. Another seed makes other moments.
KILLS = int(os.environ.get("DENDRITE_KILLS", "5"))
SEED = int(os.environ.get("DENDRITE_SEED", "1"))
DEVICE = """INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, created_ts, last_seen_ts)
            VALUES (?, ?, ?, ?, 'example.org', 2, 2)"""


def age(homeserver):
    """Makes a homeserver that has been used for long of the fixture; what is left of its sessions is in use."""
    homeserver.stop()
    for path in homeserver.folder.databases:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE userapi_devices SET last_seen_ts = ?", [int(time.time() * 1000)])
            database.executemany(DEVICE, [(f"{user} {i}", 1000 + i, f"OLD{i}", user) for user in [*IDLE, "user21"]
                                          for i in range(DEVICES)])
            database.execute("UPDATE mediaapi_media_repository SET creation_ts = 1")
            database.execute("UPDATE roomserver_event_json SET event_json = CAST(json_set(CAST(event_json AS TEXT),"
                             " '$.origin_server_ts', 1) AS BLOB) WHERE event_nid IN (SELECT event_nid FROM roomserver_membership"
                             " WHERE membership_nid = 1)")
            database.execute("INSERT INTO userapi_registration_tokens VALUES ('over', 0, 0, NULL, 1), ('ever', 0, 0, NULL, NULL)")
        database.close()
    homeserver.start()


def old_devices(homeserver):
    return dict(homeserver.folder.select("localpart, COUNT(*) FROM userapi_devices WHERE device_id GLOB 'OLD*' GROUP BY 1"))


def empty_rooms(beside):
    return set(beside.ask("GET", "/_dendrite/admin/emptyRooms", "admin").json()["empty_rooms"])


def policy(beside, *options):
    return {row["policy"]: row for row in json.loads(beside.service.command("policy", "--json", *options))}


def test_all(make_homeserver):
    homeserver = make_homeserver()
    age(homeserver)
    with Beside(homeserver, {"policies": POLICIES}, account=True) as beside:
        media, empty = homeserver.folder.select("media_id FROM mediaapi_media_repository"), empty_rooms(beside)
        foreseen = policy(beside, "--dry-run")
        counts = {name: row["count"] for name, row in foreseen.items()}
        assert counts == {"remote_media": 0, "local_media": len(media) - 1, "idle_sessions": len(IDLE) * DEVICES,
                          "expired_registration_tokens": 1, "empty_rooms": len(empty)}
        assert counts["local_media"] > 0 and counts["empty_rooms"] > 0 and foreseen["local_media"]["bytes"] > 0
        assert old_devices(homeserver) == {user: DEVICES for user in [*IDLE, "user21"]}

        done = policy(beside)
        assert {name: row["count"] for name, row in done.items()} == counts
        assert all((row["failed"], row["spared"]) == (0, 0) for row in done.values())
        assert old_devices(homeserver) == {"user21": DEVICES}
        assert homeserver.ask("GET", "/_matrix/client/v3/account/whoami", f"{IDLE[0]} 1").status == 401
        assert homeserver.ask("GET", "/_matrix/client/v3/account/whoami", "user01").status == 200
        assert homeserver.folder.select("token FROM userapi_registration_tokens WHERE token IN ('over', 'ever')") == [("ever",)]
        assert empty_rooms(beside) == set()
        statuses = [homeserver.ask("GET", f"/_matrix/client/v1/media/download/example.org/{media_id}", "user02").status
                    for media_id, in media]
        assert sorted(statuses) == [200] + [404] * (len(media) - 1), "an avatar stays"
        assert policy(beside, "--dry-run")["idle_sessions"]["count"] == 0
        audit = beside.ask("GET", "/_mxadmin/v1/audit?route=policy", "admin").json()["audit"]
        told = {row["target"]: row["parameters"] for row in audit if row["method"] == "POLICY"}
        assert told["idle_sessions"] == {"job_id": done["idle_sessions"]["job_id"], "days": 1, "ended": len(IDLE) * DEVICES}


def test_killed_at_random_moments(make_homeserver, kind):
    homeserver, chance = make_homeserver(), random.Random(SEED)
    age(homeserver)
    with Beside(homeserver, {"policies": POLICIES}, account=True) as beside:
        media, empty = homeserver.folder.select("media_id FROM mediaapi_media_repository"), empty_rooms(beside)
        counts = {name: row["count"] for name, row in policy(beside, "--dry-run").items()}
        database = sqlite3.connect(beside.service.database, timeout=60)
        wait_until(lambda: database.execute("SELECT COUNT(*) FROM mxadmin_jobs").fetchone() == (4,))
        with database:
            database.execute("UPDATE mxadmin_jobs SET due_ts = 0")
        with open(f"{beside.service.database}.jobs", "wb") as bell:
            bell.write(b"!")
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.1))
            kill_together(beside.front.processes[0])
            beside.front.processes[0] = beside.front.spawn(beside.front.commands()[0])
            assert beside.front.answers()
        wait_until(lambda: database.execute("SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'complete'").fetchone() == (4,))
        results = dict(database.execute("SELECT j.target, COUNT(i.outcome) FROM mxadmin_jobs j JOIN mxadmin_job_items i"
                                        " ON i.job_id = j.id WHERE i.outcome IN ('deleted', 'ended', 'purged') GROUP BY 1"))
        assert results == {name: count for name, count in counts.items() if count > 0}
        database.close()
        assert old_devices(homeserver) == {"user21": DEVICES} and empty_rooms(beside) == set() and empty
        waiting = json.loads(beside.service.command("deferred", "list", "--json"))
        assert len(waiting) == len(media) - 1 == len({row["target"] for row in waiting})
        if kind == "stand-in":
            ended = [request for request in homeserver.requests if request.path.endswith("/logout")]
            assert len(ended) >= len(IDLE) * DEVICES


def test_a_homeserver_that_is_down(make_homeserver):
    homeserver = make_homeserver()
    age(homeserver)
    with Beside(homeserver, {"policies": POLICIES}, account=True) as beside:
        homeserver.stop()
        command = [MXADMIN, "-c", beside.service.config_file, "policy", "--only", "idle_sessions"]
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert (result.returncode, result.stdout) == (1, "") and "is tried again later" in result.stderr
        homeserver.start()
        wait_until(lambda: old_devices(homeserver) == {"user21": DEVICES})


def test_purge_of_empty_rooms(make_homeserver):
    homeserver = make_homeserver(tokens_required=False)
    age(homeserver)
    with Beside(homeserver, {"policies": {"expired_registration_tokens": True}}, account=True) as beside:
        empty = empty_rooms(beside)
        assert empty and set(beside.service.command("room", "purge-empty", "--days", "1", "--dry-run").split()) == empty
        purged = json.loads(beside.service.command("room", "purge-empty", "--days", "1", "--json"))
        assert [(row["room_id"], row["outcome"]) for row in purged] == [(room, "purged") for room in empty]
        assert empty_rooms(beside) == set()
        assert policy(beside)["expired_registration_tokens"]["count"] == 1, "also where none are asked for"


def test_a_purge_that_is_not_waited_for(make_homeserver):
    homeserver = make_homeserver()
    with Beside(homeserver, {"homeserver": {"kind": "dendrite", "config": str(homeserver.folder.config_file),
                                            "url": homeserver.url, "wait": 0}}) as beside:
        assert beside.ask("GET", "/_synapse/admin/v1/users/@user01:example.org/media", "admin").status in (200, 503)
        wait_until(lambda: beside.ask("GET", "/_synapse/admin/v1/users/@user01:example.org/media", "admin").status == 200)
        answer = beside.ask("POST", "/_synapse/admin/v1/media/delete?before_ts=4102444800000", "admin")
        assert answer.status == 200, answer
        rest = answer.json().get("job_id")
        wait_until(lambda: rest is None or beside.ask("GET", f"/_mxadmin/v1/jobs/{rest}", "admin").json()["status"] == "complete")
        jobs = beside.ask("GET", "/_mxadmin/v1/jobs?kind=purge_media", "admin").json()["jobs"]
        assert [(job["status"], job["actor"]) for job in jobs] == [("complete", "@admin:example.org")]
        assert {row["actor"] for row in json.loads(beside.service.command("deferred", "list", "--json"))} == {"admin"}
        again = beside.ask("POST", "/_synapse/admin/v1/media/delete?before_ts=4102444800000", "admin")
        assert again.json() == {"deleted_media": [], "total": 0}
