"""What the running app printed: its bugs, told from what a browser leaves behind when it goes."""

import re

# Streamlit 1.67 closes once more a socket that Starlette has found closed, and that fails: a browser went away while
# the server wrote to it. Nobody is left to see it, and no line of Lobule is on the way there.
_GONE = re.compile(
    r"^Exception in ASGI application\n"
    r"(?:(?!Exception in ASGI application).*\n)*?"
    r'starlette\.websockets\.WebSocketDisconnected: Cannot call "send" once a close message has been sent\.\n',
    re.MULTILINE,
)


def bugs(log: str) -> str:
    """Give the log without the tracebacks of browsers that went away; empty if no traceback is left."""
    left = _GONE.sub(lambda entry: "" if _only_libraries(entry.group()) else entry.group(), log)
    return left if "Traceback" in left else ""


def _only_libraries(entry: str) -> bool:
    return all("site-packages" in line for line in entry.splitlines() if line.lstrip().startswith('File "'))
