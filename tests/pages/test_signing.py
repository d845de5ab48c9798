"""A shared server asks who comes; one's own computer does not."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "pages" / "shell.py")
PROVIDER = {"redirect_uri": "https://ct.example/oauth2callback", "client_id": "lobule"}


@pytest.mark.parametrize("known", [False, True])
def test_where_a_provider_is_named_nothing_is_shown_before_sign_in(
    known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "user", SimpleNamespace(is_logged_in=known))
    app = AppTest.from_file(APP, default_timeout=60)
    app.secrets["auth"] = PROVIDER
    app.query_params["case"] = "0123456789abcdef"
    app.run()
    assert not app.exception
    assert ("sample_phantom" in {button.key for button in app.button}) is known
    assert ("sign_in" in {button.key for button in app.button}) is not known
    assert app.session_state["lobule"].recalled is known, "no case is opened for somebody unknown"
