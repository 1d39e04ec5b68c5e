"""What the pages share. How to write a page:

    actor = require()                          # pages.ui.guard; first line. require(*SENDING_ROLES) to narrow
    engine = get_engine()                      # pages.ui.context
    ...                                        # read widgets → engine.<service>.<call>(actor, …) → show

- Who is asking: call `require(...)` again inside every handler that changes something. It reads the session anew, and
  shows the log-in form or a refusal and ends the run when it has ended. Visitors keep the address they asked for.
- Table of pages: `registry.PAGES`; link with `st.page_link(str(registry.TASK.path), query_params={"id": …})` or
  `st.switch_page(...)`. Navigation, sidebar, title, credit badge, account menu and style sheet come from `shell.run`;
  a page calls neither `st.set_page_config` nor `st.navigation`.
- Refusals: let `ImsError` escape (the shell shows its sentence), or catch it beside the form with
  `notices.refusal(error)`. `notices.notice(kind, sentence, detail)` for the rest, `notices.leave_note` before
  `st.rerun()` or `st.switch_page()`.
- Text that people typed is shown with `st.text`, dataframe cells or `notices` (escaped): never with `st.write`,
  `st.markdown`, labels, captions, toasts or `st.error`.
- Words and numbers: `format` (credits, when, number, percent, duration, country, flag, plural); times in `actor.zone`.
- Looks: `theme.CHART_COLOURS`, `theme.CHART_CONFIG`, `theme.chart_layout()` for Plotly; a container with a key that
  begins with `card-` is drawn as a card. Colours live in `.streamlit/config.toml` and `assets/styles.css`.
- Inputs of a form keep what was typed when it is refused: no `clear_on_submit` (passwords excepted).
"""
