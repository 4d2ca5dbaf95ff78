"""An evaluation as text for people."""

from __future__ import annotations

from pathlib import Path

from cn_zoo.evaluation import Evaluation, PublishedResult

_SHOWN_THRESHOLDS_MM = (10, 20, 30, 40, 60, 80)


def evaluation_lines(dataset: str, evaluation: Evaluation, subject: str, published: list[PublishedResult]) -> list[str]:
    """The whole report, line by line, without line ends."""
    lines = [f"{subject} on {dataset}: {evaluation.whole.frames} frames, {len(evaluation.skeleton)} joints", ""]
    for name, part in {"mean joint error": evaluation.whole, **evaluation.parts}.items():
        low, high = part.interval_95_mm
        lines.append(f"{name:<34}{part.mean_error_mm:>8.3f} mm   95% {low:.2f} to {high:.2f}   {part.frames} frames")
    lines += ["", "mean error by joint, mm"]
    for name, error in zip(evaluation.skeleton.joints, evaluation.per_joint_mm, strict=True):
        lines.append(f"  {name:<20}{error:>8.3f}")
    lines += ["", "frames within D mm         " + "".join(f"{limit:>7}" for limit in _SHOWN_THRESHOLDS_MM) + "     AUC"]
    for name, fractions, area in (
        ("by worst joint", evaluation.within_worst, evaluation.auc_worst),
        ("by mean joint", evaluation.within_mean, evaluation.auc_mean),
    ):
        shown = "".join(f"{fractions[limit]:>7.1%}" for limit in _SHOWN_THRESHOLDS_MM)
        lines.append(f"  {name:<25}{shown}{area:>8.3f}")
    lines += ["", "mean absolute error by axis"]
    lines.append("  " + "   ".join(f"{axis} {value:.2f}" for axis, value in evaluation.axis_error.items()))
    return [
        *lines,
        *_viewpoint_lines(evaluation),
        *_sigma_lines(evaluation),
        *_published_lines(evaluation, subject, published),
    ]


def _viewpoint_lines(evaluation: Evaluation) -> list[str]:
    if not evaluation.viewpoint:
        return []
    lines = ["", "mean error by viewpoint, mm"]
    for part in evaluation.viewpoint:
        error = "-" if part.mean_error_mm is None else f"{part.mean_error_mm:.3f}"
        lines.append(f"  {part.angle:<6}{part.from_deg:>4} to {part.to_deg:>3} deg{error:>9}   {part.frames} frames")
    return lines


def _sigma_lines(evaluation: Evaluation) -> list[str]:
    found = evaluation.calibration
    if found is None:
        return []
    return [
        "",
        "sigma (calibrated: 68.3% inside 1, 95.4% inside 2, error / sigma 1)",
        f"  inside 1 sigma {found.inside_1_sigma:.1%}   inside 2 sigma {found.inside_2_sigma:.1%}   "
        f"error / sigma {found.error_over_sigma:.2f}",
        f"  rank correlation with the error: of joints {found.rank_correlation:.2f}, "
        f"of frames {found.frame_rank_correlation:.2f}",
    ]


def _published_lines(evaluation: Evaluation, subject: str, published: list[PublishedResult]) -> list[str]:
    if not published:
        return []
    sources = list(dict.fromkeys(result.source for result in published))
    own = evaluation.whole.mean_error_mm
    rows = [(own, f"> {Path(subject).name[:31]:<32}{own:>9.3f}")]
    for result in published:
        mark = f"[{sources.index(result.source) + 1}]"
        rows.append((result.mean_error_mm, f"  {result.method:<28}{result.year}{result.mean_error_mm:>9.3f}   {mark}"))
    ordered = [line for _, line in sorted(rows, key=lambda row: -row[0])]
    notes = [f"[{number}] {text}" for number, text in enumerate(sources, start=1)]
    return ["", "published mean joint errors on the whole real test set, mm", *ordered, *notes]
