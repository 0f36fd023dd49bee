"""What a release tells Zenodo, and how its files get there: held against a server that speaks Zenodo's interface."""

from __future__ import annotations

import json
import runpy
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOKEN = "a token"


@pytest.fixture(scope="module")
def zenodo() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "release" / "zenodo.py"))


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load((ROOT / "CITATION.cff").read_text("utf-8"), Loader=yaml.BaseLoader)
    return table


class Server(ThreadingHTTPServer):
    """Keeps the deposit's metadata and files, of requests that bring the token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.metadata: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.metadata = json.loads(self._body())["metadata"]
        here = self.server.address
        self._answer(
            {"links": {"bucket": f"{here}/api/files/1", "html": f"{here}/deposit/1"}},
            self.path == "/api/deposit/depositions",
        )

    def do_PUT(self) -> None:
        folder, _, name = self.path.rpartition("/")
        self.server.files[name] = self._body()
        self._answer({"key": name}, folder == "/api/files/1")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, found: dict[str, Any], known: bool) -> None:
        allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
        self.send_response(201 if known and allowed else 403)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_the_committed_metadata_are_those_of_the_citation(zenodo: dict[str, Any], citation: dict[str, Any]) -> None:
    committed = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    assert committed == zenodo["of_software"](citation)
    assert committed["version"] == citation["version"] and committed["license"] == "bsd-3-clause"
    assert committed["related_identifiers"][0]["identifier"] == "10.48550/arXiv.2512.09067"


def test_a_dataset_has_its_own_name_version_and_licence(zenodo: dict[str, Any], citation: dict[str, Any]) -> None:
    manifest = json.loads((ROOT / "docs" / "mini" / "manifest.json").read_text("utf-8"))
    told = zenodo["of_dataset"](citation, manifest)
    assert told["title"] == "hrtem-bench dataset mini 2.0.0"
    assert (told["upload_type"], told["license"], told["version"]) == ("dataset", "cc-by-4.0", manifest["version"])
    assert manifest["checksum"] in told["description"]


def test_files_and_metadata_arrive(
    zenodo: dict[str, Any], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    files = {"a.whl": b"wheel", "b c.tar.gz": bytes(range(256)) * 100}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("ZENODO_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    assert zenodo["main"](["send", *files, "--server", server.address]) == 0
    assert server.files == {"a.whl": files["a.whl"], "b%20c.tar.gz": files["b c.tar.gz"]}
    assert server.metadata == json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    assert f"{server.address}/deposit/1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("token", "files", "status", "words"),
    [
        (None, ["there"], 2, "set ZENODO_TOKEN"),
        (TOKEN, [], 2, "name the files"),
        (TOKEN, ["missing"], 2, "no such file: missing"),
        ("another", ["there"], 1, "403"),
    ],
)
def test_what_is_wrong_is_one_line(
    zenodo: dict[str, Any], server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any,
    token: str | None, files: list[str], status: int, words: str,
) -> None:  # fmt: skip
    (tmp_path / "there").write_text("content")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZENODO_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("ZENODO_TOKEN", token)
    assert zenodo["main"](["send", *files, "--server", server.address]) == status
    said = capsys.readouterr().err.strip().splitlines()
    assert words in said[-1] and server.files == {}
