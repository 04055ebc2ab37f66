# SPDX-License-Identifier: ISC
"""`make run DENDRITE=… HOMESERVER=…` as an operator uses it, beside a Dendrite that runs."""
import pytest

import shared  # noqa: F401, it knows the folders of what is shared with other tests

from client import Client
from folder import Folder
from make_run import Run, paste
from stand_in import StandIn


@pytest.fixture(scope="module")
def stand_in():
    stand_in = StandIn(Folder()).start()
    yield stand_in
    stand_in.close()


def variables(stand_in, **more):
    return {"DENDRITE": str(stand_in.folder.config_file), "HOMESERVER": stand_in.url, **more}


@pytest.fixture(scope="module")
def run(stand_in, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("run") / "data",
              **variables(stand_in, ADMIN_TOKEN=stand_in.folder.tokens["admin"])).ready()
    yield run
    run.stop()


def test_the_printed_lines_work_when_pasted(run):
    health, whois, versions, foreseen = paste(run.output())
    assert "errcode" not in health
    assert whois["user_id"] == "@admin:example.org" and whois["devices"]
    assert versions["versions"]
    assert foreseen["affected"] and foreseen["dry_run"]


def test_the_host_is_dendrites_but_for_the_admin_api(run, stand_in):
    client = Client(run.port)
    sync = client.ask("GET", "/_matrix/client/v3/capabilities",
                      {"Authorization": "Bearer " + stand_in.folder.tokens["admin"]})
    assert sync.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"  # as Dendrite has it
    ours = client.ask("GET", "/_synapse/admin/v1/server_version")
    assert "HEAD" in ours.headers["access-control-allow-methods"]


def test_an_admin_by_name(tmp_path, stand_in):
    run = Run(tmp_path / "data", **variables(stand_in, ADMIN="admin")).ready()
    assert "The token of @admin:example.org" in run.output()
    assert run.stop() == 143


def test_a_second_run_needs_no_token(tmp_path, stand_in):
    first = Run(tmp_path / "data", **variables(stand_in, ADMIN_TOKEN=stand_in.folder.tokens["admin"])).ready()
    assert first.stop() == 143
    second = Run(tmp_path / "data", **variables(stand_in)).ready()
    assert second.stop() == 143


@pytest.mark.parametrize("more, said", [
    ({}, "who is the admin?"),
    ({"ADMIN_TOKEN": "nobody's"}, "does not know the token of the admin"),
    ({"ADMIN_TOKEN": "user01"}, "the token is not that of an admin"),
    ({"DENDRITE": "nowhere.yaml"}, "there is no nowhere.yaml"),
    ({"HOMESERVER": "https://example.org"}, "HOMESERVER is not http://host:port"),
])
def test_what_is_wrong_is_said(tmp_path, stand_in, more, said):
    more = {name: stand_in.folder.tokens.get(value, value) for name, value in more.items()}
    run = Run(tmp_path / "data", **{**variables(stand_in), **more})
    assert run.process.wait(60) == 1
    assert said in run.output()


@pytest.mark.parametrize("text, attached, said", [
    ("server_name: example.org\n", True, "is of another homeserver"),
    ('homeserver:\n  kind: dendrite\n  config: "/elsewhere.yaml"\n', True, "is of another homeserver"),
    ('homeserver:\n  kind: dendrite\n  config: "/elsewhere.yaml"\n', False, "is of a Dendrite"),
])
def test_a_folder_is_of_one_homeserver(tmp_path, stand_in, text, attached, said):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "mxadmin.yaml").write_text(text)
    run = Run(folder, **(variables(stand_in) if attached else {}))
    assert run.process.wait(60) == 1
    assert said in run.output()
    assert (folder / "mxadmin.yaml").read_text() == text
