#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
A stand-in for Dendrite, which answers as the recorded requests were answered and changes the database as the real one
does. In tests it is a StandIn; by hand it runs on a folder that it makes until it is interrupted:

    stand_in.py [PORT]

Beyond Dendrite's, a test that runs elsewhere has PUT /stand-in/faults (a list of Fault's arguments), GET
/stand-in/requests, and DELETE of both.
"""
import http.server
import json
import re
import socket
import sys
import threading
import time
import traceback
import types
import urllib.parse

import yaml

import answers
import routes
from acts import accounts, sessions
from call import APPSERVICE, Call, account
from database import Database
from folder import Folder
from homeserver import Homeserver

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Origin, X-Requested-With, Content-Type, Accept, Authorization",
}
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
BAD_ANSWERS = {"error": (500, {"Err": ""}), "html": (502, HTML, "text/html")}


class Fault:
    """
    What goes wrong with requests that match:

        refuse   the connection ends, and nothing was done
        slow     nothing happens for `seconds`, and then what should
        held     the same until `release` is set
        error    500, and nothing was done
        html     a page of a proxy, and nothing was done
        garbage  what is no HTTP, and nothing was done
        cut      it is done, and the connection ends in the middle of the answer
        lost     it is done, and the connection ends without an answer
        text     it is done, and the answer is no JSON
    """

    def __init__(self, kind, path=".*", method=".*", times=None, seconds=0, skip=0):
        """Of the requests that match, `skip` are spared and then `times` are hit; None: all."""
        self.kind, self.seconds, self.times, self.skip = kind, seconds, times, skip
        self.path, self.method = re.compile(path), re.compile(method)
        self.release = threading.Event()

    def hits(self, method, path):
        if self.times == 0 or not (self.path.search(path) and self.method.fullmatch(method)):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times = self.times and self.times - 1
        return True


class Request:
    """One that was made; `status` is none where no answer was given."""

    def __init__(self, method, path, token, body):
        self.method, self.path, self.token, self.body, self.status = method, path, token, body, None

    def __repr__(self):
        return f"{self.method} {self.path} {self.status}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do(self):
        stand_in = self.server.stand_in
        path, _, query = self.path.partition("?")
        query = {name: values[0] for name, values in urllib.parse.parse_qs(query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path.startswith("/stand-in/"):
            return self.reply(*stand_in.control(self.command, path, body))
        token = query.get("access_token") or self.bearer()
        request = Request(self.command, self.path, token, body)
        fault = stand_in.note(request)
        kind = fault and fault.kind
        if kind == "slow":
            time.sleep(fault.seconds)
        if kind == "held":
            fault.release.wait()
        if kind in ("refuse", "garbage"):
            self.wfile.write(b"" if kind == "refuse" else b"\0\1\2 this is no HTTP\r\n\r\n")
            return self.hang_up()
        if kind in BAD_ANSWERS:
            request.status, *answer = BAD_ANSWERS[kind]
            return self.reply(request.status, *answer)
        call = Call(stand_in.database, stand_in.memory, self.command, path, query, token, body,
                    "%s:%d" % self.client_address, self.headers.get("User-Agent", ""))
        status, answer = stand_in.perform(call)
        if kind in ("cut", "lost"):
            return self.break_off(status, answer, kind)
        request.status = status
        self.reply(status, b"it is done" if kind == "text" else answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do

    def bearer(self):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind == "Bearer" else None

    def packed(self, status, answer, kind="application/json"):
        body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
        fields = {**CORS, "Content-Type": kind, "Content-Length": len(body)}
        if status == 302:
            fields["Location"] = "/_matrix/static/"
        lines = ["HTTP/1.1 %d %s" % (status, self.responses[status][0]), *("%s: %s" % pair for pair in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def reply(self, status, answer, kind="application/json"):
        self.wfile.write(self.packed(status, answer, kind))

    def break_off(self, status, answer, kind):
        whole = self.packed(status, answer)
        self.wfile.write(whole[:len(whole) - 1] if kind == "cut" else b"")
        self.hang_up()

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, stand_in):
        self.stand_in = stand_in
        self.connections = set()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        traceback.print_exc()

    def end(self):
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself


class StandIn(Homeserver):
    """`requests` are those that were made, `faults` what goes wrong: the first that matches a request."""

    def __init__(self, folder, port=0):
        super().__init__(folder)
        self.wanted_port = port
        self.requests, self.faults = [], []
        self.noting = threading.Lock()
        self.server = None

    def start(self):
        """Also again, after stop(), at the same port; what it had in its memory is forgotten."""
        self.database = Database(self.folder)
        config = self.database.config
        self.memory = types.SimpleNamespace(nonces=set(), transactions={}, as_token=None,
                                            notices=config["global"]["server_notices"]["enabled"])
        for path in config.get("app_service_api", {}).get("config_files", []):
            self.make_service(yaml.safe_load((self.folder.path / path).read_text()))
        self.server = Server(self.wanted_port, self)
        self.port = self.wanted_port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def make_service(self, registration):
        """The account and the session that Dendrite makes for an application service."""
        database, sender = self.database, registration["sender_localpart"]
        self.memory.as_token = registration["as_token"]
        database.connection.execute("BEGIN IMMEDIATE")
        if not account(database, sender):
            accounts.add(database, sender, "", APPSERVICE, registration["id"])
        sessions.add_device(database, self.memory.as_token, sender, sender, sender)
        database.connection.execute("COMMIT")

    def is_running(self):
        return self.server is not None

    def stop(self):
        if self.server:
            self.server.end()
            self.server = self.port = None
            self.database.close()

    kill = stop

    def close(self):
        self.stop()
        self.folder.close()

    def note(self, request):
        """Keeps the request; returns the fault that it meets."""
        with self.noting:
            self.requests.append(request)
            return next((fault for fault in self.faults if fault.hits(request.method, request.path)), None)

    def perform(self, call):
        """Status and body of the answer; what a refused request has written is undone."""
        if call.path == "/":
            return 302, b'<a href="/_matrix/static/">Found</a>.\n\n'
        connection = self.database.connection
        with self.database.lock:
            connection.execute("BEGIN" if call.method == "GET" else "BEGIN IMMEDIATE")
            try:
                answer = 200, routes.answer(call)
                call.keep = True
            except answers.Refused as refused:
                answer = refused.status, refused.body
            except Exception:
                traceback.print_exc()
                answer = 500, {"Err": "the stand-in fell"}
            connection.execute("COMMIT" if call.keep else "ROLLBACK")
            return answer

    def control(self, method, path, body):
        if path == "/stand-in/requests" and method == "GET":
            return 200, [[request.method, request.path, request.status] for request in self.requests]
        if path == "/stand-in/requests" and method == "DELETE":
            self.requests.clear()
        elif path == "/stand-in/faults" and method in ("PUT", "DELETE"):
            self.faults = [Fault(**arguments) for arguments in json.loads(body)] if method == "PUT" else []
        else:
            return 404, routes.UNRECOGNIZED
        return 200, {}


def main(arguments):
    stand_in = StandIn(Folder(), int(arguments[0]) if arguments else 0).start()
    try:
        print(f"{stand_in.url} {stand_in.folder.config_file}", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        stand_in.close()


if __name__ == "__main__":
    main(sys.argv[1:])
