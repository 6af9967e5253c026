"""The kinds of facts that people tell, as the ledger names them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.attendance.facts import (
    CalendarDay,
    CalendarYear,
    Confirmation,
    Correction,
    Cover,
    Decision,
    GapVerdict,
    Leave,
    Person,
    Posting,
    Shift,
    SpotCheck,
)


class FactKind(StrEnum):
    """The kinds of facts, as the ledger names them."""

    PERSON = "person"
    SHIFT = "shift"
    POSTING = "posting"
    CALENDAR_DAY = "calendar_day"
    CALENDAR_YEAR = "calendar_year"
    LEAVE = "leave"
    CORRECTION = "correction"
    DECISION = "decision"
    CONFIRMATION = "confirmation"
    SPOT_CHECK = "spot_check"
    COVER = "cover"
    GAP_VERDICT = "gap_verdict"
    REMOVAL = "removal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Takes a fact back from the day it was told: it was a mistake, or is over.

    For leaves and corrections: withdrawn by who asked for it.
    """

    kind: FactKind
    key: str


Fact = (
    Person
    | Shift
    | Posting
    | CalendarDay
    | CalendarYear
    | Leave
    | Correction
    | Decision
    | Confirmation
    | SpotCheck
    | Cover
    | GapVerdict
    | Removal
)
