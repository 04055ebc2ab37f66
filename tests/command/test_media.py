# SPDX-License-Identifier: ISC
"""mxadmin media: what is listed, what goes, and what the comparison with the files finds."""
import json
import os
import pty
import shutil
import sqlite3
import subprocess
import tarfile

import pytest

from conftest import MXADMIN, ROOT, environment

HASHES = {"m0": ("brDN-w0gslWgXMGGPlVyvMMoO7UNgsMlPJnYl1VQusA", 350), "m1": ("C4qTEeaxbNIojoWWgMh6fa7pRErGWqf5bbKfAfLF4u0", 700),
          "m2": ("w9LBU7S2EQpd7-JnfjHlzI1lsqVk_skyUPch1enWW78", 1050), "m3": ("sUbhkK6YUZkpsANYPuP4ifcep17K8bYYdQdyyDjJvi4", 1400),
          "r4": ("cj_7zi6IJzds5ncqHZK6kV_NJ_gkbtKCWt-ojYgk30I", 1750)}
DAY = 86400000
BEGINNING = 1577836800000  # 2020-01-01


@pytest.fixture
def store(homeserver):
    """Five files of a day each; the last is another server's, and m2 is alice's avatar."""
    with tarfile.open(ROOT / "tests/fixture/media.tar.gz") as archive:
        archive.extractall(homeserver.folder)
    homeserver.configure(media_path="media")
    homeserver.create("alice")
    rows = [(name, "other.org" if name == "r4" else "example.org", "text/plain", size, BEGINNING + day * DAY, "a%20name", hash,
             "" if name == "r4" else "@alice:example.org") for day, (name, (hash, size)) in enumerate(HASHES.items())]
    with sqlite3.connect(homeserver.database) as database:
        database.executemany("INSERT INTO mediaapi_media_repository VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.execute("UPDATE userapi_profiles SET avatar_url = 'mxc://example.org/m2' WHERE localpart = 'alice'")
    return homeserver


def place(store, name):
    hash = HASHES[name][0]
    return store.folder / "media" / hash[0] / hash[1] / hash[2:]


def names(store):
    return [row[0] for row in store.query("SELECT media_id FROM mediaapi_media_repository ORDER BY media_id")]


def test_list(store):
    lines = store.must("media", "list").splitlines()
    assert lines[0] == "mxc://example.org/m0  2020-01-01T00:00:00Z  350  text/plain  @alice:example.org"
    assert lines[4] == "mxc://other.org/r4  2020-01-05T00:00:00Z  1750  text/plain  -" and len(lines) == 5
    assert len(store.must("media", "list", "--by", "alice").splitlines()) == 4
    assert store.must("media", "list", "--by", "@bob:example.org") == ""
    row = json.loads(store.must("media", "list", "--json"))[1]
    assert (row["media_id"], row["size"], row["created_ts"], row["protected"]) == ("m1", 700, BEGINNING + DAY, False)


def test_list_as_json_of_what_is_no_utf8(store):
    """Another server says what it likes of a type, and of a name."""
    with sqlite3.connect(store.database) as database:
        database.execute("UPDATE mediaapi_media_repository SET content_type = CAST(x'61ff' AS TEXT),"
                         " upload_name = CAST(x'fe62' AS TEXT) WHERE media_id = 'r4'")
    row = json.loads(store.must("media", "list", "--json"))[4]
    assert (row["type"], row["upload_name"]) == ("a?", "?b")


def test_list_is_safe_for_a_terminal(store):
    with sqlite3.connect(store.database) as database:
        database.execute("UPDATE mediaapi_media_repository SET content_type = 'a\x1b[2Jb' WHERE media_id = 'm0'")
    assert "a?[2Jb" in store.must("media", "list")


@pytest.mark.parametrize("options, gone, said", [
    (["--before", "2020-01-03"], ["m0", "m1"], "2 media deleted, 1.0 KiB\n"),
    (["--before", "2020-01-02T00:00:01Z", "--larger", "350"], ["m1"], "1 media deleted, 700 bytes\n"),
    (["--before", "2030-01-01"], ["m0", "m1", "m3"], "3 media deleted, 2.4 KiB\n"),
    (["--before", "2030-01-01", "--avatars"], ["m0", "m1", "m2", "m3"], "4 media deleted, 3.4 KiB\n"),
    (["--before", "2030-01-01", "--remote"], ["r4"], "1 media deleted, 1.7 KiB\n"),
    (["--before", "2019-01-01"], [], "0 media deleted, 0 bytes\n"),
])
def test_purge(store, options, gone, said):
    assert store.must("media", "purge", *options, "--dry-run") == said.replace("deleted", "would be deleted")
    assert names(store) == list(HASHES)
    assert store.must("media", "purge", *options) == said
    assert names(store) == [name for name in HASHES if name not in gone]
    assert [name for name in HASHES if not place(store, name).exists()] == gone
    assert store.must("media", "check").startswith(f"{5 - len(gone)} media, {5 - len(gone)} files, ")
    audit = json.loads(store.must("audit", "--route", "media purge", "--json"))
    assert len(audit) == bool(gone) and all(row["outcome"] == 200 for row in audit)


def test_purge_counts_a_file_once(store):
    with sqlite3.connect(store.database) as database:
        for origin in ("example.org", "other.org"):
            database.execute("INSERT INTO mediaapi_media_repository SELECT 'again', ?, content_type, file_size_bytes,"
                             " creation_ts, '', base64hash, '' FROM mediaapi_media_repository WHERE media_id = 'm0'", [origin])
    assert store.must("media", "purge", "--before", "2020-01-02") == "2 media deleted, 0 bytes\n"
    assert store.must("media", "purge", "--before", "2020-01-02", "--remote") == "1 media deleted, 350 bytes\n"


@pytest.mark.parametrize("options, code, said", [
    ([], 2, "--before says how old"),
    (["--before", "yesterday"], 2, "--before is no time"),
    (["--before", "2020-01-01", "--larger", "many"], 2, "--larger"),
])
def test_purge_refuses(store, options, code, said):
    result = store.run("media", "purge", *options)
    assert (result.returncode, said in result.stderr.decode()) == (code, True), result.stderr


def test_purge_draws_a_bar(store):
    """On a terminal."""
    controller, terminal = pty.openpty()
    subprocess.run([MXADMIN, "-c", store.config, "media", "purge", "--before", "2030-01-01"], stderr=terminal,
                   stdout=subprocess.DEVNULL, env=environment(), check=True, timeout=60)
    os.close(terminal)
    assert b"] 3 of 3" in os.read(controller, 4096)
    os.close(controller)


def test_purge_of_no_store(store):
    shutil.move(store.folder / "media", store.folder / "elsewhere")
    result = store.run("media", "purge", "--before", "2030-01-01")
    assert result.returncode == 1 and names(store) == list(HASHES)


def orphan(store):
    shutil.copytree(place(store, "m0"), store.folder / "media/x/y/z")


def move_aside(store):
    (store.folder / "media/mxadmin/quarantine").mkdir(parents=True)
    place(store, "m0").rename(store.folder / "media/mxadmin/quarantine" / HASHES["m0"][0])


def quarantine(store):
    store.must("media", "check")
    with sqlite3.connect(store.database) as database:
        database.execute("INSERT INTO mxadmin_media_quarantine VALUES (?, 'a', 1)", [HASHES["m0"][0]])


@pytest.mark.parametrize("spoil, said", [
    (lambda store: None, None),
    (lambda store: shutil.rmtree(place(store, "m1")), f"mxc://example.org/m1: its file {HASHES['m1'][0]} is missing"),
    (lambda store: (place(store, "m1") / "file").unlink(), f"mxc://example.org/m1: its file {HASHES['m1'][0]} is missing"),
    (lambda store: (place(store, "m1") / "file").write_text("short"),
     f"mxc://example.org/m1: its file {HASHES['m1'][0]} has 5 bytes instead of 700"),
    (orphan, "xyz: no media has this file"),
    (move_aside, f"mxc://example.org/m0: is not in quarantine, and its file {HASHES['m0'][0]} is"),
    (quarantine, f"mxc://example.org/m0: is in quarantine, and its file {HASHES['m0'][0]} is where the homeserver serves it"),
])
def test_check(store, spoil, said):
    spoil(store)
    result = store.run("media", "check")
    lines = result.stdout.decode().splitlines()
    assert (lines[:-1], result.returncode) == ([said] if said else [], 1 if said else 0), result
    assert lines[-1].startswith("5 media, ") and lines[-1].endswith(
        "orphaned: 1 files, 350 bytes" if spoil is orphan else "orphaned: 0 files, 0 bytes")


def test_check_of_no_store(homeserver):
    result = homeserver.run("media", "check")
    assert result.returncode == 1 and "there is no media store" in result.stderr.decode()
