"""Errors by the direction from which the hand is seen (MSRA's papers report these)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEP_DEG = 10
#: The ranges that papers plot (Sun et al. 2015, figures 4 and 8).
_RANGES_DEG = {"yaw": (-40, 40), "pitch": (-10, 90)}


@dataclass(frozen=True)
class ViewpointBin:
    """Mean joint error of the frames whose angle lies in ``[from_deg, to_deg)``; None without frames."""

    angle: str
    from_deg: int
    to_deg: int
    frames: int
    mean_error_mm: float | None


def palm_angles(wrist_xyz: np.ndarray, middle_mcp_xyz: np.ndarray) -> dict[str, np.ndarray]:
    """Yaw and pitch ``(N,)`` in degrees of the palm's axis, from wrist to middle knuckle.

    Args:
        wrist_xyz, middle_mcp_xyz: ``(N, 3)`` camera coordinates (x right, y down, z forward).

    Pitch is positive where the fingers point to the camera; yaw is positive where they point to the right.
    Source: the definition that the community's MSRA viewpoint plots use.
    """
    axis = middle_mcp_xyz - wrist_xyz
    axis = axis / np.linalg.norm(axis, axis=-1, keepdims=True)
    pitch = np.arcsin(-axis[:, 2])
    yaw = np.arcsin(np.clip(axis[:, 0] / np.maximum(np.cos(pitch), 1e-9), -1, 1))
    return {"yaw": np.degrees(yaw), "pitch": np.degrees(pitch)}


def errors_by_viewpoint(frame_errors: np.ndarray, angles: dict[str, np.ndarray]) -> list[ViewpointBin]:
    """Mean of per-frame errors ``(N,)`` in steps of 10 degrees of yaw and of pitch."""
    return [
        _bin(frame_errors, name, angles[name], start)
        for name, (low, high) in _RANGES_DEG.items()
        for start in range(low, high, _STEP_DEG)
    ]


def _bin(frame_errors: np.ndarray, name: str, angle: np.ndarray, start: int) -> ViewpointBin:
    chosen = frame_errors[(angle >= start) & (angle < start + _STEP_DEG)]
    mean = float(chosen.mean()) if len(chosen) else None
    return ViewpointBin(name, start, start + _STEP_DEG, len(chosen), mean)
