"""HTTP: member pages, the service desk, webhooks, and the middleware they share."""
