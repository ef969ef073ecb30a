"""Why is the balance what it is, or was: the lots it is made of, where they came from, what was taken."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from activities.desk.membership import OfMembership, design_and_types
from activities.desk.seen import name_for
from activities.effects import EffectLine, effects_of_postings
from activities.explanation import Told, told_of
from activities.reading import explained
from points.models import PostingKind
from points.takings import takings
from programs.errors import NoPointType

# By posting, what rules did by it.
Effects = Mapping[int, Sequence[EffectLine]]


class ExplainPage(OfMembership):
    template = "desk/explain.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        membership = self.membership(pk)
        design, types = design_and_types(membership)
        if not types:
            raise NoPointType(_("%(program)s has no points.") % {"program": design.program.name})
        code = request.GET.get("point_type", "") or types[0].code
        now = self.now(design)
        # The last moment of a day asked for: its end belongs to the next one.
        asked = self.asked_time("at", design, end=True)
        at = now if asked is None else min(now, asked - timedelta(microseconds=1) if _is_day(request) else asked)
        found = explained(membership, at=at, point_type=code)
        told = told_of(found)
        taken = takings(found.account_id, entries=found.entries)
        effects = effects_of_postings([*told.postings, *(one.posting_id for one in taken)])
        return self.draw(
            membership=membership,
            program=design.program,
            zone=design.zone,
            people=self.people(membership),
            types=types,
            point_type=design.point_type(code),
            asked=request.GET.get("at", ""),
            at=at,
            is_now=asked is None,
            found=found,
            lots=[self._lot(lot, told, effects, at) for lot in found.lots],
            debts=[(debt, self._name(debt["person"], told)) for debt in found.debts],
            holds=found.holds,
            held=sum(hold["points"] for hold in found.holds),
            left=sum(lot["left"] for lot in found.lots),
            pending=sum(lot["left"] for lot in found.lots if lot["available_at"] and lot["available_at"] > at),
            gone=[(one, self._name(one.person_id, told), effects.get(one.posting_id, ())) for one in taken],
        )

    def _lot(self, lot: dict[str, Any], told: Told, effects: Effects, at: Any) -> dict[str, Any]:
        return lot | {
            "is_pending": bool(lot["available_at"] and lot["available_at"] > at),
            "is_past": bool(lot["expires_at"] and lot["expires_at"] <= at),
            "taken": lot["amount"] - lot["left"],
            "earner_name": self._name(lot["earner"], told),
            "steps": [self._step(one["posting"], told, effects) for one in lot["came_by"]],
            "draws": [self._step(one["posting"], told, {}) | {"points": one["points"]} for one in lot["drawn_by"]],
        }

    def _step(self, posting: dict[str, Any], told: Told, effects: Effects) -> dict[str, Any]:
        return posting | {
            "kind_label": PostingKind(posting["kind"]).label,
            "person_name": self._name(posting["person"], told),
            "agent": told.agent(posting["user"], posting["channel"]),
            "activity": told.activities.get(posting["id"]),
            "effects": effects.get(posting["id"], ()),
        }

    def _name(self, person_id: int | None, told: Told) -> str:
        if person_id is None:
            return ""
        return name_for(self.actor, person_id, told.names.get(person_id)) or f"#{person_id}"


def _is_day(request: HttpRequest) -> bool:
    return len(request.GET.get("at", "").strip()) == len("2026-01-31")
