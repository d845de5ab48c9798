"""Whether the person in front of the screen sits at the computer that Lobule runs on."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

_HERE = ("127.0.0.1", "localhost", "::1")
_PASSED_ON = ("forwarded", "x-forwarded", "x-real-ip", "via")


def is_here() -> bool:
    """Say whether nobody else can reach this server; one that others can reach does not show its folders.

    A proxy on the same computer reaches the server as somebody who sits there does. It tells itself by the name under
    which the browser came, or by what it adds. Without a browser, as in a test, the server's address decides.
    """
    return st.get_option("server.address") in _HERE and _is_direct(st.context.headers)


def _is_direct(headers: Mapping[str, str]) -> bool:
    """Say whether a browser of this computer asked for a page, and nothing between."""
    told = {name.lower(): value for name, value in headers.items()}
    if any(name.startswith(_PASSED_ON) for name in told):
        return False
    asked = [f"//{told['host']}"] if "host" in told else []
    asked += [told["origin"]] if "origin" in told else []  # a proxy may give its own name as the host
    return all(_host(address) in _HERE for address in asked)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
