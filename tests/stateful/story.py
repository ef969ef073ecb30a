"""One story that comes past every rule of the ledger at its edge; the machine checks each step against the model."""

from datetime import timedelta

from tests.stateful.machine import DAY, HOUR, Machine

EMMA, NOAH, LIAM, CHARITY = range(4)
MONTH = 24 * 29


class Story:
    """`step` is a rule of the machine by name; every step is compared, the end is audited."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def step(self, rule: str, *arguments: object, **named: object) -> None:
        getattr(self.machine, rule)(*arguments, **named)
        self.machine.agree()

    def last(self) -> int:
        """The number of the latest posting that can be reversed."""
        return len(self.machine.ledger.postings) - 1

    def move_to(self, code: str, who: int = EMMA) -> None:
        """To the very moment at which the next points of the account end."""
        now = self.machine.world.now()
        lots = [self.machine.ledger.lots[lot] for lot in self.machine.ledger.lots_of((who, code))]
        ends = [lot.expires_at for lot in lots if lot.left and lot.expires_at and lot.expires_at > now]
        self.step("wait", min(ends) - now)

    def move_to_rest(self, who: int, *, before: timedelta = timedelta(0)) -> None:
        """To the moment at which the points end that live as long as the set is active, or so long before."""
        end = self.machine.ledger.rested_at((who, "lively"))
        assert end is not None
        self.step("wait", end - before - self.machine.world.now())


def tell(machine: Machine, policy: str) -> None:
    machine.begin(policy=policy, points=100)
    story = Story(machine)
    spend_in_order(story)
    hold_and_capture(story)
    give_away(story)
    adjust(story)
    take_back(story)
    come_to_an_end(story)
    outlive_in_a_hold(story)
    rest(story)
    come_back_to_life(story)


def spend_in_order(story: Story) -> None:
    story.step("earn", EMMA, "miles", 50, 71.9)
    story.step("earn", EMMA, "miles", 50, 72.1)
    story.step("earn", EMMA, "miles", 50, -0.1)
    story.step("redeem", EMMA, "miles", 60, 0)
    story.step("reverse", story.last(), 20)
    story.step("redeem", EMMA, "miles", "all and one", 0)
    story.step("redeem", EMMA, "status", 10, 0)
    story.step("earn", EMMA, "coins", 40, 0)
    story.step("redeem", EMMA, "coins", 10, 0)
    story.step("wait", 2 * DAY)
    story.step("redeem", EMMA, "coins", 10, 0)
    story.step("redeem", EMMA, "coins", 10, 20)


def hold_and_capture(story: Story) -> None:
    story.step("hold", EMMA, "miles", 60, 24)
    story.step("redeem", EMMA, "miles", "all and one", 0)
    story.step("redeem", EMMA, "miles", 10, 0)
    story.step("capture", 0, 20)
    story.step("capture", 0, 20)
    story.step("hold", EMMA, "miles", "all", 1)
    story.step("release", 1)
    story.step("hold", EMMA, "miles", "all", 1)
    story.step("wait", HOUR)
    story.step("redeem", EMMA, "miles", 5, 0)
    story.step("capture", 2, None)
    story.step("tidy_holds")


def give_away(story: Story) -> None:
    story.step("transfer", NOAH, LIAM, "miles", 40, False)
    given = story.last()
    story.step("reverse", given, 10)
    story.step("redeem", LIAM, "miles", 25, 0)
    story.step("reverse", given, None)
    story.step("reverse", given, 5)
    story.step("suspend", NOAH)
    story.step("transfer", NOAH, LIAM, "miles", 10, False)
    story.step("reinstate", NOAH)
    story.step("transfer", NOAH, LIAM, "miles", 10, True)
    story.step("transfer", NOAH, CHARITY, "miles", 10, True)
    story.step("convert", NOAH, ("miles", "coins"), 11)
    story.step("reverse", story.last(), 5)
    story.step("earn", CHARITY, "coins", 200, 0)
    story.step("earn", CHARITY, "coins", 200, 0)
    story.step("earn", CHARITY, "coins", 200, 0)
    story.step("wait", 3 * DAY)
    story.step("transfer", CHARITY, EMMA, "coins", 300, False)
    story.step("transfer", CHARITY, EMMA, "coins", 201, False)


def adjust(story: Story) -> None:
    story.step("adjust", LIAM, "coins", 150, 1, 0)
    story.step("decide", 0, 0, True)
    story.step("decide", 0, 1, True)
    story.step("decide", 0, 1, True)
    for who in (EMMA, NOAH, LIAM):
        story.step("adjust", who, "coins", 90, 1, 0)
    story.step("adjust", LIAM, "coins", 20, -1, 1)
    story.step("reverse", story.last(), None)


def take_back(story: Story) -> None:
    """What was earned and spent, under each refund policy; the debt is repaid by what comes in next."""
    story.step("earn", LIAM, "miles", 80, 0)
    earned = story.last()
    story.step("redeem", LIAM, "miles", 60, 0)
    spent = story.last()
    story.step("reverse", earned, 10)
    story.step("reverse", earned, None)
    story.step("redeem", LIAM, "miles", "all and one", 0)
    story.step("reverse", spent, 20)
    story.step("reverse", spent, 50)
    story.step("earn", LIAM, "miles", 70, 0)
    story.step("extend", len(story.machine.ledger.lots) - 1, 40)
    story.step("earn", LIAM, "miles", 20, 0)
    story.step("redeem", LIAM, "miles", 10, 0)
    story.step("earn", LIAM, "status", 30, 0)
    story.step("reverse", story.last(), None)


def come_to_an_end(story: Story) -> None:
    """At the moment at which the first miles end, and at the moment at which the run may say so."""
    story.step("earn", NOAH, "miles", 30, 0)
    story.step("earn", NOAH, "miles", 50, 71.9)
    story.step("redeem", NOAH, "miles", 40, 0)
    spent = story.last()
    story.move_to("miles")
    story.step("redeem", EMMA, "miles", "all and one", 0)
    story.step("redeem", EMMA, "miles", 5, 1)
    story.step("expire")
    story.step("wait", 3 * DAY)
    story.step("expire")
    story.step("reverse", 0, None)
    story.move_to("miles", NOAH)
    story.step("reverse", spent, 20)
    story.step("wait", 8 * DAY)
    story.step("reverse", spent, None)


def outlive_in_a_hold(story: Story) -> None:
    story.step("earn", NOAH, "miles", 60, 0)
    story.step("wait", 26 * DAY)
    story.step("hold", NOAH, "miles", 40, MONTH)
    story.step("hold", NOAH, "miles", 15, MONTH)
    story.move_to("miles", NOAH)
    story.step("wait", 3 * DAY)
    story.step("expire")
    holds = len(story.machine.ledger.holds)
    story.step("capture", holds - 2, 30)
    story.step("release", holds - 1)


def rest(story: Story) -> None:
    """Points that live as long as their set is active."""
    story.step("earn", LIAM, "lively", 90, 0)
    story.step("transfer", LIAM, EMMA, "lively", 20, False)
    story.move_to_rest(LIAM, before=HOUR)
    story.step("transfer", LIAM, NOAH, "lively", 10, False)
    story.step("wait", HOUR)
    story.step("transfer", LIAM, NOAH, "lively", 10, False)
    story.step("redeem", LIAM, "lively", 10, 0)
    story.step("redeem", LIAM, "lively", 10, 2)
    story.move_to_rest(LIAM)
    story.step("expire")
    story.step("wait", 3 * DAY)
    story.step("expire")
    story.step("earn", LIAM, "lively", 10, 0)


def come_back_to_life(story: Story) -> None:
    """What ended without activity stays ended, whichever points the next activity is about."""
    story.step("earn", LIAM, "lively", 50, 0)
    story.step("wait", 20 * DAY)
    story.step("hold", LIAM, "lively", 20, MONTH)
    story.step("hold", LIAM, "lively", 10, MONTH)
    story.move_to_rest(LIAM)
    holds = len(story.machine.ledger.holds)
    story.step("capture", holds - 2, 15)
    story.step("release", holds - 1)
    story.step("earn", LIAM, "lively", 50, 0)
    story.move_to_rest(LIAM)
    story.step("earn", LIAM, "miles", 5, 0)
    story.step("redeem", LIAM, "lively", 1, 0)
