from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchharness.stats.ordering import PairRelation, Relation, pair_relations
from benchharness.stats.sample import Sample, Spread, spread


def of(*values: float) -> Spread:
    found = spread(Sample("", values))
    assert found is not None
    return found


def test_what_intervals_separate_is_ordered_and_what_they_do_not_is_not() -> None:
    found = pair_relations([of(1.0, 1.01, 0.99), of(1.0, 1.02, 0.99), of(2.0, 2.01, 1.99)])
    assert [(p.first, p.second, p.relation) for p in found] == [
        (0, 1, Relation.UNDECIDED),
        (0, 2, Relation.LESS),
        (1, 2, Relation.LESS),
    ]


def test_a_single_run_is_compared_with_nothing() -> None:
    found = pair_relations([of(1.0, 1.01), None, of(5.0, 5.01)])
    assert found[0] == PairRelation(0, 1, None)
    assert found[1].relation is Relation.LESS
    assert found[2].relation is None


def test_sizes_are_equal_or_differ() -> None:
    sizes = [Spread(mean, 0.0, 1.0, 0.0) for mean in (62.0, 62.0, 129.0)]
    assert [p.relation for p in pair_relations(sizes)] == [
        Relation.EQUAL,
        Relation.LESS,
        Relation.LESS,
    ]


def test_holm_counts_every_pair() -> None:
    # Welch's p of this pair is 0.027: decided as the only pair, undecided as one of six.
    first, second = of(1.0, 1.1, 1.2), of(1.28, 1.38, 1.48)
    assert pair_relations([first, second])[0].relation is Relation.LESS
    among = pair_relations([first, second, first, second])
    assert among[0].relation is Relation.UNDECIDED


@given(st.lists(st.floats(1.0, 100.0), min_size=2, max_size=5))
def test_reversing_the_order_reverses_every_relation(means: list[float]) -> None:
    spreads = [Spread(mean, 0.01, 4.0, 0.0) for mean in means]
    forward = {(p.first, p.second): p.relation for p in pair_relations(spreads)}
    last = len(means) - 1
    for pair in pair_relations(spreads[::-1]):
        relation = forward[last - pair.second, last - pair.first]
        assert relation is not None
        assert pair.relation is relation.reversed()
