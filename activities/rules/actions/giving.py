"""Grant a benefit, add or remove a label, issue a voucher, raise a notice."""

from dataclasses import dataclass
from typing import ClassVar, Self

from activities.rules.actions.base import NEVER_SO_LONG, Plain
from activities.rules.reader import Fields
from activities.rules.working import Turn


@dataclass(frozen=True)
class GrantBenefit(Plain):
    do: ClassVar[str] = "grant_benefit"
    benefit: str
    days: int | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        benefit = fields.code("benefit", fields.names.benefits, "benefit") or ""
        return cls(benefit, fields.integer("days", 1, NEVER_SO_LONG))

    def act(self, turn: Turn) -> None:
        until = turn.until(self.days)
        because = {"benefit": self.benefit, **({"until": until.isoformat()} if until else {})}
        turn.add(self.do, because, benefit=self.benefit, until=until)


@dataclass(frozen=True)
class AddLabel(Plain):
    do: ClassVar[str] = "add_label"
    labels_read: ClassVar[bool] = True
    label: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.code("label", fields.names.labels, "label") or "")

    def act(self, turn: Turn) -> None:
        if self.label not in turn.working.labels:
            turn.working.labels.add(self.label)
            turn.add(self.do, {"label": self.label}, label=self.label)


@dataclass(frozen=True)
class RemoveLabel(Plain):
    do: ClassVar[str] = "remove_label"
    labels_read: ClassVar[bool] = True
    label: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.code("label", fields.names.labels, "label") or "")

    def act(self, turn: Turn) -> None:
        if self.label in turn.working.labels:
            turn.working.labels.remove(self.label)
            turn.add(self.do, {"label": self.label}, label=self.label)


@dataclass(frozen=True)
class IssueVoucher(Plain):
    do: ClassVar[str] = "issue_voucher"
    reward: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.code("reward", fields.names.rewards, "voucher among the rewards") or "")

    def act(self, turn: Turn) -> None:
        turn.add(self.do, {"reward": self.reward}, reward=self.reward)


@dataclass(frozen=True)
class RaiseNotice(Plain):
    """Its text can name the rule and what it gave so far."""

    do: ClassVar[str] = "raise_notice"
    notice: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.code("notice", fields.names.notices, "notice") or "")

    def act(self, turn: Turn) -> None:
        activity = turn.working.activity
        facts = {
            "activity": activity.type,
            "rule": turn.rule.name,
            "points": turn.points,
            "amount": activity.amount,
            "currency": activity.currency,
            "date": activity.local.date(),
        }
        turn.add(self.do, {"notice": self.notice}, notice=self.notice, facts=facts)
