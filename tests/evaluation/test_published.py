import pytest

from cn_zoo.evaluation import PROTOCOLS, published_results


@pytest.mark.parametrize("dataset", list(PROTOCOLS))
def test_results_are_sourced_and_ordered(dataset):
    results = published_results(dataset)
    assert len({result.method for result in results}) == len(results) >= 10
    errors = [result.mean_error_mm for result in results]
    assert errors == sorted(errors, reverse=True) and 4 < errors[-1] < errors[0] < 25
    assert all(result.source and 2014 <= result.year <= 2022 for result in results)


def test_known_figures():
    figures = {dataset: {r.method: r.mean_error_mm for r in published_results(dataset)} for dataset in PROTOCOLS}
    assert [figures[dataset]["Crossing Nets"] for dataset in ("nyu", "icvl", "msra")] == [15.5, 10.2, 12.2]
    assert figures["nyu"]["V2V-PoseNet"] == 8.419 and figures["icvl"]["V2V-PoseNet"] == 6.284
    assert figures["nyu"]["DeepPrior"] == 20.750 and figures["icvl"]["LRF"] == 12.578


def test_unknown_dataset():
    with pytest.raises(KeyError):
        published_results("hands2017")
