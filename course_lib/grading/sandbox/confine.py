"""What a session gives up before it runs a stranger's code: namespaces, limits, user, capabilities, system calls.

Each step says what it takes and fails loudly: a session that could not be confined must not run. Linux only, x86-64
and aarch64. Python 3.11 has no `os.unshare`, and no module of the standard library knows seccomp or Landlock, so this
talks to the C library by ctypes.

This file runs inside the boundary: standard library only.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
from dataclasses import dataclass

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x04000000, 0x08000000, 0x20000000
CLONE_THREAD = 0x00010000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RDONLY, MS_REC, MS_PRIVATE = 2, 4, 8, 1, 0x4000, 0x40000
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 4, 22, 24, 38, 47
SECCOMP_MODE_FILTER = 2

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """What one file may use. Memory is what it may map beyond the warm interpreter; 2^20 bytes each.

    call, file: seconds of wall time for one request and for all of them; file bounds the processor's time as well.
    """

    call: float = 10.0
    file: float = 30.0
    memory: int = 512
    files: int = 16
    output: int = 1
    threads: int = 16
    open_files: int = 64
    reopen: int = 3  # times that a session may be started again after it was lost


def checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    checked(_libc.setns(descriptor, kind), "setns")


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    arguments = [text.encode() for text in (kind, target, kind, options)]
    result = _libc.mount(arguments[0], arguments[1], arguments[2], ctypes.c_ulong(flags), arguments[3])
    checked(result, f"mount {kind} on {target}")


def own_view(megabytes: int) -> None:
    """A mount, ipc and uts namespace of its own; an empty, bounded /tmp; nothing in /proc. Needs CAP_SYS_ADMIN."""
    unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)
    mount("none", "/", MS_REC | MS_PRIVATE)
    quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC
    mount("tmpfs", "/tmp", quiet, f"size={megabytes}m,nr_inodes=1024,mode=1777")
    mount("tmpfs", "/proc", quiet | MS_RDONLY, "size=4k,nr_inodes=2,mode=555")


def limit(limits: Limits, may_write: bool) -> None:
    """Resource limits, hard and soft."""
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    seconds = int(limits.file) + 1
    for kind, value in {
        resource.RLIMIT_AS: mapped + limits.memory * 2**20,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: limits.files * 2**20 if may_write else 0,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }.items():
        resource.setrlimit(kind, (value, value))


def limit_threads(threads: int) -> None:
    """For this user. The count is of the whole user, so it comes after the user has changed."""
    resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))


def become(user: int | None) -> None:
    """Another user with no group but its own, if `user` is given; then no capability at all, and none ever again."""
    for capability in range(64):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # without CAP_SETPCAP there is nothing to drop
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    checked(_libc.capset(header, none), "capset")
    checked(_libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl dumpable")
    checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl no_new_privs")


# Landlock: read these trees and no others, write nowhere. The numbers are the same on every architecture.
_EXECUTE, _READ_FILE, _READ_DIR = 1, 4, 8
_HANDLED = {1: 2**13 - 1, 2: 2**14 - 1, 3: 2**15 - 1, 4: 2**15 - 1, 5: 2**16 - 1}


def landlock_version() -> int:
    """Of this kernel; 0 where there is none."""
    return max(0, _libc.syscall(444, None, ctypes.c_size_t(0), 1))


def landlock(readable: list[str]) -> None:
    """Only these trees can be opened, for reading. Needs no privilege, only `no_new_privs`."""
    version = landlock_version()
    rules = struct.pack("=Q", _HANDLED[min(version, max(_HANDLED))])
    ruleset = checked(_libc.syscall(444, rules, ctypes.c_size_t(8), 0), "landlock_create_ruleset")
    for path in readable:
        try:
            tree = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except PermissionError:
            raise PermissionError(
                f"submissions run as user {os.geteuid()}, who cannot read {path}: use a Python outside a private home"
            ) from None
        access = _EXECUTE | _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        rule = struct.pack("=Qi", access, tree)
        checked(_libc.syscall(445, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
        os.close(tree)
    checked(_libc.syscall(446, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


# Number on x86-64, number on aarch64 (None: not there), for what a submission has no business with.
DENIED: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "connect": (42, 203),
    "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "quotactl": (179, 60), "acct": (163, 89),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "swapon": (167, 224),
    "swapoff": (168, 225), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "syslog": (103, 116),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162), "personality": (135, 92),
    "setpriority": (141, 140), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274),
    "sched_setparam": (142, 118), "sched_setaffinity": (203, 122), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    # What files are, which Landlock does not guard: in the reduced mode they may be the instructor's own.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466),
    "file_setattr": (469, 469), "truncate": (76, 45), "inotify_add_watch": (254, 27),
}  # fmt: skip
# Who owns a descriptor gets a signal of the holder's choice when something can be read: `kill` by another name.
DENIED_COMMANDS: dict[str, tuple[tuple[int, int], tuple[int, ...]]] = {
    "fcntl": ((72, 25), (8, 10, 15)),  # F_SETOWN, F_SETSIG, F_SETOWN_EX
    "ioctl": ((16, 29), (0x8901, 0x8902)),  # FIOSETOWN, SIOCSPGRP
}
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# The filter's machine: load a word of the call's description, compare, answer.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000


def seccomp() -> None:
    """No new process, no signal to another, no socket, no mount …, for this process and its threads, for ever."""
    program = seccomp_program(platform.machine(), os.getpid())
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    checked(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0), "seccomp")


def seccomp_program(machine: str, pid: int) -> list[tuple[int, int, int, int]]:
    """The filter for a process `pid`. Raises OSError for an architecture whose calls are not known here."""
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}: only {' and '.join(_ARCHITECTURES)}")
    column, architecture = _ARCHITECTURES[machine]
    refuse = (_ANSWER, 0, 0, _ERROR | errno.EPERM)
    allow = (_ANSWER, 0, 0, _ALLOW)
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE), (_JUMP_EQUAL, 1, 0, architecture), (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]  # fmt: skip
    if machine == "x86_64":  # a second numbering of the same calls (x32), which older kernels take without its bit too
        program += [(_JUMP_AT_LEAST, 0, 1, 512), refuse]
    for name, numbers in DENIED.items():
        if numbers[column] is not None:
            again = name in ("fork", "vfork")  # as if there were too many already
            program += [
                (_JUMP_EQUAL, 0, 1, numbers[column]),
                (_ANSWER, 0, 0, _ERROR | errno.EAGAIN) if again else refuse,
            ]
    for numbers, commands in DENIED_COMMANDS.values():
        answers = [step for command in commands for step in ((_JUMP_EQUAL, 0, 1, command), refuse)]
        program += [(_JUMP_EQUAL, 0, len(answers) + 2, numbers[column]), (_LOAD, 0, 0, _SECOND_ARGUMENT), *answers,
                    allow]  # fmt: skip
    # clone3 hides its flags from the filter; without it the C library falls back to clone.
    program += [(_JUMP_EQUAL, 0, 1, _CLONE3[column]), (_ANSWER, 0, 0, _ERROR | errno.ENOSYS)]
    argument = (_LOAD, 0, 0, _FIRST_ARGUMENT)
    program += [(_JUMP_EQUAL, 0, 4, _CLONE[column]), argument, (_JUMP_BITS, 0, 1, CLONE_THREAD), allow,
                (_ANSWER, 0, 0, _ERROR | errno.EAGAIN)]  # fmt: skip
    program += [(_JUMP_EQUAL, 0, 4, _TGKILL[column]), argument, (_JUMP_EQUAL, 0, 1, pid), allow, refuse]
    program += [(_JUMP_EQUAL, 0, 5, _PRLIMIT[column]), argument, (_JUMP_EQUAL, 1, 0, 0), (_JUMP_EQUAL, 0, 1, pid),
                allow, refuse]  # fmt: skip
    return [*program, allow]
