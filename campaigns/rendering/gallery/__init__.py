"""Gallery: one page that shows messages of a campaign side by side, without a server and without a single request."""
