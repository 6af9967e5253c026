from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.errors import ConfigurationError
from devices.escpos.stream import Cut, Picture, PrintFramer
from devices.site import DeviceEntry, HallInfo, Site
from drivers.escpos import layout
from drivers.escpos.jobs import PrintTicket
from drivers.escpos.layout import compose, compose_test, find_font, fold, width_of
from drivers.escpos.settings import EscposParameters, TicketLine
from drivers.registry import check_device
from simulators.escpos import TicketPrinter
from simulators.simulator import SimulatorParameters

TICKET = PrintTicket(
    id="t1",
    number="A001",
    service="企业登记",
    waiting_before=3,
    estimated_wait_s=601,
    time="2026-03-02T09:05:06+08:00",
    qr="http://hall/ticket/t1",
)


def printed(data: bytes) -> list[str]:
    """The tickets, as the simulated printer shows them."""
    entry = DeviceEntry(id="p", driver="escpos")
    site = Site(hall=HallInfo(id="t"))
    device = TicketPrinter(entry, SimulatorParameters(), site)
    device.connected(1, None)  # type: ignore[arg-type]
    device.received(1, data, None)  # type: ignore[arg-type]
    tickets: list[str] = list(device.view()["tickets"])
    return tickets


def lines(ticket: PrintTicket = TICKET, **settings: Any) -> list[str]:
    parameters = EscposParameters.model_validate(settings)
    found = printed(compose(ticket, parameters, "便民大厅"))
    assert len(found) == 1
    return [line for line in found[0].split("\n") if line]


def test_a_ticket_says_what_a_citizen_needs() -> None:
    assert lines() == [
        "便民大厅",
        "A001",
        "企业登记",
        "前面还有 3 人",
        "预计等候约 11 分钟",
        "[QR http://hall/ticket/t1]",
        "扫码查看排队进度",
        "2026-03-02 09:05:06",
        "请留意叫号，过号请重新取号",
    ]


def test_lines_without_a_value_are_left_out() -> None:
    bare = PrintTicket(id="t1", number="A001", time="2026-03-02T09:05:06+08:00")
    assert lines(bare, footer="") == ["便民大厅", "A001", "2026-03-02 09:05:06"]
    assert not any("QR" in line or "扫码" in line for line in lines(qr="off"))


def test_a_template_of_the_hall() -> None:
    template = [{"text": "{number} 号", "size": 4}, {"text": "{hall}", "align": "left"}]
    assert lines(template=template) == ["A001 号", "便民大厅"]


def test_a_template_names_fields_that_there_are() -> None:
    for wrong in ("{window}", "{", "{0}"):
        with pytest.raises(ValidationError):
            TicketLine(text=wrong)
    entry = DeviceEntry.model_validate(
        {
            "id": "p",
            "driver": "escpos",
            "url": "tcp://127.0.0.1:9100",
            "template": [{"text": "{window}"}],
        }
    )
    assert "no field window" in str(check_device(entry)[0])


def test_control_characters_of_texts_do_not_reach_the_printer() -> None:
    sly = TICKET.model_copy(update={"service": "a\x1b@b\nc\x1dV\x00d"})
    assert "a@bcVd" in lines(sly)


def test_text_is_bytes_of_gb18030_behind_chinese_on() -> None:
    data = compose(TICKET, EscposParameters(), "便民大厅")
    assert data.startswith(b"\x1b@\x1c&")
    assert "企业登记".encode("gbk") in data
    assert data.endswith(b"\x1dV\x00")
    partial = compose(TICKET, EscposParameters.model_validate({"cut": "partial"}), "h")
    assert partial.endswith(b"\x1dV\x01")


def test_without_cutter_it_is_fed_out() -> None:
    uncut = EscposParameters.model_validate({"cut": "none"})
    found = PrintFramer().feed(compose(TICKET, uncut, "h"))
    assert Cut() not in found


@pytest.mark.font
def test_pictures_for_printers_without_chinese(tmp_path: Path) -> None:
    keys = EscposParameters.model_validate(
        {"charset": "bitmap", "qr": "bitmap", "paper_mm": 58}
    )
    found = PrintFramer().feed(compose(TICKET, keys, "便民大厅"))
    pictures = [e for e in found if isinstance(e, Picture)]
    assert len(pictures) == 9
    assert max(p.width for p in pictures) == 384
    with pytest.raises(ConfigurationError, match="no font"):
        find_font(str(tmp_path / "none.ttf"))


def test_without_a_font_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "FONTS", ("/nowhere/font.ttc",))
    with pytest.raises(ConfigurationError, match="fonts-noto-cjk"):
        find_font(None)


def test_a_test_page() -> None:
    (page,) = printed(compose_test("一号打印机", EscposParameters()))
    assert page.split("\n")[:2] == ["打印测试", "一号打印机"]


def test_nothing_is_told_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    compose(TICKET, EscposParameters.model_validate({"qr": "bitmap"}), "h")
    assert capsys.readouterr().out == ""


@settings(deadline=None)
@given(st.text("ab企业登记，。 ", max_size=80), st.integers(2, 48))
def test_folded_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    folded = fold(text, columns)
    assert "".join(folded) == text
    assert all(width_of(line) <= columns for line in folded)
