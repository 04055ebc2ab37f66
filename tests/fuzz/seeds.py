#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
Makes the seeds of the fuzz targets from the API cases: seeds.py FOLDER writes FOLDER/TARGET/N, one file for each
different input. The form of an input is said at the top of each target.
"""
import hashlib
import os
import sys
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "api"))
import cases  # noqa: E402

# The first byte of a body, as fuzz_body.c takes it; "0" is a multiple of 3.
DECODERS = {"/register": b"0", "/resetPassword/": b"1", "/login": b"2"}


def variables(case):
    """The request as CGI variables."""
    path, _, query = case["path"].partition("?")
    lines = {"REQUEST_METHOD": case["method"], "REQUEST_URI": case["path"], "QUERY_STRING": query,
             "REMOTE_ADDR": "127.0.0.1", "PATH_INFO": path}
    for name, value in case.get("headers", {}).items():
        lines["HTTP_" + name.upper().replace("-", "_")] = value or ""
    if case.get("as", "none") != "none":
        lines.setdefault("HTTP_AUTHORIZATION", "Bearer " + case["as"])
    if "remote" in case:
        lines["HTTP_X_FORWARDED_FOR"] = case["remote"]
    if cases.body_of(case) is not None:
        lines["CONTENT_LENGTH"] = str(len(cases.body_of(case)))
    return "\n".join("%s=%s" % line for line in lines.items()).encode()


def inputs():
    """Every (target, bytes)."""
    for head, items in cases.load().values():
        option = b"1" if head.get("config", {}).get("allow_query_token") else b"0"
        for case in items:
            path = urlsplit(case["path"])
            yield "fuzz_path", case["path"].partition("?")[0].encode()
            yield "fuzz_query", path.query.encode()
            yield "fuzz_request", option + variables(case)
            yield "fuzz_request", b"2" + variables({**case, "path": "/mx" + case["path"]})
            body = cases.body_of(case)
            for part, decoder in DECODERS.items():
                if body is not None and len(body) < 8192 and part in case["path"]:
                    yield "fuzz_body", decoder + body


def main(folder):
    for target, data in inputs():
        os.makedirs(os.path.join(folder, target), exist_ok=True)
        with open(os.path.join(folder, target, hashlib.sha1(data).hexdigest()), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
