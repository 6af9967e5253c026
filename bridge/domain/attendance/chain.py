"""The hash chain of the ledger: what was written cannot be changed unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

GENESIS: Final = "0" * 64
"""What the first row is chained to."""


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, letters as they are."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
    )


def row_hash(
    *,
    number: int,
    at: datetime,
    actor: str,
    kind: str,
    key: str,
    reason: str,
    data: str,
    previous: str,
) -> str:
    """SHA-256 of a row and the hash of the row before; `data` as it is kept."""
    said = [
        number,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        actor,
        kind,
        key,
        reason,
        data,
        previous,
    ]
    return hashlib.sha256(
        canonical(said).encode("utf-8", "backslashreplace")
    ).hexdigest()


def digest_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over rows, in their order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(canonical(row).encode("utf-8", "backslashreplace"))
        digest.update(b"\n")
    return digest.hexdigest()
