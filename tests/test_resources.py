"""What there is of memory and disk, and the refusal of what would not fit."""

import subprocess
import sys
from collections import namedtuple

import psutil
import pytest

from stresslab import resources
from stresslab.resources import Room, disk_faults, memory, refuse_memory
from stresslab.schema import InputError


def test_there_is_no_more_memory_than_in_the_machine():
    room = memory()
    assert 0 < room.free <= room.limit <= psutil.virtual_memory().total + psutil.swap_memory().total


def test_what_does_not_fit_is_refused_with_what_there_is(monkeypatch):
    monkeypatch.setattr(resources, "memory", lambda: Room(3.9e9, 4.0e9, "the control group"))
    refuse_memory("simulate", 3.8e9, "simulate less")
    expected = "memory: found 3.9 GB free of the 4.0 GB of the control group, expected about 14.0 GB; simulate less"
    with pytest.raises(InputError) as caught:
        refuse_memory("simulate", 14e9, "simulate less")
    assert caught.value.faults == [expected]


def write(folder, **values):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in values.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.mark.parametrize(
    ("line", "place", "files"),
    [
        ("0::/app/run", "app", {"memory__max": "4000", "memory__current": "3000", "memory__stat": "inactive_file 500"}),
        (
            "4:cpu,memory:/app",
            "memory/app",
            {
                "memory__limit_in_bytes": "4000",
                "memory__usage_in_bytes": "3000",
                "memory__stat": "total_inactive_file 500",
            },
        ),
        ("0::/host/path", ".", {"memory__max": "4000", "memory__current": "3000", "memory__stat": "inactive_file 500"}),
    ],
    ids=["version 2", "version 1", "version 2 in a container"],
)
def test_the_limit_of_a_control_group_counts(tmp_path, monkeypatch, line, place, files):
    write(tmp_path / "groups" / place, **files)
    write(tmp_path / "groups/app/run", memory__max="max", memory__current="3000", memory__stat="inactive_file 0")
    (tmp_path / "cgroup").write_text(f"{line}\n")
    monkeypatch.setattr(resources, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(resources, "OWN_GROUPS", tmp_path / "cgroup")
    assert memory() == Room(1500, 4000, "the control group")


def test_a_machine_without_control_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "OWN_GROUPS", tmp_path / "absent")
    assert memory().of in ("the machine", "the address space (ulimit -v)", "the data segment (ulimit -d)")


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="no such limits here")
@pytest.mark.parametrize(("limit", "words"), [("RLIMIT_AS", "address space"), ("RLIMIT_DATA", "data segment")])
def test_thirty_million_borrowers_under_four_gigabytes_are_refused_at_once(limit, words):
    code = f"""
import resource, time
resource.setrlimit(resource.{limit}, (4_000_000_000, 4_000_000_000))
import stresslab as sl
sl.synthetic_portfolio(borrowers=100, seasoning_months=0)
sl.macro_paths(sl.scenario("china-baseline"), paths=2)
started = time.perf_counter()
for call in (
    lambda: sl.synthetic_portfolio(borrowers=30_000_000),
    lambda: sl.macro_paths(sl.scenario("china-baseline"), paths=10**8),
):
    try:
        call()
    except ValueError as error:
        print(error)
print(time.perf_counter() - started)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    portfolio, paths = (line for line in done.stdout.splitlines() if "memory:" in line)
    assert words in portfolio
    assert "of the 4.0 GB" in portfolio
    assert "expected about 52.2 GB; draw fewer borrowers" in portfolio
    assert "draw fewer paths at a time" in paths
    assert float(done.stdout.splitlines()[-1]) < 1.0


def test_a_disk_with_too_little_room_is_named(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda place: usage(10**9, 10**9 - 5, 5))
    assert disk_faults("out", tmp_path / "deep/out", 5) == []
    (fault,) = disk_faults("out", tmp_path / "deep/out", 2e9)
    assert fault == f"out: found 0 MB free on the disk of {tmp_path}, expected about 2.0 GB; name another disk"
