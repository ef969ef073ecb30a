"""A program with something of everything that rules can name."""

from decimal import Decimal
from typing import Any

from activities.models import Campaign, RewardItem, RuleGroup
from programs.models import AttributeDefinition, AttributeType, Benefit, Label, NoticeTemplate, Program
from tests.factories import make_program


def make_designed_program(code: str = "sky", **values: Any) -> Program:
    """With a group, a label, a benefit, attributes of every type, a voucher and a notice."""
    program = make_program(code, **({"name": "SkyConnect"} | values))
    RuleGroup.objects.create(program=program, code="base", name="Base")
    Label.objects.create(program=program, code="vip", name="VIP")
    Benefit.objects.create(program=program, code="lounge", name="Lounge")
    for kind, choices in ((AttributeType.NUMBER, []), (AttributeType.TEXT, []), (AttributeType.FLAG, []),
                          (AttributeType.DATE, []), (AttributeType.CHOICE, ["S", "M"])):  # fmt: skip
        AttributeDefinition.objects.create(
            program=program, code=f"{kind}-one", name=f"{kind.label.capitalize()}", type=kind, choices=choices
        )
    RewardItem.objects.create(
        program=program, code="voucher", name="Ten off", kind="voucher", price=100,
        point_type=program.point_types.get(code="miles"), face=10,
    )  # fmt: skip
    NoticeTemplate.objects.create(program=program, code="thanks", subject="Thank you", body="Well done.")
    return program


def worth(program: Program, money_value: str) -> None:
    """What a mile is worth from now on."""
    miles = program.point_types.get(code="miles")
    miles.money_value = Decimal(money_value)
    miles.save()


def make_campaign(program: Program, **values: Any) -> Campaign:
    given = {"code": "spring", "name": "Spring", "valid_from": "2026-01-01", "valid_until": "2027-12-31"} | values
    return Campaign.objects.create(program=program, **given)
