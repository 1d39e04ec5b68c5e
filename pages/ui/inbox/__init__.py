"""The inbox: its list, and one conversation with what can be done from it."""
