"""What the pages of contact lists, opt-outs and templates share: leafing, dialogs, reading a file, exports."""
