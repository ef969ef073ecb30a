"""Campaigns: rules for a time, for chosen members, within a budget (domain 1.11)."""

from .errors import CampaignRefused, CampaignWrongStatus, NotInCampaign
from .life import change_campaign, create_campaign, start_campaign, stop_campaign
from .members import join_campaign, leave_campaign, put_on_list, take_back, take_off
from .of_another_program import Brought, put_members_of
from .results import CampaignResults, results_of

__all__ = [
    "Brought",
    "CampaignRefused",
    "CampaignResults",
    "CampaignWrongStatus",
    "NotInCampaign",
    "change_campaign",
    "create_campaign",
    "join_campaign",
    "leave_campaign",
    "put_members_of",
    "put_on_list",
    "results_of",
    "start_campaign",
    "stop_campaign",
    "take_back",
    "take_off",
]
