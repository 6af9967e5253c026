"""When a card came and went, from what a polled reader finds.

Some readers find a card again and again while it lies there; others find it
once and then say "nothing" until it is lifted and put back, so that its going
can only be presumed. Pure: times are seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.events import EventType

MISSES: Final = 2
"""Polls in a row without the card, after which a reader that keeps finding it
has lost it: one alone may be the card moving."""


class Confidence(StrEnum):
    """How sure a card event is."""

    CERTAIN = "certain"
    """The reader showed it: the card was read; it, found until now, is not found
    any more; or a card was put on anew."""
    PRESUMED = "presumed"
    """Only time passed, or the line was down meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """A `card.in` or `card.out` to be told."""

    type: EventType
    subject_ref: str
    kind: str
    confidence: Confidence


@dataclass(slots=True, kw_only=True)
class _Visit:
    subject_ref: str
    kind: str
    since_s: float
    seen_s: float


class CardVisits:
    """One reader's visits, one card at a time.

    `relocate_required`: True when the reader finds a card that was read only
    after it was lifted, False when it keeps finding it, None to learn it: one
    that found a card again after reading it keeps finding. A going is held back
    until `debounce_s` after the coming, so that one card put back at once is one
    visit.
    """

    def __init__(
        self,
        *,
        debounce_s: float,
        presume_out_s: float,
        relocate_required: bool | None,
    ) -> None:
        self._debounce_s = debounce_s
        self._presume_out_s = presume_out_s
        self._relocates = relocate_required
        self._visit: _Visit | None = None
        self._misses = 0
        self._refused = False
        self._blind = False
        self._anew = True

    @property
    def is_present(self) -> bool:
        """Whether a card that was read lies there, as far as can be told."""
        return self._visit is not None

    @property
    def may_lie_unseen(self) -> bool:
        """Whether a card that was read may lie there though none is found."""
        return self._visit is not None and self._relocates is not False

    @property
    def is_refused(self) -> bool:
        """Whether a card lies there that could not be read."""
        return self._refused

    def found(self, now_s: float) -> bool:
        """The reader finds a card; gives whether it must be read to know it."""
        visit = self._visit
        self._anew = self._misses > 0 or self._relocates is True
        known = visit is not None and not self._blind and not self._anew
        self._misses = 0
        if visit is not None and known:
            visit.seen_s = now_s
            self._relocates = False
        return not known and not self._refused

    def read(self, subject_ref: str, kind: str, now_s: float) -> list[CardChange]:
        """The card that was found is this one."""
        visit = self._visit
        self._refused = self._blind = False
        if visit is not None and visit.subject_ref == subject_ref:
            put_back = self._anew and self._relocates is not False
            if not put_back or now_s - visit.since_s < self._debounce_s:
                visit.seen_s = now_s
                return []
        gone = self._end(Confidence.CERTAIN)
        self._visit = _Visit(
            subject_ref=subject_ref, kind=kind, since_s=now_s, seen_s=now_s
        )
        come = _change(EventType.CARD_IN, self._visit, Confidence.CERTAIN)
        return [*gone, come]

    def refuse(self) -> list[CardChange]:
        """The card that was found cannot be read; it must be lifted first."""
        self._refused = True
        return self._end(Confidence.CERTAIN) if self._anew else []

    def missed(self, now_s: float) -> list[CardChange]:
        """The reader finds no card."""
        self._misses += 1
        self._refused = False
        visit = self._visit
        if visit is None:
            return []
        if self._relocates is False:
            held = now_s - visit.since_s < self._debounce_s
            if self._misses < MISSES or held:
                return []
            sure = Confidence.PRESUMED if self._blind else Confidence.CERTAIN
            return self._end(sure)
        if now_s - visit.seen_s < self._presume_out_s:
            return []
        return self._end(Confidence.PRESUMED)

    def forget(self) -> None:
        """What was told was not heard: a card that is found again comes anew."""
        self._visit = None

    def interrupt(self) -> None:
        """The line was lost: the card may have been changed meanwhile."""
        self._blind = True
        self._misses = 0
        self._refused = False

    def _end(self, confidence: Confidence) -> list[CardChange]:
        visit, self._visit = self._visit, None
        return [_change(EventType.CARD_OUT, visit, confidence)] if visit else []


def _change(kind: EventType, visit: _Visit, confidence: Confidence) -> CardChange:
    return CardChange(
        type=kind,
        subject_ref=visit.subject_ref,
        kind=visit.kind,
        confidence=confidence,
    )
