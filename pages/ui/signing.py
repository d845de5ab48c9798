"""Sign-in, by Streamlit's own OIDC: asked for where the server's secrets name a provider, and nowhere else."""

import streamlit as st

from pages.ui.words import t

_SECTION = "auth"


def signed_in() -> bool:
    """Say whether pages may be shown; if not, show the way to sign in instead."""
    if not (st.secrets.load_if_toml_exists() and _SECTION in st.secrets) or st.user.is_logged_in:
        return True
    st.title(t("signing.title"), anchor=False)
    st.write(t("signing.text"))
    st.button(t("signing.in"), type="primary", key="sign_in", icon=":material/login:", on_click=st.login)
    return False
