"""The documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from bridge.cli.program import COMMANDS
from bridge.domain.queue import OPEN, TRANSITIONS
from bridge.domain.views import TicketState
from devices.site import Site

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert broken == []


def test_both_readmes_have_the_same_sections() -> None:
    def shape(name: str) -> list[int]:
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text(), flags=re.DOTALL)
        return [len(mark) for mark in re.findall(r"^(#+) ", text, re.MULTILINE)]

    assert shape("README.md") == shape("README.zh-CN.md")


def _keys(model: type[BaseModel], path: str = "") -> list[str]:
    found = []
    for own_name, field in model.model_fields.items():
        name = field.alias or own_name
        text = str(field.annotation)
        inner = [
            part
            for part in (field.annotation, *get_args(field.annotation))
            if isinstance(part, type) and issubclass(part, BaseModel)
        ]
        if not inner:
            found.append(f"{path}{name}" if "[]" not in path else f"{path}|{name}")
        for part in inner:
            mark = "[]" if text.startswith("list[") else ""
            found += _keys(part, f"{path}{name}{mark}.")
    return found


def test_every_key_of_the_hall_file_is_documented() -> None:
    page = (ROOT / "docs/reference/hall-file.md").read_text()
    missing = []
    for key in _keys(Site):
        parent, _, name = key.rpartition("|")
        if parent:  # one row for all keys of a list's items
            rows = [line for line in page.splitlines() if f"`{parent}" in line]
            if not any(f"`{parent}{name}`" in r or f"`.{name}`" in r for r in rows):
                missing.append(key)
        elif f"`{key}`" not in page:
            missing.append(key)
    assert missing == []


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    assert [name for name in COMMANDS if f"`halld {name}" not in page] == []


def test_the_table_of_ticket_states_is_the_rules() -> None:
    page = (ROOT / "docs/reference/queue.md").read_text()
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (\S+) \|$", page, re.MULTILINE)
    rules = [(s.value, a.value, n.value) for (s, a), n in TRANSITIONS.items()]
    assert rows == [("from", "action", "to"), *rules]


def _drawn_states() -> str:
    """The states of a ticket as Mermaid draws them: one arrow from one to another."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, action), after in TRANSITIONS.items():
        arrows.setdefault((state.value, after.value), []).append(action.value)
    lines = ["stateDiagram-v2", "    [*] --> waiting: issue"]
    for (before, to), actions in arrows.items():
        lines.append(f"    {before} --> {to}: {', '.join(actions)}")
    lines += [
        f"    {state.value} --> [*]" for state in TicketState if state not in OPEN
    ]
    return "\n".join(lines)


def test_the_drawing_of_ticket_states_is_the_rules() -> None:
    page = (ROOT / "docs/reference/queue.md").read_text()
    drawings = re.findall(r"```mermaid\n(.*?)\n```", page, re.DOTALL)
    assert drawings == [_drawn_states()]
