# SPDX-License-Identifier: ISC
"""An HTTP client that sends what it is given: no library normalises the path, the headers or the body."""
import http.client
import json
import socket


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %r %r" % (self.status, self.headers, self.body)


class Client:
    def __init__(self, port, seconds=60):
        """`seconds` are how long nothing may come."""
        self.port, self.seconds = port, seconds

    def send(self, request, method="GET"):
        """Sends the bytes of a whole request and reads the answer."""
        with socket.create_connection(("127.0.0.1", self.port), self.seconds) as connection:
            try:
                connection.sendall(request)
            except ConnectionError:
                pass  # the server may answer, and close, before it has read all
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            body = response.read()
        headers = {}
        for name, value in response.getheaders():
            name = name.lower()
            headers[name] = headers[name] + ", " + value if name in headers else value
        return Answer(response.status, headers, body)

    def ask(self, method, path, headers=None, body=None):
        """`path` is sent as it is; a header whose value is None is left out."""
        fields = {"Host": "127.0.0.1:%d" % self.port, "Connection": "close"}
        if body is not None:
            fields["Content-Type"] = "application/json"
            fields["Content-Length"] = str(len(body))
        fields.update(headers or {})
        lines = ["%s %s HTTP/1.1" % (method, path)]
        lines += ["%s: %s" % field for field in fields.items() if field[1] is not None]
        return self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b""), method)
