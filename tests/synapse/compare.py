# SPDX-License-Identifier: ISC
"""What differs between two answers, as texts of which each is "where: Synapse's, mxadmin's"."""
import re

# Made up by the server, or of the moment: of these the type counts, and not the value.
VOLATILE = {"access_token", "creation_ts", "added_at", "validated_at", "device_id", "error", "event_id", "ip",
            "last_seen", "nonce", "received_ts", "server_version", "token", "user_agent", "id", "auth_events",
            "prev_events", "hashes", "signatures", "origin_server_ts", "depth", "age", "start", "end",
            "redact_id", "purge_id", "delete_id", "new_room_id", "state_group", "timestamp_ms", "redacted_by",
            "content_uri", "created_ts"}
# Noted some time after the request: whether there is one yet does not count either.
SEEN = {"last_seen_ts", "last_seen_ip", "last_seen_user_agent"}
# Lists without an order.
SETS = {"kicked_users", "members", "deleted_media", "local", "remote", "joined_rooms", "registration_tokens", "devices", "threepids", "external_ids"}
# How many there are depends on the moment; the first stands for all.
FIRST = {"connections"}

HEADERS = ["content-type", "cache-control", "content-disposition", "content-security-policy",
           "cross-origin-resource-policy", "referrer-policy", "access-control-allow-origin", "access-control-allow-methods",
           "access-control-allow-headers", "access-control-expose-headers"]


def outcome(answer):
    """The status, and how an error is called."""
    if answer.status < 400 or not answer.body:
        return str(answer.status)
    try:
        return "%d %s" % (answer.status, answer.json().get("errcode"))
    except ValueError:
        return "%d, not JSON" % answer.status


def parsed(answer):
    """The answer's JSON, or else its text."""
    try:
        return answer.json()
    except ValueError:
        return answer.body.decode(errors="replace")


def named(value, names):
    """`value` with the ids of `names` (id: name) replaced, which are others on each side."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [named(item, names) for item in value]
    if isinstance(value, dict):
        return {names.get(key, key): named(item, names) for key, item in value.items()}
    return value


def kind(value):
    return {bool: "boolean", int: "integer", float: "number", str: "string", list: "list", dict: "object",
            type(None): "null"}[type(value)]


def order(item):
    """What an item of a list without an order is sorted by: what has to be the same."""
    if isinstance(item, dict):
        item = sorted((key, value) for key, value in item.items() if key == "device_id" or key not in VOLATILE | SEEN)
    return repr(item)


def compare(where, theirs, ours):
    key = re.sub(r"\[\]$", "", where).rsplit(".", 1)[-1]
    if key in SEEN:
        return set()
    if type(theirs) is not type(ours):
        return {"%s: %s, %s" % (where, kind(theirs), kind(ours))}
    if key in VOLATILE or theirs == ours or where.startswith("failed_redactions."):
        return set()
    if isinstance(theirs, dict):
        return compare_objects(where, theirs, ours)
    if isinstance(theirs, list):
        return compare_lists(where, key, theirs, ours)
    return {"%s: %r, %r" % (where, theirs, ours)}


def compare_objects(where, theirs, ours):
    found = set()
    for key in theirs.keys() | ours.keys():
        inner = "%s.%s" % (where, key) if where else key
        if key not in ours:
            found.add("%s: %s, absent" % (inner, kind(theirs[key])))
        elif key not in theirs:
            found.add("%s: absent, %s" % (inner, kind(ours[key])))
        else:
            found |= compare(inner, theirs[key], ours[key])
    return found


def compare_lists(where, key, theirs, ours):
    if key in FIRST:
        theirs, ours = theirs[:1], ours[:1]
        if not theirs or not ours:
            return set()
    if key in SETS:
        theirs, ours = sorted(theirs, key=order), sorted(ours, key=order)
    if len(theirs) != len(ours):
        return {"%s: %d items, %d" % (where, len(theirs), len(ours))}
    return set().union(*(compare(where + "[]", *pair) for pair in zip(theirs, ours)))


def compare_headers(theirs, ours):
    return {"%s: %s, %s" % (name, *(side.headers.get(name, "absent") for side in (theirs, ours))) for name in HEADERS
            if theirs.headers.get(name) != ours.headers.get(name)}


def compare_bodies(theirs, ours):
    if outcome(theirs[0]) != outcome(ours[0]):
        return {"outcome: %s, %s" % (outcome(theirs[0]), outcome(ours[0]))}
    if not theirs[0].body and not ours[0].body:
        return set()
    if not theirs[0].body or not ours[0].body:
        return {"body: %s, %s" % tuple("some" if answer.body else "none" for answer, _ in (theirs, ours))}
    return compare("", *(named(parsed(answer), names) for answer, names in (theirs, ours)))


def answers(theirs, ours):
    """`theirs` and `ours` are (answer, names)."""
    return compare_headers(theirs[0], ours[0]) | compare_bodies(theirs, ours)
