# SPDX-License-Identifier: ISC
"""How a case is asked, and what its answer has to be, wherever the service is."""
import pytest

import cases

# admin-api.md section 0: on every answer, of errors too, or a browser shows its user nothing.
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "access-control-allow-headers": "X-Requested-With, Content-Type, Authorization, Date",
}


def headers_of(case, tokens):
    headers = dict(case.get("headers", {}))
    who = case.get("as", "none")
    if who != "none":
        headers.setdefault("Authorization", "Bearer " + tokens.get(who, who))
    if "remote" in case:
        headers["X-Forwarded-For"] = case["remote"]
    return headers


def check_always(case, answer):
    """What is true of every answer."""
    for name, value in CORS.items():
        assert answer.headers.get(name) == value, name
    if not answer.body:
        empty = case["method"] in ("HEAD", "OPTIONS") or case["status"] == 304 or case.get("want_text") == ""
        assert empty, "an empty answer"
        return
    if cases.is_plain(case):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert int(answer.headers["content-length"]) == len(answer.body)
        return
    assert answer.headers["content-type"] == "application/json"
    if answer.status >= 400:
        assert isinstance(answer.json()["errcode"], str)
        assert isinstance(answer.json()["error"], str)


def check_wanted(case, answer):
    assert answer.status == case["status"]
    if "want" in case and not cases.matches(case["want"], answer.json()):
        pytest.fail("%r does not have %r" % (answer.json(), case["want"]))
    if "exact" in case and not cases.matches_exactly(case["exact"], answer.json()):
        pytest.fail("%r is not %r" % (answer.json(), case["exact"]))
    if "want_text" in case:
        assert answer.body.decode() == case["want_text"]
    if "want_content" in case:
        assert answer.body == cases.content_of(case["want_content"])
    for name, value in case.get("want_headers", {}).items():
        assert cases.matches(value, answer.headers.get(name.lower())), name
