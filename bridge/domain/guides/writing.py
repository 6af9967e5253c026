"""Guides made from cells of a table: their ids, their Markdown, and whose text it is.

A file that was written so says it in a line of its head, with a sum over all the rest:
whoever changes the text makes it theirs.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ruamel.yaml import YAML

from bridge.domain.guides.parsing import MAX_TITLE

MAX_ID: Final = 64
SHORT: Final = 40
"""Characters of a window that fits below the title."""

_MARK: Final = "# imported "
_MARKED: Final = re.compile(rf"^{_MARK}([0-9a-f]{{32}})\n", re.MULTILINE)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_EXCEL: Final = re.compile(r"_x000[dD]_")
_INLINE: Final = re.compile(r"([\\`*_])|&(?=#?\w+;)")
_AT_START: Final = re.compile(r"^([#>+\-=|:~])|^(\d{1,9})([.)])(?=\s|$)")
_NUMBERED: Final = re.compile(r"^[(（]?(\d{1,3})\s*[)）.、．]\s*(?!\d)(\S.*)$")
_DOTTED: Final = re.compile(r"^(?:[-*]\s+|[•·●○■◆]\s*)(\S.*)$")
_RUN_ON: Final = re.compile(r"(?<=[;；。\s])(?=[(（]?\d{1,2}[)）.、．]\s*(?!\d))")


def plain(text: str) -> str:
    """A cell's text: lines with LF, without controls and blanks around."""
    text = _EXCEL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text.replace("\t", " "))
    return "\n".join(line.strip(" \u3000") for line in text.split("\n")).strip("\n")


def one_line(text: str) -> str:
    """A cell's text on one line."""
    return " ".join(plain(text).split())


def id_from(title: str) -> str:
    """A guide's id from its title: 企业登记 is qi-ye-deng-ji; empty for mere signs."""
    # As for searching: its tables load slowly.
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    read = " ".join(lazy_pinyin(one_line(title))).casefold().replace("ü", "v")
    made = ""
    for word in re.findall(r"[a-z0-9]+", read):
        longer = f"{made}-{word}" if made else word[:MAX_ID]
        if len(longer) > MAX_ID:
            break
        made = longer
    return made


def body_from(parts: Iterable[tuple[str, str]]) -> str:
    """Markdown of headings and the cells below them; cells are text, not Markdown."""
    told = [f"## {heading}\n\n{markdown(cell)}\n" for heading, cell in parts]
    return "\n".join(told)


def markdown(cell: str) -> str:
    """A cell as Markdown that looks like it: numbered lines as lists, else text."""
    blocks: list[str] = []
    for items in _runs(_lines(cell)):
        numbers = [number for number, _ in items]
        if numbers == list(range(1, len(items) + 1)):
            blocks.append("\n".join(f"{n}. {_escaped(text)}" for n, text in items))
        elif numbers and all(number == 0 for number in numbers):
            blocks.append("\n".join(f"- {_escaped(text)}" for _, text in items))
        else:
            lines = [f"{n}. {text}" if n > 0 else text for n, text in items]
            blocks.append("\n".join(_escaped(line) for line in lines))
    return "\n\n".join(blocks)


def _lines(cell: str) -> Iterator[str]:
    for line in plain(cell).split("\n"):
        parts = _RUN_ON.split(line) if _NUMBERED.match(line) else [line]
        yield from (part.strip() for part in parts if part.strip())


def _runs(lines: Iterable[str]) -> Iterator[list[tuple[int, str]]]:
    """Lines of one kind together: numbered (from 1), dotted (0), and others (-1)."""
    run: list[tuple[int, str]] = []
    for line in lines:
        item = (-1, line)
        if found := _NUMBERED.match(line):
            item = (int(found[1]), found[2])
        elif found := _DOTTED.match(line):
            item = (0, found[1])
        if run and min(item[0], 1) != min(run[-1][0], 1):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _escaped(text: str) -> str:
    """A line that shows as it is."""
    text = _INLINE.sub(lambda found: f"\\{found[0]}", text)
    return _AT_START.sub(
        lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text
    )


def file_from(head: Mapping[str, Any], body: str) -> str:
    """The text of a guide's file, with the line that tells an import."""
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(
        {key: value for key, value in head.items() if value not in (None, "", [])}, out
    )
    text = f"---\n{out.getvalue()}---\n\n{body}"
    return text.replace("\n---\n", f"\n{_MARK}{_sum(text)}\n---\n", 1)


def is_untouched(text: str) -> bool:
    """Whether a file stands as an import wrote it."""
    found = _MARKED.search(text)
    if found is None:
        return False
    return _sum(text[: found.start()] + text[found.end() :]) == found[1]


def title_flaw(title: str) -> str:
    """What is wrong with a title; "" when nothing is."""
    if not title:
        return "must not be empty"
    if len(title) > MAX_TITLE:
        return f"longer than {MAX_TITLE} characters"
    return ""


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
