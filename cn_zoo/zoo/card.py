"""Model cards, generated from the preset record: nothing in a card is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping

from cn_zoo.geometry import SKELETONS
from cn_zoo.zoo.file_record import FileRecord
from cn_zoo.zoo.preset import Preset

#: Quantiles of the error whose frames a card shows, from good to bad.
CASES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
#: What records say of models that learned from synthetic frames alone.
_NO_REAL_IMAGE = "no real image"
_SYNTHETIC_LIMIT = (
    "- No real image was used in training. Figures on synthetic frames show how well it learned, not how well that "
    "carries over to real ones; docs/evaluation.md has what was measured on these."
)
_ONE_LOOK = (
    "All from a single run of the network on the unturned crop. `cn-zoo predict` takes the mean of three, nearer the "
    "truth (docs/predict.md)."
)
_LIMITS = (
    "- The engine's usual poses and views for NYU and ICVL follow rounded summaries of the published test poses of "
    "these benchmarks (docs/synthesis.md); figures on poses fitted to them are flattered accordingly.",
    "- Expect larger errors, and larger sigmas, for fingers hidden behind the hand, hands that touch or melt "
    "into a surface, gloves and held things, and far from the distances it was trained at.",
    "- One hand at a time, bare; not for identification, and not for medical or safety use without tests of your own.",
)


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
            f"- default camera: fx {fx:g}, fy {fy:g}, cx {cx:g}, cy {cy:g} px; give others with `--camera`",
            f"- input: a cube of {preset.cube_mm:g} mm around a {preset.hand} hand (others mirrored), 128 x 128 pixels",
            f"- trained on: {preset.training_data}",
            f"- licence of the weights: {preset.licence}",
            "",
            "## Measured mean joint error",
            "",
            preset.protocol,
            "",
            *_errors(preset),
            *_speed(preset),
            *_cases(preset),
            "## Limits",
            "",
            *([_SYNTHETIC_LIMIT] if _NO_REAL_IMAGE in preset.training_data else []),
            *_LIMITS,
            "",
            *files_section(preset.files),
            "## Joints, in order",
            "",
            *(f"{index}. {name}" for index, name in enumerate(skeleton.joints)),
            "",
        ]
    )


def files_section(files: Mapping[str, FileRecord]) -> list[str]:
    """The lines of a card that list its files, by kind, with their hashes."""
    return [
        "## Files",
        "",
        "| kind | file | bytes | SHA-256 |",
        "|---|---|---|---|",
        *(f"| {kind} | {file.path} | {file.bytes:,} | {file.sha256} |" for kind, file in files.items()),
        "",
    ]


def _errors(preset: Preset) -> list[str]:
    """The measured errors, where there are any: a small fine-tuning holds no frame out."""
    if not preset.errors_mm:
        return []
    return [_ONE_LOOK, "", *_figures("| test | mm |", preset.errors_mm)]


def _speed(preset: Preset) -> list[str]:
    """How fast it is, where a release measured that."""
    if not preset.latency_ms:
        return []
    return [
        "## Speed",
        "",
        preset.latency_protocol,
        "",
        *_figures("| | ms |", preset.latency_ms),
    ]


def _figures(heading: str, figures: Mapping[str, float]) -> list[str]:
    """A table of what was measured."""
    return [heading, "|---|---|", *(f"| {name} | {value:.2f} |" for name, value in figures.items()), ""]


def _cases(preset: Preset) -> list[str]:
    """The pictures, where a release drew them."""
    if "cases" not in preset.files:
        return []
    quantiles = ", ".join(f"{quantile:.0%}" for quantile in CASES)
    return [
        "## Good and bad cases",
        "",
        f"![Estimate above truth]({preset.files['cases'].path})",
        "",
        f"Synthetic test frames at these quantiles of the error: {quantiles}. Estimate above truth; halos show sigma.",
        "",
    ]
