"""pyzk on a checked line: sessions, commands, users, time, raw log blobs.

Blocking; only `zk_session` uses it, in worker threads.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol, cast

from zk import ZK, const
from zk.exception import ZKErrorResponse

from devices.errors import DeviceError, ProtocolError
from devices.zk.operations_log import OPERATIONS_REQUEST
from devices.zk.packets import Code, Packet, scramble_key
from devices.zk.values import (
    LOG_REQUEST,
    TEMPLATES_REQUEST,
    USERS_REQUEST,
    Sizes,
    decode_option,
    decode_text,
)
from drivers.zk.bulk import Bulk
from drivers.zk.line import CheckedLine


class WrongKeyError(DeviceError):
    """The clock does not accept the comm key; a technician must set it."""


class RefusedError(DeviceError):
    """The clock does not open another session now."""


class _Answers(Protocol):
    """The parts of pyzk that are used (it ships no types)."""

    def get_serialnumber(self) -> str: ...
    def get_mac(self) -> str: ...
    def get_platform(self) -> str: ...
    def get_firmware_version(self) -> str: ...
    def get_device_name(self) -> str: ...
    def get_time(self) -> datetime: ...
    def set_time(self, timestamp: datetime) -> bool: ...
    def enable_device(self) -> bool: ...
    def disconnect(self) -> bool: ...


class CheckedZK(ZK):  # type: ignore[misc]  # pyzk ships no types
    """pyzk whose socket is a `CheckedLine`; connects once, checks by itself."""

    _ZK__sock: Any

    def __init__(self, line: CheckedLine, *, comm_key: int, timeout_s: float) -> None:
        super().__init__(
            "", timeout=timeout_s, force_udp=line.datagrams, ommit_ping=True
        )
        unused: Any = self._ZK__sock  # its constructor opens one
        unused.close()
        self._ZK__sock = self._line = line
        self._comm_key = comm_key
        line.settimeout(timeout_s)

    def connect(self) -> None:
        """CONNECT and, when asked, AUTH.

        Instead of pyzk's own, which connects twice, overflows on some keys and
        hides what the clock answered.
        """
        self._ZK__session_id = 0
        self._ZK__reply_id = const.USHRT_MAX - 1
        answer = self._ZK__send_command(const.CMD_CONNECT)
        self._ZK__session_id = self._ZK__header[2]
        if answer["code"] == const.CMD_ACK_UNAUTH:
            proof = scramble_key(self._comm_key, self._ZK__session_id)
            answer = self._ZK__send_command(const.CMD_AUTH, proof)
        if answer["code"] == const.CMD_ACK_UNAUTH:
            raise WrongKeyError(wrong_key(self._comm_key))
        if not answer["status"]:
            raise RefusedError(refusal(answer["code"]))
        self.is_connect = True

    def request(self, code: int, data: bytes) -> Packet:
        """Send one command of ours in pyzk's session; gives the first packet back."""
        self._ZK__reply_id = (self._ZK__reply_id + 1) % const.USHRT_MAX
        packet = Packet(
            code=code,
            session=self._ZK__session_id,
            number=self._ZK__reply_id,
            data=data,
        )
        return self._line.exchange(packet)


def wrong_key(comm_key: int) -> str:
    """What to tell when the clock answers UNAUTH."""
    if not comm_key:
        return "the clock wants a comm key; set comm_key to the one in its menu"
    return "wrong comm key: the clock refuses it; set comm_key to the one in its menu"


def refusal(code: int) -> str:
    """What to tell when the clock answers CONNECT with something else."""
    if code == 6001:
        return (
            "the clock answers 6001: this firmware is read by push only; set up its "
            "cloud server and use driver adms"
        )
    return (
        f"the clock refuses the session (answer {code}); another program may hold "
        "it: end that program, or wait"
    )


class ClockClient:
    """One session of pyzk in our words; every method blocks."""

    def __init__(self, line: CheckedLine, *, comm_key: int, timeout_s: float) -> None:
        self._zk = CheckedZK(line, comm_key=comm_key, timeout_s=timeout_s)
        self._bulk = Bulk(line=line, request=self._zk.request, timeout_s=timeout_s)
        self._ask = cast("_Answers", self._zk)

    def connect(self) -> None:
        """Open the session and unlock what another program may have locked."""
        self._zk.connect()
        self._enable()

    def disconnect(self) -> None:
        """Leave the clock unlocked and end the session."""
        self._enable()
        self._ask.disconnect()

    def serial(self) -> str:
        """Serial number, else the MAC address; empty when it tells neither."""
        return self._text("get_serialnumber") or self._text("get_mac").replace(":", "")

    def description(self) -> dict[str, str]:
        """Firmware, platform and model, as far as it tells them."""
        return {
            "firmware": self._text("get_firmware_version"),
            "platform": self._text("get_platform"),
            "model": self._text("get_device_name"),
        }

    def sizes(self) -> Sizes | None:
        """What it holds and has room for; None when it does not tell."""
        answer = self._zk.request(Code.SIZES, b"")
        if answer.code != Code.OK:
            return None
        try:
            return Sizes.decode(answer.data)
        except ProtocolError:
            return None

    def option(self, name: str) -> str:
        """One of its settings; empty when it has none of that name."""
        answer = self._zk.request(Code.OPTION_READ, name.encode() + b"\0")
        told, value = decode_option(answer.data)
        return value.strip() if answer.code == Code.OK and told == name else ""

    def time(self) -> datetime | None:
        """Its time, naive; None when it has none or an impossible one."""
        try:
            return self._ask.get_time()
        except (ZKErrorResponse, ValueError):
            return None

    def set_time(self, time: datetime) -> bool:
        """Set its time (naive); whether it took it."""
        try:
            return self._ask.set_time(time)
        except ZKErrorResponse:
            return False

    def users(self) -> bytes:
        """Its raw user table."""
        return self._table(USERS_REQUEST)

    def log(self, rows: int) -> bytes:
        """Its raw log; `rows` stretches the time limit."""
        return self._table(LOG_REQUEST, rows)

    def operations(self, rows: int) -> bytes | None:
        """Its raw operator log; None when it does not give it."""
        return self._bulk.read(*OPERATIONS_REQUEST, rows=rows)

    def templates(self, fingers: int) -> bytes | None:
        """Its raw finger templates; None when it does not give them."""
        return self._bulk.read(*TEMPLATES_REQUEST, rows=fingers)

    def change(self, code: Code, data: bytes) -> None:
        """A command that changes what it keeps; `ProtocolError` when refused."""
        answer = self._zk.request(code, data)
        if answer.code != Code.OK:
            raise ProtocolError(
                f"the clock refuses the change (answer {answer.code} to {code.name})"
            )

    def upload(self, data: bytes) -> None:
        """People and fingers; raises `ProtocolError` when refused."""
        self._bulk.upload(data)

    def _table(self, table: tuple[int, int], rows: int = 0) -> bytes:
        blob = self._bulk.read(*table, rows=rows)
        if blob is None:
            raise ProtocolError(f"the clock refuses to send table {table[0]}")
        return blob

    def _text(self, method: str) -> str:
        try:
            answer: Any = getattr(self._ask, method)()
        except ZKErrorResponse:
            return ""
        except UnicodeDecodeError as error:
            return decode_text(bytes(error.object)).strip()
        return str(answer).strip()

    def _enable(self) -> None:
        with suppress(ZKErrorResponse):
            self._ask.enable_device()
