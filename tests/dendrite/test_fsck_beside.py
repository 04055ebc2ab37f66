# SPDX-License-Identifier: ISC
"""mxadmin fsck beside a homeserver, whose files it checks."""
import pytest

from installation import Installation


@pytest.mark.parametrize("files", ["one", "split"])
def test_checks_their_files(make_homeserver, tmp_path, files):
    homeserver = make_homeserver(files=files, journal="wal")
    installation = Installation(homeserver, tmp_path)
    installation.configure()
    installation.must("init")
    said = installation.must("fsck")
    events, = homeserver.folder.select("COUNT(*) FROM roomserver_events")[0]
    assert f"{events} events" in said
    assert "error" not in said.replace("0 errors", "")


def test_does_not_hold_up_a_running_one(make_homeserver, tmp_path):
    homeserver = make_homeserver(journal="delete")
    installation = Installation(homeserver, tmp_path)
    installation.configure()
    installation.must("init")
    result = installation.run("fsck")
    assert result.returncode == 1
    assert "would stop Dendrite" in result.stderr and "stop Dendrite" in result.stderr
    homeserver.stop()
    assert installation.run("fsck").returncode == 0
