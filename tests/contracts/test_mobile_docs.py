"""What an app developer reads of uploads: the page and the OpenAPI file name the same answers."""

import re
from typing import Any

from fastapi import FastAPI

from app.core.schema import ROOT
from app.routers import uploads

PAGE = ROOT / "docs" / "mobile.md"
CODE = re.compile(r"`([a-z]+(?:_[a-z]+)*)`")


def table() -> str:
    """The page's table of answers: their statuses and codes."""
    lines = PAGE.read_text().split("| answer |")[1].split("\n\n")[0].splitlines()[2:]
    return "\n".join(line.split("|")[1] for line in lines)


def answers(app: FastAPI) -> dict[str, set[str]]:
    """The codes of each status that the file gives for uploads, beside those that every address may give."""
    found: dict[str, set[str]] = {}
    for path, methods in app.openapi()["paths"].items():
        if path.startswith(uploads.PATH):
            for operation in methods.values():
                own = {status: told for status, told in operation["responses"].items() if "$ref" not in told}
                for status, answer in own.items():
                    found.setdefault(status, set()).update(CODE.findall(answer["description"]))
    return found


def test_the_page_and_the_file_name_the_same_codes(app: FastAPI) -> None:
    told = set(CODE.findall(table()))
    assert told == set().union(*answers(app).values())
    assert len(told) > 15


def test_the_page_and_the_file_name_the_same_statuses(app: FastAPI) -> None:
    told = set(re.findall(r"\b[245]\d\d\b", table())) - {"503"}
    refused = {status for status, codes in answers(app).items() if codes}
    assert told - {"201", "204"} == refused


def test_the_file_says_which_headers_an_upload_needs(app: FastAPI) -> None:
    def names(method: str, path: str) -> set[str]:
        operation: dict[str, Any] = app.openapi()["paths"][path][method]
        return {one["name"] for one in operation["parameters"] if one["in"] == "header"}

    one = uploads.PATH + "/{upload_id}"
    assert names("post", uploads.PATH) == {"Tus-Resumable", "Upload-Length", "Upload-Metadata"}
    assert names("patch", one) == {"Tus-Resumable", "Upload-Offset", "Upload-Checksum"}
    assert names("head", one) == names("delete", one) == {"Tus-Resumable"}
