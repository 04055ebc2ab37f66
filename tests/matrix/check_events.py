#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Recomputes content hash, event id and signature of every event in a database in Dendrite's layout, with PyNaCl
and json alone, from the Matrix specification (Appendices; Server-Server API, "Signing Events"; Room Versions 1 to
11). It shares no code with the program under test and takes nothing from it.

    check_events.py DATABASE KEY        KEY is the server's matrix_key.pem
"""
import base64
import hashlib
import json
import re
import sqlite3
import sys

import nacl.exceptions
import nacl.signing

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 2048
sys.setrecursionlimit(8 * DEPTH_MAX)


class Refused(Exception):
    """The value has no canonical encoding, or is not of the form that the specification gives it."""


# Appendices, "Unpadded Base64".

def encode_base64(data, urlsafe=False):
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    return encode(data).decode().rstrip("=")


def decode_base64(text):
    if not re.fullmatch(r"[A-Za-z0-9+/_-]*=*", text):
        raise Refused("base64")
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    if len(text) % 4 == 1:
        raise Refused("base64")
    return base64.b64decode(text + "=" * (-len(text) % 4))


# Appendices, "Canonical JSON".

def unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs) or any("\0" in name for name in result):
        raise Refused("a name twice, or with U+0000")
    return result


def constant(name):
    raise Refused(name)


def integer(digits):
    """Nobody can be asked to take integers of any length; of what room versions 1 to 5 allow, 64 bits are read."""
    value = int(digits)
    if not -2**63 <= value < 2**63:
        raise Refused("an integer of more than 64 bits")
    return value


def parse(data):
    """JSON of an object or an array from bytes."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_constant=constant, parse_int=integer)
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from None
    if not isinstance(value, (dict, list)):
        raise Refused("neither an object nor an array")
    return value


def number(value, strict):
    """Room versions 1 to 5 do not enforce the bounds; 1e10 is 10000000000 there (the last of the examples)."""
    if isinstance(value, float):
        if strict or value != value or abs(value) > INTEGER_MAX or value != int(value):
            raise Refused("a float")
        return int(value)
    if strict and not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise Refused("an integer out of bounds")
    return value


def checked(value, strict, depth=1):
    """The value with every number as it is encoded."""
    if depth > DEPTH_MAX:
        raise Refused("nested too deep")
    if isinstance(value, dict):
        return {name: checked(member, strict, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        return [checked(element, strict, depth + 1) for element in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value, strict)
    return value


def canonical(value, strict=True):
    try:
        return json.dumps(checked(value, strict), ensure_ascii=False, separators=(",", ":"),
                          sort_keys=True).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("a surrogate without its other half") from None


# Room Versions: "Redactions", "Event IDs", "Canonical JSON".

def kept_of_event(version):
    kept = {"event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth",
            "prev_events", "auth_events", "origin_server_ts"}
    return kept if version >= 11 else kept | {"prev_state", "origin", "membership"}


def kept_of_content(version, event_type, content):
    kept = set()
    if event_type == "m.room.member":
        kept = {"membership"}
        if version >= 9:
            kept.add("join_authorised_via_users_server")
    elif event_type == "m.room.create":
        kept = set(content) if version >= 11 else {"creator"}
    elif event_type == "m.room.join_rules":
        kept = {"join_rule", "allow"} if version >= 8 else {"join_rule"}
    elif event_type == "m.room.power_levels":
        kept = {"ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"}
        if version >= 11:
            kept.add("invite")
    elif event_type == "m.room.aliases" and version <= 5:
        kept = {"aliases"}
    elif event_type == "m.room.history_visibility":
        kept = {"history_visibility"}
    elif event_type == "m.room.redaction" and version >= 11:
        kept = {"redacts"}
    return kept


def redact(version, event):
    event_type, content = event.get("type"), event.get("content")
    if not isinstance(event_type, str) or "\0" in event_type or not isinstance(content, dict):
        raise Refused("not an event")
    redacted = {name: event[name] for name in kept_of_event(version) if name in event}
    kept = kept_of_content(version, event_type, content)
    redacted["content"] = {name: content[name] for name in kept if name in content}
    invite = content.get("third_party_invite")
    if event_type == "m.room.member" and version >= 11 and isinstance(invite, dict):
        redacted["content"]["third_party_invite"] = {"signed": invite["signed"]} if "signed" in invite else {}
    return redacted


def without(value, *names):
    return {name: member for name, member in value.items() if name not in names}


def content_hash(version, event):
    return hashlib.sha256(canonical(without(event, "unsigned", "signatures", "hashes"), version >= 6)).digest()


def essential(version, event):
    """What the signatures and the reference hash cover."""
    return canonical(without(redact(version, event), "signatures", "unsigned"), version >= 6)


def event_id(version, event):
    if version <= 2:
        return event["event_id"]
    return "$" + encode_base64(hashlib.sha256(essential(version, event)).digest(), urlsafe=version >= 4)


def sign(version, event, server_name, key_id, key):
    """Gives the event its hash and a signature; `key` is a nacl.signing.SigningKey."""
    event["hashes"] = {"sha256": encode_base64(content_hash(version, event))}
    signature = encode_base64(key.sign(essential(version, event)).signature)
    event.setdefault("signatures", {}).setdefault(server_name, {})[key_id] = signature


def is_signed(version, event, server_name, key_id, verify_key):
    signature = event.get("signatures", {}).get(server_name, {}).get(key_id)
    if signature is None:
        return False
    try:
        verify_key.verify(essential(version, event), decode_base64(signature))
    except (nacl.exceptions.BadSignatureError, ValueError, Refused):
        return False
    return True


def read_key(path):
    """Key id and key from Dendrite's PEM file."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    match = re.fullmatch(r"-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: (ed25519:\w+)\n\n([A-Za-z0-9+/=]+)\n"
                         r"-----END MATRIX PRIVATE KEY-----\n", text)
    return match[1], nacl.signing.SigningKey(decode_base64(match[2]))


EVENTS = """
    SELECT event_id, room_version, room_id, CAST(event_json AS BLOB)
    FROM roomserver_events JOIN roomserver_rooms USING (room_nid) LEFT JOIN roomserver_event_json USING (event_nid)
    ORDER BY event_nid
"""


def is_redacted(version, event):
    """Whether redacting it would change nothing. What was redacted keeps the hash of what it was."""
    return without(redact(version, event), "unsigned") == without(event, "unsigned")


def faults_of(version, identifier, room_id, text, servers, key_id, verify_key, redacted=False):
    """What is wrong with one event, in words."""
    try:
        event = parse(text)
        if len(canonical(event, version >= 6)) > 65536:
            yield "is larger than 65536 bytes"
        if event["room_id"] != room_id:
            yield f"is of room {event['room_id']}"
        if not (redacted and is_redacted(version, event)) \
                and encode_base64(content_hash(version, event)) != event["hashes"]["sha256"]:
            yield "has another content hash"
        if event_id(version, event) != identifier:
            yield f"has the id {event_id(version, event)}"
        server = event["sender"].partition(":")[2]
        if server in servers and not is_signed(version, event, server, key_id, verify_key):
            yield f"is not signed by {server} with {key_id}"
    except (Refused, KeyError, TypeError, AttributeError) as error:
        yield f"is malformed: {error!r}"


def check_database(path, key_path):
    """The number of events, and the faults as (event id, what is wrong). Dendrite writes JSON as BLOBs."""
    key_id, key = read_key(key_path)
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    servers = {name for name, in database.execute("SELECT DISTINCT server_name FROM userapi_accounts")}
    redacted = {name for name, in database.execute("SELECT redacts_event_id FROM roomserver_redactions WHERE validated")}
    count, faults = 0, []
    for identifier, version, room_id, text in database.execute(EVENTS):
        count += 1
        if text is None:
            faults.append((identifier, "has no JSON"))
            continue
        faults += [(identifier, fault) for fault in
                   faults_of(int(version), identifier, room_id, text, servers, key_id, key.verify_key,
                             identifier in redacted)]
    database.close()
    return count, faults


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    count, faults = check_database(*arguments)
    for identifier, fault in faults:
        print(f"{identifier} {fault}")
    print(f"{count} events, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
