"""Up to which moment a clock's log was read, whole, and journalled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

QUIET_S: Final = 55.0
"""Coverage that only went on is told again after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """`until` holds once the bridge has committed (`epoch`, `sequence`).

    None: never read whole. A `suspect` says why the log is not to be believed;
    then `until` is the last good moment.
    """

    serial: str
    until: datetime | None
    suspect: str
    how: str
    epoch: str
    sequence: int

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """What is told at once when it changes."""
        return (self.serial, self.suspect, self.how, self.epoch)

    def as_json(self) -> dict[str, Any]:
        """As it stands within the retained `value`."""
        return {
            "serial": self.serial,
            "until": self.until.isoformat() if self.until else None,
            "suspect": self.suspect or None,
            "how": self.how,
            "epoch": self.epoch,
            "sequence": self.sequence,
        }

    def is_news_after(self, told: Coverage | None) -> bool:
        """Whether it says something new, and not just that time went on."""
        if told is None or self.kind != told.kind:
            return True
        if told.until is None or self.until is None:
            return self.until != told.until
        # A host's clock that was set back is news as well.
        return abs((self.until - told.until).total_seconds()) >= QUIET_S
