"""A Python client generated from the document, with types alone, takes one ticket round the loop."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.schema import ROOT
from app.routers import contract
from tests.support.clients import Api
from tests.support.database import Database
from tests.support.served import HOST, free_port, served
from tests.support.tickets import Loop
from tests.support.world import PASSWORD, World

NAME = "wangge_client"
# Kinds of files that the generator does not know; ruff is run over the result where it is in the path.
CONFIG = """
post_hooks: []
content_type_overrides:
  application/offset+octet-stream: application/octet-stream
  application/vnd.openxmlformats-officedocument.spreadsheetml.sheet: application/octet-stream
  image/jpeg: application/octet-stream
"""


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The generated client, importable; nothing of the document may be left out of it."""
    (tmp_path / "config.yml").write_text(CONFIG)
    options = ["--config", str(tmp_path / "config.yml"), "--meta", "none", "--fail-on-warning"]
    options += ["--path", str(ROOT / contract.FILE), "--output-path", str(tmp_path / NAME)]
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    yield NAME
    for module in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[module]


def of(generated: str, path: str) -> Any:
    """A module of the generated client."""
    return importlib.import_module(f"{generated}.{path}")


@pytest.mark.commits
async def test_a_generated_client_takes_a_ticket_round_the_loop(
    generated: str, api: Api, world: World, database: Database, tmp_path: Path
) -> None:
    models, tickets = of(generated, "models"), "api.tickets"
    base_url = f"http://{HOST}:{free_port()}"
    with served(database, tmp_path, int(base_url.rsplit(":", 1)[1])):
        form = models.TokenForm(username="grid_worker", password=PASSWORD)
        client = of(generated, "client").Client(base_url=base_url)
        token = of(generated, "api.auth.token_issue").sync(client=client, body=form).access_token

        def as_(token: str) -> Any:
            return of(generated, "client").AuthenticatedClient(base_url=base_url, token=token)

        loop = Loop(api, world)
        report = models.TicketCreate.from_dict(loop.body())
        ticket = of(generated, f"{tickets}.ticket_report").sync(client=as_(token), body=report)
        assert ticket.status is models.Status.REPORTED
        act = of(generated, f"{tickets}.ticket_act")
        for who, body in loop.story():
            step = getattr(models, f"{body['action'].title().replace('_', '')}Action").from_dict(body)
            ticket = act.sync(ticket.id, client=as_(world.token(who)), body=step)
            assert isinstance(ticket, models.TicketStepRead), ticket
        assert ticket.status is models.Status.CLOSED
        refused = act.sync(ticket.id, client=as_(token), body=models.AcceptAction(action="accept"))
        assert isinstance(refused, models.Problem)
        events = of(generated, f"{tickets}.ticket_events").sync(ticket.id, client=as_(token))
        assert [event.to_status for event in events.items][-1] is models.Status.CLOSED
        page = of(generated, f"{tickets}.tickets_list").sync(client=as_(token), stage=models.Stage.CLOSE)
        assert [found.id for found in page.items] == [ticket.id]
