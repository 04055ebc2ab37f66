# SPDX-License-Identifier: ISC
"""bcrypt, from the system's libcrypt: Python's own module for it is going away."""
import ctypes
import secrets
import threading

import answers

LENGTH_MIN, LENGTH_MAX = 8, 512
COST = 4  # the least
LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

crypt = ctypes.CDLL("libcrypt.so.1").crypt
crypt.argtypes, crypt.restype = [ctypes.c_char_p, ctypes.c_char_p], ctypes.c_char_p
lock = threading.Lock()  # its answer is in a place of its own


def hashed(password, setting):
    with lock:
        return crypt(password.encode(), setting.encode()).decode()


def make(password):
    if not password:
        return ""
    # Of the last letter of the salt only two bits count.
    salt = "".join(secrets.choice(LETTERS) for _ in range(21)) + secrets.choice(".Oeu")
    return hashed(password, "$2a$%02d$%s" % (COST, salt))


def matches(password, stored):
    return secrets.compare_digest(hashed(password, stored), stored)


def check(password):
    """Whether it may be set; none may."""
    if len(password) > LENGTH_MAX:
        raise answers.bad_json("password too long: max %d characters" % LENGTH_MAX)
    if 0 < len(password) < LENGTH_MIN:
        raise answers.error(400, "M_WEAK_PASSWORD", "password too weak: min %d characters" % LENGTH_MIN)
