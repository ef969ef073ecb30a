"""Run a program without root's rights: `unprivileged.py namespace|nobody UID GID PROGRAM ARGUMENT...`.

A program of its own, because a user namespace can only be entered by a process with one thread.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def enter_namespace(uid: int, gid: int) -> None:
    """Be `uid` inside a new user namespace; outside, files and signals still see the starting user."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")


def become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(mode: str, uid: str, gid: str, program: str, *arguments: str) -> None:
    change = {"namespace": enter_namespace, "nobody": become}[mode]
    change(int(uid), int(gid))
    os.execv(program, [program, *arguments])  # noqa: S606 - the launcher names the program


if __name__ == "__main__":
    main(*sys.argv[1:])
