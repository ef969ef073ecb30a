"""What every page of the back office expects of whom: ADD A ROW FOR EVERY NEW MODEL HERE.

The model, what looking and writing need, and the way to its program. Pages of a ModelAdmin beyond Django's own (add,
change, delete, history) stand in EXTRA by their url name.
"""

from dataclasses import dataclass

from tests.crawl.pages import ANYBODY, Page


@dataclass(frozen=True)
class Rows:
    """`sees` and `writes`: actions; `program`: lookup to the program, None where rows belong to none.

    `adds` and `deletes`: whether who writes may add and delete by form; `fixed`: rows change by no form.
    `adds_in_all`: adding needs the right in all programs.
    """

    sees: str
    writes: str | None = None
    program: str | None = "program"
    adds: bool = True
    adds_in_all: bool = False
    deletes: bool = False
    fixed: bool = False


DESIGN, MANAGE = "programs:design", "staff:manage"
BACK_OFFICE: dict[str, Rows] = {
    "programs.program": Rows("memberships:read", DESIGN, "pk", adds_in_all=True),
    "programs.programterms": Rows("memberships:read", DESIGN, fixed=True),
    "programs.pointtype": Rows("memberships:read", DESIGN),
    "programs.conversionrate": Rows("memberships:read", DESIGN),
    "programs.tiergroup": Rows("memberships:read", DESIGN),
    "programs.tier": Rows("memberships:read", DESIGN, "group__program"),
    "programs.benefit": Rows("memberships:read", DESIGN),
    "activities.rulegroup": Rows("memberships:read"),
    "activities.rewardrule": Rows("memberships:read"),
    "activities.ruleversion": Rows("memberships:read"),
    "activities.ruleretirement": Rows("memberships:read", program="rule_version__program"),
    "activities.ruleeffect": Rows("memberships:read"),
    "activities.ruleuse": Rows("memberships:read", program="rule__program"),
    "activities.campaign": Rows("memberships:read"),
    "activities.campaignmember": Rows("memberships:read"),
    "activities.campaignspending": Rows("memberships:read", program="campaign__program"),
    "activities.rewarditem": Rows("memberships:read", "rewards:manage"),
    "activities.rewardorder": Rows("memberships:read"),
    "activities.voucher": Rows("memberships:read"),
    "activities.stockmovement": Rows("memberships:read", program="item__program"),
    "activities.transaction": Rows("memberships:read"),
    "activities.transactionitem": Rows("memberships:read", program="transaction__program"),
    "activities.claim": Rows("memberships:read"),
    "activities.bulkaward": Rows("reports:read"),
    "activities.awardrow": Rows("reports:read"),
    "programs.tierbenefit": Rows("memberships:read", DESIGN, deletes=True),
    "programs.noticetemplate": Rows("memberships:read"),
    "programs.run": Rows("reports:read"),
    "programs.reciprocalbenefit": Rows("memberships:read", DESIGN, deletes=True),
    "programs.attributedefinition": Rows("memberships:read", DESIGN),
    "programs.partner": Rows("memberships:read", DESIGN),
    "programs.label": Rows("memberships:read", DESIGN),
    "customers.customer": Rows("customers:read", "customers:write", None),
    "customers.identification": Rows("customers:read", None, None),
    "customers.address": Rows("customers:read", None, None),
    "customers.contactpreference": Rows("customers:read", None, None),
    "customers.message": Rows("customers:read"),
    "customers.duplicatecustomer": Rows("customers:read", None, None),
    "customers.employeegroup": Rows("customers:read", None, None),
    "customers.affiliation": Rows("customers:read", None, None),
    "customers.staffcustomer": Rows(MANAGE, MANAGE, None, deletes=True),
    "memberships.membership": Rows("memberships:read"),
    "memberships.member": Rows("memberships:read"),
    "memberships.tierstanding": Rows("memberships:read"),
    "memberships.tierreview": Rows("memberships:read"),
    "memberships.attributevalue": Rows("memberships:read"),
    "memberships.membershiplabel": Rows("memberships:read"),
    "memberships.cardholding": Rows("memberships:read"),
    "memberships.cardregistration": Rows("memberships:read"),
    "memberships.spendingcode": Rows("memberships:read"),
    "memberships.termsacceptance": Rows("memberships:read"),
    "memberships.membershipterm": Rows("memberships:read"),
    "memberships.membershipchange": Rows("memberships:read"),
    "memberships.changeparty": Rows("memberships:read"),
    "memberships.consent": Rows("memberships:read"),
    "memberships.consentdecision": Rows("memberships:read", program="consent__program"),
    "memberships.consentinvitation": Rows("memberships:read"),
    "memberships.consentdocument": Rows("memberships:read"),
    "memberships.organizationsignatory": Rows("memberships:read"),
    "memberships.organizationagreement": Rows("memberships:read"),
    "memberships.agreementversion": Rows("memberships:read"),
    "memberships.inheritedagreement": Rows("memberships:read"),
    "memberships.membershipbenefit": Rows("memberships:read"),
    "activities.activitytype": Rows("memberships:read", DESIGN),
    "activities.memberactivity": Rows("memberships:read"),
    "points.pointaccountset": Rows("memberships:read"),
    "points.pointaccount": Rows("memberships:read"),
    "points.posting": Rows("memberships:read"),
    "points.entry": Rows("memberships:read"),
    "points.lot": Rows("memberships:read", program="account__program"),
    "points.draw": Rows("memberships:read", program="posting__program"),
    "points.debt": Rows("memberships:read", program="account__program"),
    "points.lotdatechange": Rows("memberships:read", program="lot__account__program"),
    "points.hold": Rows("memberships:read"),
    "points.adjustment": Rows("memberships:read"),
    "points.reversal": Rows("memberships:read"),
    "cards.card": Rows("cards:read"),
    "cards.cardtype": Rows("cards:read", DESIGN),
    "cards.cardbatch": Rows("cards:read"),
    "cards.numberregistry": Rows("cards:read"),
    "gateway.event": Rows("reports:read"),
    "gateway.webhookendpoint": Rows(MANAGE, MANAGE, None, adds=False),
    "gateway.webhookdelivery": Rows(MANAGE, None, None),
    "gateway.channel": Rows(MANAGE, MANAGE, None),
    "gateway.channelprogram": Rows(MANAGE, None, None),
    "oauth2_provider.accesstoken": Rows(MANAGE, MANAGE, None, adds=False, deletes=True, fixed=True),
    "axes.accessattempt": Rows(MANAGE, MANAGE, None, adds=False, deletes=True, fixed=True),
    "axes.accessfailurelog": Rows(MANAGE, None, None),
    "axes.accesslog": Rows(MANAGE, None, None),
    "otp_totp.totpdevice": Rows(MANAGE, MANAGE, None, deletes=True, fixed=True),
    "staff.user": Rows(MANAGE, MANAGE, None),
    "staff.staffright": Rows(MANAGE, MANAGE, None, deletes=True),
    "staff.accesslog": Rows(MANAGE, None, None),
}

# Pages of the admin's site itself, and of single ModelAdmins, by name.
EXTRA: dict[str, Page] = {
    "index": Page(ANYBODY, everywhere=True),
    "search": Page(ANYBODY, everywhere=True, query="s=customer"),
    "password_change": Page(ANYBODY, everywhere=True),
    "password_change_done": Page(ANYBODY, everywhere=True),
    "jsi18n": Page(ANYBODY, everywhere=True),
    "auth_user_password_change": Page(MANAGE, ("user",), everywhere=True),
}
# Open to everybody, or checked by tests of their own: login, the end of the session, choices, shortcuts.
OPEN = {"login", "logout", "autocomplete", "view_on_site", "app_list"}
