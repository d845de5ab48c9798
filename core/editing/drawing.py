"""Commands that draw: brush, eraser and polygon."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.editing import fields
from core.editing.annotation import Annotation, Outline
from core.editing.asked import known_label, known_object
from core.editing.block import Bools
from core.editing.brush import stroke, within_hu
from core.editing.layers import Masks
from core.editing.polygon import filled
from core.editing.wording import on_slices
from core.errors import PromptError
from core.imaging.volume import LIVER, Volume


@dataclass(frozen=True)
class Paint:
    """Paint or erase along a line with a disc, or a ball that reaches into other slices.

    Attributes:
        object: The object; None paints a new one, and erases from all.
        label: Of a new object.
        points: The line, ``(z, y, x)`` in voxels.
        radius_mm: Of the tip.
        ball: Whether the tip is a ball.
        erase: Whether to erase.
        hu: Lowest and highest value to touch, or None for all.
    """

    object: int | None = field(metadata=fields.of(fields.maybe(fields.whole)))
    label: int = field(metadata=fields.of(fields.whole))
    points: tuple[tuple[float, float, float], ...] = field(metadata=fields.of(fields.places(3)))
    radius_mm: float = field(metadata=fields.of(fields.within(0, 200)))
    ball: bool = field(default=False, metadata=fields.of(fields.flag))
    erase: bool = field(default=False, metadata=fields.of(fields.flag))
    hu: tuple[float, float] | None = field(default=None, metadata=fields.of(fields.maybe(fields.tuple_of(2))))

    def perform(self, annotation: Annotation, volume: Volume) -> int | None:
        """Paint or erase, and return the object."""
        masks = stroke(self.points, self.radius_mm, volume.grid, ball=self.ball)
        if not masks:
            raise PromptError("The brush did not touch the picture. Draw on it.")
        if self.hu is not None:
            masks = within_hu(masks, volume, *self.hu)
            if not masks:
                low, high = self.hu
                unit = " HU" if volume.has_hu else ""
                raise PromptError(
                    f"Nothing under the brush lies between {low:g} and {high:g}{unit}. Widen the range, or paint "
                    "elsewhere."
                )
        if self.erase:
            return _erase(annotation, self.object, masks, "erase")
        return _add(annotation, self.object, self.label, masks, "paint")


@dataclass(frozen=True)
class Polygon:
    """Fill a polygon on a slice, or erase what lies in it.

    Attributes:
        object: The object; None fills a new one, and erases from all.
        label: Of a new object.
        z: The slice, from 0.
        vertices: The corners, ``(y, x)`` in voxels.
        erase: Whether to erase.
    """

    object: int | None = field(metadata=fields.of(fields.maybe(fields.whole)))
    label: int = field(metadata=fields.of(fields.whole))
    z: int = field(metadata=fields.of(fields.whole))
    vertices: tuple[tuple[float, float], ...] = field(metadata=fields.of(fields.places(2)))
    erase: bool = field(default=False, metadata=fields.of(fields.flag))

    def perform(self, annotation: Annotation, volume: Volume) -> int | None:
        """Fill or erase, and return the object."""
        _, height, width = volume.grid.shape
        mask = filled(self.vertices, (height, width))
        if not mask.any():
            raise PromptError("The polygon is too small to hold a voxel. Draw it larger.")
        if self.erase:
            return _erase(annotation, self.object, {self.z: mask}, "erase polygon")
        return _add(annotation, self.object, self.label, {self.z: mask}, "polygon")


def _add(annotation: Annotation, identity: int | None, label: int, masks: Masks, kind: str) -> int:
    """Add to an object; a newer one that would hide what was just painted gives way."""
    step = f"{kind} {on_slices(masks)}"
    if identity is None:
        return annotation.draw(masks, step, label=known_label(annotation, label))
    finding = known_object(annotation, identity)
    shape = next(iter(masks.values())).shape
    own = {o.z: masks[o.z] | o.mask((shape[0], shape[1])) for o in finding.outlines if o.z in masks}
    hiding = [o for o in annotation.outlines if o.id > identity and (o.label == LIVER) == (finding.label == LIVER)]
    annotation.draw_many({**_without(hiding, masks), identity: {**masks, **own}}, step)
    return identity


def _erase(annotation: Annotation, identity: int | None, masks: Masks, kind: str) -> int | None:
    chosen = annotation.outlines if identity is None else known_object(annotation, identity).outlines
    changes = _without(chosen, masks)
    if not changes:
        what = "Nothing" if identity is None else f"Nothing of object {identity}"
        raise PromptError(f"{what} lies under the eraser. Move it over what should go.")
    annotation.draw_many(changes, f"{kind} {on_slices(z for left in changes.values() for z in left)}")
    return identity if any(o.id == identity for o in annotation.outlines) else None


def _without(outlines: tuple[Outline, ...] | list[Outline], masks: Masks) -> Mapping[int, dict[int, Bools]]:
    """Return what is left of the outlines that masks overlap: id to slice to ``(H, W)``."""
    left: dict[int, dict[int, Bools]] = {}
    for outline in outlines:
        if outline.z in masks:
            mask, frame = masks[outline.z], outline.frame
            if (mask[frame.y0 : frame.y1, frame.x0 : frame.x1] & outline.crop).any():
                left.setdefault(outline.id, {})[outline.z] = outline.mask((mask.shape[0], mask.shape[1])) & ~mask
    return left
