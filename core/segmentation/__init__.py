"""From a prompt on a slice to a mask: SAM-family models, their weights and their embeddings."""

import os

# Read by OpenMP when torch is imported, hence here: threads that wait for work must not burn the cores that the
# browser's own server needs, and on a busy machine not each other's.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
