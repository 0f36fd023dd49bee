"""HTML from plain text, and the frame of a page.

`Html` marks what is safe, so that a type checker finds text that was not escaped.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any, NewType

import msgspec

from hrtem_bench.comparison.report_pages import EMBEDDED, PAGE_START

Html = NewType("Html", str)
"""Markup made by this module: everything that came from outside in it has been escaped."""
_UNBROKEN = re.compile(r"(?<!,) (?!\()")
"""Spaces of a cell where its line is not to end: all but those before a bracket and in a list."""


def text(value: object) -> Html:
    """Any value as text: control characters dropped, the rest escaped, also for use in a quoted attribute."""
    plain = "".join(c for c in str(value) if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    return Html(html.escape(plain, quote=True))


def join(parts: Iterable[Html], separator: str = "\n") -> Html:
    """Pieces of markup one after the other."""
    return Html(separator.join(parts))


def element(name: str, *content: Html, **attributes: str) -> Html:
    """``<name attributes>content</name>``; attribute values are escaped.

    In a key, a trailing _ is dropped and other _ become -, so that class_ and aria_label can be written.
    """
    pairs = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{pairs}>{''.join(content)}</{name}>")


def image(png: bytes, alt: str, width: int, height: int) -> Html:
    """A PNG within the page. Width and height in CSS pixels, so that nothing moves while it loads."""
    data = base64.b64encode(png).decode()
    return Html(f'<img src="data:image/png;base64,{data}" alt="{text(alt)}" width="{width}" height="{height}">')


def section(key: str, title: str, *content: Html) -> Html:
    """A section with its heading, with the address ``#key`` and a name for screen readers."""
    heading = element("h2", text(title), id=f"{key}-title")
    return element("section", heading, join(content), id=key, aria_labelledby=f"{key}-title")


def masthead(kicker: str, title: str, facts: str = "") -> Html:
    """The head of a page: what kind of page it is, its title, and what it is about."""
    parts = [element("p", text(kicker), class_="kicker"), element("h1", text(title))]
    return join([*parts, element("p", text(facts), class_="facts")] if facts else parts)


def embedded(name: str, record: Any) -> Html:
    """A link to a record as JSON, which the page carries within it."""
    data = base64.b64encode(msgspec.json.encode(record)).decode()
    return element("a", text(name), href=f"{EMBEDDED}{data}", download=name)


def paragraph(words: str) -> Html:
    return element("p", text(words))


def listing(items: Iterable[str]) -> Html:
    return element("ul", join(element("li", text(item)) for item in items))


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    classes: Sequence[str] = (),
    links: Sequence[Mapping[int, str]] = (),
    folding: bool = False,
) -> Html:
    """A table whose first column names the row. It scrolls sideways by itself, also with the keyboard.

    classes: of each row, "marked" to highlight it, "" for none. links: for each row, column -> where its cell leads; ""
    is nowhere. folding: cells may break before a bracket or after a comma, so that a page holds more columns.
    """
    if folding:
        rows = [[row[0], *(_UNBROKEN.sub("\u00a0", cell).replace("–", "–\u2060") for cell in row[1:])] for row in rows]
    header = element("tr", *(element("th", text(cell.replace(" %", "\u00a0%")), scope="col") for cell in head))
    body = []
    for index, row in enumerate(rows):
        leads, kind = links[index] if links else {}, classes[index] if classes else ""
        first, *rest = (_linked(cell, leads.get(place, "")) for place, cell in enumerate(row))
        cells = [element("th", first, scope="row"), *(element("td", cell) for cell in rest)]
        body.append(element("tr", *cells, class_=kind) if kind else element("tr", *cells))
    inner = element(
        "table",
        element("caption", element("span", text(caption))),
        element("thead", header),
        element("tbody", join(body)),
    )
    whole = element("div", inner, class_="scroll", role="region", tabindex="0", aria_label=caption)
    return element("div", whole, class_="folding") if folding else whole


def _linked(words: str, address: str) -> Html:
    return element("a", text(words), href=address) if address else text(words)


def pairs(entries: Iterable[tuple[str, str]]) -> Html:
    """A description list: name and value."""
    return element("dl", join(element("div", element("dt", text(k)), element("dd", text(v))) for k, v in entries))


def page(title: str, header: Html, sections: Mapping[str, tuple[str, Html]], footer: str, rules: str = "") -> str:
    """A whole page. sections: key -> (heading, content), in order; those without content are left out.

    rules: further style rules.
    """
    shown = {key: (heading, body) for key, (heading, body) in sections.items() if body}
    links = (element("li", element("a", text(heading), href=f"#{key}")) for key, (heading, _) in shown.items())
    first, (heading, _) = next(iter(shown.items()))
    return Template(asset("page.html")).substitute(
        start=PAGE_START,
        title=text(title),
        css=asset("page.css") + rules,
        skip=element("a", text(f"Skip to: {heading}"), class_="skip", href=f"#{first}"),
        header=header,
        contents=element("ul", join(links)),
        main=join(section(key, heading, body) for key, (heading, body) in shown.items()),
        footer=paragraph(footer),
    )


def asset(name: str) -> str:
    """A file of the package that pages are made of."""
    return (files("hrtem_bench.report") / "assets" / name).read_text(encoding="utf-8")
