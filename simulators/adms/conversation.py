"""One request at a time over a line that comes and goes, as firmware does it."""

from __future__ import annotations

from datetime import datetime, timedelta

from devices.adms.http import HttpError, HttpRequest, HttpResponse, ResponseReader
from simulators.simulator import Output

Outcome = HttpResponse | str
"""The answer, or why there is none."""


class Conversation:
    """A request waits for a line, is sent, and has its outcome.

    After an outcome that spoils the line, and after each answer where the
    firmware or the server closes, the line must end before the next request.
    """

    def __init__(self, *, keeps_alive: bool, timeout_s: float) -> None:
        self._keeps_alive = keeps_alive
        self._timeout = timedelta(seconds=timeout_s)
        self._request: HttpRequest | None = None
        self._deadline: datetime | None = None
        """Of the answer; None while the request is not sent."""
        self._session: int | None = None
        self._must_end = False
        self._cut = False
        """The line went down while an answer was awaited."""
        self._reader = ResponseReader()

    @property
    def is_free(self) -> bool:
        """Whether the next request may be asked."""
        return self._request is None

    @property
    def deadline(self) -> datetime | None:
        """When the answer is given up."""
        return self._deadline

    @property
    def wants_line(self) -> bool:
        """Whether a line must be made, or the one that there is must stay."""
        if self._must_end:
            return False
        has_line = self._session is not None
        return self._request is not None or (has_line and self._keeps_alive)

    def ask(self, request: HttpRequest) -> None:
        """Send this as soon as there is a line; only when `is_free`."""
        self._request = request

    def opened(self, session: int) -> None:
        """A line is there."""
        self._session, self._must_end = session, False
        self._reader = ResponseReader()

    def closed(self) -> None:
        """The line is gone."""
        self._session, self._must_end = None, False
        self._cut = self._deadline is not None

    def send(self, now: datetime) -> list[Output]:
        """The request, once, when there is a line for it."""
        if self._request is None or self._deadline or self._must_end:
            return []
        if self._session is None:
            return []
        self._deadline = now + self._timeout
        return [Output(self._request.encode(), self._session)]

    def received(self, data: bytes) -> Outcome | None:
        """Take bytes of the line; gives the outcome that they bring."""
        try:
            answers = [one for one in self._reader.feed(data) if one.status >= 200]
        except HttpError as error:
            return self._spoiled(f"no HTTP answer: {error}")
        if not answers:
            return None
        if self._deadline is None or len(answers) > 1:
            return self._spoiled("an answer that nobody asked for")
        return self._answered(answers[0])

    def check(self, now: datetime) -> Outcome | None:
        """The outcome that passed time or a lost line brings."""
        if self._cut:
            self._cut = False
            try:
                answers = self._reader.feed_end()
            except HttpError:
                answers = []
            outcome: Outcome | None = (
                self._answered(answers[0])
                if answers
                else self._spoiled("the line was lost before the answer")
            )
            self._must_end = False
            return outcome
        if self._deadline is not None and now >= self._deadline:
            return self._spoiled("no answer in time")
        return None

    def give_up(self) -> None:
        """Forget the request, as without power."""
        self._request, self._deadline, self._cut = None, None, False
        self._must_end = self._session is not None

    def _answered(self, answer: HttpResponse) -> HttpResponse:
        self._request, self._deadline = None, None
        self._must_end = not (self._keeps_alive and answer.keeps_alive)
        return answer

    def _spoiled(self, reason: str) -> str | None:
        """End the line; gives the reason when a request is lost by it."""
        asked = self._deadline is not None
        self._must_end = self._session is not None
        if asked:
            self._request, self._deadline = None, None
        return reason if asked else None
