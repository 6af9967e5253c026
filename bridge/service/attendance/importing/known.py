"""What the hall knows when a table is read, and what comes of reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.domain.attendance.facts import ApprovalLevel, Decision, Person, Status
from bridge.service.attendance.importing.reading import BadRow, RowReading
from bridge.service.attendance.told import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLeave:
    """How a leave stands that is there, and who asked for it."""

    status: Status
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIds:
    """Who and what is there already, to check a table against."""

    people: Mapping[str, Person] = field(default_factory=dict)
    shifts: Mapping[str, str] = field(default_factory=dict)
    """Id -> name."""
    counters: frozenset[str] | None = None
    """Windows of the hall; None: any words will do."""
    leaves: Mapping[str, KnownLeave] = field(default_factory=dict)
    """Leaves that are there: the same line is not told twice."""
    levels: Sequence[ApprovalLevel] = ()
    by: str = ""
    """Who sends the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDecision:
    """A decision that stands on paper, to be told in the approver's name."""

    by: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What a table says. Nothing of it is written; with `bad` rows write none of it.

    `rows`: rows below the headings that are not empty. `decisions` are told after
    the `facts`, each in the name of its approver. `ignored`: columns that mean
    nothing here. `same`: rows that the hall has already. `sources`: the rows of each
    fact. `titles`: what the file calls the columns that it has.
    """

    facts: Sequence[Fact] = ()
    sources: Sequence[Sequence[int]] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    decisions: Sequence[PaperDecision] = ()
    rows: int = 0
    bad: Sequence[BadRow] = ()
    ignored: Sequence[str] = ()
    same: int = 0
    numbers: Sequence[int] = ()
    """The numbers of `rows` in the file."""

    @property
    def good(self) -> int:
        """Rows with nothing wrong; none with bad headings."""
        lines = {found.row for found in self.bad}
        return self.rows - len(lines) if lines <= set(self.numbers) else 0


@dataclass(slots=True)
class Facts:
    """What has been read so far."""

    facts: list[Fact] = field(default_factory=list)
    sources: list[Sequence[int]] = field(default_factory=list)
    decisions: list[PaperDecision] = field(default_factory=list)
    same: int = 0

    def add(self, fact: Fact, *rows: int) -> None:
        """One more, and the rows that it stands in."""
        self.facts.append(fact)
        self.sources.append(rows)


def made_id(prefix: str, *parts: object) -> str:
    """An id that the same line of a table has each time it is imported."""
    text = "\x1f".join(str(part) for part in parts)
    return f"{prefix}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def take_person(row: RowReading, known: KnownIds, name: str = "person") -> str:
    """The id of somebody who is there, `""` else; checks the name beside it."""
    key = row.text(name)
    if not key:
        return ""
    person = known.people.get(key)
    if person is None:
        row.refuse(name, "person")
        return ""
    if name == "person" and row.has("name"):
        written = row.text("name")
        if written and _bare(written) != _bare(person.name):
            row.refuse("name", "name", person=key, name=person.name)
    return key


def _bare(name: str) -> str:
    return "".join(name.split()).casefold()
