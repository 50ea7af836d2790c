"""E-mail: MJML compiled once, rendered for each member, assembled as MIME."""
