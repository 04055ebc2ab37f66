# SPDX-License-Identifier: ISC
"""After `mxadmin handover` a real Dendrite starts on what is left, and mxadmin beside it."""
import json
import pathlib
import re
import subprocess
import tempfile
import types

import pytest
import yaml

from shared import FIXTURE

from fronts import Nginx
from real import Dendrite
from service import MXADMIN, Service

pytestmark = pytest.mark.real


def merge(into, other):
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def dendrite_config(lines):
    """As an operator makes it: that of a new Dendrite, with the lines that were printed."""
    config = yaml.safe_load((FIXTURE / "dendrite.yaml").read_text())
    config["client_api"].update(registration_disabled=True, rate_limiting={"enabled": False})
    config["global"]["disable_federation"] = True
    merge(config, yaml.safe_load(lines))
    return config


@pytest.fixture
def handed_over():
    service = Service({"password_hash": "bcrypt", "server_notices": {"enabled": True}}, None,
                      {"lobby": {"of": "admin", "joined": ["user"]}})
    data = pathlib.Path(service.data)
    result = subprocess.run([MXADMIN, "-c", service.config_file, "handover", "--to", data / "own.db", "--config",
                             data / "dendrite.yaml"], stdout=subprocess.PIPE, text=True, check=True)
    assert "cannot sign in" not in result.stdout
    config = dendrite_config(re.search("^global:.*?^$", result.stdout, re.M | re.S).group(0))
    (data / "dendrite.yaml").write_text(yaml.safe_dump(config))
    log = tempfile.NamedTemporaryFile(prefix="mxadmin-")
    folder = types.SimpleNamespace(path=data, config_file=data / "dendrite.yaml", databases=[data / "mxadmin.db"],
                                   log_file=pathlib.Path(log.name), tokens=service.tokens,
                                   log=lambda: pathlib.Path(log.name).read_text())
    dendrite = Dendrite(folder).start()
    yield service, dendrite
    dendrite.stop()
    service.close()


def test_its_clients_go_on(handed_over):
    service, dendrite = handed_over
    room = service.rooms["lobby"]
    assert dendrite.ask("POST", "/_matrix/client/v3/login", None, {
        "type": "m.login.password", "identifier": {"type": "m.id.user", "user": "user"},
        "password": "user password"}).status == 200
    sync = dendrite.ask("GET", "/_matrix/client/v3/sync", "user").json()
    assert room in sync["rooms"]["join"]
    sent = dendrite.ask("PUT", f"/_matrix/client/v3/rooms/{room}/send/m.room.message/1", "user",
                        {"msgtype": "m.text", "body": "still here"})
    assert sent.status == 200, sent
    assert dendrite.ask("POST", f"/_matrix/client/v3/rooms/{room}/leave", "user", {}).status == 200
    assert dendrite.ask("POST", f"/_matrix/client/v3/join/{room}", "user", {}).status == 200
    assert dendrite.hurt() == []


def test_mxadmin_is_beside_it(handed_over):
    service, dendrite = handed_over
    path = pathlib.Path(service.config_file)
    path.write_text(path.read_text().replace("http://127.0.0.1:8008", dendrite.url))
    front = Nginx(service).start()
    headers = {"Authorization": "Bearer " + service.tokens["admin"]}
    whois = front.client.ask("GET", "/_matrix/client/v3/admin/whois/@user:example.org", headers)
    assert whois.status == 200 and whois.json()["devices"]
    reset = front.client.ask("POST", "/_dendrite/admin/resetPassword/user", headers,
                             json.dumps({"password": "another password", "logout_devices": False}).encode())
    assert reset.status == 200, reset
    assert dendrite.ask("POST", "/_matrix/client/v3/login", None, {
        "type": "m.login.password", "identifier": {"type": "m.id.user", "user": "user"},
        "password": "another password"}).status == 200
    front.stop()
    assert dendrite.hurt() == []
