# SPDX-License-Identifier: ISC
"""
What a page of the list of rooms costs, in every order, when nothing has changed and right after something has: beside
many rooms with many members. The rival is SQLite, which is asked for the same page of Dendrite's tables by a statement,
without a list that is kept. Prints a table, and adds to bench.json.
"""
import contextlib
import os
import sqlite3
import statistics
import sys
import time

import fcgi
import results
from calls import Notice
from room_pool import PopulatedPool

BUILD = sys.argv[1]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
USERS, ROOMS, MEMBERS = 5000, 3000, 5000  # some 45,000 memberships
PATH = "/_synapse/admin/v1/rooms"
ORDERS = ["name", "canonical_alias", "joined_members", "joined_local_members", "version", "creator", "encryption",
          "federatable", "public", "join_rules", "guest_access", "history_visibility", "state_events"]
# The most members first, with what a list says of a room.
PLAIN = """
    SELECT r.room_id, r.room_version, (SELECT COUNT(*) FROM roomserver_membership m WHERE m.room_nid = r.room_nid
    AND m.membership_nid = 3) AS joined, (SELECT COUNT(*) FROM roomserver_membership m WHERE m.room_nid = r.room_nid
    AND m.membership_nid = 3 AND m.target_local) AS local, (SELECT COUNT(*) FROM syncapi_current_room_state s
    WHERE s.room_id = r.room_id) AS events, %s FROM roomserver_rooms r ORDER BY joined DESC, r.room_id DESC LIMIT 100
""" % ", ".join("(SELECT json_extract(CAST(s.headered_event_json AS TEXT), '$.content.%s')"
                " FROM syncapi_current_room_state s WHERE s.room_id = r.room_id AND s.type = 'm.room.%s'"
                " AND s.state_key = '')" % (key, kind)
                for kind, key in [("name", "name"), ("canonical_alias", "alias"), ("encryption", "algorithm"),
                                  ("join_rules", "join_rule"), ("guest_access", "guest_access"),
                                  ("history_visibility", "history_visibility"), ("create", "creator")])


def timed_ms(work):
    begin = time.monotonic()
    result = work()
    return (time.monotonic() - begin) * 1000, result


def one_round(pool, number):
    """The ms of the page by the plain statement, of one in each order, and of the first after a change."""
    connection = fcgi.Connection(pool.address)

    def page(order):
        status, _, answer = connection.ask(PATH + "?order_by=" + order, token=pool.admin)
        assert status == 200 and answer["total_rooms"] >= ROOMS
        return answer

    with contextlib.closing(sqlite3.connect(pool.database)) as database:
        plain, rows = timed_ms(lambda: database.execute(PLAIN).fetchall())
    assert [row[0] for row in rows] == [room["room_id"] for room in page("joined_members")["rooms"]]
    warm = {order: timed_ms(lambda order=order: page(order))[0] for order in ORDERS}
    Notice(number, "user000001").make(pool)
    first, _ = timed_ms(lambda: page("joined_members"))
    connection.close()
    return {"plain": plain, "first": first, **warm}


def measure(pool):
    pool.start()
    rows = [one_round(pool, number) for number in range(ROUNDS)]
    pool.stop()
    page = statistics.median(row["joined_members"] for row in rows)
    return {
        "rooms_page_ms": page,
        "rooms_page_ms_in_the_slowest_order": max(statistics.median(row[order] for row in rows) for order in ORDERS),
        "rooms_page_ms_after_a_change": statistics.median(row["first"] for row in rows),
        "rooms_page_by_plain_sql_ms": statistics.median(row["plain"] for row in rows),
        "rooms_plain_sql_over_page": statistics.median(row["plain"] / row["joined_members"] for row in rows),
    }


def main():
    pool = PopulatedPool(users=USERS, rooms=ROOMS, members=MEMBERS, workers=4)
    try:
        result = measure(pool)
    finally:
        pool.close()
    results.add(BUILD, result)


if __name__ == "__main__":
    main()
