"""Markdown as a small safe subset of HTML: what a kiosk shows, and no more.

Headings, paragraphs, lists, tables, bold and emphasis. Raw HTML is text like any
other; links and pictures are not followed, and no element carries an attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_OFF: Final = (
    "html_block",
    "html_inline",
    "link",
    "image",
    "autolink",
    "reference",
    "code",
    "fence",
    "backticks",
)
_LEVELS: Final = {
    "h1": "h2",
    "h2": "h2",
    "h3": "h3",
    "h4": "h4",
    "h5": "h4",
    "h6": "h4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part below a heading; the first may have none."""

    title: str
    text: str
    """Without marks."""


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "breaks": True, "maxNesting": 20}
    return MarkdownIt("commonmark", options).enable("table").disable(list(_OFF))


def render(text: str) -> tuple[str, list[Section]]:
    """The HTML of a guide's text, and its sections as plain text."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in _all(tokens):
        token.attrs = {}
        token.tag = _LEVELS.get(token.tag, token.tag)
    return parser.renderer.render(tokens, parser.options, {}), list(_sections(tokens))


def _all(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _sections(tokens: list[Token]) -> Iterator[Section]:
    title, parts, in_heading = "", list[str](), False
    for token in tokens:
        if token.type == "heading_open":
            if title or parts:
                yield Section(title=title, text="\n".join(parts))
            title, parts, in_heading = "", [], True
        elif token.type == "heading_close":
            in_heading = False
        elif token.type == "inline":
            words = _words(token)
            if in_heading:
                title = words
            else:
                parts.append(words)
    if title or parts:
        yield Section(title=title, text="\n".join(parts))


def _words(token: Token) -> str:
    """The text of a line without its marks."""
    return "".join(
        "\n" if child.type in {"softbreak", "hardbreak"} else child.content
        for child in token.children or []
    )
