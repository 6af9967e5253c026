"""Data files that come with the product: `config/`, read-only, by name.

They are part of the program as the zone data behind `ZoneInfo` is: the one
thing this room reads from disk. It stands here because drivers and simulators
both choose such files by a key of the hall file and share no other room.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from devices.errors import ConfigurationError

SUFFIX: Final = ".yaml"
MAX_SIZE: Final = 256 * 1024
"""Bytes; more is no file of ours."""


def config_folder() -> Path:
    """`config/` of the checkout when we run from one, else the installed share."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "config"
    return Path(sys.prefix) / "share" / "halld" / "config"


def read_choice(folder: Path, choice: str, what: str) -> str:
    """The text of `<folder>/<choice>.yaml`, or of the file at a given path.

    A choice with a slash or a suffix is a path. Raises `ConfigurationError`
    that says what cannot be read, or which names there are.
    """
    path = folder / f"{choice}{SUFFIX}"
    if "/" in choice or choice.endswith((SUFFIX, ".yml")):
        path = Path(choice).expanduser()
    elif not path.is_file():
        names = sorted(file.stem for file in folder.glob(f"*{SUFFIX}"))
        raise ConfigurationError(
            f"no {what} {choice!r}; there are: {', '.join(names) or 'none'} "
            f"(in {folder}), or give the path of a file"
        )
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
        if len(content) > MAX_SIZE:
            raise ConfigurationError(f"{what} {path}: more than {MAX_SIZE} bytes")
        return content.decode()
    except OSError as error:
        raise ConfigurationError(
            f"{what} {path}: cannot be read: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{what} {path}: is not UTF-8: {error}") from error
