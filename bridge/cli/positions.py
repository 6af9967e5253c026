"""YAML (or JSON) text as plain values, with the line of every key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]
ReadSecret = Callable[[str], str]

_CORE: Final = "tag:yaml.org,2002:"
_TYPED: Final = {_CORE + name for name in ("int", "float", "bool", "null")}


class SecretError(Exception):
    """A secret cannot be had; the message says how to give it."""


class TextError(Exception):
    """The text cannot be read at all; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Flaw:
    """One mistake of the text itself."""

    path: Path
    line: int
    message: str


@dataclass(slots=True)
class Document:
    """What a text says, and where."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    """Line of each key and list item, from 1."""
    flaws: list[Flaw] = field(default_factory=list)
    secrets: set[Path] = field(default_factory=set)
    """Places whose value came from `!secret`."""

    def line(self, path: Path) -> int:
        """The line of a key, or of the nearest place around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, path: Path) -> Any:
        """The value at a path; None when there is none."""
        value = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def decode_text(raw: bytes) -> str:
    """UTF-8 text; raises `TextError` with the line of the first wrong byte."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TextError(
            line,
            f"not UTF-8: byte 0x{raw[error.start]:02x}; save the file as UTF-8",
        ) from error


def read_document(text: str, read_secret: ReadSecret) -> Document:
    """Parse YAML 1.2 or JSON; raises `TextError` when it cannot be parsed."""
    as_json = _json(text)
    root = _compose(text if as_json is None else text.replace("\t", " "))
    document = Document()
    if root is not None:
        document.lines[()] = root.start_mark.line + 1
        walk = _Walk(document, read_secret)
        document.data = walk.value(root, ())
    if as_json is not None:
        document.data = as_json
    return document


def _json(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _compose(text: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    try:
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise TextError(line, _plain(error)) from error
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        what = str(error).splitlines()[0] if str(error) else "not YAML"
        raise TextError(line, f"not YAML: {what}") from error
    return node


def _plain(error: MarkedYAMLError) -> str:
    problem = error.problem or error.context or "not YAML"
    if "'\\t'" in problem:
        return "a tab; YAML indents with spaces only"
    context = f" ({error.context})" if error.context and error.problem else ""
    return f"not YAML: {problem}{context}"


class _Walk:
    """Turns nodes into values, noting lines, double keys and secrets."""

    def __init__(self, document: Document, read_secret: ReadSecret) -> None:
        self._document = document
        self._read_secret = read_secret
        self._scalars = YAML(typ="safe", pure=True).constructor
        self._open: list[int] = []

    def value(self, node: Node, path: Path) -> Any:
        if id(node) in self._open:
            return self._flaw(node, path, "an alias (*) leads back into itself")
        self._open.append(id(node))
        try:
            if isinstance(node, ScalarNode):
                return self._scalar(node, path)
            tag = str(node.tag)
            if not tag.startswith(_CORE):
                return self._flaw(node, path, f"unknown tag {tag}")
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            assert isinstance(node, SequenceNode)  # noqa: S101 - the third kind
            return self._sequence(node, path)
        finally:
            self._open.pop()

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._flaw(key_node, path, "a key must be a word")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in values:
                first = self._document.lines[here]
                message = f"the key stands twice (first in line {first})"
                self._flaw(key_node, here, message)
                continue
            self._document.lines[here] = key_node.start_mark.line + 1
            values[key] = self.value(value_node, here)
        return values

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        values = []
        for index, item in enumerate(node.value):
            here = (*path, index)
            self._document.lines[here] = item.start_mark.line + 1
            values.append(self.value(item, here))
        return values

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        tag, text = str(node.tag), str(node.value)
        if tag == "!secret":
            return self._secret(node, path, text)
        if tag in _TYPED:
            try:
                return self._scalars.construct_object(node)
            except (ValueError, YAMLError):
                return text
        if tag.startswith(_CORE):
            return text
        return self._flaw(node, path, f"unknown tag {tag}; there is only !secret")

    def _secret(self, node: Node, path: Path, name: str) -> str | None:
        self._document.secrets.add(path)
        try:
            return self._read_secret(name)
        except SecretError as error:
            self._flaw(node, path, str(error))
            return None

    def _flaw(self, node: Node, path: Path, message: str) -> None:
        self._document.flaws.append(Flaw(path, node.start_mark.line + 1, message))
