"""Rendering: e-mail, text messages, letters and call scripts from templates."""
