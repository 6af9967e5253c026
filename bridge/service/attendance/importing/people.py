"""People from a table; those who are there are updated by the columns it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from bridge.domain.attendance.facts import Enrolment, Person
from bridge.service.attendance.facts.book import enrolments_of
from bridge.service.attendance.importing.known import Facts, KnownIds
from bridge.service.attendance.importing.reading import RowReading
from bridge.service.attendance.importing.values import to_day, to_list, to_text
from bridge.service.attendance.told import FactKind

_DAY = timedelta(days=1)


class _Use(NamedTuple):
    """A number on the clocks in somebody's use, ends included."""

    first: date
    last: date
    person: Person


def read_people(rows: Iterable[RowReading], known: KnownIds, into: Facts) -> None:
    """Read people; a column that the table lacks leaves what is there."""
    seen: dict[str, int] = {}
    found: list[tuple[RowReading, Person]] = []
    bare = {key.lstrip("0"): key for key in known.people}
    for row in rows:
        person = _person(row, known)
        key = row.text("id")
        like = bare.get(key.lstrip("0"), key)
        if like != key and key not in known.people:
            row.refuse("id", "zeros", person=like)
        if key in seen:
            row.refuse("id", "twice", row=seen[key])
        elif key:
            seen[key] = row.number
        if person is not None and not row.failed:
            found.append((row, person))
    _refuse_shared(found, known)
    for row, person in found:
        if not row.failed:
            into.add(person, row.number)


def _person(row: RowReading, known: KnownIds) -> Person | None:
    before = known.people.get(row.text("id"))
    values: dict[str, Any] = {
        "id": row.take("id", to_text, ""),
        "name": row.take("name", to_text, ""),
        "department": before.department if before else "",
        "group": before.group if before else "",
        "enrolments": before.enrolments if before else (),
    }
    _take_places(row, values)
    for name in ("joined", "left"):
        kept = getattr(before, name) if before else None
        values[name] = row.take(name, to_day) if row.has(name) else kept
    if values["joined"] and values["left"] and values["left"] < values["joined"]:
        row.refuse(
            "left" if row.has("left") else "joined",
            "order",
            name=row.reading.title("joined"),
        )
    if row.has("user_id"):
        values["enrolments"] = _enrolments(row, before)
    if row.failed:
        return None
    person: Person | None = row.build(
        FactKind.PERSON, values, {"enrolments": "user_id"}
    )
    return person


def _take_places(row: RowReading, values: dict[str, Any]) -> None:
    """派驻单位 is the unit; 部门 is it as well where the table has no other."""
    if row.has("department"):
        values["department"] = row.text("department")
        if row.has("section") or row.has("group"):
            parts = (row.text("section"), row.text("group"))
            values["group"] = " ".join(part for part in parts if part)
        return
    if row.has("section"):
        values["department"] = row.text("section")
    if row.has("group"):
        values["group"] = row.text("group")


def _enrolments(row: RowReading, before: Person | None) -> Any:
    numbers = list(dict.fromkeys(row.take("user_id", to_list, [])))
    since: date | None = row.take("user_id_from", to_day)
    old = before.enrolments if before else ()
    if since is None and {item.user_id for item in old} == set(numbers):
        return old
    new = [Enrolment(user_id=number, valid_from=since) for number in numbers]
    if since is None or before is None:
        return _checkable(new)
    if not old:
        old = (Enrolment(user_id=before.id),)
    kept = []
    for item in old:
        if item in new:
            continue
        if item.valid_from is not None and item.valid_from >= since:
            continue
        if item.valid_to is None or item.valid_to >= since:
            item = replace(item, valid_to=since - _DAY)  # noqa: PLW2901 - the same, ended
        kept.append(item)
    return _checkable([*kept, *new])


def _checkable(enrolments: Sequence[Enrolment]) -> Any:
    """As plain values: pydantic takes ready objects as they are."""
    return [asdict(item) for item in enrolments]


def _refuse_shared(found: Sequence[tuple[RowReading, Person]], known: KnownIds) -> None:
    """Two people must not have one number on the clocks at the same time."""
    uses: dict[str, list[_Use]] = {}
    told = {person.id for _, person in found}
    for person in known.people.values():
        if person.id not in told:
            for number, use in _uses(person):
                uses.setdefault(number, []).append(use)
    for row, person in found:
        mine = list(_uses(person))
        for number, use in mine:
            other = next(
                (
                    item.person
                    for item in uses.get(number, ())
                    if item.first <= use.last and use.first <= item.last
                ),
                None,
            )
            if other is not None:
                column = "user_id" if row.has("user_id") else "id"
                row.refuse(column, "pin_shared", person=other.id, name=other.name)
                break
        for number, use in mine:
            uses.setdefault(number, []).append(use)


def _uses(person: Person) -> Iterator[tuple[str, _Use]]:
    for number, first, last in enrolments_of(person):
        if first <= last:
            yield number, _Use(first=first, last=last, person=person)
