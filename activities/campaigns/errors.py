"""Refusals of campaigns."""

from activities.errors import ActivityError
from common.errors import Conflict


class CampaignRefused(ActivityError):
    code = "campaign_refused"
    title = "The campaign can't be kept as it is written"


class CampaignWrongStatus(Conflict):
    code = "campaign_wrong_status"
    title = "The campaign is in another status"


class NotInCampaign(ActivityError):
    code = "not_in_campaign"
    title = "The membership is not in the campaign"
