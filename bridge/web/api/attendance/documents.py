"""How bodies made of facts stand in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from bridge.service.attendance.facts.kinds import ADAPTERS, DECIDED, MODELS, NUMBERED
from bridge.service.attendance.told import FactKind
from bridge.service.attendance.views import Known

REF: Final = "#/components/schemas/{model}"

_BY: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": "who does it; goes into the ledger",
}
_REASON: Final = {
    "type": "string",
    "maxLength": 500,
    "default": "",
    "description": "why; goes into the ledger",
}
_APPROVER: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": "who signed the paper form already: it is decided at once",
}
_LEVEL: Final = {
    "type": "integer",
    "minimum": 1,
    "maximum": 9,
    "description": "the level of `approver`; the one that must decide unless told",
}
_DATES: Final[Mapping[str, Any]] = {
    "date_from": {
        "type": "string",
        "format": "date",
        "description": "instead of start and end: whole days",
    },
    "date_to": {
        "type": "string",
        "format": "date",
        "description": "the last day; date_from unless told",
    },
    "half": {
        "enum": ["am", "pm"],
        "description": "half of the one day: before or after noon of the hall",
    },
}

EXAMPLES: Final[Mapping[FactKind, Mapping[str, Any]]] = {
    FactKind.PERSON: {
        "id": "007",
        "name": "测试",
        "department": "市场监管局",
        "enrolments": [{"user_id": "7", "valid_from": "2026-03-01"}],
        "joined": "2026-03-01",
    },
    FactKind.SHIFT: {
        "id": "window",
        "name": "窗口班",
        "sessions": [
            {"start": "08:30", "end": "12:00", "weight": 0.5},
            {"start": "13:30", "end": "17:30", "weight": 0.5},
        ],
        "is_default": True,
        "grace_in_min": 5,
    },
    FactKind.POSTING: {
        "person": "007",
        "valid_from": "2026-03-01",
        "shift": "window",
        "counter": "w1",
    },
    FactKind.CALENDAR_DAY: {
        "day": "2027-01-01",
        "kind": "holiday",
        "name": "元旦",
    },
    FactKind.CALENDAR_YEAR: {"year": 2027},
    FactKind.LEAVE: {
        "person": "007",
        "kind": "sick",
        "date_from": "2026-11-03",
        "half": "am",
        "note": "发烧",
    },
    FactKind.CORRECTION: {
        "person": "007",
        "day": "2026-11-03",
        "kind": "punch",
        "time": "2026-11-03T08:25:00+08:00",
        "direction": "in",
        "reason": "停电",
    },
    FactKind.SPOT_CHECK: {
        "time": "2026-11-03T10:00:00+08:00",
        "place": "w1",
        "finding": "on_post",
        "person": "007",
    },
    FactKind.COVER: {
        "place": "w1",
        "a": "007",
        "b": "008",
        "valid_from": "2026-03-01",
    },
}
"""A good body of each list, without `by` and `reason`."""


@cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Every shape that the bodies and answers here refer to, by name."""
    _, found = TypeAdapter.json_schemas(
        [(kind, "validation", adapter) for kind, adapter in ADAPTERS.items()],
        ref_template=REF,
    )
    shapes: dict[str, Mapping[str, Any]] = dict(found["$defs"])
    known = TypeAdapter(Known).json_schema(ref_template=REF)
    shapes |= known.pop("$defs", {})
    for kind, model in MODELS.items():
        fact = {"$ref": REF.format(model=model.__name__)}
        shapes[_known_name(kind)] = {
            **known,
            "title": _known_name(kind),
            "properties": {**known["properties"], "fact": fact},
        }
    return shapes


def known_answer(kind: FactKind, status: int) -> dict[str, Any]:
    """The answer with one fact as it stands."""
    return _answer(status, {"$ref": REF.format(model=_known_name(kind))})


def known_page(kind: FactKind, *, status: int = 200) -> dict[str, Any]:
    """The answer with a list of facts."""
    items = {"$ref": REF.format(model=_known_name(kind))}
    return _answer(status, page_schema(items))


def page_schema(items: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {
        "type": "object",
        "required": ["items", "total"],
        "properties": {
            "items": {"type": "array", "items": dict(items)},
            "total": {"type": "integer"},
        },
    }


def fact_body(kind: FactKind) -> dict[str, Any]:
    """The body of a POST that tells a fact."""
    schema = _schema_of(kind)
    own = dict(schema["properties"])
    required = [*schema.get("required", ()), "by"]
    if kind in NUMBERED:
        required.remove("id")
    if kind is FactKind.LEAVE:
        own |= _DATES
        required = [name for name in required if name not in {"start", "end", "unit"}]
    properties = {**own, "by": _BY}
    properties.setdefault("reason", _REASON)
    if kind in DECIDED:
        properties |= {"approver": _APPROVER, "level": _LEVEL}
    example = {**EXAMPLES[kind], "by": "李主任"}
    return json_body(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "required": required,
        },
        example,
    )


def bulk_body() -> dict[str, Any]:
    """The body of many corrections at once."""
    item = dict(_schema_of(FactKind.CORRECTION))
    item["required"] = [
        name for name in item["required"] if name not in {"id", "reason"}
    ]
    items = {"type": "array", "minItems": 1, "maxItems": 1000, "items": item}
    example = dict(EXAMPLES[FactKind.CORRECTION])
    del example["reason"]
    return json_body(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "by": _BY,
                "reason": {**_REASON, "description": "of every item without its own"},
                "approver": _APPROVER,
                "level": _LEVEL,
                "items": items,
            },
            "required": ["by", "items"],
        },
        {"by": "李主任", "reason": "停电", "items": [example]},
    )


def preview_body() -> dict[str, Any]:
    """The body of a preview."""
    shapes = [{"$ref": REF.format(model=model.__name__)} for model in MODELS.values()]
    return json_body(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "kind": {"enum": [kind.value for kind in MODELS]},
                "items": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 1000,
                    "items": {"anyOf": shapes},
                },
            },
            "required": ["kind", "items"],
        },
        {"kind": "calendar_day", "items": [EXAMPLES[FactKind.CALENDAR_DAY]]},
    )


def json_body(schema: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """A request body of JSON."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _schema_of(kind: FactKind) -> Mapping[str, Any]:
    return schemas()[MODELS[kind].__name__]


def _known_name(kind: FactKind) -> str:
    return f"Known{MODELS[kind].__name__}"


def _answer(status: int, schema: Mapping[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"responses": {str(status): {"content": content}}}
