"""Starts the app again and again in a moment: what takes seconds to import is imported once, in the process that forks.

    python -m tests.browser.again PORT

Every line that it reads is answered by the number of a new process, which is the app as ``make run`` starts it; the
one before must have been killed.
"""

import os
import sys

import numba  # noqa: F401
import pydicom  # noqa: F401
import SimpleITK  # noqa: F401
import torch  # noqa: F401
from streamlit.web import cli

from core.segmentation import weights  # noqa: F401


def main(port: str) -> None:
    child = 0
    for _ in sys.stdin:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if not child:
            os.setsid()
            os.close(0)
            os.dup2(2, 1)  # what the app prints goes where its log goes
            sys.argv = ["streamlit", "run", "app.py", "--server.address", "127.0.0.1", "--server.port", port]
            sys.exit(cli.main())
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
