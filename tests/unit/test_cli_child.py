from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.cli import child
from bridge.cli.handover import Handover
from bridge.store.errors import StoreError
from devices.errors import DeviceError


@pytest.mark.parametrize(
    ("error", "traced"),
    [(StoreError("full"), False), (DeviceError("full"), False), (KeyError("x"), True)],
)
def test_a_part_that_cannot_work_says_why(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    *,
    traced: bool,
) -> None:
    handover = SimpleNamespace(
        role="bridge", log_level="info", log_json=False, parent_pid=os.getppid()
    )

    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("sys.argv", ["child", "bridge"])
    monkeypatch.setattr(child, "_load", lambda _: fail)
    monkeypatch.setattr(child, "take_orders", lambda: (b"{}", []))
    monkeypatch.setattr(Handover, "decode", lambda *_: handover)
    monkeypatch.setattr(child, "set_up_logs", lambda **_: None)
    monkeypatch.setattr(child, "_serve", fail)
    with pytest.raises(SystemExit) as end:
        child.main()
    assert end.value.code == 1
    assert ("Traceback" in caplog.text) is traced
    assert str(error) in caplog.text
