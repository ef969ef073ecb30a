"""One participation in one program, and who takes part in it (domain 1.4, 1.5)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.constraints import CompositeForeignKey, ConstraintTrigger
from common.history import AuditedModel, AuditedQuerySet
from common.partial import ReadLightly
from customers.models import Customer
from points.models import PointAccountSet
from programs.models import Program


class MembershipType(models.TextChoices):
    STANDARD = "standard", _("standard")
    SHARED = "shared", _("shared account")
    GROUP = "group", _("group")
    ANONYMOUS = "anonymous", _("anonymous")
    ORGANIZATION = "organization", _("organization")


class MembershipStatus(models.TextChoices):
    INACTIVE = "inactive", _("inactive")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    EXPIRED = "expired", _("expired")


class EndReason(models.TextChoices):
    TERM_END = "term_end", _("end of the term")
    TERMINATED = "terminated", _("terminated")
    MERGED = "merged", _("merged")
    SPLIT_UP = "split_up", _("split up")
    PROGRAM_CLOSED = "program_closed", _("program closed")
    INACTIVITY = "inactivity", _("inactivity")
    CUSTOMER_CLOSED = "customer_closed", _("customer closed")
    DECEASED = "deceased", _("deceased")
    UNDONE = "undone", _("its making was undone")


MEMBER_COUNT_CHECK = """
PERFORM 1 FROM {table:memberships.Membership} m WHERE m.id = %(membership)s FOR NO KEY UPDATE;
IF EXISTS (
    SELECT 1 FROM {table:memberships.Membership} m
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM {table:memberships.Member} x WHERE x.membership_id = m.id AND x.ended_at IS NULL
    ) open_members
    WHERE m.id = %(membership)s AND m.current AND NOT (
        (m.type IN ('standard', 'shared') AND open_members.n = 1)
        OR (m.type = 'group' AND open_members.n >= 2)
        OR (m.type IN ('anonymous', 'organization') AND open_members.n = 0)
    )
) THEN
    RAISE EXCEPTION 'membership %% has not the members its type asks for', %(membership)s
        USING ERRCODE = 'restrict_violation', CONSTRAINT = '%(name)s';
END IF;
RETURN NULL;
"""


class MembershipQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> "MembershipQuerySet":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


class Membership(ReadLightly, AuditedModel):
    """`current` (generated) is true in every status but expired."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    number = models.CharField(_("member number"), max_length=24)
    type = models.CharField(_("type"), max_length=12, choices=MembershipType.choices, default=MembershipType.STANDARD)
    status = models.CharField(
        _("status"), max_length=9, choices=MembershipStatus.choices, default=MembershipStatus.INACTIVE
    )
    current = models.GeneratedField(
        expression=models.Case(models.When(status=MembershipStatus.EXPIRED, then=Value(False)), default=Value(True)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    end_reason = models.CharField(_("end reason"), max_length=15, choices=EndReason.choices, blank=True)
    own_set = models.OneToOneField(
        PointAccountSet, on_delete=models.PROTECT, related_name="membership", db_constraint=False
    )
    pool = models.ForeignKey(
        PointAccountSet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="pool_memberships",
        db_constraint=False,
    )
    organization = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="organization_memberships",
        db_index=False,
        help_text=_("Whose umbrella an organization membership is."),
    )
    organization_membership = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="individual_memberships",
        db_constraint=False,
    )
    main_member = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    main_member_open = models.BooleanField(default=True, editable=False)
    superseded_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded", db_constraint=False
    )
    enrolled_at = models.DateTimeField(_("enrolled at"))
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True)
    expires_on = models.DateField(_("last day of the term"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    rests_until = models.DateTimeField(
        _("points rest until"),
        null=True,
        blank=True,
        help_text=_("After the end: renewing or reinstating until then brings membership and points back."),
    )
    is_beneficiary = models.BooleanField(_("takes donations"), default=False)
    redeem_override = models.BooleanField(_("may redeem by exception"), default=False)
    version = models.IntegerField(_("version"), default=1, editable=False)

    objects: ClassVar[Any] = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["id"]
        indexes = [
            # By the beginning of a number too, whatever the collation.
            models.Index(fields=["number"], name="membership_number", opclasses=["varchar_pattern_ops"]),
            # The list of a program, and what most memberships are not, newest first.
            models.Index(fields=["program", "id"], name="membership_in_program"),
            models.Index(fields=["status", "id"], name="membership_not_active", condition=~Q(status="active")),
            models.Index(fields=["type", "id"], name="membership_not_standard", condition=~Q(type="standard")),
            models.Index(
                fields=["program", "expires_on"],
                name="membership_term_end",
                condition=Q(expires_on__isnull=False) & ~Q(status="expired"),
            ),
            models.Index(
                fields=["program", "rests_until"], name="membership_resting", condition=Q(rests_until__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="membership_number_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="membership_id_program"),
            models.UniqueConstraint(fields=["id", "program", "current"], name="membership_id_program_current"),
            models.CheckConstraint(name="membership_type_known", condition=Q(type__in=MembershipType.values)),
            models.CheckConstraint(name="membership_status_known", condition=Q(status__in=MembershipStatus.values)),
            models.CheckConstraint(
                name="membership_end_dated",
                condition=(Q(status="expired", ended_at__isnull=False) & ~Q(end_reason=""))
                | (~Q(status="expired") & Q(ended_at__isnull=True, end_reason="")),
            ),
            models.CheckConstraint(
                name="membership_group_has_main",
                condition=Q(type="group", main_member__isnull=False) | (~Q(type="group") & Q(main_member__isnull=True)),
            ),
            models.CheckConstraint(name="membership_main_is_open", condition=Q(main_member_open=True)),
            models.CheckConstraint(
                name="membership_shared_uses_pool",
                condition=Q(type="shared", pool__isnull=False)
                | Q(type="organization")
                | (~Q(type="shared") & Q(pool__isnull=True))
                | Q(status="expired"),
            ),
            models.CheckConstraint(
                name="membership_not_own_successor",
                condition=Q(superseded_by__isnull=True) | ~Q(superseded_by=F("id")),
            ),
            models.CheckConstraint(
                name="membership_umbrella_named",
                condition=Q(type="organization", organization__isnull=False)
                | (~Q(type="organization") & Q(organization__isnull=True)),
            ),
            models.UniqueConstraint(
                fields=["organization", "program"],
                name="membership_one_umbrella",
                condition=Q(organization__isnull=False) & ~Q(status="expired"),
            ),
            CompositeForeignKey(
                name="membership_own_set_program",
                fields=["own_set", "program"],
                to="points.PointAccountSet",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_pool_program",
                fields=["pool", "program"],
                to="points.PointAccountSet",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_organization_program",
                fields=["organization_membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_successor_program",
                fields=["superseded_by", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_main_member",
                fields=["main_member", "id", "main_member_open"],
                to="memberships.Member",
                to_fields=["id", "membership", "is_open"],
                deferrable=models.Deferrable.DEFERRED,
            ),
            ConstraintTrigger(
                name="membership_member_count",
                events=("INSERT", "UPDATE"),
                update_of=("type", "status"),
                body=MEMBER_COUNT_CHECK % {"membership": "NEW.id", "name": "membership_member_count"},
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Member(ReadLightly, AuditedModel):
    """A person in a membership, from `joined_at` until `ended_at`."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="members", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    current = models.BooleanField(default=True, editable=False, help_text=_("Carried from the membership."))
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="members")
    joined_at = models.DateTimeField(_("joined at"))
    ended_at = models.DateTimeField(_("left at"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)
    is_open = models.GeneratedField(
        expression=models.ExpressionWrapper(Q(ended_at__isnull=True), models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "customer"],
                name="member_one_current_in_program",
                condition=Q(current=True, ended_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["membership", "customer"], name="member_once_in_membership", condition=Q(ended_at__isnull=True)
            ),
            models.UniqueConstraint(fields=["id", "membership", "is_open"], name="member_id_membership_open"),
            CompositeForeignKey(
                name="member_membership_current",
                fields=["membership", "program", "current"],
                to="memberships.Membership",
                to_fields=["id", "program", "current"],
                on_update="CASCADE",
            ),
            ConstraintTrigger(
                name="member_count",
                events=("INSERT", "UPDATE", "DELETE"),
                update_of=("ended_at", "membership"),
                body="IF TG_OP = 'DELETE' THEN NEW := OLD; END IF;"
                + MEMBER_COUNT_CHECK % {"membership": "NEW.membership_id", "name": "member_count"},
            ),
        ]

    def __str__(self) -> str:
        return str(self.customer)
