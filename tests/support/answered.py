"""Answers that were given to requests, for fakes of what the web asks."""

from __future__ import annotations

from typing import Any

from bridge.domain.errors import IdempotencyMismatchError
from bridge.service.ports import Once


class Answered:
    """What each idempotency key was answered."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, Any]] = {}

    def known(self, once: Once | None) -> Any:
        """The answer to a request that came before, or None."""
        if once is None or once.key not in self._answers:
            return None
        fingerprint, answer = self._answers[once.key]
        if fingerprint != once.fingerprint:
            raise IdempotencyMismatchError("another request")
        return answer

    def remember(self, once: Once | None, answer: Any) -> None:
        """Keep an answer, where the request has a key."""
        if once is not None:
            self._answers[once.key] = (once.fingerprint, answer)
