"""Compiled functions also work where no cache can be written."""

from __future__ import annotations

import pytest

from cn_zoo.synthesis import _jit


def test_without_a_writable_folder(monkeypatch):
    njit = _jit.njit

    def refuses_to_cache(*, cache=False, **options):
        def compiled(function):
            if cache:
                raise RuntimeError("cannot cache function: no locator available")
            return njit(**options)(function)

        return compiled

    monkeypatch.setattr(_jit, "njit", refuses_to_cache)
    assert _jit.jit(error_model="numpy")(lambda a, b: a / b)(6.0, 3.0) == pytest.approx(2.0)
