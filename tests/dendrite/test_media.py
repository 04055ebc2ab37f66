# SPDX-License-Identifier: ISC
"""Media beside a homeserver: what mxadmin does to its files is what its clients see, and its rows follow when it is down."""
import base64
import hashlib
import os
import struct
import zlib

import pytest

from attached import Beside
from waiting import wait_until

ADMIN = "/_synapse/admin/v1"
UPLOAD = "/_matrix/media/v3/upload?filename=a%20name"


def png(number):
    """A picture of its own for each number, large enough for a thumbnail."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    line = b"\0" + bytes([number, 1, 2]) * 128
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 128, 128, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(line * 128)) + chunk(b"IEND", b""))


@pytest.fixture
def beside(make_homeserver):
    with Beside(make_homeserver(thumbnails=True)) as beside:
        yield beside


def upload(beside, content, user="user01"):
    """The media id."""
    answer = beside.homeserver.ask("POST", UPLOAD, user, content)
    assert answer.status == 200, answer
    return answer.json()["content_uri"].rpartition("/")[2]


def download(beside, media_id, kind="download", query=""):
    return beside.homeserver.ask("GET", f"/_matrix/client/v1/media/{kind}/example.org/{media_id}{query}", "user02")


def folder_of(beside, content, area=None):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    media = beside.folder.path / "media"
    return media / "mxadmin" / area / digest if area else media / digest[0] / digest[1] / digest[2:]


def act(beside, method, path):
    answer = beside.ask(method, ADMIN + path, "admin")
    assert answer.status == 200, answer
    return answer.json()


def assert_gone(answer):
    assert (answer.status, answer.json()["errcode"]) == (404, "M_NOT_FOUND"), answer


def test_delete(beside):
    content = png(1)
    first, second = upload(beside, content), upload(beside, content, "user02")
    assert download(beside, first).body == content
    rows = beside.folder.select("* FROM mediaapi_media_repository")
    assert act(beside, "DELETE", f"/media/example.org/{first}") == {"deleted_media": [first], "total": 1}
    assert download(beside, second).body == content, "another has the same file"
    assert act(beside, "DELETE", f"/media/example.org/{second}") == {"deleted_media": [second], "total": 1}
    assert_gone(download(beside, first))
    assert_gone(download(beside, second))
    assert not folder_of(beside, content).exists() and not folder_of(beside, content, "trash").exists()
    assert beside.folder.select("* FROM mediaapi_media_repository") == rows, "the rows wait"

    hidden = [media_id for media_id in (first, second)
              if beside.ask("GET", f"{ADMIN}/media/example.org/{media_id}", "admin").status == 404]
    assert hidden == [first, second]
    assert act(beside, "GET", "/users/@user02:example.org/media")["total"] == 1
    beside.homeserver.stop()
    assert f"delete_media example.org/{first}: done" in beside.service.command("apply")
    beside.homeserver.start()
    left = beside.folder.select("media_id FROM mediaapi_media_repository")
    assert not {(first,), (second,)} & set(left) and len(left) == len(rows) - 2
    assert_gone(download(beside, first))
    assert act(beside, "GET", "/users/@user02:example.org/media")["total"] == 1


def test_quarantine(beside):
    content = png(2)
    media_id = upload(beside, content)
    assert act(beside, "POST", f"/media/quarantine/example.org/{media_id}") == {}
    assert_gone(download(beside, media_id))
    assert (folder_of(beside, content, "quarantine") / "file").read_bytes() == content
    again = beside.homeserver.ask("POST", UPLOAD, "user03", content)
    assert again.status == 400, "the same cannot be uploaded"
    assert_gone(download(beside, media_id))
    row = act(beside, "GET", "/users/@user01:example.org/media?limit=1")["media"][0]
    assert (row["media_id"], row["quarantined_by"], row["upload_name"]) == (media_id, "@admin:example.org", "a name")

    assert act(beside, "POST", f"/media/unquarantine/example.org/{media_id}") == {}
    assert download(beside, media_id).body == content
    assert not folder_of(beside, content, "quarantine").exists()
    upload(beside, content, "user03")


@pytest.mark.parametrize("kind", [pytest.param("real", marks=pytest.mark.real)])  # the stand-in makes none
def test_thumbnails(beside):
    content, query = png(3), "?width=32&height=32&method=crop"
    media_id = upload(beside, content)
    wait_until(lambda: len(os.listdir(folder_of(beside, content))) > 1)
    answer = download(beside, media_id, "thumbnail", query)
    assert answer.status == 200
    path = f"/_matrix/client/v1/media/thumbnail/example.org/{media_id}{query}"
    assert beside.ask("GET", path, "user03").body == answer.body != content
    act(beside, "POST", f"/media/quarantine/example.org/{media_id}")
    assert_gone(download(beside, media_id, "thumbnail", query))
    act(beside, "POST", f"/media/unquarantine/example.org/{media_id}")
    assert download(beside, media_id, "thumbnail", query).status == 200
    act(beside, "DELETE", f"/media/example.org/{media_id}")
    assert_gone(download(beside, media_id, "thumbnail", query))
    assert not folder_of(beside, content).exists()


def test_uploaded_again(beside):
    """What is deleted can be uploaded again, as new media."""
    content = png(4)
    first = upload(beside, content)
    act(beside, "DELETE", f"/media/example.org/{first}")
    second = upload(beside, content)
    assert second != first and download(beside, second).body == content
    assert act(beside, "GET", f"/media/example.org/{second}")["media_info"]["user_id"] == "@user01:example.org"
    assert beside.ask("GET", f"{ADMIN}/media/example.org/{first}", "admin").status == 404
    beside.homeserver.stop()
    beside.service.command("apply")
    beside.homeserver.start()
    assert_gone(download(beside, first))
    assert download(beside, second).body == content


def test_old(beside):
    """An avatar stays, and what is protected; the runner sees what comes without being asked."""
    avatar = beside.folder.select("avatar_url FROM userapi_profiles WHERE localpart = 'user00'")[0][0].rpartition("/")[2]
    kept = upload(beside, png(5))
    gone = upload(beside, png(6))
    wait_until(lambda: act(beside, "GET", "/users/@user01:example.org/media")["total"] == 4)
    act(beside, "POST", f"/media/protect/{kept}")
    before = 4102444800000
    deleted = act(beside, "POST", f"/media/delete?before_ts={before}")["deleted_media"]
    assert gone in deleted and len(deleted) == 5 and not {avatar, kept} & set(deleted)
    assert download(beside, avatar).status == 200 and download(beside, kept).status == 200
    assert_gone(download(beside, gone))
    assert act(beside, "POST", f"/media/delete?before_ts={before}&keep_profiles=false")["deleted_media"] == [avatar]


def test_no_right_to_write(beside):
    """Nothing is decided that could not be done."""
    media = beside.folder.path / "media"
    media.rename(beside.folder.path / "elsewhere")
    try:
        known = beside.folder.select("media_id FROM mediaapi_media_repository")[0][0]
        for method, path in [("DELETE", f"/media/example.org/{known}"),
                             ("POST", f"/media/quarantine/example.org/{known}")]:
            answer = beside.ask(method, ADMIN + path, "admin")
            assert answer.status == 404 and answer.json()["errcode"] == "M_UNRECOGNIZED"
            assert "media store" in answer.json()["error"]
    finally:
        (beside.folder.path / "elsewhere").rename(media)
    assert beside.service.command("deferred", "list") == ""
    assert act(beside, "GET", f"/media/example.org/{known}")["media_info"]["quarantined_by"] is None


def test_mxadmin_sends_files(beside):
    """On a host of its own it reads what the homeserver has stored; it stores nothing itself."""
    def get(media_id, query="", user="user02", kind="download"):
        return beside.ask("GET", f"/_matrix/client/v1/media/{kind}/example.org/{media_id}{query}", user)

    content, bypass = png(8), "?admin_unsafely_bypass_quarantine=true"
    first, second = upload(beside, content), upload(beside, content, "user02")
    assert get(first).body == content
    assert get(first, "/?width=1000&height=1000", kind="thumbnail").status == 404, "a thumbnail has no other name"
    assert get(first, "?width=1000&height=1000", kind="thumbnail").body == content
    act(beside, "POST", f"/media/quarantine/example.org/{first}")
    assert_gone(get(first))
    assert_gone(get(second, user="admin"))
    assert get(second, bypass, "admin").body == content
    assert get(second, bypass).status == 400
    act(beside, "POST", f"/media/unquarantine/example.org/{first}")
    act(beside, "DELETE", f"/media/example.org/{first}")
    assert_gone(get(first))
    assert get(second).body == content
    answer = beside.ask("POST", UPLOAD, "user01", content)
    assert (answer.status, answer.json()["errcode"]) == (404, "M_UNRECOGNIZED")
