"""What integration, e2e and chaos tests share."""
