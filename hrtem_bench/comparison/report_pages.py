"""Report pages beside results: how they begin, whether a page is a report of ours, and links to them.

A report begins with a policy that browsers enforce: no script runs, nothing is fetched, nothing is sent. An entry's
report comes from a stranger and is published under our name, so it must begin with exactly these bytes.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from urllib.parse import quote

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.results import Results
from hrtem_bench.support.reading import MIB, parse_json, read_bounded

REPORT = "report.html"
MOST_REPORT = 256 * MIB
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
PAGE_START = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
)
EMBEDDED = "data:application/json;base64,"
"""Before the results that a report carries, as base64 of their JSON."""
_EMBEDDED = re.compile(re.escape(EMBEDDED.encode()) + rb'([A-Za-z0-9+/=]*)"')
_IN_URLS = ":/?#[]@!$&'*+,;=%~"


def check_report(path: Path, results: Results) -> None:
    """Raise InputError, one line, unless the page is a report of these results under the policy above."""
    content = read_bounded(path, MOST_REPORT)
    if not content.startswith(PAGE_START.encode()) or content.lower().count(b"http-equiv") != 1:
        raise InputError(f"{path} is no report of this version: evaluate the model again, or leave the report out")
    found = _EMBEDDED.search(content)
    try:
        held = None if found is None else parse_json(base64.b64decode(found[1], validate=True), Results, "")
    except ValueError:  # neither base64 nor results
        held = None
    if held != results:
        raise InputError(f"{path} is not the report of the results beside it")


def report_link(folder: Path, here: Path) -> str:
    """The address of the report in a folder of results, relative to the folder `here`; "" if there is none.

    Characters with a meaning in addresses, HTML or Markdown are percent-encoded.
    """
    page = folder / REPORT
    if page.is_symlink() or not page.is_file():
        return ""
    return quote(Path(os.path.relpath(page.resolve(), here.resolve())).as_posix())


def safe_url(url: str) -> str:
    """An https address in which the characters that would end it in HTML or Markdown are percent-encoded."""
    return quote(url, safe=_IN_URLS)
