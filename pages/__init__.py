"""The user interface: one file a page, what they share in `pages.ui`. Thin: widgets → Engine → show."""
