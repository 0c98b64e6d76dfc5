"""Mail as files: what a mail archive holds, read into Graph messages."""
