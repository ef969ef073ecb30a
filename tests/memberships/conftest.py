from collections.abc import Iterator

import pytest

from customers.models import Customer
from programs.design import forget_designs
from programs.models import Program
from tests.factories import make_customer, make_program


@pytest.fixture(autouse=True)
def no_design_kept() -> Iterator[None]:
    forget_designs()
    yield
    forget_designs()


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky")


@pytest.fixture
def emma(db: None) -> Customer:
    return make_customer("Emma Stone")
