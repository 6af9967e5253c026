"""A guide's file: a YAML head between `---` lines, then Markdown.

`id.md` is the guide; `id.en.md` beside it says the same in English.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bridge.domain.guides.markup import Section, render
from devices.topics import ID_PATTERN

MAX_BYTES: Final = 128 * 1024
"""Of one file; a page that nobody reads is longer."""
MAX_TITLE: Final = 60
DEFAULT_ORDER: Final = 1000
"""Place of a guide whose head names none."""

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH,)
"""Besides Chinese, in which every guide is."""

_ID: Final = re.compile(ID_PATTERN)
_RULE: Final = "---"


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """One mistake of a guide's file; `line` counts from 1."""

    line: int
    message: str


class GuideError(Exception):
    """A file that is no guide."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws))
        self.flaws = flaws


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One item that the hall does, as citizens read it."""

    id: str
    title: str
    service: str | None
    """The service whose ticket leads to it."""
    unit: str
    window: str
    tags: tuple[str, ...]
    order: int
    """Place in the list; the same number goes by title."""
    sections: tuple[Section, ...]
    html: str
    lang: str = CHINESE
    others: tuple[Guide, ...] = ()
    """The same in other languages."""

    def told_in(self, lang: str | None) -> Guide:
        """The guide in a language; as it is where nobody wrote it in that."""
        for other in self.others:
            if other.lang == lang:
                return replace(
                    other,
                    service=self.service,
                    order=self.order,
                    unit=other.unit or self.unit,
                    window=other.window or self.window,
                    tags=other.tags or self.tags,
                )
        return self


def _plain(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


Line = Annotated[str, BeforeValidator(_plain), Field(max_length=120)]


class _Words(BaseModel):
    """The keys above a text in another language."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Line, Field(min_length=1, max_length=MAX_TITLE)]
    unit: Line = ""
    window: Line = ""
    tags: Annotated[list[Line], Field(max_length=30)] = []


class _Head(_Words):
    """The keys above the text."""

    service: Line | None = None
    order: Annotated[int, Field(ge=0, le=9999)] = DEFAULT_ORDER


def named(name: str) -> tuple[str, str]:
    """Id and language of a file's name; raises `GuideError`."""
    guide_id, _, lang = name.removesuffix(".md").partition(".")
    if not _ID.fullmatch(guide_id):
        message = f"the file's name is its id: want 1-64 of A-Z a-z 0-9 _ -: {name}"
        raise GuideError([Flaw(1, message)])
    if lang and lang not in LANGUAGES:
        known = ", ".join(f"{guide_id}.{each}.md" for each in LANGUAGES)
        message = f"no language {lang!r}; there are: {guide_id}.md, {known}"
        raise GuideError([Flaw(1, message)])
    return guide_id, lang or CHINESE


def parse_guide(name: str, raw: bytes, services: Collection[str]) -> Guide:
    """The guide of a file's name and content; raises `GuideError` with every flaw."""
    guide_id, lang = named(name)
    head_lines, body, body_line = _split(_text(raw))
    data, lines = _read_head(head_lines)
    flaws: list[Flaw] = []
    head = _typed(_Head if lang == CHINESE else _Words, data, lines, flaws)
    service, order = None, DEFAULT_ORDER
    if isinstance(head, _Head):
        service, order = head.service or None, head.order
    if service and service not in services:
        known = ", ".join(sorted(services)) or "none"
        message = f"service: no service {service!r}; there are: {known}"
        flaws.append(Flaw(lines.get("service", 2), message))
    if not body.strip():
        flaws.append(Flaw(body_line, "there is no text below the head"))
    if head is None or flaws:
        raise GuideError(sorted(flaws))
    html, sections = render(body)
    return Guide(
        id=guide_id,
        title=head.title.strip(),
        service=service,
        unit=head.unit.strip(),
        window=head.window.strip(),
        tags=tuple(tag.strip() for tag in head.tags if tag.strip()),
        order=order,
        sections=tuple(sections),
        html=html,
        lang=lang,
    )


def _text(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise GuideError([Flaw(1, f"more than {MAX_BYTES // 1024} KiB")])
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"not UTF-8: byte 0x{raw[error.start]:02x}; save the file as UTF-8"
        raise GuideError([Flaw(line, message)]) from error


def _split(text: str) -> tuple[str, str, int]:
    """The head, the text below it, and the line where that begins."""
    lines = text.split("\n")
    if lines[0].rstrip() != _RULE:
        raise GuideError([Flaw(1, "starts with a line `---`, then `title: ...`")])
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _RULE:
            return "\n".join(lines[1:index]), "\n".join(lines[index + 1 :]), index + 2
    raise GuideError([Flaw(1, "the head has no end: a second line `---` is missing")])


def _read_head(text: str) -> tuple[Mapping[str, Any], dict[str, int]]:
    """The keys of the head, and the line of each in the file."""
    try:
        data = YAML().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 2
        raise GuideError([Flaw(line, f"no YAML: {error.problem}")]) from error
    except YAMLError as error:
        raise GuideError([Flaw(2, f"no YAML: {error}")]) from error
    if not isinstance(data, Mapping):
        raise GuideError([Flaw(2, "the head holds keys, such as `title: ...`")])
    return data, {str(key): data.lc.key(key)[0] + 2 for key in data}  # type: ignore[attr-defined]


def _typed(
    model: type[_Words],
    data: Mapping[str, Any],
    lines: Mapping[str, int],
    flaws: list[Flaw],
) -> _Words | None:
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        for item in error.errors():
            key = str(item["loc"][0])
            message = str(item["msg"])
            if item["type"] == "missing":
                message = "is missing"
            elif item["type"] == "extra_forbidden":
                message = f"no such key; there are: {', '.join(model.model_fields)}"
            flaws.append(Flaw(lines.get(key, 2), f"{key}: {message}"))
        return None
