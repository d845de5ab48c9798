"""The app as a user starts it: ``make run`` on a free port."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRIES, PAUSE_S = 600, 0.2


@contextmanager
def running_app(log: Path, **settings: str) -> Iterator[str]:
    """Start the app, give its address, and stop it afterwards.

    Args:
        log: Where it goes what the app prints.
        settings: Environment variables that it gets besides.
    """
    port = free_port()
    process = start(port, log, **settings)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, process, log)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def own_home(folder: Path) -> Path:
    """Make a home for one app alone: nothing of another's is in it but what it can make again, so that it need not."""
    folder.mkdir(parents=True)
    (folder / "cache").symlink_to(Path(os.environ["LOBULE_HOME"]) / "cache", target_is_directory=True)
    return folder


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(port: int, log: Path, **settings: str) -> "subprocess.Popen[bytes]":
    """Start the app in a group of processes of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    with log.open("ab") as output:
        return subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=ROOT,
            env=environment | {"STREAMLIT_SERVER_HEADLESS": "true"} | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the app answers."""
    for _ in range(TRIES):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(PAUSE_S)
    raise RuntimeError(f"the app did not start:\n{log.read_text()}")
