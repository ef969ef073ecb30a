import pytest

from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.documents import record_document
from memberships.changes.inviting import ask
from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft, propose
from staff.models import Role
from tests.browser.helpers import NARROW, WIDE, LogIn, Open, assert_accessible, assert_fits
from tests.changes import agree, anonymous, earn, group_of, owe, pair, people_of, pool_of
from tests.desk.changes.conftest import with_mail
from tests.desk.visitor import redeemed
from tests.factories import ACTOR, make_program, member_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DIR = "/tmp/shots-wizard"


def test_shots(log_in: LogIn, open_page: Open) -> None:
    program = make_program("sky", name="World Flyer Plus", brand_color="#0b7285", replaces_consent=True)
    anna, ben = pair(program, "Anna Bauer", "Ben Miller")
    kat, john = pool_of(program, "Katrin Bauer", "John Miller")
    group = group_of(program, "Mia Moore", "Max Moore", "Moe Moore")
    cora, dora = pair(program, "Cora Stone", "Dora Stone")
    eva, finn = pair(program, "Eva Stone", "Finn Stone")
    with_mail(anna, ben, kat, john, group, cora, dora, eva, finn)
    earn(anna, 300, days=40)
    earn(anna, 200, days=300)
    earn(anna, 50, "status")
    earn(ben, 200)
    earn(ben, 10, "status")
    earn(kat, 300)
    earn(john, 200)
    redeemed(kat, 100)
    earn(group, 900)
    earn(group, 90, "status")
    earn(cora, 100)
    owe(dora, 40)
    earn(eva, 300, days=20)
    earn(finn, 10)
    d = draft(
        Proposal(
            "merge",
            cora.pk,
            dora.pk,
            result_type="group",
            main_id=member_of(dora),
            reason="They want to collect together",
        ),
        actor=ACTOR,
    )
    m = propose(
        Proposal("merge", anna.pk, ben.pk, result_type="shared", reason="They want to collect together"), actor=ACTOR
    )
    a, b = people_of(anna)[0], people_of(ben)[0]
    ask(m, customer_id=a, method="code", actor=ACTOR)
    record_document(m, customer_id=b, actor=ACTOR, evidence="Letter of 3 Nov, folder 7")
    s = propose(
        Proposal("split", kat.pk, leaver_id=member_of(john), policy="by_contribution", reason="Separation"), actor=ACTOR
    )
    decide(s, customer_id=member_of(john), decision="refused", method="in_person", actor=ACTOR, evidence="at the desk")
    f = propose(
        Proposal("merge", eva.pk, finn.pk, result_type="group", main_id=member_of(eva), reason="x"), actor=ACTOR
    )
    agree(f)
    done = propose(
        Proposal("split", group.pk, leaver_id=people_of(group)[1], policy="equal", reason="Moved out"), actor=ACTOR
    )
    agree(done)
    carry_out(done, actor=ACTOR)
    anon = anonymous(program)
    log_in(Role.SUPERVISOR)
    paths = {
        "list": "changes",
        "list-all": "changes?status=all",
        "new": "changes/new",
        "new-merge": f"changes/new?kind=merge&find={anna.number}",
        "new-second": f"changes/new?kind=merge&prime={dora.pk}&find={cora.number}",
        "new-refused": f"changes/new?kind=merge&prime={dora.pk}&find={anna.number}",
        "new-split": f"changes/new?kind=split&prime={kat.pk}",
        "new-split-group": f"changes/new?kind=split&prime={group.pk}",
        "draft": f"changes/{d.pk}",
        "draft-terms": f"changes/{d.pk}/terms",
        "waiting": f"changes/{m.pk}",
        "refused": f"changes/{s.pk}",
        "again": f"changes/{s.pk}/again",
        "agreed": f"changes/{f.pk}",
        "done": f"changes/{done.pk}",
        "undo": f"changes/{done.pk}/undo",
        "fairness": f"memberships/{kat.pk}/fairness",
        "hand-over": f"memberships/{group.pk}/hand-over",
        "suspend-member": f"memberships/{group.pk}/suspend-member",
        "divorce": f"playbooks/divorce?customer={member_of(john)}",
        "deceased": f"playbooks/deceased?customer={member_of(kat)}",
        "customer": f"customers/{a}",
        "membership": f"memberships/{kat.pk}",
        "home": "",
    }
    problems = []
    for width in (WIDE, NARROW):
        for name, path in paths.items():
            page = open_page(f"/desk/{path}", width=width)
            if name in ("waiting",):
                for one in page.locator("details.fold").all():
                    one.evaluate("e => e.open = true")
            page.screenshot(path=f"{DIR}/{name}-{width}.png", full_page=True)
            try:
                assert_fits(page)
                assert_accessible(page)
            except AssertionError as e:
                problems.append(f"{name} {width}: {str(e)[:600]}")
    print("\n".join(problems))
    assert not problems
