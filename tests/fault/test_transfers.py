# SPDX-License-Identifier: ISC
"""Files that go through the pool: whoever is slow about one holds up nobody else, and not for ever."""
import os
import struct

import pytest

import fcgi

UPLOAD = "/_matrix/media/v3/upload"
CONTENT = bytes(range(256)) * 20000  # more than a socket's buffers hold


def upload(pool):
    """The path to download it from."""
    variables = {"CONTENT_TYPE": "application/x-test"}
    status, _, answer = fcgi.ask(pool.address, UPLOAD, "POST", pool.user, CONTENT, variables=variables)
    assert status == 200, answer
    return "/_matrix/client/v1/media/download/" + answer["content_uri"].removeprefix("mxc://")


def read_file(connection):
    """The bytes after the head of an answer, to its end."""
    out = b""
    while True:
        _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", connection._exactly(8))
        content = connection._exactly(size + padding)[:size]
        if kind == fcgi.END:
            return out.partition(b"\r\n\r\n")[2]
        out += content


@pytest.fixture
def make(make_pool):
    def make(workers, **options):
        pool = make_pool(workers=workers, media_path="media", **options)
        pool.command("init")  # it makes the folder
        return pool.start()
    return make


def test_slow_readers_hold_up_nobody(make):
    pool = make(3)
    path = upload(pool)
    readers = [fcgi.Connection(pool.address) for _ in range(2)]
    for reader in readers:
        reader.send(fcgi.request(path, token=pool.user))
    others = [fcgi.Connection(pool.address) for _ in range(8)]
    for other in others * 3:
        assert other.ask("/_mxadmin/health")[0] == 200
    for reader in readers:
        assert read_file(reader) == CONTENT
        assert reader.ask("/_mxadmin/health")[0] == 200, "the connection is of further use"


def test_a_reader_that_takes_nothing_is_given_up(make):
    pool = make(1, stop_timeout=1)
    reader = fcgi.Connection(pool.address)
    reader.send(fcgi.request(upload(pool), token=pool.user))
    pool.wait_until(lambda: "a file was not taken in time" in pool.log())
    assert fcgi.ask(pool.address, "/_mxadmin/health")[0] == 200, "the only worker is free again"
    with pytest.raises(ConnectionError):
        read_file(reader)


def test_an_upload_that_stops_is_given_up(make):
    pool = make(1, request_timeout=1)
    whole = fcgi.request(UPLOAD, "POST", pool.user, CONTENT)
    writer = fcgi.Connection(pool.address)
    writer.send(whole[:len(whole) // 2])
    assert writer.answer()[0] == 408
    assert os.listdir(os.path.join(pool.service.data, "media/mxadmin/upload")) == []
    upload(pool)


def test_an_upload_that_is_broken_off_leaves_nothing(make):
    pool = make(1)
    whole = fcgi.request(UPLOAD, "POST", pool.user, CONTENT)
    writer = fcgi.Connection(pool.address)
    writer.send(whole[:len(whole) // 2])
    writer.close()
    assert fcgi.ask(pool.address, "/_mxadmin/health")[0] == 200
    folder = os.path.join(pool.service.data, "media/mxadmin/upload")
    pool.wait_until(lambda: not os.path.exists(folder) or os.listdir(folder) == [])
    upload(pool)
