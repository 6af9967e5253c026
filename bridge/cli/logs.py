"""Structured logs on stderr: lines for people, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

LEVELS: Final = ("debug", "info", "warning", "error")
_CHATTY: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore")


def set_up_logs(*, level: str, as_json: bool, role: str) -> None:
    """Send every log of this process to stderr; `role` says which process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(role) if as_json else _Lines(role))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("asyncio", "alembic", "python_multipart"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    def __init__(self, role: str) -> None:
        super().__init__(
            f"%(asctime)s %(levelname)-7s {role:<7} %(name)s: %(message)s",
            datefmt="%Y-%m-%d %H:%M:%S",
        )


class _JsonLines(logging.Formatter):
    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        body = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "process": self._role,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            body["trace"] = self.formatException(record.exc_info)
        return json.dumps(body, ensure_ascii=False)
