"""`!secret x`: from the environment, or from secrets.yaml beside the hall file."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from bridge.cli.positions import SecretError, TextError, decode_text, read_document

FILE_NAME = "secrets.yaml"


class Secrets:
    """Reads secrets by name; the environment comes first."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.path = directory / FILE_NAME
        self.mistakes: list[tuple[int, str]] = []
        """(line, message) of what is wrong with the file itself."""
        self.warnings: list[str] = []
        self._environment = environment
        self._values: dict[str, str] | None = None

    def read(self, name: str) -> str:
        """The secret; raises `SecretError` naming both ways to give it."""
        variable = variable_name(name)
        if variable in self._environment:
            return self._environment[variable]
        if self._values is None:
            self._values = self._load()
        if name in self._values:
            return self._values[name]
        raise SecretError(
            f"no secret {name!r}: write `{name}: ...` into {self.path}, "
            f"or set {variable} in the environment"
        )

    def _load(self) -> dict[str, str]:
        try:
            raw = self.path.read_bytes()
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.mistakes.append((1, f"cannot be read: {error.strerror}"))
            return {}
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            self.warnings.append(f"others can read it: chmod 600 {self.path}")
        try:
            document = read_document(decode_text(raw), _no_nesting)
        except TextError as error:
            self.mistakes.append((error.line, str(error)))
            return {}
        if document.data is None:
            return {}
        if not isinstance(document.data, dict):
            self.mistakes.append((1, "want one `name: secret` a line"))
            return {}
        values: dict[str, str] = {}
        for name, value in document.data.items():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                values[name] = str(value)
            else:
                line = document.line((name,))
                self.mistakes.append((line, f"{name}: want text or a number"))
        return values


def variable_name(secret: str) -> str:
    """`web-token` is `HALLD_SECRET_WEB_TOKEN` in the environment."""
    return "HALLD_SECRET_" + secret.upper().replace("-", "_")


def _no_nesting(name: str) -> str:
    raise SecretError(f"!secret {name} stands inside the secrets themselves")
