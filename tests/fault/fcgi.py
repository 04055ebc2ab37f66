# SPDX-License-Identifier: ISC
"""A FastCGI 1.0 client, as small as the tests need: what a web server does, and what none would do."""
import json
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
KEEP = 1


def record(kind, content=b"", request_id=1):
    return struct.pack(">BBHHBB", 1, kind, request_id, len(content), 0, 0) + content


def stream(kind, content):
    """A whole stream: its records, and the empty one that ends it."""
    pieces = [content[i:i + 65535] for i in range(0, len(content), 65535)]
    return b"".join(record(kind, piece) for piece in pieces) + record(kind)


def pair(name, value):
    def length(n):
        return bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)
    name, value = name.encode(), value.encode()
    return length(len(name)) + length(len(value)) + name + value


def request(path, method="GET", token=None, body=b"", keep=True, variables=()):
    """The bytes of one request."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    raw, _, query = path.partition("?")
    values = {"REQUEST_METHOD": method, "REQUEST_URI": path, "QUERY_STRING": query, "DOCUMENT_URI": raw,
              "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
              "HTTP_USER_AGENT": "test"}
    if body:
        values["CONTENT_LENGTH"] = str(len(body))
    if token:
        values["HTTP_AUTHORIZATION"] = "Bearer " + token
    values.update(variables)
    begin = record(BEGIN, struct.pack(">HB5x", 1, KEEP if keep else 0))
    return begin + stream(PARAMS, b"".join(pair(n, v) for n, v in values.items())) + stream(STDIN, body)


class Connection:
    """A connection that requests go by, one after another."""

    def __init__(self, address, timeout=30):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("closed after %d of %d bytes" % (len(data), size))
            data += piece
        return data

    def answer(self):
        """(status, headers, JSON body or None) of the request that was sent last."""
        out = b""
        while True:
            _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", self._exactly(8))
            content = self._exactly(size + padding)[:size]
            if kind == STDOUT:
                out += content
            elif kind == END:
                break
        head, _, body = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.get("Status", "200").split()[0])
        return status, headers, json.loads(body) if body else None

    def ask(self, *args, **kwargs):
        self.send(request(*args, **kwargs))
        return self.answer()


def ask(address, *args, **kwargs):
    """One request on a connection of its own."""
    connection = Connection(address)
    try:
        return connection.ask(*args, keep=False, **kwargs)
    finally:
        connection.close()
