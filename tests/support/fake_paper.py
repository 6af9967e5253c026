"""The printer of the hall in memory: a test says how it is."""

from __future__ import annotations

from bridge.domain.errors import PrinterError
from bridge.domain.views import Channel, PrintState


class FakePaper:
    """What a kiosk's printer says, and where tickets were asked for."""

    def __init__(self) -> None:
        self.obstacle = ""
        """Why it cannot print."""
        self.state: PrintState | None = None
        """What a ticket drawn at a kiosk says of its paper."""
        self.kiosks: list[str | None] = []
        """Where tickets were drawn and printed again."""
        self._subjects: dict[str, str] = {}

    def take(
        self, channel: Channel, subject_ref: str | None, kiosk: str | None
    ) -> str | None:
        """The ticket that a subject has; raises what a kiosk must know first."""
        if self.obstacle and channel is Channel.KIOSK:
            raise PrinterError(self.obstacle, "the printer cannot print")
        self.kiosks.append(kiosk)
        return self._subjects.get(subject_ref or "")

    def keep(self, subject_ref: str | None, ticket_id: str) -> None:
        """Remember whose ticket it is."""
        if subject_ref:
            self._subjects[subject_ref] = ticket_id
