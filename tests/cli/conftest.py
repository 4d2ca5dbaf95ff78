from pathlib import Path
from unittest.mock import create_autospec

import pytest


@pytest.fixture
def recorded(monkeypatch):
    """Puts in the place of a function of `cn_zoo.training` what keeps how it is called."""
    import cn_zoo.training

    def record(name):
        recorder = create_autospec(getattr(cn_zoo.training, name), return_value=Path("done"))
        monkeypatch.setattr(cn_zoo.training, name, recorder)
        return recorder

    return record
