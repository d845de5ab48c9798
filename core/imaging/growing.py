"""Region growing on one slice: from a seed outwards over all pixels that look alike."""

import numpy as np
import numpy.typing as npt
import SimpleITK


def grown_region(
    picture: npt.NDArray[np.uint8], seed: tuple[int, int], spread: float = 2.0, rounds: int = 3
) -> npt.NDArray[np.bool_]:
    """Return the pixels connected to a seed whose smoothed value lies within the mean ± spread of those found so far.

    SimpleITK's confidence-connected filter on curvature-smoothed values; holes are filled.

    Args:
        picture: ``(H, W)`` grey values.
        seed: Row and column of a pixel.
        spread: In standard deviations.
        rounds: How often mean and deviation are worked out anew.

    Raises:
        ValueError: The seed lies outside the picture.
    """
    if not (0 <= seed[0] < picture.shape[0] and 0 <= seed[1] < picture.shape[1]):
        raise ValueError(f"seed {seed} lies outside a picture of {picture.shape}")
    image = SimpleITK.GetImageFromArray(picture.astype(np.float32))
    smooth = SimpleITK.CurvatureFlow(image, 0.125, 5)
    found = SimpleITK.ConfidenceConnected(
        smooth,
        seedList=[(seed[1], seed[0])],
        numberOfIterations=rounds,
        multiplier=spread,
        initialNeighborhoodRadius=2,
        replaceValue=1,
    )
    return np.asarray(SimpleITK.GetArrayFromImage(SimpleITK.BinaryFillhole(found)) > 0)
