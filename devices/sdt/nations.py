"""Nation codes of ID cards: GB/T 3304-1991 and those seen on cards beside it."""

from __future__ import annotations

from typing import Final

_GB_3304: Final = (  # noqa: SIM905 - the order is the code
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 "
    "佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 "
    "锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 "
    "鄂伦春 赫哲 门巴 珞巴 基诺"
).split()

NATIONS: Final = {
    **{f"{number:02d}": name for number, name in enumerate(_GB_3304, start=1)},
    "97": "其他",
    "98": "外国血统中国籍人士",
}
"""Code -> name; 97 and 98 stand on cards but not in the standard."""


def nation_name(code: str) -> str:
    """The nation's name; an unknown code is given back as it is."""
    return NATIONS.get(code, code)
