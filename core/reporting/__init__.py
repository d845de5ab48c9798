"""What leaves Lobule as a document: the report of a comparison, and the score command that writes it."""
