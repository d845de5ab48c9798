"""Make ``import torchvision`` work beside a torch build it was not compiled for; import this module first.

torchvision's wheel carries compiled operators. Beside a CPU-only torch they cannot be loaded, and the import of
torchvision then stops at "operator torchvision::nms does not exist", although nothing in Lobule calls them.
Declaring the two operators that the import looks up, without code, is enough; calling one would still fail.
Where the plain import works, as with the CUDA builds, nothing is declared.
"""

import importlib

from torch.library import Library

_SCHEMAS = tuple(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" for name in ("nms", "qnms"))


def _declare_missing_operators() -> Library | None:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as failure:
        if "torchvision::nms" not in str(failure):
            raise
        library = Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for schema in _SCHEMAS:
            library.define(schema)  # type: ignore[no-untyped-call]
        importlib.import_module("torchvision")
        return library
    return None


DECLARED = _declare_missing_operators()  # the declarations live as long as this object
