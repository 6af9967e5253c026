from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.escpos.status import (
    Condition,
    Cover,
    Fault,
    Paper,
    Query,
    answer,
    is_answer,
    query,
    read_condition,
)
from devices.escpos.stream import Feed, PrintFramer, Text

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "escpos.json").read_text()
)


def named(part: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[part], ids=lambda v: v["name"])


def told(vector: dict[str, Any]) -> dict[Query, int]:
    return {Query[name]: int(byte, 16) for name, byte in vector["answers"].items()}


def meant(vector: dict[str, Any]) -> Condition:
    return Condition(
        paper=Paper(vector["paper"]),
        cover=Cover(vector["cover"]),
        error=Fault(vector["error"]),
    )


@pytest.mark.parametrize("vector", VECTORS["queries"], ids=lambda v: v["query"])
def test_a_question_is_three_bytes(vector: dict[str, str]) -> None:
    assert query(Query[vector["query"]]) == bytes.fromhex(vector["hex"])


@named("conditions")
def test_conditions_are_read_and_told(vector: dict[str, Any]) -> None:
    condition = meant(vector)
    assert read_condition(told(vector)) == condition
    for number, byte in told(vector).items():
        assert answer(number, condition) == byte
        assert is_answer(byte)


@named("half_told")
def test_what_is_not_answered_is_unknown(vector: dict[str, Any]) -> None:
    assert read_condition(told(vector)) == meant(vector)


@pytest.mark.parametrize("byte", [0x10, 0x14, 0x00, 0xFF, 0x13, 0x92, 0x0F, 0x47])
def test_noise_and_automatic_status_are_no_answers(byte: int) -> None:
    assert not is_answer(byte)


def elements(*parts: bytes) -> list[str]:
    framer = PrintFramer()
    return [repr(found) for part in parts for found in framer.feed(part)]


@named("stream")
def test_print_data_whole_split_and_glued(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["hex"])
    assert elements(data) == [vector["is"]]
    assert elements(data, data) == [vector["is"]] * 2
    between = [vector["is"], "Feed(lines=1)", vector["is"]]
    assert elements(data + b"\n" + data) == between
    if vector["name"] != "text":
        for cut in range(1, len(data)):
            assert elements(data[:cut], data[cut:]) == [vector["is"]]


def test_all_of_it_byte_by_byte() -> None:
    wanted = [v for v in VECTORS["stream"] if v["name"] != "text"]
    data = b"".join(bytes.fromhex(v["hex"]) for v in wanted)
    assert elements(*(bytes((byte,)) for byte in data)) == [v["is"] for v in wanted]


@settings(deadline=None)
@given(st.text(st.characters(codec="gb18030", exclude_categories=["Cc"]), min_size=1))
def test_chinese_text_holds_no_control_byte(text: str) -> None:
    framer = PrintFramer()
    data = text.encode("gb18030") + b"\n"
    found = [e for byte in data for e in framer.feed(bytes((byte,)))]
    assert found[-1] == Feed()
    line = b"".join(e.data for e in found if isinstance(e, Text))
    assert line.decode("gb18030") == text


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_leave_it_working(data: bytes) -> None:
    framer = PrintFramer()
    framer.feed(data)
    assert framer.pending <= len(data)
    framer.reset()
    assert framer.feed(b"A\n") == [Text(b"A"), Feed()]
