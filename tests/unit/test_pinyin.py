"""Spellings of names: what a process holds in order to make them, and what they are."""

import subprocess
import sys

from app.core.pinyin import spellings

_ASKED = "import sys, app.main; print(sorted(sys.modules.keys() & {'pypinyin', 'pypinyin.phrases_dict'}))"


def test_a_process_of_the_application_holds_readings_of_characters_and_no_phrases() -> None:
    told = subprocess.run([sys.executable, "-c", _ASKED], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "['pypinyin']"


def test_a_surname_is_found_by_its_own_reading_and_by_the_usual_one() -> None:
    assert {"zengm", "cengm"} <= set(spellings("曾明"))
    assert {"cq", "zq"} <= set(spellings("重庆"))
