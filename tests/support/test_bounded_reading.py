"""Files that somebody else may have made: none hangs, swells or ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.pool import pooled
from hrtem_bench.support.reading import MAX_DEPTH, parse_json, parse_toml, read_bounded, read_json, read_text, read_toml


def refused(call: Any, *given: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*given)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    return str(caught.value)


def test_a_file_as_large_as_allowed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345678")
    assert read_bounded(path, 8) == b"12345678"
    assert "larger than 7 bytes" in refused(read_bounded, path, 7)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    assert "no regular file" in refused(read_bounded, tmp_path, 8)
    assert "No such file" in refused(read_bounded, tmp_path / "absent", 8)
    assert "null" in refused(read_bounded, Path("a\0b"), 8)
    (tmp_path / "link").symlink_to(tmp_path / "link")
    assert "cannot be read" in refused(read_bounded, tmp_path / "link", 8)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no such devices")
def test_devices_and_pipes_are_not_opened(tmp_path: Path) -> None:
    assert "no regular file" in refused(read_bounded, Path("/dev/zero"), 8)
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for ever
    assert "no regular file" in refused(read_toml, tmp_path / "pipe")


def test_text_is_utf8(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("σ".encode())
    assert read_text(tmp_path / "x", 8) == "σ"
    (tmp_path / "x").write_bytes(b"\xff")
    assert "is not UTF-8 text" in refused(read_text, tmp_path / "x", 8)


DEEP = 100_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * DEEP, "nested too deep"),
        ("a = " + "[" * DEEP + "]" * DEEP, "nested too deep"),
        ("a = " + "{a = " * DEEP, "nested too deep"),
        ("a" + ".a" * DEEP + " = 1", "a key of more than 32 parts"),
        ("[a" + " . 'a'" * DEEP + "]", "a key of more than 32 parts"),
        ("a = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH, "nested too deep: more than 32 levels"),
        ("\n".join("[" + ".".join(f"a{j}" for j in range(i + 1)) + "]" for i in range(31)) + "\nb = {c = {d = 1}}",
         "nested too deep"),
        ("a = 1" + "0" * 10_000, "is not TOML"),
        ("x" * 1_000_000, "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
    ],
)  # fmt: skip
def test_toml_that_is_none_or_too_deep(text: str, says: str) -> None:
    message = refused(parse_toml, text, "the recipe")
    assert message.startswith("the recipe ") and says in message


def test_toml_as_deep_as_allowed_is_read(tmp_path: Path) -> None:
    inner = MAX_DEPTH - 1
    (tmp_path / "x.toml").write_text("a = " + "[" * inner + "]" * inner + "\nb = 'a sentence... of many. words.'\n")
    assert set(read_toml(tmp_path / "x.toml")) == {"a", "b"}


class Kind(msgspec.Struct):
    a: Any


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a": ' + b"[" * DEEP, "nested too deep"),
        (b'{"a": ' * DEEP, "nested too deep"),
        (b'{"a": 1', "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "Expected `object`"),
        (b"", "truncated"),
    ],
)
def test_json_that_is_none_or_too_deep(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    message = refused(read_json, tmp_path / "x.json", Kind, "record")
    assert message.startswith(f"{tmp_path / 'x.json'} is no valid record: ") and says in message


def test_json_is_read_as_its_kind(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 3}')
    assert read_json(tmp_path / "x.json", Kind, "record").a == 3
    assert parse_json(b'{"a": [1]}', Kind, "x is no record").a == [1]


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")
def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    script = f"""
import pathlib, resource
from hrtem_bench.support.files import write_aside
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_aside(pathlib.Path({str(tmp_path / "page.html")!r}), "x" * 100_000)
except OSError as error:
    print(error.filename, error.strerror, sep="|")
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == f"{tmp_path / 'page.html'}|File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_made_is_named_as_the_user_did(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_aside(tmp_path / "absent" / "page.html", "x")
    assert caught.value.filename == str(tmp_path / "absent" / "page.html")


def test_workers_take_paths_from_where_the_caller_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # after multiprocessing was imported, as a notebook does
    assert list(pooled(os.path.abspath, [Path("a")], 1, kept="")) == [str(tmp_path / "a")]


def test_workers_without_number_are_refused() -> None:
    with pytest.raises(InputError, match="give 1 to 256"):
        next(pooled(str, [], 10**20, kept=""))
