"""What every small head that is learned last must do: one mixin for all of them."""

import keras
import numpy as np

from cn_zoo.models import HAND_HEAD, SIDE_HEAD
from cn_zoo.zoo import resolve


def released():
    """The estimator that the heads are tested on."""
    return keras.models.load_model(resolve("icvl", "estimator"), compile=False)


class HeadChecks:
    """Subclasses say of a head how it is fitted, on how much, and how well it has to do then.

    Attributes:
        head: its name within an estimator.
        few, learned: what it is fitted on, and the least `rate` after that.
        fewest: what is enough to compare two fits.
    """

    head, few, learned, fewest = "", 0, 1.0, 0

    def fit(self, estimator, count):
        raise NotImplementedError

    def rate(self, estimator):
        """The share of what the head tells rightly."""
        raise NotImplementedError

    def forgetful(self):
        """A released estimator that has lost this head."""
        estimator = released()
        head = estimator.get_layer(self.head)
        head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
        return estimator

    def test_it_learns_from_little_and_nothing_else_does(self):
        estimator = self.forgetful()
        others = {"posterior_head", HAND_HEAD, SIDE_HEAD} - {self.head}
        before = [weight.copy() for name in others for weight in estimator.get_layer(name).get_weights()]
        self.fit(estimator, self.few)
        assert self.rate(estimator) > self.learned
        after = [weight for name in others for weight in estimator.get_layer(name).get_weights()]
        for weight, earlier in zip(after, before, strict=True):
            np.testing.assert_array_equal(weight, earlier)

    def test_the_same_seed_gives_the_same_head(self):
        found = []
        for _ in range(2):
            estimator = self.forgetful()
            self.fit(estimator, self.fewest)
            found.append(estimator.get_layer(self.head).get_weights())
        for left, right in zip(*found, strict=True):
            np.testing.assert_allclose(left, right, atol=1e-5)
