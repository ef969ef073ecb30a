"""Proposed merges, splits, absorptions, joins and undoings, and the memberships they touch (domain 1.9)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.constraints import CompositeForeignKey
from common.history import AuditedModel, AuditedQuerySet
from customers.models import Customer
from memberships.models.membership import Membership, MembershipType
from points.models import Posting
from programs.models import Program, SplitPolicy


class ChangeKind(models.TextChoices):
    MERGE = "merge", _("merge")
    SPLIT = "split", _("split")
    ABSORB = "absorb", _("absorption")
    JOIN = "join", _("join")
    UNDO = "undo", _("undoing")


class ChangeStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    AWAITING_CONSENT = "awaiting_consent", _("waiting for consent")
    AGREED = "agreed", _("agreed")
    CARRIED_OUT = "carried_out", _("carried out")
    UNDONE = "undone", _("undone")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("lapsed")


# A membership is in at most one of these.
OPEN = (ChangeStatus.AWAITING_CONSENT, ChangeStatus.AGREED)
DONE = (ChangeStatus.CARRIED_OUT, ChangeStatus.UNDONE)


class ChangeBasis(models.TextChoices):
    """On what a change was carried out."""

    CONSENT = "consent", _("consent of everyone affected")
    END = "end", _("end of a membership, by the program's leaving rule")
    LEAVING_RULE = "leaving_rule", _("leaving rule accepted at enrolment")
    POSSESSION = "possession", _("possession of the card")
    AT_ONCE = "at_once", _("undone at once, as nobody had acted since")


class PartyRole(models.TextChoices):
    PRIME = "prime", _("prime")
    SECONDARY = "secondary", _("secondary")
    POOL = "pool", _("shares the pool")


class ChangeQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> "ChangeQuerySet":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)

    def open(self) -> "ChangeQuerySet":
        """Waiting for consent or for being carried out."""
        return self.filter(is_open=True)


class MembershipChange(AuditedModel):
    """`digest` is the SHA-256 of the canonical `terms`: what a person consents to.

    `outcome` holds what carrying out did, as ids and values before, so that it can be undone.
    """

    PERSONAL = ("reason",)

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("kind"), max_length=6, choices=ChangeKind.choices)
    status = models.CharField(_("status"), max_length=16, choices=ChangeStatus.choices, default=ChangeStatus.DRAFT)
    is_open = models.GeneratedField(
        expression=models.Case(models.When(status__in=OPEN, then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    prime = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    secondary = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    leaver = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    main = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("main member"),
        help_text=_("Main member of the group, or successor of a leaving main member or pool owner."),
    )
    result_type = models.CharField(_("result"), max_length=12, choices=MembershipType.choices, blank=True)
    policy = models.CharField(_("split policy"), max_length=15, choices=SplitPolicy.choices, blank=True)
    leaver_share = models.DecimalField(
        _("leaver's share in percent"), max_digits=7, decimal_places=4, null=True, blank=True
    )
    manual_shares = models.JSONField(
        _("leaver's points per type"), default=dict, blank=True, help_text=_('As {"miles": 300}.')
    )
    freezes = models.BooleanField(
        _("freezes spending"), default=False, help_text=_("Nobody spends from the pool until it is decided.")
    )
    terms = models.JSONField(_("terms"), default=dict, editable=False)
    digest = models.CharField(_("digest of the terms"), max_length=64, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    proposed_at = models.DateTimeField(_("proposed at"))
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    expires_at = models.DateTimeField(_("consents until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    carried_out_at = models.DateTimeField(_("carried out at"), null=True, blank=True)
    carried_out_channel_id = models.BigIntegerField(_("carried out by channel"), null=True, blank=True)
    carried_out_user_id = models.BigIntegerField(_("carried out by"), null=True, blank=True)
    basis = models.CharField(_("basis"), max_length=12, choices=ChangeBasis.choices, default=ChangeBasis.CONSENT)
    result = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.JSONField(_("what it did"), default=dict, editable=False)
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by", db_constraint=False
    )
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by", db_constraint=False
    )
    version = models.IntegerField(_("version"), default=1, editable=False)

    objects: ClassVar[Any] = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership change")
        verbose_name_plural = _("membership changes")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["program", "id"], name="change_in_program"),
            models.Index(fields=["expires_at"], name="change_open_until", condition=Q(is_open=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "program"], name="change_id_program"),
            # After one that was refused, withdrawn or lapsed another undo may be proposed.
            models.UniqueConstraint(
                fields=["undoes"], name="change_undone_once", condition=Q(status__in=[*OPEN, ChangeStatus.CARRIED_OUT])
            ),
            models.UniqueConstraint(fields=["id", "program", "is_open"], name="change_id_program_open"),
            models.CheckConstraint(name="change_kind_known", condition=Q(kind__in=ChangeKind.values)),
            models.CheckConstraint(name="change_status_known", condition=Q(status__in=ChangeStatus.values)),
            models.CheckConstraint(
                name="change_carried_out_dated",
                condition=Q(status__in=DONE, carried_out_at__isnull=False)
                | (~Q(status__in=DONE) & Q(carried_out_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="change_in_time",
                condition=Q(carried_out_at__isnull=True)
                | Q(expires_at__isnull=True)
                | Q(carried_out_at__lte=F("expires_at")),
            ),
            models.CheckConstraint(name="change_asked_with_digest", condition=Q(status="draft") | ~Q(digest="")),
            models.CheckConstraint(
                name="change_split_has_leaver", condition=~Q(kind="split") | Q(leaver__isnull=False)
            ),
            models.CheckConstraint(
                name="change_undo_names_change",
                condition=Q(kind="undo", undoes__isnull=False) | (~Q(kind="undo") & Q(undoes__isnull=True)),
            ),
            *(
                CompositeForeignKey(
                    name=f"change_{field}_program",
                    fields=[field, "program"],
                    to=to,
                    to_fields=["id", "program"],
                )
                for field, to in (
                    ("prime", "memberships.Membership"),
                    ("secondary", "memberships.Membership"),
                    ("result", "memberships.Membership"),
                    ("undoes", "memberships.MembershipChange"),
                    ("replaces", "memberships.MembershipChange"),
                )
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class ChangeParty(models.Model):
    """A membership whose members are affected; `is_open` follows the change."""

    change = models.ForeignKey(MembershipChange, on_delete=models.PROTECT, related_name="parties", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="change_parties", db_constraint=False
    )
    role = models.CharField(_("role"), max_length=9, choices=PartyRole.choices)
    is_open = models.BooleanField(default=False, editable=False, help_text=_("Carried from the change."))

    class Meta:
        verbose_name = _("party of a change")
        verbose_name_plural = _("parties of changes")
        ordering = ["change", "id"]
        constraints = [
            models.UniqueConstraint(fields=["change", "membership"], name="party_once_in_change"),
            models.UniqueConstraint(fields=["membership"], name="party_one_open_change", condition=Q(is_open=True)),
            CompositeForeignKey(
                name="party_change_open",
                fields=["change", "program", "is_open"],
                to="memberships.MembershipChange",
                to_fields=["id", "program", "is_open"],
                on_update="CASCADE",
            ),
            CompositeForeignKey(
                name="party_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.get_role_display()}"
