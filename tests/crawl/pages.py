"""What every page of the desk expects of whom: ADD A ROW FOR EVERY NEW PAGE HERE.

A page of the desk: its name, the action of staff.rights it needs, and what stands in its address.
"""

from dataclasses import dataclass, field
from typing import Any

ANYBODY = ""
# What an allowed caller may be answered: a page, a redirect, or a refusal by a rule with a message.
FINE = frozenset({200, 302, 400, 409, 422})
ONLY_LOOKED_AT = frozenset({405})
NO_SUCH_UPLOAD = frozenset({404})


@dataclass(frozen=True)
class Page:
    """`needs`: an action, or ANYBODY of the staff. `named`: the ids in its address, by the names of world.IDS.

    `everywhere`: what it shows belongs to no program, so a right in any program opens it. `query` may name the
    program: "program={program}". `sends`: what a POST carries. `get` and `post`: what an allowed caller is answered.
    """

    needs: str
    named: tuple[str, ...] = ()
    everywhere: bool = False
    query: str = ""
    sends: dict[str, Any] = field(default_factory=dict)
    get: frozenset[int] = FINE
    post: frozenset[int] = FINE | {405}


def of_customer(needs: str, **options: Any) -> Page:
    """Customers belong to no program."""
    return Page(needs, ("customer",), everywhere=True, **options)


def of_membership(needs: str, **options: Any) -> Page:
    return Page(needs, ("membership",), **options)


def of_change(needs: str, **options: Any) -> Page:
    return Page(needs, ("change",), **options)


def of_batch(needs: str, **options: Any) -> Page:
    return Page(needs, ("batch",), **options)


def of_card(needs: str, **options: Any) -> Page:
    return Page(needs, ("card",), **options)


def of_program(needs: str, query: str = "", **options: Any) -> Page:
    return Page(needs, query="program={program}" + query, post=ONLY_LOOKED_AT, **options)


DESK: dict[str, Page] = {
    "confirm-password": Page(ANYBODY, everywhere=True, sends={"password": "wrong"}),
    "home": of_program("reports:read"),
    "search": Page("customers:read", everywhere=True, query="q=anna", post=ONLY_LOOKED_AT),
    # Work lists.
    "adjustments": Page("reports:read", everywhere=True, post=ONLY_LOOKED_AT),
    "activities": Page("memberships:read", everywhere=True, post=ONLY_LOOKED_AT),
    "activity": Page("memberships:read", ("activity",), post=ONLY_LOOKED_AT),
    "activity-reprocess": Page("activities:write", ("activity",)),
    "activities-reprocess": Page("activities:write", ("program",)),
    # Rules and campaigns.
    "rules": of_program("memberships:read"),
    "rule-new": Page("programs:design", ("program",), query="template=nothing"),
    "rule": Page("memberships:read", ("rule",), post=ONLY_LOOKED_AT),
    "rule-edit": Page("programs:design", ("rule",)),
    "rule-simulate": Page(
        "memberships:read", ("rule",), query="since=2026-01-01&until=2026-02-01", post=ONLY_LOOKED_AT
    ),
    "rule-release": Page("programs:design", ("rule",)),
    "rule-retire": Page("programs:design", ("rule",)),
    "rule-copy": Page("programs:design", ("rule",)),
    "rule-group-new": Page("programs:design", ("program",)),
    "rule-group-edit": Page("programs:design", ("rule_group",)),
    "campaigns": of_program("memberships:read"),
    "campaign-new": Page("programs:design", ("program",)),
    "campaign": Page("memberships:read", ("campaign",), post=ONLY_LOOKED_AT),
    "campaign-edit": Page("programs:design", ("campaign",)),
    "campaign-start": Page("programs:design", ("campaign",)),
    "campaign-stop": Page("programs:design", ("campaign",)),
    "campaign-list": Page("programs:design", ("campaign",)),
    "campaign-list-of": Page("programs:design", ("campaign",)),
    "campaign-take-off": Page("programs:design", ("campaign",)),
    "campaign-take-back": Page("programs:design", ("campaign",)),
    "duplicates": Page("customers:read", everywhere=True, post=ONLY_LOOKED_AT),
    "orders": Page("memberships:read", everywhere=True, post=ONLY_LOOKED_AT),
    # Awards.
    "awards": Page("reports:read", everywhere=True, post=ONLY_LOOKED_AT),
    "award-new": Page("points:adjust", everywhere=True),
    "award": Page("reports:read", ("award",), post=ONLY_LOOKED_AT),
    "award-submit": Page("points:adjust", ("award",)),
    "award-discard": Page("points:adjust", ("award",)),
    "award-decide": Page("points:approve", ("award",)),
    # Rewards.
    "rewards": of_program("memberships:read"),
    "order": Page("memberships:read", ("order",), post=ONLY_LOOKED_AT),
    "order-cancel": Page("points:redeem", ("order",)),
    "order-fulfil": Page("rewards:manage", ("order",)),
    "order-reward": of_membership("points:redeem"),
    "voucher": Page("vouchers:use", ("voucher_id",), post=ONLY_LOOKED_AT),
    "voucher-use": Page("vouchers:use", ("voucher_id",)),
    "voucher-give-back": Page("vouchers:use", ("voucher_id",)),
    "voucher-cancel": Page("rewards:manage", ("voucher_id",)),
    # Reports.
    "liability": of_program("reports:read"),
    "liability-csv": of_program("reports:read"),
    "liability-entries": of_program("reports:read", "&line=earned&point_type=miles"),
    "expiry-forecast": of_program("reports:read"),
    "expiry-forecast-csv": of_program("reports:read"),
    "analytics": Page("reports:read", everywhere=True, post=ONLY_LOOKED_AT),
    "analytics-csv": Page("reports:read", everywhere=True, post=ONLY_LOOKED_AT),
    "analytics-customers": Page("reports:read", everywhere=True, post=ONLY_LOOKED_AT),
    "analytics-missing": of_program("reports:read", "&in={program}&not_in={program}"),
    # Notices and runs.
    "notices": of_program("memberships:read"),
    "notice-text": Page("programs:design", ("program", "notice", "language")),
    "runs": of_program("reports:read"),
    # Files.
    "imports": Page("customers:write", everywhere=True),
    "import": Page("customers:write", ("upload",), everywhere=True, get=NO_SUCH_UPLOAD, post=NO_SUCH_UPLOAD),
    "import-refused": Page("customers:write", ("upload",), everywhere=True, get=NO_SUCH_UPLOAD, post=ONLY_LOOKED_AT),
    "exports": Page("reports:read", everywhere=True),
    # Customers.
    "customer": of_customer("customers:read", post=ONLY_LOOKED_AT),
    "customer-unmask": of_customer("personal:unmask", sends={"reason": "legal"}, get=frozenset({405})),
    "new-customer": Page("customers:write", everywhere=True),
    "edit": of_customer("customers:write"),
    "deactivate": of_customer("customers:write"),
    "reactivate": of_customer("customers:write"),
    "deceased": of_customer("customers:write"),
    "two-people": Page("customers:write", ("customer", "another"), everywhere=True),
    "same-person": Page("customers:write", ("customer", "another"), everywhere=True),
    "affiliate": of_customer("customers:write"),
    "affiliation-end": Page("customers:write", ("affiliation",), everywhere=True),
    "affiliation-group": Page("customers:write", ("affiliation",), everywhere=True),
    "employee-group-new": Page("customers:write", ("organization",), everywhere=True),
    "delete": of_customer("customers:erase"),
    "erase": of_customer("customers:erase"),
    "enrol": of_customer("memberships:manage"),
    # Organizations.
    "organization": Page("customers:read", ("organization",), everywhere=True, post=ONLY_LOOKED_AT),
    "open-organization": Page("memberships:manage", ("organization",), everywhere=True),
    "signatory-add": Page("memberships:manage", ("umbrella",)),
    "signatory-end": Page("memberships:manage", ("signatory",)),
    "agreement-new": Page("memberships:manage", ("umbrella",)),
    "agreement": Page("memberships:read", ("agreement",), post=ONLY_LOOKED_AT),
    "agreement-amend": Page("memberships:manage", ("agreement",)),
    "agreement-end": Page("memberships:manage", ("agreement",)),
    "agreement-cancel": Page("memberships:manage", ("agreement",)),
    "agreement-apply": Page("memberships:manage", ("agreement",)),
    "leave-organization": of_membership("memberships:manage"),
    "leave-all": Page("memberships:manage", ("umbrella",)),
    "playbook-employee-left": Page(
        "memberships:manage", everywhere=True, query="customer={customer}", post=ONLY_LOOKED_AT
    ),
    # Changes of memberships.
    "changes": Page("memberships:read", everywhere=True, post=ONLY_LOOKED_AT),
    "change-new": Page("changes:propose", query="kind=merge&prime={membership}"),
    "change": of_change("memberships:read", post=ONLY_LOOKED_AT),
    "change-terms": of_change("changes:propose"),
    "change-again": of_change("changes:propose"),
    "change-propose": of_change("changes:propose"),
    "change-refresh": of_change("changes:propose"),
    "change-ask": of_change("changes:consent"),
    "change-consent": of_change("changes:consent"),
    "change-document": of_change("changes:consent"),
    "change-confirm": of_change("changes:attest"),
    "change-turn-down": of_change("changes:consent"),
    "change-withdraw": of_change("changes:propose", sends={"reason": "mistake"}),
    "change-carry-out": of_change("changes:carry-out"),
    "change-undo": of_change("changes:carry-out"),
    "change-file": Page("changes:consent", ("consent_document",), get=NO_SUCH_UPLOAD, post=ONLY_LOOKED_AT),
    "playbook-lost-card": Page("cards:manage", everywhere=True, query="customer={customer}", post=ONLY_LOOKED_AT),
    "playbook-divorce": Page("changes:propose", everywhere=True, query="customer={customer}", post=ONLY_LOOKED_AT),
    "playbook-deceased": Page("changes:propose", everywhere=True, query="customer={customer}", post=ONLY_LOOKED_AT),
    "fairness": of_membership("memberships:read", post=ONLY_LOOKED_AT),
    "hand-over": of_membership("memberships:manage"),
    "suspend-member": of_membership("memberships:manage"),
    "reinstate-member": of_membership("memberships:manage"),
    # Cards.
    "batches": Page("cards:read", everywhere=True, post=ONLY_LOOKED_AT),
    "batch-new": Page("cards:manage", query="program={program}"),
    "batch": of_batch("cards:read", post=ONLY_LOOKED_AT),
    "batch-download": of_batch("cards:manage", get=ONLY_LOOKED_AT),
    "batch-revoke": of_batch("cards:manage"),
    # Found cards.
    "register-card": Page("cards:manage", everywhere=True, query="number={card}&customer={customer}"),
    "registration-withdraw": Page("cards:manage", ("registration",)),
    "playbook-found-card": Page("cards:manage", everywhere=True, query="number={card}", post=ONLY_LOOKED_AT),
    # Memberships.
    "membership": of_membership("memberships:read", post=ONLY_LOOKED_AT),
    "statement": of_membership("memberships:read", post=ONLY_LOOKED_AT),
    "statement-csv": of_membership("memberships:read", post=ONLY_LOOKED_AT),
    "tiers": of_membership("memberships:read", post=ONLY_LOOKED_AT),
    "ladders": of_program("memberships:read"),
    "set-tier": of_membership("memberships:manage"),
    "set-attribute": of_membership("memberships:manage"),
    "add-label": of_membership("memberships:manage"),
    "remove-label": of_membership("memberships:manage"),
    "explain": of_membership("memberships:read", post=ONLY_LOOKED_AT),
    "activate": of_membership("memberships:manage"),
    "pause": of_membership("memberships:manage"),
    "suspend": of_membership("memberships:manage"),
    "reinstate": of_membership("memberships:manage"),
    "renew": of_membership("memberships:manage"),
    "record-payment": of_membership("memberships:manage"),
    "allow-redemption": of_membership("memberships:manage"),
    "forbid-redemption": of_membership("memberships:manage"),
    "terminate": of_membership("memberships:manage"),
    # Cards.
    "card": of_card("cards:read", post=ONLY_LOOKED_AT),
    "card-front": of_card("cards:read", post=ONLY_LOOKED_AT),
    "card-qr": of_card("cards:read", post=ONLY_LOOKED_AT),
    "card-barcode": of_card("cards:read", post=ONLY_LOOKED_AT),
    "card-report": of_card("cards:manage"),
    "card-replace": of_card("cards:manage"),
    "card-activate": of_card("cards:manage"),
    "card-block": of_card("cards:manage"),
    "card-unblock": of_card("cards:manage"),
    "card-cancel": of_card("cards:manage"),
    "give-card": of_membership("cards:manage"),
    "hot-list": of_program("cards:read"),
    "hot-list-csv": of_program("cards:read"),
    # Sales, returns and claims.
    "transactions": of_customer("memberships:read", post=ONLY_LOOKED_AT),
    "transaction": Page("memberships:read", ("transaction",), post=ONLY_LOOKED_AT),
    "return-sale": Page("activities:write", ("transaction",)),
    "change-receipts": of_change("memberships:read", post=ONLY_LOOKED_AT),
    "claims": Page("memberships:read", everywhere=True, post=ONLY_LOOKED_AT),
    "claim": Page("points:adjust", ("claim",)),
    "claim-new": of_membership("activities:write"),
    # Points.
    "posting": Page("memberships:read", ("posting",), post=ONLY_LOOKED_AT),
    "adjust": of_membership("points:adjust"),
    "transfer": of_membership("points:transfer"),
    "convert": of_membership("points:transfer"),
    "redeem": of_membership("points:redeem"),
    "spending-code": of_membership("points:redeem"),
    "hold": of_membership("points:redeem"),
    "release-hold": Page("points:redeem", ("hold",)),
    "reverse": Page("points:reverse", ("posting",)),
    "adjustment": Page("points:approve", ("adjustment",)),
}

# Outside of desk, back office and API: what nobody has to log in for, with who checks it.
PUBLIC = {
    "start": "shows no data",
    "healthz": "shows no data",
    "readyz": "shows no data",
    "oauth-token": "asks for the channel's secret: tests/gateway/test_authentication.py",
    "oauth-revoke": "asks for the channel's secret: tests/gateway/test_authentication.py",
    "consent": "asks for the link of one person: tests/memberships/changes/test_consent_page.py",
}
