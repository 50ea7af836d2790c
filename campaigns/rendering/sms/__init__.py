"""Text messages: GSM-7 and segments."""
