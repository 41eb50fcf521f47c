"""Spellings of names: what a process holds in order to make them, and what they are."""

import subprocess
import sys

from app.core.pinyin import spellings

_HELD = "print(sorted(sys.modules.keys() & {'pypinyin', 'pypinyin.phrases_dict'}))"
_ASKED = f"import sys, app.main; {_HELD}; app.core.pinyin.spellings('曾明'); {_HELD}"


def test_a_process_holds_readings_of_characters_once_it_writes_a_name_and_never_phrases() -> None:
    told = subprocess.run([sys.executable, "-c", _ASKED], capture_output=True, text=True, check=True)
    assert told.stdout.split("\n") == ["[]", "['pypinyin']", ""]


def test_a_surname_is_found_by_its_own_reading_and_by_the_usual_one() -> None:
    assert {"zengm", "cengm"} <= set(spellings("曾明"))
    assert {"cq", "zq"} <= set(spellings("重庆"))
