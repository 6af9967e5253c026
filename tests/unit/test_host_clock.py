from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.node.host_clock import (
    BUILD_DATE,
    ClockEvidence,
    ClockTrust,
    confirmed_at,
    judge,
    kernel_synchronised,
)

NOW = BUILD_DATE + timedelta(days=100)
HOUR = timedelta(hours=1)


def evidence(**more: Any) -> ClockEvidence:
    return ClockEvidence(
        **{
            "now": NOW,
            "last_event": None,
            "synchronised": False,
            "confirmed": None,
            **more,
        }
    )


@pytest.mark.parametrize(
    "given",
    [
        evidence(synchronised=True),
        evidence(synchronised=True, last_event=NOW - HOUR),
        evidence(synchronised=True, last_event=NOW + timedelta(seconds=30)),
        evidence(confirmed=NOW - HOUR),
        evidence(confirmed=NOW - HOUR, last_event=NOW),
    ],
)
def test_a_plausible_clock_that_somebody_keeps_is_trusted(
    given: ClockEvidence,
) -> None:
    verdict = judge(given)
    assert (verdict.trust, verdict.reason) == (ClockTrust.TRUSTED, "")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (evidence(), "not synchronised"),
        (evidence(now=BUILD_DATE - HOUR, synchronised=True), "before this program"),
        (evidence(last_event=NOW + HOUR, synchronised=True), "before the last event"),
        (
            evidence(last_event=NOW + HOUR, confirmed=NOW - HOUR),
            "before the last event",
        ),
        (evidence(confirmed=NOW + HOUR), "went back since it was confirmed"),
    ],
)
def test_any_other_clock_is_doubtful_and_says_why(
    given: ClockEvidence, reason: str
) -> None:
    verdict = judge(given)
    assert verdict.trust is ClockTrust.DOUBTFUL
    assert reason in verdict.reason


def test_a_confirmation_is_a_file(tmp_path: Path) -> None:
    assert confirmed_at(tmp_path) is None
    (tmp_path / "clock-confirmed").touch()
    os.utime(tmp_path / "clock-confirmed", (1_800_000_000, 1_800_000_000))
    assert confirmed_at(tmp_path) == datetime.fromtimestamp(1_800_000_000, UTC)


def test_the_kernel_can_be_asked() -> None:
    assert kernel_synchronised() in {True, False}
