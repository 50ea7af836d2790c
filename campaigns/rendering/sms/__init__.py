"""Text messages: templates, GSM-7 and segments."""
