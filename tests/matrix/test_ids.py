# SPDX-License-Identifier: ISC
"""Two readings of the grammar of identifiers (Matrix Appendices): ours in C, and this one, on generated texts."""
import ipaddress
import os
import pathlib
import random
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MXADMIN = pathlib.Path(os.environ.get("MXADMIN", ROOT / "build/mxadmin")).resolve()
ID_CHECK = MXADMIN.parent / "matrix/id_check"

HOST = re.compile(rb"(\[[^\]]*\]|[0-9A-Za-z.-]+)(?::([0-9]{1,5}))?\Z")
EVENT = re.compile(rb"\$[^\0]+\Z", re.S)
PIECES = [b"@", b"!", b"#", b"$", b":", b":", b"a", b"alice", b"A", b"_", b"=", b"/", b"+", b"-", b".", b" ", b"%40",
          b"example.org", b"localhost", b"1.2.3.4", b"[::1]", b"[1:2:3:4:5:6:7:8]", b"[::ffff:1.2.3.4]", b"[]", b"[::",
          b"[:::]", b"]", b":1", b":0", b":65535", b":65536", b":99999", b":123456", b":", b"\xc3\xa9", b"\xff",
          b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"x" * 100, b"y" * 240, b"\n", b"\x01"]


def is_server_name(text):
    match = HOST.match(text)
    if not match or len(text) > 255 or int(match[2] or 0) > 65535:
        return False
    if not text.startswith(b"["):
        return True
    try:
        address = match[1][1:-1].decode()
        ipaddress.IPv6Address(address)
        return "%" not in address
    except ValueError:
        return False


def is_id(text, sigil, empty):
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    localpart, colon, server_name = text[1:].partition(b":")
    return (text[:1] == sigil and len(text) <= 255 and bool(colon) and (empty or localpart != b"")
            and is_server_name(server_name))


def expected(text):
    event = len(text) <= 255 and bool(EVENT.match(text))
    try:
        text.decode()
    except UnicodeDecodeError:
        event = False
    return [is_server_name(text), is_id(text, b"@", True), is_id(text, b"!", False), is_id(text, b"#", False), event]


def texts():
    chance = random.Random(1)
    yield from PIECES
    for _ in range(20000):
        yield b"".join(chance.choice(PIECES) for _ in range(chance.randint(1, 6)))
    for sigil in (b"@", b"!", b"#"):
        for piece in PIECES:
            for host in PIECES:
                yield sigil + piece + b":" + host


def test_both_accept_the_same():
    given = list(texts())
    lines = "".join(text.hex() + "\n" for text in given)
    result = subprocess.run([ID_CHECK], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = [[word == "1" for word in line.split()] for line in result.stdout.splitlines()]
    assert len(answers) == len(given)
    different = [(text, answer, expected(text)) for text, answer in zip(given, answers) if answer != expected(text)]
    assert not different, different[:10]
    assert sum(any(answer) for answer in answers) > 1000  # there is enough that is accepted at all
