"""The file system that the command sees: an empty tmpfs, into which the few things it may see are mounted.

Nothing of this shows outside: the mounts live in a mount namespace of their own and end with it.
"""

from __future__ import annotations

import contextlib
import os
import re

import calls
from calls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT

HOME = "/home/student"
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}  # in /dev
ROOT_BYTES = 4 << 20  # of the root itself: folders to mount at, links, three short files

KEPT = {  # flags of a mount that a remount must repeat: os.ST_*, as mount() takes them
    os.ST_RDONLY: MS_RDONLY,
    os.ST_NOSUID: MS_NOSUID,
    os.ST_NODEV: MS_NODEV,
    os.ST_NOEXEC: MS_NOEXEC,
    os.ST_NOATIME: calls.MS_NOATIME,
    os.ST_NODIRATIME: calls.MS_NODIRATIME,
    os.ST_RELATIME: calls.MS_RELATIME,
}


def build(spec: dict, user: int, group: int) -> int:
    """Make the world and go there. Returns a descriptor of /out, which outlives the world.

    spec: "binds" (host path, path inside), "links" {path: where it points}, "limits".
    """
    calls.mount(None, "/", None, MS_REC | MS_PRIVATE)  # nothing mounted from here on shows outside
    calls.mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k")
    os.mkdir("/tmp/host")
    os.mkdir("/tmp/new")
    calls.pivot_root("/tmp", "/tmp/host")  # the host's /tmp is whole again, as /host/tmp
    os.chdir("/")
    calls.mount("tmpfs", "/new", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=755,size={ROOT_BYTES}")
    mount_proc()
    make_devices()
    make_writable_folders(spec["limits"], user, group)
    for source, target in spec["binds"]:
        bind(f"/host{source}", f"/new{target}")
    make_files(spec["links"], user, group)
    out = os.open("/new/out", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    leave_the_host()
    return out


def mount_proc() -> None:
    """/proc of the new process namespace. hidepid=2: it shows each user its own processes only."""
    os.mkdir("/new/proc")
    calls.mount("proc", "/new/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=2")


def make_devices() -> None:
    os.mkdir("/new/dev")
    for name in DEVICES:
        bind(f"/host/dev/{name}", f"/new/dev/{name}", devices=True)
    for name, place in LINKS.items():
        os.symlink(place, f"/new/dev/{name}")


def make_writable_folders(limits: dict, user: int, group: int) -> None:
    quarter = limits["tmp_bytes"] // 4
    temporary("/new/tmp", limits["tmp_bytes"], 0o1777)
    temporary("/new/dev/shm", quarter, 0o1777)
    temporary(f"/new{HOME}", quarter, 0o700)
    temporary("/new/out", limits["out_bytes"], 0o700, MS_NOEXEC, inodes=limits["out_files"] + 1)
    for folder in (f"/new{HOME}", "/new/out"):
        os.chown(folder, user, group)


def temporary(target: str, size: int, mode: int, flags: int = 0, inodes: int = 100_000) -> None:
    os.makedirs(target)
    options = f"size={size},nr_inodes={inodes},mode={mode:o}"
    calls.mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV | flags, options)


def bind(source: str, target: str, *, devices: bool = False) -> None:
    """Show the host's file or folder `source` at `target`, read-only, with all that is mounted below it."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "wb").close()
    calls.mount(source, target, None, MS_BIND | MS_REC)
    wanted = MS_RDONLY | MS_NOSUID | (MS_NOEXEC if devices else MS_NODEV)
    remount(target, wanted)
    for below in mounted_below(target):
        with contextlib.suppress(PermissionError):  # what we may not look at, the command may not either
            remount(below, wanted)


def remount(target: str, wanted: int) -> None:
    flags = os.statvfs(target).f_flag
    kept = sum(ours for theirs, ours in KEPT.items() if flags & theirs)
    calls.mount(None, target, None, MS_REMOUNT | MS_BIND | kept | wanted)


def mounted_below(folder: str) -> list[str]:
    with open("/new/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        places = [re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), line.split()[4]) for line in table]
    return [place for place in places if place.startswith(f"{folder}/")]


def make_files(links: dict[str, str], user: int, group: int) -> None:
    for path, place in links.items():
        os.makedirs(os.path.dirname(f"/new{path}"), exist_ok=True)
        os.symlink(place, f"/new{path}")
    os.makedirs("/new/etc", exist_ok=True)
    files = {
        "passwd": f"student:x:{user}:{group}::{HOME}:/bin/sh\n",
        "group": f"student:x:{group}:\n",
        "hosts": "127.0.0.1 localhost\n",
    }
    for name, text in files.items():
        with open(f"/new/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def leave_the_host() -> None:
    """Make /new the root, out of which no path leads, and read-only."""
    calls.detach("/host")
    os.chdir("/new")
    calls.pivot_root(".", ".")
    calls.detach(".")
    os.chdir("/")
    remount("/", MS_RDONLY | MS_NOSUID | MS_NODEV)
