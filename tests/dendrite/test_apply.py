# SPDX-License-Identifier: ISC
"""`mxadmin apply` and `mxadmin deferred`: what waits is made while Dendrite is down, and then only, whatever happens."""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import pytest
import yaml

import shared  # noqa: F401, it knows the folders of what is shared with other tests

import attached
from folder import Folder
from fronts import free_port
from homeserver import LOGIN
from real import Dendrite
from service import MXADMIN
from stand_in import StandIn

KINDS = [(files, journal) for files in ("one", "split") for journal in ("delete", "wal")]
MEDIA = "SELECT media_origin || '/' || media_id FROM mediaapi_media_repository ORDER BY media_id LIMIT 1"
# Whether mxadmin can tell who has a file open, which takes root outside of containers.
SEES_ALL = os.geteuid() == 0 and os.stat("/proc/self/ns/pid").st_ino == 0xEFFFFFFC


class Beside:
    """mxadmin's own configuration and file, beside Dendrite's folder."""

    def __init__(self, folder, port=None):
        self.folder = folder
        self.holder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.path = pathlib.Path(self.holder.name)
        self.database = self.path / "mxadmin.db"
        self.config_file = self.path / "mxadmin.yaml"
        self.config_file.write_text(yaml.safe_dump({
            "database": "mxadmin.db", "listen": f"unix:{self.path}/mxadmin.sock", "workers": 2,
            "homeserver": {"kind": "dendrite", "config": str(folder.config_file),
                           "url": "http://127.0.0.1:%d" % (port or free_port())}}))
        self.config_file.chmod(0o600)
        self.run("init", check=True)

    def run(self, *words, check=False, before=()):
        result = subprocess.run([*before, MXADMIN, "-c", str(self.config_file), *words], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        assert not check or result.returncode == 0, result.stderr
        return result

    def queue(self, kind, target, parameters):
        with sqlite3.connect(self.database) as database:
            database.execute("INSERT INTO mxadmin_deferred (kind, target, parameters, actor, created_ts)"
                             " VALUES (?, ?, ?, 'admin', 1700000000000)", [kind, target, json.dumps(parameters)])
        database.close()

    def waiting(self):
        return json.loads(self.run("deferred", "list", "--json", check=True).stdout)

    def close(self):
        self.holder.cleanup()
        self.folder.close()


@pytest.fixture(params=KINDS, ids="-".join)
def beside(request):
    beside = Beside(Folder(files=request.param[0], journal=request.param[1]))
    write(beside.folder, "UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'user03'")
    write(beside.folder, "INSERT INTO userapi_threepids VALUES ('old@example.org', 'email', 'user04', 'example.org')")
    yield beside
    beside.close()


def write(folder, sql):
    """Changes something in the one file that has the table."""
    table = sql.split()[1 if sql.startswith("UPDATE") else 2]
    for path in folder.databases:
        with sqlite3.connect(path) as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
                database.execute(sql)
        database.close()


def queue_all(beside):
    """One change of each kind; the texts that `apply` has for them."""
    media = beside.folder.select(MEDIA.removeprefix("SELECT "))[0][0]
    threepids = [{"medium": "email", "address": "new@example.org"}, {"medium": "msisdn", "address": "447470274584"}]
    beside.queue("set_admin", "user01", True)
    beside.queue("set_admin", "admin", False)
    beside.queue("reactivate", "user03", None)
    beside.queue("set_threepids", "user04", threepids)
    beside.queue("delete_media", media, None)
    bounds = {"uses_allowed": 7, "expiry_time": None}
    beside.queue("set_registration_token", "welcome", bounds)
    return ["    1  set_admin user01 true", "    2  set_admin admin false", "    3  reactivate user03",
            "    4  set_threepids user04 %s" % json.dumps(threepids), "    5  delete_media " + media,
            "    6  set_registration_token welcome %s" % json.dumps(bounds)]


def state(folder, media):
    """What the six changes are about."""
    origin, media_id = media.split("/")
    return [folder.select("account_type FROM userapi_accounts WHERE localpart IN ('admin', 'user01') ORDER BY localpart"),
            folder.select("is_deactivated FROM userapi_accounts WHERE localpart = 'user03'"),
            folder.select("medium, threepid FROM userapi_threepids WHERE localpart = 'user04' ORDER BY medium"),
            folder.select("COUNT(*) FROM mediaapi_media_repository WHERE media_origin = ? AND media_id = ?",
                          origin, media_id),
            folder.select("COUNT(*) FROM mediaapi_thumbnail WHERE media_origin = ? AND media_id = ?", origin, media_id),
            folder.select("uses_allowed, expiry_time FROM userapi_registration_tokens WHERE token = 'welcome'")]


MADE = [[(1,), (3,)], [(0,)], [("email", "new@example.org"), ("msisdn", "447470274584")], [(0,)], [(0,)], [(7, None)]]


QUEUED = 6


def others(folder):
    """Everything in the files that no change is about."""
    about = ("userapi_accounts", "userapi_threepids", "userapi_registration_tokens", "mediaapi_", "sqlite_")
    rows = {}
    for path in folder.databases:
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for table, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not table.startswith(about):
                rows[path.name, table] = database.execute(f'SELECT * FROM "{table}"').fetchall()
        database.close()
    return rows


def test_makes_what_waits(beside):
    texts, before, journal = queue_all(beside), others(beside.folder), journals(beside.folder)
    media = texts[4].split()[-1]
    result = beside.run("apply", check=True)
    assert (result.stdout.splitlines(), result.stderr) == ([text + ": done" for text in texts], "")
    assert state(beside.folder, media) == MADE
    assert others(beside.folder) == before
    assert journals(beside.folder) == journal
    assert beside.waiting() == []
    assert beside.run("apply", check=True).stdout == ""


def test_one_file_by_two_names():
    beside = Beside(Folder())
    config = yaml.safe_load(beside.folder.config_file.read_text())
    config["user_api"]["account_database"]["connection_string"] = "file:./" + beside.folder.databases[0].name
    beside.folder.config_file.write_text(yaml.safe_dump(config))
    beside.queue("set_admin", "user01", True)
    beside.run("apply", check=True)
    assert beside.folder.select("account_type FROM userapi_accounts WHERE localpart = 'user01'") == [(3,)]
    beside.close()


def journals(folder):
    """The journal mode of each file, and what lies beside it."""
    modes = []
    for path in folder.databases:
        database = sqlite3.connect(path)
        modes.append(database.execute("PRAGMA journal_mode").fetchone())
        database.close()
    return modes, sorted(path.name for path in folder.path.glob("*.db-*"))


def contents(folder):
    """The bytes of the files; a log that nothing stands in comes and goes with who opens them."""
    return {name: content for name, content in folder.contents().items() if content}


def test_nothing_waits(beside):
    before = contents(beside.folder)
    result = beside.run("apply", check=True)
    assert (result.stdout, result.stderr) == ("", "")
    assert contents(beside.folder) == before


def test_dry_run(beside):
    texts, before, waiting = queue_all(beside), contents(beside.folder), beside.waiting()
    result = beside.run("apply", "--dry-run", check=True)
    assert result.stdout.splitlines() == [text + ": would be done" for text in texts]
    assert contents(beside.folder) == before
    assert beside.waiting() == waiting


def refused(beside, said):
    """Nothing is changed, neither in Dendrite's files nor in what waits."""
    waiting, before = beside.waiting(), contents(beside.folder)
    result = beside.run("apply")
    assert (result.returncode, result.stdout) == (1, "")
    assert "mxadmin: apply: nothing was changed: " in result.stderr and said in result.stderr, result.stderr
    assert contents(beside.folder) == before
    assert beside.waiting() == waiting


def test_refuses_while_the_url_answers():
    stand_in = StandIn(Folder()).start()
    beside = Beside(stand_in.folder, stand_in.port)
    beside.queue("set_admin", "user01", True)
    refused(beside, stand_in.url + " takes connections: stop Dendrite")
    result = beside.run("apply", "--dry-run")
    assert result.returncode == 1 and "it could not be done now: " in result.stderr
    stand_in.stop()
    beside.run("apply", check=True)
    assert stand_in.ask is not None and beside.waiting() == []
    beside.close()


HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("SELECT COUNT(*) FROM sqlite_master").fetchall()
for sql in sys.argv[2:]:
    database.execute(sql)
print(flush=True)
sys.stdin.read()
"""


class Holder:
    """Another process that has one of the files open, and is named as it is told."""

    def __init__(self, path, *statements, name="dendrite"):
        self.folder = tempfile.TemporaryDirectory(prefix="mxadmin-")
        program = os.path.join(self.folder.name, name)
        shutil.copy(os.path.realpath(sys.executable), program)
        self.process = subprocess.Popen([program, "-c", HOLDER, str(path), *statements], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env={**os.environ, "PYTHONHOME": sys.base_prefix})
        self.process.stdout.readline()

    def end(self):
        self.process.communicate()
        self.folder.cleanup()


def test_refuses_while_a_process_has_a_file_open(beside):
    """One that holds no lock and answers nowhere, as a Dendrite does that is just starting."""
    queue_all(beside)
    holder = Holder(beside.folder.databases[-1])
    refused(beside, "process %d, dendrite, has %s open" % (holder.process.pid, beside.folder.databases[-1]))
    holder.end()
    beside.run("apply", check=True)


def test_refuses_while_a_file_is_locked(beside):
    """By a process that looks like one of our own, so that only the lock tells."""
    queue_all(beside)
    holder = Holder(beside.folder.databases[-1], "BEGIN IMMEDIATE", name=os.path.basename(MXADMIN))
    refused(beside, "another process has")
    holder.end()
    beside.run("apply", check=True)


def test_beside_our_own_pool(beside):
    """Which goes on reading while Dendrite is down."""
    queue_all(beside)
    pool = subprocess.Popen([MXADMIN, "-c", str(beside.config_file), "serve"], stdin=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    while not has_open(pool.pid, beside.folder.databases[0]):
        assert pool.poll() is None
        time.sleep(0.02)
    if SEES_ALL or journals(beside.folder)[0][0] != ("wal",):
        assert beside.run("apply", check=True).stdout.count(": done\n") == QUEUED
    else:
        refused(beside, "can only be told by root")
    pool.send_signal(signal.SIGTERM)
    assert pool.wait(60) == 0


def has_open(supervisor, path):
    """Whether a worker has the file open."""
    with open(f"/proc/{supervisor}/task/{supervisor}/children") as file:
        workers = file.read().split()
    for worker in workers:
        for number in os.listdir(f"/proc/{worker}/fd"):
            try:
                if os.readlink(f"/proc/{worker}/fd/{number}") == str(path):
                    return True
            except FileNotFoundError:
                pass
    return False


def copy(paths, to):
    to.mkdir()
    return [shutil.copy(path, to / path.name) for path in paths]


def test_cut_off_before_it_forgets(beside, tmp_path):
    """Dendrite's files are done, ours is not, or only some of Dendrite's are: again, and all is as it should be."""
    media = queue_all(beside)[4].split()[-1]
    ours = copy([beside.database], tmp_path / "ours")[0]
    first = copy(beside.folder.databases[:1], tmp_path / "theirs")[0]
    for unmade in (None, first):
        beside.run("apply", check=True)
        shutil.copy(ours, beside.database)
        if unmade:
            shutil.copy(unmade, beside.folder.databases[0])
        assert len(beside.waiting()) == QUEUED
    assert beside.run("apply", check=True).stdout.count(": done\n") == QUEUED
    assert state(beside.folder, media) == MADE
    assert beside.waiting() == []


@pytest.mark.parametrize("beside", [("one", "delete"), ("split", "wal")], ids="-".join, indirect=True)
def test_killed_anywhere(beside, tmp_path):
    """At each of its steps to the disk: again, and all is as if it had never been."""
    media = queue_all(beside)[4].split()[-1]
    files = [beside.database, *beside.folder.databases]
    before = copy(files, tmp_path / "before")
    step, killed = 0, True
    while killed:
        step += 1
        for path, old in zip(files, before):
            for left in path.parent.glob(path.name + "-*"):
                left.unlink()
            shutil.copy(old, path)
        result = beside.run("apply", before=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync,unlink",
                                             "-e", "inject=fdatasync,fsync,unlink:signal=KILL:when=%d" % step])
        killed = result.returncode == -signal.SIGKILL
        assert killed or result.returncode == 0, result.stderr
        beside.run("apply", check=True)
        assert state(beside.folder, media) == MADE, step
        others(beside.folder)
    assert beside.waiting() == []
    assert step > 4


def test_what_cannot_be_made_goes_on_waiting(beside):
    beside.queue("set_admin", "nobody", True)
    beside.queue("set_threepids", "user04", "nonsense")
    beside.queue("set_admin", "user01", True)
    result = beside.run("apply")
    assert result.returncode == 1
    assert [line.split(": ", 2)[1:] for line in result.stdout.splitlines()] == [
        ["goes on waiting", 'there is no such user; "mxadmin deferred cancel 1" gives it up'],
        ["goes on waiting", 'its parameters are malformed; "mxadmin deferred cancel 2" gives it up'],
        ["done"]]
    assert [change["id"] for change in beside.waiting()] == [1, 2]
    assert beside.folder.select("COUNT(*) FROM userapi_threepids WHERE threepid = 'old@example.org'") == [(1,)]
    beside.run("deferred", "cancel", "1", check=True)
    beside.run("deferred", "cancel", "2", check=True)
    assert beside.run("apply", check=True).stdout == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="this user can be nobody else")
def test_owners_stay_and_others_are_refused(beside):
    """As root, beside a pool whose user, like Dendrite's, is another; and as somebody who owns neither."""
    queue_all(beside)
    for path, owner in [(beside.path, 3), (beside.folder.path, 1)]:  # sys and daemon
        os.chmod(path, 0o755)
        for file in [path, *path.iterdir()]:
            os.chown(file, owner, owner)
    for path in (beside.config_file, beside.database, beside.folder.config_file, *beside.folder.databases):
        os.chmod(path, 0o644)
    os.chmod(beside.folder.path / "mxadmin-registration.yaml", 0o644)
    program = shutil.copy(MXADMIN, beside.folder.path)
    result = subprocess.run([program, "-c", str(beside.config_file), "apply"], user=3, group=3, extra_groups=[],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and "is another user's: do it as that user, or as root" in result.stderr, result
    os.unlink(program)
    beside.run("apply", check=True)
    assert {path.stat().st_uid for path in beside.folder.path.glob("*.db*")} == {1}
    assert {path.stat().st_uid for path in beside.path.glob("mxadmin.db*")} == {3}


def test_list_and_cancel():
    beside = Beside(Folder())
    texts = queue_all(beside)
    assert beside.run("deferred", "list", check=True).stdout.splitlines() == texts
    assert beside.waiting()[1] == {"id": 2, "kind": "set_admin", "target": "admin", "parameters": False,
                                   "actor": "admin", "created_ts": 1700000000000}
    for operand in ("9", "0", "-1", "1x", "", "99999999999999999999"):
        result = beside.run("deferred", "cancel", "--", operand)
        assert result.returncode == 1 and ("no such change" in result.stderr or "shows the numbers" in result.stderr)
    beside.run("deferred", "cancel", "2", check=True)
    assert [change["id"] for change in beside.waiting()] == [1, 3, 4, 5, 6]
    beside.close()


def test_a_target_is_safe_for_a_terminal():
    beside = Beside(Folder())
    beside.queue("delete_media", "example.org/\x1b[2J", None)
    assert "\x1b" not in beside.run("deferred", "list", check=True).stdout + beside.run("apply", check=True).stdout
    beside.close()


def test_there_is_no_configuration(tmp_path):
    result = subprocess.run([MXADMIN, "-c", str(tmp_path / "mxadmin.yaml"), "apply"], stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and "cannot be read" in result.stderr


def test_standalone_has_nothing_to_apply(tmp_path):
    config = tmp_path / "mxadmin.yaml"
    config.write_text("server_name: example.org\ndatabase: mxadmin.db\nsigning_key: key.pem\n")
    result = subprocess.run([MXADMIN, "-c", str(config), "apply"], stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and "homeserver.kind is not dendrite" in result.stderr


@pytest.mark.real
@pytest.mark.parametrize("files, journal", KINDS)
def test_dendrite_takes_it_for_its_own(files, journal):
    """Promoted and reactivated through mxadmin: after the next start Dendrite itself thinks so."""
    dendrite = Dendrite(Folder(files=files, journal=journal)).start()
    beside = Beside(dendrite.folder, dendrite.port)
    whois = "/_matrix/client/v3/admin/whois/@admin:example.org"
    assert dendrite.ask("GET", whois, "user01").status == 403
    beside.run("account", "promote", "user01", check=True)
    assert beside.run("apply").returncode == 1
    dendrite.stop()
    assert beside.run("apply", check=True).stdout.count(": done\n") == 1
    dendrite.start()
    assert dendrite.ask("GET", whois, "user01").status == 200
    assert dendrite.hurt() == []
    dendrite.stop()
    beside.close()


@pytest.mark.real
def test_what_was_asked_of_the_api_is_dendrites_after_it():
    """With the service going on all the while; the deactivation was Dendrite's own."""
    dendrite = Dendrite(Folder(journal="wal")).start()
    user, password = "@user07:example.org", "another password"
    path = "/_synapse/admin/v2/users/" + user
    login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "user07"}, "password": password}
    with attached.Beside(dendrite) as beside:
        assert beside.ask("POST", "/_synapse/admin/v1/deactivate/" + user, "admin", {}).status == 200
        wanted = {"deactivated": False, "password": password, "admin": True,
                  "threepids": [{"medium": "email", "address": "seven@example.org"}]}
        answer = beside.ask("PUT", path, "admin", wanted)
        assert answer.status == 200, answer
        assert sorted(answer.json()["pending"]) == ["reactivate", "set_admin", "set_threepids"]
        assert dendrite.ask("POST", LOGIN, None, login).status == 403
        dendrite.stop()
        applied = subprocess.run([MXADMIN, "-c", beside.service.config_file, "apply"], stdout=subprocess.PIPE, text=True)
        if SEES_ALL:
            assert (applied.returncode, applied.stdout.count(": done\n")) == (0, 3)
            dendrite.start()
            session = dendrite.ask("POST", LOGIN, None, login)
            assert session.status == 200, session
            shown = beside.ask("GET", path, "admin").json()
            assert "pending" not in shown and shown["admin"] and not shown["deactivated"]
            assert [row["address"] for row in shown["threepids"]] == ["seven@example.org"]
            whois = "/_matrix/client/v3/admin/whois/@admin:example.org"
            assert dendrite.ask("GET", whois, session.json()["access_token"]).status == 200
    assert dendrite.hurt() == []
    dendrite.close()
