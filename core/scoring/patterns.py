"""The surface inside a cube of eight voxels: which triangles part the foreground from the background.

A *cell* is the cube between the centres of 2 × 2 × 2 voxels. Its *pattern* is a byte: bit ``4 z + 2 y + x`` says
whether the corner ``(z, y, x)`` is foreground. The triangles of a pattern have their corners in the middle of
those edges of the cell that lead from foreground to background.

Source: W. E. Lorensen and H. E. Cline, Marching cubes, SIGGRAPH 1987, https://doi.org/10.1145/37401.37422. The
paper leaves open how a polygon is cut into triangles, and the cut moves the third digit of a distance. The table
below is cut as VTK's ``vtkDiscreteMarchingCubes`` cuts (on which MeshMetrics rests), found by giving it each of the
256 patterns; a test does so again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_TRIANGLES = 5

# One word per pattern, three letters per triangle. A letter is an edge: 0-3 run along z, 4-7 along y, 8-b along x;
# in each four the two other coordinates, in the order (z, y, x), count 00, 01, 10, 11.
_EDGES_OF_TRIANGLES = """
    - 840 815 540150 492 892082 581924 592521120 539 840539 139819 940903301 453243 853830032 481412213 130320 a06
    a846a4 81506a a15a56654 06a492 26a2a99a8 15806a924 a2612a192159 53906a 46a4a8539 13919806a 9139619466a1 4534326a0
    53252a5a86a2 a06128132248 a26a12132 1a7 1a7840 8a7587 0a7074475 1a7924 892820a71 8a7875924 975907920a70 5391a7
    408539a71 73979aa98 9734794a740a 3243451a7 a71850053032 78a728732248 70a730320 106716 184147746 806865567 547467
    671610492 167196189926 924805506567 259265675 106167395 395187784746 098079067397 973947467 107067345324
    786718682538283 283248387068786 273672 62b 4082b6 8152b6 0150542b6 649b69 60868bb89 9b6964815 59b5b05010b6 395b62
    539408b62 981913b62 b62943340301 3b6365564 3b6536560508 864836813b63 63b603013 ba02b0 42b4b88ba 02b0ba158
    1ba14b1542b4 04909aa9b 89aa9b 5819a49baa04 5a159a9ba ba0b02953 53942882b8ba a02a2b819913 34139414a2b4a4b
    04505b0bab53 3853b8ba8 a4ba04b43814341 3a1ba3 a7162b 840a712b6 75878a62b 2b60a44a7475 64969b71a 1a78b089bb60
    49b4b658778a b09b60905a70507 1a739562b b62539840a71 62b73aa39a98 40a4a74793972b6 1a73b55b6564 53b5b65680861a7
    a38a73834b63436 63b60373aa30 b71b12210 42b84b8b7871 80282787572b b42b74754 71070979b490 1b718b89b 50758070b490b09
    5b79b5 5391271022b7 84282b8b171b539 2702b7078397879 b42b74943347 5b453b4b071b0b1 3853b818778b 80473b 3b7 37b 8407b3
    1587b3 5405017b3 92437b 20828937b 8159247b3 7b3591192120 57b95b 57b5b9408 17b1b88b9 7017907b9409 b24b47745
    8208728577b2 4b28b487b817 b17b21201 7b3a06 a84a46b37 5817b306a 37b5615466a1 4926a037b 7b3a96a89926 815a069247b3
    15919212a6a27b3 b95b57a06 5797b94a846a 06a17887b8b9 6146a14197b191b 06a4724577b2 7257b25286a282a 81787b8b424b06a
    b17b21a16612 31ab3a ab3a31840 35838bb8a 0540b50abb35 31a3ab249 890920a31ab3 4928b58abb35 b5ab35a50925052 51a5a99ab
    40851991a9ab 8a9ab9 0940a9ab9 1ab1b414524b 05208525b1a5b5a 4b248b8ab b0a20b 6b3630031 846863831b36 36b563506580
    36b356546 92430b31006b 968926861b36163 580506563b36924 25926535bb56 5b950b51006b 91b951b16841614 6806b8b98 694b96
    0b106b1b524b5b4 85126b 6806b848228b 6b2 237627 237276084 762723581 376362150054 937974476 089097076379 158743764493
    190159096379697 295256657 840569576629 176169198962 697629791409190 574476 860856576 148174764 160761 7a0703302
    7a8782723284 81503a02337a 3a237a2a415a4a5 93749747a4a0 7937a9a89 493437470a07815 7937a959119a 957970902a07
    82a842a27952725 879817972a07270 17a942 07a047457 87a578 07a047178874 17a a62a21123 840a61162123 5235a258a62a
    4a540a5a362a3a2 93191696461a 1631a6369086968 43649363a583a38 5930a6 a621a2129195 1a6162125952840 2a629a98a
    2a629a0a44a9 a51a65645 a51a65850056 a4864a a60 103302 418421231 835803023 435234 904930310 193891 904930805503 593
    529512102 418421519912 829028 429 504105 851 804 -
"""


@dataclass(frozen=True, eq=False)
class Patterns:
    """The triangles of every pattern at one voxel size; positions are mm from the cell's first corner.

    Attributes:
        counts: ``(256,)`` int64, triangles of each pattern; 0 for empty and full cells only.
        triangles: ``(256, 5, 3, 3)``, corners of each triangle in ``(z, y, x)``; unused ones are 0.
        centroids: ``(256, 5, 3)``.
        areas: ``(256, 5)`` mm².
        surfel_areas: ``(256,)`` mm² of the whole pattern, where a pattern with more than four foreground corners
            counts as its complement: the convention of DeepMind's surface-distance.
    """

    counts: npt.NDArray[np.int64]
    triangles: Floats
    centroids: Floats
    areas: Floats
    surfel_areas: Floats


def patterns(spacing: tuple[float, float, float]) -> Patterns:
    """Lay out the triangles of the 256 patterns.

    Args:
        spacing: Voxel size in mm, ``(z, y, x)``.
    """
    counts = np.zeros(256, np.int64)
    triangles = np.zeros((256, MOST_TRIANGLES, 3, 3))
    for pattern, word in enumerate(_EDGES_OF_TRIANGLES.split()):
        corners = np.array([_middle(int(letter, 16)) for letter in word.strip("-")]).reshape(-1, 3, 3)
        counts[pattern] = len(corners)
        triangles[pattern, : len(corners)] = corners * np.asarray(spacing)
    sides = triangles[:, :, 1:] - triangles[:, :, :1]
    areas = np.linalg.norm(np.cross(sides[:, :, 0], sides[:, :, 1]), axis=-1) / 2
    whole = areas.sum(axis=1)
    corners_inside = np.array([pattern.bit_count() for pattern in range(256)])
    surfel_areas = np.where(corners_inside > 4, whole[::-1], whole)
    return Patterns(counts, triangles, triangles.mean(axis=2), areas, surfel_areas)


def _middle(edge: int) -> list[float]:
    """Return the middle of an edge of the unit cell, ``(z, y, x)``."""
    along, corner = divmod(edge, 4)
    middle = [float(corner >> 1), float(corner & 1)]
    middle.insert(along, 0.5)
    return middle
