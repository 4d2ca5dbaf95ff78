"""The record of the hand locator: its files, how its scores are read, and what it was measured at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from cn_zoo.errors import WeightsError, one_line
from cn_zoo.zoo._record import DAMAGE, facts_of, json_of, save_with_card
from cn_zoo.zoo.card import files_section
from cn_zoo.zoo.file_record import FileRecord
from cn_zoo.zoo.resolver import PRETRAINED, verified

#: Where the hand locator lies that is released.
LOCATOR_FOLDER = PRETRAINED / "locator"
#: The record's file name, beside the networks.
LOCATOR_FILE = "locator.json"


@dataclass(frozen=True)
class LocatorRecord:
    """All facts about the hand locator. Training writes them; everything else reads them.

    Attributes:
        parameters: of each network.
        score: bias and weights of the two networks' log odds in the log odds of a hand: ``bias``, ``finder``,
            ``judge``.
        threshold: a place of a lower probability is no hand.
        frames: how many it learned from, earlier runs that it started from included.
        training_data: what they are.
        licence: of the weights, an SPDX name.
        protocol: how the figures came about.
        figures: by test set, what was measured: shares of 1, or mm.
        files: ``"finder"`` and ``"judge"`` (ONNX); ``"finder-keras"`` and ``"judge-keras"``.
        folder: where the record was read from; not stored.
    """

    parameters: dict[str, int]
    score: dict[str, float]
    threshold: float
    frames: int
    training_data: str
    licence: str
    protocol: str
    figures: dict[str, dict[str, float]]
    files: dict[str, FileRecord]
    folder: Path = field(default=Path(), compare=False)

    @classmethod
    def load(cls, folder: Path) -> LocatorRecord:
        """Read the record in a folder.

        Raises:
            WeightsError: there is none, or it is damaged or from another version.
        """
        path = folder / LOCATOR_FILE
        if not cls.is_in(folder):
            raise WeightsError(
                f"{path}: is missing, and with it the hand locator; install cn_zoo again, or name a folder that has one"
            )
        try:
            return cls(**facts_of(path.read_text(encoding="utf-8")), folder=folder)
        except (OSError, *DAMAGE) as error:
            raise WeightsError(
                f"{path}: is no record of this version's hand locator ({one_line(error)}); install cn_zoo again"
            ) from None

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder holds a record, sound or not."""
        return (folder / LOCATOR_FILE).is_file()

    def to_json(self) -> str:
        """The record as JSON text."""
        return json_of(self)

    def save(self, folder: Path) -> LocatorRecord:
        """Write the record and its card beside the files; returns the record as read from there.

        Raises:
            OSError: the folder cannot be written.
        """
        save_with_card(folder / LOCATOR_FILE, self.to_json(), self.card())
        return replace(self, folder=folder)

    def path(self, kind: str) -> Path:
        """A file of the locator, verified.

        Raises:
            WeightsError: it is missing or fails its hash.
        """
        return verified(self.folder, self.files[kind])

    def card(self) -> str:
        """The card in Markdown; nothing in it is typed by hand."""
        columns = list(dict.fromkeys(name for row in self.figures.values() for name in row))
        return "\n".join(
            [
                "# locator",
                "",
                "Finds hands in whole depth images of any camera, and tells right from left.",
                "",
                f"- finder: the whole image at one focal length, {self.parameters['finder']:,} parameters",
                f"- judge: a cube of 300 mm around each place that is named, {self.parameters['judge']:,} parameters",
                f"- by the locator alone a place counts as a hand from a probability of {self.threshold:.2f}",
                f"- trained on: {self.frames:,} {self.training_data}",
                f"- licence of the weights: {self.licence}",
                "",
                "## Measured",
                "",
                self.protocol,
                "",
                f"| test | {' | '.join(columns)} |",
                "|---|" + "---|" * len(columns),
                *(
                    f"| {test} | {' | '.join(_written(row.get(name)) for name in columns)} |"
                    for test, row in self.figures.items()
                ),
                "",
                *files_section(self.files),
            ]
        )


def _written(value: float | None) -> str:
    """Shares as percentages, millimetres as they are."""
    if value is None:
        return ""
    return f"{value:.1%}" if value <= 1 else f"{value:.1f} mm"
