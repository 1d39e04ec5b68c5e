"""Top-ups on screen: buying credit, one's own request, what staff decide."""
