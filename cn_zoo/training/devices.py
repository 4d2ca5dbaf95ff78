"""Growing past one device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.training.recipe import Recipe

#: Keras' own name: when it is set, several hosts train together, each started with the same command.
_HOSTS = "KERAS_DISTRIBUTION_JOB_ADDRESSES"


@dataclass(frozen=True)
class Host:
    """One of the hosts that train together, in one folder that all of them see. The first writes what not all need to.

    Attributes:
        index: its number, from 0.
        count: how many there are.
    """

    index: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that does what one can do alone."""
        return self.index == 0

    def rows(self, batch: np.ndarray) -> np.ndarray:
        """Its rows of a batch that all hosts share; they are as many for each."""
        share = len(batch) // self.count
        return batch[self.index * share : (self.index + 1) * share]

    @contextmanager
    def after_the_first(self) -> Iterator[None]:
        """What is inside is done by the first host, and then by the others, who find what it wrote."""
        if not self.is_first:
            _meet()
        yield
        if self.is_first and self.count > 1:
            _meet()

    def leave(self) -> None:
        """End what `use_devices` began, on all hosts at once: from here on each computes for itself."""
        keras.distribution.set_distribution(None)
        if self.count > 1:
            import jax

            jax.distributed.shutdown()


#: A host that trains by itself.
ALONE = Host()


def use_devices(recipe: Recipe) -> Host:
    """Share every batch out among all devices, if the recipe says so; call it before any network is made.

    Several hosts find each other by the environment variables that ``keras.distribution.initialize`` reads.

    Returns:
        The host that this is.

    Raises:
        InputError: the backend cannot, or a stage's batches cannot be shared out evenly.
    """
    if recipe.devices == "one":
        return ALONE
    if keras.backend.backend() != "jax":
        raise InputError(
            f"devices = 'all' needs the JAX backend and this is {keras.backend.backend()}; set KERAS_BACKEND=jax and "
            "pip install 'cn_zoo[jax]', or train on one device (devices = 'one')"
        )
    import jax

    if os.environ.get(_HOSTS):
        keras.distribution.initialize()
    _check_batches(recipe, jax.device_count())
    # Each host puts in its own rows: Keras itself can deal out only TensorFlow's datasets.
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    return Host(jax.process_index(), jax.process_count())


def _check_batches(recipe: Recipe, devices: int) -> None:
    for name, stage in recipe.schedule.items():
        for key, size in (
            ("batch_size", stage.batch_size + stage.synthetic_batch_size),
            ("unlabelled_batch_size", stage.unlabelled_batch_size),
        ):
            if size % devices:
                raise InputError(
                    f"stage {name}: batches of {size} cannot be shared out evenly among {devices} devices; set "
                    f"{name}.{key} so that they can"
                )


def _meet() -> None:
    """Wait for all hosts."""
    from jax.experimental.multihost_utils import sync_global_devices

    sync_global_devices("cn_zoo")
