"""Draw a produced beside the expected array and their difference, as one PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from harness.execute.judge.chunks import Array
from harness.execute.pictures.panels import Panel, difference_panel, in_digits, object_panels, value_panels
from harness.execute.pictures.planes import view_of
from harness.execute.pictures.raster import SIDE, scale

MOST_BYTES = 1_000_000
_MARGIN, _GAP, _TITLE, _LINE, _SCALE = 12, 16, 24, 17, 8
_NARROWEST_SCALE = 128
_INK, _FRAME = (45, 45, 45), (190, 190, 190)


def difference_picture(
    produced: Array,
    expected: Array,
    *,
    axes: Sequence[str],
    label_map: bool = False,
    at: Sequence[int] = (),
) -> bytes:
    """A PNG of less than ``MOST_BYTES`` for a white page, about 850 pixels wide.

    A row for each channel (at most four) and the columns produced, expected and, if the shapes are equal,
    difference. Produced and expected share one grey scale, the expected values' range. NaN and infinity are
    orange. What has more axes than a plane is cut; what is 1-D becomes bars. Memory is bounded.

    Args:
        produced: numbers of any kind and shape.
        expected: the same.
        axes: a name for each axis; y, x and channel find their place in the picture by their names.
        label_map: whole numbers are objects; matched ones get the same colour, and what belongs to another
            object is the difference.
        at: the element to cut through, the central one by default.
    """
    alike = produced.shape == expected.shape
    views = [
        view_of(array.shape, axes, at=at if alike else ()) if array.size else None
        for array in (produced, expected)
    ]
    planes = [
        view.planes(array) if view else iter(())
        for view, array in zip(views, (produced, expected), strict=True)
    ]
    whole = produced.dtype.kind in "biu" and expected.dtype.kind in "biu"
    with np.errstate(all="ignore"):
        if not alike:
            rows = [value_panels(p, e) for p, e in zip_longest(*planes)]
        elif label_map and whole:
            rows = [object_panels(p, e) for p, e in zip(*planes, strict=True)]
        else:
            rows = [[*value_panels(p, e), difference_panel(p, e)] for p, e in zip(*planes, strict=True)]
    titles = ["produced", "expected", "difference" if label_map else "produced - expected"]
    if not alike:
        titles = [f"produced {produced.shape}", f"expected {expected.shape}"]
    notes = [view.note for view in views if view and view.note][:1]
    if any(panel and panel.odd for row in rows for panel in row):
        notes.append("orange: NaN or infinite")
    if not rows:
        notes.append("no elements")
    return _encoded(_drawn(titles, rows, notes))


def _drawn(titles: list[str], rows: list[list[Panel | None]], notes: list[str]) -> Image.Image:
    """Titles, rows of panels and notes on white."""
    heights = [max(_height(panel) for panel in row if panel) for row in rows]
    width = 2 * _MARGIN + len(titles) * (SIDE + _GAP) - _GAP
    image = Image.new("RGB", (width, 2 * _MARGIN + _TITLE + sum(heights) + (_LINE if notes else 0)), "white")
    canvas = ImageDraw.Draw(image)
    font, title_font = ImageFont.load_default(size=12), ImageFont.load_default(size=14)
    for column, title in enumerate(titles):
        canvas.text((_left(column), _MARGIN), title, fill=_INK, font=title_font)
    top = _MARGIN + _TITLE
    for row, height in zip(rows, heights, strict=True):
        for column, panel in enumerate(row):
            if panel:
                _draw_panel(image, canvas, font, panel, _left(column), top)
        top += height
    canvas.text((_MARGIN, top), "; ".join(notes), fill=_INK, font=font)
    return image


def _left(column: int) -> int:
    return _MARGIN + column * (SIDE + _GAP)


def _height(panel: Panel) -> int:
    return _LINE + len(panel.pixels) + _GAP + (_SCALE + _LINE if panel.ends else 0)


def _draw_panel(
    image: Image.Image,
    canvas: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    panel: Panel,
    left: int,
    top: int,
) -> None:
    """The caption, below it the pixels in a frame, below them the scale with its ends."""
    canvas.text((left, top), panel.caption, fill=_INK, font=font)
    top += _LINE
    height, width = panel.pixels.shape[:2]
    canvas.rectangle((left - 1, top - 1, left + width, top + height), outline=_FRAME)
    image.paste(Image.fromarray(panel.pixels), (left, top))
    if panel.ends is None:
        return
    top += height + _GAP // 4
    width = max(width, _NARROWEST_SCALE)
    canvas.rectangle((left - 1, top - 1, left + width, top + _SCALE), outline=_FRAME)
    image.paste(Image.fromarray(scale(_SCALE, width, signed=panel.signed)), (left, top))
    top += _SCALE + 2
    canvas.text((left, top), in_digits(panel.ends[0]), fill=_INK, font=font)
    canvas.text((left + width, top), in_digits(panel.ends[1]), fill=_INK, font=font, anchor="ra")
    if panel.signed:
        canvas.text((left + width // 2, top), "0", fill=_INK, font=font, anchor="ma")


def _encoded(image: Image.Image) -> bytes:
    """The PNG; of 256 colours if it were too large otherwise: that many pixels of one byte never are."""
    data = _png(image)
    return data if len(data) < MOST_BYTES else _png(image.quantize(256))


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()
