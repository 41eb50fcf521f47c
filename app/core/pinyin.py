"""How a name is typed on a keyboard: full spellings and initials, several where readings differ.

Surnames have readings of their own (曾 is zeng, not ceng); both are kept, because people type either. Where
spellings are stored and looked up is not owned here.
"""

import os
import re
from functools import lru_cache
from itertools import islice, product

from app.core.texts import fold_name

_WORD = re.compile("[a-z0-9]+")
_MOST_READINGS = 2
_MOST_INITIALS = 4
_COMPOUND = 2
_SHORTEST_WITH_COMPOUND = 3
_SURNAME_READINGS = (
    "单shan 解xie 仇qiu 区ou 查zha 乐yue 曾zeng 盖ge 朴piao 翟zhai 缪miao "
    "员yun 折she 秘bi 黑he 洗xian 重chong 种chong 召shao 隗wei 郇xun 乜nie "
    "祭zhai 牟mu 覃qin 宓fu 繁po 佴nai 薄bo 阚kan 能nai 句gou 卜bu 區ou "
    "單shan 樂yue 蓋ge 藏zang 都du"
)
_SURNAMES = {told[0]: told[1:] for told in _SURNAME_READINGS.split()}
_COMPOUNDS = {
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "长孙": ("zhang", "sun"),
    "長孫": ("zhang", "sun"),
    "单于": ("chan", "yu"),
    "澹台": ("tan", "tai"),
    "乐正": ("yue", "zheng"),
    "令狐": ("ling", "hu"),
    "鲜于": ("xian", "yu"),
    "拓跋": ("tuo", "ba"),
    "皇甫": ("huang", "fu"),
    "宰父": ("zai", "fu"),
    "夏侯": ("xia", "hou"),
    "百里": ("bai", "li"),
}


def spellings(name: str) -> list[str]:
    """`张三` → `["zhangs", "zhangsan", "zs"]`, sorted; of Latin names the words and the whole."""
    plain = fold_name(name).lower()
    if plain.isascii():
        words = _WORD.findall(plain.replace("'", ""))
        return sorted({"".join(words), "".join(word[0] for word in words), *words} - {""})
    return sorted(_of_chinese(plain))


def typed(term: str) -> list[str]:
    """The spellings that a typed term may mean: `lyu` and `lü` are kept as `lv`."""
    plain = "".join(term.lower().split()).replace("'", "").replace("ü", "v")
    return sorted({plain, plain.replace("lyu", "lv").replace("nyu", "nv")})


def _of_chinese(name: str) -> set[str]:
    characters = [(place, _readings(character)) for place, character in enumerate(name)]
    rest = {place: readings for place, readings in characters if readings}
    found: set[str] = set()
    for surname in _of_surname(name):
        known = {place: (reading,) for place, reading in enumerate(surname)}
        found |= _combined(list((rest | known).values()), found_names=len(name))
    return found


def _of_surname(name: str) -> list[tuple[str, ...]]:
    """The readings with which a name may begin; an empty one stands for the usual readings."""
    special: tuple[str, ...] = ()
    if name[0] in _SURNAMES:
        special = (_SURNAMES[name[0]],)
    if len(name) >= _SHORTEST_WITH_COMPOUND:
        special = _COMPOUNDS.get(name[:_COMPOUND], special)
    return [special, ()] if special else [()]


def _combined(readings: list[tuple[str, ...]], *, found_names: int) -> set[str]:
    usual = [several[0] for several in readings]
    firsts = [tuple(dict.fromkeys(reading[0] for reading in several)) for several in readings]
    found = {"".join(usual)} | {"".join(letters) for letters in islice(product(*firsts), _MOST_INITIALS)}
    for surname in (1, _COMPOUND):
        if found_names > surname:
            found.add("".join(usual[:surname]) + "".join(reading[0] for reading in usual[surname:]))
    return found - {""}


@lru_cache(maxsize=20_000)
def _readings(character: str) -> tuple[str, ...]:
    """The usual reading first; none of characters that have no known reading."""
    if character.isascii():
        return (character,) if character.isalnum() else ()
    told = _read_aloud(character)
    return tuple(told[0][:_MOST_READINGS]) if told else ()


def _read_aloud(character: str) -> list[list[str]]:
    # Names are read character by character: the 45 MiB of phrases, and copies of the rest, serve nobody here.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    # Ten MiB that only a process that writes names carries.
    from pypinyin import Style, pinyin  # noqa: PLC0415 - see above

    return pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
