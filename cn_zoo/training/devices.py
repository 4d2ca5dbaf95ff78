"""Growing past one device."""

from __future__ import annotations

import os

import keras

from cn_zoo.errors import InputError

#: Keras' own name: when it is set, several hosts train together, each started with the same command.
_HOSTS = "KERAS_DISTRIBUTION_JOB_ADDRESSES"


def use_devices(devices: str) -> None:
    """Share every batch out among all devices, if ``devices`` is ``"all"``; call it before any network is made.

    Several hosts find each other by the environment variables that ``keras.distribution.initialize`` reads.

    Raises:
        InputError: the backend cannot.
    """
    if devices == "one":
        return
    if keras.backend.backend() != "jax":
        raise InputError(
            f"devices = 'all' needs the JAX backend and this is {keras.backend.backend()}; set KERAS_BACKEND=jax and "
            "pip install 'cn_zoo[jax]', or train on one device (devices = 'one')"
        )
    if os.environ.get(_HOSTS):
        keras.distribution.initialize()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
