"""The columns of a table of guides, as halls name them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridge.domain.guides.parsing import CHINESE, ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: `zh` and `en` are its headings, `also` further ones.

    A section becomes a part of the text below its heading; others stand in the head.
    """

    name: str
    zh: str
    en: str
    also: Sequence[str] = ()
    is_section: bool = True
    example: str = ""

    def heading(self, lang: str) -> str:
        """The heading in a guide's text."""
        return self.en if lang == ENGLISH else self.zh


def _head(name: str, zh: str, en: str, also: str, example: str) -> Column:
    return Column(
        name=name, zh=zh, en=en, also=also.split(), is_section=False, example=example
    )


def _part(name: str, zh: str, en: str, also: str, example: str = "") -> Column:
    return Column(name=name, zh=zh, en=en, also=also.split(), example=example)


TITLE: Final = _head(
    "title", "事项名称", "Item", "事项 业务名称 服务事项 名称 title", "企业设立登记"
)
COLUMNS: Final[Sequence[Column]] = (
    _head("id", "编号", "Id", "事项编号 事项编码 编码 文件名", "company-registration"),
    TITLE,
    _head("service", "取号业务", "Service", "业务 业务编号 排队业务", "reg"),
    _head(
        "unit",
        "办理单位",
        "Unit",
        "实施机关 实施主体 责任部门 责任单位 部门 单位 department",
        "市场监督管理局",
    ),
    _head("tags", "关键词", "Tags", "其他说法 常用说法 keywords", "开办企业、营业执照"),
    _head("order", "排序", "Order", "次序 顺序", "10"),
    _part(
        "basis", "设定依据", "Legal basis", "法律依据 办理依据 政策依据 实施依据 basis"
    ),
    _part(
        "conditions",
        "申请条件",
        "Conditions",
        "办理条件 受理条件 办理对象 服务对象",
        "有符合规定的名称、住所和经营范围",
    ),
    _part(
        "papers",
        "申请材料",
        "Papers to bring",
        "办理材料 所需材料 申报材料 提交材料 materials documents papers",
        "1.登记申请书 2.公司章程 3.住所使用证明",
    ),
    _part(
        "steps",
        "办理流程",
        "Steps",
        "办理程序 办事流程 流程 process",
        "1.取号 2.窗口受理 3.领取执照",
    ),
    _part(
        "time",
        "办理时限",
        "How long it takes",
        "承诺时限 承诺期限 法定时限 办结时限 办理期限 timelimit",
        "3个工作日",
    ),
    _part("fees", "收费标准", "Fees", "收费依据 收费情况 是否收费 收费 fee", "不收费"),
    _part(
        "window",
        "办理窗口",
        "Window",
        "窗口 窗口号 办理地点 办理地址 受理窗口 place",
        "1号、3号窗口",
    ),
    _part("hours", "办理时间", "Opening hours", "办公时间 受理时间"),
    _part(
        "phone",
        "联系电话",
        "Telephone",
        "咨询电话 电话 咨询方式 联系方式 phone",
        "以大厅公示的电话为准",
    ),
    _part("complaints", "监督电话", "Complaints", "投诉电话 监督投诉电话 监督方式"),
    _part("note", "注意事项", "Please note", "备注 说明 温馨提示 notes"),
)

_BRACKETS: Final = re.compile(r"\([^)]*\)")
_MARKS: Final = re.compile(r"[\s*:_\-、/]+")
_ENGLISH: Final = re.compile(r"英文|英语|english|\ben\b")


def _plain(heading: str) -> str:
    return _MARKS.sub("", _BRACKETS.sub("", heading))


_KNOWN: Final = {
    _plain(unicodedata.normalize("NFKC", heading).casefold()): column
    for column in COLUMNS
    for heading in (column.zh, column.en, *column.also)
}


def column_of(heading: str) -> tuple[Column, str] | None:
    """The column of a heading and the language of its cells; None: unknown.

    申请材料(英文), English 申请材料 and 申请材料_en are the column in English.
    """
    text = unicodedata.normalize("NFKC", heading).casefold().replace("_", " ")
    lang = ENGLISH if _ENGLISH.search(text) else CHINESE
    column = _KNOWN.get(_plain(_ENGLISH.sub("", text)))
    return None if column is None else (column, lang)
