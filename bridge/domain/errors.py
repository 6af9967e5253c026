"""What the rules refuse. The web turns each into a problem of its own type."""

from __future__ import annotations

from datetime import datetime


class RuleError(Exception):
    """A request that the rules of the hall refuse; `problem` is its stable word."""

    problem = "rule"


class QueueEmptyError(RuleError):
    """Nobody waits for a service of this window."""

    problem = "queue-empty"


class TicketOpenError(RuleError):
    """The window has a ticket open that must be ended first."""

    problem = "ticket-open"


class CounterPausedError(RuleError):
    """The window is paused."""

    problem = "counter-paused"


class NoTicketError(RuleError):
    """The window has no ticket that this could be done with."""

    problem = "no-ticket"


class TooSoonError(RuleError):
    """The window called a moment ago."""

    problem = "too-soon"


class HoldLimitError(RuleError):
    """The window holds as many tickets as it may."""

    problem = "hold-limit"


class TooLateError(RuleError):
    """The ticket was called too long ago to wait again."""

    problem = "too-late"


class NotSignedInError(RuleError):
    """Nobody of that name sits at a window now."""

    problem = "not-signed-in"


class AppointmentError(RuleError):
    """The appointed time is too far from now."""

    problem = "appointment"


class QuotaError(RuleError):
    """No ticket of this service now; `reason` is `full` or `closed`.

    `opens_at`: when tickets are given again today, if they are.
    """

    problem = "quota"

    def __init__(
        self, message: str, reason: str, opens_at: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.opens_at = opens_at


class PrinterError(RuleError):
    """The printer cannot print now; `obstacle` is a word for the kiosk."""

    problem = "printer"

    def __init__(self, obstacle: str, message: str) -> None:
        super().__init__(message)
        self.obstacle = obstacle


class NotFoundError(RuleError):
    """There is no such service, window, ticket, area or device."""

    problem = "not-found"


class InvalidRequestError(RuleError):
    """The request makes no sense; the message says why."""

    problem = "invalid-request"


class IdempotencyMismatchError(RuleError):
    """The Idempotency-Key was used before, for another request."""

    problem = "idempotency-mismatch"


class UnfitEventError(Exception):
    """An event that no rule can take: it is kept aside with this reason."""


class MonthError(RuleError):
    """The month cannot be closed or reopened as it stands, or is closed."""

    problem = "month-state"


class DecisionError(RuleError):
    """This decision may not be made so: own request, too low a level, decided."""

    problem = "decision"


class FactsError(RuleError):
    """Facts that cannot be; `mistakes` has the place of each and what is wrong."""

    problem = "invalid-facts"

    def __init__(self, mistakes: list[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"{place + 1}: {text}" for place, text in mistakes))
        self.mistakes = mistakes
