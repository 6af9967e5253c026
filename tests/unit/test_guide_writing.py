"""Guides made from cells: what they show is what stood there."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.guides.columns import COLUMNS, column_of
from bridge.domain.guides.markup import render
from bridge.domain.guides.parsing import parse_guide
from bridge.domain.guides.writing import (
    body_from,
    file_from,
    id_from,
    is_untouched,
    markdown,
    one_line,
    plain,
)
from devices.topics import ID_PATTERN


@pytest.mark.parametrize(
    ("cell", "html"),
    [
        ("不收费", "<p>不收费</p>"),
        ("1.申请书\n2、章程", "<ol><li>申请书</li><li>章程</li></ol>"),
        (
            "1.申请书；2.章程；3.住所证明",
            "<ol><li>申请书；</li><li>章程；</li><li>住所证明</li></ol>",
        ),
        ("（1）取号 （2）受理", "<ol><li>取号</li><li>受理</li></ol>"),
        (
            "材料：\n• 户口簿\n- 旧证",
            "<p>材料：</p><ul><li>户口簿</li><li>旧证</li></ul>",
        ),
        ("1.甲\n1.乙", "<p>1. 甲<br />1. 乙</p>"),
        ("3.5元", "<p>3.5元</p>"),
        ("2.只有第二条", "<p>2. 只有第二条</p>"),
        ("一\n\n二", "<p>一<br />二</p>"),
        ("# 不是标题\n> 不是引用", "<p># 不是标题<br />&gt; 不是引用</p>"),
        ("*星* _线_ `码` \\", "<p>*星* _线_ `码` \\</p>"),
        ("甲\n---\n乙\n===", "<p>甲<br />---<br />乙<br />===</p>"),
        ("|甲|乙|\n|---|---|\n|1|2|", "<p>|甲|乙|<br />|---|---|<br />|1|2|</p>"),
        ("<b>x</b> &lt;", "<p>&lt;b&gt;x&lt;/b&gt; &amp;lt;</p>"),
        ("[a](javascript:x) <http://x>", None),
        ("\x07响铃_x000D_\r\n下一行", "<p>响铃<br />下一行</p>"),
    ],
)
def test_a_cell_shows_as_it_was(cell: str, html: str | None) -> None:
    shown = re.sub(r"\n", "", render(markdown(cell))[0])
    if html is None:
        html = f"<p>{cell.replace('<', '&lt;').replace('>', '&gt;')}</p>"
    assert shown == html


@given(st.text(alphabet="甲乙 \t\n1.。；)-*_`#>|=+:~&<\\;x", max_size=40))
def test_no_sign_is_lost_but_marks_of_lists(cell: str) -> None:
    def signs(text: str) -> str:
        return re.sub(r"[\s\d.)\-*]", "", text)

    html, _ = render(markdown(cell))
    assert signs(unescape(re.sub(r"<[^>]*>", "", html))) == signs(cell)


@given(
    st.text(max_size=30).filter(lambda text: len(text.split()) > 0),
    st.lists(st.tuples(st.sampled_from(["申请材料", "收费"]), st.text(max_size=50))),
)
def test_what_is_written_can_be_read(title: str, parts: list[tuple[str, str]]) -> None:
    shown = one_line(title)
    filled = [(name, text) for name, text in parts if plain(text).strip()]
    if not shown or not filled:
        return
    text = file_from({"title": shown, "tags": [shown[:20]]}, body_from(filled))
    assert is_untouched(text)
    read = parse_guide("a.md", text.encode(), [])
    assert read.title == shown.strip()
    assert [part.title for part in read.sections] == [name for name, _ in filled]


def test_whoever_changes_a_text_makes_it_theirs() -> None:
    text = file_from({"title": "登记"}, body_from([("收费", "不收费")]))
    assert is_untouched(text)
    assert not is_untouched(text.replace("不收费", "20 元"))
    assert not is_untouched(text.replace("title: 登记", "title: 变更"))
    assert not is_untouched(re.sub(r"# imported .*\n", "", text))
    assert not is_untouched(re.sub(r"# imported ..", "# imported 00", text))


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("企业登记", "qi-ye-deng-ji"),
        ("绿色通道（VIP）2号", "lv-se-tong-dao-vip-2-hao"),
        ("../../etc/passwd", "etc-passwd"),
        ("New company", "new-company"),
        ("……", ""),
    ],
)
def test_an_id_is_made_of_the_title(title: str, made: str) -> None:
    assert id_from(title) == made


@given(st.text(max_size=80))
def test_an_id_is_always_safe(title: str) -> None:
    made = id_from(title)
    assert made == "" or re.fullmatch(ID_PATTERN, made)


def test_a_long_title_gives_whole_syllables() -> None:
    made = id_from("企业设立登记" * 10)
    assert len(made) <= 64
    assert set(made.split("-")) == {"qi", "ye", "she", "li", "deng", "ji"}


@pytest.mark.parametrize(
    ("heading", "name", "lang"),
    [
        ("事项名称", "title", "zh-CN"),
        (" 事 项 名 称* ", "title", "zh-CN"),
        ("申请材料（原件）", "papers", "zh-CN"),
        ("申请材料(英文)", "papers", "en"),
        ("英文申请材料", "papers", "en"),
        ("申请材料_EN", "papers", "en"),
        ("Papers to bring", "papers", "zh-CN"),
        ("办理时限（工作日）", "time", "zh-CN"),
    ],
)
def test_headings_are_known_as_halls_write_them(
    heading: str, name: str, lang: str
) -> None:
    found = column_of(heading)
    assert found is not None
    assert (found[0].name, found[1]) == (name, lang)


def test_every_column_is_known_by_each_of_its_headings() -> None:
    for column in COLUMNS:
        for heading in (column.zh, column.en, *column.also):
            assert column_of(heading) == (column, "zh-CN"), heading


def test_other_headings_are_no_columns() -> None:
    assert [column_of(each) for each in ("", "序号", "经办人", "english")] == [None] * 4
