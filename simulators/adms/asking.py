"""The requests of a simulated push clock, in its firmware's dialect.

Source: PUSH protocol 2.4, chapters 3 to 11; facts, push protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.adms.attlog import TABLE_LINE
from devices.adms.commands import CommandResult
from devices.adms.http import HttpRequest
from devices.adms.options import encode_options
from devices.adms.requests import PushKind, build_target
from simulators.adms.dialects import Dialect
from simulators.adms.memory import Row

USER_AGENT: Final = "iClock Proxy/1.09"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Builds requests."""

    serial: str
    host: str
    dialect: Dialect
    language: int
    path: str = ""
    """The hall's secret before `/iclock`, where it has one."""
    comm_key: str = ""

    def greet(self) -> HttpRequest:
        """The handshake."""
        query = {"options": "all"}
        if self.dialect.version:
            query |= {"pushver": self.dialect.version, "language": str(self.language)}
        if self.comm_key:
            query["pushcommkey"] = self.comm_key
        if self.dialect.device_type:
            query |= {"DeviceType": "att", "PushOptionsFlag": "1"}
        return self._request("GET", PushKind.HANDSHAKE, query)

    def punches(self, rows: Sequence[Row]) -> HttpRequest:
        """A batch of the log."""
        lines = self.dialect.lines
        said = {} if lines.table_line else {"table": "ATTLOG"}
        query = {**said, "Stamp": str(rows[-1].number)}
        body = [row.line for row in rows]
        if lines.table_line:
            body.insert(0, TABLE_LINE.encode())
        return self._request("POST", PushKind.UPLOAD, query, self._lines(body))

    def changes(self, rows: Sequence[Row]) -> HttpRequest:
        """A batch of the operator log and the user list."""
        mark = "OpStamp" if self.dialect.old_words else "Stamp"
        query = {"table": "OPERLOG", mark: str(rows[-1].number)}
        body = self._lines([row.line for row in rows])
        return self._request("POST", PushKind.UPLOAD, query, body)

    def options(self, options: Mapping[str, str]) -> HttpRequest:
        """What the clock is."""
        query = {"table": "options"}
        return self._request("POST", PushKind.UPLOAD, query, encode_options(options))

    def poll(self, info: str = "") -> HttpRequest:
        """Commands, please."""
        return self._request("GET", PushKind.POLL, {"INFO": info} if info else {})

    def results(self, results: Sequence[CommandResult]) -> HttpRequest:
        """What became of commands; all of them in one body."""
        body = b"".join(result.encode() + b"\n" for result in results)
        return self._request("POST", PushKind.RESULT, {}, body)

    def _lines(self, lines: Sequence[bytes]) -> bytes:
        newline = self.dialect.lines.newline.encode()
        tail = newline if self.dialect.lines.final_newline else b""
        return newline.join(lines) + tail

    def _request(
        self, method: str, kind: PushKind, query: Mapping[str, str], body: bytes = b""
    ) -> HttpRequest:
        dialect = self.dialect
        headers = [
            ("Host", self.host),
            ("User-Agent", USER_AGENT),
            ("Connection", "keep-alive" if dialect.keeps_alive else "close"),
            ("Accept", "*/*"),
        ]
        if method == "POST":
            headers.append(("Content-Type", "text/plain"))
            headers.append(("Content-Length", str(len(body))))
        target = build_target(
            kind, self.serial, query, path=self.path, suffix=dialect.suffix
        )
        return HttpRequest(
            method=method,
            target=target,
            version=dialect.http,
            headers=tuple(headers),
            body=body,
        )
