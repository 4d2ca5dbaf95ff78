from functools import cache

from head_checks import HeadChecks, released

from cn_zoo.models import SIDE_HEAD
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.side_head_fit import fit_side_head


@cache
def _depth():
    return draw_crop_batch(PRESETS["icvl"], 9, 0, 300, "test").depth


def _said(estimator):
    """The word on hands of the known side, and on their mirror images."""
    return [estimator.predict(view, verbose=0)["hand"][:, 1] for view in (_depth(), _depth()[:, :, ::-1])]


class TestSideHead(HeadChecks):
    head, few, learned, fewest = SIDE_HEAD, 1000, 0.85, 100

    def fit(self, estimator, count):
        fit_side_head(estimator, "icvl", count, seed=2)

    def rate(self, estimator):
        """Of hands seen both ways."""
        known, mirrored = _said(estimator)
        return (known > mirrored).mean()

    def test_the_released_one_knows_sides(self):
        known, mirrored = _said(released())
        assert ((known > 0.5).mean() + (mirrored < 0.5).mean()) / 2 > 0.93
        # Seen both ways, sides are told better than by either look.
        assert self.rate(released()) > 0.96
