# SPDX-License-Identifier: ISC
"""mxadmin fsck: nothing is wrong with what Dendrite made, each kind of damage is found by the check that is meant for
it, and the file is left as it is."""
import json
import os
import pty
import re
import sqlite3
import subprocess

import pytest

from conftest import MXADMIN, ROOT

# In the fixture: room 1 has events 1 to 37, 89 to 108 and 110; 110 is its latest.
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
STAFF = "!jDGqmoLRC06s6WLY:example.org"
# The account that was deactivated by hand, with its session and its room left.
WARNINGS = ["account-deactivated", "account-deactivated"]


def event_id(nid, connection):
    return connection.execute("SELECT event_id FROM roomserver_events WHERE event_nid = ?", (nid,)).fetchone()[0]


def in_json(nid, change):
    """Damage to the JSON of an event: `change` alters the object, or returns another text."""
    def damage(connection):
        text = connection.execute("SELECT CAST(event_json AS TEXT) FROM roomserver_event_json WHERE event_nid = ?",
                                  (nid,)).fetchone()[0]
        event = json.loads(text)
        changed = change(event)
        if not isinstance(changed, str):
            changed = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        connection.execute("UPDATE roomserver_event_json SET event_json = ? WHERE event_nid = ?",
                           (changed.encode(), nid))
    return damage


def in_column(table, column, nid, change):
    def damage(connection):
        where = f"FROM {table} WHERE event_id = ?"
        identifier = event_id(nid, connection)
        text = connection.execute(f"SELECT CAST({column} AS TEXT) {where}", (identifier,)).fetchone()[0]
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE event_id = ?", (change(text).encode(), identifier))
    return damage


def nothing_after(connection):
    """One block more than there may be, all of them empty."""
    for number in range(1000, 1065):
        connection.execute("INSERT INTO roomserver_state_block VALUES (?, ?, '[]')", (number, str(number)))
    connection.execute("UPDATE roomserver_state_snapshots SET state_block_nids = ? WHERE state_snapshot_nid = 100",
                       (json.dumps([74, 76, 78, 80, 82, 84, 86, 88, 90, 92, 94, 96, 98, *range(1000, 1065)]),))


def overwrite(event):
    event["signatures"]["example.org"]["ed25519:ZCgDMx"] = "A" * 86


def without_signature(event):
    event["signatures"] = {"example.com": {"ed25519:1": "A" * 86}}


# What is done to the database, the check that has to find it, and what has to be in its finding.
DAMAGE = [
    ("json_missing", "DELETE FROM roomserver_event_json WHERE event_nid = 20", "event-json", "has no JSON"),
    ("json_without_event", "INSERT INTO roomserver_event_json VALUES (999, '{}')", "event-json", "number 999"),
    ("json_cut_off", in_json(20, lambda event: '{"auth_events":['), "event-json", "cannot be read"),
    ("json_name_twice", in_json(20, lambda event: '{"depth":20,"depth":20}'), "event-json", "cannot be read"),
    ("json_not_canonical", in_json(20, lambda event: json.dumps(event)), "event-canonical", "canonical"),
    ("json_fraction", in_json(20, lambda event: event["content"].update(age=1.5)), "event-canonical", "canonical"),
    ("format", in_json(20, lambda event: event.pop("origin_server_ts")), "event-format", "origin_server_ts"),
    ("id", "UPDATE roomserver_events SET event_id = '$' || substr(event_id, 2, 42) || 'A' WHERE event_nid = 20",
     "event-id", "its JSON is that of $"),
    ("json_of_another_event", "UPDATE roomserver_event_json SET event_json ="
     " (SELECT event_json FROM roomserver_event_json WHERE event_nid = 21) WHERE event_nid = 20", "event-id", LOBBY),
    ("content", in_json(90, lambda event: event["content"].update(body="something else")), "event-hash", "content"),
    ("hash_missing", in_json(90, lambda event: event.update(hashes={})), "event-hash", "no content hash"),
    ("signature", in_json(20, overwrite), "event-signature", "does not match"),
    ("signature_missing", in_json(20, without_signature), "event-signature", "lacks the signature"),
    ("room", "UPDATE roomserver_events SET room_nid = 2 WHERE event_nid = 20", "event-room", STAFF),
    ("room_missing", "UPDATE roomserver_events SET room_nid = 99 WHERE event_nid = 20", "event-room", "number 99"),
    ("type_missing", "DELETE FROM roomserver_event_types WHERE event_type_nid = 13", "event-type", "number 13"),
    ("state_key_missing", "DELETE FROM roomserver_event_state_keys WHERE event_state_key_nid = 20",
     "event-state-key", "number 20"),
    ("type", "UPDATE roomserver_events SET event_type_nid = 9 WHERE event_nid = 43", "event-columns", "m.room.name"),
    ("state_key", "UPDATE roomserver_events SET event_state_key_nid = 4 WHERE event_nid = 20", "event-columns",
     "@user02:example.org"),
    ("not_state", "UPDATE roomserver_events SET event_state_key_nid = 0 WHERE event_nid = 43", "event-columns", "none"),
    ("depth_column", "UPDATE roomserver_events SET depth = 50 WHERE event_nid = 37", "event-columns", "50"),
    ("depth", "UPDATE roomserver_events SET depth = 50 WHERE event_nid = 37", "event-depth", "should be 51"),
    ("previous_missing", in_json(20, lambda event: event.update(prev_events=["$none"])), "event-previous", "$none"),
    ("previous_none", in_json(20, lambda event: event.update(prev_events=[])), "event-previous", "no previous"),
    ("previous_of_another_room", lambda connection: in_json(20, lambda event: event.update(
        prev_events=[event_id(45, connection)]))(connection), "event-previous", "of another room"),
    ("not_followed", lambda connection: connection.execute(
        "DELETE FROM roomserver_previous_events WHERE previous_event_id = ?", (event_id(19, connection),)),
     "previous-events", "not listed as following"),
    ("followed_by_another", lambda connection: connection.execute(
        "UPDATE roomserver_previous_events SET event_nids = '20,25' WHERE previous_event_id = ?",
        (event_id(19, connection),)), "previous-events", "number 25"),
    ("followed_by_what", lambda connection: connection.execute(
        "UPDATE roomserver_previous_events SET event_nids = '20;' WHERE previous_event_id = ?",
        (event_id(19, connection),)), "previous-events", "cannot be read"),
    ("auth_nids", "UPDATE roomserver_events SET auth_event_nids = '[1,4]' WHERE event_nid = 20", "event-auth",
     "not among those"),
    ("auth_nids_more", "UPDATE roomserver_events SET auth_event_nids = '[1,4,3,7]' WHERE event_nid = 20", "event-auth",
     "1 of its recorded"),
    ("auth_nids_unreadable", "UPDATE roomserver_events SET auth_event_nids = '1,4,3' WHERE event_nid = 20",
     "event-auth", "cannot be read"),
    ("auth_missing", in_json(20, lambda event: event["auth_events"].append("$none")), "event-auth", "$none"),
    ("not_allowed", in_json(4, lambda event: event["content"].update(join_rule="invite")), "auth-rules", LOBBY),
    ("auth_of_no_use", lambda connection: in_json(20, lambda event: event["auth_events"].append(
        event_id(6, connection)))(connection), "auth-rules", "not those that it should have"),
    ("rejected", "UPDATE roomserver_events SET is_rejected = 1 WHERE event_nid = 41", "state-block", "rejected"),
    ("latest_followed", "UPDATE roomserver_rooms SET latest_event_nids = '[110,20]' WHERE room_nid = 1", "room-latest",
     "another event follows it"),
    ("latest_missing", "UPDATE roomserver_rooms SET latest_event_nids = '[108]' WHERE room_nid = 1", "room-latest",
     "not listed as latest"),
    ("latest_of_another_room", "UPDATE roomserver_rooms SET latest_event_nids = '[110,50]' WHERE room_nid = 1",
     "room-latest", "not its own"),
    ("latest_unknown", "UPDATE roomserver_rooms SET latest_event_nids = '[110,999]' WHERE room_nid = 1", "room-latest",
     "number 999"),
    ("latest_unreadable", "UPDATE roomserver_rooms SET latest_event_nids = '110' || x'ff' WHERE room_nid = 1",
     "room-latest", "cannot be read"),
    ("purge_cut_off", "UPDATE roomserver_rooms SET latest_event_nids = '[]', state_snapshot_nid = 0 WHERE room_nid = 6;"
     " DELETE FROM roomserver_membership WHERE room_nid = 6", "room-purge", "purge it again"),
    ("last_sent", "UPDATE roomserver_rooms SET last_event_sent_nid = 108 WHERE room_nid = 1", "room-sent", "108"),
    ("create_missing", "DELETE FROM roomserver_events WHERE event_nid = 38;"
     " DELETE FROM roomserver_event_json WHERE event_nid = 38", "room-create", STAFF),
    ("created_twice", "UPDATE roomserver_events SET event_type_nid = 1 WHERE event_nid = 43", "room-create", "2"),
    ("version", "UPDATE roomserver_rooms SET room_version = '9' WHERE room_nid = 1", "room-version", "version 10"),
    ("version_unknown", "UPDATE roomserver_rooms SET room_version = 'org.example' WHERE room_nid = 1", "room-version",
     "org.example"),
    ("block_unreadable", "UPDATE roomserver_state_block SET event_nids = '[1' WHERE state_block_nid = 1", "state-block",
     "block 1 cannot be read"),
    ("block_unknown_event", "UPDATE roomserver_state_block SET event_nids = '[999]' WHERE state_block_nid = 31",
     "state-block", "which does not exist"),
    ("block_with_message", "UPDATE roomserver_state_block SET event_nids = '[9,89]' WHERE state_block_nid = 17",
     "state-block", "not a state event"),
    ("block_contradicts_itself", "UPDATE roomserver_state_block SET event_nids = '[2,110]' WHERE state_block_nid = 3",
     "state-block", "two events"),
    ("block_of_two_rooms", "UPDATE roomserver_state_block SET event_nids = '[2,39]' WHERE state_block_nid = 3",
     "state-block", "several rooms"),
    ("snapshot_missing", "DELETE FROM roomserver_state_snapshots WHERE state_snapshot_nid = 38", "event-snapshot",
     "snapshot 38"),
    ("snapshot_none", "UPDATE roomserver_events SET state_snapshot_nid = 0 WHERE event_nid = 20", "event-snapshot",
     "not recorded"),
    ("snapshot_unreadable", "UPDATE roomserver_state_snapshots SET state_block_nids = '[1,]'"
     " WHERE state_snapshot_nid = 38", "state-snapshot", "snapshot 38 cannot be read"),
    ("snapshot_unknown_block", "UPDATE roomserver_state_snapshots SET state_block_nids = '[1,999]'"
     " WHERE state_snapshot_nid = 38", "state-snapshot", "block 999"),
    ("snapshot_of_another_room", "UPDATE roomserver_state_snapshots SET room_nid = 2 WHERE state_snapshot_nid = 38",
     "state-snapshot", "another room"),
    ("snapshot_of_no_room", "UPDATE roomserver_state_snapshots SET room_nid = 99 WHERE state_snapshot_nid = 38",
     "state-snapshot", "number 99"),
    ("snapshot_too_many_blocks", nothing_after, "state-snapshot", "78 blocks, 64 are the most"),
    ("state_lacks_event", "UPDATE roomserver_state_snapshots SET state_block_nids = '[1,3,5,7,9,11,13,15]'"
     " WHERE state_snapshot_nid = 18", "event-state", "has event number 0"),
    ("state_has_older_event", "UPDATE roomserver_events SET state_snapshot_nid = 96 WHERE event_nid = 50",
     "event-state", "has event number 46"),
    ("current_state", "UPDATE roomserver_rooms SET state_snapshot_nid = 74 WHERE room_nid = 1", "room-state",
     "has event number 2 "),
    ("current_state_missing", "UPDATE roomserver_rooms SET state_snapshot_nid = 999 WHERE room_nid = 1", "room-state",
     "snapshot 999"),
    ("current_state_none", "UPDATE roomserver_rooms SET state_snapshot_nid = 0 WHERE room_nid = 1", "room-state",
     "no current state"),
    ("membership", "UPDATE roomserver_membership SET membership_nid = 1 WHERE room_nid = 1 AND target_nid = 9",
     "membership-event", "their event says join"),
    ("membership_event", "UPDATE roomserver_membership SET event_nid = 46 WHERE room_nid = 2 AND target_nid = 4",
     "membership", "by 49"),
    ("membership_event_of_another", "UPDATE roomserver_membership SET event_nid = 9 WHERE room_nid = 1"
     " AND target_nid = 9", "membership-event", "not theirs"),
    ("membership_event_missing", "UPDATE roomserver_membership SET event_nid = 999 WHERE room_nid = 1"
     " AND target_nid = 9", "membership-event", "number 999"),
    ("membership_sender", "UPDATE roomserver_membership SET sender_nid = 3 WHERE room_nid = 1 AND target_nid = 9",
     "membership-event", "did not send"),
    ("membership_of_nobody", "UPDATE roomserver_membership SET target_nid = 999 WHERE room_nid = 1 AND target_nid = 9",
     "membership-event", "number 999"),
    ("membership_missing", "DELETE FROM roomserver_membership WHERE room_nid = 1 AND target_nid = 9", "membership",
     "there is no membership"),
    ("membership_too_many", "INSERT INTO roomserver_membership VALUES (2, 20, 20, 3, 26, 1, 0)", "membership",
     "not in the current state"),
    ("membership_not_local", "UPDATE roomserver_membership SET target_local = 0 WHERE room_nid = 1 AND target_nid = 9",
     "membership-local", "user07"),
    ("invitation_missing", "DELETE FROM roomserver_invites WHERE room_nid = 2 AND target_nid = 6", "invite",
     "no invitation is open"),
    ("invitation_open", "UPDATE roomserver_invites SET retired = 0 WHERE room_nid = 2 AND target_nid = 4", "invite",
     "not invited"),
    ("invitation_event", "UPDATE roomserver_invites SET invite_event_json = '{}' WHERE room_nid = 2 AND target_nid = 6",
     "invite", "not one of this user"),
    ("alias", "UPDATE roomserver_room_aliases SET room_id = '!gone:example.org'", "room-alias", "#lobby:example.org"),
    ("published", "UPDATE roomserver_published SET room_id = '!gone:example.org'", "room-published", "!gone"),
    ("redaction", "INSERT INTO roomserver_redactions VALUES ('$none', '$other', 1)", "redaction", "$none"),
    ("stream_lacks_event", "DELETE FROM syncapi_output_room_events WHERE id = 90", "sync-output", "not in the stream"),
    ("stream_unknown_event", "UPDATE syncapi_output_room_events SET event_id = '$none' WHERE id = 90", "sync-output",
     "$none"),
    ("stream_json", in_column("syncapi_output_room_events", "headered_event_json", 90,
                              lambda text: text.replace("message 1", "message 2")), "sync-output", "its JSON"),
    ("stream_header", in_column("syncapi_output_room_events", "headered_event_json", 90,
                                lambda text: text.replace('"_event_id":"$', '"_event_id":"$A')), "sync-output",
     "its JSON"),
    ("not_handed_on", "UPDATE roomserver_events SET sent_to_output = 0 WHERE event_nid = 20", "sync-output",
     "not handed on"),
    ("stream_room", f"UPDATE syncapi_output_room_events SET room_id = '{STAFF}' WHERE id = 90", "sync-output",
     "another room"),
    ("stream_type", "UPDATE syncapi_output_room_events SET type = 'm.room.name' WHERE id = 90", "sync-output", "type"),
    ("stream_sender", "UPDATE syncapi_output_room_events SET sender = '@a:b' WHERE id = 90", "sync-output", "sender"),
    ("topology_missing", "DELETE FROM syncapi_output_room_events_topology WHERE stream_position = 90", "sync-topology",
     "no place"),
    ("topology_depth", "UPDATE syncapi_output_room_events_topology SET topological_position = 90"
     " WHERE stream_position = 90", "sync-topology", "depth is 39"),
    ("topology_position", "UPDATE syncapi_output_room_events_topology SET stream_position = 900"
     " WHERE stream_position = 90", "sync-topology", "position 900"),
    ("topology_too_many", "INSERT INTO syncapi_output_room_events_topology VALUES ('$none', 1, 900, '!a:b')",
     "sync-topology", "not in the stream"),
    ("sync_state_missing", "DELETE FROM syncapi_current_room_state WHERE added_at = 109", "sync-state",
     "event number 109"),
    ("sync_state_old", lambda connection: connection.execute(
        "UPDATE syncapi_current_room_state SET event_id = ? WHERE added_at = 49", (event_id(46, connection),)),
     "sync-state", "not for the room server"),
    ("sync_state_unknown", "UPDATE syncapi_current_room_state SET event_id = '$none' WHERE added_at = 49",
     "sync-state", "does not exist"),
    ("sync_state_membership", "UPDATE syncapi_current_room_state SET membership = 'leave' WHERE added_at = 49",
     "sync-state", "membership"),
    ("sync_state_json", "UPDATE syncapi_current_room_state SET headered_event_json = '{}' WHERE added_at = 49",
     "sync-state", "its JSON"),
    ("sync_state_early", "UPDATE syncapi_current_room_state SET added_at = 3 WHERE added_at = 49", "sync-state",
     "came at 49"),
    ("sync_state_of_no_room", "UPDATE syncapi_current_room_state SET room_id = '!gone:example.org' WHERE added_at = 49",
     "sync-state", "!gone"),
    ("sync_membership_missing", "DELETE FROM syncapi_memberships WHERE stream_pos = 49", "sync-membership",
     "none is recorded"),
    ("sync_membership_other", "UPDATE syncapi_memberships SET membership = 'knock' WHERE stream_pos = 46",
     "sync-membership", "no knock"),
    ("sync_membership_unknown", "UPDATE syncapi_memberships SET event_id = '$none' WHERE stream_pos = 46",
     "sync-membership", "does not exist"),
    ("sync_membership_early", "UPDATE syncapi_memberships SET stream_pos = 3 WHERE stream_pos = 46",
     "sync-membership", "came at 46"),
    ("sync_invite_missing", "DELETE FROM syncapi_invite_events WHERE id = 3", "sync-invite", "user04"),
    ("sync_invite_open", "UPDATE syncapi_invite_events SET deleted = 0 WHERE id = 4", "sync-invite", "no longer open"),
    ("stream_position", "UPDATE syncapi_stream_id SET stream_id = 100 WHERE stream_name = 'global'", "sync-stream",
     "row at 119"),
    ("stream_position_missing", "DELETE FROM syncapi_stream_id WHERE stream_name = 'invite'", "sync-stream", "nothing"),
    ("account_type", "UPDATE userapi_accounts SET account_type = 9 WHERE localpart = 'user07'", "account-type",
     "@user07:example.org"),
    ("profile_missing", "DELETE FROM userapi_profiles WHERE localpart = 'user07'", "account-profile",
     "@user07:example.org"),
    ("account_missing", "DELETE FROM userapi_accounts WHERE localpart = 'user07'", "device-account",
     "@user07:example.org"),
    ("token_missing", "UPDATE userapi_devices SET access_token = NULL WHERE localpart = 'user07'", "device-token",
     "no access token"),
    ("threepid", "INSERT INTO userapi_threepids VALUES ('a@example.org', 'email', 'nobody', 'example.org')",
     "threepid-account", "a@example.org"),
    ("member_without_account", "DELETE FROM userapi_accounts WHERE localpart = 'user07'", "member-account", LOBBY),
    ("table_missing", "DROP TABLE roomserver_published", "room-published", "could not be done"),
]


@pytest.mark.parametrize("damage, check, words", [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_damage_is_found(database, damage, check, words):
    database.change(damage)
    findings, code = database.findings("--strict")
    named = [finding for finding in findings if finding["check"] == check]
    assert code == 1
    assert named, findings
    assert any(words in " ".join(filter(None, finding.values())) for finding in named), named


def redacted(connection):
    """As Dendrite leaves it: both copies redacted, the one for sync without its id."""
    identifier, text = connection.execute(
        "SELECT event_id, CAST(event_json AS TEXT) FROM roomserver_event_json JOIN roomserver_events USING (event_nid)"
        " WHERE event_nid = 90").fetchone()
    event = json.loads(text)
    event.update(content={}, unsigned={"redacted_because": {"type": "m.room.redaction"},
                                       "redacted_by": event_id(91, connection)})
    text = json.dumps(event, sort_keys=True, separators=(",", ":"))
    connection.execute("UPDATE roomserver_event_json SET event_json = ? WHERE event_nid = 90", (text.encode(),))
    connection.execute("UPDATE syncapi_output_room_events SET headered_event_json = ? WHERE event_id = ?",
                       ((text[:-1] + ',"_room_version":"10","_event_id":""}').encode(), identifier))
    connection.execute("INSERT INTO roomserver_redactions VALUES (?, ?, 1)", (event_id(91, connection), identifier))


def previous_content(connection):
    """The sync tables know what a state event replaced; the room server does not write that down."""
    for table in ("syncapi_output_room_events", "syncapi_current_room_state"):
        text, = connection.execute(f"SELECT CAST(headered_event_json AS TEXT) FROM {table} WHERE event_id = ?",
                                   (event_id(50, connection),)).fetchone()
        event = json.loads(text)
        event["unsigned"] = {"prev_content": {"membership": "invite"}, "replaces_state": "$0"}
        connection.execute(f"UPDATE {table} SET headered_event_json = ? WHERE event_id = ?",
                           (json.dumps(event).encode(), event_id(50, connection)))


def two_after_one(connection):
    """A second event after one: Dendrite puts a 1 in the place of the first."""
    connection.execute("UPDATE roomserver_previous_events SET event_nids = '1,' || event_nids WHERE previous_event_id"
                       " IN (?, ?)", (event_id(19, connection), event_id(60, connection)))
    connection.execute("UPDATE roomserver_previous_events SET event_nids = '1,999' WHERE previous_event_id = ?",
                       (event_id(60, connection),))
    connection.execute("INSERT INTO roomserver_events SELECT 999, room_nid, 14, 0, 0, state_snapshot_nid, depth,"
                       " '$other', '[]', 1 FROM roomserver_events WHERE event_nid = 61")
    connection.execute("INSERT INTO roomserver_event_json VALUES (999, ?)", (json.dumps(
        {"prev_events": [event_id(60, connection)]}),))


PURGED = 91  # a message, and event 92 comes after it


def purged(connection):
    """As a purge leaves a history: a message is gone, and what follows it says so."""
    identifier = event_id(PURGED, connection)
    previous = connection.execute("SELECT previous_event_id, event_nids FROM roomserver_previous_events"
                                  " WHERE event_nids = ?", (str(PURGED),)).fetchall()
    assert len(previous) == 1
    connection.execute("UPDATE roomserver_previous_events SET event_nids = '' WHERE event_nids = ?", (str(PURGED),))
    for table in ("roomserver_event_json", "roomserver_events"):
        connection.execute(f"DELETE FROM {table} WHERE event_nid = ?", (PURGED,))
    for table in ("syncapi_output_room_events_topology", "syncapi_output_room_events"):
        connection.execute(f"DELETE FROM {table} WHERE event_id = ?", (identifier,))


def purged_up_to(difference):
    """`difference` is how much less deep than what follows the message the purge ended."""
    def purge_and_note(connection):
        purged(connection)
        connection.execute("CREATE TABLE IF NOT EXISTS mxadmin_history_purges (room_id TEXT NOT NULL PRIMARY KEY,"
                           " depth BIGINT NOT NULL, purged_ts BIGINT NOT NULL)")
        connection.execute("INSERT INTO mxadmin_history_purges SELECT room_id, depth - ?, 0 FROM roomserver_events"
                           " JOIN roomserver_rooms USING (room_nid) WHERE event_nid = ?", (difference, PURGED + 1))
    return purge_and_note


@pytest.mark.parametrize("damage", [purged, purged_up_to(1)], ids=["not_noted", "less_deep"])
def test_gap_is_found(database, damage):
    database.change(damage)
    findings, code = database.findings()
    assert code == 1
    assert [finding["check"] for finding in findings if finding["level"] == "error"] == ["event-previous"]


# What Dendrite does, in databases larger than the fixture, and is not wrong.
DENDRITES_WAYS = [
    ("redacted", redacted),
    ("history_purged", purged_up_to(0)),
    ("previous_content", previous_content),
    # An invitation by a user of another server, to a room that nobody here is in.
    ("invited_from_elsewhere",
     "INSERT INTO roomserver_rooms (room_nid, room_id, room_version) VALUES (9, '!far:example.com', '10');"
     "INSERT INTO roomserver_event_state_keys VALUES (90, '@far:example.com');"
     "INSERT INTO roomserver_membership VALUES (9, 20, 90, 2, 0, 1, 0);"
     "INSERT INTO roomserver_invites SELECT '$far', 9, 20, 90, 0, '{\"room_id\":\"!far:example.com\",\"state_key\":\"'"
     " || event_state_key || '\",\"content\":{\"membership\":\"invite\"}}'"
     " FROM roomserver_event_state_keys WHERE event_state_key_nid = 20;"
     "INSERT INTO syncapi_invite_events VALUES (6, '$far', '!far:example.com', '@user18:example.org', '{}', 0)"),
    # The empty snapshot, which the create events of all rooms name, goes with the room that it is recorded for.
    ("purged", "DELETE FROM roomserver_state_snapshots WHERE state_snapshot_nid = 1"),
]


@pytest.mark.parametrize("change", [row[1] for row in DENDRITES_WAYS], ids=[row[0] for row in DENDRITES_WAYS])
def test_dendrites_ways_are_not_wrong(database, change):
    database.change(change)
    findings, code = database.findings()
    assert ([finding["check"] for finding in findings], code) == (WARNINGS, 0), findings


def test_list_of_followers_that_dendrite_has_cut(database):
    """Whatever else is said of the invented event, the list is not held against it or the others."""
    database.change(two_after_one)
    findings, _ = database.findings()
    assert "previous-events" not in {finding["check"] for finding in findings}


def damaged_page(database):
    """Overwrites a page of an index, past its header: the tree then holds what is not in the table."""
    with sqlite3.connect(database.path) as connection:
        page, = connection.execute("SELECT rootpage FROM sqlite_master"
                                   " WHERE name = 'syncapi_output_room_events_type_idx'").fetchone()
        size, = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with open(database.path, "r+b") as file:
        file.seek(page * size - 200)
        file.write(b"\xff" * 200)


def test_damaged_file(database):
    damaged_page(database)
    findings, code = database.findings()
    assert code == 1
    assert "integrity" in {finding["check"] for finding in findings}


def test_same_token_twice(database):
    """Only where the index is gone or damaged can there be two."""
    def damage(connection):
        connection.executescript(
            "CREATE TABLE kept AS SELECT * FROM userapi_devices; DROP TABLE userapi_devices;"
            " ALTER TABLE kept RENAME TO userapi_devices; UPDATE userapi_devices SET access_token ="
            " (SELECT access_token FROM userapi_devices WHERE localpart = 'user06') WHERE localpart = 'user07'")
    database.change(damage)
    findings, code = database.findings()
    assert code == 1
    assert [finding["check"] for finding in findings if finding["level"] == "error"] == ["device-token"]


def test_nothing_is_wrong_with_what_dendrite_made(database, original):
    result = database.run("fsck")
    assert result.returncode == 0, result.stdout
    assert result.stderr == ""
    *warnings, last = result.stdout.splitlines()
    assert last == "119 events in 8 rooms: 0 errors, 2 warnings"
    assert [line.split()[1] for line in warnings] == WARNINGS
    assert database.path.read_bytes() == original.read_bytes()
    assert sorted(path.name for path in database.folder.iterdir()) == ["matrix_key.pem", "mxadmin.db", "mxadmin.yaml"]


def test_nothing_is_wrong_with_what_init_makes(empty):
    assert empty.run("init").returncode == 0
    before = empty.path.read_bytes()
    result = empty.run("fsck", "--strict")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "0 events in 0 rooms: 0 errors, 0 warnings\n"
    assert empty.findings() == ([], 0)
    assert empty.path.read_bytes() == before


def test_nothing_is_wrong_after_init_on_dendrites(database):
    assert database.run("init").returncode == 0
    findings, code = database.findings()
    assert ([finding["check"] for finding in findings], code) == (WARNINGS, 0)


def test_nothing_is_changed_in_a_damaged_database(database):
    for _, damage, check, _ in DAMAGE:
        if check in ("event-hash", "room-latest", "membership", "sync-state"):
            database.change(damage)
    before = database.path.read_bytes()
    findings, code = database.findings()
    assert code == 1
    assert {"event-hash", "room-latest", "membership", "sync-state"} <= {finding["check"] for finding in findings}
    assert database.path.read_bytes() == before


def test_what_a_killed_process_left_is_read_and_left(database):
    """A write-ahead log that was never written back belongs to the database, and stays what it is."""
    writer = sqlite3.connect(database.path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("DELETE FROM userapi_profiles WHERE localpart = 'user07'")
    log = database.folder / "mxadmin.db-wal"
    before = database.path.read_bytes(), log.read_bytes()
    findings, code = database.findings()
    assert code == 1
    assert "account-profile" in {finding["check"] for finding in findings}
    assert (database.path.read_bytes(), log.read_bytes()) == before
    writer.close()


def test_lines(database):
    database.change("UPDATE roomserver_events SET depth = 50 WHERE event_nid = 37;"
                    " UPDATE roomserver_room_aliases SET alias = '#a' || char(27, 10) || 'b', room_id = '!gone:a'")
    findings, _ = database.findings()
    *lines, last = database.run("fsck").stdout.splitlines()
    told = [re.fullmatch(r"(error|warning) ([a-z-]+) (\S+) (\S+): (.+)", line).groups() for line in lines]
    assert told == [(finding["level"], finding["check"], finding["room_id"] or "-", finding["event_id"] or "-",
                     finding["what"]) for finding in findings]
    assert last == "119 events in 8 rooms: %d errors, 2 warnings" % (len(findings) - 2)
    assert any("#a??b" in line for line in lines)


def test_warnings_count_when_told_so(database):
    assert database.run("fsck").returncode == 0
    assert database.run("fsck", "--strict").returncode == 1


def test_key_missing(database):
    database.key.unlink()
    findings, code = database.findings()
    assert code == 1
    assert [finding["check"] for finding in findings if finding["level"] == "error"] == ["event-signature"]


def test_key_replaced(database):
    """Events that a former key has signed are no errors, and nothing is said of each."""
    database.key.write_text(database.key.read_text().replace("ed25519:ZCgDMx", "ed25519:newer"))
    findings, code = database.findings()
    assert code == 0
    assert any(finding["check"] == "event-signature" and finding["what"].startswith("119 events") for finding in findings)


def test_other_key_of_the_same_name(database):
    lines = database.key.read_text().splitlines()
    body = next(index for index, line in enumerate(lines) if line and not line.startswith("-") and ":" not in line)
    lines[body] = "A" + lines[body][1:] if lines[body][0] != "A" else "B" + lines[body][1:]
    database.key.write_text("\n".join(lines) + "\n")
    findings, code = database.findings()
    assert code == 1
    assert len([finding for finding in findings if finding["check"] == "event-signature"]) == 119


@pytest.mark.parametrize("break_it, said", [
    (lambda database: database.path.unlink(), "there is no such file"),
    (lambda database: database.path.write_bytes(b"not a database" * 100), "not a database"),
    (lambda database: database.config.write_text(database.config.read_text().replace("example.org", "example.com")),
     "it is of the server example.org"),
], ids=["missing", "no_database", "other_server"])
def test_not_a_database_to_check(database, break_it, said):
    break_it(database)
    result = database.run("fsck")
    assert (result.returncode, result.stdout) == (1, "")
    assert said in result.stderr


def test_progress_on_a_terminal(database):
    master, terminal = pty.openpty()
    process = subprocess.Popen([MXADMIN, "-c", str(database.config), "fsck"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=terminal)
    output, _ = process.communicate(timeout=60)
    os.close(terminal)
    shown = os.read(master, 65536)
    os.close(master)
    assert process.returncode == 0
    assert b"\r\x1b[K" in shown
    assert shown.endswith(b"\r\x1b[K")
    assert b"\x1b" not in output


def checks():
    """(name, what it finds) of all checks, as the tables in the sources have them."""
    rows = [("integrity", "damage to the file"), ("state-snapshot", "state snapshots whose blocks are not theirs")]
    for path in [*ROOT.glob("src/store/fsck*.c"), *ROOT.glob("src/command/fsck*.c")]:
        text = path.read_text()
        rows += re.findall(r'\.name = "([a-z-]+)",\s+\.finds = "([^"]+)"', text)
        rows += re.findall(r'^    \{"([a-z-]+)",\s+"([^"]+)",\s+check_\w+\},', text, re.M)
    return rows


def test_every_check_is_in_the_manual():
    manual = (ROOT / "conf/man/mxadmin.1").read_text().split("\n.Sh CHECKS\n")[1].split("\n.Sh ")[0]
    items = {}
    for item in manual.split(".It Cm ")[1:]:
        name, text = item.split("\n", 1)
        items[name] = " ".join(text.split()).lower()
    assert set(items) == {name for name, _ in checks()}
    assert [(name, finds) for name, finds in checks() if finds.lower() not in items[name]] == []


def test_every_check_finds_something():
    """A check that no damage sets off proves nothing by its silence; the other two have tests of their own."""
    assert {name for name, _ in checks()} - {row[2] for row in DAMAGE} == {"integrity", "account-deactivated"}
