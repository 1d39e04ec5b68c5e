"""SMPP 3.4: the codec, the texts and the receipts of an operator's short message centre, and sessions with it."""
