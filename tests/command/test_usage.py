# SPDX-License-Identifier: ISC
"""The command line itself: help, versions, what is refused, and where the configuration comes from."""
import os
import re
import subprocess

import pytest

from conftest import MXADMIN, ROOT, environment, run

COMMANDS = ["init", "serve", "work", "attach", "check", "fsck", "sample", "account create", "account password",
            "account promote", "account demote", "account deactivate", "account list", "account token", "room create",
            "room list", "room show", "room join", "room leave", "room make-admin",
            "room extremities", "room purge-empty", "room purge-history", "jobs list",
            "jobs show", "jobs cancel", "media list", "media purge", "media check", "federation list",
            "federation reset", "policy", "audit", "populate", "handover", "apply", "deferred list", "deferred cancel"]


@pytest.mark.parametrize("command", ["", "account", "room", "jobs", "media", "federation", *COMMANDS])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(command, option):
    result = run(*command.split(), option)
    assert result.returncode == 0
    assert result.stdout.decode().startswith("usage: mxadmin [-c FILE] " + command)
    assert result.stderr == b""


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(command, option):
    version = re.search(r"^VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.M).group(1)
    result = run(*command.split(), option)
    assert (result.returncode, result.stdout.decode()) == (0, f"mxadmin {version}\n")


def test_overview_and_manual_name_every_command():
    overview = run("--help").stdout.decode()
    manual = (ROOT / "conf/man/mxadmin.1").read_text()
    assert re.findall(r"^  ([a-z]+(?: [a-z-]+)?) +[a-z]", overview, re.M) == COMMANDS
    for command in COMMANDS:
        assert re.search(rf"^\.It .*Cm {command}\b", manual, re.M), command
        for option in re.findall(r"--([a-z-]+)", run(*command.split(), "--help").stdout.decode()):
            assert f"Fl -{option}" in manual, option


@pytest.mark.parametrize("arguments, said", [
    ([], "usage: mxadmin"),
    (["frobnicate"], "unknown command: frobnicate"),
    (["chek"], 'Did you mean "check"?'),
    (["acount"], 'Did you mean "account"?'),
    (["account", "crate"], 'Did you mean "account create"?'),
    (["account"], "account create"),
    (["a\x1b[31m"], "unknown command: a?[31m"),
    (["account", "create"], "an argument is missing: LOCALPART"),
    (["account", "create", "alice", "bob"], "does not take the argument: bob"),
    (["account", "create", "alice", "--password", "secret word"], "unknown option: --password"),
    (["account", "create", "alice", "--display-name"], "lacks its value: --display-name"),
    (["account", "token", "alice", "--admin"], "does not take the option: admin"),
    (["room", "join", "!a:b"], "--user says who"),
    (["populate", "--users", "many"], "--users is not a number"),
    (["populate", "--users", "0"], "no rooms without users"),
    (["jobs", "show"], "an argument is missing: ID"),
    (["jobs", "list", "--status", "done"], "--status is none of"),
    (["jobs", "list", "--limit", "x"], "--limit is not a number"),
    (["audit", "--since", "yesterday"], "--since is no time"),
    (["audit", "--until", "2026-01-31 "], "--until is no time"),
    (["audit", "--limit", "-1"], "--limit is not a number"),
    (["init", "all"], "does not take the argument: all"),
    (["init", "--json"], "does not take the option: json"),
    (["--frobnicate", "init"], "unknown option: --frobnicate"),
    (["-c"], "lacks its value: -c"),
])
def test_misuse(arguments, said):
    result = run(*arguments)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert result.stdout == b""


@pytest.mark.parametrize("content, said", [
    (None, "mxadmin.yaml"),
    ("server_name: example.org\nfrobnicate: 1\n", "mxadmin.yaml:2: frobnicate"),
    ("server_name: example.org\nworkers: many\n", "mxadmin.yaml:2: workers"),
    ("server_name: [\n", "mxadmin.yaml:"),
    ("", "server_name"),
])
@pytest.mark.parametrize("command", ["init", "serve", "check", "account list", "account token alice"])
def test_faulty_configuration(empty, command, content, said):
    if content is None:
        empty.config.unlink()
    else:
        empty.config.write_text(content)
    result = empty.run(*command.split())
    assert result.returncode == 1
    assert said in result.stderr.decode()
    assert not empty.database.exists() and not empty.key.exists()


def test_configuration_from_the_environment(empty):
    env = environment(MXADMIN_CONFIG=str(empty.config), MXADMIN_DATABASE=str(empty.folder / "other.db"))
    assert run("init", env=env).returncode == 0
    assert (empty.folder / "other.db").exists() and not empty.database.exists()


def test_option_before_and_after_the_command(empty):
    assert run("init", "-c", empty.config).returncode == 0
    assert run("--config", empty.config, "account", "list").returncode == 0
    assert run("account", f"--config={empty.config}", "list").returncode == 0


def test_sample_is_a_configuration(tmp_path):
    """All that it leaves open is the name, and where an unprivileged user may write."""
    config = tmp_path / "mxadmin.yaml"
    config.write_bytes(run("sample").stdout)
    env = environment(MXADMIN_SERVER_NAME="example.org", MXADMIN_DATABASE=str(tmp_path / "mxadmin.db"),
                      MXADMIN_SIGNING_KEY=str(tmp_path / "matrix_key.pem"))
    assert run("-c", config, "init", env=env).returncode == 0
    assert (tmp_path / "mxadmin.db").exists()


def test_lost_output_is_a_failure():
    with open("/dev/full", "wb") as full:
        result = run("sample", stdout=full)
    assert result.returncode == 1
    assert "mxadmin: sample: cannot write to the standard output" in result.stderr.decode()


def test_cgi_has_no_commands(homeserver):
    """A web server may make arguments of the query: "?account+token+alice" must not be one."""
    homeserver.create("alice", "--admin")
    result = run("account", "token", "alice",
                 env=environment(GATEWAY_INTERFACE="CGI/1.1", MXADMIN_CONFIG=str(homeserver.config),
                                 REQUEST_METHOD="GET", REQUEST_URI="/?account+token+alice", SERVER_PROTOCOL="HTTP/1.1",
                                 SCRIPT_NAME="", PATH_INFO="/", QUERY_STRING="account+token+alice"))
    assert result.stdout.startswith(b"Status: 404")
    assert homeserver.tokens("alice") == []


@pytest.mark.parametrize("missing", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_descriptors(homeserver, missing):
    """The database must not come to be descriptor 1 or 2, where messages would be written into it."""
    before = homeserver.dump()
    closing = " ".join(f"{fd}>&-" for fd in missing)
    subprocess.run(["/bin/sh", "-c", f'exec "$0" "$@" {closing}', MXADMIN, "-c", str(homeserver.config),
                    "account", "token", "nobody"], env=environment(), stderr=subprocess.DEVNULL, check=False)
    assert homeserver.dump() == before
    assert os.path.getsize(homeserver.database) % 4096 == 0
