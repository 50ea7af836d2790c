"""Members' rights: access, export, erasure, requests, and the record of processing."""
