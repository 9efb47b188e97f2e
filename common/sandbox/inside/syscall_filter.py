"""A filter that refuses system calls that no homework needs and that attack or evade: a second lock.

The first locks are namespaces, a plain user id and no capabilities. What the filter adds: no new namespaces
(which would hand out capabilities within them), and none of the kinds of memory that belong to no process
and so escape the count of memory. All else is allowed. A refused call fails with EPERM.
"""

from __future__ import annotations

import ctypes
import platform
import struct

import calls

EPERM, ENOSYS = 1, 38
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000  # <linux/seccomp.h>
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # <linux/bpf_common.h>
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little endian
NEW_NAMESPACE = 0x7E020080  # all CLONE_NEW* flags
X32 = 0x40000000  # the other numbering of calls on x86_64

# machine -> {name: number}, from <asm/unistd_64.h> and <asm-generic/unistd.h>
REFUSED = {
    "x86_64": {
        "ptrace": 101, "syslog": 103, "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166,
        "swapon": 167, "reboot": 169, "init_module": 175, "quotactl": 179, "shmget": 29, "msgget": 68,
        "mq_open": 240, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
        "unshare": 272, "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313, "memfd_create": 319,
        "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsmount": 432, "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447,
    },
    "aarch64": {
        "ptrace": 117, "syslog": 116, "pivot_root": 41, "chroot": 51, "mount": 40, "umount2": 39,
        "swapon": 224, "reboot": 142, "init_module": 105, "quotactl": 60, "shmget": 194, "msgget": 186,
        "mq_open": 180, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219,
        "unshare": 97, "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273, "memfd_create": 279,
        "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsmount": 432, "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447,
    },
}  # fmt: skip
MACHINES = {"x86_64": (0xC000003E, 56), "aarch64": (0xC00000B7, 220)}  # AUDIT_ARCH_*, the number of clone
CLONE3 = 435


def install() -> None:
    """Filter the calls of this process and all it will start. On other machines: nothing is filtered."""
    machine = platform.machine()
    if machine not in MACHINES:
        return
    code = program(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    holder = ctypes.create_string_buffer(filters, len(filters))
    calls.prctl(calls.PR_SET_SECCOMP, calls.SECCOMP_MODE_FILTER, ctypes.addressof(holder))


def program(machine: str) -> bytes:
    """The filter in classic BPF: one instruction is (code, jump if true, jump if false, value)."""
    architecture, clone = MACHINES[machine]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),  # another numbering of calls, such as that of 32-bit programs
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, ERROR | ENOSYS),  # its flags are out of sight; the C library then takes clone
    ]
    for number in REFUSED[machine].values():
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERROR | EPERM)]
    steps += [
        (EQUAL, 0, 3, clone),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, NEW_NAMESPACE),
        (RETURN, 0, 0, ERROR | EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
