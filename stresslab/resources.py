"""Memory and disk: what there is, and the fault of what would not fit, said before anything is allocated or written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import psutil

from stresslab.schema import InputError

CGROUP_FILES = (("memory.max", "memory.current", "inactive_file"),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))  # fmt: skip
"""Limit, use, and what of the use the kernel gives back, in versions 2 and 1 of control groups."""
CGROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


class Room(NamedTuple):
    """Memory that can still be allocated and all that there may be [byte], and what sets the limit."""

    free: float
    limit: float
    of: str


def memory() -> Room:
    """The scarcest memory: of the machine with its swap, of the control group, or of the limits of the process."""
    machine, swap = psutil.virtual_memory(), psutil.swap_memory()
    rooms = [Room(machine.available + swap.free, machine.total + swap.total, "the machine")]
    return min([*rooms, *_of_control_groups(), *_of_the_process()])


def _of_control_groups() -> list[Room]:
    """Room in the control groups of this process, from its own up to the root; none but on Linux."""
    try:
        own = [line.split(":", 2) for line in OWN_GROUPS.read_text("utf-8").splitlines()]
    except OSError:
        return []
    rooms = []
    for _, controllers, path in own:
        root = CGROUPS / "memory" if "memory" in controllers.split(",") else CGROUPS
        place = root / path.lstrip("/")
        rooms += [_of_folder(folder) for folder in (place, *place.parents) if folder.is_relative_to(root)]
    return [room for room in rooms if room is not None]


def _of_folder(folder: Path) -> Room | None:
    """Room in one control group; None where it sets no limit."""
    for limit_name, use_name, idle_name in CGROUP_FILES:
        try:
            limit, use = int((folder / limit_name).read_text("utf-8")), int((folder / use_name).read_text("utf-8"))
            counts = dict(line.split() for line in (folder / "memory.stat").read_text("utf-8").splitlines())
        except (OSError, ValueError):  # no such file, or "max"
            continue
        return Room(limit - use + int(counts.get(idle_name, 0)), limit, "the control group")
    return None


def _of_the_process() -> list[Room]:
    """Room under the limits of address space and data of this process; none where the system has no such limits."""
    if not hasattr(psutil, "RLIMIT_AS"):
        return []
    process = psutil.Process()
    used = process.memory_info()
    limits = (("the address space (ulimit -v)", psutil.RLIMIT_AS, used.vms),
              ("the data segment (ulimit -d)", psutil.RLIMIT_DATA, used.data))  # fmt: skip
    found = [(name, process.rlimit(kind)[0], use) for name, kind, use in limits]
    return [Room(limit - use, limit, name) for name, limit, use in found if limit != psutil.RLIM_INFINITY]


def refuse_memory(subject: str, needed: float, advice: str) -> None:
    """InputError if more memory is needed [byte] than there is; the advice says how to need less."""
    room = memory()
    if needed > room.free:
        found = f"found {size(room.free)} free of the {size(room.limit)} of {room.of}"
        raise InputError(subject, [f"memory: {found}, expected about {size(needed)}; {advice}"])


def disk_faults(name: str, folder: Path, needed: float) -> list[str]:
    """Fault of a disk with less room than needed [byte]; the folder need not exist yet."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if needed <= free:
        return []
    return [f"{name}: found {size(free)} free on the disk of {there}, expected about {size(needed)}; name another disk"]


def size(bytes_: float) -> str:
    """Bytes in the unit in which they are a short number.

    >>> size(3.94e9), size(250e6), size(-5)
    ('3.9 GB', '250 MB', '0 MB')
    """
    return f"{bytes_ / 1e9:,.1f} GB" if bytes_ >= 1e9 else f"{max(bytes_, 0) / 1e6:,.0f} MB"
