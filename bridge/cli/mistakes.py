"""Mistakes of a hall file in plain words, each with file, line and key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from bridge.cli.positions import Path
from devices.topics import ID_PATTERN


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mistake:
    """One mistake. `line` counts from 1; `key` is empty for the whole file."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """As one line for people: `file:line: key: message`."""
        place = f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "file": self.file,
            "line": self.line,
            "key": self.key,
            "message": self.message,
        }


def key_text(path: Path) -> str:
    """`devices[0].units[1].counter`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def real_path(path: Iterable[str | int], data: Any) -> Path:
    """Without the words that pydantic puts between, such as a union's member."""
    found: list[str | int] = []
    parts = list(path)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if isinstance(data, Mapping):
            if part in data:
                data = data[str(part)]
            elif not last:
                continue
            found.append(part)
        elif isinstance(data, list):
            if isinstance(part, int) and part < len(data):
                data = data[part]
                found.append(part)
        else:
            break
    return tuple(found)


def plain_message(
    item: Mapping[str, Any], path: Path, model: type[BaseModel], *, secret: bool
) -> str:
    """What pydantic found, in a technician's words."""
    kind = item["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return unknown_key(str(path[-1]) if path else "", model_at(model, path[:-1]))
    context = item.get("ctx", {})
    if kind == "string_pattern_mismatch" and context.get("pattern") == ID_PATTERN:
        return f"want 1-64 of A-Z a-z 0-9 _ -{_seen(item, secret=secret)}"
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    return message[:1].lower() + message[1:] + _seen(item, secret=secret)


def unknown_key(key: str, models: Iterable[type[BaseModel]]) -> str:
    """`no such key`, with the one that was probably meant or all there are."""
    known = sorted(
        {
            field.alias or name
            for model in models
            for name, field in model.model_fields.items()
        }
    )
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return f"no such key; did you mean {near[0]}?"
    return f"no such key; there are: {', '.join(known)}" if known else "no such key"


def model_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The models that may stand at a path below `model`."""
    models = [model]
    for part in path:
        if isinstance(part, int):
            continue
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        models = [m for field in fields for m in _models_in(field.annotation)]
    return models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    origin = get_origin(annotation)
    if origin in {Union, UnionType, Annotated, list, tuple, set}:
        return [m for part in get_args(annotation) for m in _models_in(part)]
    if isinstance(origin, type):
        return [m for part in get_args(annotation) for m in _models_in(part)]
    return []


def _seen(item: Mapping[str, Any], *, secret: bool) -> str:
    value = item.get("input")
    if secret or not isinstance(value, str | int | float | bool | None):
        return ""
    shown = repr(value) if value is not None else "nothing"
    return f", not {shown}" if len(shown) <= 80 else ""
