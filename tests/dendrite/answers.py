# SPDX-License-Identifier: ISC
"""Answers in the forms that Dendrite has for them, its bad ones included."""


class Refused(Exception):
    """Ends a request; nothing that it has written stays."""

    def __init__(self, status, body):
        super().__init__(status, body)
        self.status, self.body = status, body


def error(status, errcode, text):
    return Refused(status, {"errcode": errcode, "error": text})


def forbidden(text):
    return error(403, "M_FORBIDDEN", text)


def not_found(text):
    return error(404, "M_NOT_FOUND", text)


def bad_json(text, status=400):
    return error(status, "M_BAD_JSON", text)


def invalid(text, status=400):
    return error(status, "M_INVALID_PARAM", text)


def unknown(text, status=400):
    return error(status, "M_UNKNOWN", text)


def message(status, text):
    """What it says without an errcode."""
    return Refused(status, {"message": text})


def internal():
    """What it says when something of its own has failed, which it also does to many bad requests."""
    return Refused(500, {"Err": ""})
