"""What is said about a file that people import, in Chinese and English."""

from __future__ import annotations

from typing import Final

from bridge.domain.attendance.wording import is_english

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "file.large": ("文件超过 {n} MB", "the file is larger than {n} MB"),
    "file.old": (
        "旧版 XLS 或带密码的文件无法读取，请另存为 XLSX 或 CSV",
        "an old XLS or a file with a password cannot be read: save it as XLSX or CSV",
    ),
    "file.rows": ("超过 {n} 行，请拆分后导入", "more than {n} rows: split the file"),
    "file.unreadable": ("文件不是 CSV 或 XLSX", "the file is neither CSV nor XLSX"),
    "file.encoding": (
        "文字编码无法识别，请另存为 UTF-8 的 CSV 或 XLSX",
        "the text is neither UTF-8 nor GB18030: save it as UTF-8 CSV or XLSX",
    ),
    "file.line": ("CSV 第 {n} 行无法读取", "line {n} of the CSV cannot be read"),
    "file.workbook": (
        "XLSX 文件已损坏，请用 WPS 或 Excel 重新保存",
        "the XLSX is damaged: save it again with WPS or Excel",
    ),
    "file.bomb": (
        "XLSX 解压后过大，已拒绝",
        "the XLSX is far too large when unpacked and was refused",
    ),
    "heading": (
        "前 {n} 行中没有找到标题行，需要的列：{names}",
        "no heading row within the first {n} rows; columns needed: {names}",
    ),
    "column_twice": ("列“{name}”出现两次", "the column {name} is there twice"),
    "column_missing": ("缺少列“{name}”", "the column {name} is missing"),
    "empty": ("不能为空", "must not be empty"),
    "formula": ("是公式或错误值，请改为数值", "is a formula or error: paste its value"),
    "long_number": (
        "超过 15 位的数字已被 Excel 改动，请把单元格设为文本后重新填写",
        (
            "Excel alters numbers of more than 15 digits: format the cell as text "
            "and enter it again"
        ),
    ),
    "date": (
        "不是有效日期，请写成 2026-11-02",
        "is no date of the calendar: write 2026-11-02",
    ),
    "serial": (
        "是数字而不是日期，请把单元格设为日期格式",
        "is a number, not a date: format the cell as a date",
    ),
    "time": ("不是有效时间，请写成 08:30", "is no time of day: write 08:30"),
    "moment": (
        "不是有效的日期时间，请写成 2026-11-02 08:30",
        "is no date and time: write 2026-11-02 08:30",
    ),
    "half": (
        "半天假请写成 2026-11-02 上午 或 下午",
        "half a day is written 2026-11-02 am or pm",
    ),
    "weekdays": (
        "不是星期，请写成 一二三四五 或 1-5",
        "are no weekdays: write 1-5 or Mon,Wed",
    ),
    "yes_no": ("请填 是 或 否", "write yes or no"),
    "number": ("不是有效数字", "is no valid number"),
    "range": ("应在 {low} 到 {high} 之间", "must be from {low} to {high}"),
    "choice": ("不认识，可填：{choices}", "is unknown; possible: {choices}"),
    "key": (
        "只能用字母、数字和 . _ -，以字母或数字开头，最长 32 个字符",
        (
            "may have letters, digits and . _ - only, starting with a letter or digit, "
            "32 characters at most"
        ),
    ),
    "user_id": (
        "考勤机编号只能用字母、数字和 . _ -，最长 24 个字符",
        "a number on the clocks has letters, digits and . _ - only, 24 at most",
    ),
    "text": ("含有控制字符", "has control characters"),
    "long": ("超过 {n} 个字符", "has more than {n} characters"),
    "invalid": ("不符合要求：{why}", "is not valid: {why}"),
    "twice": ("与第 {row} 行重复", "repeats row {row}"),
    "overlap": ("与第 {row} 行的时间重叠", "overlaps row {row}"),
    "zeros": (
        "与已有工号 {person} 只差前面的 0，请核对（Excel 会去掉前面的 0）",
        "is the ID {person} but for leading zeros, which Excel drops: check it",
    ),
    "person": ("没有这个工号", "nobody has this ID"),
    "name": ("与工号 {person} 的姓名“{name}”不符", "ID {person} is {name}"),
    "shift": ("没有这个班次", "there is no such shift"),
    "shift_names": (
        "有多个班次叫这个名字，请填班次编号",
        "several shifts have this name: write the shift's id",
    ),
    "counter": ("没有这个窗口", "there is no such window"),
    "order": ("早于“{name}”", "is before {name}"),
    "not_after": ("不晚于“{name}”", "is not after {name}"),
    "pin_shared": (
        "与 {person}（{name}）在同一时期使用同一考勤机编号",
        "{person} ({name}) has the same number on the clocks at the same time",
    ),
    "shift_or_rotation": (
        "班次和轮班只能填一个",
        "have either a shift or a rotation, not both",
    ),
    "differs": (
        "与本班次第 {row} 行的值不一致",
        "differs from row {row} of the same shift",
    ),
    "window": ("打卡起止要成对填写", "a window needs both its ends"),
    "base": (
        "这个班次缺少没有星期和季节的一行",
        "this shift has no row without weekdays and season",
    ),
    "too_many": ("最多 {n} 个", "{n} at most"),
    "cover_self": ("顶岗人不能是本人", "nobody stands in for himself"),
    "level": ("填了批准人就要填级别", "an approver needs a level"),
    "own_request": (
        "不能批准本人的或由本人录入的申请",
        "may not approve what is their own, or what they tell themselves",
    ),
    "level_low": (
        "级别不够，需要 {level} 级（{role}）",
        "is too low: this needs level {level} ({role})",
    ),
    "approver": ("填了级别就要填批准人", "a level needs an approver"),
}


def say(code: str, lang: str, /, **figures: object) -> str:
    """The text of a code with its figures."""
    return _WORDS[code][1 if is_english(lang) else 0].format(**figures)
