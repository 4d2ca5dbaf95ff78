"""Many pictures in one."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

_GAP = 4
_GROUND = (24, 24, 28)


def contact_sheet(images: Sequence[Image.Image], columns: int) -> Image.Image:
    """Lay pictures out in rows, left to right and top to bottom, each centred in a cell of the largest one's size.

    Raises:
        ValueError: there are no pictures, or ``columns`` is not positive.
    """
    if not images or columns < 1:
        raise ValueError(f"a contact sheet needs pictures and columns; received {len(images)} and {columns}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    cell_width = max(image.width for image in images) + _GAP
    cell_height = max(image.height for image in images) + _GAP
    sheet = Image.new("RGB", (columns * cell_width + _GAP, rows * cell_height + _GAP), _GROUND)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        left = _GAP + column * cell_width + (cell_width - _GAP - image.width) // 2
        top = _GAP + row * cell_height + (cell_height - _GAP - image.height) // 2
        sheet.paste(image.convert("RGB"), (left, top))
    return sheet
