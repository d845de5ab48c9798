"""OpenVINO, known only here: a network compiled for this processor, run, written to a file and read back.

Importing OpenVINO reports the import to its maker over the internet, and writes an identity of the user into their
home folder, unless the package that does it is missing. Lobule sends nothing anywhere, so that package is hidden.
"""

import importlib.metadata
import importlib.util
import io
import sys
import warnings
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

Precision = Literal["fp32", "bf16"]
_HINT = {"fp32": "f32", "bf16": "bf16"}


def version() -> str:
    """Return the version of OpenVINO, or an empty text if it is not installed. Does not import it."""
    try:
        return importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return ""


def precisions() -> tuple[Precision, ...]:
    """Return what OpenVINO computes in on this processor: always fp32, and bf16 where there are instructions for it."""
    capable = "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("bf16", "fp32") if capable else ("fp32",)


class Compiled:
    """A network ready to run; threads share it.

    Every run takes a request of its own, because a request holds the results of its last run.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._idle: list[Any] = []

    def __call__(self, *inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Run on arrays, in the order of the network's own arguments, and return copies of what comes out."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._model.create_infer_request()
        outputs = request.infer(list(inputs))
        results = [np.array(outputs[k], dtype=np.float32) for k in range(len(self._model.outputs))]
        self._idle.append(request)
        return results

    def to_bytes(self) -> bytes:
        """Return the compiled network as `restored` takes it; only the same OpenVINO can read it."""
        stream = io.BytesIO()
        self._model.export_model(stream)
        return stream.getvalue()


def converted(module: nn.Module, example: tuple[torch.Tensor, ...], shapes: list[tuple[int, ...]]) -> Any:
    """Trace a network, seconds, and return it in OpenVINO's own terms.

    Args:
        module: Ready for inference.
        example: Arguments to trace it with.
        shapes: Of each argument; -1 is a size that may differ from call to call.
    """
    openvino = _openvino()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing is called deprecated, and warns of sizes that never change here
        # Traced here, because OpenVINO's own tracing runs the network five times more, to compare.
        traced = torch.jit.trace(module, example, strict=False, check_trace=False)  # type: ignore[no-untyped-call]
        return openvino.convert_model(traced, example_input=example, input=shapes)


def compiled(model: Any, precision: Precision) -> Compiled:
    """Compile a `converted` network for this processor; about half a second."""
    return Compiled(_core().compile_model(model, "CPU", _settings(precision)))


def restored(content: bytes, precision: Precision) -> Compiled:
    """Read a compiled network back; the precision must be given again, OpenVINO does not keep it."""
    return Compiled(_core().import_model(content, "CPU", _settings(precision)))


def _settings(precision: Precision) -> dict[str, Any]:
    return {
        "INFERENCE_PRECISION_HINT": _HINT[precision],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),  # torch counts the cores this process may use
        "ENABLE_CPU_PINNING": False,  # two processes pinned to the same cores would wait for each other
    }


@cache
def _core() -> Any:
    return _openvino().Core()


@cache
def _openvino() -> Any:
    hidden = "openvino_telemetry"
    if hidden not in sys.modules:
        sys.modules[hidden] = None  # type: ignore[assignment]  # an import of it fails now, as if not installed
    return importlib.import_module("openvino")
