"""The HTTP front door of `m365sync run`: metrics and probes. Holds no logic of a sync, and knows nothing of a mail."""
