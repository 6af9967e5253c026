"""A table held against the hall: rows that it has already, rows that it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from bridge.domain.attendance.mistakes import Mistake
from bridge.service.attendance.facts.kinds import RULES, kind_of, to_json
from bridge.service.attendance.importing.known import ImportResult
from bridge.service.attendance.importing.reading import BadRow
from bridge.service.attendance.told import Fact
from bridge.service.attendance.views import Known

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "enrolments": ("user_id", "id"),
    "sessions": ("start",),
    "variants": ("on_weekdays", "season_from"),
}
"""Columns that a field of a fact comes from, where their names differ."""


def without_known(result: ImportResult, known: Iterable[Known]) -> ImportResult:
    """Without facts that the hall has, just so; their rows are counted as `same`."""
    held = {(each.kind, each.id): each.fact for each in known if each.status is None}
    new = [
        place
        for place, fact in enumerate(result.facts)
        if not _is_held(fact, held.get((kind_of(fact), RULES[kind_of(fact)].key(fact))))
    ]
    if len(new) == len(result.facts):
        return result
    told = sum(len(rows) for rows in result.sources)
    sources = [result.sources[place] for place in new]
    return replace(
        result,
        facts=[result.facts[place] for place in new],
        sources=sources,
        same=result.same + told - sum(len(rows) for rows in sources),
    )


def _is_held(fact: Fact, held: Any) -> bool:
    kind = kind_of(fact)
    return held is not None and to_json(kind, fact) == to_json(kind, held)


def with_mistakes(
    result: ImportResult, mistakes: Sequence[tuple[int, Mistake]], lang: str
) -> ImportResult:
    """With bad rows for what the hall refuses; facts of bad rows are left out."""
    if not mistakes:
        return result
    bad = [_bad(result, place, mistake, lang) for place, mistake in mistakes]
    wrong = {place for place, _ in mistakes}
    good = [place for place in range(len(result.facts)) if place not in wrong]
    return replace(
        result,
        facts=[result.facts[place] for place in good],
        sources=[result.sources[place] for place in good],
        bad=sorted([*result.bad, *bad], key=lambda found: found.row),
    )


def _bad(result: ImportResult, place: int, mistake: Mistake, lang: str) -> BadRow:
    names = _COLUMNS.get(mistake.field, (mistake.field,))
    said = getattr(result.facts[place], mistake.field, None) if mistake.field else None
    if not isinstance(said, str | date) or isinstance(said, datetime):
        said = mistake.figures.get("number", "")
    return BadRow(
        row=result.sources[place][0],
        column=next(
            (result.titles[name] for name in names if name in result.titles), ""
        ),
        value=str(said),
        message=mistake.text(lang),
    )
