"""Keys of callers, presses on evaluators, flags of punches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.attendance.punches import PunchFlag, punch_flags
from bridge.domain.keys import KEYS, Meaning, Press, read_press
from bridge.domain.ratings import Link, Rateable, Unlinked, link_press
from bridge.domain.views import TicketState
from devices.ff68.keymaps import Key

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "digits", "meaning", "number"),
    [
        ("call", "", Meaning.CALL, None),
        ("call", "012", Meaning.CALL, 12),
        ("recall", "", Meaning.RECALL, None),
        ("no_show", "", Meaning.NO_SHOW, None),
        ("hold", "", Meaning.HOLD, None),
        ("callback", "", Meaning.RESUME_TICKET, None),
        ("pause", "", Meaning.PAUSE, None),
        ("resume", "", Meaning.OPEN, None),
        ("rate", "", Meaning.RATE, None),
        ("transfer", "3", Meaning.TRANSFER, 3),
        ("call_or_recall", "", Meaning.CALL_OR_RECALL, None),
        ("start", "", Meaning.START, None),
        ("finish", "", Meaning.FINISH, None),
        ("finish_or_no_show", "", Meaning.FINISH_OR_NO_SHOW, None),
        ("cancel", "", Meaning.NOTHING, None),
        ("prepare", "", Meaning.NOTHING, None),
        ("login", "1234", Meaning.SIGN_IN, 1234),
        ("logout", "", Meaning.SIGN_OUT, None),
        ("unknown", "x", Meaning.NOTHING, None),
        ("something-new", "", Meaning.NOTHING, None),
    ],
)
def test_keys_mean(key: str, digits: str, meaning: Meaning, number: int | None) -> None:
    assert read_press(key, digits) == Press(
        meaning=meaning, number=number, digits=digits
    )


def test_every_key_of_a_key_map_is_known() -> None:
    assert {key.value for key in Key} == set(KEYS)


def test_any_key_but_pause_opens_a_paused_window() -> None:
    closed = [key for key in KEYS if not read_press(key, "").opens_paused]
    assert closed == ["pause"]


def ticket(
    state: TicketState, ended_s: float | None = None, *, rated: bool = False
) -> Rateable:
    ended = None if ended_s is None else NOW - timedelta(seconds=ended_s)
    return Rateable(id="t", state=state, ended=ended, rated=rated)


S = TicketState


@pytest.mark.parametrize(
    ("value", "rateable", "previous_ms", "reason"),
    [
        (5, ticket(S.CALLED), None, None),
        (1, ticket(S.SERVING), None, None),
        (4, ticket(S.WAITING_RATING, 3), None, None),
        (4, ticket(S.FINISHED, 14.999), None, None),
        (4, ticket(S.FINISHED, 15), None, Unlinked.LATE),
        (4, ticket(S.WAITING_RATING, 15), None, Unlinked.LATE),
        (4, None, None, Unlinked.NO_TICKET),
        (4, ticket(S.SERVING, rated=True), None, Unlinked.SECOND),
        (4, ticket(S.FINISHED, 3, rated=True), None, Unlinked.SECOND),
        (None, ticket(S.SERVING), None, Unlinked.UNKNOWN_VALUE),
        (4, ticket(S.SERVING), 299, Unlinked.BOUNCE),
        (4, ticket(S.SERVING), 0, Unlinked.BOUNCE),
        (4, ticket(S.SERVING), 300, None),
        (4, None, 100, Unlinked.BOUNCE),
    ],
)
def test_which_press_counts(
    value: int | None,
    rateable: Rateable | None,
    previous_ms: int | None,
    reason: Unlinked | None,
) -> None:
    previous = (
        None if previous_ms is None else NOW - timedelta(milliseconds=previous_ms)
    )
    link = link_press(NOW, value, ticket=rateable, previous_press=previous)
    assert link == Link(ticket=None if reason else "t", reason=reason)


@pytest.mark.parametrize(
    ("ahead_s", "known", "drifts", "flags"),
    [
        (0, True, False, []),
        (-86400, True, False, []),
        (300, True, False, []),
        (301, True, False, [PunchFlag.FUTURE]),
        (0, False, False, [PunchFlag.UNKNOWN_USER]),
        (0, True, True, [PunchFlag.CLOCK_WRONG]),
        (
            400,
            False,
            True,
            [PunchFlag.CLOCK_WRONG, PunchFlag.FUTURE, PunchFlag.UNKNOWN_USER],
        ),
    ],
)
def test_what_is_doubtful_about_a_punch(
    ahead_s: int,
    known: bool,  # noqa: FBT001 - a row of the table
    drifts: bool,  # noqa: FBT001 - a row of the table
    flags: list[PunchFlag],
) -> None:
    time = NOW + timedelta(seconds=ahead_s)
    assert punch_flags(time, NOW, known_user=known, clock_drifts=drifts) == flags


@pytest.mark.parametrize("year", [1970, 2000, 2009, 2099])
def test_a_year_that_cannot_be_means_a_wrong_clock(year: int) -> None:
    flags = punch_flags(
        NOW.replace(year=year), NOW, known_user=True, clock_drifts=False
    )
    assert PunchFlag.CLOCK_WRONG in flags
