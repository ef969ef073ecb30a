"""Usual rules to begin with: a definition filled from what the program has, to be changed before it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from activities.rules.fields import fields_of
from activities.rules.rows import Row, Rows, expression_of
from activities.rules.vocabulary import Vocabulary
from programs.models import AttributeType

Definition = dict[str, Any]
BOUGHT, GAVE_BACK = ("purchase", "earn"), ("return",)
TYPES, POINTS, TIERS = _("a type of activities"), _("a default point type"), _("a ladder with several tiers")
COUNTER = _("an attribute that is a number")
RETURNS = _("the activity type “return”")
# Saturday and Sunday.
WEEKEND = ("6", "7")


@dataclass(frozen=True, slots=True)
class Template:
    """`needs` looks for what the program must have: pairs of whether it has it, and its name."""

    code: str
    name: Any
    about: Any
    make: Callable[[Vocabulary], Definition]
    needs: Callable[[Vocabulary], Mapping[Any, bool]]

    def missing(self, words: Vocabulary) -> list[str]:
        """What the program would have to get first."""
        return [str(name) for name, has in self.needs(words).items() if not has]


def typed(words: Vocabulary, *preferred: str) -> list[str]:
    """The first of these activity types the program has, else the first that none of its own."""
    found = next((code for code in preferred if code in words.activity_types), None)
    others = (code for code in words.activity_types if code not in ("redeem", *GAVE_BACK))
    code = found or next(others, None)
    return [code] if code else []


def conditioned(words: Vocabulary, *rows: Row) -> str:
    return expression_of(Rows(rows), fields_of(words))


def counter_of(words: Vocabulary) -> str:
    return next((code for code, one in words.attributes.items() if one.type == AttributeType.NUMBER), "")


def _rule(types: list[str], *actions: Definition, condition: str = "", caps: tuple[Definition, ...] = ()) -> Definition:
    return {"activity_types": types, "condition": condition, "actions": list(actions), "caps": list(caps)}


def _per_amount(words: Vocabulary) -> Definition:
    return _rule(typed(words, *BOUGHT), {"do": "credit", "per": "1.00", "points": 1})


def _weekend(words: Vocabulary) -> Definition:
    weekend = conditioned(words, Row("weekday", "any_of", WEEKEND))
    return _rule(typed(words, *BOUGHT), {"do": "multiply", "factor": "2"}, condition=weekend)


def _birthday(words: Vocabulary) -> Definition:
    birthday = conditioned(words, Row("birthday", "yes"))
    caps: tuple[Definition, ...] = ({"scope": "day", "times": 1},)
    return _rule(typed(words, *BOUGHT), {"do": "credit", "points": 500}, condition=birthday, caps=caps)


def _welcome(words: Vocabulary) -> Definition:
    new = conditioned(words, Row("days_enrolled", "at_most", ("30",)))
    caps: tuple[Definition, ...] = ({"scope": "member", "times": 1},)
    return _rule(typed(words, *BOUGHT), {"do": "credit", "points": 250}, condition=new, caps=caps)


def _category(words: Vocabulary) -> Definition:
    action = {"do": "credit", "per": "1.00", "points": 3, "of": "items", "categories": ["shoes"]}
    return _rule(typed(words, *BOUGHT), action)


def _tier(words: Vocabulary) -> Definition:
    code, ladder = next(iter(words.ladders.items()))
    highest = str(max(ladder.ranks.values()))
    reached = conditioned(words, Row(f"rank-{code}", "at_least", (highest,)))
    return _rule(typed(words, *BOUGHT), {"do": "multiply", "factor": "1.5"}, condition=reached)


def _first(words: Vocabulary) -> Definition:
    caps: tuple[Definition, ...] = ({"scope": "member", "times": 1},)
    return _rule(typed(words, *BOUGHT), {"do": "credit", "points": 1000}, caps=caps)


def _threshold(words: Vocabulary) -> Definition:
    large = conditioned(words, Row("amount", "at_least", ("100",)))
    return _rule(typed(words, *BOUGHT), {"do": "credit", "points": 200}, condition=large)


def _returned(words: Vocabulary) -> Definition:
    action = {"do": "add_to_attribute", "attribute": counter_of(words), "amount": "1"}
    return _rule(typed(words, *GAVE_BACK), action)


def _referral(words: Vocabulary) -> Definition:
    counts = {"do": "add_to_attribute", "attribute": counter_of(words), "amount": "1"}
    return _rule(typed(words, "referral", *BOUGHT), {"do": "credit", "points": 300}, counts)


def _points(words: Vocabulary) -> Mapping[Any, bool]:
    return {TYPES: bool(typed(words)), POINTS: words.default_type is not None}


def _tiers(words: Vocabulary) -> Mapping[Any, bool]:
    first = next(iter(words.ladders.values()), None)
    return {**_points(words), TIERS: first is not None and len(first.tiers) > 1}


def _counted_returns(words: Vocabulary) -> Mapping[Any, bool]:
    return {RETURNS: "return" in words.activity_types, COUNTER: bool(counter_of(words))}


def _points_and_counter(words: Vocabulary) -> Mapping[Any, bool]:
    return {**_points(words), COUNTER: bool(counter_of(words))}


TEMPLATES: tuple[Template, ...] = (
    Template(
        "per-amount",
        _("Points for every amount spent"),
        _("The basic rule of most programs: so many points for so much money."),
        _per_amount,
        _points,
    ),
    Template(
        "weekend",
        _("Double points on some weekdays"),
        _("Multiplies what the rules before it gave. Give it a lower priority than the rules it doubles."),
        _weekend,
        _points,
    ),
    Template(
        "birthday",
        _("Birthday bonus"),
        _("A present for whoever comes by on their birthday, once that day."),
        _birthday,
        _points,
    ),
    Template(
        "welcome",
        _("Welcome bonus"),
        _("For the first activity soon after enrolment, once a membership."),
        _welcome,
        _points,
    ),
    Template(
        "category",
        _("Bonus for a category"),
        _("Counts only the items of a sale that are of these categories."),
        _category,
        _points,
    ),
    Template(
        "tier",
        _("Bonus for a tier"),
        _("Multiplies what the rules before it gave, for members who have reached a tier."),
        _tier,
        _tiers,
    ),
    Template(
        "first-purchase",
        _("First purchase"),
        _("Once a membership, with the first activity of that kind after the rule is released."),
        _first,
        _points,
    ),
    Template(
        "threshold",
        _("Bonus above an amount"),
        _("A fixed number of points where one activity is large enough."),
        _threshold,
        _points,
    ),
    Template(
        "return",
        _("Count returns, take nothing"),
        _("A return takes back its share of the points by itself; this rule debits nothing and only counts."),
        _returned,
        _counted_returns,
    ),
    Template(
        "referral",
        _("Referral: points and a counter"),
        _("Credits whoever brought somebody, and counts in an attribute that other rules can ask for."),
        _referral,
        _points_and_counter,
    ),
)


def template_of(code: str) -> Template | None:
    return next((one for one in TEMPLATES if one.code == code), None)
