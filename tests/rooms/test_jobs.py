# SPDX-License-Identifier: ISC
"""
The whole pool is killed at random moments while its runner does jobs. After each restart they go on, and in the end
each has been done once: who was in a room has left it once, and is in the job's result once.
"""
import collections
import json
import os
import random
import signal
import sqlite3
import subprocess
import time

from room_pool import MXADMIN
from pool import kill_together

# How many times; a hundred by hand. Another seed makes other moments.
KILLS = int(os.environ.get("ROOMS_KILLS", "20"))
SEED = int(os.environ.get("ROOMS_SEED", "1"))
INSERT = """INSERT INTO mxadmin_jobs (id, kind, target, parameters, status, cancelling, holder, turn, done, total, cursor,
            failure, attempts, created_ts, due_ts, started_ts, heartbeat_ts, finished_ts)
            VALUES (?, ?, ?, '{}', 'scheduled', 0, 0, 0, 0, 0, '', 0, 0, ?, 0, 0, 0, 0)"""


def add_jobs(pool, jobs):
    """Adds (kind, target) to the table, as a request would, and rings for the runner. Returns their ids."""
    made = pool.select("COUNT(*) FROM mxadmin_jobs")[0][0]
    ids = ["%016d" % (made + i) for i in range(len(jobs))]
    database = sqlite3.connect(pool.database, timeout=60)
    with database:
        database.executemany(INSERT, [(ids[i], *job, int(time.time() * 1000) + i) for i, job in enumerate(jobs)])
    database.close()
    with open(f"{pool.database}.jobs", "wb") as bell:
        bell.write(b"!")
    return ids


def job(pool, job_id):
    return json.loads(pool.command("jobs", "show", job_id, "--json"))


def wait_for(pool, ids):
    def ended():
        marks = ",".join("?" * len(ids))
        return pool.select(f"COUNT(*) FROM mxadmin_jobs WHERE finished_ts > 0 AND id IN ({marks})", *ids) == [(len(ids),)]
    pool.wait_until(ended, 120)


def members(pool, room_id):
    """The local members in the order of their joins."""
    return [user for user, in pool.select(
        "k.event_state_key FROM roomserver_membership m JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
        " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
        " WHERE r.room_id = ? AND m.membership_nid = 3 AND m.target_local ORDER BY m.event_nid", room_id)]


def leaves(pool):
    """How often each user has left each room."""
    rows = pool.select("room_id, json_extract(CAST(headered_event_json AS TEXT), '$.state_key')"
                       " FROM syncapi_output_room_events WHERE type = 'm.room.member'"
                       " AND json_extract(CAST(headered_event_json AS TEXT), '$.content.membership') = 'leave'")
    return collections.Counter(rows)


def kill_all(pool):
    kill_together(pool.process)
    pool.process = None


def await_moment(pool, chance):
    """Some time, every other time while a batch is running."""
    time.sleep(chance.uniform(0, 0.05))
    if chance.random() < 0.5:
        to_do, running = 1, 0
        while to_do and not running:
            to_do, running = pool.select("COUNT(*), COUNT(NULLIF(holder, 0)) FROM mxadmin_jobs WHERE finished_ts = 0")[0]


def test_random_moments(make_pool):
    chance = random.Random(SEED)
    pool = make_pool(users=20 * KILLS, rooms=4 * KILLS, members=60, workers=2)
    rooms = [room_id for room_id, in pool.select("room_id FROM roomserver_rooms")]
    users = [name for name, in pool.select("localpart FROM userapi_accounts WHERE localpart GLOB 'user*'")]
    before = {room_id: members(pool, room_id) for room_id in rooms}
    left_before, ids, interrupted = leaves(pool), {}, 0
    pool.start()
    for _ in range(KILLS):
        new = [("evacuate_room", rooms.pop()) for _ in range(4)] + [("deactivate", users.pop()) for _ in range(4)]
        ids.update(zip(add_jobs(pool, new), new))
        await_moment(pool, chance)
        kill_all(pool)
        interrupted += pool.select("COUNT(*) FROM mxadmin_jobs WHERE holder <> 0")[0][0]
        pool.start()
    wait_for(pool, list(ids))
    pool.check()
    assert interrupted > 0
    print(f"{KILLS} kills interrupted {interrupted} of {len(ids)} jobs")
    gone = {"@%s:example.org" % target for kind, target in ids.values() if kind == "deactivate"}
    for job_id, (kind, target) in ids.items():
        result = job(pool, job_id)
        assert (result["status"], result["error"], result["target"]) == ("complete", None, target)
        if kind == "evacuate_room":
            affected = (result["result"] or {"affected": []})["affected"]
            # Who was deactivated meanwhile may have left the room for that.
            assert [user for user in affected if user not in gone] == [u for u in before[target] if u not in gone]
            assert len(set(affected)) == len(affected) and set(affected) <= set(before[target])
            assert members(pool, target) == []
        else:
            assert pool.select("is_deactivated FROM userapi_accounts WHERE localpart = ?", target) == [(1,)]
    counts = leaves(pool) - left_before
    assert set(counts.values()) == {1}
    evacuated = {target for kind, target in ids.values() if kind == "evacuate_room"}
    assert set(counts) == {(room_id, user) for room_id, users in before.items() for user in users
                           if room_id in evacuated or user in gone}


def test_a_killed_runner_is_replaced(make_pool):
    """It goes on where the other one was cut off, whatever the workers do."""
    pool = make_pool(users=200, rooms=1, members=200, workers=2).start()
    room_id = pool.select("room_id FROM roomserver_rooms")[0][0]
    before = members(pool, room_id)
    job_id, = add_jobs(pool, [("evacuate_room", room_id)])
    killed = 0
    while killed < 3 and job(pool, job_id)["status"] != "complete":
        runner = pool.runners()
        if runner and pool.select("COUNT(*) FROM mxadmin_jobs WHERE holder <> 0") == [(1,)]:
            os.kill(runner[0], signal.SIGKILL)
            killed += 1
            pool.wait_until(lambda: pool.runners() not in ([], runner))
    wait_for(pool, [job_id])
    assert killed > 0
    assert job(pool, job_id)["result"] == {"affected": before}
    assert len(pool.runners()) == 1
    pool.check()


def test_a_reload_replaces_the_runner(make_pool):
    pool = make_pool(users=200, rooms=1, members=200, workers=2).start()
    room_id = pool.select("room_id FROM roomserver_rooms")[0][0]
    before, runner = members(pool, room_id), pool.runners()
    job_id, = add_jobs(pool, [("evacuate_room", room_id)])
    pool.signal(signal.SIGHUP)
    pool.wait_until(lambda: len(pool.runners()) == 1 and pool.runners() != runner)
    wait_for(pool, [job_id])
    assert job(pool, job_id)["result"] == {"affected": before}
    assert "killed" not in pool.log()


def test_a_runner_by_itself(make_pool):
    """mxadmin work: several at once share the jobs, a reload keeps one going, and SIGTERM ends it in order."""
    pool = make_pool(users=300, rooms=10, members=60)
    rooms = [room_id for room_id, in pool.select("room_id FROM roomserver_rooms")]
    before = {room_id: members(pool, room_id) for room_id in rooms}
    with open(pool.log_file, "ab") as log:
        works = [subprocess.Popen([MXADMIN, "-c", pool.config_file, "work"], stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log) for _ in range(3)]
    try:
        pool.wait_until(lambda: pool.log().count("running jobs") == 3)
        ids = add_jobs(pool, [("evacuate_room", room_id) for room_id in rooms])
        works[0].send_signal(signal.SIGHUP)
        works[1].kill()
        wait_for(pool, ids)
        pool.wait_until(lambda: "reading %s again" % pool.config_file in pool.log())
        for job_id, room_id in zip(ids, rooms):
            result = job(pool, job_id)
            assert (result["status"], result["result"]) == ("complete", {"affected": before[room_id]})
    finally:
        for work in works:
            work.terminate()
    assert [work.wait(60) for work in works] == [0, -signal.SIGKILL, 0]
    assert set(leaves(pool).values()) <= {1}
    pool.check()


def ask_alone(pool, method, path, body=b""):
    """What a process that is started for this request answers, as by a web server with plain CGI."""
    environment = {"MXADMIN_CONFIG": pool.config_file, "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
                   "REQUEST_METHOD": method, "REQUEST_URI": path, "CONTENT_LENGTH": str(len(body)),
                   "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer " + pool.admin}
    result = subprocess.run([MXADMIN], env=environment, input=body, stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout.partition(b"\r\n\r\n")[2])


def test_who_asks_about_a_room_goes_on_with_its_deletion(make_pool):
    """There is no runner, and nobody asks about the job by its id."""
    pool = make_pool(users=20, rooms=1, members=20)
    room_id = pool.select("room_id FROM roomserver_rooms")[0][0]
    deletion = ask_alone(pool, "DELETE", f"/_synapse/admin/v2/rooms/{room_id}", b"{}")
    for _ in range(100):
        status, = ask_alone(pool, "GET", f"/_synapse/admin/v2/rooms/{room_id}/delete_status")["results"]
        if status["status"] == "complete":
            break
    assert (status["delete_id"], status["status"]) == (deletion["delete_id"], "complete")
    assert len(status["shutdown_room"]["kicked_users"]) == 20
    assert pool.select("COUNT(*) FROM roomserver_rooms") == [(0,)]
    pool.check()
