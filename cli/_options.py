"""Option types that several commands share."""

from __future__ import annotations

import math

import click

from cn_zoo.geometry import Camera


class _CameraType(click.ParamType):
    name = "camera"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> Camera:
        if isinstance(value, Camera):
            return value
        try:
            return Camera.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, context)


class _CenterType(click.ParamType):
    name = "center"

    def convert(
        self, value: object, param: click.Parameter | None, context: click.Context | None
    ) -> tuple[float, float, float] | None:
        """``auto`` becomes None."""
        if value == "auto":
            return None
        try:
            u, v, d = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"a center is auto or three numbers u,v,d (px, px, mm); received {value!r}", param, context)
        return u, v, d


class _NumberRange(click.FloatRange):
    """A range that holds no NaN: to click it lies in every range."""

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        number = super().convert(value, param, context)
        if math.isnan(number):
            self.fail(f"{value} is no number", param, context)
        return number


class _TargetType(click.ParamType):
    name = "path"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> str:
        """A text, as a path forgets that it ended in a slash."""
        if not value:
            self.fail("an empty name is no file; give one (an unset variable?)", param, context)
        return str(value)


#: Where something is written.
TARGET = _TargetType()
CAMERA = _CameraType()
CENTER = _CenterType()
#: From nanometres to kilometres.
SCALE = _NumberRange(1e-6, 1e6)
RATE = _NumberRange(1e-3, 1e6)
