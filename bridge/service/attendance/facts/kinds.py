"""What is particular about each kind of fact: its type, its key, its days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from bridge.domain.attendance import facts
from bridge.service.attendance.told import Fact, FactKind, Removal

Days = tuple[date | None, date | None]
"""First and last day that a fact touches; None is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """How facts of a kind are kept. `prefix`: of ids that we give."""

    model: type[Any]
    key: Callable[[Any], str]
    person: Callable[[Any], str | None] = lambda _fact: None
    days: Callable[[Any, ZoneInfo], Days] = lambda _fact, _zone: (None, None)
    prefix: str = ""


def _id(fact: Any) -> str:
    return str(fact.id)


def _person(fact: Any) -> str | None:
    return str(fact.person) if fact.person is not None else None


def _moments(fact: Any, zone: ZoneInfo) -> Days:
    return fact.start.astimezone(zone).date(), fact.end.astimezone(zone).date()


RULES: Final[Mapping[FactKind, KindRule]] = {
    FactKind.PERSON: KindRule(
        model=facts.Person,
        key=_id,
        person=_id,
        days=lambda fact, _zone: (fact.joined, fact.left),
    ),
    FactKind.SHIFT: KindRule(
        model=facts.Shift,
        key=lambda fact: f"{fact.id}@{fact.valid_from or ''}",
        days=lambda fact, _zone: (fact.valid_from, None),
    ),
    FactKind.POSTING: KindRule(
        model=facts.Posting,
        key=_id,
        person=_person,
        days=lambda fact, _zone: (fact.valid_from, fact.valid_to),
        prefix="P",
    ),
    FactKind.CALENDAR_DAY: KindRule(
        model=facts.CalendarDay,
        key=lambda fact: fact.day.isoformat(),
        days=lambda fact, _zone: (fact.day, fact.day),
    ),
    FactKind.CALENDAR_YEAR: KindRule(
        model=facts.CalendarYear,
        key=lambda fact: str(fact.year),
        days=lambda fact, _zone: (date(fact.year, 1, 1), date(fact.year, 12, 31)),
    ),
    FactKind.LEAVE: KindRule(
        model=facts.Leave, key=_id, person=_person, days=_moments, prefix="L"
    ),
    FactKind.CORRECTION: KindRule(
        model=facts.Correction,
        key=_id,
        person=_person,
        days=lambda fact, _zone: (fact.day, fact.day),
        prefix="C",
    ),
    FactKind.DECISION: KindRule(
        model=facts.Decision, key=lambda fact: str(fact.subject)
    ),
    FactKind.CONFIRMATION: KindRule(
        model=facts.Confirmation, key=lambda fact: str(fact.punch)
    ),
    FactKind.SPOT_CHECK: KindRule(
        model=facts.SpotCheck,
        key=_id,
        person=_person,
        days=lambda fact, zone: (fact.time.astimezone(zone).date(),) * 2,
        prefix="S",
    ),
    FactKind.COVER: KindRule(
        model=facts.Cover,
        key=_id,
        person=lambda fact: str(fact.a),
        days=lambda fact, _zone: (fact.valid_from, fact.valid_to),
        prefix="AB",
    ),
    FactKind.GAP_VERDICT: KindRule(
        model=facts.GapVerdict,
        key=lambda fact: f"{fact.device}@{fact.start.isoformat()}",
        days=_moments,
    ),
    FactKind.REMOVAL: KindRule(
        model=Removal, key=lambda fact: f"{fact.kind.value}:{fact.key}"
    ),
}

MODELS: Final[Mapping[FactKind, type[Any]]] = {
    kind: rule.model for kind, rule in RULES.items()
}
"""What each kind of fact is made of."""

NUMBERED: Final = frozenset(kind for kind, rule in RULES.items() if rule.prefix)
"""Kinds that get an id when none is given."""

DECIDED: Final = frozenset({FactKind.LEAVE, FactKind.CORRECTION})
"""Kinds that somebody must approve."""

ADAPTERS: Final[Mapping[FactKind, TypeAdapter[Any]]] = {
    kind: TypeAdapter(model) for kind, model in MODELS.items()
}
"""What reads and writes facts of each kind."""

_KIND_OF: Final = {model: kind for kind, model in MODELS.items()}


def kind_of(fact: Fact) -> FactKind:
    """The kind of a fact."""
    return _KIND_OF[type(fact)]


def to_json(kind: FactKind, fact: Any) -> dict[str, Any]:
    """A fact as JSON-ready values."""
    values: dict[str, Any] = ADAPTERS[kind].dump_python(fact, mode="json")
    return values


def from_json(kind: FactKind, data: Mapping[str, Any]) -> Any:
    """A fact as `to_json` gave it."""
    return ADAPTERS[kind].validate_python(data)


def from_text(kind: FactKind, text: str) -> Any:
    """A fact as the store keeps it."""
    return ADAPTERS[kind].validate_json(text)
