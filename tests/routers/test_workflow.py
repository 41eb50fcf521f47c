"""The workflow over HTTP: what an app draws its screens from, and asks for again at no cost."""

from tests.support.clients import Api

URL = "/v1/workflow"


async def test_an_app_reads_the_table_with_its_words_in_both_languages(api: Api) -> None:
    told = (await api.as_("grid_worker").get(URL)).json()
    assert len(told["states"]) == 15
    assert told["actions"]["dispatch"] == {"zh": "派单", "en": "dispatch"}
    assert told["roles"]["dispatcher"]["zh"].endswith("调度员")
    assert told["guards"]["not_asker"]["zh"] == "审批人不能是申请人"
    (accept,) = [row for row in told["rows"] if row["action"] == "accept"]
    assert (accept["from_status"], accept["to"]) == ("reported", "accepted")
    assert (accept["roles"], accept["starts"]) == (["dispatcher", "village_admin"], ["dispatch"])
    urgency = next(field for field in accept["needs"] if field["field"] == "urgency")
    assert urgency == {
        "field": "urgency",
        "kind": "urgency",
        "required": False,
        "values": ["critical", "urgent", "normal", "complex"],
    }
    assert told["mermaid"].startswith("stateDiagram-v2")


async def test_every_code_of_a_row_has_its_words(api: Api) -> None:
    told = (await api.as_("leader_viewer").get(URL)).json()
    for row in told["rows"]:
        assert row["action"] in told["actions"]
        assert told["roles"].keys() >= set(row["roles"])
        assert told["guards"].keys() >= set(row["guards"])
        assert row["relation"] in told["relations"]
        clocks = [*row["stops"], *row["starts"], *row["pauses"], *row["resumes"]]
        assert told["clocks"].keys() >= set(clocks)


async def test_who_has_it_is_told_that_it_is_the_same_and_who_is_nobody_gets_none(api: Api) -> None:
    first = await api.as_("grid_worker").get(URL)
    again = await api.as_("grid_worker").get(URL, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await api.get(URL)).status_code == 401
