"""Who there is: customers with names, addresses to write to, and memberships. Everything follows from the seed."""

import random
from array import array
from collections.abc import Iterator
from datetime import date, timedelta

from stdnum import luhn

from customers.keys import name_key
from loyalty_site.volume.plan import YEARS

DAY = 86_400
# Shares of customers and of memberships.
ORGANIZATIONS, WITHOUT_MEMBERSHIP, IN_A_SECOND = 0.02, 0.03, 0.22
WITHOUT_EMAIL, WITHOUT_PHONE = 0.12, 0.25
ENDED, SUSPENDED, INACTIVE = 0.04, 0.01, 0.02
# An ended membership's points have rested and expired by then.
ENDED_BEFORE = 60 * DAY
# Multiplied and taken modulo a power of ten, running numbers come out as if drawn, each once.
STRIDE = 387_420_489
FIRST_NAMES = (
    "Emma Marcus Aisha Carlos Katrin Michael John Sarah David Nadia Oliver Ingrid Tomás Zoë Lukas Hannah Peter Ana "
    "Jürgen Sofia Daniel Fatima Noah Clara Viktor Elena Samuel Mia Henrik Laura André Nina Omar Julia Felix Rosa "
    "Anton Ida Bruno Vera Simon Alma Jonas Greta Karim Lena Hugo Maria Ivan Ella"
).split()
LAST_NAMES = (
    "Rodriguez Thompson Osman Bauer Adams Miller Chen Schmidt Novak Rossi Andersson Müller Dubois Kowalski Santos "
    "Larsen Fischer Weber Moreau Ivanov Yilmaz Becker Hoffmann Keller Richter Wolf Neumann Schwarz Zimmermann Braun "
    "Hofmann Hartmann Lange Krause Lehmann Köhler Maier Huber Mayer Peters Vogel Jung Scholz Keller-Brandt Martin "
    "Nilsson Jensen Silva Costa Ferrari Russo Bianchi Garcia Martinez Lopez Perez Sanchez Romero Torres Nguyen Tran "
    "Kim Lee Park Singh Kumar Patel Shah Khan Ahmed Hassan Ali Brown Wilson Taylor Davies Evans Walker Wright"
).split()
TRADES = ("Logistics", "Bakery", "Consulting", "Textiles", "Hotels", "Engineering", "Foods", "Print")
HOSTS = ("example.com", "example.net", "example.org")


class People:
    """Draws persons and memberships; keeps of each membership what the ledger needs, a few bytes each."""

    def __init__(self, *, customers: int, seed: int, prefixes: list[str], card_prefixes: list[str], now: int) -> None:
        self._draw = random.Random(f"{seed}/people")  # noqa: S311 - made-up people, the same for the same seed
        self._customers, self._now = customers, now
        self._prefixes, self._card_prefixes = prefixes, card_prefixes
        self._keys = {name: name_key(name) or "" for name in (*FIRST_NAMES, *LAST_NAMES)}
        # By membership: who, which program, from when, until when (0: still), how active.
        self.person, self.program = array("i"), array("b")
        self.enrolled, self.ended = array("l"), array("l")
        self.weight = array("d")

    def persons(self) -> Iterator[tuple[object, ...]]:
        """(n, kind, first, last, name, name key, e-mail, phone, born, since), with their memberships drawn along."""
        draw = self._draw.random
        today = date.fromordinal(date(1970, 1, 1).toordinal() + self._now // DAY)
        for n in range(self._customers):
            first, last = FIRST_NAMES[int(draw() * len(FIRST_NAMES))], LAST_NAMES[int(draw() * len(LAST_NAMES))]
            key = f"{self._keys[first]} {self._keys[last]}"
            email = None if draw() < WITHOUT_EMAIL else f"{key.replace(' ', '.')}.{n}@{HOSTS[n % 3]}"
            phone = None if draw() < WITHOUT_PHONE else f"+4915{1 + n % 7}{n * STRIDE % 10**8:08d}"
            born = today - timedelta(days=int(18 * 365 + draw() * 60 * 365))
            since = int(draw() * YEARS * 365)
            kind, name = "person", f"{first} {last}"
            if draw() < ORGANIZATIONS:
                trade = TRADES[n % len(TRADES)]
                kind, name, key = "organization", f"{last} {trade}", f"{self._keys[last]} {trade.lower()}"
            person = kind == "person"
            yield (
                n, kind, first if person else None, last if person else None, name, key, email, phone,
                born if person else None, today - timedelta(days=since),
            )  # fmt: skip
            self._join(n, since)

    def _join(self, person: int, since: int) -> None:
        draw = self._draw.random
        if draw() < WITHOUT_MEMBERSHIP:
            return
        programs = len(self._prefixes)
        # The first program is the largest.
        one = int(programs * draw() ** 1.6)
        chosen = [one]
        if programs > 1 and draw() < IN_A_SECOND:
            chosen.append((one + 1 + int(draw() * (programs - 1))) % programs)
        for program in chosen:
            enrolled = self._now - int((1 + draw() * since) * DAY)
            lasted = self._now - ENDED_BEFORE - enrolled
            # The first one of all stays: it takes the entries that are missing at the end.
            ends = draw() < ENDED and lasted > DAY and len(self.person) > 0
            self.person.append(person)
            self.program.append(program)
            self.enrolled.append(enrolled)
            self.ended.append(enrolled + int(lasted * (0.2 + 0.8 * draw())) if ends else 0)
            self.weight.append(min(self._draw.paretovariate(1.15), 400.0))

    def memberships(self) -> Iterator[tuple[object, ...]]:
        """(n, person, program, number, card number, status, enrolled, ended); the first of all is active."""
        draw = self._draw.random
        for n, person in enumerate(self.person):
            program = self.program[n]
            status = "expired" if self.ended[n] else "active"
            if status == "active" and n:
                lot = draw()
                status = "suspended" if lot < SUSPENDED else "inactive" if lot < SUSPENDED + INACTIVE else "active"
            if status == "inactive":
                self.weight[n] = 0.0
            body = f"{n * STRIDE % 10**8:08d}"
            card = f"{self._card_prefixes[program]}{n * STRIDE % 10**12:012d}"
            yield (
                n, person, program, self._prefixes[program] + body + luhn.calc_check_digit(body),
                card + luhn.calc_check_digit(card), status, self.enrolled[n], self.ended[n] or None,
            )  # fmt: skip
