"""Who sits at the computer itself, told by what a browser or a proxy sends."""

import pytest
import streamlit as st

from pages.ui.here import is_here


@pytest.mark.parametrize(
    ("headers", "here"),
    [
        ({}, True),
        ({"Host": "localhost:8501", "Origin": "http://localhost:8501"}, True),
        ({"Host": "127.0.0.1"}, True),
        ({"host": "[::1]:8501"}, True),
        ({"Host": "ct.example.org"}, False),
        ({"Host": "localhost.example.org:8501"}, False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "192.0.2.7"}, False),
        ({"Host": "localhost:8501", "Forwarded": "for=192.0.2.7"}, False),
        ({"Host": "127.0.0.1:8501", "Origin": "https://ct.example.org"}, False),
        ({"Host": "[::1:8501"}, False),
    ],
)
def test_only_a_browser_that_asks_this_computer_directly_is_here(
    headers: dict[str, str], here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.ui.here._HERE", ("127.0.0.1", "localhost", "::1", st.get_option("server.address")))
    monkeypatch.setattr(type(st.context), "headers", headers)
    assert is_here() is here
