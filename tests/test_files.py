"""Files and folders are written whole or not at all, and never over what is not theirs."""

import json
import os
import time

import pytest

from stresslab.engine.model import Model
from stresslab.files import OLD, digest, foreign, place_faults, whole_file, whole_folder
from stresslab.schema import InputError


def answers_in(folder, **files):
    """A folder with a manifest that lists these files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    manifest = {"written_by": "stresslab", "outputs": {name: {} for name in files}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def break_off(partial, target):
    """Write a part, see that the old one still stands, and fail."""
    partial.write_text("ha")
    assert target.read_text() == "old"
    raise OSError(28, "full")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_whole_or_as_it_was(tmp_path):
    target = tmp_path / "model.toml"
    target.write_text("old")
    with pytest.raises(InputError, match="found no way to write it \\(full\\)"), whole_file(target) as partial:
        break_off(partial, target)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["model.toml"]
    with whole_file(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["model.toml"]


@pytest.mark.parametrize("name", ["missing/a.toml", "file/a.toml", "x" * 300, "a\0b", ".", ""])
def test_a_name_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(InputError, match=r"file: found no way to write it .*; name another place"):
        Model().to_toml(tmp_path / name if name else "")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_link_is_replaced_and_not_what_it_points_to(tmp_path):
    (tmp_path / "precious.txt").write_text("precious")
    (tmp_path / "link.txt").symlink_to(tmp_path / "precious.txt")
    with whole_file(tmp_path / "link.txt") as partial:
        partial.write_text("new")
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert (tmp_path / "link.txt").read_text() == "new"


def test_a_folder_takes_the_place_of_another_as_a_whole(tmp_path):
    out = answers_in(tmp_path / "out", old="1", both="1")
    with whole_folder(out) as partial:
        (partial / "both").write_text("2")
        assert (out / "both").read_text() == "1"
    assert names(out) == ["both"]
    assert (out / "both").read_text() == "2"
    assert names(tmp_path) == ["out"]


def test_a_folder_that_fails_leaves_the_one_before(tmp_path):
    out = answers_in(tmp_path / "out", old="old")
    with pytest.raises(OSError, match="full"), whole_folder(out) as partial:
        break_off(partial / "new", out / "old")
    assert names(out) == ["manifest.json", "old"]
    assert names(tmp_path) == ["out"]


def test_answers_that_cannot_be_put_in_place_are_kept_and_named(tmp_path, monkeypatch):
    out = answers_in(tmp_path / "out", old="1")
    rename = os.rename

    def refuse(source, target):
        if ".partial-" in str(source):
            raise OSError(1, "not permitted")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with (
        pytest.raises(InputError, match=r"not permitted.*stand whole in .*\.out\.partial-"),
        whole_folder(out) as partial,
    ):
        (partial / "new").write_text("2")
    assert names(out) == ["manifest.json", "old"]
    assert (partial / "new").read_text() == "2"


def test_a_free_place_and_answers_of_a_study_may_be_written(tmp_path):
    assert place_faults("out", tmp_path / "deep" / "out") == []
    (tmp_path / "empty").mkdir()
    assert place_faults("out", tmp_path / "empty") == []
    assert place_faults("out", answers_in(tmp_path / "out", old="1")) == []


@pytest.mark.parametrize("strange", ["mine.txt", "folder", "link"])
def test_a_folder_with_anything_else_is_refused_by_its_name(tmp_path, strange):
    out = answers_in(tmp_path / "out", result="1")
    path = out / strange
    {"mine.txt": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to(tmp_path)}[strange]()
    (fault,) = place_faults("out", out)
    assert fault.startswith(f"out: found {strange} in ")
    assert "move them or name another folder" in fault


def test_a_link_under_the_name_of_an_answer_is_strange(tmp_path):
    out = answers_in(tmp_path / "out", result="1")
    (out / "result").unlink()
    (out / "result").symlink_to(tmp_path / "precious")
    assert foreign(out) == ["result"]


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"written_by": "stresslab"}', '{"written_by": "x", "outputs": {}}']
)
def test_without_a_manifest_of_ours_all_is_strange(tmp_path, manifest):
    (tmp_path / "manifest.json").write_text(manifest)
    assert foreign(tmp_path) == ["manifest.json"]


def test_places_that_cannot_be_a_folder_are_refused(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    found = {
        tmp_path / "file": "a file at",
        tmp_path / "file" / "out": "no way to write",
        tmp_path / "link": "a link to",
        tmp_path: "a mounted or the current folder",
        tmp_path / ("a" * 300): "no way to write (File name too long)",
        tmp_path / "a\0b": "no way to write (",
    }
    assert {
        path: place_faults("out", path)[0].split("found ")[1].startswith(words) for path, words in found.items()
    } == (dict.fromkeys(found, True))
    assert names(tmp_path) == ["file", "link"]


def test_what_a_killed_process_moved_aside_is_put_back(tmp_path):
    answers_in(tmp_path / ".out.previous-0123abcd", result="1")
    (tmp_path / ".out.partial-0123abcd").mkdir()
    assert place_faults("out", tmp_path / "out") == []
    assert (tmp_path / "out" / "result").read_text() == "1"
    assert names(tmp_path) == [".out.partial-0123abcd", "out"]


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path):
    long_ago = time.time() - OLD - 60
    for name in (".out.partial-0123abcd", ".out.previous-0123abcd", ".out.partial-mine", ".other.partial-0123abcd"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (long_ago, long_ago))
    answers_in(tmp_path / "out")
    assert place_faults("out", tmp_path / "out") == []
    assert names(tmp_path) == [".other.partial-0123abcd", ".out.partial-mine", "out"]


def test_the_sum_of_a_file(tmp_path):
    (tmp_path / "abc").write_text("abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(tmp_path / "abc") == {"bytes": 3, "sha256": expected}
