"""Refusals around bulk awards."""

from activities.errors import ActivityError
from common.errors import Conflict


class AwardNameTaken(Conflict):
    code = "award_name_taken"
    title = "An award of this name exists"


class AwardWrongStatus(Conflict):
    code = "award_wrong_status"
    title = "The award is in another status"


class AwardEmpty(ActivityError):
    code = "award_empty"
    title = "Nothing of the list can be posted"
