"""What can be done to a simulated ID card reader, by name of the action."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from devices.sdt.idcard import CardKind
from simulators.hosting.faults import Arguments

Step = Literal["find", "select", "read", "status", "any"]
"""What a request is for."""


class Spoiling(StrEnum):
    """How an answer is damaged."""

    CHECKSUM = "checksum"
    TRUNCATE = "truncate"
    PREAMBLE = "preamble"
    NOISE = "noise"
    """Still a good frame, with stray bytes around it."""


class Insert(Arguments):
    """Put a card on the reader; one that lies there is taken off first."""

    kind: CardKind = CardKind.RESIDENT


class Fail(Arguments):
    """Answer the next `count` requests that `sw3` fits with it (5: `05 05 05`).

    `command` narrows or widens which requests: find, select, read, status or
    any; by default a code for cards waits for the step that gives it.
    """

    sw3: Annotated[int, Field(ge=0, le=255)]
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    command: Annotated[str | None, Field(pattern="^(find|select|read|status|any)$")] = (
        None
    )


class Stick(Arguments):
    """Lock the card up: found, but no answer to select and read.

    `says` 5 answers `05 05 05` instead of nothing. A SAM reset frees it unless
    `for_good`; taking it off always does.
    """

    says: Annotated[int | None, Field(ge=5, le=5)] = None
    for_good: bool = False


class Late(Arguments):
    """Send the answers to the next `count` requests `seconds` later."""

    seconds: Annotated[float, Field(gt=0, le=60)]
    count: Annotated[int, Field(ge=1, le=1000)] = 1


class Spoil(Arguments):
    """Damage the next `count` answers, or those to one `command`."""

    how: Spoiling
    command: Step = "any"
    count: Annotated[int, Field(ge=1, le=1000)] = 1
