"""What the parent hands to a child, over the child's lifeline: nothing in argv."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bus.address import BrokerAddress
from devices.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Everything a child needs; `socket_fd` is the bridge's, bound by the parent.

    Where the hall file gives push clocks no port of their own, the drivers take
    them on `push_fd`, and the bridge forwards to `push_port` with `push_secret`.
    `fds` are all descriptors that go along, with the locks that a child holds.
    """

    role: str
    site: Site
    data: Path
    node: str
    broker: BrokerAddress
    log_level: str
    log_json: bool
    parent_pid: int
    socket_fd: int | None = None
    push_fd: int | None = None
    push_port: int | None = None
    push_secret: str = field(default="", repr=False)
    fds: tuple[int, ...] = ()

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tells the time, in the hall's zone."""
        zone = self.site.hall.zone
        return lambda: datetime.fromtimestamp(time.time(), zone)

    def encode(self) -> bytes:
        """As JSON."""
        body: dict[str, Any] = {
            "role": self.role,
            "site": self.site.model_dump(mode="json", by_alias=True),
            "data": str(self.data),
            "node": self.node,
            "broker": asdict(self.broker),
            "log_level": self.log_level,
            "log_json": self.log_json,
            "parent_pid": self.parent_pid,
            "socket_fd": self.socket_fd,
            "push_fd": self.push_fd,
            "push_port": self.push_port,
            "push_secret": self.push_secret,
            "fds": self.fds,
        }
        return json.dumps(body).encode()

    @classmethod
    def decode(cls, raw: bytes, fds: Sequence[int] = ()) -> Handover:
        """Read what `encode` wrote; `fds` are its descriptors as they came here."""
        body = json.loads(raw)
        here = dict(zip(body["fds"], fds, strict=False))
        return cls(
            **{
                **body,
                "fds": tuple(fds),
                "socket_fd": here.get(body["socket_fd"]),
                "push_fd": here.get(body["push_fd"]),
                "site": Site.model_validate(body["site"]),
                "data": Path(body["data"]),
                "broker": BrokerAddress(**body["broker"]),
            }
        )
