"""IMS. Imported, this is the web server (`streamlit run` or any ASGI server); run, it is one visitor's script."""

from __future__ import annotations

import streamlit as st

if __name__ != "__main__":
    from pages.ui import server, shell

    app = st.App(
        __file__,
        lifespan=server.lifespan,
        routes=server.routes(),
        middleware=server.middleware(),
        on_script_error=shell.report,
    )
else:
    from pages.ui.shell import run

    run()
