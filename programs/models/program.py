"""One loyalty program: brand, life, number schemes and policies (domain 1.2)."""

import re
import zoneinfo
from datetime import timedelta
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.history import AuditedQuerySet
from programs.models.base import DesignModel


class ProgramStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    RELEASED = "released", _("released")
    LOCKED = "locked", _("locked")
    CLOSED = "closed", _("closed")


class Activation(models.TextChoices):
    AT_ENROLMENT = "at_enrolment", _("at enrolment")
    EXPLICIT = "explicit", _("by an explicit step")
    FIRST_PAYMENT = "first_payment", _("with the first payment")


class Redeemers(models.TextChoices):
    ANY = "any", _("any member")
    OWNER = "owner", _("the owner only")


class SplitPolicy(models.TextChoices):
    BY_CONTRIBUTION = "by_contribution", _("by contribution")
    EQUAL = "equal", _("equal shares")
    RATIO = "ratio", _("by a ratio")
    LEAVE_BEHIND = "leave_behind", _("left behind")
    MANUAL = "manual", _("figures by hand")


class LeavingRule(models.TextChoices):
    LEAVE_BEHIND = "leave_behind", _("left behind")
    BY_CONTRIBUTION = "by_contribution", _("by contribution")


class RefundPolicy(models.TextChoices):
    """What a refund does when the points it takes back were spent (domain 1.6)."""

    REFUSE = "refuse", _("refuse the refund")
    NEGATIVE = "negative", _("let the balance go below zero")
    CUT_REFUND = "cut_refund", _("cut the refund by the money value")


class NumberBody(models.TextChoices):
    DIGITS = "digits", _("random digits")
    BASE32 = "base32", _("random base32 symbols")


class CheckScheme(models.TextChoices):
    LUHN = "luhn", _("Luhn")
    GS1 = "gs1", _("GS1 modulo 10")
    ISO7064 = "iso7064", _("ISO 7064 mod 37,36")


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is no time zone of the IANA list."), params={"value": value})


class ProgramQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """The programs the actor works for."""
        return self if actor.programs is None else self.filter(pk__in=actor.programs)


class Program(DesignModel):
    """The tenant of everything below it; its rows never refer to another program's."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    business_unit = models.CharField(_("business unit"), max_length=80, blank=True)
    brand_color = models.CharField(
        _("brand color"),
        max_length=7,
        default="#3b5bdb",
        validators=[RegexValidator(re.compile(r"^#[0-9a-fA-F]{6}$"), _("Write a color as #rrggbb."))],
    )
    logo = models.FileField(_("logo"), upload_to="program-logos/", blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters, as in ISO 4217."))],
    )
    status = models.CharField(_("status"), max_length=10, choices=ProgramStatus.choices, default=ProgramStatus.DRAFT)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(
        _("valid until"),
        null=True,
        blank=True,
        help_text=_("Last day of a seasonal program; its memberships expire by themselves after it."),
    )

    activation = models.CharField(
        _("activation"), max_length=15, choices=Activation.choices, default=Activation.AT_ENROLMENT
    )
    fee = models.DecimalField(_("fee per term"), max_digits=12, decimal_places=2, null=True, blank=True)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True, blank=True)
    auto_renew = models.BooleanField(_("renews by itself"), default=False)
    renewal_grace_days = models.PositiveSmallIntegerField(_("days of grace after the term"), default=30)
    idle_months = models.PositiveSmallIntegerField(
        _("ends after months without activity"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: a membership never ends for want of activity."),
    )

    member_number_prefix = models.CharField(_("member number prefix"), max_length=8, blank=True)
    member_number_length = models.PositiveSmallIntegerField(
        _("member number digits"), default=8, validators=[MinValueValidator(6)]
    )
    card_prefix = models.CharField(
        _("card number prefix"),
        max_length=8,
        blank=True,
        validators=[RegexValidator(r"^[0-9A-Z]*$", _("Digits and capital letters only."))],
    )
    card_body = models.CharField(
        _("card number body"), max_length=6, choices=NumberBody.choices, default=NumberBody.DIGITS
    )
    card_body_length = models.PositiveSmallIntegerField(
        _("card number body length"), default=12, validators=[MinValueValidator(12)]
    )
    card_check = models.CharField(
        _("card number check"), max_length=7, choices=CheckScheme.choices, default=CheckScheme.LUHN
    )

    pool_redeemers = models.CharField(
        _("who may redeem from a pool"), max_length=5, choices=Redeemers.choices, default=Redeemers.ANY
    )
    split_policy = models.CharField(
        _("split policy"), max_length=15, choices=SplitPolicy.choices, default=SplitPolicy.BY_CONTRIBUTION
    )
    leaving_rule = models.CharField(
        _("leaving rule"), max_length=15, choices=LeavingRule.choices, default=LeavingRule.LEAVE_BEHIND
    )
    pool_most_members = models.PositiveIntegerField(_("most members of a pool"), default=1000)
    group_most_members = models.PositiveIntegerField(_("most members of a group"), default=50)
    cool_down_days = models.PositiveSmallIntegerField(_("cool-down after leaving, in days"), default=0)
    consent_valid_days = models.PositiveSmallIntegerField(_("consents are valid for days"), default=30)
    replaces_consent = models.BooleanField(
        _("a refused consent may be replaced"),
        default=False,
        help_text=_("In a new proposal, by a recorded decision with a document and a second person."),
    )
    settled_address_days = models.PositiveSmallIntegerField(
        _("an address is settled after days"),
        default=7,
        help_text=_("Before that, codes and links go to the old address too."),
    )
    undo_window_days = models.PositiveSmallIntegerField(_("undo window in days"), default=30)
    late_grace = models.DurationField(
        _("late grace"),
        default=timedelta(days=3),
        help_text=_("Events this much older than now are still taken; expiry waits as long."),
    )
    rest_days = models.PositiveSmallIntegerField(_("points of an ended membership rest for days"), default=30)
    refund_policy = models.CharField(
        _("refund of spent points"), max_length=10, choices=RefundPolicy.choices, default=RefundPolicy.NEGATIVE
    )
    adjustment_limit = models.PositiveBigIntegerField(_("adjustment limit per request"), default=1000)
    adjustment_day_limit = models.PositiveBigIntegerField(
        _("adjustment limit per day, of a membership and of a requester"), default=5000
    )
    redemption_limit = models.PositiveBigIntegerField(_("redemption limit per request"), null=True, blank=True)
    possession_limit = models.PositiveBigIntegerField(
        _("found card: points without proof"),
        null=True,
        blank=True,
        default=1000,
        help_text=_("Who registers a card with more points proves that it is theirs. Empty: nobody has to."),
    )
    transfer_minimum = models.PositiveBigIntegerField(_("least points of a transfer"), default=1)
    transfer_maximum = models.PositiveBigIntegerField(_("most points of a transfer"), null=True, blank=True)
    transfer_year_limit = models.PositiveBigIntegerField(
        _("most points sent by a membership per calendar year"), null=True, blank=True
    )
    retention_months = models.PositiveSmallIntegerField(_("retention in months"), default=120)
    capability_overrides = models.JSONField(
        _("capability overrides"),
        default=dict,
        blank=True,
        help_text=_('Differences from the default matrix, as {"suspended": {"earn": true}}.'),
    )

    is_sandbox = models.BooleanField(_("sandbox"), default=False)
    clock_offset = models.DurationField(_("clock offset"), default=timedelta(0), editable=False)

    objects = ProgramQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="program_valid_period",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(name="program_clock_forward", condition=Q(clock_offset__gte=timedelta(0))),
            models.CheckConstraint(
                name="program_clock_sandbox_only", condition=Q(is_sandbox=True) | Q(clock_offset=timedelta(0))
            ),
            models.CheckConstraint(name="program_status_known", condition=Q(status__in=ProgramStatus.values)),
        ]

    def __str__(self) -> str:
        return self.name

    def design_program_id(self) -> int:
        return self.pk

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)
