"""The benchmark of queued activities at a tiny size."""

from pathlib import Path

import pytest

from activities.models import ActivityStatus, MemberActivity, RuleEffect
from bench import posting_many, queue, rows
from bench.queue_rules import MATCHING, OTHERS, make_rules
from bench.world import Sizes, make_world
from points.models import Posting


@pytest.mark.django_db(transaction=True)
def test_raw_and_product_credit_alike_and_a_file_goes_through_all_rules(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(posting_many, "WAVE", 4)
    sizes = Sizes(members=12, spenders=3, hot_lots=5, rounds=1)
    world = make_world(sizes)
    program = make_rules(world)
    figures = {one.what: one.goal for one in posting_many.posting_many(world, sizes)}
    assert figures["set-based posting / raw"] == 0.5
    # Eight members, twice for the look at the rows of one wave and once for the round, by either way.
    assert Posting.objects.exclude(kind="opening").count() == 2 * (4 + 8)
    path = tmp_path / "purchases.csv"
    queue.write_file(path, program, type_code="purchase", lines=30)
    assert queue.import_file(path, program.pk) == 0
    done, _ = queue.work(program.pk)
    assert done == {ActivityStatus.PROCESSED: 30}
    assert len(MATCHING) + len(OTHERS) == 20
    assert RuleEffect.objects.count() == len(MATCHING) * MemberActivity.objects.count()
    rows.prove()
