# SPDX-License-Identifier: ISC
"""What the web servers add: their own errors in our form, limits, and requests that are never sent twice."""
import signal
import socket
import subprocess
import threading

import pytest

from fronts import FRONTS, SBIN
from service import Service

HEAD = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
CORS = {"access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
        "access-control-allow-headers": "X-Requested-With, Content-Type, Authorization, Date"}


@pytest.fixture(scope="module", params=FRONTS)
def front(request):
    service = Service({"media_path": "media"})
    front = FRONTS[request.param](service).start()
    front.name = request.param
    yield front
    front.stop()
    service.close()


def check_error(answer, status, errcode):
    assert answer.status == status, answer
    assert answer.json()["errcode"] == errcode, answer
    assert isinstance(answer.json()["error"], str)
    assert answer.headers["content-type"] == "application/json"
    assert {name: answer.headers.get(name) for name in CORS} == CORS


def test_configuration_is_valid(front):
    result = subprocess.run(front.check_command(), env=SBIN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout
    assert "warn" not in result.stdout.lower(), result.stdout


# What each server answers itself, or passes on: request, status, errcode.
REFUSED = {
    "a NUL in the path": ("GET /_synapse/admin/%00" + HEAD, 400, "M_UNKNOWN"),
    "a NUL in an identifier": ("GET /_synapse/admin/v1/whois/@a%00b:example.org" + HEAD, 400, "M_UNKNOWN"),
    "a malformed escape": ("GET /_synapse/admin/%zz" + HEAD, 400, "M_UNKNOWN"),
    "an escape cut short": ("GET /_synapse/admin/v1/whois/%4" + HEAD, 400, "M_UNKNOWN"),
    "above the root": ("GET /../etc/passwd" + HEAD, 400, "M_UNKNOWN"),
    "no host": ("GET / HTTP/1.1\r\n", 400, "M_UNKNOWN"),
    "not HTTP": ("nonsense\r\n", 400, "M_UNKNOWN"),
    "a long path": ("GET /" + "a" * 9000 + HEAD, 414, "M_TOO_LARGE"),
    "a body above the server's limit": ("POST /_synapse/admin/v1/register" + HEAD + "Content-Length: 1048577\r\n",
                                        413, "M_TOO_LARGE"),
    "an upload above the server's limit": ("POST /_matrix/media/v3/upload" + HEAD + "Content-Length: 104857601\r\n",
                                           413, "M_TOO_LARGE"),
    "a body above the route's limit": ("POST /_synapse/admin/v1/register" + HEAD + "Content-Length: 70000\r\n\r\n"
                                       + "x" * 70000, 413, "M_TOO_LARGE"),
    "a chunked body above the route's limit": ("POST /_synapse/admin/v1/register" + HEAD
                                               + "Transfer-Encoding: chunked\r\n\r\ndbba0\r\n" + "x" * 900000
                                               + "\r\n0\r\n\r\n", 413, "M_TOO_LARGE"),
    "TRACE": ("TRACE /_synapse/admin/v1/server_version" + HEAD, 405, "M_UNRECOGNIZED"),
    "an unknown path": ("GET /index.html" + HEAD, 404, "M_UNRECOGNIZED"),
    "the root": ("GET /" + HEAD, 404, "M_UNRECOGNIZED"),
    "the path of nginx's errors": ("GET /_mxadmin/nginx-error" + HEAD, 404, "M_UNRECOGNIZED"),
    "the path of Apache's errors": ("GET /_mxadmin/apache-error" + HEAD, 404, "M_UNRECOGNIZED"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_json(front, what):
    request, status, errcode = REFUSED[what]
    end = "" if "\r\n\r\n" in request else "\r\n"
    check_error(front.client.send((request + end).encode()), status, errcode)


def test_headers_too_large(front):
    # Apache says 400 where nginx, and RFC 6585, say 431.
    request = "GET /" + HEAD + "X: " + "a" * 40000 + "\r\n\r\n"
    expected = (431, "M_TOO_LARGE") if front.name == "nginx" else (400, "M_UNKNOWN")
    check_error(front.client.send(request.encode()), *expected)


def test_identifier_with_an_encoded_slash(front):
    """An encoded slash neither separates nor is refused by the server: mxadmin sees the identifier."""
    answer = front.client.ask("GET", "/_matrix/client/v3/profile/%40a%2F..%2Fb:example.org")
    check_error(answer, 404, "M_NOT_FOUND")


def test_chunked_body(front):
    """Its length is not told beforehand."""
    body = b'{"type": "m.login.password", "user": "user", "password": "wrong password"}'
    request = ("POST /_matrix/client/v3/login" + HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode()
    check_error(front.client.send(request + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)), 403, "M_FORBIDDEN")


def test_upload(front):
    """As large as mxadmin takes it, with its length told and not; and back again."""
    content = bytes(range(256)) * 40960
    token = "Authorization: Bearer " + front.service.tokens["user"] + "\r\nContent-Type: application/x-test\r\n"
    head = "POST /_matrix/media/v3/upload" + HEAD + token
    whole = ("%sContent-Length: %d\r\n\r\n" % (head, len(content))).encode() + content
    pieces = (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + b"".join(
        b"10000\r\n%s\r\n" % content[i:i + 65536] for i in range(0, len(content), 65536)) + b"0\r\n\r\n"
    for request in (whole, pieces):
        answer = front.client.send(request)
        assert answer.status == 200, answer
        path = "/_matrix/client/v1/media/download/" + answer.json()["content_uri"].removeprefix("mxc://")
        answer = front.client.ask("GET", path, {"Authorization": "Bearer " + front.service.tokens["user"]})
        assert answer.status == 200 and answer.body == content
        assert answer.headers["content-length"] == str(len(content))


def test_upload_above_what_mxadmin_takes(front):
    head = "POST /_matrix/media/v3/upload%sAuthorization: Bearer %s\r\n" % (HEAD, front.service.tokens["user"])
    body = b"x" * 10485761
    check_error(front.client.send(("%sContent-Length: %d\r\n\r\n" % (head, len(body))).encode() + body),
                413, "M_TOO_LARGE")


def test_authorization_arrives(front):
    headers = {"Authorization": "Bearer " + front.service.tokens["user"]}
    answer = front.client.ask("GET", "/_matrix/client/v3/account/whoami", headers)
    assert answer.json()["user_id"] == "@user:example.org", answer


def test_head_has_no_body(front):
    answer = front.client.ask("HEAD", "/_matrix/client/versions")
    assert answer.status == 200 and answer.body == b""


def test_well_known_has_the_port(front):
    answer = front.client.ask("GET", "/.well-known/matrix/client")
    assert answer.json()["m.homeserver"]["base_url"].rstrip("/") == "http://127.0.0.1:%d" % front.port


def test_nginx_says_that_nobody_is_there():
    """No pool behind it: every path, and every method a UI uses, gets an error that the UI can show."""
    service = Service()
    front = FRONTS["nginx"](service).start()
    pool = front.processes[0]
    pool.send_signal(signal.SIGTERM)
    pool.wait(60)
    for method in ("GET", "POST", "PUT", "DELETE"):
        check_error(front.client.ask(method, "/_synapse/admin/v1/server_version", body=b"{}"), 502, "M_UNKNOWN")
    front.stop()
    service.close()


def test_an_account_is_made_once(front):
    """Of many who make the same one at once, one does. Others change it, or are told that the name is taken."""
    def make():
        answers.append(front.client.ask("PUT", "/_synapse/admin/v2/users/@many:example.org",
                                        {"Authorization": "Bearer " + front.service.tokens["admin"]},
                                        b'{"password": "a long password"}'))
    answers = []
    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = [answer.status if answer.status < 300 else answer.json()["errcode"] for answer in answers]
    assert len(outcomes) == 8 and outcomes.count(201) == 1
    assert set(outcomes) <= {200, 201, "M_USER_IN_USE"}, outcomes


class Upstream:
    """A FastCGI server that keeps its connection for one answer and breaks it off at the next request."""

    # FCGI_STDOUT with a small answer, FCGI_END_REQUEST (FastCGI 1.0 section 3.3).
    CONTENT = b"Status: 200\r\nContent-Type: application/json\r\n\r\n{}"
    ANSWER = (bytes([1, 6, 0, 1, 0, len(CONTENT), 0, 0]) + CONTENT + bytes([1, 6, 0, 1, 0, 0, 0, 0])
              + bytes([1, 3, 0, 1, 0, 8, 0, 0]) + bytes(8))

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.requests = 0
        threading.Thread(target=self.serve, daemon=True).start()

    @staticmethod
    def read_request(connection):
        """Reads up to the empty FCGI_STDIN record that ends a request; False when the connection ended before."""
        data = b""
        while not data.endswith(bytes([1, 5, 0, 1, 0, 0, 0, 0])):
            piece = connection.recv(65536)
            if not piece:
                return False
            data += piece
        return True

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            if self.read_request(connection):
                self.requests += 1
                connection.sendall(self.ANSWER)
                if self.read_request(connection):
                    self.requests += 1
            connection.close()


@pytest.mark.parametrize("method, status, requests", [("GET", 200, 3), ("POST", 502, 2)])
def test_a_broken_kept_connection(method, status, requests):
    """The second request meets the end of the connection that was kept: a GET is sent again, a POST never."""
    service = Service()
    front = FRONTS["nginx"](service)
    upstream = Upstream(front.socket)
    front.commands = lambda: [front.nginx()]
    front.start()  # its question for the health is answered by ours, on a connection that is kept
    assert upstream.requests == 1
    assert front.client.ask(method, "/", body=b"{}").status == status
    assert upstream.requests == requests
    front.stop()
    service.close()
