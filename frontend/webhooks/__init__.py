"""Telling others how jobs ended: signed requests to addresses of theirs. See docs/webhooks.md."""
