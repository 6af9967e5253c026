from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ff68_vectors import FRAMES, Vector

from devices.errors import ConfigurationError, MisuseError
from devices.ff68.frames import Dialect
from devices.ff68.keymaps import Key, KeyMap, KeyPress
from devices.ff68.site import BusKeys
from devices.shipped import config_folder, read_choice

CLASSIC = BusKeys(keymap="classic").load_keymap()
FUNCTION = BusKeys(keymap="function").load_keymap()


@pytest.mark.parametrize(
    ("data", "key", "digits"),
    [
        ("0B", Key.RATE, ""),
        ("0C", Key.CALL, ""),
        ("0D", Key.RECALL, ""),
        ("0E", Key.CANCEL, ""),
        ("06 0F", Key.NO_SHOW, ""),
        ("00 0F", Key.HOLD, ""),
        ("03 0F", Key.CALLBACK, ""),
        ("12", Key.PAUSE, ""),
        ("13", Key.TRANSFER, ""),
        ("01 02 13", Key.TRANSFER, "12"),
        ("0A", Key.UNKNOWN, ""),
        ("0F", Key.UNKNOWN, ""),
        ("05 0F", Key.UNKNOWN, "5"),
        ("01 06 0F", Key.UNKNOWN, "16"),
        ("11", Key.UNKNOWN, ""),
        ("0C 0C", Key.UNKNOWN, ""),
        ("01 02", Key.UNKNOWN, "1"),
        ("FF", Key.UNKNOWN, ""),
        ("", Key.UNKNOWN, ""),
    ],
)
def test_classic(data: str, key: Key, digits: str) -> None:
    assert CLASSIC.read(bytes.fromhex(data)) == KeyPress(key, digits)
    assert CLASSIC.dialect is Dialect.A


@pytest.mark.parametrize(
    ("data", "key", "digits"),
    [
        ("01 02 0A", Key.TRANSFER, "12"),
        ("0B", Key.RATE, ""),
        ("00 0B", Key.PREPARE, ""),
        ("05 0B", Key.UNKNOWN, "5"),
        ("0C", Key.CALL, ""),
        ("01 00 05 0C", Key.CALL, "105"),
        ("0D", Key.RECALL, ""),
        ("0E", Key.CANCEL, ""),
        ("01 02 0F", Key.LOGIN, "12"),
        ("00 00 0F", Key.LOGIN, "00"),
        ("09 08 07 06 05 0F", Key.LOGIN, "98765"),
        ("00 0F", Key.PAUSE, ""),
        ("02 0F", Key.RESUME, ""),
        ("04 0F", Key.LOGOUT, ""),
        ("05 0F", Key.NO_SHOW, ""),
        ("06 0F", Key.GUARD, ""),
        ("07 0F", Key.MANAGER, ""),
        ("08 0F", Key.SHOW_ADDRESS, ""),
        ("09 0F", Key.ADVISOR, ""),
        ("01 0F", Key.UNKNOWN, "1"),
        ("03 0F", Key.UNKNOWN, "3"),
        ("0F", Key.UNKNOWN, ""),
        ("12", Key.UNKNOWN, ""),
    ],
)
def test_function(data: str, key: Key, digits: str) -> None:
    assert FUNCTION.read(bytes.fromhex(data)) == KeyPress(key, digits)
    assert FUNCTION.dialect is Dialect.B


@pytest.mark.parametrize(
    "vector", [v for v in FRAMES if "classic" in v.facts], ids=lambda v: v.name
)
def test_golden_keys(vector: Vector) -> None:
    for keymap, name in ((CLASSIC, "classic"), (FUNCTION, "function_map")):
        key, digits = vector.facts[name]
        assert keymap.read(vector.frame.data) == KeyPress(Key(key), digits)


@pytest.mark.parametrize("keymap", [CLASSIC, FUNCTION], ids=["classic", "function"])
def test_every_key_of_a_map_comes_back(keymap: KeyMap) -> None:
    for rule in keymap.keys:
        digits = bytes((1, 2))[: rule.min_digits]
        press = keymap.read(digits + keymap.data(rule.key))
        assert press == KeyPress(rule.key, "12"[: rule.min_digits])
    with pytest.raises(MisuseError, match="it has"):
        keymap.data(Key.UNKNOWN)


@given(st.binary(max_size=30))
def test_any_data_is_a_press(data: bytes) -> None:
    for keymap in (CLASSIC, FUNCTION):
        press = keymap.read(data)
        assert len(press.digits) <= len(data)
        assert press.digits == "" or press.digits.isdecimal()


def test_the_rules_of_a_selector_win_whatever_their_order() -> None:
    text = "keys: [{byte: 16, key: call}, {byte: 16, selector: [0, 1], key: hold}]"
    keymap = KeyMap.parse(text, "mine")
    assert keymap.read(bytes((0, 1, 16))) == KeyPress(Key.HOLD)
    assert keymap.read(bytes((1, 16))) == KeyPress(Key.CALL, "1")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("keys: []", "at least 1 item"),
        ("", "valid dictionary"),
        ("keys: [", "mine"),
        ("keys: [{byte: 12, key: ring}]", "'call'"),
        ("keys: [{byte: 12, key: unknown}]", "leave it out"),
        ("keys: [{byte: 9, key: call}]", "greater than 9"),
        ("keys: [{byte: 256, key: call}]", "255"),
        ("keys: [{byte: 12, key: call, selector: [10]}]", "less than or equal to 9"),
        ("keys: [{byte: 12, key: call, select: [1]}]", "select"),
        ("keys: [{byte: 12, key: call, selector: [1], min_digits: 1}]", "not both"),
        ("keys: [{byte: 12, key: call, min_digits: 3, max_digits: 2}]", "more than"),
        ("keys: [{byte: 12, key: call}, {byte: 12, key: hold}]", "same press of 0x0c"),
        ("dialect: c\nkeys: [{byte: 12, key: call}]", "dialect"),
    ],
)
def test_a_wrong_key_map_says_what_is_wrong(text: str, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=wanted) as caught:
        KeyMap.parse(text, "mine")
    assert str(caught.value).startswith("key map mine: ")


def test_digit_ranges_of_one_byte_may_stand_side_by_side() -> None:
    text = """
    keys:
      - {byte: 12, key: call, max_digits: 0}
      - {byte: 12, key: transfer, min_digits: 1, max_digits: 2}
    """
    keymap = KeyMap.parse(text, "mine")
    assert keymap.read(b"\x0c").key is Key.CALL
    assert keymap.read(b"\x01\x0c").key is Key.TRANSFER
    assert keymap.read(b"\x01\x01\x01\x0c").key is Key.UNKNOWN


def test_an_unknown_name_tells_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there are: classic, function"):
        BusKeys(keymap="modern").load_keymap()


def test_a_map_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("title: 自己的\nkeys: [{byte: 0x20, key: recall}]\n")
    keymap = BusKeys(keymap=str(path)).load_keymap()
    assert keymap.read(b"\x20") == KeyPress(Key.RECALL)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        BusKeys(keymap=str(path)).load_keymap()
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        BusKeys(keymap=str(path)).load_keymap()


def test_a_name_is_found_in_the_folder_only(tmp_path: Path) -> None:
    assert (config_folder() / "keymaps" / "classic.yaml").is_file()
    (tmp_path / "one.yaml").write_text("1")
    assert read_choice(tmp_path, "one", "thing") == "1"
    with pytest.raises(ConfigurationError, match="no thing 'two'; there are: one"):
        read_choice(tmp_path, "two", "thing")
