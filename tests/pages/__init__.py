"""Pages run by Streamlit's own test harness: no browser, no server."""
