# SPDX-License-Identifier: ISC
"""The host of a homeserver: what goes to Dendrite, what to mxadmin, and that neither's answers are touched."""
import http.server
import json
import re
import signal
import subprocess
import threading

import pytest

from fronts import HOMESERVER_FRONTS, SBIN, shipped
from service import Service

MIB = 1024 * 1024
# What Dendrite itself puts on an answer of its client API.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS"}


class Dendrite:
    """Takes every request, and tells how it arrived."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.dumps({"dendrite": True, "method": self.command, "path": self.path, "size": length,
                                   "read": len(self.rfile.read(length)),
                                   "headers": {name.lower(): value for name, value in self.headers.items()}}).encode()
                self.send_response(201)
                for name, value in CORS.items():
                    if not self.path.startswith("/_matrix/federation"):
                        self.send_header(name, value)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module", params=HOMESERVER_FRONTS)
def front(request):
    dendrite, service = Dendrite(), Service(rooms={"lobby": {"of": "user"}})
    front = HOMESERVER_FRONTS[request.param](service, dendrite.port).start()
    front.name = request.param
    yield front
    front.stop()
    service.close()
    dendrite.stop()


def test_configuration_is_valid(front):
    result = subprocess.run(front.check_command(), env=SBIN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout
    assert "warn" not in result.stdout.lower(), result.stdout


@pytest.mark.parametrize("method, path", [
    ("GET", "/_matrix/client/versions"),
    ("GET", "/_matrix/client/v3/sync?since=s1_2&timeout=30000"),
    ("PUT", "/_matrix/client/v3/rooms/!a%2Fb:example.org/send/m.room.message/%23%3F?a=%2F"),
    ("GET", "/_matrix/client/v3/login/sso/redirect"),
    ("GET", "/_matrix/client/v3/account/whoami"),
    ("GET", "/_matrix/client/v3/admin"),
    ("GET", "/_matrix/client/v3/rooms/!a:example.org/state/x/aliases"),
    ("GET", "/_matrix/client/v3/rooms/!a%23:example.org/aliases"),
    ("POST", "/_matrix/media/v3/upload"),
    ("GET", "/_matrix/federation/v1/version"),
    ("GET", "/_matrix/key/v2/server"),
    ("OPTIONS", "/_matrix/client/v3/sync"),
    ("GET", "/.well-known/matrix/server"),
    ("GET", "/.well-known/matrix/client"),
])
def test_to_dendrite(front, method, path):
    answer = front.client.ask(method, path, body=b"x" if method in ("POST", "PUT") else None)
    assert answer.status == 201, answer
    arrived = answer.json()
    assert arrived["dendrite"] and arrived["method"] == method
    assert arrived["path"] == path  # as it was sent: an escape may be part of an identifier


@pytest.mark.parametrize("method, path", [
    ("GET", "/_synapse/admin/v1/server_version"),
    ("GET", "/_dendrite/admin/nothing"),
    ("GET", "/_mxadmin/health"),
    ("GET", "/_matrix/client/v3/login"),
    ("GET", "/_matrix/client/r0/login"),
    ("GET", "/_matrix/client/v3/admin/whois/@user:example.org"),
    ("GET", "/_matrix/client/api/v1/admin/whois/@user:example.org"),
    ("OPTIONS", "/_synapse/admin/v1/server_version"),
    ("GET", "/"),
    ("GET", "/metrics"),
    ("GET", "/debug/pprof/"),
    ("GET", "/_dendrite/monitor/up"),
])
def test_to_mxadmin(front, method, path):
    headers = {"Authorization": "Bearer " + front.service.tokens["user"]}
    answer = front.client.ask(method, path, headers)
    assert "dendrite" not in (answer.json() if answer.body else {}), answer
    assert answer.status in (200, 204) or answer.json()["errcode"] == "M_UNRECOGNIZED", answer
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("caller, mxadmin", [("admin", True), ("user", True), ("second", False)])
def test_names_of_a_room(front, caller, mxadmin):
    """Of one that `user` is in; Dendrite knows better who is not, and is asked for all of it by Apache."""
    path = "/_matrix/client/r0/rooms/%s/aliases" % front.service.rooms["lobby"]
    answer = front.client.ask("GET", path, {"Authorization": "Bearer " + front.service.tokens.get(caller, caller)})
    if mxadmin and front.name == "nginx":
        assert (answer.status, answer.json()) == (200, {"aliases": []}), answer
    else:
        assert (answer.status, answer.json()["path"]) == (201, path), answer


@pytest.mark.parametrize("caller, mxadmin", [("admin", True), ("user", False)])
def test_publishing_a_room(front, caller, mxadmin):
    """Whom mxadmin refuses, Dendrite is asked for, with the request as it came."""
    path = "/_matrix/client/v3/directory/list/room/%s" % front.service.rooms["lobby"]
    answer = front.client.ask("PUT", path, {"Authorization": "Bearer " + front.service.tokens[caller]},
                              b'{"visibility": "public"}')
    if mxadmin and front.name == "nginx":
        assert (answer.status, answer.json()) == (200, {}), answer
    else:
        arrived = answer.json()
        assert (answer.status, arrived["method"], arrived["path"], arrived["read"]) == (201, "PUT", path, 24), answer


def test_sign_in_has_home_server(front):
    body = b'{"type": "m.login.password", "user": "user", "password": "user password"}'
    answer = front.client.ask("POST", "/_matrix/client/v3/login", body=body)
    assert answer.json()["home_server"] == "example.org", answer


def test_answers_of_dendrite_are_as_they_were(front):
    """No header twice, none added, and none that Dendrite sets replaced."""
    with_cors = front.client.ask("GET", "/_matrix/client/versions").headers
    without = front.client.ask("GET", "/_matrix/federation/v1/version").headers
    assert {name: with_cors[name.lower()] for name in CORS} == CORS
    assert with_cors["content-type"] == without["content-type"] == "application/octet-stream"
    assert not [name for name in without if name.startswith("access-control")]
    assert "cache-control" not in with_cors


def test_what_dendrite_is_told(front):
    asked = {"X-Forwarded-For": "192.0.2.1", "Authorization": "Bearer token", "Host": "matrix.example.org:8448"}
    headers = front.client.ask("GET", "/_matrix/client/versions", asked).json()["headers"]
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"  # nobody chooses the address himself
    assert headers["x-forwarded-proto"] == "http"
    assert headers["authorization"] == "Bearer token"
    assert headers["host"] == "matrix.example.org:8448"


def test_a_connection_that_becomes_another(front):
    if front.name == "nginx":  # Apache has a module of its own for it, which Dendrite does not need
        asked = {"Connection": "Upgrade", "Upgrade": "websocket"}
        headers = front.client.ask("GET", "/_matrix/client/versions", asked).json()["headers"]
        assert (headers["connection"], headers["upgrade"]) == ("upgrade", "websocket")


@pytest.mark.parametrize("path", ["/_matrix/media/v3/upload", "/_matrix/federation/v1/send/1"])
def test_a_large_upload(front, path):
    """Larger than what mxadmin takes, and than what Dendrite takes by default: that is for Dendrite to say."""
    answer = front.client.ask("POST", path, body=b"x" * (11 * MIB))
    assert (answer.status, answer.json()["read"]) == (201, 11 * MIB)


@pytest.mark.parametrize("path, size, status", [
    ("/_matrix/media/v3/upload", 101 * MIB, 413),
    ("/_synapse/admin/v1/register", 2 * MIB, 413),
    ("/_matrix/client/v3/login", 2 * MIB, 413),
])
def test_a_body_that_is_too_large(front, path, size, status):
    head = "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (path, size)
    answer = front.client.send(head.encode(), "POST")
    assert (answer.status, answer.json()["errcode"]) == (status, "M_TOO_LARGE"), answer
    assert answer.headers["access-control-allow-origin"] == "*"


# The networks of the examples, and others that this machine is not in.
ELSEWHERE = {"nginx": ("allow 127.0.0.0/8;", "allow 192.0.2.0/24;"),
             "fcgid": ("    Require ip 127.0.0.0/8 ::1", "    Require ip 192.0.2.0/24")}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_admin_api_is_for_some_networks(name):
    dendrite, service = Dendrite(), Service()
    front = HOMESERVER_FRONTS[name](service, dendrite.port, ELSEWHERE[name])
    front.probe = "/_matrix/client/v3/login"
    front.start()
    for path in ("/_synapse/admin/v1/server_version", "/_dendrite/admin/fulltext/reindex", "/_mxadmin/health"):
        answer = front.client.ask("GET", path)
        assert (answer.status, answer.json()["errcode"]) == (403, "M_FORBIDDEN"), answer
        assert answer.headers["access-control-allow-origin"] == "*"
    assert front.client.ask("GET", "/_matrix/client/versions").status == 201
    whois = front.client.ask("GET", "/_matrix/client/v3/admin/whois/@user:example.org",
                             {"Authorization": "Bearer " + service.tokens["user"]})
    assert whois.status == 200, whois
    front.stop()
    service.close()
    dendrite.stop()


@pytest.mark.parametrize("name", HOMESERVER_FRONTS)
def test_dendrite_is_down(name):
    """What a client sees has the form of every other error, and the admin API is still there."""
    dendrite, service = Dendrite(), Service()
    front = HOMESERVER_FRONTS[name](service, dendrite.port).start()
    dendrite.stop()
    answer = front.client.ask("GET", "/_matrix/client/versions")
    assert (answer.status, answer.json()["errcode"]) in [(502, "M_UNKNOWN"), (503, "M_UNKNOWN")], answer
    assert answer.headers["access-control-allow-origin"] == "*"
    assert front.client.ask("GET", "/_synapse/admin/v1/server_version").status == 200
    front.stop()
    service.close()


def test_a_sign_in_needs_no_mxadmin():
    """nginx passes it to Dendrite while the pool is down, with its body."""
    dendrite, service = Dendrite(), Service()
    front = HOMESERVER_FRONTS["nginx"](service, dendrite.port).start()
    pool = front.processes[0]
    pool.send_signal(signal.SIGTERM)
    pool.wait(60)
    answer = front.client.ask("POST", "/_matrix/client/v3/login", body=b"{}")
    assert (answer.status, answer.json()["path"]) == (201, "/_matrix/client/v3/login"), answer
    assert (answer.json()["method"], answer.json()["read"]) == ("POST", 2)
    assert front.client.ask("GET", "/_synapse/admin/v1/server_version").status == 502
    front.stop()
    service.close()
    dendrite.stop()


@pytest.mark.parametrize("path, pattern", [
    ("nginx/snippets/mxadmin-fastcgi.conf", r"^fastcgi_read_timeout (\d+)s;"),
    ("conf/apache/mxadmin-fcgid.conf", r"^FcgidIOTimeout (\d+)$"),
    ("conf/apache/mxadmin-fcgid.conf", r"^FcgidBusyTimeout (\d+)$"),
    ("conf/apache/mxadmin-cgi.conf", r"^ *CGIDScriptTimeout (\d+)s$"),
])
def test_an_evacuation_is_waited_for(path, pattern):
    """Longer than a request may be told to wait for a job by what the comment beside it says."""
    assert int(re.search(pattern, shipped(path), re.M).group(1)) > 600
