"""Sends: claims a batch and commits, submits it outside any transaction, records what became of it.

One thread per route that has work. Tasks of a route take turns, a batch each, so that a long task does
not block a short one. A route whose gateway is down waits with growing pauses and loses nothing.
"""

from engine.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
