"""The past of organisations, members and posts: who changed what, and which posts somebody held."""

from typing import Any

from tests.support.clients import Api
from tests.support.problems import problem_in
from tests.support.world import World

PHONE = "13955557777"


async def sent(api: Api, method: str, url: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await api.as_("system_admin").request(method, f"/v1/{url}", json=body)
    assert reply.is_success, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def past(api: Api, who: str, url: str) -> Any:
    reply = await api.as_(who).get(f"/v1/{url}/history")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_an_organisations_history_names_who_changed_which_fields(api: Api, world: World) -> None:
    area = {"area_id": str(world.places["village_a"].id)}
    org = await sent(api, "POST", "orgs", {"name": "儒林调解队", "kind": "service_team", **area})
    await sent(api, "PATCH", f"orgs/{org['id']}", {"public_phone": "0757-86500000"})
    await sent(api, "POST", f"orgs/{org['id']}/end", {})
    told = await past(api, "grid_worker", f"orgs/{org['id']}")
    assert [line["action"] for line in told] == ["org.end", "org.change", "org.create"]
    assert told[1]["data"] == {"fields": ["public_phone"]}
    assert told[1]["by"]["name"] == world["system_admin"].name
    problem_in(await api.as_("dispatcher_c").get(f"/v1/orgs/{org['id']}/history"), 404, "not_found")


async def test_a_members_history_keeps_the_posts_that_are_over_and_tells_no_phone(
    api: Api, world: World
) -> None:
    area = {"area_id": str(world.places["grid_a1"].id)}
    new = {"name": "麦志愿", "employment": "volunteer", "occupation": "楼长", "phone": PHONE, **area}
    member = await sent(api, "POST", "members", new)
    held = {"member_id": member["id"], **area}
    first = await sent(api, "POST", "posts", {**held, "role": "grid_assistant"})
    await sent(api, "POST", f"posts/{first['id']}/end", {})
    second = await sent(api, "POST", "posts", {**held, "role": "grid_worker"})
    changed = {"employment": "full_time", "occupation": None, "phone": None}
    await sent(api, "PATCH", f"members/{member['id']}", changed)
    seen = (await api.as_("grid_leader").get(f"/v1/members/{member['id']}")).json()
    assert (seen["employment"], seen["occupation"], seen["phone"]) == ("full_time", None, None)
    assert [post["id"] for post in seen["posts"]] == [second["id"]]
    told = await past(api, "grid_leader", f"members/{member['id']}")
    assert [(post["id"], post["valid_to"] is None) for post in told["posts"]] == [
        (second["id"], True),
        (first["id"], False),
    ]
    assert [line["action"] for line in told["changes"]] == ["member.change", "member.create"]
    assert told["changes"][0]["data"] == {"fields": ["employment", "occupation", "phone"]}
    assert PHONE not in str(told)
    problem_in(await api.as_("grid_worker_b").get(f"/v1/members/{member['id']}/history"), 404, "not_found")


async def test_a_posts_history_is_for_administrators(api: Api, world: World) -> None:
    held = {"member_id": str(world["grid_worker"].member_id), "role": "grid_worker"}
    post = await sent(api, "POST", "posts", {**held, "area_id": str(world.places["grid_a2"].id)})
    await sent(api, "POST", f"posts/{post['id']}/end", {})
    told = await past(api, "system_admin", f"posts/{post['id']}")
    assert [line["action"] for line in told] == ["post.end", "post.create"]
    assert told[1]["data"]["valid_to"] is None
    assert told[0]["data"]["valid_to"] is not None
    problem_in(await api.as_("village_admin").get(f"/v1/posts/{post['id']}/history"), 403, "forbidden")


async def test_a_look_at_plain_values_is_no_change_of_the_record(api: Api, world: World) -> None:
    area = world.places["grid_a1"]
    body = {"area_id": str(area.id), "name": "小卖部", "kind": "shop", "address": "一巷 2 号"}
    shop = (await api.as_("grid_worker").post("/v1/places", json=body)).json()
    look = {"fields": ["contact_name"], "reason": "contact", "note": "核实"}
    shown = await api.as_("grid_worker").post(f"/v1/places/{shop['id']}/unmask", json=look)
    assert shown.status_code == 200, shown.text
    told = await past(api, "grid_worker", f"places/{shop['id']}")
    assert [line["action"] for line in told] == ["place.create"]
