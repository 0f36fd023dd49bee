"""A small double of the Hugging Face Hub: the routes that huggingface_hub uses to upload, tag and read datasets,
and to read models."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = "hf_double_secret"


@dataclass
class Repository:
    """Commits are path -> content; names (branches, tags) point at commits."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"0" * 40: {}})
    names: dict[str, str] = field(default_factory=lambda: {"main": "0" * 40})
    tags: list[str] = field(default_factory=list)


@dataclass
class Hub:
    """State of the double. fail_after: uploads after so many break the connection; None for a Hub that works."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    fail_after: int | None = None


class Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: object = None, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def route(self) -> None:
        body = self.body()
        for pattern, handle in ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {urllib.parse.unquote(self.path.split('?')[0])}"):
                return handle(self, body, *found.groups())
        return self.answer(404, {"error": "no such route"})

    do_GET = do_HEAD = do_POST = do_PUT = route

    def allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self.answer(401, {"error": "Invalid username or password."})
        return False

    def commit_of(self, repo: str, name: str) -> str | None:
        repository = self.hub.repositories.get(repo)
        if repository is None:
            self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        commit = repository.names.get(name, name)
        if commit not in repository.commits:
            self.answer(404, {"error": "Invalid rev"}, {"X-Error-Code": "RevisionNotFound"})
            return None
        return commit


def create(h: Handler, body: bytes) -> None:
    if h.allowed():
        wanted = json.loads(body)
        name = f"{wanted['organization']}/{wanted['name']}"
        h.hub.repositories.setdefault(name, Repository())
        h.answer(200, {"url": f"{h.hub.url}/datasets/{name}", "name": name})


def refs(h: Handler, _: bytes, repo: str) -> None:
    r = h.hub.repositories[repo]
    listed = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": r.names[n]} for n in r.tags]
    h.answer(200, {"branches": [], "tags": listed, "converts": []})


def validate(h: Handler, _: bytes) -> None:
    h.answer(200, {"errors": [], "warnings": []})


def preupload(h: Handler, body: bytes, repo: str) -> None:
    if h.allowed():
        files = [
            {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(".parquet") else "regular", "oid": None}
            for f in json.loads(body)["files"]
        ]
        h.answer(200, {"files": [{**f, "shouldIgnore": False} for f in files]})


def lfs_batch(h: Handler, body: bytes, repo: str) -> None:
    objects = []
    for o in json.loads(body)["objects"]:
        upload = {"upload": {"href": f"{h.hub.url}/lfs/{o['oid']}", "header": {}}}
        objects.append({**o, **({} if o["oid"] in h.hub.objects else {"actions": upload})})
    h.answer(200, {"transfer": "basic", "objects": objects})


def lfs_put(h: Handler, body: bytes, oid: str) -> None:
    if h.hub.fail_after is not None and len(h.hub.uploads) >= h.hub.fail_after:
        return h.answer(413, {"error": "the line was cut"})
    assert hashlib.sha256(body).hexdigest() == oid
    h.hub.objects[oid] = body
    h.hub.uploads.append(oid)
    return h.answer(200, {})


def commit(h: Handler, body: bytes, repo: str) -> None:
    r = h.hub.repositories[repo]
    files = dict(r.commits[r.names["main"]])
    for line in map(json.loads, body.splitlines()):
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            files[value["path"]] = h.hub.objects[value["oid"]]
    sha = hashlib.sha1(body).hexdigest()
    r.commits[sha] = files
    r.names["main"] = sha
    h.answer(200, {"success": True, "commitOid": sha, "commitUrl": f"{h.hub.url}/datasets/{repo}/commit/{sha}"})


def tag(h: Handler, body: bytes, repo: str) -> None:
    r = h.hub.repositories[repo]
    r.names[json.loads(body)["tag"]] = r.names["main"]
    r.tags.append(json.loads(body)["tag"])
    h.answer(200, {})


def info(h: Handler, _: bytes, repo: str, name: str = "main") -> None:
    if sha := h.commit_of(repo, name):
        siblings = [{"rfilename": p} for p in h.hub.repositories[repo].commits[sha]]
        h.answer(200, {"id": repo, "sha": sha, "siblings": siblings, "private": False, "tags": [], "downloads": 0})


def entry(path: str, data: bytes) -> dict[str, object]:
    oid = hashlib.sha256(data).hexdigest()
    known: dict[str, object] = {"type": "file", "path": path, "size": len(data), "oid": oid[:40]}
    return {**known, "lfs": {"oid": oid, "size": len(data), "pointerSize": 130}} if path.endswith(".parquet") else known


def tree(h: Handler, _: bytes, repo: str, name: str, under: str = "") -> None:
    if sha := h.commit_of(repo, name):
        files = h.hub.repositories[repo].commits[sha]
        prefix = f"{under.strip('/')}/" if under.strip("/") else ""
        inside = {p: d for p, d in files.items() if p.startswith(prefix)}
        folders = {prefix + p[len(prefix) :].split("/")[0] for p in inside if "/" in p[len(prefix) :]}
        if "recursive=true" in h.path.lower():
            folders = {"/".join(p.split("/")[:k]) for p in inside for k in range(1, p.count("/") + 1)} - {under}
        else:
            inside = {p: d for p, d in inside.items() if "/" not in p[len(prefix) :]}
        listed = [{"type": "directory", "path": f, "oid": "0" * 40, "size": 0} for f in sorted(folders)]
        h.answer(200, listed + [entry(p, d) for p, d in sorted(inside.items())])


def paths_info(h: Handler, body: bytes, repo: str, name: str) -> None:
    if sha := h.commit_of(repo, name):
        files = h.hub.repositories[repo].commits[sha]
        wanted = json.loads(body)["paths"]
        found = [entry(p, files[p]) for p in wanted if p in files]
        found += [
            {"type": "directory", "path": p, "oid": "0" * 40, "size": 0}
            for p in wanted
            if p not in files and any(f.startswith(f"{p}/") for f in files)
        ]
        h.answer(200, found)


def resolve(h: Handler, _: bytes, method: str, repo: str, name: str, path: str) -> None:
    if not (sha := h.commit_of(repo, name)):
        return
    data = h.hub.repositories[repo].commits[sha].get(path)
    if data is None:
        return h.answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
    headers = {"X-Repo-Commit": sha, "ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
    if found := re.fullmatch(r"bytes=(\d+)-(\d*)", h.headers.get("Range", "")):
        start, end = int(found[1]), int(found[2] or len(data) - 1)
        headers["Content-Range"] = f"bytes {start}-{min(end, len(data) - 1)}/{len(data)}"
        return h.answer(206, data[start : end + 1], headers)
    return h.answer(200, data, headers)


R, N = r"([\w.-]+/[\w.-]+?)", r"([^/]+)"
ROUTES = [
    (r"POST /api/repos/create", create),
    (r"POST /api/validate-yaml", validate),
    (rf"GET /api/datasets/{R}/refs", refs),
    (rf"POST /api/datasets/{R}/preupload/main", preupload),
    (rf"POST /datasets/{R}\.git/info/lfs/objects/batch", lfs_batch),
    (r"PUT /lfs/(\w+)", lfs_put),
    (rf"POST /api/datasets/{R}/commit/main", commit),
    (rf"POST /api/datasets/{R}/tag/main", tag),
    (rf"GET /api/(?:datasets|models)/{R}/revision/{N}", info),
    (rf"GET /api/datasets/{R}", info),
    (rf"GET /api/(?:datasets|models)/{R}/tree/{N}(/.*)?", lambda h, b, r, n, u: tree(h, b, r, n, u or "")),
    (rf"POST /api/datasets/{R}/paths-info/{N}", paths_info),
    (rf"(GET|HEAD) /(?:datasets/)?{R}/resolve/{N}/(.+)", resolve),
]


@contextlib.contextmanager
def running() -> Iterator[Hub]:
    """A double that answers on a port of its own."""
    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
