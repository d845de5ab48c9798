"""What can go wrong through no fault of the program, told in words for the screen.

    LobuleError             anything a user can cause and a user can mend
    ├── ReadError           a file cannot be opened as a CT or as labels
    │   └── SeveralSeries   more than one series to choose from; defined in `core.imaging.choices`
    ├── GeometryError       two images do not lie on the same grid
    ├── WriteError          a result cannot be saved where it was asked for
    ├── CaseError           a case cannot be kept, opened or changed
    ├── PromptError         a box or point that no model can answer
    ├── WeightsError        a checkpoint is missing, broken or not of a known model
    ├── LearningError       training data, a split or a run that nothing can be learnt from
    └── DeviceError         the graphics card or the computer has too little memory for a model

Every message says what happened, names the file or the values with their units, and says what to do.
Mistakes of a programmer are ``ValueError`` or ``TypeError`` and stay loud.
"""


class LobuleError(Exception):
    """Base of every error whose text may be shown to a user as it is."""


class ReadError(LobuleError):
    """A file cannot be opened as a CT or as labels."""


class GeometryError(LobuleError):
    """Two images do not lie on the same grid."""


class WriteError(LobuleError):
    """A result cannot be saved where it was asked for."""


class CaseError(LobuleError):
    """A case cannot be kept, opened or changed."""


class PromptError(LobuleError):
    """A box or point that no model can answer."""


class WeightsError(LobuleError):
    """A checkpoint is missing, broken or not of a known model."""


class LearningError(LobuleError):
    """Training data, a split or a run that nothing can be learnt from."""


class DeviceError(LobuleError):
    """The graphics card or the computer has too little memory for a model."""
