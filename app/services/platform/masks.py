"""Masks: what may be seen of a person's name and numbers without a reasoned call.

The masked form is made where the value is read, so that the plain one never leaves a service. Names of
people on duty are public and are not masked; addresses in
the area tree are kept. Which field is masked for whom is the
business of the wing that owns it.
"""

import re

STAR = "*"
_DOTS = "·"
_ID_LENGTH, _HIDDEN_OF_ID = 18, 8
_LONGEST_HAN_NAME = 5
_MOBILE_LENGTH = 11
_COMPOUND_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容"
        "仲孙钟离长孙宇文司徒鲜于司空闾丘亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干"
        "百里呼延东郭南门羊舌微生梁丘左丘西门第五南荣东里东宫即墨淳于单于歐陽司馬諸葛",
    )
)
# Up to three of province, city, county or district; not a 小区 and nothing behind a street or a number.
_REGION = re.compile("(?:[^省市区县州盟旗路街道村镇乡\\d]{1,8}(?:省|市|县|州|盟|旗|(?<![小社园厂])区)){1,3}")


def name(full: str) -> str:
    """`张三` → `张*`, `张小三` → `张*三`, `欧阳修` → `欧阳*`; of other names the first character."""
    if len(full) <= 1:
        return STAR * len(full)
    if len(full) > _LONGEST_HAN_NAME or _DOTS in full or full.isascii():
        return full[0] + STAR * 3
    surname = 2 if len(full) > 2 and full[:2] in _COMPOUND_SURNAMES else 1  # noqa: PLR2004 - characters
    given = full[surname:]
    shown = given[-1] if len(given) > 1 else ""
    return full[:surname] + STAR * (len(given) - len(shown)) + shown


def region(address: str) -> str:
    """`广东省佛山市南海区桂城街道某花园 3 栋` → `广东省佛山市南海区***`; a region alone stays as it is."""
    found = _REGION.match(address)
    if found is None:
        return _beginning(address)
    return address if found[0] == address else found[0] + STAR * 3


def employer(workplace: str) -> str:
    """`南海某某鞋厂` → `南海***`."""
    return _beginning(workplace)


def phone(number: str) -> str:
    """`13800131234` → `138****1234`; of other numbers the last four digits."""
    if len(number) == _MOBILE_LENGTH and number.startswith("1"):
        return number[:3] + STAR * 4 + number[-4:]
    return STAR * 4 + number[-4:]


def phone_tail(last4: str) -> str:
    """A sealed phone of which only the last four digits were read."""
    return STAR * 7 + last4


def identity(number: str) -> str:
    """`441900199003071234` → `441900********1234`: region and last four, without the birth date.

    Of another document's number the last four, or fewer of a short one.
    """
    if len(number) == _ID_LENGTH:
        return number[:6] + STAR * _HIDDEN_OF_ID + number[-4:]
    return STAR * _HIDDEN_OF_ID + number[-min(4, len(number) // 2) :]


def _beginning(text: str) -> str:
    return text[: min(2, len(text) - 1)] + STAR * 3
