"""Design a campaign, start it, stop it.

What a stopped campaign's rules would have given to late events is given no more: its budget is closed with it.
"""

from collections.abc import Mapping
from datetime import date

from activities.campaigns.errors import CampaignRefused, CampaignWrongStatus
from activities.models import Campaign, CampaignSpending, CampaignStatus, Eligibility
from activities.rules.designing import check_code, check_days, check_text, designing
from activities.rules.reader import Mistakes
from common import clock
from common.actor import Actor
from common.db import lock_rows
from gateway.events import record_event
from programs.models import Label, Program

LARGEST_BUDGET = 10**15
# What decides to whom a running campaign gives stays until it is stopped.
FIXED_WHILE_RUNNING = ("valid_from", "eligibility", "label_id")


def create_campaign(
    program: Program,
    *,
    actor: Actor,
    code: str,
    name: str,
    valid_from: date,
    valid_until: date,
    description: str = "",
    eligibility: str = Eligibility.ALL,
    label: Label | None = None,
    point_budget: int | None = None,
) -> Campaign:
    """A draft, whose rules do nothing; raises CampaignRefused with every mistake in it."""
    with designing(program, actor, "campaign designed"):
        campaign = Campaign(
            program=program,
            code=code,
            name=name,
            description=description,
            valid_from=valid_from,
            valid_until=valid_until,
            eligibility=eligibility,
            label=label,
            point_budget=point_budget,
        )
        mistakes = Mistakes()
        check_code(code, mistakes, taken=Campaign.objects.filter(program=program, code=code).exists())
        _check(campaign, mistakes, given=0)
        campaign.save()
        CampaignSpending.objects.create(campaign=campaign, budget=point_budget)
        return campaign


def change_campaign(
    campaign: Campaign,
    *,
    actor: Actor,
    name: str,
    valid_from: date,
    valid_until: date,
    description: str = "",
    eligibility: str = Eligibility.ALL,
    label: Label | None = None,
    point_budget: int | None = None,
) -> Campaign:
    """Takes effect at once; a budget is never less than what was given already."""
    with designing(campaign.program, actor, "campaign changed"):
        row = _locked(campaign)
        before = {field: getattr(row, field) for field in FIXED_WHILE_RUNNING}
        row.name, row.description = name, description
        row.valid_from, row.valid_until = valid_from, valid_until
        row.eligibility, row.label, row.point_budget = eligibility, label, point_budget
        if row.status == CampaignStatus.RUNNING and before != {field: getattr(row, field) for field in before}:
            raise CampaignWrongStatus(f"“{row.name}” runs: its first day and whom it is for change once it is stopped.")
        # Behind this lock no wave gives points of the campaign.
        CampaignSpending.objects.get_or_create(campaign=row)
        (spending,) = lock_rows(CampaignSpending.objects.filter(campaign=row))
        _check(row, Mistakes(), given=spending.points)
        spending.budget = point_budget
        spending.save(update_fields=["budget"])
        row.save()
        return row


def start_campaign(campaign: Campaign, *, actor: Actor, why: str) -> Campaign:
    """Its released rules apply on its days; a stopped one goes on with what is left of its budget."""
    with designing(campaign.program, actor, why):
        row = _locked(campaign)
        if row.status == CampaignStatus.RUNNING:
            raise CampaignWrongStatus(f"“{row.name}” runs already.")
        if row.valid_until < clock.program_now(row.program).astimezone(row.program.zone).date():
            raise CampaignWrongStatus(f"“{row.name}” ended on {row.valid_until}: give it a later last day first.")
        return _set_status(row, CampaignStatus.RUNNING, "campaign.started")


def stop_campaign(campaign: Campaign, *, actor: Actor, why: str) -> Campaign:
    """Its rules give nothing from now on."""
    with designing(campaign.program, actor, why):
        row = _locked(campaign)
        if row.status != CampaignStatus.RUNNING:
            raise CampaignWrongStatus(f"“{row.name}” is {row.get_status_display()}: only a running one can be stopped.")
        return _set_status(row, CampaignStatus.STOPPED, "campaign.stopped")


def _locked(campaign: Campaign) -> Campaign:
    (row,) = lock_rows(Campaign.objects.filter(pk=campaign.pk).select_related("program", "label"))
    return row


def _set_status(row: Campaign, status: CampaignStatus, event: str) -> Campaign:
    row.status = status
    row.save()
    record_event(event, program_id=row.program_id, subject_id=row.pk, facts={"campaign": row.code})
    return row


def _check(campaign: Campaign, mistakes: Mistakes, *, given: int) -> None:
    check_text("name", campaign.name, mistakes, most=120, required=True)
    check_text("description", campaign.description, mistakes, most=500)
    check_days(campaign.valid_from, campaign.valid_until, mistakes)
    wrong: Mapping[str, tuple[bool, str]] = {
        "eligibility": (campaign.eligibility not in Eligibility.values, "Nobody is meant by this."),
        "label": (
            (campaign.eligibility == Eligibility.LABEL) != (campaign.label is not None)
            or campaign.label is not None
            and campaign.label.program_id != campaign.program_id,
            "A label of this program is named where the campaign is for those who have it, and only there.",
        ),
        "point_budget": (
            campaign.point_budget is not None and not max(1, given) <= campaign.point_budget <= LARGEST_BUDGET,
            f"A budget is a whole number of points, not below the {given:,} given already.",
        ),
    }
    for name, (is_wrong, detail) in wrong.items():
        if is_wrong:
            mistakes.add(f"/{name}", "invalid", detail)
    if mistakes.found:
        raise CampaignRefused(mistakes.found[0]["detail"], errors=mistakes.found)
