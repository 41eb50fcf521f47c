"""XML as it is written: whatever a text holds, a reader gets it back, or what XML can hold of it."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import markup


def read(document: bytes) -> ET.Element:
    """The root of a document of our own."""
    return ET.fromstring(document)  # noqa: S314 - written a line above


@given(st.text())
def test_a_text_comes_back_without_what_xml_cannot_hold(text: str) -> None:
    told = read(markup.document("root", {"a": text}, {})).findtext("a")
    assert told == "".join(
        one for one in text if one in "\t\n\r" or (one >= " " and one not in "\ufffe\uffff")
    )


def test_values_of_every_kind_have_their_place() -> None:
    content = {"flag": True, "off": False, "none": None, "many": [{"x": 1}, {"x": 2.5}], "other": ["a", "b"]}
    root = read(markup.document("root", content, {"many": "one"}))
    assert [child.tag for child in root] == list(content)
    assert (root.findtext("flag"), root.findtext("off"), root.findtext("none")) == ("true", "false", "")
    assert [one.findtext("x") for one in root.findall("many/one")] == ["1", "2.5"]
    assert [one.text for one in root.findall("other/value")] == ["a", "b"]


@pytest.mark.parametrize("evil", ["<!DOCTYPE r [<!ENTITY a 'b'>]>&a;", "]]>", "<script>", "&lt;", "\u2028"])
def test_markup_in_a_text_stays_text(evil: str) -> None:
    document = markup.document("root", [evil], {"root": "item"})
    assert read(document).findtext("item") == evil
    assert b"<!" not in document
