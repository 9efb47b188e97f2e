"""The first processes of the sandbox. Not for people: `common.sandbox.run` starts it.

    python -I -S -B .../sandbox/inside CONTROL SPEC PARENT

CONTROL and SPEC are file descriptors (a socket, a file of JSON), PARENT is the id of the process that asks.
The launcher makes the namespaces and starts process 1, which builds the world, starts the command in it,
watches it and ends whatever it leaves. Both die with the process that asked. Nothing but the standard
library is imported: no code of a package that could have been tampered with.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys

import calls
import rights
import watch
import world

UNAVAILABLE = (errno.EPERM, errno.ENOSPC, errno.EINVAL, errno.ENOSYS, errno.EUSERS)


def main(control: int, spec: int, parent: int) -> None:
    line = socket.socket(fileno=control)
    try:
        with os.fdopen(spec, "rb") as file:
            order = json.load(file)
        own_user = make_namespaces(order["user_namespace"])
        die_with_parent()
        if os.getppid() != parent:
            sys.exit(1)  # it is gone already
        tell(line, say="namespaces", own_user=own_user)
        ids = json.loads(line.recv(1000))
        launch(line, order, ids | {"own_user": own_user})
    except (OSError, ValueError) as error:
        tell(line, say="failed", error=describe(error))


def make_namespaces(user_namespace: bool) -> bool:
    """Unshare everything. Returns whether the user ids, too, are our own; root can do without."""
    if user_namespace:
        try:
            calls.unshare(calls.NAMESPACES | calls.CLONE_NEWUSER)
            return True
        except OSError as error:
            if os.geteuid() != 0 or error.errno not in UNAVAILABLE:
                raise
    calls.unshare(calls.NAMESPACES)
    return False


def die_with_parent() -> None:
    calls.prctl(calls.PR_SET_PDEATHSIG, signal.SIGKILL)


def launch(line: socket.socket, order: dict, ids: dict) -> None:
    """Start process 1 and wait for it; SIGTERM ends it, and with it its whole namespace."""
    alive, ours = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(ours)
        first_process(line, order, ids, alive)
    line.close()
    signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGKILL))
    os.waitpid(first, 0)


def first_process(line: socket.socket, order: dict, ids: dict, alive: int) -> None:
    """Process 1 of the sandbox: never returns. `alive` is a pipe that the launcher holds open."""
    try:
        die_with_parent()
        os.set_blocking(alive, False)
        if not launcher_lives(alive):
            os._exit(1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        os.umask(0o022)
        serve(line, order, ids)
    except BaseException as error:
        tell(line, say="failed", error=describe(error))
    finally:
        os._exit(0)  # and the kernel kills whatever is left


def launcher_lives(alive: int) -> bool:
    try:
        return os.read(alive, 1) != b""
    except BlockingIOError:
        return True


def serve(line: socket.socket, order: dict, ids: dict) -> None:
    calls.set_host_name("sandbox")
    user, group = ids["user"], ids["group"]
    out = world.build(order, user, group)
    if ids["own_user"]:
        forbid_namespaces()
    socket.send_fds(line, [json.dumps({"say": "ready"}).encode()], [out])
    os.close(out)
    calls.prctl(calls.PR_SET_DUMPABLE, 0)  # nobody but root may look at us, were he of our own user id
    started = rights.start(order, user, group)
    tell(line, say="ended", **watch.wait_for_end(started, order["limits"], line))


def forbid_namespaces() -> None:
    """No user namespaces within ours, as they would give capabilities. This holds for our namespace alone."""
    with open("/proc/sys/user/max_user_namespaces", "w", encoding="ascii") as file:
        file.write("0")


def describe(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{type(error).__name__}: {error}"


def tell(line: socket.socket, **message: object) -> None:
    try:
        line.send(json.dumps(message).encode())
    except OSError:
        os._exit(1)  # nobody listens


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
