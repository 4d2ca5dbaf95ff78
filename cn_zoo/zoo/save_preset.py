"""Writing a model's record."""

from __future__ import annotations

from pathlib import Path

from cn_zoo.zoo._record import save_with_card
from cn_zoo.zoo.card import model_card
from cn_zoo.zoo.preset import PRESET_FILE, Preset


def save_preset(preset: Preset, folder: Path) -> None:
    """Write the record and its card beside the model's files.

    Raises:
        OSError: the folder cannot be written.
    """
    save_with_card(folder / PRESET_FILE, preset.to_json(), model_card(preset))
