"""/desk/rules/<pk>: one rule whole: what it says, what it did lately, every version beside the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from activities.desk.rules.base import DESIGN, STATES, RulePage
from activities.desk.rules.doing import chart_of
from activities.effects import effect_lines
from activities.models import RewardRule, RuleStatus, RuleVersion
from activities.rule_months import months_of_rules
from activities.rule_overview import RuleView, latest_effects, rule_view, versions_of
from activities.rules.vocabulary import Vocabulary, vocabulary_of
from activities.rules.words import RuleWords, words_of
from common.desk.outcomes import Way
from common.desk.words import day
from programs.design import design_of
from staff.models import User

Written = RewardRule | RuleVersion


@dataclass(frozen=True, slots=True)
class VersionShown:
    """`lines`: label, before and after, of what is another than in the version before; of the first one everything."""

    version: RuleVersion
    by: str
    retired_by: str
    lines: list[tuple[str, str, str]]
    is_first: bool


class Rule(RulePage):
    template = "desk/rules/rule.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self.rule(pk)
        design = design_of(rule.program_id)
        words, view = vocabulary_of(design), rule_view(rule)
        shown = view.version or rule
        state, badge = STATES[view.state]
        versions, did = versions_of(rule), months_of_rules(rule.program)
        months = did.of(rule.pk)
        return self.draw(
            rule=rule,
            view=view,
            shown=shown,
            program=rule.program,
            zone=design.zone,
            state=state,
            badge=badge,
            told=words_of(shown.definition, words),
            changes=differences(view.version, rule, words) if view.version and view.changed else [],
            period=period_told(shown),
            versions=versions_shown(versions, words),
            did=months[:-3:-1] if any(one.effects for one in months) else [],
            counted_at=did.computed_at,
            chart=chart_of(months),
            effects=effect_lines(latest_effects(rule)),
            ways=self._ways(view),
        )

    def _ways(self, view: RuleView) -> list[Way]:
        rule = view.rule
        tries = Way(_("Try it on past activities"), reverse("desk:rule-simulate", args=[rule.pk]))
        if not self.may(DESIGN, rule.program_id):
            return [tries]
        waits = view.version is None or view.changed or rule.status != RuleStatus.RELEASED
        found = [Way(_("Edit"), reverse("desk:rule-edit", args=[rule.pk])), tries]
        if waits:
            found.insert(0, Way(_("Release"), reverse("desk:rule-release", args=[rule.pk]), main=True))
        found.append(Way(_("Copy"), reverse("desk:rule-copy", args=[rule.pk])))
        if rule.status == RuleStatus.RELEASED:
            found.append(Way(_("Retire"), reverse("desk:rule-retire", args=[rule.pk])))
        return found


def versions_shown(versions: Sequence[RuleVersion], words: Vocabulary) -> list[VersionShown]:
    """The newest first, as they are given."""
    users = _users(versions)
    older: list[RuleVersion | None] = [*versions[1:], None]
    return [
        VersionShown(
            version=one,
            by=users.get(one.released_by_id or 0, ""),
            retired_by=users.get(_retired_by(one) or 0, ""),
            lines=differences(before, one, words),
            is_first=before is None,
        )
        for one, before in zip(versions, older, strict=False)
    ]


def period_told(one: Written) -> str:
    first, last = one.valid_from, one.valid_until
    if first and last:
        return _("%(first)s – %(last)s") % {"first": day(first), "last": day(last)}
    if first:
        return _("from %(first)s on") % {"first": day(first)}
    return _("through %(last)s") % {"last": day(last)} if last else ""


def differences(before: Written | None, after: Written, words: Vocabulary) -> list[tuple[str, str, str]]:
    """Label, old and new words of what `after` says otherwise; of everything where there is nothing before."""
    old = _told(before, words) if before is not None else {}
    return [
        (label, old.get(key, ("", ""))[1], value)
        for key, (label, value) in _told(after, words).items()
        if old.get(key, ("", ""))[1] != value
    ]


def _told(one: Written, words: Vocabulary) -> dict[str, tuple[str, str]]:
    """Label and value of everything a version says."""
    said: RuleWords = words_of(one.definition, words)
    return {
        "name": (_("Name"), one.name),
        "when": (_("Activities"), said.when),
        "condition": (_("Only if"), said.condition or _("always")),
        "actions": (_("Then"), "; ".join(said.actions)),
        "caps": (_("Limits"), ", ".join(said.caps) or _("none")),
        "period": (_("Valid"), period_told(one) or _("without end")),
        "priority": (_("Priority"), str(one.priority)),
    }


def _retired_by(version: RuleVersion) -> int | None:
    found: Any = getattr(version, "retirement", None)
    return found.retired_by_id if found is not None else None


def _users(versions: Sequence[RuleVersion]) -> dict[int, str]:
    ids = {one.released_by_id for one in versions} | {_retired_by(one) for one in versions}
    return dict(User.objects.filter(pk__in=[one for one in ids if one]).values_list("pk", "username"))
