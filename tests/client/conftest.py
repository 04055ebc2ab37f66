# SPDX-License-Identifier: ISC
import json
import os
import re
import subprocess
import sys

import pytest
import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "web"))
from fronts import FRONTS  # noqa: E402
from service import Service  # noqa: E402

SYNADM = os.environ.get("SYNADM", "synadm")  # another version than the system's


@pytest.fixture(scope="module")
def front(request):
    """nginx and the service that SERVICE of the module describes, for Service()."""
    service = Service(**request.module.SERVICE)
    front = FRONTS["nginx"](service).start()
    yield front
    front.stop()
    service.close()


@pytest.fixture(scope="module")
def synadm(front, tmp_path_factory):
    """Runs synadm with a configuration of its own and returns the last JSON that it prints, or else its words."""
    home = str(tmp_path_factory.mktemp("home"))
    os.mkdir(os.path.join(home, ".config"))
    with open(os.path.join(home, ".config/synadm.yaml"), "w") as file:
        yaml.safe_dump({"user": "admin", "token": front.service.tokens["admin"], "format": "json", "timeout": 30,
                        "base_url": "http://127.0.0.1:%d" % front.port, "admin_path": "/_synapse/admin",
                        "matrix_path": "/_matrix", "server_discovery": "well-known", "homeserver": "example.org",
                        "ssl_verify": True}, file)

    def run(*words):
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        result = subprocess.run([SYNADM, "--batch", "-o", "json", *words], env={**environment, "HOME": home},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert result.returncode == 0, (result.stdout, result.stderr)
        starts = [match.start() for match in re.finditer(r"^[{\[]", result.stdout, re.M)]
        return json.loads(result.stdout[starts[-1]:]) if starts else result.stdout.strip()
    return run
