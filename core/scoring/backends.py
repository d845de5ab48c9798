"""Cohorts beyond one machine: joblib hands the cases to the workers of a Dask or a Ray cluster.

Neither is installed with Lobule; ``pip install distributed`` or ``pip install ray`` brings it. Every worker needs
Lobule itself, in the same version, and must see the files under the same paths as the machine that asks: put them
on a shared disk. A worker opens and scores one case at a time and sends back figures and pictures, never voxels.

- **Dask** without an address starts ``jobs`` workers on this machine; with one (``tcp://host:8786``, where
  ``dask scheduler`` runs) it uses the workers of that cluster.
- **Ray** connects to the cluster in ``RAY_ADDRESS``, or starts one on this machine.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec

from core.errors import DeviceError, ReadError

BACKENDS = {"dask": "distributed", "ray": "ray"}
PATIENCE = "10s"
"""How long a scheduler may take to answer."""
_ANY_PORT = "127.0.0.1:0"


def check_backend(backend: str | None) -> None:
    """Make joblib know a backend.

    Args:
        backend: A key of `BACKENDS`, or None for processes of this machine.

    Raises:
        ReadError: It is not installed; the text says how to install it.
        ValueError: There is no such backend.
    """
    if backend is None:
        return
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    package = BACKENDS[backend]
    if find_spec(package) is None:
        raise ReadError(f"{backend.title()} is not installed. Type: pip install {package}")
    if backend == "ray":
        from ray.util.joblib import register_ray

        register_ray()


@contextmanager
def connected(backend: str | None, address: str | None = None, jobs: int = 1) -> Generator[None, None, None]:
    """Be connected to the workers of a backend while the block runs, and let them go afterwards.

    Args:
        backend: As for `check_backend`.
        address: Of a Dask scheduler, as in ``tcp://host:8786``; None starts workers on this machine.
        jobs: How many to start there.

    Raises:
        ReadError: It is not installed, or takes no address.
        DeviceError: Nothing answers at the address.
    """
    check_backend(backend)
    if address and backend != "dask":
        raise ReadError("Only Dask is given the address of its scheduler. Choose dask, or leave the address out.")
    if backend != "dask":
        yield
        return
    from distributed import Client, LocalCluster

    if address is None:
        with (
            LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=_ANY_PORT) as own,
            Client(own) as here,
        ):
            here.run(leave_ctrl_c_to_the_parent)
            yield
        return
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"No Dask scheduler answers at {address}. Start one there, or correct the address."
        ) from error
    with client:
        yield


def leave_ctrl_c_to_the_parent() -> None:
    """Ignore Ctrl+C in a worker: a terminal sends it to every process, and the one that asked ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
