"""Test doubles of SendGrid, Twilio and a mail server, at the wire."""
