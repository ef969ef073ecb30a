from activities.models.activity import ActivityStatus, ActivityType, MemberActivity, PointFlow

__all__ = ["ActivityStatus", "ActivityType", "MemberActivity", "PointFlow"]
