# SPDX-License-Identifier: ISC
"""Bodies of requests, and what Dendrite says of those that it cannot read: its language's own words."""
import json

from answers import bad_json

WORDS = {str: "string", bool: "bool", dict: "object", list: "array", int: "number", float: "number"}
UNREADABLE = "The request body could not be decoded into valid JSON. "


def fault_of(body, streamed):
    """Why `body` is no JSON; None: it is. The two ways to read it differ in their words."""
    try:
        json.loads(body)
    except ValueError:
        if not body.strip():
            return "EOF" if streamed else "unexpected end of JSON input"
        return "unexpected EOF" if streamed else "unexpected end of JSON input"
    return None


def fault_of_type(value, kind, place, name):
    """Why `value` cannot be what the member `place` is of."""
    if kind == "int32":
        if isinstance(value, int) and not isinstance(value, bool) and -2**31 <= value < 2**31:
            return None
        word = "number %d" % value if isinstance(value, int) else WORDS[type(value)]
    elif kind == "int64":
        if isinstance(value, int) and not isinstance(value, bool):
            return None
        word = WORDS[type(value)]
    else:
        if isinstance(value, kind):
            return None
        word, kind = WORDS[type(value)], WORDS[kind]
    return "json: cannot unmarshal %s into Go struct field %s.%s of type %s" % (word, name, place, kind)


def members(value, fields, name, prefix=""):
    """The first fault of the members of `value`; `fields` is {name: type, or fields}."""
    for member, kind in fields.items():
        if value.get(member) is None:
            continue
        if isinstance(kind, dict):
            fault = (members(value[member], kind, name, prefix + member + ".") if isinstance(value[member], dict)
                     else fault_of_type(value[member], dict, prefix + member, name))
        else:
            fault = fault_of_type(value[member], kind, prefix + member, name)
        if fault:
            return fault
    return None


def read(body, fields=None, name="", say=lambda fault: bad_json(UNREADABLE + fault), streamed=False):
    """The object in the body; `say` makes the refusal from the fault."""
    fault = fault_of(body, streamed)
    value = None if fault else json.loads(body)
    if not fault and not isinstance(value, dict):
        fault = "json: cannot unmarshal %s into Go value of type map[string]interface {}" % WORDS[type(value)]
    fault = fault or members(value, fields or {}, name)
    if fault:
        raise say(fault)
    return value
