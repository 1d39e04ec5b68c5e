"""What the pages of composing share: fields, recipients, findings, the quote and the Terms pop-up."""
