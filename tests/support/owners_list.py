"""The owner's list of who may do what to a ticket, where: the workflow table written down a second time.

A line reads: action | states | who. A word of `who` is a role, and behind `+` what the person must (or with
`!` must not) be to the ticket; `any` stands for every role, `hand` for a handler of this or an earlier
round. What the table says in groups and alternatives is spelled out here by action.
"""

from collections.abc import Mapping

OPEN = "draft reported returned accepted dispatched processing suspended escalating resolved evaluating"
TERMINAL = "closed not_accepted withdrawn voided merged"
STATES = {"open": OPEN, "terminal": TERMINAL, "every": f"{OPEN} {TERMINAL}"}
PEOPLE = {
    "handlers": "dept_handler dept_head",
    "workers": "grid_worker grid_leader",
    "overseers": "supervisor leader_viewer dispatcher",
    "people": "grid_worker grid_assistant grid_leader village_admin dispatcher dept_handler dept_head"
    " revisit_agent supervisor leader_viewer",
}

LINES = """
submit            | draft returned                    | any+reporter
self_resolve      | draft reported                    | workers+reporter
withdraw          | draft reported returned           | any+reporter
request_withdraw  | accepted                          | any+reporter
approve_withdraw  | accepted                          | dispatcher
deny_withdraw     | accepted                          | dispatcher
accept            | reported                          | dispatcher village_admin
return_for_info   | reported accepted                 | dispatcher village_admin
reject            | reported accepted                 | dispatcher
appeal            | not_accepted                      | any+reporter
merge             | reported returned accepted dispatched processing suspended escalating | dispatcher
unmerge           | merged                            | dispatcher
dispatch          | accepted                          | dispatcher village_admin system
sign              | dispatched                        | handlers+lead system
sign              | processing                        | handlers+lead
contact           | dispatched processing suspended   | handlers+lead
decline           | dispatched processing             | handlers+lead
approve_decline   | dispatched processing             | dispatcher+!lead
deny_decline      | dispatched processing             | dispatcher+!lead
reroute           | dispatched processing             | dispatcher
transfer_down     | processing                        | dept_head+lead
request_joint     | processing                        | dispatcher handlers+handler
finish_joint      | dispatched processing suspended escalating | handlers+helper dispatcher
escalate          | accepted                          | dispatcher
escalate          | dispatched                        | dispatcher system
escalate          | processing                        | dispatcher dept_head+lead system
escalate          | evaluating                        | dispatcher
decide            | escalating                        | dispatcher supervisor
request_extension | dispatched processing             | handlers+lead
approve_extension | dispatched processing             | overseers+!lead
deny_extension    | dispatched processing             | overseers+!lead
request_suspend   | processing                        | handlers+lead
approve_suspend   | processing                        | dispatcher+!lead
deny_suspend      | processing                        | dispatcher+!lead
resume            | suspended                         | handlers+lead dispatcher system
review_suspension | suspended                         | dispatcher
progress          | processing suspended escalating   | handlers+handler
urge              | open                              | overseers system
supervise         | open                              | overseers system
reply_supervision | open                              | handlers+lead
reply_supervision | reported returned accepted        | handlers+lead dispatcher village_admin
lift_supervision  | open                              | overseers
instruct          | open                              | leader_viewer
change            | reported accepted dispatched processing suspended escalating | dispatcher
resolve           | processing                        | handlers+handler
reject_resolution | resolved                          | dispatcher workers+reporter+!hand
revisit           | resolved                          | revisit_agent+!hand workers+reporter+!hand resident
rework            | evaluating                        | revisit_agent+!hand dispatcher+!hand
evaluate          | evaluating                        | revisit_agent+!hand dispatcher+!hand supervisor+!hand any+reporter+!hand resident
close             | resolved evaluating               | dispatcher system
request_review    | evaluating closed                 | handlers+lead
approve_review    | evaluating closed                 | dispatcher+!lead
deny_review       | evaluating closed                 | dispatcher+!lead
cancel_request    | open closed                       | any+asker
reopen            | closed                            | dispatcher
void              | draft reported returned accepted  | dispatcher
void              | dispatched processing suspended escalating resolved evaluating | supervisor
comment           | every                             | people api_client+reporter
"""  # noqa: E501 - a row is a line


def _entries(who: str) -> list[list[str]]:
    found = []
    for word in who.split():
        role, *conditions = word.split("+")
        found += [[one, *conditions] for one in PEOPLE.get(role, role).split()]
    return found


def _may() -> Mapping[tuple[str, str], list[list[str]]]:
    found: dict[tuple[str, str], list[list[str]]] = {}
    for line in LINES.strip().splitlines():
        action, states, who = (cell.strip() for cell in line.split("|"))
        for word in states.split():
            for state in STATES.get(word, word).split():
                found[state, action] = _entries(who)
    return found


MAY = _may()
