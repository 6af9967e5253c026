"""`halld guides import`: tables of items become files of guides."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from bridge.cli.commands.check import command as check
from bridge.cli.commands.guides import command
from bridge.service.guide_import import template
from bridge.service.guides import Shelf, read_shelf

HEADINGS = "编号,事项名称,取号业务,申请材料,收费标准"
HALL = """\
hall: {id: x, name: x}
services: [{id: reg, prefix: A, name: 企业登记}, {id: idcard, prefix: B, name: 身份证}]
counters: [{id: w1, number: 1, services: [reg, idcard], area: hall}]
areas: [{id: hall, name: 一楼}]
guides: ./guides
"""


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    path = tmp_path / "hall.yaml"
    path.write_text(HALL)
    return path


def run(hall: Path, *lines: str, options: str = "", raw: bytes | None = None) -> Result:
    file = hall.parent / "items.csv"
    file.write_bytes(raw if raw is not None else "\r\n".join(lines).encode("gb18030"))
    arguments = ["import", str(file), "--config", str(hall), *options.split()]
    return CliRunner().invoke(command, arguments)


def body(result: Result) -> Any:
    return json.loads(result.stdout)


def files(hall: Path) -> list[str]:
    folder = hall.parent / "guides"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def test_each_row_becomes_a_guide(hall: Path) -> None:
    result = run(
        hall,
        "XX便民服务中心事项清单,,,,",
        f"{HEADINGS},经办人,事项名称(英文),收费标准(英文)",
        'card,身份证换领,身份证,"1.户口簿\n2.旧证",20元,测试,ID card renewed,20 yuan',
        ",企业设立登记,reg,登记申请书,不收费,测试,,",
    )
    assert result.exit_code == 0, result.output
    assert files(hall) == ["card.en.md", "card.md", "qi-ye-she-li-deng-ji.md"]
    assert "columns ignored: 经办人" in result.stderr
    assert "2 rows, 0 mistakes, 3 files; written to" in result.stderr
    shelf = read_shelf(hall.parent / "guides", frozenset({"reg", "idcard"}), Shelf())
    assert shelf.faults == []
    card, company = sorted(shelf.guides, key=lambda guide: guide.id)
    assert (card.title, card.service) == ("身份证换领", "idcard")
    assert "<li>户口簿</li>" in card.html
    assert [part.title for part in card.told_in("en").sections] == ["Fees"]
    assert (company.service, company.told_in("en")) == ("reg", company)
    assert CliRunner().invoke(check, ["--config", str(hall)]).exit_code == 0


def test_every_bad_row_is_told_and_nothing_is_written(hall: Path) -> None:
    result = run(
        hall,
        f"{HEADINGS},排序,收费标准(英文)",
        "a,好的,reg,材料,不收费,1,",
        "../../x,路径,reg,材料,不收费,,",
        "A,重复,reg,材料,不收费,,",
        ",,reg,材料,不收费,,",
        f"b,{'长' * 61},税务,材料,不收费,10000,",
        ",……,,材料,,,",
        "c,没有内容,,,,,",
        "d,公式,,材料,=1+1,,",
        "e,英文没有名称,,材料,,,free",
        options="--json",
    )
    assert result.exit_code == 2
    told = body(result)
    assert files(hall) == []
    assert told["written"] is False
    assert [(bad["row"], bad["column"]) for bad in told["bad"]] == [
        (3, "编号"),
        (4, "编号"),
        (5, "事项名称"),
        (6, "事项名称"),
        (6, "取号业务"),
        (6, "排序"),
        (7, "编号"),
        (8, "事项名称"),
        (9, "收费标准"),
        (10, "收费标准(英文)"),
    ]
    messages = " ".join(bad["message"] for bad in told["bad"])
    for words in (
        "want 1-64 of A-Z a-z 0-9 _ -",
        "row 2 has the same id 'A'",
        "must not be empty",
        "longer than 60",
        "there are: reg (企业登记), idcard (身份证)",
        "from 0 to 9999",
        "no id can be made",
        "there is no text below the head",
        "is a formula",
        "has no title in that language",
    ):
        assert words in messages


def test_mistakes_are_told_as_file_row_and_column(hall: Path) -> None:
    result = run(hall, HEADINGS, "a,b,税务,c,d")
    assert result.exit_code == 2
    assert "items.csv:2:取号业务: no such service" in result.stderr
    assert "1 rows, 1 mistakes, 0 files; nothing is written" in result.stderr


def test_a_dry_run_writes_nothing(hall: Path) -> None:
    result = run(hall, HEADINGS, "a,b,reg,c,d", options="--dry-run")
    assert (result.exit_code, files(hall)) == (0, [])
    assert "new      a.md" in result.stdout
    assert "(dry run)" in result.stderr


def test_what_somebody_changed_is_kept_unless_forced(hall: Path) -> None:
    lines = [HEADINGS, "a,甲,reg,申请书,免费", "b,乙,reg,申请书,免费"]
    run(hall, *lines)
    folder = hall.parent / "guides"
    (folder / "a.md").write_text((folder / "a.md").read_text() + "\n请带原件。\n")
    (folder / "c.md").write_text("---\ntitle: 丙\n---\n\n手写\n")
    newer = [HEADINGS, *(f"{one},{one},reg,申请书,10元" for one in "abc")]
    result = run(hall, *newer, options="--json")
    assert result.exit_code == 0
    fates = {guide["file"]: guide["fate"] for guide in body(result)["guides"]}
    assert fates == {"a.md": "kept", "b.md": "updated", "c.md": "kept"}
    assert "请带原件" in (folder / "a.md").read_text()
    assert "手写" in (folder / "c.md").read_text()
    assert "10元" in (folder / "b.md").read_text()
    assert "2 kept as somebody changed them" in run(hall, *newer).stderr
    again = run(hall, *newer, options="--json --force")
    assert {guide["fate"] for guide in body(again)["guides"]} == {"forced", "same"}
    assert "手写" not in (folder / "c.md").read_text()


def test_notepad_does_not_make_a_file_theirs(hall: Path) -> None:
    run(hall, HEADINGS, "a,甲,reg,申请书,免费")
    path = hall.parent / "guides" / "a.md"
    text = path.read_text().replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert "updated  a.md" in run(hall, HEADINGS, "a,甲,reg,申请书,9元").stdout


def test_a_link_in_the_folder_is_replaced_and_not_followed(hall: Path) -> None:
    folder = hall.parent / "guides"
    folder.mkdir()
    other = hall.parent / "other.txt"
    other.write_text("untouched")
    (folder / "a.md").symlink_to(other)
    assert "kept     a.md" in run(hall, HEADINGS, "a,甲,,x,").stdout
    run(hall, HEADINGS, "a,甲,,x,", options="--force")
    assert other.read_text() == "untouched"
    assert not (folder / "a.md").is_symlink()
    assert files(hall) == ["a.md"]


def test_a_workbook_is_read(hall: Path) -> None:
    raw = workbook(
        ["事项名称", "办理时限", "收费标准", "申请材料", "办理窗口"],
        ["企业登记", 3, 12.5, "x" * 20_000, "很长的地址" * 20],
        ["公式", "=1+1", None, "y", None],
    )
    result = run(hall, raw=raw)
    assert result.exit_code == 2
    assert "items.csv:3:办理时限: is a formula" in result.stderr
    raw = workbook(
        ["事项名称", "办理时限", "收费标准", "申请材料", "办理窗口"],
        ["企业登记", 3, 12.5, "x" * 20_000, "很长的地址" * 20],
    )
    assert run(hall, raw=raw).exit_code == 0
    text = (hall.parent / "guides" / "qi-ye-deng-ji.md").read_text()
    assert "x" * 20_000 in text
    assert "\nwindow:" not in text
    assert "\n12.5\n" in text


def test_a_table_without_titles_is_refused(hall: Path) -> None:
    assert "one column must be called 事项名称" in run(hall, "a,b", "c,d").stderr
    twice = run(hall, "事项名称,收费,收费标准", "a,b,c")
    assert "say the same" in twice.stderr
    assert twice.exit_code == 1


def test_a_hall_file_without_a_folder_is_told(hall: Path) -> None:
    hall.write_text(HALL.replace("guides: ./guides\n", ""))
    result = run(hall, HEADINGS, "a,b,reg,c,d")
    assert "add the line `guides: ./guides`" in result.stderr


def test_the_template_can_be_imported(hall: Path) -> None:
    printed = CliRunner().invoke(command, ["template"]).stdout_bytes
    assert printed == template().encode()
    result = run(hall, raw=printed)
    assert result.exit_code == 0, result.output
    assert files(hall) == ["company-registration.md"]
