"""What a command may not do: become somebody else, reach the network, look at others, leave its root."""

from __future__ import annotations

import socket

import pytest

TRY = """
import ctypes, os, socket, stat
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, action):
    try:
        result = action()
    except (OSError, ValueError):
        return
    if not (isinstance(result, int) and result < 0):
        print("possible:", name)
"""

ATTEMPTS = {  # each would be a way out, or a way around a limit
    "another user": "lambda: os.setuid(0)",
    "another group": "lambda: os.setgroups([0])",
    "a new root": "lambda: os.chroot('/tmp')",
    "a device": "lambda: os.mknod('/tmp/disk', 0o666 | stat.S_IFBLK, os.makedev(254, 0))",
    "a mount": "lambda: libc.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None)",
    "an unmount": "lambda: libc.umount2(b'/inputs', 2)",
    "a writable remount": "lambda: libc.mount(None, b'/inputs', None, 32 | 4096, None)",
    "user namespaces": "lambda: libc.unshare(0x10000000)",
    "user namespaces by clone": "lambda: libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",
    "tracing process 1": "lambda: libc.ptrace(16, 1, 0, 0)",
    "tracing its parent": "lambda: libc.ptrace(16, os.getppid(), 0, 0)",
    "memory of nobody": "lambda: os.memfd_create('hidden')",
    "shared memory of nobody": "lambda: libc.shmget(0, 1 << 20, 0o1600)",
    "a raw socket": "lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packets": "lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "kernel messages": "lambda: libc.klogctl(3, ctypes.create_string_buffer(100), 100)",
    "a higher limit": "lambda: __import__('resource').setrlimit(0, (1 << 40, 1 << 40))",
    "another name of the host": "lambda: libc.sethostname(b'x', 1)",
    "a file as another user": "lambda: os.chown('/tmp', 0, 0)",
}


def test_none_of_what_would_be_a_way_out_is_possible(inside):
    lines = [f"attempt({name!r}, {action})" for name, action in ATTEMPTS.items()]
    printed = inside.answers("\n".join([TRY, *lines, "print('tried')"]))
    assert printed == "tried"


def test_it_has_no_capabilities_and_gains_none(inside):
    fields = dict(
        line.split(":\t", 1)
        for line in inside.answers("print(open('/proc/self/status').read())").splitlines()
    )
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[name], 16) == 0, name
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"


@pytest.mark.parametrize("family", ["internet", "abstract"])
def test_a_listener_of_the_host_is_not_reached(inside, family):
    if family == "internet":
        listener, address = socket.socket(), ("127.0.0.1", 0)
    else:
        listener, address = socket.socket(socket.AF_UNIX), f"\0{inside.marker}"
    with listener:
        listener.bind(address)
        listener.listen()
        printed = inside.answers(
            f"""
            import socket
            line = socket.socket(socket.AF_{"INET" if family == "internet" else "UNIX"})
            line.settimeout(1)
            try:
                line.connect({listener.getsockname()!r})
                print("connected")
            except OSError as error:
                print("failed")
            """
        )
    assert printed == "failed"


def test_the_only_interface_is_a_loopback_that_is_down(inside):
    printed = inside.answers(
        """
        import fcntl, socket, struct
        flags = fcntl.ioctl(socket.socket(), 0x8913, struct.pack("16sh14x", b"lo", 0))  # SIOCGIFFLAGS
        print(socket.if_nameindex(), struct.unpack("16sh14x", flags)[1] & 1)
        """
    )
    assert printed == "[(1, 'lo')] 0"


def test_killing_its_parent_or_everybody_hurts_only_itself(inside):
    outcome = inside.run(
        """
        import os, signal
        for number in range(1, 65):
            for target in (os.getppid(), 1):
                try:
                    os.kill(target, number)
                except OSError:
                    pass
        open("/out/done", "w").close()
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            print("nobody else", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert (outcome.reason, outcome.returncode) == ("finished", -9)
    assert (inside.out / "done").exists()
    assert outcome.explain().startswith("killed by signal 9 (SIGKILL): out of memory?")
