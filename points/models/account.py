"""Where points live: sets and the accounts in them (domain 1.1, 1.6)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey, ConstraintTrigger
from customers.models import Customer
from programs.models import PointType, Program


class PointAccountSet(models.Model):
    """Every membership has one own set for life; several shared memberships may also use one pool."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("program"))
    is_pool = models.BooleanField(_("pool"), default=False)
    owner = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("owner of the pool"),
        help_text=_("Where the program lets only the owner redeem from a pool."),
    )
    exempt_until = models.DateTimeField(
        _("points do not expire until"), null=True, blank=True, help_text=_("Given by a tier that exempts.")
    )
    activity_at = models.DateTimeField(
        _("inactivity counts from"),
        null=True,
        blank=True,
        help_text=_("Carried over from merged or split sets; accounts keep the later ones."),
    )

    class Meta:
        verbose_name = _("point account set")
        verbose_name_plural = _("point account sets")
        constraints = [
            models.UniqueConstraint(fields=["id", "program"], name="account_set_id_program"),
        ]

    def __str__(self) -> str:
        return f"{_('pool') if self.is_pool else _('set')} {self.pk}"


class PointAccount(models.Model):
    """The balance of one point type in one set. Written by points.ledger alone."""

    account_set = models.ForeignKey(
        PointAccountSet, on_delete=models.PROTECT, related_name="accounts", db_constraint=False, db_index=False
    )
    point_type = models.ForeignKey(PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    balance = models.BigIntegerField(_("balance"), default=0)
    entry_count = models.BigIntegerField(_("entries"), default=0)
    debt = models.BigIntegerField(_("debt"), default=0)
    lifetime_earned = models.BigIntegerField(_("lifetime earned"), default=0)
    lifetime_redeemed = models.BigIntegerField(_("lifetime redeemed"), default=0)
    carried_earned = models.BigIntegerField(
        _("of it carried over"),
        default=0,
        db_default=0,
        help_text=_("Earned by the same person on accounts united with this one."),
    )
    carried_redeemed = models.BigIntegerField(_("of it carried over"), default=0, db_default=0)
    last_activity_at = models.DateTimeField(
        _("last activity"), null=True, blank=True, help_text=_("The latest event that counts against inactivity.")
    )
    frozen_until = models.DateTimeField(
        _("nothing is spent until"), null=True, blank=True, help_text=_("While a change of memberships is decided.")
    )
    closed = models.BooleanField(_("closed"), default=False, help_text=_("Takes no credits, as while pooled."))

    class Meta:
        verbose_name = _("point account")
        verbose_name_plural = _("point accounts")
        constraints = [
            models.UniqueConstraint(fields=["account_set", "point_type"], name="account_type_in_set"),
            models.UniqueConstraint(fields=["id", "program"], name="account_id_program"),
            models.CheckConstraint(name="account_debt_not_negative", condition=Q(debt__gte=0)),
            models.CheckConstraint(name="account_below_zero_is_debt", condition=Q(balance__gte=-F("debt"))),
            CompositeForeignKey(
                name="account_set_program",
                fields=["account_set", "program"],
                to="points.PointAccountSet",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="account_type_program",
                fields=["point_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
            ConstraintTrigger(
                name="account_balance_is_last_entry",
                events=("INSERT", "UPDATE"),
                update_of=("balance", "entry_count"),
                body="""
                IF NEW.entry_count = 0 THEN
                    IF NEW.balance <> 0 THEN
                        RAISE EXCEPTION 'account % has a balance without an entry', NEW.id
                            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_balance_is_last_entry';
                    END IF;
                ELSIF NOT EXISTS (
                    SELECT 1 FROM {table:points.Entry} e
                    WHERE e.account_id = NEW.id AND e.number = NEW.entry_count AND e.balance_after = NEW.balance
                ) THEN
                    RAISE EXCEPTION 'the balance of account % is not that of its entry %', NEW.id, NEW.entry_count
                        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'account_balance_is_last_entry';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.point_type} · {self.balance}"
