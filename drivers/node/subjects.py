"""Keyed references to people and cards, which cannot be turned back."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from devices.errors import ConfigurationError

KEY_BYTES: Final = 32
REF_HEX: Final = 32
"""Digits of a reference: HMAC-SHA-256 cut to 128 bits."""
KEY_ID_HEX: Final = 8


def subject_ref(key: bytes, kind: str, identifier: str) -> str:
    """`<key id>.<32 hex digits>`; equal for equal key, kind and identifier."""
    digest = hmac.digest(key, f"{kind}\0{identifier}".encode(), "sha256")
    return f"{key_id(key)}.{digest.hex()[:REF_HEX]}"


def key_id(key: bytes) -> str:
    """Which key it is, without telling the key."""
    return hashlib.sha256(b"halld subject key id\0" + key).hexdigest()[:KEY_ID_HEX]


def load_subject_key(data: Path, configured: str | None) -> bytes:
    """The hall file's key, or this node's own, made once below `data` (0600)."""
    if configured is not None:
        return configured.encode()
    path = data / "subject.key"
    try:
        return bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        return _make_key(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: cannot read the subject key ({error}); restore it from a "
            "backup, or remove it: then people get new references"
        ) from error


def _make_key(path: Path) -> bytes:
    """Write a key whole or not at all; of two makers at once the first wins."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
    return bytes.fromhex(path.read_text().strip())
