# SPDX-License-Identifier: ISC
"""A room whose evacuation takes more than one transaction."""
import fcgi

MEMBERS = 5500  # one transaction takes 5000
EVACUATE = "/_dendrite/admin/evacuateRoom/"
JOINED = "k.event_state_key FROM roomserver_membership m JOIN roomserver_event_state_keys k" \
         " ON k.event_state_key_nid = m.target_nid WHERE m.membership_nid = 3 ORDER BY m.event_nid"


def test_evacuation_in_batches(make_pool):
    pool = make_pool(users=MEMBERS, rooms=1, members=MEMBERS).start()
    (room_id, version), = pool.select("room_id, room_version FROM roomserver_rooms")
    joined = [user for user, in pool.select(JOINED)]
    events, = pool.select("MAX(event_nid), MAX(depth), COUNT(*) FROM roomserver_events")
    assert len(joined) == MEMBERS

    status, _, answer = fcgi.ask(pool.address, EVACUATE + room_id + "?dry_run=true", "GET", pool.admin)
    assert (status, answer) == (200, {"affected": joined, "dry_run": True})
    status, _, answer = fcgi.ask(pool.address, EVACUATE + room_id, "POST", pool.admin)
    assert (status, answer) == (200, {"affected": joined})
    status, _, answer = fcgi.ask(pool.address, EVACUATE + room_id, "POST", pool.admin)
    assert (status, answer) == (200, {"affected": []})

    assert pool.select("outcome, target, admin FROM mxadmin_audit WHERE method = 'POST'") == [
        (200, room_id, "@admin:example.org")]

    # One after another: one extremity, and each event a step deeper.
    assert pool.select("latest_event_nids FROM roomserver_rooms") == [(f"[{events[0] + MEMBERS}]",)]
    assert pool.select("MAX(event_nid), MAX(depth), COUNT(*) FROM roomserver_events") == [
        tuple(number + MEMBERS for number in events)]
    blocks, = pool.select("MAX(LENGTH(state_block_nids) - LENGTH(REPLACE(state_block_nids, ',', ''))) + 1"
                          " FROM roomserver_state_snapshots")[0]
    assert blocks <= 15  # log2 of the members, and what else there is
    pool.check()
