"""Checks of templates before they are sent: one module a channel, and one for notices."""
