# SPDX-License-Identifier: ISC
"""synadm, unchanged, against the running service."""
import json
import os
import re
import subprocess

import pytest
import yaml

from fronts import FRONTS
from service import Service


@pytest.fixture(scope="module")
def front():
    service = Service()
    front = FRONTS["nginx"](service).start()
    yield front
    front.stop()
    service.close()


@pytest.fixture(scope="module")
def synadm(front, tmp_path_factory):
    """Runs synadm with a configuration of its own and returns what it prints, which is JSON."""
    home = str(tmp_path_factory.mktemp("home"))
    os.mkdir(os.path.join(home, ".config"))
    with open(os.path.join(home, ".config/synadm.yaml"), "w") as file:
        yaml.safe_dump({"user": "admin", "token": front.service.tokens["admin"], "format": "json", "timeout": 30,
                        "base_url": "http://127.0.0.1:%d" % front.port, "admin_path": "/_synapse/admin",
                        "matrix_path": "/_matrix", "server_discovery": "well-known", "homeserver": "example.org",
                        "ssl_verify": True}, file)

    def run(*words):
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        result = subprocess.run(["synadm", "--batch", "-o", "json", *words], env={**environment, "HOME": home},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert result.returncode == 0, (result.stdout, result.stderr)
        return json.loads(result.stdout)
    return run


def test_version(synadm, front):
    assert synadm("version")["server_version"]


def test_user_whois(synadm):
    answer = synadm("user", "whois", "user")
    assert answer["user_id"] == "@user:example.org"
    assert answer["devices"][""]["sessions"][0]["connections"]


def test_user_whois_of_a_full_id(synadm):
    assert synadm("user", "whois", "@admin:example.org")["user_id"] == "@admin:example.org"


def test_matrix_login(synadm):
    answer = synadm("matrix", "login", "--password", "user password", "user")
    assert answer["user_id"] == "@user:example.org"
    assert re.fullmatch("[A-Za-z0-9_-]{20,}", answer["access_token"])


def test_matrix_login_with_a_wrong_password(synadm):
    assert synadm("matrix", "login", "--password", "wrong password", "user")["errcode"] == "M_FORBIDDEN"
