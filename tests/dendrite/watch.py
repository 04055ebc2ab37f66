# SPDX-License-Identifier: ISC
"""Who writes to a folder's files, as the kernel tells it (inotify(7))."""
import ctypes
import os
import struct

MODIFY, CLOSE_WRITE, MOVED, CREATE, DELETE = 0x2, 0x8, 0xc0, 0x100, 0x200
NAMES = {MODIFY: "modify", CLOSE_WRITE: "close after opening to write", 0x40: "move", 0x80: "move",
         CREATE: "create", DELETE: "delete"}
HEADER = "iIII"

library = ctypes.CDLL(None, use_errno=True)


class Watch:
    """What happens in the folder but for reading. Who has a file open to write is only told of when it is closed. Not
    of owners: SQLite, run by root, gives a log to the owner of its database, who has it."""

    def __init__(self, folder):
        self.descriptor = library.inotify_init1(os.O_NONBLOCK)
        wanted = MODIFY | CLOSE_WRITE | MOVED | CREATE | DELETE
        assert self.descriptor >= 0 and library.inotify_add_watch(self.descriptor, os.fsencode(folder), wanted) >= 0

    def events(self):
        """[(what, name)] since it was last asked."""
        found = []
        while True:
            try:
                data = os.read(self.descriptor, 65536)
            except BlockingIOError:
                return found
            while data:
                _, mask, _, length = struct.unpack_from(HEADER, data)
                name = data[struct.calcsize(HEADER):][:length].rstrip(b"\0").decode()
                found.append((NAMES.get(mask & 0xfff, hex(mask)), name))
                data = data[struct.calcsize(HEADER) + length:]

    def close(self):
        os.close(self.descriptor)
