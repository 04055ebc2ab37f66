# SPDX-License-Identifier: ISC
"""mxadmin attach: each run takes the next step, and no file of Dendrite's is changed."""
import os
import re

import pytest
import yaml

from installation import Installation

FILES = [("one", "delete"), ("one", "wal"), ("split", "delete"), ("split", "wal")]


def register(homeserver):
    """What the operator does with the lines that are printed for dendrite.yaml."""
    folder = homeserver.folder
    registration = folder.path / "mxadmin-registration.yaml"
    config = yaml.safe_load(folder.config_file.read_text())
    config["app_service_api"] = {"config_files": [str(registration)]}
    folder.config_file.write_text(yaml.safe_dump(config))
    folder.as_token = folder.tokens["service"] = yaml.safe_load(registration.read_text())["as_token"]


def restart(homeserver):
    homeserver.stop()
    homeserver.start()


@pytest.mark.parametrize("files, journal", FILES)
def test_step_by_step(make_homeserver, tmp_path, files, journal):
    homeserver = make_homeserver(files=files, journal=journal, registered=False)
    installation = Installation(homeserver, tmp_path)
    theirs = homeserver.folder.config_file
    registration = homeserver.folder.path / "mxadmin-registration.yaml"
    before = theirs.read_text()

    # There is no configuration of mxadmin's yet.
    said = installation.must("attach", "--config", theirs)
    assert f"registration {registration}: created" in said
    assert f"config_files:\n    - {registration}\n" in said and f"config: {theirs}\n" in said
    assert registration.stat().st_mode & 0o777 == 0o600
    first = registration.read_text()
    content = yaml.safe_load(first)
    tokens = [content.pop("as_token"), content.pop("hs_token")]
    assert len(set(tokens)) == 2 and all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
    assert content.pop("sender_localpart").startswith("_")
    assert content == {"id": "mxadmin", "url": "", "rate_limited": False, "namespaces": {
        "users": [{"exclusive": False, "regex": r"@.*:example\.org"}], "aliases": [], "rooms": []}}

    # Nothing was done meanwhile.
    assert "exists, kept" in installation.must("attach", "--config", theirs)
    assert registration.read_text() == first
    assert theirs.read_text() == before

    # The lines that are printed are what is wanted, wherever they are put.
    lines = re.search(r"(homeserver:\n(?:  .*\n)+)", said).group(1)
    assert yaml.safe_load(lines)["homeserver"]["kind"] == "dendrite"
    installation.configure()
    said = installation.must("attach", "--config", theirs)
    assert "mxadmin's configuration" not in said and "restart Dendrite" in said

    # Dendrite has the lines, and was not restarted.
    register(homeserver)
    result = installation.run("attach")
    assert result.returncode == 1
    assert "mxadmin: attach: Dendrite does not know mxadmin yet: restart it" in result.stderr
    assert "Dendrite's configuration names it" in result.stdout

    restart(homeserver)
    installation.configure()
    for _ in range(2):
        said = installation.must("attach", "--config", theirs)
        assert "accepts it" in said and "service account @mxadmin-service:example.org: is there" in said
    assert homeserver.folder.select("account_type FROM userapi_accounts WHERE localpart = 'mxadmin-service'") == [(3,)]
    assert installation.database.stat().st_mode & 0o777 == 0o600
    assert registration.read_text() == first
    assert tokens[0] not in said


def test_what_it_needs(make_homeserver, tmp_path):
    installation = Installation(make_homeserver(registered=False), tmp_path)
    result = installation.run("attach")
    assert result.returncode == 1 and "--config says where" in result.stderr

    result = installation.run("attach", "--config", tmp_path / "missing.yaml")
    assert result.returncode == 1 and "No such file" in result.stderr

    installation.configure()
    other = tmp_path / "dendrite.yaml"
    other.write_text(installation.homeserver.folder.config_file.read_text())
    result = installation.run("attach", "--config", other)
    assert result.returncode == 1 and "homeserver.config is another one" in result.stderr
    assert not list(tmp_path.glob("*registration*"))


def test_postgresql(make_homeserver, tmp_path):
    installation = Installation(make_homeserver(registered=False), tmp_path)
    theirs = tmp_path / "dendrite.yaml"
    config = yaml.safe_load(installation.homeserver.folder.config_file.read_text())
    config["user_api"]["account_database"]["connection_string"] = "postgresql://dendrite:s3cret@localhost/dendrite"
    theirs.write_text(yaml.safe_dump(config))
    result = installation.run("attach", "--config", theirs)
    assert result.returncode == 1
    assert "PostgreSQL is not supported yet" in result.stderr and "s3cret" not in result.stderr
    assert not list(tmp_path.glob("*registration*"))


def test_registration_for_a_group(make_homeserver, tmp_path):
    """Where Dendrite reads its configuration as one of a group, it reads this as well."""
    homeserver = make_homeserver(registered=False)
    homeserver.folder.config_file.chmod(0o640)
    Installation(homeserver, tmp_path).must("attach", "--config", homeserver.folder.config_file)
    registration = homeserver.folder.path / "mxadmin-registration.yaml"
    status, theirs = registration.stat(), homeserver.folder.config_file.stat()
    assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == (0o640, theirs.st_uid, theirs.st_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="this user can be nobody else")
def test_registration_for_dendrites_user(make_homeserver, tmp_path):
    """Who can read its configuration as everybody can, and could not be started again otherwise."""
    homeserver = make_homeserver(registered=False)
    homeserver.folder.config_file.chmod(0o644)
    for path in homeserver.folder.databases:
        os.chown(path, 1, 1)  # daemon
    Installation(homeserver, tmp_path).must("attach", "--config", homeserver.folder.config_file)
    status = (homeserver.folder.path / "mxadmin-registration.yaml").stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o600, 1)


def test_a_name_that_is_taken(make_homeserver, tmp_path):
    homeserver = make_homeserver()
    answer = homeserver.ask("POST", "/_matrix/client/v3/register", "service",
                            {"type": "m.login.application_service", "username": "mxadmin-service"})
    assert answer.status == 200, answer
    installation = Installation(homeserver, tmp_path)
    installation.configure()
    result = installation.run("attach")
    assert result.returncode == 1
    assert "mxadmin-service is there, but it is no admin" in result.stderr
