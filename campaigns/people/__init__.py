"""People: staff accounts, desk work, and the members' rights under the GDPR."""
