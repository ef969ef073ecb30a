"""Earning as one writes it first: every row by the ORM, one after the other. The same rows, the same answer."""

import json
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.models import ActivityType, MemberActivity
from common import clock
from common.api.views import VerbMixin
from gateway.answers import key_digest, request_digest
from gateway.models import Event, IdempotencyRecord
from memberships.models import Membership
from points.models import Entry, Lot, PointAccount, Posting
from programs.expiry import expires_at
from programs.models import PointType


class EarnSerializer(serializers.Serializer[Any]):
    points = serializers.IntegerField(min_value=1)
    reference = serializers.CharField(max_length=80, required=False, default="")


class EntryOutSerializer(serializers.ModelSerializer[Entry]):
    point_type = serializers.CharField(source="account.point_type.code")

    class Meta:
        model = Entry
        fields = ["point_type", "amount", "balance_after"]


class PostingOutSerializer(serializers.ModelSerializer[Posting]):
    entries = EntryOutSerializer(many=True)

    class Meta:
        model = Posting
        fields = ["id", "kind", "occurred_at", "recorded_at", "entries"]


class AccountOutSerializer(serializers.ModelSerializer[PointAccount]):
    point_type = serializers.CharField(source="point_type.code")

    class Meta:
        model = PointAccount
        fields = ["point_type", "balance", "debt", "lifetime_earned", "lifetime_redeemed"]


class NaiveEarnView(VerbMixin, APIView):
    required_scopes = {"POST": "points:earn"}

    @transaction.atomic
    def post(self, request: Request, membership_id: int) -> Response:
        raw = request.body
        asked = EarnSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        digest = key_digest(request.headers["Idempotency-Key"])
        record = IdempotencyRecord.objects.create(
            channel_id=request.auth.channel_id,
            key_digest=digest,
            request_digest=request_digest("POST", request.path, raw),
            created_at=clock.now(),
        )
        activity = naive_earn(membership_id, digest, channel_id=request.auth.channel_id, **asked.validated_data)
        answer = {
            "activity": activity.pk,
            "posting": PostingOutSerializer(activity.posting).data,
            "membership": membership_id,
            "redirected_from": None,
            "balances": [AccountOutSerializer(activity.posting.entries.get().account).data],
        }
        record.program_id = activity.program_id
        record.status, record.body = 201, json.dumps(answer).encode()
        record.save()
        return Response(answer, 201)


def naive_earn(membership_id: int, digest: bytes, *, channel_id: int, points: int, reference: str) -> MemberActivity:
    """Posting, entry, lot, account, event and activity, each by its own statement."""
    membership = Membership.objects.select_related("program").get(pk=membership_id, status="active")
    member = membership.members.get(is_open=True)
    point_type = PointType.objects.get(program=membership.program, is_default=True)
    account = PointAccount.objects.select_for_update().get(account_set=membership.own_set_id, point_type=point_type)
    kind = ActivityType.objects.get(program=membership.program, code="earn")
    now = clock.now()
    activity = MemberActivity.objects.create(
        program=membership.program, type=kind, membership=membership, customer_id=member.customer_id,
        channel_id=channel_id, status="processed", points=points, reference=reference, occurred_at=now,
        recorded_at=now,
    )  # fmt: skip
    posting = Posting.objects.create(
        program=membership.program, kind="earn", for_set_id=membership.own_set_id, person_id=member.customer_id,
        cause_kind="activity", cause_id=activity.pk, occurred_at=now, recorded_at=now, channel_id=channel_id,
        key_digest=digest,
    )  # fmt: skip
    account.balance += points
    account.entry_count += 1
    account.lifetime_earned += points
    account.last_activity_at = now
    account.save()
    entry = Entry.objects.create(
        posting=posting, account=account, program=membership.program, number=account.entry_count, amount=points,
        balance_after=account.balance,
    )  # fmt: skip
    Lot.objects.create(
        account=account, entry=entry, earner_id=member.customer_id, contributor_id=member.customer_id, amount=points,
        remaining=points, earned_at=now, expires_at=expires_at(point_type, earned_at=now, zone=membership.program.zone),
    )  # fmt: skip
    Event.objects.create(
        program=membership.program, kind="points.posted", subject_id=posting.pk, recorded_at=now,
        facts={"kind": "earn", "set": membership.own_set_id, "entries": [[point_type.pk, points, account.balance]]},
    )  # fmt: skip
    activity.posting = posting
    activity.save()
    return activity
