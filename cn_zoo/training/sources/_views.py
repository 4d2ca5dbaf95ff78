"""What batches of augmented crops have in common."""

from __future__ import annotations

from cn_zoo.datasets import CropAugmentation

#: Ends the random seeds of a batch, so that its uses draw different numbers. The order of samples has 0.
FIRST_VIEW, SECOND_VIEW = range(1, 3)
#: How far crops are changed if nothing else is said.
USUAL = CropAugmentation()
