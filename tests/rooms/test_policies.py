# SPDX-License-Identifier: ISC
"""
The whole pool is killed at random moments while its runner carries out policies, and purges media. After each restart
they go on, and in the end each thing that was to go has gone once, is in the result of one job, and nothing else has.
"""
import base64
import collections
import hashlib
import json
import os
import random
import sqlite3
import time

from test_jobs import KILLS, SEED, kill_all

HURRY = """INSERT INTO mxadmin_jobs (id, kind, target, parameters, status, cancelling, holder, turn, done, total, cursor,
           failure, attempts, created_ts, due_ts, started_ts, heartbeat_ts, finished_ts)
           VALUES (?, ?, ?, ?, 'scheduled', 0, 0, 0, 0, 0, '', 0, 0, ?, 0, 0, 0, 0)
           ON CONFLICT (kind, target) WHERE finished_ts = 0 DO UPDATE SET due_ts = 0"""
DEVICE = """INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, created_ts, last_seen_ts)
            VALUES (?, ?, ?, ?, 'example.org', 1, ?)"""
MEDIA = "INSERT INTO mediaapi_media_repository VALUES (?, ?, 'text/plain', ?, ?, '', ?, ?)"
POLICIES = {"remote_media_days": 10, "local_media_days": 10, "idle_session_days": 10, "expired_registration_tokens": True,
            "empty_room_days": 10, "spare_users": ["spared"]}
OUTCOMES = {"remote_media": "deleted", "local_media": "deleted", "idle_sessions": "ended",
            "expired_registration_tokens": "deleted", "empty_rooms": "purged"}
# The job that a request starts takes what the policies spare.
PURGE = ("purge_media", "local before 9 larger than 1000",
         json.dumps({"remote": False, "before_ts": 9, "larger_than": 1000, "keep_avatars": True}))
BATCH = 40  # of each, for every kill


class Doomed:
    """Things that are to go, and others like them that are not."""

    def __init__(self, pool):
        self.pool, self.made, self.going = pool, 0, collections.defaultdict(set)
        self.users = [name for name, in pool.select("localpart FROM userapi_accounts WHERE localpart GLOB 'user*'")]
        self.rooms = [room for room, in pool.select("room_id FROM roomserver_rooms")]

    def add(self, database):
        now = int(time.time() * 1000)
        for i in range(self.made, self.made + BATCH):
            user = self.users[i % len(self.users)]
            database.executemany(DEVICE, [(f"o{i}", 2 * i, f"OLD{i}", user, 2), (f"n{i}", 2 * i + 1, f"NEW{i}", user, now)])
            self.going["idle_sessions"].add(f"{user}:OLD{i}")
            database.execute("INSERT INTO userapi_registration_tokens VALUES (?, 0, 0, NULL, 1), (?, 0, 0, NULL, NULL)",
                             [f"over{i}", f"ever{i}"])
            self.going["expired_registration_tokens"].add(f"over{i}")
            for policy, origin in (("remote_media", "other.org"), ("local_media", "example.org")):
                self.add_media(database, origin, f"old{i}", f"{origin} {i}".encode(), 100)
                self.add_media(database, origin, f"new{i}", f"{origin} new {i}".encode(), now)
                self.going[policy].add(f"{origin}/old{i}")
            self.add_media(database, "example.org", f"large{i}", b"large" * 250 + b"%d" % i, 5, "@spared:example.org")
            self.going[PURGE[1]].add(f"example.org/large{i}")
        self.made += BATCH
        for room in [self.rooms.pop() for _ in range(2)]:
            self.empty(database, room)

    def add_media(self, database, origin, media_id, content, created_ts, user="@user:example.org"):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        folder = self.pool.folder / "media" / digest[0] / digest[1] / digest[2:]
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(content)
        database.execute(MEDIA, [media_id, origin, len(content), created_ts, digest,
                                 user if origin == "example.org" else ""])

    def empty(self, database, room):
        nid = "(SELECT room_nid FROM roomserver_rooms WHERE room_id = ?)"
        database.execute(f"UPDATE roomserver_membership SET membership_nid = 1 WHERE room_nid = {nid}", [room])
        database.execute("UPDATE mxadmin_rooms SET joined_members = 0, joined_local_members = 0 WHERE room_id = ?", [room])
        database.execute("UPDATE roomserver_event_json SET event_json = json_set(event_json, '$.origin_server_ts', 1)"
                         f" WHERE event_nid IN (SELECT event_nid FROM roomserver_membership WHERE room_nid = {nid})", [room])
        self.going["empty_rooms"].add(room)


def hurry(pool, jobs):
    database = sqlite3.connect(pool.database, timeout=60)
    with database:
        for kind, target, parameters in jobs:
            database.execute(HURRY, [os.urandom(8).hex(), kind, target, parameters, int(time.time() * 1000)])
    database.close()
    with open(f"{pool.database}.jobs", "wb") as bell:
        bell.write(b"!")


JOBS = [("policy", name, "{}") for name in OUTCOMES] + [PURGE]


def await_moment(pool, chance):
    """Some time, and more often than not while a batch is running."""
    time.sleep(chance.uniform(0, 0.05))
    due, running = 1, chance.random() < 0.3
    while due and not running:
        due, running = pool.select("COUNT(*), COUNT(NULLIF(holder, 0)) FROM mxadmin_jobs WHERE finished_ts = 0 AND due_ts < 9")[0]


def finish_files(pool):
    """What was cut off is tried again a minute later; it need not be waited for."""
    def is_done():
        database = sqlite3.connect(pool.database, timeout=60)
        with database:
            database.execute("UPDATE mxadmin_media_work SET due_ts = 0 WHERE due_ts > 0")
        database.close()
        with open(f"{pool.database}.jobs", "wb") as bell:
            bell.write(b"!")
        return pool.select("COUNT(*) FROM mxadmin_media_work") == [(0,)]
    pool.wait_until(is_done)


def went(pool, target):
    """How often each thing is in a result."""
    return collections.Counter(item for item, in pool.select(
        "i.item FROM mxadmin_job_items i JOIN mxadmin_jobs j ON j.id = i.job_id"
        " WHERE j.target = ? AND i.outcome = ?", target, OUTCOMES.get(target, "deleted")))


def test_random_moments(make_pool):
    chance, interrupted = random.Random(SEED), 0
    pool = make_pool(users=40, rooms=2 * KILLS + 2, members=20, workers=2, media_path="media", policies=POLICIES)
    doomed = Doomed(pool)
    for _ in range(KILLS):
        with sqlite3.connect(pool.database) as database:
            doomed.add(database)
        database.close()
        pool.start()
        hurry(pool, JOBS)
        await_moment(pool, chance)
        kill_all(pool)
        interrupted += pool.select("COUNT(*) FROM mxadmin_jobs WHERE holder <> 0")[0][0]
    pool.start()
    for _ in range(2):  # what was added behind where one was is for the next
        hurry(pool, JOBS)
        pool.wait_until(lambda: pool.select("COUNT(*) FROM mxadmin_jobs WHERE finished_ts = 0 AND due_ts < 9") == [(0,)], 120)
    assert interrupted > 0
    print(f"{KILLS} kills interrupted {interrupted} jobs")
    for target in doomed.going:
        assert went(pool, target) == collections.Counter(doomed.going[target]), target
    assert pool.select("COUNT(*) FROM mxadmin_jobs WHERE status NOT IN ('complete', 'scheduled')") == [(0,)]
    assert pool.select("COUNT(*) FROM mxadmin_job_items WHERE outcome IS NULL OR outcome NOT IN ('deleted', 'ended', 'purged')"
                       ) == [(0,)]
    for table, left in (("mediaapi_media_repository WHERE media_id GLOB 'new*'", 2 * doomed.made),
                        ("mediaapi_media_repository", 2 * doomed.made),
                        ("userapi_devices WHERE device_id GLOB 'NEW*'", doomed.made),
                        ("userapi_devices WHERE device_id GLOB 'OLD*'", 0),
                        ("userapi_registration_tokens", doomed.made), ("roomserver_rooms", 2)):
        assert pool.select(f"COUNT(*) FROM {table}") == [(left,)], table
    finish_files(pool)
    assert pool.command("media", "check").startswith(f"{2 * doomed.made} media, {2 * doomed.made} files")
    # The audit tells of each job that had something to do, once.
    told = pool.select("request_id, target, outcome FROM mxadmin_audit WHERE method = 'POLICY'")
    busy = pool.select("id, target, 200 FROM mxadmin_jobs j WHERE kind = 'policy'"
                       " AND EXISTS (SELECT 1 FROM mxadmin_job_items i WHERE i.job_id = j.id)")
    assert sorted(told) == sorted(busy)
    pool.check()
