# SPDX-License-Identifier: ISC
"""Two readings of the specification, ours in C and the one in check_events.py, must agree on every event: those of
the fixture database, which Dendrite wrote, and generated ones of every room version."""
import copy
import gzip
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

import nacl.signing
import pytest

import check_events
from generate import Generator

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixture"
KEY = FIXTURE / "matrix_key.pem"
MXADMIN = pathlib.Path(os.environ.get("MXADMIN", ROOT / "build/mxadmin")).resolve()
EVENT_CHECK = MXADMIN.parent / "matrix/event_check"
GENERATED = 300  # events a room version
VERSIONS = range(1, 12)


@pytest.fixture(scope="session")
def fixture_database(tmp_path_factory):
    path = tmp_path_factory.mktemp("fixture") / "dendrite.db"
    with gzip.open(FIXTURE / "dendrite.db.gz") as packed, open(path, "wb") as file:
        shutil.copyfileobj(packed, file)
    return path


@pytest.fixture
def database(fixture_database, tmp_path):
    """A copy that may be damaged."""
    return shutil.copy(fixture_database, tmp_path / "dendrite.db")


def test_every_event_of_the_fixture_is_whole(fixture_database):
    assert check_events.check_database(fixture_database, KEY) == (119, [])


DAMAGE = [
    ("content", lambda event: event["content"].update(x=1), ["has another content hash"]),
    ("hash", lambda event: event["hashes"].update(sha256="AAAA"),
     ["has another content hash", "has the id", "is not signed"]),
    ("sender", lambda event: event.update(sender="@user01:example.org"),
     ["has another content hash", "has the id", "is not signed"]),
    ("signature", lambda event: event["signatures"]["example.org"].update({"ed25519:ZCgDMx": "A" * 86}),
     ["is not signed"]),
    ("other key", lambda event: event.update(signatures={"example.org": {"ed25519:other": "A" * 86}}),
     ["is not signed"]),
    ("room", lambda event: event.update(room_id="!other:example.org"),
     ["is of room", "has another content hash", "has the id", "is not signed"]),
    ("float", lambda event: event["content"].update(x=1.5), ["is malformed"]),
    ("size", lambda event: event.setdefault("unsigned", {}).update(x="x" * 65536), ["is larger"]),
    ("hashes", lambda event: event.pop("hashes"), ["is malformed"]),
]


@pytest.mark.parametrize("damage, faults", [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_damage_is_found(database, damage, faults):
    with sqlite3.connect(database) as connection:
        text, = connection.execute("SELECT event_json FROM roomserver_event_json WHERE event_nid = 2").fetchone()
        event = json.loads(text)
        damage(event)
        connection.execute("UPDATE roomserver_event_json SET event_json = ? WHERE event_nid = 2",
                           (json.dumps(event).encode(),))
    count, found = check_events.check_database(database, KEY)
    assert count == 119
    assert [fault.startswith(expected) for (_, fault), expected in zip(found, faults)] == [True] * len(faults)
    assert len(found) == len(faults)


def test_the_script_says_how_many(fixture_database):
    script = [ROOT / "tests/matrix/check_events.py", fixture_database, KEY]
    result = subprocess.run(script, stdout=subprocess.PIPE, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "119 events, 0 faults\n")


def ask(lines):
    """What the C code says of (version, text, server name, key id, public key)."""
    names = ("version", "text", "server_name", "key_id", "public_key")
    given = "".join(json.dumps(dict(zip(names, line))) + "\n" for line in lines)
    result = subprocess.run([EVENT_CHECK], input=given.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def attempt(function, *arguments):
    """The result, or None when the value is refused."""
    try:
        return function(*arguments)
    except check_events.Refused:
        return None


def text_of(data):
    return None if data is None else data.decode()


def expected(version, text, server_name, key_id, public_key):
    """The same in Python; `format` is left out, since check_events.py does not look at it."""
    event = attempt(check_events.parse, text.encode())
    if event is None:
        return {"parsed": False}
    strict = int(version) >= 6
    digest = attempt(check_events.content_hash, int(version), event)
    digest = None if digest is None else check_events.encode_base64(digest)
    redacted = attempt(check_events.redact, int(version), event)
    verify_key = nacl.signing.VerifyKey(check_events.decode_base64(public_key))
    return {
        "parsed": True,
        "canonical": text_of(attempt(check_events.canonical, event, strict)),
        "content_hash": digest,
        "id": attempt(check_events.event_id, int(version), event),
        "redacted": None if redacted is None else text_of(attempt(check_events.canonical, redacted, strict)),
        "hash": digest is not None and event.get("hashes", {}).get("sha256") == digest,
        "signature": check_events.is_signed(int(version), event, server_name, key_id, verify_key),
    }


def compare(lines):
    answers = ask(lines)
    assert len(answers) == len(lines)
    for line, answer in zip(lines, answers):
        answer.pop("format", None)
        assert answer == expected(*line), line
    return answers


def test_c_agrees_on_the_fixture(fixture_database):
    key_id, key = check_events.read_key(KEY)
    public_key = check_events.encode_base64(bytes(key.verify_key))
    with sqlite3.connect(fixture_database) as connection:
        rows = connection.execute(check_events.EVENTS).fetchall()
    lines = [(version, text.decode(), "example.org", key_id, public_key) for _, version, _, text in rows]
    answers = compare(lines)
    assert [answer["id"] for answer in answers] == [row[0] for row in rows]
    assert all(answer["hash"] and answer["signature"] for answer in answers)


@pytest.mark.parametrize("version", VERSIONS)
def test_c_agrees_on_generated_events(version):
    """Signed here; then with something changed, which breaks the hash, the signature, both or neither."""
    generator = Generator("events", version)
    key = nacl.signing.SigningKey(bytes(range(32)))
    public_key = check_events.encode_base64(bytes(key.verify_key))
    lines, signed = [], 0
    for _ in range(GENERATED):
        event = generator.event()
        try:
            check_events.sign(version, event, "example.org", "ed25519:1", key)
            signed += 1
        except check_events.Refused:
            pass
        changed = copy.deepcopy(event)
        changed[generator.choose(["depth", "content", "type", "x", "unsigned"])] = generator.value()
        for each in (event, changed):
            text = json.dumps(each, ensure_ascii=generator.choose([True, False]))
            lines.append((str(version), text, "example.org", "ed25519:1", public_key))
    answers = compare(lines)
    valid = sum(answer.get("hash", False) and answer["signature"] for answer in answers)
    assert signed > GENERATED / 2
    assert signed <= valid < len(lines)  # some changes are in what neither covers


ENCODINGS = sorted((ROOT / "tests/fuzz/seeds/fuzz_canonical_json").glob("*"))


@pytest.mark.parametrize("strictness", ["strict", "lenient"])
def test_c_agrees_on_canonical_json(strictness):
    """On the seeds of the fuzz target, and on what it has found, when CORPUS names a folder."""
    files = list(ENCODINGS)
    if "CORPUS" in os.environ:
        files += sorted(pathlib.Path(os.environ["CORPUS"]).glob("*"))
    result = subprocess.run([EVENT_CHECK, strictness, *files], stdout=subprocess.PIPE, check=True)
    answers = result.stdout.split(b"\n")[:-1]
    assert len(answers) == len(files) > 20
    for path, answer in zip(files, answers):
        value = attempt(lambda data: check_events.canonical(check_events.parse(data), strictness == "strict"),
                        path.read_bytes())
        assert answer == (b"refused" if value is None else b"ok " + value), path
