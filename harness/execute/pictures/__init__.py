"""Pictures of what differs."""
