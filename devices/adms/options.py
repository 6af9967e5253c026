"""`k=v` lists of push clocks: `table=options` and the reply to INFO.

Source: PUSH protocol 2.4, chapters 6 and 10.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devices.adms.text import decode_text, has_control

MAX_OPTIONS: Final = 300
MAX_VALUE: Final = 256


def parse_options(body: bytes) -> dict[str, str]:
    """Read `k=v,k=v` or one pair a line; `~` before a key is left out.

    Bounded; pairs with control characters and keys that are no name are left
    out, for these end in what technicians see.
    """
    text = decode_text(body)
    found: dict[str, str] = {}
    for line in text.replace("\r", "\n").split("\n"):
        pairs = line.split(",") if line.count("=") > 1 else [line]
        for pair in pairs:
            key, equals, value = pair.partition("=")
            name = key.strip().removeprefix("~")
            is_name = 0 < len(name) <= 64 and name.replace("_", "").isalnum()
            if not equals or not is_name or has_control(value):
                continue
            if len(found) < MAX_OPTIONS:
                found[name] = value.strip()[:MAX_VALUE]
    return found


def encode_options(options: Mapping[str, str]) -> bytes:
    """`k=v,k=v`; a comma within a value would begin another pair, so it is left."""
    pairs = (f"{key}={value.replace(',', ' ')}" for key, value in options.items())
    return ",".join(pairs).encode()


def parse_info(text: str) -> dict[str, str]:
    """The `INFO=` of `getrequest`: what the clock holds, by name.

    Firmware, users, fingers, punches, address, fingerprint version, face
    version, faces needed, faces, functions.
    """
    names = (
        "firmware", "users", "fingers", "records", "address", "finger_version",
        "face_version", "faces_needed", "faces", "functions",
    )  # fmt: skip
    values = [part.strip()[:64] for part in text.split(",")]
    return {name: value for name, value in zip(names, values, strict=False) if value}
