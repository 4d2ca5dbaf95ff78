import itertools
from concurrent.futures import Future

import pytest

from cn_zoo.in_order import in_order


@pytest.fixture
def submit():
    """Begins work on numbers, which it keeps a list of; 3 cannot be worked on, 7 not even begun."""

    def begin(number):
        if number == 7:
            raise RuntimeError("seven")
        begin.begun.append(number)
        future = Future()
        if number == 3:
            future.set_exception(ValueError("three"))
        else:
            future.set_result(-number)
        return future

    begin.begun = []
    return begin


def test_results_come_in_their_order_and_few_are_begun_ahead(submit):
    results = in_order(submit, (10 * k for k in itertools.count()), 2)
    assert not submit.begun
    for number in range(4):
        assert next(results).result() == -10 * number
        assert submit.begun == [10 * k for k in range(number + 3)]


@pytest.mark.parametrize("ahead", [0, 1, 5, 9])
def test_every_item_is_handed_out_once(submit, ahead):
    assert [each.result() for each in in_order(submit, range(-5, 0), ahead)] == [5, 4, 3, 2, 1]
    assert list(in_order(submit, [], ahead)) == []


def test_who_meets_a_bad_one_may_go_on(submit):
    seen = [each.exception() or each.result() for each in in_order(submit, (2, 3, 4), 1)]
    assert (seen[0], str(seen[1]), seen[2]) == (-2, "three", -4)


def test_what_cannot_be_begun_ends_it(submit):
    results = in_order(submit, (6, 7, 8), 0)
    assert next(results).result() == -6
    with pytest.raises(RuntimeError, match="seven"):
        next(results)
    assert submit.begun == [6]
