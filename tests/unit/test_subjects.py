from __future__ import annotations

import re
from pathlib import Path

import pytest

from devices.errors import ConfigurationError
from drivers.node.subjects import load_subject_key, subject_ref

SPECIMEN = "11010519491231002X"


def test_a_reference_is_a_key_id_and_32_digits() -> None:
    reference = subject_ref(b"key", "id_card", SPECIMEN)
    assert re.fullmatch(r"[0-9a-f]{8}\.[0-9a-f]{32}", reference)
    assert SPECIMEN not in reference


def test_it_depends_on_key_kind_and_identifier() -> None:
    asked = [
        (b"key", "id_card", SPECIMEN),
        (b"other", "id_card", SPECIMEN),
        (b"key", "card", SPECIMEN),
        (b"key", "id_card", "932682198501010017"),
    ]
    assert len({subject_ref(*one) for one in asked}) == 4
    assert subject_ref(*asked[0]) == subject_ref(*asked[0])


def test_the_hall_files_key_is_used_where_there_is_one(tmp_path: Path) -> None:
    assert load_subject_key(tmp_path, "a key of 16 chars") == b"a key of 16 chars"
    assert not list(tmp_path.iterdir())


def test_a_key_is_made_once(tmp_path: Path) -> None:
    key = load_subject_key(tmp_path, None)
    assert len(key) == 32
    assert load_subject_key(tmp_path, None) == key
    assert [path.name for path in tmp_path.iterdir()] == ["subject.key"]


def test_a_spoilt_key_is_never_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "subject.key").write_text("nonsense")
    with pytest.raises(ConfigurationError, match="restore it from a backup"):
        load_subject_key(tmp_path, None)
