"""The pages of imports and exports: look first, confirm once, correct what was refused; who may, and what is logged."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from common.sheets import write_xlsx
from customers.models import Customer
from loyalty_site.desk import imports, uploads
from memberships.enrolment import enrol
from memberships.models import Membership
from points.models import Posting
from programs.models import Program
from staff.models import AccessLog, Role, StaffRight, User
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_customer, make_program
from tests.organizations import agreement_with, umbrella

pytestmark = pytest.mark.django_db

GOOD = "number,first_name,last_name\nK1,Emma,Stone\n"
MIXED = GOOD + "K2,John,<script>alert(1)</script>\nK3,=1+1,Osman\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    settings.LOYALTY_TOTP = False
    monkeypatch.setattr(uploads, "FOLDER", tmp_path / "imports")
    return tmp_path / "imports"


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky", member_number_prefix="SK-", name="Sky Club")


def staff_client(role: Role, program: Program | None = None, *, name: str = "ann") -> Client:
    user = User.objects.create(username=name, is_staff=True)
    StaffRight.objects.create(user=user, role=role, program=program)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def supervisor(sky: Program) -> Client:
    return staff_client(Role.SUPERVISOR)


def uploaded(client: Client, content: str | bytes, *, what: str = "customers", **given: Any) -> Any:
    file = SimpleUploadedFile("people.csv", content.encode() if isinstance(content, str) else content)
    return client.post("/desk/imports", {"what": what, "file": file, **given})


def figures(html: str) -> list[int]:
    """New, changed, known, refused, as the page shows them."""
    return [int(one) for one in re.findall(r'<span class="figure large">(\d+)</span>', html)]


def test_a_file_is_looked_at_then_imported(supervisor: Client, folder: Path) -> None:
    looked = uploaded(supervisor, MIXED)
    assert looked.status_code == 302
    html = supervisor.get(looked["Location"]).content.decode()
    assert figures(html) == [2, 0, 0, 1]
    assert "Nothing was written yet" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html
    assert "holds a formula" in html
    assert Customer.objects.count() == 0
    done = supervisor.post(looked["Location"], {"mode": "good"}, follow=True).content.decode()
    assert figures(done) == [2, 0, 0, 1]
    assert "This is what happened" in done
    assert set(Customer.objects.values_list("number", flat=True)) == {"K1", "K2"}
    assert [path.name for path in folder.rglob("file")] == []
    log = AccessLog.objects.get(action="import")
    assert log.facts == {
        "what": "customers", "update": False, "kept": True, "new": 2, "changed": 0, "same": 0, "refused": 1,
    }  # fmt: skip
    assert_audit_clean()


def test_the_refused_lines_are_corrected_and_imported(supervisor: Client) -> None:
    page = uploaded(supervisor, MIXED)["Location"]
    supervisor.post(page, {"mode": "good"})
    response = supervisor.get(f"{page}/refused.csv")
    refused = b"".join(response).decode("utf-8-sig")
    assert response["Content-Disposition"] == 'attachment; filename="refused.csv"'
    header, line = refused.splitlines()
    assert header.startswith('"line","refused_because","number","kind","first_name"')
    assert line.startswith('4,"first_name: This cell holds a formula')
    assert "'=1+1" in line
    again = uploaded(supervisor, refused.replace("'=1+1", "Aisha"))["Location"]
    supervisor.post(again, {"mode": "good"})
    assert Customer.objects.get(number="K3").first_name == "Aisha"
    assert supervisor.get(f"{again}/refused.csv").status_code == 404


def test_all_or_nothing_imports_nothing_and_may_be_tried_otherwise(supervisor: Client) -> None:
    page = uploaded(supervisor, MIXED)["Location"]
    html = supervisor.post(page, {"mode": "all"}, follow=True).content.decode()
    assert "Nothing was imported, because a line was refused" in html
    assert Customer.objects.count() == 0
    supervisor.post(page, {"mode": "good"})
    assert Customer.objects.count() == 2


def test_an_import_that_broke_off_can_be_tried_again(supervisor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    page = uploaded(supervisor, GOOD)["Location"]
    with monkeypatch.context() as broken:
        broken.setattr(imports, "import_file", lambda *args, **options: 1 / 0)
        supervisor.raise_request_exception = False
        assert supervisor.post(page, {"mode": "good"}).status_code == 500
    supervisor.post(page, {"mode": "good"})
    assert Customer.objects.count() == 1


def test_a_second_click_imports_nothing_more(supervisor: Client) -> None:
    page = uploaded(supervisor, GOOD)["Location"]
    for _ in range(2):
        assert supervisor.post(page, {"mode": "good"}).status_code == 302
    assert figures(supervisor.get(page).content.decode()) == [1, 0, 0, 0]
    assert AccessLog.objects.filter(action="import").count() == 1


def test_memberships_bring_their_balances(supervisor: Client, sky: Program) -> None:
    make_customer("Emma Stone", number="K1")
    file = BytesIO()
    write_xlsx(file, ["customer_number", "member_number", "points"], [["K1", "SK-1", 120_000]])
    page = uploaded(supervisor, file.getvalue(), what="sky")["Location"]
    html = supervisor.get(page).content.decode()
    assert figures(html) == [1, 0, 0, 0]
    assert "Sky Club" in html
    supervisor.post(page, {"mode": "good"})
    assert account_of(Membership.objects.get(number="SK-1")).balance == 120_000
    assert Posting.objects.get().user_id == User.objects.get(username="ann").pk


def test_an_agent_may_not_take_over_more_than_they_could_adjust(sky: Program) -> None:
    make_customer("Emma Stone", number="K1")
    agent = staff_client(Role.SUPPORT_AGENT, sky)
    page = uploaded(agent, "customer_number,points\nK1,1001\n", what="sky")["Location"]
    html = agent.get(page).content.decode()
    assert figures(html) == [0, 0, 0, 1]
    assert "more than you may take over alone" in html
    agent.post(page, {"mode": "good"})
    assert Membership.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"number,surname\nK1,Stone\n", "surname (column 2)"),
        (b"first_name\nEmma\n", "Missing: number"),
        (b"number,number\nK1,K1\n", "Twice: number"),
        (b"number,last_name\nK1,M\xfcller\n", "Line 2 is not UTF-8; the file looks like Latin-1"),
        (b'number,last_name\nK1,"Stone\n', "quotation mark"),
        (b"\xff\xfen\x00u", "The file"),
        (b"PK\x03\x04broken", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no table"),
        (b"number\n" + b"".join(b"K%d\n" % n for n in range(5001)), "more than 5000 lines"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_with_the_reason(
    supervisor: Client, folder: Path, content: bytes, says: str
) -> None:
    response = uploaded(supervisor, content)
    assert response.status_code in (400, 422)
    assert says in response.content.decode()
    assert Customer.objects.count() == 0
    assert list(folder.rglob("file")) == []


def test_a_file_above_the_limit_never_arrives(supervisor: Client, folder: Path) -> None:
    response = uploaded(supervisor, b"number\n" + b"x" * uploads.MOST_BYTES)
    assert response.status_code == 400
    assert "larger than 5 MB" in response.content.decode()
    assert not folder.exists()


def test_the_token_against_forgery_is_asked_for(sky: Program) -> None:
    client = staff_client(Role.SUPERVISOR)
    client.handler.enforce_csrf_checks = True
    assert uploaded(client, GOOD).status_code == 403
    assert Customer.objects.count() == 0


def test_another_members_upload_does_not_exist(supervisor: Client) -> None:
    page = uploaded(supervisor, MIXED)["Location"]
    other = staff_client(Role.ADMIN, name="bob")
    for answer in (other.get(page), other.post(page, {"mode": "good"}), other.get(f"{page}/refused.csv")):
        assert answer.status_code == 404
    assert other.get("/desk/imports/..%2F..").status_code == 404
    assert Customer.objects.count() == 0


def test_an_upload_is_over_after_an_hour(supervisor: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = uploaded(supervisor, GOOD)["Location"]
    monkeypatch.setattr(uploads, "KEPT_SECONDS", -1)
    assert supervisor.post(page, {"mode": "good"}).status_code == 404
    uploads.sweep()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CARD_MANAGER, Role.PROGRAM_MANAGER])
def test_who_may_not_write_customers_imports_nothing(sky: Program, role: Role) -> None:
    client = staff_client(role)
    assert client.get("/desk/imports").status_code == 403
    assert uploaded(client, GOOD).status_code == 403
    assert Customer.objects.count() == 0


def test_a_program_of_others_is_no_choice(sky: Program) -> None:
    make_program("other", name="Other Club")
    agent = staff_client(Role.SUPPORT_AGENT, sky)
    html = agent.get("/desk/imports").content.decode()
    assert "Sky Club" in html
    assert "Other Club" not in html
    assert uploaded(agent, "customer_number\nK1\n", what="other").status_code == 400
    exports = agent.get("/desk/exports").content.decode()
    assert "Other Club" not in exports
    assert agent.post("/desk/exports", {"what": "other:memberships", "form": "csv"}).status_code == 400


def test_an_export_is_masked_and_logged(sky: Program) -> None:
    make_customer("Emma Stone", number="K1", email="emma@example.com")
    auditor = staff_client(Role.AUDITOR, sky)
    assert "Personal data" not in auditor.get("/desk/exports").content.decode()
    response = auditor.post("/desk/exports", {"what": "customers", "form": "csv", "reason": "legal"})
    text = b"".join(response).decode("utf-8-sig")
    assert response["Content-Disposition"] == 'attachment; filename="customers.csv"'
    assert "K1" in text
    assert "Emma" not in text
    first, last = AccessLog.objects.order_by("pk")
    assert (first.action, first.facts) == ("export", {"unmasked": False, "reason": ""})
    assert (last.action, last.facts) == ("exported", {"unmasked": False, "reason": "", "rows": 1, "whole": True})


def test_with_the_right_and_a_reason_an_export_shows_people(supervisor: Client, sky: Program) -> None:
    make_customer("=Emma Stone", number="K1")
    response = supervisor.post("/desk/exports", {"what": "customers", "form": "xlsx", "reason": "legal"})
    rows = list(load_workbook(BytesIO(b"".join(response))).active.iter_rows(values_only=True))
    assert dict(zip(rows[0], rows[1], strict=True))["name"] == "'=Emma Stone"
    assert AccessLog.objects.latest("pk").facts["reason"] == "legal"
    masked = supervisor.post("/desk/exports", {"what": "customers", "form": "csv", "reason": ""})
    assert "Emma" not in b"".join(masked).decode()


def test_the_memberships_of_a_program_go_out(supervisor: Client, sky: Program) -> None:
    make_customer("Emma Stone", number="K1")
    page = uploaded(supervisor, "customer_number,member_number,points\nK1,SK-1,12\n", what="sky")["Location"]
    supervisor.post(page, {"mode": "good"})
    for what, starts in (("sky:memberships", '"SK-1","K1","E*** S***",1,"standard"'), ("sky:lots", '"K1","SK-1",')):
        response = supervisor.post("/desk/exports", {"what": what, "form": "csv", "reason": ""})
        header, row = b"".join(response).decode("utf-8-sig").splitlines()
        assert row.startswith(starts)


def test_the_pages_stand_in_the_menu(supervisor: Client) -> None:
    html = supervisor.get("/desk/imports").content.decode()
    assert '<a href="/desk/imports" aria-current="page">' in html
    assert '<a href="/desk/exports">' in html
    tables = (
        imports.CUSTOMER_COLUMNS,
        imports.MEMBERSHIP_COLUMNS,
        imports.EMPLOYEE_COLUMNS,
        imports.ACTIVITY_COLUMNS,
    )
    assert html.count("<code>") == sum(len(columns) for columns in tables)


def test_employees_of_an_organization_come_by_file(supervisor: Client, sky: Program) -> None:
    acme = umbrella(sky)
    agreement_with(acme)
    assert acme.organization is not None
    known = make_customer("Ben Miller")
    enrol(known, program=sky, actor=ACTOR)
    what = f"employees/sky/{acme.organization.number}"
    form = supervisor.get("/desk/imports", {"what": what}).content.decode()
    assert "Employees of Acme Ltd, for Sky Club" in form
    assert re.search(rf'value="{what}"[^>]*selected', form)
    text = f"personnel_number,customer_number,first_name,last_name\nE-1,,Eva,Stone\nE-2,{known.number},,\n"
    looked = uploaded(supervisor, text, what=what)
    html = supervisor.get(looked["Location"]).content.decode()
    assert figures(html) == [1, 1, 0, 0]
    assert "Take part already" in html and known.number in html
    assert not Customer.objects.filter(name="Eva Stone").exists()
    supervisor.post(looked["Location"], {"mode": "good"})
    eva = Membership.objects.get(members__customer__name="Eva Stone")
    assert eva.organization_membership_id == acme.pk
    assert_audit_clean()


def test_employees_are_offered_only_where_the_user_may_enrol(supervisor: Client, sky: Program) -> None:
    acme = umbrella(sky)
    assert acme.organization is not None
    elsewhere = staff_client(Role.SUPERVISOR, make_program("sea"), name="carl")
    what = f"employees/sky/{acme.organization.number}"
    assert "Employees of" not in elsewhere.get("/desk/imports").content.decode()
    assert uploaded(elsewhere, "personnel_number\nE-1\n", what=what).status_code == 400
