"""Whether the person in front of the screen sits at the computer that Lobule runs on."""

import streamlit as st

_HERE = ("127.0.0.1", "localhost", "::1")


def is_here() -> bool:
    """Say whether nobody else can reach this server; one that others can reach does not show its folders."""
    return st.get_option("server.address") in _HERE
