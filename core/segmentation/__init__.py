"""From a prompt on a slice to a mask: SAM-family models, their weights and their embeddings."""
