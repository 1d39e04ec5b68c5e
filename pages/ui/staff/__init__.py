"""Parts of staff's page of one account: limits, sender IDs, what happened there."""
