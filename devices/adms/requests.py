"""What a push clock asks: the kinds of request, read and written.

A request is `/<path>/iclock/<endpoint>?SN=...`; eSSL adds `.aspx`, others a
slash. Source: PUSH protocol 2.4, chapters 3 to 12; facts, push protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from devices.adms.text import decode_text, has_control, is_serial
from devices.errors import ProtocolError

MAX_QUERY: Final = 64
"""More parameters than any firmware sends."""


class PushKind(StrEnum):
    """What a request is for."""

    HANDSHAKE = "handshake"
    """`GET cdata?options=all`: the clock asks how to behave."""
    UPLOAD = "upload"
    """`POST cdata?table=`: punches, operations, options and more."""
    POLL = "poll"
    """`getrequest`: commands, please."""
    RESULT = "result"
    """`POST devicecmd`: what became of commands."""
    PING = "ping"
    FILE = "file"
    """`fdata`: a picture."""
    LOOKUP = "lookup"
    """`GET cdata` without `options`: a person of another clock, and the like."""
    SECURITY = "security"
    """Of access controllers (Security PUSH 3), which is not spoken here."""
    UNKNOWN = "unknown"


_KINDS: Final = {
    "getrequest": PushKind.POLL,
    "devicecmd": PushKind.RESULT,
    "ping": PushKind.PING,
    "fdata": PushKind.FILE,
    "registry": PushKind.SECURITY,
    "push": PushKind.SECURITY,
    "querydata": PushKind.SECURITY,
}
_SECURITY_TABLES: Final = {"rtlog", "rtstate", "tabledata"}
_ENDPOINTS: Final = {
    PushKind.HANDSHAKE: "cdata",
    PushKind.UPLOAD: "cdata",
    PushKind.LOOKUP: "cdata",
    PushKind.POLL: "getrequest",
    PushKind.RESULT: "devicecmd",
    PushKind.PING: "ping",
    PushKind.FILE: "fdata",
    PushKind.SECURITY: "registry",
}


class BadRequestError(ProtocolError):
    """A request that no clock sends, or that would inject something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """A request as its line tells it; keys of `query` are in lower case."""

    kind: PushKind
    serial: str
    """Empty when the request names none."""
    endpoint: str = ""
    path: str = ""
    """What stood before `iclock`: a secret, where the hall file wants one."""
    query: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A parameter, whatever its case; empty when it is not there."""
        return self.query.get(name.lower(), "")

    @property
    def table(self) -> str:
        """Which table is uploaded, in upper case; empty when it is not said."""
        return self.get("table").upper()

    @property
    def stamp(self) -> str:
        """The upload's mark, to be echoed at the next handshake."""
        return self.get("stamp") or self.get("opstamp")


def parse_request(method: str, target: str) -> PushRequest | None:
    """Read a request line; None when its path is not the push protocol's.

    `target` is the line's, as latin-1. Raises `BadRequestError` for control
    characters anywhere and for a serial number that can be none.
    """
    path, _, raw_query = _origin_form(target).partition("?")
    parts = [decode_text(unquote_to_bytes(_bytes(part))) for part in path.split("/")]
    parts = [part for part in parts if part]
    words = [part.lower() for part in parts]
    if "iclock" not in words[:2]:
        return None
    at = words.index("iclock")
    if any(has_control(part) for part in parts):
        raise BadRequestError("a path with control characters")
    endpoint = "/".join(words[at + 1 :]).removesuffix(".aspx")
    query = _parse_query(raw_query)
    serial = query.get("sn", "").strip(" ")
    if serial and not is_serial(serial):
        raise BadRequestError("an SN that can be no serial number")
    return PushRequest(
        kind=_kind(method, endpoint, query),
        serial=serial,
        endpoint=endpoint,
        path=parts[0] if at else "",
        query=query,
    )


def build_target(
    kind: PushKind,
    serial: str,
    query: Mapping[str, str] | None = None,
    *,
    path: str = "",
    suffix: str = "",
    endpoint: str = "",
) -> str:
    """A request's target; `suffix` is `.aspx` or `/` in some dialects."""
    endpoint = endpoint or _ENDPOINTS[kind]
    pairs = {"SN": serial, **(query or {})}
    text = "&".join(
        f"{name}={quote(value, safe=',:;')}" for name, value in pairs.items()
    )
    before = f"/{quote(path, safe='')}" if path else ""
    return f"{before}/iclock/{endpoint}{suffix}?{text}"


def _kind(method: str, endpoint: str, query: Mapping[str, str]) -> PushKind:
    if endpoint != "cdata":
        return _KINDS.get(endpoint, PushKind.UNKNOWN)
    if query.get("table", "").lower() in _SECURITY_TABLES:
        return PushKind.SECURITY
    if query.get("authtype") or query.get("devicetype", "").lower() == "acc":
        return PushKind.SECURITY
    if method == "POST":
        return PushKind.UPLOAD
    return PushKind.HANDSHAKE if "options" in query else PushKind.LOOKUP


def _origin_form(target: str) -> str:
    """The target without scheme and host, which some clients send."""
    if target[:7].lower() == "http://":
        return "/" + target[7:].partition("/")[2]
    return target


def _parse_query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    pairs = [pair for pair in text.split("&") if pair]
    if len(pairs) > MAX_QUERY:
        raise BadRequestError(f"more than {MAX_QUERY} parameters")
    for pair in pairs:
        name, _, value = pair.partition("=")
        key = decode_text(unquote_to_bytes(_bytes(name))).strip(" ").lower()
        told = decode_text(unquote_to_bytes(_bytes(value.replace("+", "%20"))))
        if has_control(key) or has_control(told):
            raise BadRequestError(f"control characters in {key[:20]!a}")
        if found.setdefault(key, told) != told:
            raise BadRequestError(f"{key[:20]!a} stands twice")
    return found


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")
