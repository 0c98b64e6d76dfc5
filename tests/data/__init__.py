"""Tables of input that is wrong, with what the connector says to it; docs/troubleshooting.md is checked by them."""
