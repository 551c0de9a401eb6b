"""Becomes the program of a child process that ends when its parent does, as another user if asked.

``python -I -S child.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT ...]``: it runs as a file of its own, on the standard
library alone, because it is started before every server and stays only for some milliseconds. SIGNAL is what the
program gets when process PARENT ends (Linux; elsewhere the next start clears up). UID is -1 to stay who we are.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Give up root, tie our life to the parent's, become the program."""
    parent, death_signal, uid, gid = map(int, arguments[:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of user, which would clear it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent ended before its child began")
    # Python ignores these two; a program that it becomes would go on to.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execv(arguments[4], arguments[4:])  # noqa: S606 - there is no shell, and the caller chose the program


if __name__ == "__main__":
    main(sys.argv[1:])
