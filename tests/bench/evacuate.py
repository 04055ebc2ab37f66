# SPDX-License-Identifier: ISC
"""
What it costs to evacuate a room of 10,000 local members: alone, and while others ask and write. Each round is on a
fresh copy of one populated database. The rival is SQLite, which gets nothing but the rows that an evacuation has
written: ready made, table by table, in one transaction, and neither copies its log into the file before it is done.
Prints a table, and adds to bench.json.
"""
import contextlib
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import sys
import threading
import time

import fcgi
import results
from calls import EvacuateRoom, Notice
from room_pool import PopulatedPool

BUILD = sys.argv[1]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
MEMBERS = 10000
ROOMS = 10  # the largest has MEMBERS, the last a tenth
# The tables that an evacuation writes, and what of them is of its room.
WRITTEN = {
    "roomserver_events": "event_nid > :event",
    "roomserver_event_json": "event_nid > :event",
    "roomserver_previous_events": "rowid > :previous",
    "roomserver_state_block": "state_block_nid > :block",
    "roomserver_state_snapshots": "state_snapshot_nid > :snapshot",
    "roomserver_membership": "event_nid > :event",
    "syncapi_output_room_events": "id > :position",
    "syncapi_output_room_events_topology": "stream_position > :position",
    "syncapi_current_room_state": "added_at > :position",
    "syncapi_memberships": "stream_pos > :position",
}
LAST = "SELECT (SELECT MAX(event_nid) FROM roomserver_events) AS event," \
       " (SELECT MAX(rowid) FROM roomserver_previous_events) AS previous," \
       " (SELECT MAX(state_block_nid) FROM roomserver_state_block) AS block," \
       " (SELECT MAX(state_snapshot_nid) FROM roomserver_state_snapshots) AS snapshot," \
       " (SELECT MAX(id) FROM syncapi_output_room_events) AS position"
WHOIS = "/_matrix/client/v3/admin/whois/@user000001:example.org"


def peak_mb(pids):
    """The most memory that any of the processes has had at once."""
    peaks = []
    for pid in pids:
        with open("/proc/%d/status" % pid) as file:
            peaks.append(int(re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M).group(1)))
    return max(peaks) / 1024


def cpu_s(pids):
    """Processor time of all of them and their children, which a busy machine changes less than the time that goes by."""
    ticks = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as file:
            ticks += sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


class Others:
    """One who asks and one who writes, without pause; `asked` and `written` are the ms that each of it took."""

    def __init__(self, pool):
        self.pool = pool
        self.stopping = threading.Event()
        self.asked, self.written = [], []
        self.threads = [threading.Thread(target=self.ask), threading.Thread(target=self.write)]
        for thread in self.threads:
            thread.start()

    def timed(self, times, work):
        begin = time.monotonic()
        work()
        times.append((time.monotonic() - begin) * 1000)

    def ask(self):
        connection = fcgi.Connection(self.pool.address)
        while not self.stopping.is_set():
            self.timed(self.asked, lambda: connection.ask(WHOIS, token=self.pool.admin))
        connection.close()

    def write(self):
        number = 0
        while not self.stopping.is_set():
            number += 1
            self.timed(self.written, lambda: Notice(number, "user000001").make(self.pool))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def evacuate(pool, room_id):
    """Seconds, those of processors, and how many have left."""
    call = EvacuateRoom(room_id)
    begin, cpu_begin = time.monotonic(), cpu_s(pool.workers())
    call.make(pool)
    seconds, cpu_seconds = time.monotonic() - begin, cpu_s(pool.workers()) - cpu_begin
    assert call.answer is not None, call.failures
    return seconds, cpu_seconds, len(call.answer["affected"])


def restore(pool, original):
    for log in ("-wal", "-shm"):
        pathlib.Path(str(pool.database) + log).unlink(missing_ok=True)
    shutil.copy(original, pool.database)


def rows_alone(pool, original):
    """Seconds that SQLite needs for the rows which the last evacuation has left."""
    with contextlib.closing(sqlite3.connect(original)) as before, contextlib.closing(
            sqlite3.connect(pool.database)) as after:
        before.row_factory = sqlite3.Row
        last = dict(before.execute(LAST).fetchone())
        rows = [after.execute(f"SELECT * FROM {table} WHERE {new} ORDER BY rowid", last).fetchall()[-MEMBERS:]
                for table, new in WRITTEN.items()]
    marks = [",".join("?" * len(table[0])) for table in rows]
    inserts = [f"INSERT OR REPLACE INTO {table} VALUES ({mark})" for table, mark in zip(WRITTEN, marks)]
    restore(pool, original)
    with contextlib.closing(sqlite3.connect(pool.database, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA cache_size = -32768")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        begin = time.monotonic()
        database.execute("BEGIN IMMEDIATE")
        for insert, table in zip(inserts, rows):
            database.executemany(insert, table)
        database.execute("COMMIT")
        return time.monotonic() - begin


def one_round(pool, original, others):
    restore(pool, original)
    pool.start()
    sizes = dict(pool.select("COUNT(*), room_id FROM syncapi_current_room_state WHERE type = 'm.room.member'"
                             " GROUP BY room_id"))
    row = {"start_mb": peak_mb(pool.workers())}
    row["small"], row["small_cpu"], left = evacuate(pool, sizes[MEMBERS // ROOMS])
    assert left == MEMBERS // ROOMS
    busy = Others(pool) if others else None
    row["large"], row["large_cpu"], left = evacuate(pool, sizes[MEMBERS])
    assert left == MEMBERS
    row["mb"] = peak_mb(pool.workers())
    if busy:
        busy.stop()
        row["asked"], row["written"] = busy.asked, busy.written
    row["extremities"] = pool.select("MAX(json_array_length(CAST(latest_event_nids AS TEXT))) FROM roomserver_rooms")
    pool.stop()
    row["rows"] = rows_alone(pool, original)
    return row


def median(rows, name):
    return statistics.median(row[name] for row in rows)


def measure(pool):
    original = pool.folder / "original.db"
    shutil.copy(pool.database, original)
    alone = [one_round(pool, original, others=False) for _ in range(ROUNDS)]
    busy = [one_round(pool, original, others=True) for _ in range(ROUNDS)]
    asked = sorted(time for row in busy for time in row["asked"])
    return {
        "evacuate_10000_s": median(alone, "large"),
        "evacuate_10000_cpu_s": median(alone, "large_cpu"),
        "rows_of_10000_alone_s": median(alone, "rows"),
        "evacuate_10000_over_rows_alone": statistics.median(row["large"] / row["rows"] for row in alone),
        "evacuate_1000_s": median(alone, "small"),
        "evacuate_cost_of_a_member_10000_over_1000": statistics.median(
            row["large"] / row["small"] / ROOMS for row in alone),
        "evacuate_worker_peak_mb": max(row["mb"] for row in alone),
        "evacuate_worker_start_mb": median(alone, "start_mb"),
        "evacuate_forward_extremities": max(row["extremities"][0][0] for row in alone + busy),
        "evacuate_10000_s_with_others": median(busy, "large"),
        "whois_p50_ms_during_evacuation": statistics.median(asked),
        "whois_p99_ms_during_evacuation": asked[len(asked) * 99 // 100],
        "notice_max_ms_during_evacuation": max(time for row in busy for time in row["written"]),
    }


def main():
    begin = time.monotonic()
    pool = PopulatedPool(users=MEMBERS, rooms=ROOMS, members=MEMBERS, workers=4)
    result = {"populate_30000_members_s": time.monotonic() - begin}
    try:
        result.update(measure(pool))
    finally:
        pool.close()
    results.add(BUILD, result)


if __name__ == "__main__":
    main()
