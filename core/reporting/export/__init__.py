"""Segmentations in the formats that archives, planners, papers and other programs take."""
