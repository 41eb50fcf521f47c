"""The API does what its document says: schemathesis walks all of it with every check, on a real server.

Examples, edges, random data both valid and not, and walks along the links. The exceptions, each with its
reason, stand in `support/walk.toml`.
"""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.support.clients import Api
from tests.support.contract import document
from tests.support.database import Database
from tests.support.records import populate
from tests.support.served import free_port, served
from tests.support.walking_document import admitted, furnished, known, walk
from tests.support.world import World

# Those last could end a caller's session or post, or the village; they walk in a town of their own.
ENDING = r"^/v1/(accounts|areas|auth|clients|me|members|orgs|posts)\b"
WORK = r"^/v1/(attachments|deliveries|exports|files|imports|import-templates|notifications|public|reports"
WORK += r"|screens|stats|sync|tickets|todo|uploads|visit-plans|visits|webhook-.*|webhooks|workflow)\b"
REST = f"^(?!{ENDING[1:]}|{WORK[1:]})/"
OF_CLIENTS = r"^/v1/(areas|attachments|clients/self|dispatches|intake|stats|tickets|webhook-.*|webhooks)\b"


# Operations of a walk that met no record at all: those whose ids only a longer story gives, and no more.
MOST_UNKNOWN = 30


def here(world: World) -> dict[str, str]:
    """Where the callers work, with whom, and what the third party sends."""
    return {
        "area_id": str(world.places["grid_a1"].id),
        "org_id": str(world.orgs["urban"].id),
        "member_id": str(world["grid_worker"].member_id),
        "client_id": str(world.client.id),
        "category_code": "0501",
        "api_key": world.client.token,
    }


def nearby(world: World) -> dict[str, str]:
    """What the callers see, and what may end without ending one of them."""
    other = world["newcomer"]
    return {
        "area_id": str(world.places["micro_a1"].id),
        "org_id": str(world.orgs["committee_a"].id),
        "member_id": str(other.member_id),
        "account_id": str(other.account_id),
        "post_id": str(other.post_id),
    }


def test_every_operation_is_walked() -> None:
    walked = {path for path in document()["paths"] for part in (ENDING, WORK, REST) if re.search(part, path)}
    assert walked == document()["paths"].keys()


@pytest.mark.commits
@pytest.mark.parametrize("paths", [WORK, REST, ENDING], ids=["work", "rest", "ending"])
async def test_the_api_does_what_its_document_says(
    app: FastAPI, api: Api, world: World, database: Database, tmp_path: Path, paths: str
) -> None:
    await populate(api, world)
    tokens = await admitted(app, api, world)
    told = furnished(await known(app, api, tokens) | (nearby if paths == ENDING else here)(world))
    # Or the walk would see little of them but that they are limited.
    many = {"WANGGE_PUBLIC_REPORTS_PER_HOUR": "10000"}
    with served(database, tmp_path, port := free_port(), **many):
        said = walk(told, paths, tokens, port=port, folder=tmp_path)
    assert re.search(r"\d+ generated, \d+ passed", said), said[-2000:]
    unknown = re.search(r"Missing test data: (\d+)", said)
    assert unknown is None or int(unknown[1]) <= MOST_UNKNOWN, said[said.find("Missing test data") :]


@pytest.mark.commits
async def test_the_api_does_what_its_document_says_for_a_third_party(
    api: Api, world: World, database: Database, tmp_path: Path
) -> None:
    await populate(api, world)
    tokens = dict.fromkeys(
        (operation["operationId"] for item in document()["paths"].values() for operation in item.values()),
        world.client.token,
    )
    with served(database, tmp_path, port := free_port()):
        options = ("--phases", "examples,fuzzing,stateful")
        walk(furnished(here(world)), OF_CLIENTS, tokens, port=port, folder=tmp_path, options=options)
