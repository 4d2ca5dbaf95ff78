"""Model cards, generated from the preset record: nothing in a card is typed by hand."""

from __future__ import annotations

from cn_zoo.geometry import SKELETONS
from cn_zoo.zoo.preset import Preset


def model_card(preset: Preset) -> str:
    """The card of a model in Markdown: what it is, learned from, was measured at, and its joints in order."""
    skeleton = SKELETONS[preset.skeleton]
    fx, fy, cx, cy = preset.camera
    return "\n".join(
        [
            f"# {preset.name}",
            "",
            f"3D hand pose from one depth image: {len(skeleton)} joints in the order of {skeleton.name.upper()}.",
            "",
            f"- architecture: {preset.architecture}, {preset.parameters:,} parameters, latent of {preset.latent_size}",
            f"- camera it serves by default: fx {fx:g}, fy {fy:g}, cx {cx:g}, cy {cy:g} px; any other by `--camera`",
            f"- input: a cube of {preset.cube_mm:g} mm around a {preset.hand} hand (others mirrored), 128 x 128 pixels",
            f"- trained on: {preset.training_data}",
            f"- licence of the weights: {preset.licence}",
            "",
            "## Measured mean joint error",
            "",
            preset.protocol,
            "",
            "| test | mm |",
            "|---|---|",
            *(f"| {test} | {error:.2f} |" for test, error in preset.errors_mm.items()),
            "",
            "## Files",
            "",
            "| kind | file | bytes | SHA-256 |",
            "|---|---|---|---|",
            *(f"| {kind} | {file.path} | {file.bytes:,} | {file.sha256} |" for kind, file in preset.files.items()),
            "",
            "## Joints, in order",
            "",
            *(f"{index}. {name}" for index, name in enumerate(skeleton.joints)),
            "",
        ]
    )
