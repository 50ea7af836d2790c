"""E-mail: MJML compiled once, filled for each member, written as MIME."""
