"""Cards that belong to nobody: specimen numbers, or generated ones."""

from __future__ import annotations

from datetime import date
from typing import Final

from devices.sdt.idcard import CardKind, IdCard

SPECIMENS: Final = {
    CardKind.RESIDENT: IdCard(
        kind=CardKind.RESIDENT,
        name="证件样本",
        sex="2",
        nation="01",
        birth=date(1949, 12, 31),
        address="北京市朝阳区样本路1号",
        number="11010519491231002X",
        issuer="样本公安局",
        valid_from=date(2020, 1, 1),
        is_long_term=True,
    ),
    CardKind.PERMIT: IdCard(
        kind=CardKind.PERMIT,
        name="测试",
        sex="1",
        birth=date(1990, 1, 1),
        address="样本市测试区样本路2号",
        number="999999199001010016",
        issuer="样本公安局",
        valid_from=date(2020, 1, 1),
        valid_until=date(2030, 1, 1),
        pass_number="H00000000",  # noqa: S106 - a number printed on the card
        issue_count="01",
    ),
    CardKind.FOREIGNER_2017: IdCard(
        kind=CardKind.FOREIGNER_2017,
        name="测试",
        english_name="SPECIMEN, TEST A.",
        sex="2",
        birth=date(1981, 8, 3),
        number="XXX999999999999",
        nationality="XXX",
        issuer="1500",
        version="01",
        valid_from=date(2017, 6, 1),
        valid_until=date(2027, 6, 1),
    ),
    CardKind.FOREIGNER_2023: IdCard(
        kind=CardKind.FOREIGNER_2023,
        name="证件样本",
        english_name="SPECIMEN, WITH A NAME THAT IS LONGER THAN ONE",
        sex="1",
        birth=date(1985, 1, 1),
        number="932682198501010017",
        nationality="XXX",
        renewal_count="00",
        valid_from=date(2023, 12, 1),
        valid_until=date(2033, 12, 1),
    ),
}
"""One card a kind."""
